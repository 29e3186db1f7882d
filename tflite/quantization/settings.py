"""What a conversion is told about quantization."""

import dataclasses

from tflite.errors import InputError
from tflite.metadata import QUANTIZATIONS
from tflite.metadata import RUNTIMES


@dataclasses.dataclass(frozen=True)
class Quantization:
    """How the numbers of a file are stored and computed.

    Attributes:
        mode: one of `tflite.metadata.QUANTIZATIONS`.
        runtime: one of `tflite.metadata.RUNTIMES`, the oldest that has to run the
            file. `2.16` lets ai-edge-quantizer write `dynamic` files, because the
            TFLite converter's have operations in versions that came later; any file is
            checked against what TFLite 2.16 knows.
        quantize_gates: whether `dynamic` quantizes gates, too.

    Raises:
        InputError: a value that is not known.
    """

    mode: str = "none"
    runtime: str = "latest"
    quantize_gates: bool = False

    def document(self):
        """What a file's metadata say of it, see `tflite.metadata`."""
        return {"runtime": self.runtime, "quantize_gates": self.quantize_gates}

    def __post_init__(self):
        for name, value, choices in (
            ("quantize", self.mode, QUANTIZATIONS),
            ("runtime", self.runtime, RUNTIMES),
        ):
            if value not in choices:
                raise InputError(f"Expected --{name} among {choices}, got {value!r}.")
        if self.quantize_gates and self.mode != "dynamic":
            raise InputError(
                "Expected --quantize_gates with --quantize=dynamic, got "
                f"--quantize={self.mode}, which leaves gates in float32."
            )
