import numpy as np
import pytest

from tflite import calibration
from tflite import datasets
from tflite import errors
from tflite import reference


def test_images_are_training_images():
    images = calibration.TrainingImages("digits", 5).load((32, 32, 3))
    expected = datasets.load("digits", samples=5, split="train").images
    np.testing.assert_array_equal(images, expected)
    assert (images != datasets.load("digits", samples=5).images).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("digits", 0), "--samples from 1"), (("mnist", 5), "--dataset among")],
)
def test_choices_are_checked_before_they_are_read(arguments, message):
    with pytest.raises(errors.InputError, match=message):
        calibration.TrainingImages(*arguments)


def test_images_must_fit_the_network():
    with pytest.raises(errors.InputError, match="network for images of digits"):
        calibration.TrainingImages("digits", 5).load((16, 16, 3))


def test_decisions_are_recorded_by_gate(networks, images):
    model = networks["dependent"]
    recorded = calibration.record(model, images, 0.3)
    assert list(recorded) == model.gate_names
    _, decisions = reference.run(model, images, tau=0.3)
    np.testing.assert_array_equal(np.concatenate([*recorded.values()], 1), decisions)
    assert {recorded["first_gate"].shape} == {(len(images), 1)}
