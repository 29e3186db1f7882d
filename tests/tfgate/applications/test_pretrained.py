"""Pretrained weights, loaded by layer name: all of them or none."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tfgate.applications import CifarResNet
from tfgate.applications.pretrained import load_pretrained
from tfgate.applications.pretrained import mismatches

SHAPE = (8, 8, 3)


def network(seed, **arguments):
    keras.utils.set_random_seed(seed)
    model = CifarResNet(8, input_shape=SHAPE, **arguments)
    builders.randomize(model, seed)
    return model


def reference(weights):
    """What `load_pretrained` is given: the dense network."""
    return network(5 if weights == "imagenet" else 6)


def predictions(model):
    pixels = np.random.default_rng(0).normal(size=(4, *SHAPE)).astype("float32")
    with tfgate.use_policy(model, tfgate.AlwaysOpen()):
        return builders.predict(model, pixels)


@pytest.fixture
def gated():
    return network(1, gate="independent")


class TestLoading:
    @pytest.mark.parametrize("gating", ["nested", "blind"])
    def test_networks_with_a_dial_give_their_data_path(self, gated, tmp_path, gating):
        arguments = {}
        if gating == "blind":
            arguments["estimator"] = tfgate.throttling.ScoreFunction()
        model = tfgate.throttle(network(2, gate="independent"), gating, **arguments)
        model.save(tmp_path / "m.keras")
        load_pretrained(gated, tmp_path / "m.keras", reference)
        np.testing.assert_array_equal(
            predictions(gated), predictions(network(2, gate="independent"))
        )

    def test_none_leaves_the_model(self, gated):
        before = [w.copy() for w in gated.get_weights()]
        load_pretrained(gated, None, reference)
        for old, new in zip(before, gated.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    def test_the_published_ones(self, gated):
        load_pretrained(gated, "imagenet", reference)
        expected = builders.predict(reference("imagenet"), np.ones((1, *SHAPE)))
        with tfgate.use_policy(gated, tfgate.AlwaysOpen()):
            found = builders.predict(gated, np.ones((1, *SHAPE)))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("name", ["w.keras", "w.weights.h5"])
    def test_a_path(self, gated, tmp_path, name):
        source = network(9)
        path = tmp_path / name
        source.save(path) if path.suffix == ".keras" else source.save_weights(path)
        load_pretrained(gated, path, reference)
        expected = builders.predict(source, np.ones((1, *SHAPE)))
        with tfgate.use_policy(gated, tfgate.AlwaysOpen()):
            found = builders.predict(gated, np.ones((1, *SHAPE)))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

    def test_gates_come_from_a_gated_file(self, gated, tmp_path):
        source = network(9, gate="independent")
        source.save(tmp_path / "w.keras")
        load_pretrained(gated, tmp_path / "w.keras", reference)
        np.testing.assert_allclose(predictions(gated), predictions(source), rtol=1e-5)
        np.testing.assert_array_equal(
            gated.gates[0].component_logits, source.gates[0].component_logits
        )

    def test_a_classifier_is_left_out(self, tmp_path):
        network(9).save(tmp_path / "w.keras")
        whole = network(1)
        body = keras.Model(whole.input, whole.get_layer("avg_pool").output)
        load_pretrained(body, tmp_path / "w.keras", reference, include_top=False)
        with pytest.raises(ValueError, match="predictions .* not expected"):
            load_pretrained(body, tmp_path / "w.keras", reference)


class TestRefusals:
    def check(self, model, path, match, reference=reference):
        before = [w.copy() for w in model.get_weights()]
        with pytest.raises(ValueError, match=match):
            load_pretrained(model, path, reference)
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    def test_another_number_of_classes(self, gated, tmp_path):
        network(9, classes=7).save(tmp_path / "w.keras")
        self.check(gated, tmp_path / "w.keras", r"1 layers .*predictions .*got .*64, 7")

    def test_another_depth(self, gated, tmp_path):
        CifarResNet(14, input_shape=SHAPE).save(tmp_path / "w.keras")
        self.check(gated, tmp_path / "w.keras", "conv2_block2_1_conv .*not expected")

    def test_another_stride(self, tmp_path):
        arguments = {"input_shape": (32, 32, 3), "include_top": False}
        tfgate.applications.ResNet50(stride_on="3x3", **arguments).save(
            tmp_path / "w.keras"
        )
        with pytest.raises(ValueError, match="1_conv expected strides .2, 2., got .1"):
            tfgate.applications.ResNet50(weights=tmp_path / "w.keras", **arguments)

    def test_missing_layers_are_listed(self):
        shallow = CifarResNet(8, input_shape=SHAPE)
        deep = CifarResNet(14, input_shape=SHAPE)
        found = mismatches(shallow, deep)
        assert len(found) == 3 * 4
        assert found[0].startswith("conv2_block2_1_conv expected [(3, 3, 16, 16)]")

    @pytest.mark.parametrize(("depth", "other"), [(8, 14), (14, 8)])
    def test_weights_of_another_depth(self, depth, other, tmp_path):
        path = tmp_path / "w.weights.h5"
        CifarResNet(other, input_shape=SHAPE).save_weights(path)
        model = CifarResNet(depth, input_shape=SHAPE, gate="independent")

        def of_that_depth(weights):
            return CifarResNet(depth, input_shape=SHAPE)

        self.check(model, path, "Expected a .keras file or .h5", of_that_depth)

    def test_no_file(self, gated, tmp_path):
        self.check(gated, tmp_path / "missing.keras", "Expected a file of weights")

    @pytest.mark.parametrize("name", ["w.keras", "w.weights.h5", "w.txt"])
    def test_damaged(self, gated, tmp_path, name):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        self.check(gated, tmp_path / name, "Expected a .keras file or .h5 weights")
