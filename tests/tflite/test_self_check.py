import keras
import numpy as np
import pytest

from tests.tfgate.builders import randomize
from tests.tflite import builders
from tflite import convert
from tflite import errors
from tflite import metadata
from tflite import self_check
from tflite.options import Options

TAU_INPUT = {"lowering": "conditional", "tau_input": True, "gate_outputs": True}


def changed(model, layer, difference):
    """A copy of the small network with another bias of the layer."""
    other = builders.network()
    other.set_weights(model.get_weights())
    bias = other.get_layer(layer).bias
    bias.assign(bias + difference)
    return other


def check(path, model, **options):
    return self_check.check(
        path.read_bytes(), metadata.read(path), model, Options(**options)
    )


def test_right_files_pass(networks, converted, images):
    path = converted("dependent", **TAU_INPUT)
    assert check(path, networks["dependent"]) is None
    assert check(path, networks["dependent"], calibration=images) is None


@pytest.mark.parametrize("quantize", ["none", "dynamic"])
def test_other_predictions_are_refused(networks, converted, quantize):
    other = changed(networks["dependent"], "predictions", np.eye(10)[3] * 100)
    path = converted("dependent", **TAU_INPUT)
    message = "Keras' to .*difference" if quantize == "none" else "at least 50% .*class"
    with pytest.raises(errors.InputError, match=message):
        check(path, other, quantize=quantize)
    check(path, other, quantize=quantize, check_samples=0)


def test_small_differences_are_refused_in_float_only(networks, converted):
    path = converted("dependent", **TAU_INPUT)
    other = changed(networks["dependent"], "predictions", np.full(10, 0.01))
    largest = np.abs(other.predict(np.zeros((1, 32, 32, 3)), verbose=0)).max()
    assert largest < 10
    with pytest.raises(errors.InputError, match="Keras' to"):
        check(path, other)
    check(path, other, quantize="float16")


@pytest.mark.parametrize(
    ("quantize", "message"),
    [("none", "decides as Keras does"), ("dynamic", "at least 75% .*decisions")],
)
def test_other_decisions_are_refused(networks, converted, quantize, message):
    other = builders.network()
    other.set_weights(networks["dependent"].get_weights())
    for gate in other.gates:
        gate.logits_dense.kernel.assign(-gate.logits_dense.kernel)
        gate.logits_dense.bias.assign(-gate.logits_dense.bias)
    # Equal predictions: only the decisions tell them apart.
    last = other.get_layer("predictions")
    last.kernel.assign(0 * last.kernel)
    path = converted("dependent", **TAU_INPUT)
    with pytest.raises(errors.InputError, match=message):
        check(path, other, quantize=quantize)


def test_nothing_is_written_where_the_file_is_wrong(networks, tmp_path, monkeypatch):
    monkeypatch.setattr(self_check, "TOLERANCE", 1e-12)
    path = tmp_path / "f.tflite"
    path.write_bytes(b"before")
    with pytest.raises(errors.InputError, match="Keras' to"):
        convert.convert(networks["dependent"], path, lowering="conditional")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_networks_that_give_no_numbers_are_refused(networks, tmp_path):
    model = builders.network()
    model.set_weights(networks["dependent"].get_weights())
    builders.poison(model.blocks[1])
    with pytest.raises(errors.InputError, match="predictions are finite, got 'tiny'"):
        convert.convert(model, tmp_path / "f.tflite")
    assert not list(tmp_path.iterdir())


def test_close_calls_excuse_some_images_but_not_all(
    networks, converted, images, monkeypatch
):
    path = converted("dependent", **TAU_INPUT)
    monkeypatch.setattr(self_check, "CLOSE", 1e9)
    check(path, networks["dependent"], calibration=images)
    other = changed(networks["dependent"], "predictions", np.full(10, 0.01))
    with pytest.raises(errors.InputError, match="got none, and none whose gates"):
        check(path, other, calibration=images)


def test_files_that_do_not_run_are_refused(networks, converted):
    path = converted("dependent", lowering="dense")
    description = metadata.read(path)
    content = bytearray(path.read_bytes()[: description["flatbuffer"]["bytes"]])
    content[8:4000] = bytes(3992)
    document = {k: v for k, v in description.document.items() if k != "flatbuffer"}
    broken, description = metadata.append(bytes(content), document)
    with pytest.raises(errors.InputError, match="that LiteRT runs"):
        self_check.check(broken, description, networks["dependent"], Options())


def test_calibration_images_must_fit(networks, tmp_path):
    for shape in ((2, 16, 16, 3), (0, 32, 32, 3)):
        with pytest.raises(errors.InputError, match="calibration images, .*32, 32, 3"):
            convert.convert(
                networks["dependent"],
                tmp_path / "f.tflite",
                calibration=np.zeros(shape),
            )


def test_noise_is_in_the_networks_range(converted):
    description = metadata.read(converted("dependent", lowering="dense"))
    images = self_check.noise(description, 6)
    assert images.shape == (6, 32, 32, 3) and images.dtype == np.float32
    assert images.min() >= 0 and images.max() <= 255 and images.std() > 20
    np.testing.assert_array_equal(images, self_check.noise(description, 6))


def test_noise_fits_inputs_that_are_no_images(tmp_path):
    inputs = keras.Input((5,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    randomize(model)
    description = convert.convert(model, tmp_path / "f.tflite", lowering="dense")
    assert self_check.noise(description, 2).shape == (2, 5)


def test_every_interval_of_u_is_tried():
    begins = [0.0, 0.25, 0.5, 0.75]
    steps = [{"from": u, "macs": 1} for u in begins]
    description = metadata.Metadata({"tau": None, "u": {"value": 1.0, "steps": steps}})
    settings = self_check._settings(description, Options())
    assert settings[:3] == [(None, 0.0), (None, 0.5), (None, 1.0)]
    inside = [u for _, u in settings[3:]]
    assert np.searchsorted(begins, inside).tolist() == [1, 2, 3, 4]
    assert not set(inside) & set(begins) and max(inside) < 1.0
    assert self_check._settings(description, Options(quantize="dynamic")) == [
        *settings[:3]
    ]


def test_of_many_intervals_some_are_tried():
    steps = [{"from": step / 100, "macs": step} for step in range(100)]
    description = metadata.Metadata({"tau": None, "u": {"value": 1.0, "steps": steps}})
    inside = [u for _, u in self_check._settings(description, Options())[3:]]
    assert len(inside) == self_check.MOST_STEPS
    assert inside[0] < 0.01 and inside[-1] > 0.99
    assert np.ptp(np.diff(inside)) <= 0.011
    unknown = metadata.Metadata({"tau": None, "u": {"value": 1.0, "steps": None}})
    assert len(self_check._settings(unknown, Options())) == 3
