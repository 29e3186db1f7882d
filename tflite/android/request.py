"""What the app is asked to measure."""

import dataclasses

from tflite.errors import InputError

# A model inside the app.
ASSET = "asset:"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """A benchmark for `BenchActivity`.

    Attributes:
        models: names of .tflite files in the app's folder, or behind `ASSET` inside the
            app; the first is the baseline.
        runs: number of runs of each configuration that count.
        warmup: number of runs before that.
        threads: numbers of threads of the interpreters.
        tau: settings of the files with an input τ, in [0, 1]; none for their own.
        u: settings of the files with an input u.
        xnnpack: whether the interpreters use XNNPACK.
        seed: root of the order in which the configurations take turns.
        result: name of the result, without an ending.

    Raises:
        InputError: a number is out of its range.
    """

    models: tuple
    runs: int = 100
    warmup: int = 10
    threads: tuple = (1,)
    tau: tuple = ()
    u: tuple = ()
    xnnpack: bool = True
    seed: int = 0
    result: str

    def __post_init__(self):
        for name, least in (("runs", 1), ("warmup", 0), ("seed", 0)):
            _check_int(f"--{name}", getattr(self, name), least)
        for name in ("models", "threads", "tau", "u"):
            # Frozen is for those who use it.
            values = tuple(dict.fromkeys(getattr(self, name)))
            object.__setattr__(self, name, values)
        if not self.models:
            raise InputError("Expected at least one file in --models, got none.")
        if not self.threads:
            raise InputError("Expected at least one number for --threads, got none.")
        for value in self.threads:
            _check_int("--threads", value, 1)
        for name in ("tau", "u"):
            for value in getattr(self, name):
                if not 0.0 <= value <= 1.0:
                    raise InputError(f"Expected --{name} in [0, 1], got {value!r}.")

    @property
    def all_runs(self):
        """Number of runs of all configurations, at most; warm-up included."""
        settings = max(1, len(self.tau), len(self.u))
        configurations = len(self.models) * len(self.threads) * settings
        return configurations * (self.runs + self.warmup)

    def extras(self):
        """The words behind `am start`, a list."""
        words = ["--es", "models", ",".join(self.models)]
        words += ["--ei", "runs", str(self.runs), "--ei", "warmup", str(self.warmup)]
        words += ["--es", "threads", _joined(self.threads)]
        for name in ("tau", "u"):
            if getattr(self, name):
                words += ["--es", name, _joined(getattr(self, name))]
        words += ["--es", "xnnpack", "true" if self.xnnpack else "false"]
        return [*words, "--ei", "seed", str(self.seed), "--es", "result", self.result]


def _check_int(name, value, least):
    # am reads 32 bits.
    if not least <= value < 2**31:
        raise InputError(f"Expected {name} of at least {least}, got {value!r}.")


def _joined(values):
    # repr: as many digits as a number has.
    return ",".join(map(repr, values))
