"""Copies keep configuration, weights and flags, those of nested layers too."""

import keras
import numpy as np
from keras import layers

from tests.tfgate.builders import randomize
from tests.tfgate.gating.networks import conv
from tests.tfgate.gating.networks import images
from tfgate.gating.layer_copies import LayerCopies


def copy_built(layer, x):
    copies = LayerCopies()
    copy = copies.of(layer)
    copy(x)
    copies.finish()
    assert copies.of(layer) is copy
    return copy


def test_weights_and_configuration():
    layer = conv("a", activation="relu", dtype="mixed_bfloat16")
    layer(images())
    randomize(layer)
    copy = copy_built(layer, images())
    assert copy.get_config() == layer.get_config()
    for ours, theirs in zip(copy.weights, layer.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours is not theirs


def test_flags_of_nested_layers():
    layer = keras.Sequential([conv("a"), layers.BatchNormalization(name="b")])
    layer(images())
    layer.layers[1].trainable = False
    copy = copy_built(layer, images())
    assert [x.trainable for x in copy.layers] == [True, False]
    assert copy.trainable


def test_nested_normalization_uses_its_statistics():
    normalization = layers.Normalization()
    normalization.adapt(3.0 * images(50) + 7.0)
    layer = keras.Sequential([normalization])
    x = images()
    expected = layer(x)
    np.testing.assert_array_equal(copy_built(layer, x)(x), expected)
