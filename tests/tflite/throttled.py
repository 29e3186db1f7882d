"""Small throttled networks on 32x32 images, of every kind of block."""

import keras
import numpy as np

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


def mixed():
    """Whole branches, and between them filters at two places, some always open.

    Their ReLU has a bound, which a scale moves.
    """

    def gate(name, components=1):
        return tfgate.IndependentGate(components, name=f"{name}_gate")

    def convolution(filters, name):
        return keras.layers.Conv2D(filters, 3, padding="same", name=name)

    x = inputs = keras.Input((32, 32, 3), name="image")
    x = keras.layers.Rescaling(1 / 128.0, offset=-1.0)(x)
    x = convolution(8, "stem")(keras.layers.MaxPooling2D(4)(x))
    x = tfgate.GatedResidual(convolution(8, "first"), gate("one"), name="one")(x)[0]
    stages = [
        keras.Sequential(
            [
                convolution(12, "reduce"),
                keras.layers.BatchNormalization(name="norm"),
                keras.layers.ReLU(6.0, name="bounded"),
            ]
        ),
        convolution(8, "expand"),
    ]
    x = tfgate.GatedFilters(
        stages,
        lambda components: gate("filters", components),
        places=("inner", "output"),
        filters_per_gate={"inner": 2, "output": 2},
        groups_always_open={"inner": 1, "output": 0},
        name="filters",
    )(x)[0]
    x = tfgate.GatedResidual(convolution(8, "last"), gate("two"), name="two")(x)[0]
    x = keras.layers.GlobalAveragePooling2D()(x)
    return tfgate.GatedModel(inputs, keras.layers.Dense(10)(x), name="mixed")


NETWORKS = {
    "mixed": mixed,
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


def learned(name, gating, images):
    """A throttled network whose components open and close with u, and with the image.

    Args:
        name: one of `NETWORKS`.
        gating: "blind" or "contextual".
        images: `[images, 32, 32, 3]`, for which no decision at `US` is a close one.
    """
    model = network(name, gating)
    last = model.gating.logits_dense
    generator = np.random.default_rng(7)
    kernel = generator.normal(size=last.kernel.shape).astype("float32")
    components = kernel.shape[1]
    last.set_weights([kernel, np.zeros(components, "float32")])
    ordered = np.sort(log_odds(model, images), axis=0)
    # Between two of all that come up, of those in the middle.
    place = (len(ordered) * generator.uniform(0.3, 0.7, components)).astype(int)
    gaps = np.diff(ordered, axis=0)
    third = len(gaps) // 6
    for component, middle in enumerate(place):
        near = slice(max(middle - third, 0), middle + third)
        place[component] = near.start + gaps[near, component].argmax()
    columns = np.arange(components)
    boundary = (ordered[place, columns] + ordered[place + 1, columns]) / 2
    last.set_weights([kernel, -boundary])
    return model


def log_odds(model, images, us=US):
    """Log odds of all components, for all images at every u: `[rows, components]`."""
    rows = []
    for u in us:
        gates = model.core([images, np.full(len(images), u, "float32")])["gates"]
        rows.append(np.concatenate([g["logits"] for g in gates.values()], axis=1))
    return np.concatenate(rows)
