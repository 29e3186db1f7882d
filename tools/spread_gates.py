"""Gates of an untrained network that decide like those of a trained one.

Latency does not depend on what a network has learned, but on which of its parts are
open together. Where no trained network is at hand, `spread` gives every
`DependentGate` of a network weights with which

- components open for very different shares of the images: their rates are drawn from
  Beta(0.6, 0.4), the prior to which BAS shapes its gates, and shifted by one number for
  the whole network so that the mean image executes a given share of the MACs;
- components open together as those of trained gates do. A gate's log odds are linear in
  its 16 hidden units, computed from real images, and few directions in these count:
  with `SPECTRUM`, two of them hold 98 % of the variance.

The weights of batch norms and gates are set from images; all others stay as they are.

    python -m tools.spread_gates --model=model.keras --dataset=digits [--data_dir=DIR]

prints the directions' shares for each gate of a trained network, on training images.
"""

import keras
import numpy as np
from absl import flags

import tfgate
from tflite import datasets
from tflite import errors
from tflite import source

# Shares of the directions in the variance of a gate's log odds. Of the nine gates of a
# ResNet-20 with BAS gates, trained, the first had 0.68 to 0.97 and the first two 0.97
# or more, see docs/results/tflite.md.
SPECTRUM = (0.85, 0.13, 0.02)

_PRIOR = (0.6, 0.4)
_ROUNDS = 3
_BATCH = 16


def spread(model, images, share, seed=0):
    """Gives the gates of a network such weights, in place.

    Args:
        model: `tfgate.GatedModel` whose gates are all `tfgate.DependentGate`s.
        images: float32 `[images, height, width, channels]`, at least 16.
        share: executed MACs of the mean image, of the dense network's, in (0, 1).
        seed: int, of rates and weights.

    Returns:
        The share that was reached on these images, at a threshold of 0.5.

    Raises:
        ValueError: gates of another class, or a share that no shift reaches.
    """
    others = [g.name for g in model.gates if type(g) is not tfgate.DependentGate]
    if others:
        raise ValueError(f"Expected DependentGates only, got others: {others}.")
    random = np.random.default_rng(seed)
    wanted = {g.name: random.beta(*_PRIOR, g.components) for g in model.gates}
    weights = np.sqrt(SPECTRUM)[:, None]
    directions = {
        g.name: weights * random.normal(size=(len(SPECTRUM), g.components))
        for g in model.gates
    }
    for gate in model.gates:
        _draw_hidden(gate, random)
    model.policy = tfgate.Threshold(0.5)
    batches = np.array_split(images, max(1, len(images) // _BATCH))
    tfgate.recalibrate_batch_norm(model, batches, len(batches))
    inputs = keras.Model(
        model.core.input,
        [keras.layers.GlobalAveragePooling2D()(b.input) for b in model.blocks],
    )
    # What earlier gates close changes what later ones see.
    for _ in range(_ROUNDS):
        pooled = inputs.predict(images, batch_size=_BATCH, verbose=0)
        pooled = pooled if isinstance(pooled, list) else [pooled]
        log_odds = {
            gate.name: _log_odds(gate, own, directions[gate.name])
            for gate, own in zip(model.gates, pooled, strict=True)
        }
        shift = _shift(model.costs, log_odds, wanted, share)
        for gate in model.gates:
            rates = _shifted(wanted[gate.name], shift)
            _subtract(gate, _thresholds(log_odds[gate.name], rates))
    decisions = record(model, images)
    return float(np.mean(model.costs.executed(decisions))) / model.costs.dense


def record(model, images):
    """Decisions on images: gate name -> float32 `[images, components]`."""
    found = {name: [] for name in model.gate_names}
    for start in range(0, len(images), _BATCH):
        gates = model.core(images[start : start + _BATCH], training=False)["gates"]
        for name, outputs in gates.items():
            found[name].append(keras.ops.convert_to_numpy(outputs["decision"]))
    return {name: np.concatenate(own).astype("float32") for name, own in found.items()}


def spectrum(log_odds):
    """Shares of the directions in the variance of log odds, descending.

    Args:
        log_odds: array `[images, components]`.
    """
    values = np.linalg.svd(log_odds - log_odds.mean(0), compute_uv=False) ** 2
    return values / values.sum()


def _draw_hidden(gate, random):
    channels, hidden = gate.hidden_dense.kernel.shape
    gate.hidden_dense.kernel.assign(
        random.normal(0.0, channels**-0.5, (channels, hidden))
    )


def _log_odds(gate, pooled, directions):
    """Sets the gate's weights but for the biases; returns its log odds.

    Args:
        gate: `tfgate.DependentGate`.
        pooled: `[images, channels]`, what it reads.
        directions: `[len(SPECTRUM), components]`, how much each direction moves each
            component.
    """
    norm = gate.hidden_norm
    hidden = pooled @ keras.ops.convert_to_numpy(gate.hidden_dense.kernel)
    norm.moving_mean.assign(hidden.mean(0))
    norm.moving_variance.assign(hidden.var(0))
    hidden = np.maximum(keras.ops.convert_to_numpy(norm(hidden, training=False)), 0.0)
    _, scales, axes = np.linalg.svd(hidden - hidden.mean(0), full_matrices=False)
    count = len(SPECTRUM)
    kernel = (axes[:count].T / scales[:count]) @ directions
    logits = np.zeros((len(axes.T), 2 * gate.components), "float32")
    logits[:, 1::2] = kernel
    gate.logits_dense.kernel.assign(logits)
    return hidden @ kernel


def _shift(costs, log_odds, wanted, share):
    """The shift of all rates' log odds at which the mean image costs the share."""

    def reached(shift):
        decisions = {
            name: own > _thresholds(own, _shifted(wanted[name], shift))
            for name, own in log_odds.items()
        }
        return float(np.mean(costs.executed(decisions))) / costs.dense

    low, high = -12.0, 12.0
    if not reached(low) <= share <= reached(high):
        raise ValueError(
            f"Expected a share between {reached(low):.3f} and {reached(high):.3f}, "
            f"what the gates can reach, got {share!r}."
        )
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if reached(middle) < share else (low, middle)
    return 0.5 * (low + high)


def _shifted(rates, shift):
    log_odds = np.log(rates) - np.log1p(-rates) + shift
    return 1.0 / (1.0 + np.exp(-log_odds))


def _thresholds(log_odds, rates):
    """Between which of the images' log odds each component's rate lies: `[n]`."""
    ordered = np.sort(log_odds, axis=0)
    margin = 1.0 + ordered[-1:] - ordered[:1]
    ordered = np.concatenate([ordered[:1] - margin, ordered, ordered[-1:] + margin])
    middles = 0.5 * (ordered[1:] + ordered[:-1])
    closed = np.rint((1.0 - rates) * len(log_odds)).astype(int)
    return middles[closed, np.arange(len(rates))]


def _subtract(gate, thresholds):
    bias = np.zeros(2 * gate.components)
    bias[1::2] = -thresholds
    gate.logits_dense.bias.assign(bias)


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_string("model", None, "A trained network, a .keras file.")
    flags.DEFINE_string("dataset", "digits", f"Images: {', '.join(datasets.NAMES)}.")
    flags.DEFINE_string("data_dir", None, "Directory of TFDS data sets.")
    flags.DEFINE_integer("samples", 200, "Number of training images.", 2)
    flags.mark_flag_as_required("model")


def main():
    """Prints a line for each gate of more than one component."""
    values = flags.FLAGS
    model = source.load(values.model)
    if not isinstance(model, tfgate.GatedModel):
        raise errors.InputError(
            f"Expected --model to be a tfgate.GatedModel, got {values.model!r}."
        )
    images = datasets.load(
        values.dataset,
        samples=values.samples,
        data_dir=values.data_dir,
        image_shape=source.input_shape(model)[1:],
        split="train",
    ).images
    gates = model.core(images, training=False)["gates"]
    for gate in model.gates:
        if gate.components > 1:
            found = spectrum(np.asarray(gates[gate.name]["logits"]))
            shares = ", ".join(f"{share:.2f}" for share in found[:3])
            print(f"{gate.name}: {gate.components} components, shares {shares}")


if __name__ == "__main__":
    errors.run(main, define_flags)
