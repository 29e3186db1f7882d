import numpy as np

from tests.tfgate import exit_networks
from tflite import expectations
from tflite.options import Options


def test_decided_gates_are_taken_as_they_are(networks):
    # Their probabilities are 0.9, 0.2, 0.7.
    expected = expectations.expect(networks["independent"], Options())
    rates = [expected.decisions(f"{n}_gate").mean() for n in ("first", "second")]
    assert rates == [1.0, 0.0]


def test_undecided_gates_open_half_of_the_time(networks):
    expected = expectations.expect(networks["dependent"], Options())
    assert 0.4 < expected.decisions("first_gate").mean() < 0.6
    assert "half of the images" in expected.source


def test_calibration_images_tell(networks, images):
    model = networks["dependent"]
    expected = expectations.expect(model, Options(calibration=images, tau=0.3))
    assert f"{len(images)} calibration images" in expected.source
    gates = model.core(images, training=False)["gates"]
    opened = np.asarray(gates["first_gate"]["logits"]) > np.log(0.3 / 0.7)
    np.testing.assert_array_equal(expected.decisions("first_gate"), opened)


def test_images_that_have_left_are_not_asked():
    model = exit_networks.exit_model()
    recorded = {
        name: np.array([[1.0], [1.0], [0.0], [0.0]]) for name in model.gate_names
    }
    recorded["exit1_exit_gate"] = np.array([[0.0], [1.0], [0.0], [1.0]])
    expected = expectations.Expectations(model, 0.5, recorded)
    assert expected.decisions("block1_gate").shape == (4, 1)
    np.testing.assert_array_equal(expected.decisions("block2_gate"), [[1.0], [0.0]])
    # Of the two that come to the second exit, one goes on.
    np.testing.assert_array_equal(expected.decisions("block3_gate"), [[1.0]])
