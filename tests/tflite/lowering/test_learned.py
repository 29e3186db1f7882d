"""Files of throttled networks whose gating function is learned."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tflite import throttled
from tests.tflite.executed import Counter
from tests.tflite.structure import Structure
from tfgate.throttling import Module
from tflite import calibration
from tflite import clustering
from tflite import conversion
from tflite import convert
from tflite import cost_model
from tflite import errors
from tflite import expectations
from tflite import metadata
from tflite import reference
from tflite import runtime
from tflite.lowering.learned import Learned
from tflite.lowering.learned import Weights
from tflite.lowering.threshold import LogOddsThreshold
from tflite.options import Options

# Float32 sums in another order.
TOLERANCE = 1e-4
US = (0.0, 0.25, 0.5, 0.75, 1.0)
CASES = {
    # Whole blocks: conditions alone.
    "resnet": ("blind", {}),
    # Layers of dense blocks: conditions and scales.
    "densenet": ("contextual", {}),
    # Clusters, some filters always open, a dense layer.
    "vgg": ("blind", {"min_group": 4}),
    # All of these together.
    "mixed": ("contextual", {"min_group": 4}),
}


@pytest.fixture(scope="module")
def made(images, tmp_path_factory):
    """Function from a name of `CASES` to (model, path)."""
    directory, files = tmp_path_factory.mktemp("learned"), {}

    def get(name):
        if name not in files:
            gating, arguments = CASES[name]
            model = throttled.learned(name, gating, images[:4])
            path = directory / f"{name}.tflite"
            convert.convert(model, path, gate_outputs=True, **arguments)
            files[name] = model, path
        return files[name]

    return get


def compare(model, path, images, us=US):
    """Compares a file and Keras; returns the decisions, `[us, images, components]`."""
    network, found = runtime.Network(path), []
    for u in us:
        network.set_dial(u)
        predictions, told = network.run(images)
        expected, decisions = reference.run(model, images, tau=0.5, u=u)
        np.testing.assert_array_equal(told, decisions)
        np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)
        found.append(told)
    return np.array(found)


@pytest.mark.parametrize("name", CASES)
def test_equals_keras_at_every_u(made, images, name):
    decisions = compare(*made(name), images[:4])
    # Every component is open somewhere, and closed somewhere.
    assert (decisions.std(axis=(0, 1)) > 0.0).mean() > 0.7
    varies = decisions.std(axis=1).any()
    assert varies == (CASES[name][0] == "contextual")


@pytest.mark.parametrize("name", ["resnet", "densenet"])
def test_branches_stand_behind_conditions(made, name):
    model, path = made(name)
    structure = Structure(path)
    assert structure.main["IF"] == len(model.blocks)
    assert len(structure.subgraphs) == 1 + 2 * len(model.blocks)
    for opened, closed in structure.branches:
        assert opened.count("CONV_2D") == 2 and "CONV_2D" not in closed
        # Layers of dense blocks are scaled where they run.
        assert (opened[-1] == "MUL") == (name == "densenet") and "MUL" not in closed
    # The stem, and in dense networks two transitions; what decides stands here once.
    own = {"resnet": 1, "densenet": 1 + 2 + 1}[name]
    assert structure.main["CONV_2D"] == own + 1
    assert "LOGISTIC" not in structure.all


def test_clusters_stand_behind_conditions(made):
    structure = Structure(made("vgg")[1])
    # At four gated places.
    conditions = sum(names.count("IF") for names in structure.subgraphs)
    assert structure.main["IF"] >= 4 and conditions >= structure.main["IF"]
    assert len(structure.subgraphs) == 1 + 2 * conditions
    assert not {name for name in structure.all if "SELECT" in name or ":" in name}
    # Behind every convolution whose filters are gated there is a mask, with the scale.
    masked = [names for names in structure.subgraphs if "MUL" in names]
    assert len(masked) >= 6


@pytest.mark.parametrize("name", ["resnet", "densenet", "mixed", "vgg"])
def test_metadata_counts_what_is_executed(made, images, name):
    model, path = made(name)
    description, counter = metadata.read(path), Counter(path)
    gates = sum(gate["gate_macs"] for gate in description["gates"])
    assert gates == model.costs.gate_total > 0
    assert description["macs"]["all_open"] == model.costs.dense + gates
    counts = set()
    for u in US:
        for image in images[:2]:
            executed, told = counter.run(image, u)
            assert told == executed
            counts.add(executed)
    assert len(counts) > 1 and max(counts) <= model.costs.dense


@pytest.mark.parametrize("name", ["resnet", "densenet"])
def test_macs_are_those_of_the_open_components(made, images, name):
    model, path = made(name)
    description, network = metadata.read(path), runtime.Network(path)
    for u in US:
        network.set_dial(u)
        _, told = network.run(images[:1])
        sizes = np.cumsum(list(model.costs.sizes.values()))[:-1]
        parts = np.split(told[0], sizes)
        expected = model.costs.count(dict(zip(model.costs.sizes, parts, strict=True)))
        (actual,) = np.ravel(description.executed_macs(told, u))
        assert actual == expected


def test_blind_files_list_macs_over_u(made, images):
    model, path = made("vgg")
    description = metadata.read(path)
    steps = description["u"]["steps"]
    begins = [step["from"] for step in steps]
    assert begins[0] == 0.0 and begins == sorted(set(begins)) and len(begins) > 5
    assert description["tau"] == {"input": False, "value": 0.5}
    for u in throttled.US:
        _, decisions = reference.run(model, images[:1], tau=0.5, u=u)
        (macs,) = metadata.macs_of_products(description["macs"], decisions)
        assert description.executed_macs(u=u) == macs


def test_contextual_files_list_none(made):
    description = metadata.read(made("mixed")[1])
    assert description["u"] == {"value": 1.0, "steps": None}
    assert description.dial == "u" and description.executed_macs(u=0.5) is None
    nothing = np.zeros((2, len(description.components)))
    closed = description["macs"]["all_closed"]
    assert description.executed_macs(nothing, 0.5).tolist() == [closed, closed]


def test_what_is_closed_is_not_computed(tmp_path, images):
    model = throttled.learned("mixed", "contextual", images[:4])
    filters = model.blocks[1]
    # Filters 10 and 11 of the inner place are with 6 to 9 in its last cluster.
    layer = filters.stages[0].layers[0]
    kernel = keras.ops.convert_to_numpy(layer.kernel).copy()
    kernel[..., 10:] = np.nan
    layer.kernel.assign(kernel)
    path = tmp_path / "f.tflite"
    convert.convert(model, path, min_group=4, gate_outputs=True, check_samples=0)
    network, seen = runtime.Network(path), set()
    for u in throttled.US:
        network.set_dial(u)
        predictions, z = network.run(images[:4])
        inner, output = z[:, 1:6], z[:, 6:10]
        # All that reads the sum of a closed place is closed with it.
        runs = inner[:, 2:].any(axis=1) & output.any(axis=1)
        np.testing.assert_array_equal(np.isnan(predictions).any(axis=1), runs)
        seen |= set(runs.tolist())
    assert seen == {False, True}


def test_clusters_come_from_what_a_blind_function_opens_over_u(images):
    model = throttled.learned("vgg", "blind", images[:4])
    opened = over_u(model)
    us = (np.arange(64) + 0.5) / 64
    expected = [calibration.record(model, images[:1], 0.5, u) for u in us.tolist()]
    for gate in model.gates:
        rows = np.concatenate([row[gate.name] for row in expected])
        assert (opened[gate.name] == rows).mean() > 0.98  # but for close decisions
    said = []
    options = Options(min_group=4)
    conversion.run(model, options, print_fn=said.append)
    clusters = clustering.of_network(
        model, opened, 4, cost_model.condition_macs(), cost_model.pass_macs()
    )
    assert clusters.describe() in said


def test_those_of_a_contextual_one_from_images_too(tmp_path, images):
    model = throttled.learned("mixed", "contextual", images[:4])
    assert over_u(model) is None
    opened = over_u(model, images[:4])
    assert {rows.shape[0] for rows in opened.values()} == {4 * 9}
    expected = calibration.record(model, images[:4], 0.5, u=0.25)
    for name, rows in opened.items():
        np.testing.assert_array_equal(rows[8:12], expected[name])
    path = tmp_path / "f.tflite"
    convert.convert(model, path, min_group=4, gate_outputs=True, calibration=images[:4])
    compare(model, path, images[:4])


def over_u(model, images=None):
    learned = Learned(model, LogOddsThreshold(0.5))
    return expectations.over_u(model, Options(calibration=images), learned)


def test_dense_opens_everything(tmp_path, images):
    model = throttled.learned("mixed", "blind", images[:4])
    path = tmp_path / "f.tflite"
    convert.convert(
        model, path, gate_outputs=True, signatures=("gated", "dense"), min_group=4
    )
    compare(model, path, images[:2], us=(0.5,))
    predictions, _ = runtime.Network(path, signature="dense").run(images[:2])
    expected, decisions = reference.run(model, images[:2], tau=None)
    assert decisions.all()
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)


def test_another_threshold_and_masks(tmp_path, images):
    model = throttled.learned("mixed", "contextual", images[:4])
    path = tmp_path / "f.tflite"
    convert.convert(
        model, path, tau=0.6, gate_outputs=True, block_lowering=[("*", "masked")]
    )
    assert len(Structure(path).subgraphs) == 1
    network = runtime.Network(path)
    network.set_dial(0.5)
    predictions, told = network.run(images[:4])
    expected, decisions = reference.run(model, images[:4], tau=0.6, u=0.5)
    np.testing.assert_array_equal(told, decisions)
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)
    assert metadata.read(path)["tau"]["value"] == 0.6


@pytest.mark.parametrize("quantize", ["dynamic", "float16", "int8"])
def test_quantized_files_decide_alike(tmp_path, images, quantize):
    name = "resnet" if quantize == "int8" else "mixed"
    model = throttled.learned(name, "contextual", images[:4])
    path = tmp_path / "f.tflite"
    convert.convert(
        model,
        path,
        gate_outputs=True,
        quantize=quantize,
        calibration=images[:8] if quantize == "int8" else None,
    )
    network, alike = runtime.Network(path), []
    for u in US:
        network.set_dial(u)
        _, told = network.run(images[:4])
        _, decisions = reference.run(model, images[:4], tau=0.5, u=u)
        alike.append(told == decisions)
    # The gating function itself is float32; what it sees of the image may not be.
    assert np.mean(alike) > (0.9 if quantize == "int8" else 0.99)


def test_filters_have_no_int8(tmp_path, images):
    model = throttled.network("mixed", "blind")
    with pytest.raises(errors.InputError, match="for int8, got 'filters'"):
        convert.convert(
            model, tmp_path / "f.tflite", quantize="int8", calibration=images[:4]
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lowering": "masked"}, "--lowering=conditional or dense"),
        ({"lowering": "pruned"}, "--lowering=conditional or dense"),
        ({"tau_input": True}, "without --tau_input"),
        ({"levels": 2}, "no --levels for a throttled network whose gating is learned"),
        ({"max_growth": 2.0}, "no --max_growth for a throttled network"),
        ({"filters_at_once": 8}, "--calibration_dataset with --filters_at_once"),
        ({"autotune": True}, "no --autotune for a throttled network"),
        ({"block_lowering": [("filters", "gather")]}, "exact lowerings: groups, mas"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, arguments, message):
    model = throttled.network("mixed", "contextual")
    with pytest.raises(errors.InputError, match=message):
        convert.convert(model, tmp_path / "f.tflite", **arguments)
    assert not list(tmp_path.iterdir())


def test_unknown_gating_functions_are_refused(tmp_path):
    class Other(tfgate.throttling.BlindController):
        def features(self, inputs):
            return super().features(1.0 - inputs)

    model = tfgate.throttle(throttled.network("mixed"), Other)
    with pytest.raises(errors.InputError, match="learned one of class .*, got Other"):
        convert.convert(model, tmp_path / "f.tflite")
    assert not list(tmp_path.iterdir())


def test_scales_are_those_of_the_gating_function():
    modules = [
        Module("stage", "depth", 0, 3),
        Module("some", "width", 3, 4),
        Module("more", "width", 7, 2, always_open=2),
    ]
    gating = tfgate.throttling.BlindController(modules)
    layer = Weights(modules, LogOddsThreshold(0.5))
    random = np.random.default_rng(1)
    rows = [np.ones(9), np.zeros(9), *random.integers(0, 2, (8, 9))]
    for row in rows:
        decisions = row.astype("float32")
        weights = np.asarray(layer(2.0 * decisions - 1.0))
        scale = np.asarray(gating.scale(decisions[None]))[0]
        np.testing.assert_array_equal(weights[:9], decisions * scale)
        np.testing.assert_array_equal(weights[9:], scale[[0, 3, 7]])


@pytest.mark.parametrize("tau", [0.3, 0.5])
def test_intervals_of_a_blind_controller(images, tau):
    model = throttled.learned("vgg", "blind", images[:2])
    begins, decisions = Learned(model, LogOddsThreshold(tau)).intervals(tau)
    assert begins[0] == 0.0 and np.all(np.diff(begins) > 0.0) and len(begins) > 5
    us = np.linspace(0.0, 1.0, 2001, dtype="float32")
    away = np.abs(us[:, None] - begins[None, 1:]).min(axis=1) > 1e-5
    found = decisions[np.searchsorted(begins, us, side="right") - 1]
    with tfgate.use_policy(model, tfgate.Threshold(tau)):
        expected = np.asarray(model.gating(us)["decision"])
    np.testing.assert_array_equal(found[away], expected[away])
    assert away.mean() > 0.9
