"""MACs across blocks, against networks whose layers are really smaller."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tests.tfgate.chains import Chain
from tests.tfgate.chains import random_decisions
from tfgate.cost_graph import count_products
from tfgate.costs import count_macs

L = keras.layers
SHAPE = (8, 8, 3)


def conv(filters, **arguments):
    return L.Conv2D(filters, 3, padding="same", activation="relu", **arguments)


def norm_relu():
    return [L.BatchNormalization(), L.ReLU()]


def gated(stages, name, places=("inner", "output"), **arguments):
    """A block without a shortcut, in groups of two filters, one always open."""
    arguments = {"activation": None, "residual": False, **arguments}
    return filter_blocks.make_block(
        stages,
        name=name,
        places=places,
        filters_per_gate=2,
        groups_always_open=1,
        **arguments,
    )


def network(*layers, shape=SHAPE):
    x = inputs = keras.Input(shape)
    for layer in layers:
        x = layer(x)
        x = x[0] if isinstance(layer, tfgate.GatedFilters) else x
    return tfgate.GatedModel(inputs, x)


def blocks_in_a_row():
    return network(
        gated([conv(8), conv(12)], "a"), gated([conv(10), conv(6)], "b"), L.Flatten()
    )


def pools_and_a_dense_block():
    return network(
        L.Conv2D(4, 3),
        gated([conv(8), conv(12)], "a"),
        L.MaxPooling2D(2),
        gated([L.Conv2D(10, 3, padding="same")], "b", ("output",), activation="relu"),
        L.AveragePooling2D(3, strides=1),
        L.Flatten(),
        gated([L.Dense(16, activation="relu"), L.Dense(20)], "fc"),
        L.Dense(5),
    )


def norms_between():
    stages = [keras.Sequential([L.Conv2D(8, 1), *norm_relu()])]
    return network(
        gated(stages, "a", ("output",)),
        L.BatchNormalization(),
        L.ReLU(),
        L.DepthwiseConv2D(3, padding="same"),
        L.Conv2D(6, 1),
        gated([keras.Sequential([*norm_relu(), L.Conv2D(4, 1)])], "b", ("output",)),
        L.GlobalAveragePooling2D(),
        L.Dense(3),
    )


def pools_inside_the_stages():
    stages = [conv(8), keras.Sequential([conv(12), L.MaxPooling2D(2), L.ReLU()])]
    return network(
        gated(stages, "a"),
        gated([keras.Sequential([L.ReLU(), conv(4)])], "b", ("output",)),
        L.Flatten(),
        L.Dense(3),
    )


NETWORKS = [
    blocks_in_a_row,
    pools_and_a_dense_block,
    norms_between,
    pools_inside_the_stages,
]


@pytest.mark.parametrize("make", NETWORKS)
def test_counted_equals_sliced_layers(make):
    model = make()
    assert model.costs.all_open == count_macs(model.core, model.core.input_shape)
    gates = model.costs.gate_total
    rates = {1: 0.5, 2: 0.3, 3: 0.8, 4: 0.0, 5: 1.0}
    for seed, rate in rates.items():
        decisions = random_decisions(model, seed, rate)
        expected = Chain(model, decisions).macs() + gates
        assert model.costs.count(decisions) == expected
        rows = {name: row[None] for name, row in decisions.items()}
        assert float(model.costs.executed(rows)[0]) == expected
    closed = {name: np.zeros(size) for name, size in model.costs.sizes.items()}
    assert model.costs.all_closed == Chain(model, closed).macs() + gates


@pytest.mark.parametrize("make", [blocks_in_a_row, pools_and_a_dense_block])
def test_what_is_not_counted_is_not_read(make):
    model = make()
    builders.randomize(model)
    decisions = random_decisions(model, seed=1)
    for gate in model.gates:
        filter_blocks.decide(gate, decisions[gate.name])
    images = filter_blocks.images(4, channels=3, size=8)
    expected = builders.predict(model, images)
    chain = Chain(model, decisions)
    chain.spoil(np.random.default_rng(0))
    np.testing.assert_allclose(
        builders.predict(model, images), expected, rtol=1e-5, atol=1e-5
    )
    filter_blocks.decide(model.gates[0], 1 - decisions[model.gates[0].name])
    assert np.abs(builders.predict(model, images) - expected).max() > 0.1


def products(model):
    """MACs -> names of the gates, of the products that switch something."""
    return {
        product.macs: [factor.gate for factor in product.factors]
        for product in count_products(model.core)
        if product.macs
    }


class TestReach:
    """Where closed filters are followed, and where they are not."""

    source = staticmethod(
        lambda: gated([L.Conv2D(8, 1)], "a", ("output",), activation="relu")
    )
    own = {64 * 3 * 8: ["a_gate"]}

    def test_every_reader_of_a_fork(self):
        inputs = keras.Input(SHAPE)
        x, _ = self.source()(inputs)
        outputs = [L.Conv2D(5, 1)(x), L.Conv2D(6, 1)(L.ReLU()(x))]
        model = tfgate.GatedModel(inputs, outputs)
        assert products(model) == {
            **self.own,
            64 * 8 * 5: ["a_gate"],
            64 * 8 * 6: ["a_gate"],
        }

    def test_concatenation_with_something_else(self):
        inputs = keras.Input(SHAPE)
        x, _ = self.source()(inputs)
        y, _ = gated([L.Conv2D(4, 1)], "b", ("output",))(inputs)
        x = L.Concatenate()([x, inputs, y])
        model = tfgate.GatedModel(inputs, L.Conv2D(5, 1)(x))
        assert products(model) == {
            **self.own,
            64 * 3 * 4: ["b_gate"],
            64 * 8 * 5: ["a_gate"],
            64 * 4 * 5: ["b_gate"],
        }
        decisions = {"a_gate": [1, 0, 0], "b_gate": [0]}
        read = 4 + 3 + 2
        convolutions = 64 * (3 * 4 + 3 * 2 + read * 5)
        gates = model.costs.gate_total
        assert model.costs.count(decisions) == convolutions + gates

    def test_a_residual_branch_and_its_projection(self):
        branch = keras.Sequential([L.Conv2D(6, 1), L.ReLU(), L.Conv2D(8, 3)])
        inputs = keras.Input(SHAPE)
        x, _ = self.source()(inputs)
        x, _ = tfgate.GatedResidual(
            branch, tfgate.IndependentGate(name="r"), shortcut=L.Conv2D(8, 3)
        )(x)
        model = tfgate.GatedModel(inputs, x)
        assert products(model) == {
            **self.own,
            64 * 8 * 6: ["a_gate", "r"],
            36 * 9 * 6 * 8: ["r"],
            36 * 9 * 8 * 8: ["a_gate"],
        }

    def test_filters_with_a_shortcut_read_too(self):
        inputs = keras.Input(SHAPE)
        x, _ = self.source()(inputs)
        block = gated(
            [L.Conv2D(6, 1), L.Conv2D(8, 3, padding="same")],
            "b",
            ("inner",),
            residual=True,
        )
        model = tfgate.GatedModel(inputs, L.Conv2D(7, 1)(block(x)[0]))
        assert products(model) == {
            **self.own,
            64 * 8 * 6: ["a_gate", "b_gate"],
            64 * 9 * 6 * 8: ["b_gate"],
        }

    @pytest.mark.parametrize(
        "between",
        [
            lambda x: L.Add()([x, x]),
            lambda x: L.LayerNormalization()(x),
            lambda x: keras.ops.abs(x),
            lambda x: L.Concatenate(axis=1)([x, x]),
            lambda x: L.Softmax()(x),
        ],
        ids=["add", "layer_norm", "operation", "concatenate_rows", "softmax"],
    )
    def test_ends_where_channels_meet(self, between):
        inputs = keras.Input(SHAPE)
        x, _ = self.source()(inputs)
        model = tfgate.GatedModel(inputs, L.Conv2D(5, 1)(between(x)))
        assert products(model) == self.own

    def test_ends_at_a_layer_called_twice(self):
        inputs = keras.Input(SHAPE)
        x, _ = self.source()(inputs)
        shared = L.Conv2D(8, 1)
        model = tfgate.GatedModel(inputs, shared(shared(x)))
        assert products(model) == self.own

    def test_ends_at_a_block_activation_over_all_channels(self):
        block = gated([L.Conv2D(8, 1)], "a", ("output",), activation="softmax")
        assert products(network(block, L.Conv2D(5, 1))) == self.own

    def test_shortcuts_leave_nothing_closed(self):
        block = gated([conv(4)], "a", ("output",), residual=True)
        model = network(block, L.Conv2D(5, 1), shape=(8, 8, 4))
        assert products(model) == {64 * 36 * 4: ["a_gate"]}

    def test_a_later_place_counts_alone(self):
        """An upper bound: the convolution reads what both places leave open."""
        later = gated([conv(4)], "b", ("input",))
        model = network(self.source(), later)
        assert products(model) == {**self.own, 64 * 72 * 4: ["b_gate"]}
        decisions = {"a_gate": [1, 0, 0], "b_gate": [0, 1, 0]}
        counted = model.costs.count(decisions) - model.costs.gate_total
        assert counted == 64 * (3 * 4 + 9 * 4 * 4) > Chain(model, decisions).macs()
