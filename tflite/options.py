"""What a user chooses of a conversion, checked in one place."""

import dataclasses
import math
from typing import Any

from tflite.errors import InputError
from tflite.metadata import LOWERINGS
from tflite.metadata import SIGNATURES
from tflite.quantization import Quantization

# What these are where None is given.
LEVELS = 4
MIN_GROUP = 16
# With AVX-512, the machine of `tflite.cost_model`'s rates: docs/results/tflite.md.
FILTERS_AT_ONCE = 32
MAX_GROWTH = 1.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Every choice of a conversion; `tflite.convert.convert` explains each.

    Attributes:
        lowering: one of `tflite.metadata.LOWERINGS`.
        tau: threshold in (0, 1), a float.
        tau_input: whether τ is an input of the file.
        gate_outputs: whether the decisions are an output.
        quantize: one of `tflite.metadata.QUANTIZATIONS`.
        runtime: one of `tflite.metadata.RUNTIMES`.
        quantize_gates: whether gates are quantized, too.
        labels: tuple with the names of the classes, or None.
        levels: widths of a throttled network's blocks; None for the default.
        min_group: least number of filters by which they differ, and of a cluster of
            gated filters; None for the default.
        filters_at_once: number of filters that the target's convolutions compute at
            once; None for the default.
        max_growth: largest size of the file to which variants of blocks may make it
            grow, in times the dense file's, at least 1; None for the default.
        calibration: float32 images `[images, height, width, channels]`, or
            `tflite.calibration.TrainingImages` still to be read, or None.
        check_samples: number of images of the check before the file is written.
        block_lowering: tuple of pairs of a pattern of block names and a lowering.
        signatures: tuple, `("gated",)` or `("gated", "dense")`.
        autotune: whether lowerings are measured on this machine.
        autotune_cache: path of the file that keeps what was measured; None for the
            default.

    Raises:
        InputError: a value is out of its range, or two do not go together.
    """

    lowering: str = "conditional"
    tau: float = 0.5
    tau_input: bool = False
    gate_outputs: bool = False
    quantize: str = "none"
    runtime: str = "latest"
    quantize_gates: bool = False
    labels: tuple | None = None
    levels: int | None = None
    min_group: int | None = None
    filters_at_once: int | None = None
    max_growth: float | None = None
    calibration: Any = dataclasses.field(default=None, compare=False)
    check_samples: int = 4
    signatures: tuple = SIGNATURES[:1]
    block_lowering: tuple = ()
    autotune: bool = False
    autotune_cache: str | None = None

    def __post_init__(self):
        # Frozen is for those who use it.
        if self.labels is not None:
            object.__setattr__(self, "labels", tuple(self.labels))
        if self.lowering not in LOWERINGS:
            raise InputError(
                f"Expected --lowering among {LOWERINGS}, got {self.lowering!r}."
            )
        Quantization(self.quantize, self.runtime, self.quantize_gates)
        if not 0.0 < self.tau < 1.0:
            raise InputError(f"Expected --tau in (0, 1), got {self.tau!r}.")
        object.__setattr__(self, "tau", float(self.tau))
        if self.tau_input and self.lowering not in ("conditional", "masked"):
            raise InputError(
                "Expected --tau_input with --lowering=conditional or masked, got "
                f"--lowering={self.lowering}, whose gates are decided."
            )
        for name in ("levels", "min_group", "filters_at_once"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"Expected --{name} of at least 1, got {value!r}.")
        if self.max_growth is not None and not 1.0 <= self.max_growth < math.inf:
            raise InputError(
                f"Expected --max_growth of at least 1, got {self.max_growth!r}."
            )
        self._check_signatures()
        self._check_planning()
        if self.check_samples < 0:
            raise InputError(
                f"Expected --check_samples of at least 0, got {self.check_samples!r}."
            )

    def _check_signatures(self):
        object.__setattr__(self, "signatures", tuple(self.signatures))
        if self.signatures not in (SIGNATURES[:1], SIGNATURES):
            raise InputError(
                "Expected --signatures=gated or --signatures=gated,dense, got "
                f"{','.join(self.signatures)!r}."
            )
        if len(self.signatures) > 1 and self.lowering not in ("conditional", "masked"):
            raise InputError(
                "Expected --signatures=gated,dense with --lowering=conditional or "
                f"masked, got --lowering={self.lowering}, whose gates are gone."
            )

    def _check_planning(self):
        object.__setattr__(self, "block_lowering", tuple(self.block_lowering))
        asked = {"block_lowering": self.block_lowering, "autotune": self.autotune}
        for name, value in asked.items():
            if value and self.lowering != "conditional":
                raise InputError(
                    f"Expected --{name} with --lowering=conditional, which chooses a "
                    f"lowering for each block, got --lowering={self.lowering}."
                )
        if self.autotune_cache is not None and not self.autotune:
            raise InputError(
                "Expected --autotune with --autotune_cache, got "
                f"{str(self.autotune_cache)!r} without."
            )

    @property
    def quantization(self):
        """The choices about quantization: `tflite.quantization.Quantization`."""
        return Quantization(self.quantize, self.runtime, self.quantize_gates)
