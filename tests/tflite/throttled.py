"""Small throttled networks on 32x32 images, of every kind of block."""

import keras

import tfgate
from tests.tfgate.builders import randomize

US = [step / 16 for step in range(17)]


def vgg():
    """Two stages of gated convolutions and a gated dense layer, without shortcuts."""

    def block(x, layers, group, name):
        gated = tfgate.GatedFilters(
            layers,
            lambda components: tfgate.IndependentGate(components, name=f"{name}_gate"),
            places=("inner", "output") if len(layers) > 1 else ("output",),
            filters_per_gate=group,
            groups_always_open=1,
            activation=None,
            residual=False,
            name=name,
        )
        return gated(x)[0]

    def convolution(filters, name):
        return keras.layers.Conv2D(
            filters, 3, padding="same", activation="relu", name=name
        )

    x = inputs = keras.Input((32, 32, 3), name="image")
    x = keras.layers.Rescaling(1 / 128.0, offset=-1.0)(x)
    x = keras.layers.MaxPooling2D(4)(x)
    x = block(x, [convolution(8, "conv1"), convolution(8, "conv2")], 2, "block1")
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = block(x, [convolution(16, "conv3")], 4, "block2")
    x = keras.layers.Flatten(name="flatten")(x)
    x = block(x, [keras.layers.Dense(12, activation="relu", name="units")], 3, "fc")
    return tfgate.GatedModel(inputs, keras.layers.Dense(10)(x), name="vgg")


def resnext():
    """Blocks of 8 paths each."""
    return tfgate.applications.CifarResNeXt(
        depth=11,
        cardinality=8,
        group_width=2,
        gate="independent",
        granularity="groups",
    )


def everywhere():
    """Residual blocks of 16 to 64 filters, gated at all places."""
    return tfgate.applications.CifarResNet(
        8, gate="independent", granularity="cs-cifar-8", shortcut="projection"
    )


def resnet():
    """Whole residual blocks."""
    return tfgate.applications.CifarResNet(8, gate="independent")


def densenet():
    """Densely connected layers."""
    return tfgate.applications.CifarDenseNet(depth=16, growth=4, gate="independent")


NETWORKS = {
    "vgg": vgg,
    "resnext": resnext,
    "everywhere": everywhere,
    "resnet": resnet,
    "densenet": densenet,
}


def network(name, gating="nested"):
    """A throttled network of random weights.

    Args:
        name: one of `NETWORKS`.
        gating: as for `tfgate.throttle`.
    """
    keras.utils.set_random_seed(2)
    model = NETWORKS[name]()
    randomize(model)
    return tfgate.throttle(model, gating, seed=5)
