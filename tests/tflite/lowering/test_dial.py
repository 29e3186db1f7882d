import keras
import numpy as np
import pytest

import tfgate
from tests.tflite import throttled
from tests.tflite.structure import Structure
from tflite import convert
from tflite import errors
from tflite import metadata
from tflite import reference
from tflite import runtime
from tflite.lowering.dial import Opening
from tflite.lowering.dial import scale

# Float32 sums in another order, and batch norms folded into convolutions.
TOLERANCE = 1e-4
# Every width that a component makes, so that nothing closed is computed.
EVERY_WIDTH = {"levels": 100, "min_group": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Function from a network, its gating and convert's arguments to (model, path)."""
    directory, files = tmp_path_factory.mktemp("throttled"), {}

    def get(name, gating="nested", **arguments):
        key = (name, gating, *sorted(arguments.items()))
        if key not in files:
            model = throttled.network(name, gating)
            path = directory / f"{len(files)}.tflite"
            convert.convert(model, path, gate_outputs=True, **arguments)
            files[key] = model, path
        return files[key]

    return get


@pytest.mark.parametrize(
    ("name", "gating", "arguments"),
    [
        ("vgg", "nested", {"min_group": 2}),
        ("vgg", "independent", {"levels": 2, "min_group": 1}),
        ("resnext", "nested", {"min_group": 4}),
        pytest.param("resnext", "independent", EVERY_WIDTH, marks=pytest.mark.large),
        ("everywhere", "nested", {"min_group": 8}),
        ("resnet", "nested", {}),
        ("resnet", "independent", {}),
        ("densenet", "nested", {}),
    ],
)
def test_equals_keras_at_every_u(made, images, name, gating, arguments):
    model, path = made(name, gating, **arguments)
    network = runtime.Network(path)
    activation_rates = []
    for u in throttled.US:
        network.set_dial(u)
        predictions, decisions = network.run(images[:3])
        expected, expected_decisions = reference.run(model, images[:3], tau=None, u=u)
        np.testing.assert_array_equal(decisions, expected_decisions)
        np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)
        activation_rates.append(decisions.mean())
    assert activation_rates[-1] == 1.0
    assert np.all(np.diff(activation_rates) >= 0.0) and activation_rates[0] < 0.5


@pytest.mark.parametrize(
    "name",
    ["vgg", pytest.param("resnext", marks=pytest.mark.large), "resnet", "densenet"],
)
def test_macs_are_those_of_the_open_components(made, images, name):
    arguments = EVERY_WIDTH if name in ("vgg", "resnext") else {}
    model, path = made(name, **arguments)
    description = metadata.read(path)
    for u in throttled.US:
        gates = model.core([images[:1], np.array([u])])["gates"]
        decisions = {gate: np.asarray(v["decision"])[0] for gate, v in gates.items()}
        expected = model.costs.count(decisions)
        # Behind the last gated layer the classifier reads its zeros, too.
        unread = 120 - 30 * decisions["fc_gate"].sum() - 30 if name == "vgg" else 0
        actual = description.executed_macs(u=u)
        assert actual == pytest.approx(expected + unread, abs=2)
    assert description["macs"]["all_open"] == model.costs.dense


def test_fewer_widths_compute_more(made):
    _, every = made("vgg", **EVERY_WIDTH)
    _, two = made("vgg", levels=2, min_group=1)
    fine, coarse = metadata.read(every), metadata.read(two)
    macs = [[file.executed_macs(u=u) for u in throttled.US] for file in (fine, coarse)]
    assert np.all(np.less_equal(*macs)) and macs[0][4] < macs[1][4]
    assert len(fine["u"]["steps"]) > len(coarse["u"]["steps"])


def test_widths_stand_behind_conditions(made):
    _, path = made("vgg", min_group=2)
    structure = Structure(path)
    # Three blocks; the inner conditions of four widths are in the branches.
    assert structure.main["IF"] == 3
    assert sum(names.count("IF") for names in structure.subgraphs) == 9
    assert not {name for name in structure.all if "SELECT" in name or ":" in name}
    assert structure.main["CONV_2D"] == 0


def test_layers_of_a_dense_block_stand_behind_conditions(made):
    model, path = made("densenet")
    structure = Structure(path)
    assert structure.main["IF"] == len(model.blocks)
    for opened, closed in structure.branches:
        assert opened.count("CONV_2D") == 2 and "CONV_2D" not in closed


@pytest.mark.parametrize("name", ["vgg", "resnext"])
def test_what_is_closed_is_not_computed(tmp_path, images, name):
    model = throttled.network(name)
    for block in model.blocks:
        for layer in block._flatten_layers():
            mixes = isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
            if mixes and layer.name.split("_")[-1] != "hidden":
                kernel = keras.ops.convert_to_numpy(layer.kernel).copy()
                if name == "resnext" and not layer.name.endswith("2_conv"):
                    continue
                quarter = kernel.shape[-1] // 4
                kernel[..., -quarter:] = np.nan
                layer.kernel.assign(kernel)
    path = tmp_path / "f.tflite"
    convert.convert(model, path, min_group=2, check_samples=0)
    network = runtime.Network(path)
    network.set_dial(0.5)
    assert np.isfinite(network.run(images[:1])[0]).all()
    network.set_dial(1.0)
    assert np.isnan(network.run(images[:1])[0]).any()


def test_u_is_clamped(made, images):
    _, path = made("resnet")
    network = runtime.Network(path)
    ends = []
    for u in (-3.0, 0.0, 1.0, 7.0):
        network.set_dial(u)
        ends.append(network.run(images[:1])[0])
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[2], ends[3])
    assert np.abs(ends[0] - ends[2]).max() > 1e-3


def test_dense_fixes_u_at_one(tmp_path, images):
    model = throttled.network("resnext")
    path = tmp_path / "dense.tflite"
    description = convert.convert(model, path, lowering="dense")
    assert description["u"] is None and description.dial is None
    structure = Structure(path)
    assert len(structure.subgraphs) == 1
    predictions, _ = runtime.Network(path).run(images[:2])
    expected, _ = reference.run(model, images[:2], tau=None, u=1.0)
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lowering": "masked"}, "--lowering=conditional or dense"),
        ({"lowering": "pruned"}, "--lowering=conditional or dense"),
        ({"tau_input": True}, "without --tau_input"),
        ({"levels": 0}, "--levels of at least 1"),
        ({"min_group": 0}, "--min_group of at least 1"),
        ({"lowering": "dense", "levels": 2}, "no --levels"),
        ({"levels": 2}, "no --levels for a network without gated filters"),
        ({"filters_at_once": 8}, "no --filters_at_once for a network without gated f"),
        ({"min_group": 8}, "no --min_group for a network without gated filters"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, arguments, message):
    model = throttled.network("resnet")
    with pytest.raises(errors.InputError, match=message):
        convert.convert(model, tmp_path / "f.tflite", **arguments)
    assert not list(tmp_path.iterdir())


def test_widths_do_not_fill_kernels(tmp_path):
    model = throttled.network("resnext")
    with pytest.raises(errors.InputError, match="whose gating follows a rule.*got 8"):
        convert.convert(model, tmp_path / "f.tflite", filters_at_once=8)
    assert not list(tmp_path.iterdir())


def test_widths_need_a_dial(networks, tmp_path):
    with pytest.raises(errors.InputError, match="no --min_group without a throttled"):
        convert.convert(networks["independent"], tmp_path / "f.tflite", min_group=8)


def test_learned_order_is_refused(tmp_path):
    class Learned(tfgate.throttling.GatingFunction):
        def compute_logits(self, inputs, training=None):
            return keras.ops.zeros((keras.ops.shape(inputs)[0], self.components, 2))

    model = tfgate.throttle(throttled.network("resnet"), Learned)
    with pytest.raises(errors.InputError, match="nested or independent gating"):
        convert.convert(model, tmp_path / "f.tflite")


def test_an_opening_holds_from_its_threshold_on():
    opening = Opening(float(np.float32(1 / 3)))
    assert opening.holds(1 / 3) and opening.holds(1.0)
    assert not opening.holds(np.nextafter(np.float32(1 / 3), np.float32(0)))


@pytest.mark.parametrize("always_open", [0, 1])
def test_scale_is_that_of_the_gating_function(always_open):
    module = tfgate.throttling.Module("m", "width", 0, 5, always_open)
    gating = tfgate.throttling.Nested([module])
    us = np.linspace(0, 1, 50, dtype="float32")
    expected = np.asarray(gating(us)["scale"])[:, 0]
    some = np.asarray(gating(us)["decision"]).any(axis=1) | bool(always_open)
    scales = np.array([float(scale(module, u)) for u in us], "float32")
    np.testing.assert_array_equal(scales[some], expected[some])
