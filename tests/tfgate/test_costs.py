"""MACs against hand formulas, published numbers and brute force."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tfgate.costs import Factor
from tfgate.costs import ModelCosts
from tfgate.costs import Product
from tfgate.costs import count_macs

L = keras.layers


class Conditional(keras.layers.Layer):
    """Costs nothing or a matrix product: what the image says."""

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 4))

    def call(self, inputs):
        return tf.cond(
            tf.reduce_sum(inputs) > 0.0,
            lambda: tf.matmul(inputs, self.kernel),
            lambda: tf.zeros((tf.shape(inputs)[0], 4)),
        )


def count(layer, shape):
    layer.build((None, *shape))
    return count_macs(layer, (None, *shape))


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        # Convolutions: output positions x kernel positions x input x output channels.
        (L.Conv2D(5, 3, padding="same"), (7, 9, 4), 7 * 9 * 9 * 4 * 5),
        (L.Conv2D(5, 3, padding="valid"), (7, 9, 4), 5 * 7 * 9 * 4 * 5),
        (L.Conv2D(5, 3, 2, padding="same"), (7, 9, 4), 4 * 5 * 9 * 4 * 5),
        (L.Conv2D(5, 3, 2, padding="valid"), (7, 9, 4), 3 * 4 * 9 * 4 * 5),
        (L.Conv2D(5, (1, 3), (2, 1)), (7, 9, 4), 4 * 7 * 3 * 4 * 5),
        (L.Conv2D(6, 3, groups=2, padding="same"), (7, 9, 4), 7 * 9 * 9 * 2 * 6),
        (L.Conv2D(5, 3, dilation_rate=2, padding="same"), (7, 9, 4), 7 * 9 * 9 * 4 * 5),
        (L.Conv2D(5, 3, dilation_rate=2), (7, 9, 4), 3 * 5 * 9 * 4 * 5),
        (L.Conv1D(5, 3, padding="same"), (7, 4), 7 * 3 * 4 * 5),
        (L.Conv1D(5, 3, dilation_rate=2, padding="causal"), (7, 4), 7 * 3 * 4 * 5),
        (L.Conv3D(5, 3, padding="same"), (3, 5, 7, 4), 3 * 5 * 7 * 27 * 4 * 5),
        # Depthwise: no sum over the input channels.
        (L.DepthwiseConv2D(3, padding="same"), (7, 9, 4), 7 * 9 * 9 * 4),
        (L.DepthwiseConv2D(3, 2, padding="same"), (7, 9, 4), 4 * 5 * 9 * 4),
        (
            L.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
            (7, 9, 4),
            7 * 9 * 9 * 4 * 2,
        ),
        (
            L.DepthwiseConv2D(3, dilation_rate=2, padding="same"),
            (7, 9, 4),
            7 * 9 * 9 * 4,
        ),
        (
            L.SeparableConv2D(5, 3, padding="same"),
            (7, 9, 4),
            7 * 9 * (9 * 4 + 4 * 5),
        ),
        # Transposed: each input position meets the whole kernel.
        (L.Conv2DTranspose(5, 3, 2, padding="same"), (7, 9, 4), 7 * 9 * 9 * 4 * 5),
        (L.Conv2DTranspose(5, 3, padding="valid"), (7, 9, 4), 7 * 9 * 9 * 4 * 5),
        (L.Conv3DTranspose(5, 3, 2), (3, 5, 7, 4), 3 * 5 * 7 * 27 * 4 * 5),
        # Matrix products.
        (L.Dense(5), (4,), 4 * 5),
        (L.Dense(5), (7, 9, 4), 7 * 9 * 4 * 5),
        (L.EinsumDense("ab,bc->ac", 5), (4,), 4 * 5),
        (L.EinsumDense("abc,cde->abde", (None, 3, 5)), (7, 4), 7 * 4 * 3 * 5),
        # What counts nothing.
        (L.BatchNormalization(), (7, 9, 4), 0),
        (L.ReLU(), (7, 9, 4), 0),
        (L.MaxPooling2D(), (8, 8, 4), 0),
        (L.GlobalAveragePooling2D(), (7, 9, 4), 0),
        (L.Normalization(mean=0.5, variance=2.0), (7, 9, 4), 0),
    ],
    ids=lambda value: value.name if isinstance(value, keras.Layer) else None,
)
def test_layers_against_hand_formulas(layer, shape, expected):
    macs = count(layer, shape)
    assert macs == expected
    assert isinstance(macs, int)


def test_use_of_a_layer_twice_counts_twice():
    inputs = keras.Input((4,))
    layer = L.Dense(4)
    assert count_macs(keras.Model(inputs, layer(layer(inputs))), (None, 4)) == 32


def test_attention():
    """Four projections, and two products of queries with keys and values."""
    inputs = keras.Input((7, 12))
    model = keras.Model(inputs, L.MultiHeadAttention(3, 5)(inputs, inputs))
    expected = 4 * 7 * 12 * 15 + 2 * 3 * 7 * 7 * 5
    assert count_macs(model, (None, 7, 12)) == expected


def test_nested_models():
    inner = keras.Sequential([L.Conv2D(4, 3), L.ReLU(), L.Conv2D(2, 1)])
    inputs = keras.Input((8, 8, 3))
    x = keras.Sequential([inner, L.Flatten()])(inputs)
    model = keras.Model(inputs, L.Dense(5)(x))
    expected = 36 * 27 * 4 + 36 * 4 * 2 + 72 * 5
    assert count_macs(model, (None, 8, 8, 3)) == expected


def test_half_precision_counts_the_same(mixed_bfloat16):
    assert count(L.Conv2D(5, 3, padding="same"), (7, 9, 4)) == 7 * 9 * 9 * 4 * 5
    assert builders.tiny_model().costs.dense == 6912 + 256 + 12 + 9216 + 2 * 2304


@pytest.mark.parametrize("batch", [None, 1, 32])
def test_the_batch_does_not_matter(batch):
    layer = L.Dense(5)
    layer.build((None, 4))
    assert count_macs(layer, (batch, 4)) == 20


def test_counting_changes_no_state():
    gate = tfgate.IndependentGate(policy=tfgate.Stochastic(), name="g")
    gate.build((None, 4))
    assert count_macs(gate, (None, 4)) == 0
    assert int(gate.noise_step.numpy()) == 0


def test_unknown_dimension():
    layer = L.Conv2D(4, 3, name="anywhere")
    layer.build((None, None, None, 3))
    with pytest.raises(ValueError, match=r"fixed input shape.*'anywhere'.*None"):
        count_macs(layer, (None, None, 8, 3))


def test_condition_in_the_graph():
    with pytest.raises(ValueError, match="data-dependent control flow.*If"):
        count(Conditional(), (4,))


def test_loop_in_the_graph():
    with pytest.raises(ValueError, match="data-dependent control flow.*While"):
        count(L.SimpleRNN(3), (5, 4))


class TestModelCosts:
    costs = ModelCosts(
        dense=1000,
        gate={"a": 10, "b": 20},
        products=(
            Product(300, (Factor("a", np.array([1.0])),)),
            Product(300, (Factor("b", np.array([2.0, 1.0])),)),
        ),
    )

    def test_totals(self):
        assert self.costs.gate_total == 30
        assert self.costs.all_open == 1030
        assert self.costs.all_closed == 430

    def test_executed_by_hand(self):
        executed = self.costs.executed(
            # In another order than the model's: the names count.
            {
                "b": tf.constant([[1.0, 0.0], [0.0, 1.0]]),
                "a": tf.constant([[0.0], [1.0]]),
            }
        )
        np.testing.assert_array_equal(executed, [630.0, 830.0])

    def test_executed_for_all_decisions(self):
        decisions = np.array(list(itertools.product([0, 1], repeat=3)), "float32")
        executed = self.costs.executed({"a": decisions[:, :1], "b": decisions[:, 1:]})
        expected = [430 + 300 * a + 200 * b + 100 * c for a, b, c in decisions]
        np.testing.assert_array_equal(executed, expected)

    def test_executed_takes_any_dtype(self):
        executed = self.costs.executed(
            {"a": np.array([[True]]), "b": np.array([[1, 0]])}
        )
        np.testing.assert_array_equal(executed, [930.0])

    def test_executed_is_differentiable(self):
        decisions = {"a": tf.ones((4, 1)), "b": tf.zeros((4, 2))}
        with tf.GradientTape() as tape:
            tape.watch(decisions)
            total = tf.reduce_sum(self.costs.executed(decisions))
        gradients = tape.gradient(total, decisions)
        np.testing.assert_array_equal(gradients["a"], np.full((4, 1), 300.0))
        np.testing.assert_array_equal(gradients["b"], [[200.0, 100.0]] * 4)

    def test_count_by_hand(self):
        macs = self.costs.count({"b": np.array([1, 0]), "a": [0]})
        assert macs == 630 and isinstance(macs, int)
        with pytest.raises(ValueError, match="decisions of the gates"):
            self.costs.count({"a": [0]})

    def test_components(self):
        assert self.costs.sizes == {"a": 1, "b": 2}
        assert {n: list(c) for n, c in self.costs.components.items()} == {
            "a": [300.0],
            "b": [200.0, 100.0],
        }

    @pytest.mark.parametrize("gates", [[], ["a"], ["a", "b", "c"]])
    def test_products_of_other_gates(self, gates):
        with pytest.raises(
            ValueError, match=r"products of the gates.*got \['a', 'b'\]"
        ):
            ModelCosts(1000, dict.fromkeys(gates, 0), self.costs.products)

    def test_product_without_factors(self):
        with pytest.raises(ValueError, match="at least 1 factor, got none"):
            Product(10, ())

    def test_any_number_of_factors(self):
        """Three gates, in products of one to four factors, one of them negative."""
        a = Factor("a", np.array([2.0, 4.0]), 2.0)
        b, c = Factor("b", np.array([1.0])), Factor("c", np.array([1.0]))
        parts = [(80, (a,)), (400, (c, a)), (-64, (b, c)), (800, (a, b, c))]
        parts.append((640, (a, a, b, c)))
        products = tuple(Product(macs, factors) for macs, factors in parts)
        costs = ModelCosts(3000, {"a": 1, "b": 2, "c": 3}, products)
        rows = np.array(list(itertools.product([0, 1], repeat=4)))
        executed = costs.executed(
            {"a": rows[:, :2], "b": rows[:, 2:3], "c": rows[:, 3:]}
        )
        expected = []
        for a1, a2, b1, c1 in rows.tolist():
            share = {"a": (2 + 2 * a1 + 4 * a2) / 8, "b": b1, "c": c1}
            expected.append(3006.0)
            for macs, factors in parts:
                opened = np.prod([share[factor.gate] for factor in factors])
                expected[-1] -= macs * (1.0 - opened)
            decisions = {"a": [a1, a2], "b": [b1], "c": [c1]}
            assert costs.count(decisions) == round(expected[-1])
        np.testing.assert_allclose(executed, expected, rtol=1e-6)
        table = dict(zip(map(tuple, rows.tolist()), expected, strict=True))
        saved = [
            table[1, 1, 1, 1] - table[row]
            for row in ((0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0))
        ]
        np.testing.assert_allclose(
            np.concatenate(list(costs.components.values())), saved
        )

    def test_factors_of_two_gates_multiply(self):
        """4 of 8 filters always open, the others by a; 2 filters by b."""
        product = Product(
            800, (Factor("a", np.array([4.0]), 4.0), Factor("b", np.array([1.0, 1.0])))
        )
        costs = ModelCosts(1000, {"a": 0, "b": 0}, (product,))
        assert (costs.all_open, costs.all_closed) == (1000, 200)
        executed = costs.executed({"a": [[0.0], [1.0]], "b": [[1.0, 1.0], [0.0, 1.0]]})
        np.testing.assert_array_equal(executed, [600.0, 600.0])
        assert [list(c) for c in costs.components.values()] == [[400.0], [400.0] * 2]

    @pytest.mark.parametrize("names", [["a"], ["a", "c"], ["a", "b", "c"], []])
    def test_decisions_of_other_gates(self, names):
        with pytest.raises(ValueError, match=r"decisions of the gates \['a', 'b'\]"):
            self.costs.executed({name: np.ones((1, 1)) for name in names})


class TestSmallModel:
    """Stem 6912, branches 9216, 2304, 2304, projection 256, head 12; gates 96 each."""

    @pytest.fixture
    def model(self):
        return builders.tiny_model(gate=tfgate.DependentGate)

    def test_parts(self, model):
        gate = 4 * 16 + 16 * 2
        assert model.costs.gate == {"first": gate, "second": gate, "third": gate}
        assert {n: list(c) for n, c in model.costs.components.items()} == {
            "first": [9216.0],
            "second": [2304.0],
            "third": [2304.0],
        }
        assert model.costs.dense == 6912 + 256 + 12 + 9216 + 2 * 2304
        assert model.costs.all_open == model.costs.dense + 3 * gate
        assert model.costs.all_closed == 6912 + 256 + 12 + 3 * gate

    def test_executed_equals_the_networks_without_what_is_closed(self, model):
        """For each of the 2^3 decisions: MACs of the network built for it."""
        for opened in itertools.product([0.0, 1.0], repeat=3):
            plain = keras.Input((8, 8, 3))
            x = L.Conv2D(4, 3, padding="same")(plain)
            for index, is_open in enumerate(opened):
                strides = 2 if index == 1 else 1
                kept = L.Conv2D(4, 1, strides)(x) if strides == 2 else x
                if is_open:
                    branch = L.Conv2D(4, 3, strides, padding="same")(x)
                    kept = L.Add()([kept, branch])
                x = kept
            x = L.Dense(3)(L.GlobalAveragePooling2D()(x))
            static = count_macs(keras.Model(plain, x), (None, 8, 8, 3))
            decisions = dict(
                zip(model.gate_names, np.reshape(opened, (3, 1, 1)), strict=True)
            )
            executed = model.costs.executed(decisions)
            np.testing.assert_array_equal(executed, [static + 3 * 96])


@pytest.mark.parametrize(
    "structure",
    [lambda *both: list(both), lambda left, right: {"b": left, "a": right}],
    ids=["list", "dict of unsorted keys"],
)
def test_model_of_two_inputs(structure):
    left, right = keras.Input((4,), name="b"), keras.Input((6,), name="a")
    x = L.Concatenate()([L.Dense(4)(left), right])
    gate = tfgate.IndependentGate(name="g")
    x, _ = tfgate.GatedResidual(L.Dense(10), gate)(x)
    model = tfgate.GatedModel(structure(left, right), x)
    assert model.costs.dense == 4 * 4 + 10 * 10
    assert model.costs.all_closed == 4 * 4
    gate.component_logits.assign([[9.0, -9.0]])
    compacted = tfgate.compact(model)
    assert count_macs(compacted) == 4 * 4
    images = structure(np.ones((2, 4), "float32"), np.ones((2, 6), "float32"))
    np.testing.assert_allclose(compacted(images), model(images), rtol=1e-5)


class TestPublishedNetworks:
    def test_resnet20(self):
        """40.55 M multiply-adds, as counted in the field."""
        model = tfgate.applications.CifarResNet(20)
        stage = [
            32 * 32 * 9 * (3 * 16 + 6 * 16 * 16),
            16 * 16 * 9 * (16 * 32 + 5 * 32 * 32),
            8 * 8 * 9 * (32 * 64 + 5 * 64 * 64),
        ]
        assert sum(stage) + 64 * 10 == 40_551_040
        assert count_macs(model, (None, 32, 32, 3)) == 40_551_040

    def test_gates_add_what_they_cost(self):
        model = tfgate.applications.CifarResNet(20, gate="dependent")
        assert model.costs.dense == 40_551_040
        # Three blocks a stage; the first of a stage sees the stage before.
        inputs = [16] * 4 + [32] * 3 + [64] * 2
        assert list(model.costs.gate.values()) == [16 * c + 32 for c in inputs]
        assert model.costs.all_closed == (
            32 * 32 * 9 * 3 * 16 + 640 + sum(16 * c + 32 for c in inputs)
        )
