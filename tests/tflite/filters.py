"""Networks whose gates decide filter by filter and image by image."""

import keras
import numpy as np


def spread(model, images, scale=2.0):
    """Makes the log odds of every component vary around 0 over the images.

    Args:
        model: `tfgate.GatedModel` with dependent gates.
        images: `[images, height, width, channels]`.
        scale: standard deviation of each component's log odds.
    """
    for gate in model.gates:
        last = gate.logits_dense
        kernel, bias = (keras.ops.convert_to_numpy(w).copy() for w in last.weights)
        # Hidden units are few: components would all follow the one that varies most.
        generator = np.random.default_rng(len(gate.name))
        kernel[:, 1::2] += generator.normal(size=kernel[:, 1::2].shape)
        last.set_weights([kernel, bias])
        log_odds = _log_odds(model, gate, images)
        spreads = np.maximum(log_odds.std(axis=0), 1e-6)
        kernel = (kernel[:, 1::2] - kernel[:, ::2]) * scale / spreads
        last.set_weights([_second(kernel), np.zeros_like(bias)])
        ordered = np.sort(_log_odds(model, gate, images), axis=0)
        # Between two images, so that no decision hangs on a rounding error.
        middle = len(ordered) // 2 + generator.integers(-1, 2, ordered.shape[1])
        rows = np.arange(ordered.shape[1])
        boundary = (ordered[middle, rows] + ordered[middle - 1, rows]) / 2
        last.set_weights([_second(kernel), _second(-boundary)])


def _second(values):
    """Values of the logits of open; those of closed are 0."""
    both = np.zeros((*values.shape[:-1], 2 * values.shape[-1]), "float32")
    both[..., 1::2] = values
    return both


def _log_odds(model, gate, images):
    gates = model.core(images, training=False)["gates"]
    return keras.ops.convert_to_numpy(gates[gate.name]["logits"])
