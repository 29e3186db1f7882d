"""tfmot's modules, imported without what the import does to the process.

tensorflow-model-optimization sets TF_USE_LEGACY_KERAS, by which libraries that are
imported later, such as keras-cv, take Keras 3 for Keras 2.
"""

import os

_LEGACY = "TF_USE_LEGACY_KERAS"


def load():
    """Imports tfmot and leaves the environment as it was.

    Returns:
        `(tfmot, configs, registry)`: the package, and its modules
        `default_8bit_quantize_configs` and `default_8bit_quantize_registry`.
    """
    before = os.environ.get(_LEGACY)
    try:
        import tensorflow_model_optimization as tfmot
        from tensorflow_model_optimization.python.core.quantization.keras import (
            default_8bit,
        )
        from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (  # noqa: E501
            default_8bit_quantize_registry,
        )
    finally:
        if before is None:
            os.environ.pop(_LEGACY, None)
        else:
            os.environ[_LEGACY] = before
    return (
        tfmot,
        default_8bit.default_8bit_quantize_configs,
        default_8bit_quantize_registry,
    )
