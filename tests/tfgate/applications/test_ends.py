"""The two ends of a network, as in keras.applications: its input and its head."""

import keras
import numpy as np
import pytest

import tfgate
from tfgate.applications import ends


class TestInput:
    def test_default(self):
        assert ends.image_input(None, None, (8, 8, 3)).shape == (None, 8, 8, 3)

    def test_any_size_without_a_classifier(self):
        found = ends.image_input(None, None, (8, 8, 3), include_top=False)
        assert found.shape == (None, None, None, 3)

    def test_given(self):
        assert ends.image_input((4, 6, 1), None, (8, 8, 3)).shape == (None, 4, 6, 1)
        tensor = keras.Input((5, 5, 2))
        assert ends.image_input((4, 6, 1), tensor, (8, 8, 3)) is tensor

    def test_of_two_dimensions(self):
        with pytest.raises(ValueError, match=r"\(height, width, channels\), got \(4,"):
            ends.image_input((4, 6), None, (8, 8, 3))


class TestHead:
    @pytest.mark.parametrize(
        ("arguments", "shape"),
        [
            ((True, None, 7, "softmax"), (None, 7)),
            ((True, "max", 7, None), (None, 7)),
            ((False, "avg", 7, None), (None, 2)),
            ((False, "max", 7, None), (None, 2)),
            ((False, None, 7, None), (None, 4, 4, 2)),
        ],
    )
    def test_shapes(self, arguments, shape):
        assert ends.head(keras.Input((4, 4, 2)), *arguments).shape == shape

    def test_poolings(self):
        inputs = keras.Input((4, 4, 2))
        pixels = np.random.default_rng(0).normal(size=(3, 4, 4, 2)).astype("float32")
        for pooling, expected in (("avg", pixels.mean((1, 2))), ("max", None)):
            model = keras.Model(inputs, ends.head(inputs, False, pooling, 7, None))
            expected = pixels.max((1, 2)) if expected is None else expected
            np.testing.assert_allclose(model(pixels), expected, rtol=1e-5, atol=1e-6)

    def test_unknown_pooling(self):
        with pytest.raises(ValueError, match="Expected pooling to be one of"):
            ends.head(keras.Input((4, 4, 2)), False, "mean", 7, None)

    def test_logits_are_float32_in_half_precision(self):
        x = keras.KerasTensor((None, 4, 4, 2), "float16")
        assert ends.head(x, True, None, 7, None).dtype == "float32"


class TestFinish:
    def test_plain_or_gated(self):
        inputs = keras.Input((4, 4, 2))
        block = tfgate.GatedResidual(
            keras.layers.Conv2D(2, 1), tfgate.IndependentGate()
        )
        outputs, _ = block(inputs)
        gated = ends.finish(inputs, outputs, None, True, "gated")
        assert type(gated) is tfgate.GatedModel
        dense = ends.finish(inputs, keras.layers.ReLU()(inputs), None, False, "dense")
        assert isinstance(dense, keras.Model)
        assert not isinstance(dense, tfgate.GatedModel)
        assert (gated.name, dense.name) == ("gated", "dense")
