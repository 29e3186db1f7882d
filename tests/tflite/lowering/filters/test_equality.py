"""Every lowering against Keras: many blocks, run as graphs without a conversion."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import filter_blocks
from tests.tflite import filters
from tflite import conversion
from tflite import errors
from tflite import plan
from tflite import reference
from tflite.clusters import SiteClusters
from tflite.lowering import LogOddsThreshold
from tflite.options import Options
from tflite.variants import BlockVariants
from tflite.variants import PartVariants

TOLERANCE = 1e-4
TAUS = (0.0, 0.5, 1.0)


def inverted():
    """A block of MobileNetV2: 1x1, depthwise 3x3, and 1x1 without an activation."""
    depthwise = filter_blocks.L.DepthwiseConv2D(3, padding="same")
    return [
        filter_blocks.stage(
            *(filter_blocks.convolution(6, 1), filter_blocks.norm()),
            *(filter_blocks.L.ReLU(6.0), depthwise, filter_blocks.norm()),
            filter_blocks.L.ReLU(6.0),
        ),
        filter_blocks.stage(filter_blocks.convolution(8, 1), filter_blocks.norm()),
    ]


def separable():
    """Depthwise 3x3 and 1x1: places next to each other, without a mixing layer."""
    depthwise = filter_blocks.L.DepthwiseConv2D(3, padding="same", use_bias=False)
    return [
        filter_blocks.stage(depthwise, filter_blocks.norm(), filter_blocks.L.ReLU()),
        filter_blocks.stage(filter_blocks.convolution(8, 1), filter_blocks.norm()),
    ]


def activated():
    """Convolutions with biases and activations of their own, as in VGG."""
    return [
        filter_blocks.convolution(6, activation="relu", use_bias=True),
        filter_blocks.convolution(8, activation="tanh", use_bias=True),
    ]


STAGES = {
    "inverted": inverted,
    "separable": separable,
    "activated": activated,
    "basic": filter_blocks.basic,
    "strided": lambda: filter_blocks.basic(strides=2),
    "bottleneck": filter_blocks.bottleneck,
    "paths": filter_blocks.paths,
    "preactivation": filter_blocks.preactivation,
    "valid": lambda: filter_blocks.preactivation(padding="valid"),
    "preactivation_1x1": filter_blocks.preactivation_1x1,
}
STRIDES = {"strided": 2}


def model_of(name, places, images, residual=True, size=2, **arguments):
    """A network of one block of a kind in `STAGES`, whose gates look at the image."""
    keras.utils.set_random_seed(4)
    shortcut = None
    if residual and ("shortcut" in places or name in STRIDES):
        shortcut = filter_blocks.projection(strides=STRIDES.get(name, 1))
    block = filter_blocks.make_block(
        STAGES[name](),
        gate=tfgate.DependentGate,
        places=places,
        filters_per_gate=size,
        shortcut=shortcut,
        residual=residual,
        **arguments,
    )
    model = filter_blocks.make_model(block)
    filters.spread(model, images)
    return model


def exported(model, lowering, clusters=None, variants=None, **choices):
    """A function `(images, tau) -> (predictions, decisions)`: the export graph."""
    threshold = LogOddsThreshold(0.5)
    plans = [plan.BlockPlan(block, lowering, None) for block in model.blocks]
    options = Options(gate_outputs=True, **choices)
    graph = conversion.export_graph(
        model, plans, threshold, options, clusters=clusters, variants=variants
    )

    def run(images, tau):
        with threshold.bound(np.float32(tau)):
            outputs = [graph(image[None], training=False) for image in images]
        names = ("predictions", "decisions")
        return [np.concatenate([o[name] for o in outputs]) for name in names]

    return run


def expected(model, images, tau):
    """Keras' predictions and decisions; all decisions at 0 and 1 are alike."""
    if tau == 0.0:
        return reference.run(model, images, tau=None)
    if tau == 1.0:
        return reference.run(model, images, tau=1 - 1e-7)
    return reference.run(model, images, tau=tau)


def assert_equal(model, lowering, images, taus=TAUS, **arguments):
    run = exported(model, lowering, **arguments)
    for tau in taus:
        predictions, decisions = expected(model, images, tau)
        got, told = run(images, tau)
        np.testing.assert_array_equal(told, decisions, err_msg=f"tau {tau}")
        np.testing.assert_allclose(
            got, predictions, atol=TOLERANCE, err_msg=f"tau {tau}"
        )
        if tau == 0.5:
            assert 0.2 < decisions.mean() < 0.8 and np.ptp(decisions, axis=0).any()


@pytest.fixture(scope="module")
def pictures():
    return filter_blocks.images(count=4)


CASES = [
    *(("basic", (place,)) for place in filter_blocks.EVERYWHERE),
    ("basic", ("input", "output")),
    ("basic", ("inner", "output", "shortcut")),
    ("basic", filter_blocks.EVERYWHERE),
    ("strided", ("input", "inner", "output", "shortcut")),
    ("strided", ("inner",)),
    ("inverted", ("inner",)),
    ("separable", ("input", "inner")),
    ("activated", ("inner", "output")),
    ("bottleneck", ("inner",)),
    ("bottleneck", ("input", "inner", "output")),
    ("preactivation", ("inner",)),
    ("preactivation", ("input", "inner", "output")),
    ("preactivation_1x1", ("input", "inner", "output")),
]


@pytest.mark.parametrize(("name", "places"), CASES)
def test_clusters_equal_keras(pictures, name, places):
    assert_equal(model_of(name, places, pictures), "groups", pictures, min_group=4)


@pytest.mark.parametrize(("name", "places"), CASES[-4:])
def test_masked_filters_equal_keras(pictures, name, places):
    assert_equal(model_of(name, places, pictures), "masked", pictures)


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("bottleneck", ("inner",)),
        ("bottleneck", ("input", "inner", "output", "shortcut")),
        ("preactivation_1x1", ("inner",)),
        ("strided", ("inner", "shortcut")),
    ],
)
def test_gathered_filters_equal_keras(pictures, name, places):
    model = model_of(name, places, pictures)
    assert_equal(model, "gather", pictures)


def variants_of(model, images, count=3):
    """As many variants as asked for, made for some of the images."""
    block = model.blocks[0]
    decisions = reference.run(model, images[:-1], tau=0.5)[1].astype(bool)
    sets = [tuple(map(int, np.flatnonzero(own))) for own in decisions[:count]]
    everything = tuple(range(block.gate.components))
    share = 1.0 / (len(sets) + 1)
    part = PartVariants((*sets, everything), (share,) * (len(sets) + 1))
    return {block.name: BlockVariants((part,))}


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(("name", "places"), CASES[-6:])
def test_variants_equal_keras(pictures, name, places, count):
    model = model_of(name, places, pictures)
    variants = variants_of(model, pictures, count)
    assert_equal(model, "variants", pictures, variants=variants)


@pytest.mark.parametrize("places", [("input", "inner", "output", "shortcut")])
@pytest.mark.parametrize("name", ["basic", "strided"])
def test_variants_of_shortcuts_equal_keras(pictures, name, places):
    model = model_of(name, places, pictures, groups_always_open=1)
    assert_equal(model, "variants", pictures, variants=variants_of(model, pictures))


def test_an_empty_variant(pictures):
    model = model_of("basic", ("inner", "output"), pictures)
    everything = tuple(range(model.gates[0].components))
    found = BlockVariants((PartVariants(((), everything), (0.5, 0.5)),))
    assert_equal(model, "variants", pictures, variants={"block": found})


def parts_of(model, place):
    """Two parts of a place, and one component that always runs."""
    block = model.blocks[0]
    (site,) = (site for site in block.sites if site.name == place)
    own = tuple(range(site.components.start, site.components.stop))
    first, second = own[1:3], own[3:]
    return BlockVariants(
        (
            PartVariants(((), first[:1], first), (0.3, 0.3, 0.4)),
            PartVariants(((), second[:1], second[1:], second), (0.25,) * 4),
        )
    )


INNER = [
    ("basic", ("inner",), "inner1"),
    ("basic", filter_blocks.EVERYWHERE, "inner1"),
    ("strided", ("inner", "shortcut"), "inner1"),
    ("inverted", ("inner",), "inner1"),
    ("activated", ("inner", "output"), "inner1"),
    ("bottleneck", ("input", "inner", "output"), "inner1"),
    ("bottleneck", ("inner",), "inner2"),
    ("preactivation", ("inner",), "inner1"),
    ("preactivation_1x1", ("input", "inner", "output"), "inner1"),
]


@pytest.mark.parametrize(("name", "places", "place"), INNER)
def test_variants_of_parts_equal_keras(pictures, name, places, place):
    model = model_of(name, places, pictures, size=1)
    variants = {"block": parts_of(model, place)}
    assert_equal(model, "variants", pictures, variants=variants)


def test_parts_beside_filters_without_a_gate_equal_keras(pictures):
    model = model_of("basic", ("inner",), pictures, size=1, groups_always_open=1)
    variants = {"block": parts_of(model, "inner1")}
    assert_equal(model, "variants", pictures, variants=variants)


def test_parts_of_several_places(pictures):
    model = model_of("basic", ("inner", "output"), pictures)
    own = model.blocks[0].sites
    parts = tuple(
        PartVariants(((), tuple(range(s.components.start, s.components.stop))), (0, 1))
        for s in own
    )
    message = "parts of block 'block' with components of one gated place"
    with pytest.raises(errors.InputError, match=message):
        exported(model, "variants", variants={"block": BlockVariants(parts)})


def test_variants_need_calibration(pictures):
    model = model_of("basic", ("inner",), pictures)
    with pytest.raises(errors.InputError, match="calibration.*'variants'.*'block'"):
        exported(model, "variants")


def test_gathered_filters_in_clusters(pictures):
    model = model_of("bottleneck", ("inner", "output"), pictures, size=1)
    clusters = {
        "inner1": SiteClusters((), ((0, 1), (2, 3, 4), (5,))),
        "output": SiteClusters((12, 13, 14, 15), ((16, 19), (17, 18))),
    }
    assert_equal(model, "gather", pictures, clusters={"block": clusters})


def test_gathering_needs_a_1x1_convolution(pictures):
    model = model_of("basic", ("inner",), pictures)
    with pytest.raises(errors.InputError, match="'block'.*'gather'.*choose 'groups'"):
        exported(model, "gather")


@pytest.mark.parametrize("always", [0, 1])
def test_paths_of_a_grouped_convolution(pictures, always):
    model = model_of("paths", ("inner",), pictures, groups_always_open=always)
    assert_equal(model, "groups", pictures, min_group=2)


@pytest.mark.parametrize("name", ["basic", "bottleneck", "valid", "preactivation_1x1"])
@pytest.mark.parametrize("places", [("inner",), ("inner", "output")])
def test_chains_without_a_shortcut(pictures, name, places):
    model = model_of(
        name, places, pictures, residual=False, groups_always_open=1, activation=None
    )
    assert_equal(model, "groups", pictures, min_group=2)


CLUSTERS = {
    "input": SiteClusters((2,), ((0, 3), (1,))),
    "inner1": SiteClusters((), ((6, 4), (5,))),
    "output": SiteClusters((7, 10), ((9, 8),)),
    "shortcut": SiteClusters((), ((11, 14), (12, 13))),
}


def test_given_clusters(pictures):
    model = model_of("basic", tuple(filter_blocks.EVERYWHERE), pictures)
    block = model.blocks[0]
    assert [site.components.stop for site in block.sites] == [4, 7, 11, 15]
    assert_equal(model, "groups", pictures, clusters={block.name: CLUSTERS})


def test_everything_ungated(pictures):
    model = model_of("basic", ("inner", "output"), pictures)
    clusters = {
        site.name: SiteClusters(tuple(range(site.start, site.components.stop)))
        for site in model.blocks[0].sites
    }
    assert_equal(model, "groups", pictures, clusters={"block": clusters})


def test_variants_of_given_clusters(pictures):
    model = model_of("basic", ("inner",), pictures, size=1)
    sets = (((0,), (0, 2)), ())
    own = SiteClusters((1,), ((0, 2, 4), (3, 5)), variants=sets)
    clusters = {"block": {"inner1": own}}
    assert_equal(model, "groups", pictures, clusters=clusters)


def test_variants_that_several_clusters_read(pictures):
    model = model_of("basic", ("inner", "output"), pictures)
    clusters = {
        "inner1": SiteClusters((), ((0, 1, 2),), variants=(((0,),),)),
        "output": SiteClusters((), ((3, 4), (5, 6))),
    }
    message = "one ungated convolution reads, got some at the place 'inner1' of block"
    with pytest.raises(errors.InputError, match=message):
        exported(model, "groups", clusters={"block": clusters})


@pytest.mark.parametrize("lowering", ["groups", "variants"])
def test_some_components_decided(pictures, lowering):
    model = model_of("basic", ("inner", "output"), pictures, size=1)
    gate = model.gates[0]
    kernel, bias = (w.copy() for w in gate.logits_dense.get_weights())
    opened, closed = [0, 4], [1, 5]
    for c in (*opened, *closed):
        kernel[:, [2 * c, 2 * c + 1]] = 0
    bias[[2 * c for c in (*opened, *closed)]] = 0
    bias[[2 * c + 1 for c in opened]], bias[[2 * c + 1 for c in closed]] = 9, -9
    gate.logits_dense.set_weights([kernel, bias])
    decided = tuple({0: 1, 4: 1, 1: 0, 5: 0}.get(c) for c in range(gate.components))
    threshold = LogOddsThreshold(0.5)
    plans = [plan.BlockPlan(model.blocks[0], lowering, decided)]
    graph = conversion.export_graph(
        model,
        plans,
        threshold,
        Options(gate_outputs=True, min_group=2),
        variants={"block": parts_of(model, "inner1")},
    )
    outputs = [graph(image[None], training=False) for image in pictures]
    predictions, decisions = reference.run(model, pictures, tau=0.5)
    told = np.concatenate([o["decisions"] for o in outputs])
    undecided = [c for c in range(gate.components) if decided[c] is None]
    np.testing.assert_array_equal(told, decisions[:, undecided])
    got = np.concatenate([o["predictions"] for o in outputs])
    np.testing.assert_allclose(got, predictions, atol=TOLERANCE)


@pytest.mark.parametrize("lowering", ["open", "closed"])
@pytest.mark.parametrize("name", ["basic", "preactivation"])
def test_decided_blocks(pictures, lowering, name):
    model = model_of(name, ("inner", "output"), pictures)
    tau = {"open": 0.0, "closed": 1.0}[lowering]
    plans = [plan.BlockPlan(model.blocks[0], lowering, int(lowering == "open"))]
    graph = conversion.export_graph(model, plans, LogOddsThreshold(0.5), Options())
    got = np.concatenate([graph(image[None])["predictions"] for image in pictures])
    predictions, _ = expected(model, pictures, tau)
    np.testing.assert_allclose(got, predictions, atol=TOLERANCE)


@pytest.mark.parametrize(
    "wrong",
    [
        SiteClusters((), ((4, 5),)),
        SiteClusters((4,), ((4, 5, 6),)),
        SiteClusters((), ((4, 5, 6), ())),
        SiteClusters((), ((5, 6),), (4,)),
    ],
)
def test_clusters_that_do_not_fit(pictures, wrong):
    model = model_of("basic", tuple(filter_blocks.EVERYWHERE), pictures)
    clusters = {"block": CLUSTERS | {"inner1": wrong}}
    with pytest.raises(errors.InputError, match="'inner1' of block 'block'"):
        exported(model, "groups", clusters=clusters)


@keras.saving.register_keras_serializable(package="tests")
class Unknown(keras.layers.Layer):
    """A layer of which nothing is known."""

    def call(self, inputs):
        return inputs * 2.0

    def compute_output_shape(self, input_shape):
        return input_shape


def with_unknown_layer(pictures, front):
    convolutions = filter_blocks.basic()
    stages = [
        filter_blocks.stage(*([Unknown()] if front else []), *convolutions[0].layers),
        filter_blocks.stage(*([] if front else [Unknown()]), *convolutions[1].layers),
    ]
    block = filter_blocks.make_block(
        stages, gate=tfgate.DependentGate, places=("inner",), filters_per_gate=2
    )
    model = filter_blocks.make_model(block)
    filters.spread(model, pictures)
    return model


def test_unknown_layers_beside_gated_filters_are_refused(pictures):
    model = with_unknown_layer(pictures, front=False)
    with pytest.raises(errors.InputError, match="'block'.*Unknown.*choose 'masked'"):
        exported(model, "groups")
    assert_equal(model, "masked", pictures, taus=(0.5,))


def test_unknown_layers_elsewhere_are_kept(pictures):
    assert_equal(with_unknown_layer(pictures, front=True), "groups", pictures)
