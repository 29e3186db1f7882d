import json

import keras
import numpy as np
import pytest

from tests.tflite import builders
from tests.tflite.conftest import SAMPLES
from tflite import datasets
from tflite import errors
from tflite import metadata
from tflite import reference
from tflite import verify

DIGITS = {"dataset": "digits", "samples": SAMPLES}
TAU_INPUT = {"lowering": "conditional", "tau_input": True, "gate_outputs": True}


def test_result_of_a_conditional_file(
    networks, keras_files, converted, images, tmp_path
):
    model, path = networks["dependent"], converted("dependent", **TAU_INPUT)
    result = verify.verify(
        keras_files["dependent"], path, tau=0.6, json=tmp_path / "r.json", **DIGITS
    )
    _, decisions = reference.run(model, images, tau=0.6)
    executed = metadata.read(path).executed_macs(decisions)
    assert result == json.loads((tmp_path / "r.json").read_text())
    assert result["samples"] == SAMPLES
    assert result["gate_agreement"] == result["prediction_agreement"] == 1.0
    assert result["max_abs_error"] <= 1e-4
    assert result["executed_macs_mean"] == pytest.approx(np.mean(executed))
    assert result["activation_rate"] == pytest.approx(decisions.mean())
    assert result["tau"] == 0.6
    assert result["compared"]["same_source"] is True
    assert result["accuracy"]["keras"] == result["accuracy"]["tflite"]
    assert {"tensorflow", "keras", "ai-edge-litert"} <= set(result["versions"])


def test_files_that_do_not_tell_their_decisions(keras_files, converted):
    path = converted("dependent", lowering="conditional")
    result = verify.verify(keras_files["dependent"], path, **DIGITS)
    assert result["gate_agreement"] is None
    assert result["executed_macs_mean"] is None
    assert result["prediction_agreement"] == 1.0


def test_masked_files_execute_all_whether_they_tell_or_not(
    networks, keras_files, converted
):
    path = converted("dependent", lowering="masked", gate_outputs=True)
    result = verify.verify(keras_files["dependent"], path, **DIGITS)
    assert result["executed_macs_mean"] == networks["dependent"].costs.all_open


def test_decided_gates_count_as_agreement(keras_files, converted):
    path = converted("independent", lowering="conditional")
    result = verify.verify(keras_files["independent"], path, **DIGITS)
    assert result["gate_agreement"] == 1.0
    assert result["activation_rate"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", ["dense", "dependent"])
def test_dense_files_are_compared_with_open_gates(networks, converted, name):
    path = converted(name, lowering="dense")
    result = verify.verify(networks[name], path, **DIGITS)
    assert result["prediction_agreement"] == 1.0
    assert result["max_abs_error"] <= 1e-4
    assert result["tau"] is None
    assert result["compared"]["reference"] == "Keras, all gates open"
    assert result["compared"]["same_source"] is None


def test_disagreement_is_found(networks, converted):
    other = builders.network()
    other.set_weights(networks["dependent"].get_weights())
    last = other.gates[2].logits_dense
    last.bias.assign(last.bias + np.array([0.0, 100.0]))
    head = other.get_layer("predictions")
    head.bias.assign(np.eye(10)[3] * 100)
    path = converted("dependent", **TAU_INPUT)
    result = verify.verify(other, path, **DIGITS)
    assert result["gate_agreement"] < 0.95
    assert result["prediction_agreement"] < 0.9
    assert result["max_abs_error"] > 50


def test_worst_images(networks, keras_files, converted, images):
    path = converted("dependent", **TAU_INPUT)
    other = builders.network()
    other.set_weights(networks["dependent"].get_weights())
    head = other.get_layer("predictions")
    head.kernel.assign(head.kernel * 2.0)
    result = verify.verify(other, path, worst=3, **DIGITS)
    labels = datasets.load("digits", samples=SAMPLES).labels
    theirs, _ = reference.run(other, images, tau=0.5)
    ours, _ = reference.run(networks["dependent"], images, tau=0.5)
    errors_of = np.abs(theirs - ours).max(axis=1)
    worst = result["worst"]
    assert [image["index"] for image in worst] == list(np.argsort(-errors_of)[:3])
    for image in worst:
        index = image["index"]
        assert image["error"] == pytest.approx(errors_of[index], rel=1e-3)
        assert image["label"] == labels[index]
        assert image["keras"] == theirs[index].argmax()
        assert image["tflite"] == ours[index].argmax()
        assert image["gates_differ"] == 0
    assert result["max_abs_error"] == worst[0]["error"]
    assert verify.verify(other, path, worst=0, **DIGITS)["worst"] == []


def test_cifar10(networks, converted, data_dir):
    result = verify.verify(
        networks["dependent"],
        converted("dependent", **TAU_INPUT),
        dataset="cifar10",
        samples=20,
        data_dir=data_dir,
    )
    assert result["max_abs_error"] <= 1e-4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dataset": "mnist"}, "--dataset among"),
        ({"samples": 1000}, "--samples from 1 to 360"),
        ({"tau": 1.0}, r"--tau in \(0, 1\)"),
        ({"worst": -1}, "--worst of at least 0"),
        ({"tau": 2.0}, r"--tau in \[0, 1\]"),
        ({"json": "missing/result.json"}, "--json in an existing directory"),
    ],
)
def test_bad_arguments(networks, converted, arguments, message):
    path = converted("dependent", **TAU_INPUT)
    with pytest.raises(errors.InputError, match=message):
        verify.verify(networks["dependent"], path, **DIGITS | arguments)


def other_input_size():
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.GlobalAveragePooling2D()(inputs)
    return keras.Model(inputs, keras.layers.Dense(10)(x))


def test_other_networks_are_refused(networks, converted):
    path = converted("dependent", **TAU_INPUT)
    with pytest.raises(errors.InputError, match="with the 3 gates"):
        verify.verify(networks["dense"], path, **DIGITS)
    with pytest.raises(errors.InputError, match="images of the shape"):
        verify.verify(
            other_input_size(), converted("dense", lowering="dense"), **DIGITS
        )
