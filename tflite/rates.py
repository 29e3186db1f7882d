r"""Measures the constants of `tflite.cost_model` on this machine.

    python -m tflite.rates [--runs=50]

Prints the table as it stands there: for each kind of layer and several sizes the MACs
of a millisecond, the share of that rate which gathered convolutions reach, and what a
condition, a pass over the memory and channels put among zeros cost. A last line has the
time of convolutions of few filters: where it jumps, see `tflite.padding`.
"""

import pathlib
import tempfile

import numpy as np
from absl import flags

from tflite import errors
from tflite import machine
from tflite import quiet
from tflite.errors import InputError

_CHAIN = 4
_BLOCKS = 8
# Heights of feature maps whose filters are gathered, and their number.
_GATHERED = (7, 14, 28)
_FILTERS = 128
# Numbers of filters of a convolution of 64 channels; the last is compared with.
_WIDTHS = (4, 8, 9, 16, 17, 24, 32, 33, 48, 64)
# Channels and height of the feature maps.
_SIZES = {
    "conv": ((16, 8), (32, 16), (64, 28), (128, 28)),
    "pointwise": ((64, 8), (128, 14), (256, 28)),
    "depthwise": ((32, 16), (128, 28), (256, 56)),
    "dense": ((128, 1), (512, 1), (1024, 1)),
}


def measure(runs):
    """Measures the constants.

    Args:
        runs: number of runs of each network.

    Returns:
        Dict `rates` and `gather`, as `tflite.cost_model.RATES` and `.GATHER`; `if_ms`;
        `pass_ms`; `move_ms`; `widths`, pairs of a number of filters and its share of
        the time of the largest number.
    """
    quiet.import_tensorflow()
    from tflite import micro_benchmark

    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        chains = [
            (kind, channels, size, _file(folder, _chain(kind, channels, size)))
            for kind, sizes in _SIZES.items()
            for channels, size in sizes
        ]
        blocks = {
            lowering: _file(folder, _blocks(), lowering)
            for lowering in ("dense", "conditional", "masked")
        }
        gathered = [
            _file(folder, _pointwise(size), lowering)[0]
            for size in _GATHERED
            for lowering in ("dense", "gather")
        ]
        moved = [_file(folder, _moved(moves))[0] for moves in (False, True)]
        subjects = [(path, None) for *_, (path, _) in chains]
        subjects += [
            (path, None if lowering == "dense" else 0.0)
            for lowering, (path, _) in blocks.items()
        ]
        subjects += [
            (path, (None, 0.0)[number % 2]) for number, path in enumerate(gathered)
        ]
        subjects += [(path, None) for path in moved]
        subjects += [(_file(folder, _wide(w))[0], None) for w in _WIDTHS]
        taken = micro_benchmark.milliseconds(subjects, runs)
    *taken, widths = np.split(taken, [len(chains), len(taken) - len(_WIDTHS)])
    rates = {kind: [] for kind in _SIZES}
    for (kind, *_, (_, macs)), ms in zip(chains, taken[0], strict=True):
        rates[kind].append((macs / _CHAIN, macs / ms))
    dense, conditional, masked, *products, still, moving = taken[1]
    return {
        "rates": rates,
        "gather": [
            (size, products[2 * number] / products[2 * number + 1])
            for number, size in enumerate(_GATHERED)
        ],
        "if_ms": (conditional - dense) / _BLOCKS,
        "pass_ms": (masked - dense) / _BLOCKS / _MIB,
        "move_ms": (moving - still) / _CHAIN / _MOVED_MIB,
        "widths": [
            (width, float(ms / widths[-1]))
            for width, ms in zip(_WIDTHS, widths, strict=True)
        ],
    }


# Feature maps of the blocks: 64 channels of 32x32.
_MIB = 4 * 64 * 32 * 32 / 2**20
# Those whose channels are moved: 256 of 56x56, in runs of 16.
_MOVED_MIB = 4 * 256 * 56 * 56 / 2**20
_RUN = 16


def _chain(kind, channels, size):
    import keras

    layers = keras.layers
    make = {
        "conv": lambda: layers.Conv2D(channels, 3, padding="same", activation="relu"),
        "pointwise": lambda: layers.Conv2D(channels, 1, activation="relu"),
        "depthwise": lambda: layers.DepthwiseConv2D(
            3, padding="same", activation="relu"
        ),
        "dense": lambda: layers.Dense(channels, activation="relu"),
    }[kind]
    shape = (channels,) if kind == "dense" else (size, size, channels)
    x = inputs = keras.Input(shape)
    for _ in range(_CHAIN):
        x = make()(x)
    return keras.Model(inputs, x)


def _wide(filters):
    """A convolution, and next to nothing besides."""
    import keras

    inputs = keras.Input((56, 56, _WIDTHS[-1]))
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(inputs)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))


def _blocks():
    """Blocks that compute little, on feature maps of some size."""
    import keras

    import tfgate

    x = inputs = keras.Input((32, 32, 64))
    for number in range(_BLOCKS):
        branch = keras.layers.DepthwiseConv2D(1, name=f"branch{number}")
        gate = tfgate.IndependentGate(name=f"gate{number}")
        x, _ = tfgate.GatedResidual(branch, gate, name=f"block{number}")(x)
    return tfgate.GatedModel(inputs, keras.layers.GlobalAveragePooling2D()(x))


def _moved(moves):
    """Bottlenecks of 1x1 convolutions, whose results' channels are put among zeros."""
    import keras
    import tensorflow as tf

    class Moved(keras.layers.Layer):
        def call(self, inputs):
            *_, height, width, channels = inputs.shape
            x = tf.concat([inputs[..., _RUN:], tf.zeros_like(inputs[..., :_RUN])], -1)
            x = tf.reshape(x, (-1, height, width, channels // _RUN, _RUN))
            x = tf.gather(x, np.arange(channels // _RUN)[::-1], axis=3)
            return tf.reshape(x, (-1, height, width, channels))

    x = inputs = keras.Input((56, 56, 256))
    for _ in range(_CHAIN):
        y = keras.layers.Conv2D(64, 1, activation="relu")(x)
        y = keras.layers.Conv2D(256, 1)(y)
        x = keras.layers.ReLU()(x + (Moved()(y) if moves else y))
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))


def _pointwise(size):
    """Two 1x1 convolutions with a gate for each filter between them."""
    import keras

    import tfgate

    inputs = keras.Input((size, size, _FILTERS))
    block = tfgate.GatedFilters(
        [keras.layers.Conv2D(_FILTERS, 1, name=f"conv{n}") for n in (1, 2)],
        lambda components: tfgate.IndependentGate(components, name="gate"),
        places=("inner",),
        filters_per_gate=1,
        name="block",
    )
    x, _ = block(inputs)
    return tfgate.GatedModel(inputs, keras.layers.GlobalAveragePooling2D()(x))


def _file(folder, model, lowering="dense"):
    """Converts a network; returns the file and its MACs with everything open."""
    from tflite import convert

    path = folder / f"{len(list(folder.iterdir()))}.tflite"
    # Every block as it is asked for, whatever the constants of now say of it.
    forced = {"conditional": (("*", "if"),), "gather": (("*", "gather"),)}
    description = convert.convert(
        model,
        path,
        lowering="conditional" if lowering in forced else lowering,
        tau_input=lowering != "dense",
        block_lowering=forced.get(lowering, ()),
        check_samples=0,
    )
    return path, description["macs"]["all_open"]


def define_flags():
    """Defines the flag of the command."""
    flags.DEFINE_integer("runs", 50, "Number of runs of each network.")


def main():
    """Prints the table."""
    if flags.FLAGS.runs < 1:
        raise InputError(f"Expected --runs of at least 1, got {flags.FLAGS.runs}.")
    found = measure(flags.FLAGS.runs)
    print(f"# {machine.describe()['processor']}")
    print("RATES = {")
    for kind, pairs in found["rates"].items():
        cells = ", ".join(f"({macs:.1e}, {rate:.1e})" for macs, rate in pairs)
        print(f'    "{kind}": ({cells}),')
    print("}")
    cells = ", ".join(f"({size}, {share:.2f})" for size, share in found["gather"])
    print(f"GATHER = ({cells})")
    print(f"IF_MS = {found['if_ms']:.4f}")
    print(f"PASS_MS = {found['pass_ms']:.3f}")
    print(f"MOVE_MS = {found['move_ms']:.2f}")
    cells = ", ".join(f"{width}: {share:.2f}" for width, share in found["widths"])
    print(f"# Of the time of {_WIDTHS[-1]} filters: {cells}")


if __name__ == "__main__":
    errors.run(main, define_flags)
