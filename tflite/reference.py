"""What Keras computes: the reference for a converted network."""

import keras
import numpy as np

import tfgate

_BATCH = 50


def run(model, images, *, tau, u=None):
    """Predicts with Keras, images in batches.

    Args:
        model: `tfgate.GatedModel` or another `keras.Model`.
        images: float32 `[images, height, width, channels]`.
        tau: the threshold in (0, 1); None opens all gates.
        u: the control in [0, 1] of a throttled network; None means 1, everything.

    Returns:
        `(predictions, decisions)`: float32 `[images, classes]`, and `[images,
        components]` of all gates in network order, None for a network without gates.
    """
    if not isinstance(model, tfgate.GatedModel):
        return np.concatenate([_numpy(model(x)) for x in _batches(images)]), None
    if isinstance(model, tfgate.ThrottledModel):
        return _run_throttled(model, images, 1.0 if u is None else u)
    policy = tfgate.AlwaysOpen() if tau is None else tfgate.Threshold(tau)
    with tfgate.use_policy(model, policy):
        return _run_gated(model, images)


def _run_throttled(model, images, u):
    before = model.u
    model.u = u
    try:
        return _run_gated(model, images)
    finally:
        model.u = before


def _run_gated(model, images):
    predictions, decisions = [], []
    for batch in _batches(images):
        outputs = model.core(batch, training=False)
        gates = [outputs["gates"][name]["decision"] for name in model.gate_names]
        predictions.append(_numpy(outputs["predictions"]))
        decisions.append(np.concatenate([_numpy(gate) for gate in gates], axis=1))
    return np.concatenate(predictions), np.concatenate(decisions)


def _batches(images):
    return (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))


def _numpy(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor), "float32")
