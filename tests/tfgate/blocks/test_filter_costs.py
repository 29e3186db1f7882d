"""MACs of blocks with filter gates, against networks that are really smaller."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tfgate.costs import count_macs

L = keras.layers

ALL_PLACES = filter_blocks.places_of(None, projected=True)
CASES = [
    *((filter_blocks.basic, places) for places in ALL_PLACES),
    *((filter_blocks.bottleneck, places) for places in ALL_PLACES[4::3]),
    (filter_blocks.preactivation, filter_blocks.EVERYWHERE),
    (filter_blocks.preactivation_1x1, filter_blocks.EVERYWHERE),
]


def smaller(layer, inputs, outputs, shape):
    """MACs of a convolution of fewer filters, counted on the real layer."""
    if not inputs or not outputs:
        return 0
    config = {**layer.get_config(), "filters": outputs}
    copy = type(layer).from_config(config)
    copy.build((None, *shape[1:-1], inputs))
    return count_macs(copy, (1, *shape[1:-1], inputs))


def count_sliced(block, decisions):
    """MACs of the block's convolutions, each made anew for the open filters."""
    opened = {
        (s.place, s.stage): int(s.open_filters(decisions).sum()) for s in block.sites
    }
    macs, shape = 0, block.built_shape
    last = len(block.stages) - 1
    inputs = opened.get(("input", 0), shape[-1])
    for index, stage in enumerate(block.stages):
        (layer,) = [x for x in stage.layers if isinstance(x, L.Conv2D)]
        place = "output" if index == last else "inner"
        outputs = opened.get((place, index), layer.filters)
        macs += smaller(layer, inputs, outputs, shape)
        inputs, shape = outputs, stage.compute_output_shape(shape)
    if block.shortcut is not None:
        layer = block.shortcut.layers[0]
        outputs = opened.get(("shortcut", -1), layer.filters)
        macs += smaller(layer, block.built_shape[-1], outputs, block.built_shape)
    return macs


@pytest.mark.parametrize(
    ("make", "places"), CASES, ids=lambda case: getattr(case, "__name__", str(case))
)
def test_executed_equals_sliced_layers(make, places):
    block = filter_blocks.make_block(
        make(filters=12, inner=6, strides=2),
        places=places,
        filters_per_gate=2,
        groups_always_open=1,
        shortcut=filter_blocks.projection(12, strides=2),
    )
    model = filter_blocks.make_model(block)
    head = 3 * 3 * 12 * 2
    components = block.gate.components
    random = [filter_blocks.random_decisions(components, seed) for seed in range(3)]
    decisions = np.stack([*random, np.zeros(components, int), np.ones(components, int)])
    expected = [count_sliced(block, row) + head for row in decisions]
    name = block.gate.name
    executed = model.costs.executed({name: decisions})
    np.testing.assert_array_equal(executed, expected)
    assert [model.costs.count({name: row}) for row in decisions] == expected
    assert model.costs.all_closed == expected[-2]
    assert (
        model.costs.all_open == expected[-1] == count_macs(model.core, (None, 6, 6, 8))
    )


def test_two_places_at_one_convolution_multiply():
    """3 of 8 filters in, 2 of 6 out: closing both saves less than the sum."""
    conv = L.Conv2D(6, 3, padding="same")
    block = filter_blocks.make_block(
        [conv], places=("input", "output"), residual=False, activation=None
    )
    block(keras.Input((6, 6, 8)))
    (product,) = block.products()
    assert product.macs == 36 * 9 * 8 * 6
    assert [f.filters for f in product.factors] == [8.0, 6.0]
    costs = tfgate.costs.ModelCosts(product.macs, {block.gate.name: 0}, (product,))
    decisions = np.repeat([1, 0, 1, 0], [3, 5, 2, 4])
    assert costs.count({block.gate.name: decisions}) == 36 * 9 * 3 * 2
    saved = costs.components[block.gate.name]
    np.testing.assert_array_equal(
        saved, np.repeat([product.macs / 8, product.macs / 6], [8, 6])
    )


def test_component_macs_are_what_closing_it_alone_saves():
    block = filter_blocks.make_block(
        filter_blocks.bottleneck(),
        places=("input", "inner", "output"),
        filters_per_gate=2,
    )
    model = filter_blocks.make_model(block)
    name = block.gate.name
    saved = model.costs.components[name]
    assert saved.shape == (block.gate.components,)
    for index in range(block.gate.components):
        decisions = np.ones(block.gate.components)
        decisions[index] = 0.0
        left = model.costs.count({name: decisions})
        assert model.costs.all_open - left == saved[index]
    assert saved.sum() > model.costs.all_open - model.costs.all_closed


def test_gradient_is_what_a_component_adds():
    """Executed MACs are linear in each decision: differences are derivatives."""
    block = filter_blocks.make_block(
        filter_blocks.basic(), places=("input", "inner", "output")
    )
    costs = filter_blocks.make_model(block).costs
    name, count = block.gate.name, block.gate.components
    decisions = filter_blocks.random_decisions(count, seed=3)
    z = tf.constant(decisions[None], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(z)
        executed = costs.executed({name: z})
    gradient = tape.gradient(executed, z)[0]
    for index in range(count):
        without, with_it = decisions.copy(), decisions.copy()
        without[index], with_it[index] = 0, 1
        added = costs.count({name: with_it}) - costs.count({name: without})
        assert float(gradient[index]) == pytest.approx(added, rel=1e-6)


def test_gradient_of_the_macs_loss():
    block = filter_blocks.make_block(filter_blocks.basic(), places=("inner", "output"))
    costs = filter_blocks.make_model(block).costs
    name, count = block.gate.name, block.gate.components
    rng = np.random.default_rng(0)
    z = rng.integers(0, 2, (5, count)).astype("float32")
    loss = tfgate.Macs(0.5)

    def value(decisions):
        share = np.mean([costs.count({name: row}) for row in decisions])
        return (0.5 - share / costs.all_open) ** 2

    variable = tf.Variable(z)
    with tf.GradientTape() as tape:
        got = loss({name: {"decision": variable + 0.0}}, costs)
    assert float(got) == pytest.approx(value(z), rel=1e-5)
    gradient = tape.gradient(got, variable).numpy()
    share = np.mean([costs.count({name: row}) for row in z]) / costs.all_open
    for image, index in [(0, 0), (2, 3), (4, count - 1)]:
        low, high = z.copy(), z.copy()
        low[image, index], high[image, index] = 0.0, 1.0
        step = np.mean([costs.count({name: row}) for row in high]) - np.mean(
            [costs.count({name: row}) for row in low]
        )
        expected = -2.0 * (0.5 - share) * step / costs.all_open
        assert gradient[image, index] == pytest.approx(expected, rel=1e-4)


class TestOtherLayers:
    """Places reach as far as channels are kept apart, and no farther."""

    @staticmethod
    def products(stages, **arguments):
        block = filter_blocks.make_block(
            stages, places=("input", "inner", "output"), residual=False, **arguments
        )
        block(keras.Input((6, 6, 8)))
        names = {s.components.start: s.name for s in block.sites}
        return {
            product.macs: [
                names[int(np.argmax(f.weights > 0))] for f in product.factors
            ]
            for product in block.products()
        }

    def test_several_convolutions_in_a_stage(self):
        stages = [
            filter_blocks.stage(L.Conv2D(5, 1), L.Conv2D(7, 1), L.Conv2D(4, 1)),
            L.Conv2D(3, 1),
        ]
        assert self.products(stages) == {
            36 * 8 * 5: ["input"],
            36 * 7 * 4: ["inner1"],
            36 * 4 * 3: ["inner1", "output"],
        }

    def test_depthwise_convolutions_depend_on_one_place(self):
        stages = [
            filter_blocks.stage(L.DepthwiseConv2D(3, padding="same"), L.Conv2D(5, 1)),
            filter_blocks.stage(
                L.Conv2D(4, 1), L.ReLU(), L.DepthwiseConv2D(5, padding="same")
            ),
        ]
        assert self.products(stages) == {
            36 * 9 * 8: ["input"],
            36 * 8 * 5: ["input", "inner1"],
            36 * 5 * 4: ["inner1", "output"],
            36 * 25 * 4: ["output"],
        }

    def test_a_layer_over_all_channels_needs_all_of_them(self):
        stages = [
            filter_blocks.stage(L.Conv2D(5, 1), L.LayerNormalization()),
            L.Conv2D(3, 1),
        ]
        assert self.products(stages) == {
            36 * 8 * 5: ["input"],
            36 * 5 * 3: ["inner1", "output"],
        }

    def test_a_place_that_saves_nothing_has_components_all_the_same(self):
        stages = [L.BatchNormalization(), L.Conv2D(3, 1)]
        block = filter_blocks.make_block(
            stages, places=("input", "inner"), residual=False
        )
        block(keras.Input((6, 6, 8)))
        model = tfgate.costs.ModelCosts(0, {block.gate.name: 0}, block.products())
        np.testing.assert_array_equal(
            model.components[block.gate.name], np.repeat([0.0, 36 * 3], 8)
        )


def test_beside_a_gated_branch():
    """Both kinds of blocks in one network."""
    branch = tfgate.GatedResidual(
        filter_blocks.convolution(8), tfgate.IndependentGate(name="branch", seed=1)
    )
    filters = filter_blocks.make_block(filter_blocks.basic())
    model = filter_blocks.make_model(branch, filters)
    branch_macs = 36 * 9 * 8 * 8
    assert model.costs.sizes == {"branch": 1, "block_gate": 6}
    assert list(model.costs.components["branch"]) == [branch_macs]
    for is_open in (0, 1):
        decisions = filter_blocks.random_decisions(6, seed=1)
        expected = 36 * 8 * 2 + branch_macs * is_open + count_sliced(filters, decisions)
        executed = model.costs.executed(
            {"branch": np.array([[is_open]]), "block_gate": decisions[None]}
        )
        assert float(executed[0]) == expected


def test_thousands_of_components_stay_exact():
    """BAS 5.1: an inner width of 20 times 64."""
    block = filter_blocks.make_block(filter_blocks.basic(filters=8, inner=1280))
    costs = filter_blocks.make_model(block).costs
    decisions = filter_blocks.random_decisions(1280, seed=1)
    expected = 36 * (9 * 8 * 2 * int(decisions.sum()) + 8 * 2)
    assert costs.count({block.gate.name: decisions}) == expected
    executed = costs.executed({block.gate.name: decisions[None]})
    np.testing.assert_array_equal(executed, [expected])


def test_metrics_of_filter_gates():
    model = filter_blocks.make_model(
        filter_blocks.make_block(
            filter_blocks.basic(), gate=builders.LinearGate, places=("input", "inner")
        )
    )
    builders.compile_plainly(model, loss="mse")
    x = filter_blocks.images(12)
    (opened,) = builders.decisions(model, x).values()
    logs = model.evaluate(x, np.zeros((12, 2)), verbose=0, return_dict=True)
    assert 0.0 < opened.mean() < 1.0
    expected = np.mean([model.costs.count({"block_gate": row}) for row in opened])
    assert logs["executed_macs"] == pytest.approx(expected, rel=1e-6)
    assert logs["activation_rate"] == pytest.approx(opened.mean(), rel=1e-6)
