"""What Keras computes: the reference for a converted network."""

import contextlib

import keras
import numpy as np

import tfgate
from tfgate.inference import use_threshold

_BATCH = 50


def run(model, images, *, tau, u=None):
    """Predicts with Keras, images in batches.

    Args:
        model: `tfgate.GatedModel` or another `keras.Model`.
        images: float32 `[images, height, width, channels]`.
        tau: the threshold in (0, 1); None opens all gates, and in a throttled network
            with a u leaves them to the network's own policy. `tfgate.StochasticDepth`
            under its default policy is open anyway.
        u: the control in [0, 1] of a throttled network; None means 1.

    Returns:
        `(predictions, decisions)`: float32 `[images, classes]`, and `[images,
        components]` of all gates in network order, None for a network without gates.
    """
    predictions, gates = run_gates(model, images, tau=tau, u=u)
    decisions = [gate["decision"] for gate in gates.values()]
    return predictions, np.concatenate(decisions, axis=1) if decisions else None


def run_gates(model, images, *, tau, u=None):
    """Predicts with Keras and tells what each gate says.

    Args:
        model: as for `run`.
        images: as for `run`.
        tau: as for `run`.
        u: as for `run`.

    Returns:
        `(predictions, gates)`: float32 `[images, classes]`, and for each gate, by name
        and in network order, the dict of its outputs, float32 `[images, components]`,
        `logits` being log odds. No gates for a network without.
    """
    if not isinstance(model, tfgate.GatedModel):
        return np.concatenate([_numpy(model(x)) for x in _batches(images)]), {}
    parts = []
    with _deciding(model, tau, u):
        for batch in _batches(images):
            outputs = model.core(batch, training=False)
            parts.append(keras.tree.map_structure(_numpy, outputs))
    joined = keras.tree.map_structure(lambda *a: np.concatenate(a), *parts)
    gates = {name: joined["gates"][name] for name in model.gate_names}
    return joined["predictions"], gates


def _deciding(model, tau, u):
    policy = tfgate.AlwaysOpen() if tau is None else tfgate.Threshold(tau)
    if not isinstance(model, tfgate.ThrottledModel):
        if tau is not None:
            return use_threshold(model, tau)
        return tfgate.use_policy(model, policy)
    if tau is None and u is not None:
        policy = model.policy
    return _turned(model, 1.0 if u is None else u, policy)


@contextlib.contextmanager
def _turned(model, u, policy):
    before = model.u
    model.u = u
    try:
        with tfgate.use_policy(model, policy):
            yield
    finally:
        model.u = before


def _batches(images):
    return (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))


def _numpy(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor), "float32")
