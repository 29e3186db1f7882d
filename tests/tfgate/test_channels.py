"""What layers do with channels."""

import keras
import pytest

from tfgate import channels
from tfgate.channels import Kind

L = keras.layers


class Scale(L.Dense):
    """A subclass may compute anything."""


def built(layer, shape=(None, 8, 8, 4)):
    layer.build(shape)
    return layer


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (L.Conv2D(3, 3), Kind.MIXES),
        (L.Conv2D(3, 3, activation="relu"), Kind.MIXES),
        (L.Dense(3), Kind.MIXES),
        (L.Conv2D(4, 3, groups=2), Kind.GROUPS),
        (L.Conv2D(4, 3, groups=2, activation="softmax"), Kind.UNKNOWN),
        (L.Conv2D(3, 3, activation="softmax"), Kind.UNKNOWN),
        (L.Conv2D(3, 3, data_format="channels_first"), Kind.UNKNOWN),
        (L.Conv2DTranspose(3, 3), Kind.UNKNOWN),
        (L.SeparableConv2D(3, 3), Kind.UNKNOWN),
        (Scale(3), Kind.UNKNOWN),
        (L.BatchNormalization(), Kind.KEEPS),
        (L.BatchNormalization(axis=3), Kind.KEEPS),
        (L.BatchNormalization(axis=1), Kind.UNKNOWN),
        (L.LayerNormalization(), Kind.UNKNOWN),
        (L.ReLU(), Kind.KEEPS),
        (L.Activation("gelu"), Kind.KEEPS),
        (L.Activation("softmax"), Kind.UNKNOWN),
        (L.Activation(lambda x: x[..., ::-1]), Kind.UNKNOWN),
        (L.DepthwiseConv2D(3), Kind.KEEPS),
        (L.DepthwiseConv2D(3, depth_multiplier=2), Kind.UNKNOWN),
        (L.MaxPooling2D(), Kind.KEEPS),
        (L.GlobalMaxPooling2D(), Kind.KEEPS),
        (L.MaxPooling2D(data_format="channels_first"), Kind.UNKNOWN),
        (L.ZeroPadding2D(data_format="channels_first"), Kind.UNKNOWN),
        (L.Dropout(0.5), Kind.KEEPS),
        (L.Flatten(), Kind.UNKNOWN),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_kinds(layer, kind):
    assert channels.kind(built(layer)) is kind


def test_group_sizes():
    assert channels.group_sizes(built(L.Conv2D(6, 3, groups=2))) == (2, 3)


def test_adapted_kernels_are_not_sliced():
    layer = built(L.Dense(3))
    layer.enable_lora(2)
    assert channels.kind(layer) is Kind.UNKNOWN


def test_nested_sequentials_come_apart():
    relu, conv, pool = L.ReLU(), L.Conv2D(3, 1), L.MaxPooling2D()
    nested = keras.Sequential([keras.Sequential([relu]), conv, pool])
    assert channels.leaves(nested) == [relu, conv, pool]
    assert channels.leaves(conv) == [conv]
