import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate.builders import LinearGate
from tests.tfgate.builders import randomize
from tflite.lowering import gates


class Copies:
    """Stands in for the graph rewriter."""

    def __init__(self):
        self._pairs = []

    def copy(self, layer):
        clone = type(layer).from_config(layer.get_config())
        self._pairs.append((layer, clone))
        return clone

    def finish(self):
        for source, clone in self._pairs:
            clone.set_weights(source.get_weights())


class ShiftedGate(tfgate.DependentGate):
    """A gate that decides otherwise than its base class."""

    def compute_logits(self, inputs, training=None):
        logits = super().compute_logits(inputs, training=training)
        return logits + keras.ops.array([0.0, 5.0])


def built(gate_class, shape, **arguments):
    gate = gate_class(name="gate", seed=3, **arguments)
    gate.build((None, *shape))
    randomize(gate)
    return gate


def lowered(gate, images):
    copies = Copies()
    layer = gates.lower(gate, copies)
    scalars = layer(images[:1])
    copies.finish()
    assert len(scalars) == gate.components
    assert all(scalar.shape == () for scalar in scalars)
    return np.array([[float(s) for s in layer(image[None])] for image in images])


@pytest.mark.parametrize("shape", [(6, 6, 5), (7, 5), (5,)])
@pytest.mark.parametrize("components", [1, 3])
@pytest.mark.parametrize(
    "gate_class",
    [tfgate.DependentGate, tfgate.IndependentGate, LinearGate, ShiftedGate],
)
def test_log_odds_equal_the_gates(gate_class, components, shape):
    gate = built(gate_class, shape, components=components)
    images = tf.random.stateless_normal((4, *shape), seed=(1, 2))
    expected = gate(images, training=False)["logits"]
    # Folded in float64, computed in float32.
    np.testing.assert_allclose(lowered(gate, images), expected, rtol=1e-5, atol=1e-5)


def test_gates_of_tfgate_are_folded():
    dependent = gates.lower(built(tfgate.DependentGate, (6, 6, 5)), Copies())
    independent = gates.lower(built(tfgate.IndependentGate, (6, 6, 5)), Copies())
    assert isinstance(dependent, gates.PooledLogOdds)
    assert isinstance(independent, gates.ConstantLogOdds)
    assert not dependent.weights and not independent.weights


def test_subclasses_are_not_taken_for_their_base():
    lowered_gate = gates.lower(built(ShiftedGate, (6, 6, 5)), Copies())
    assert isinstance(lowered_gate, gates.LogOdds)


def test_other_objects_are_refused():
    with pytest.raises(TypeError, match="Expected a tfgate Gate"):
        gates.lower(keras.layers.Dense(2), Copies())
