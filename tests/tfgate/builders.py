"""Small gated networks, and gates and estimators without noise."""

import keras
import numpy as np
import tensorflow as tf

import tfgate

SIZE = 8
CLASSES = 3


@keras.saving.register_keras_serializable(package="tests")
class MedianEstimator(tfgate.estimators.Estimator):
    """`sigmoid_straight_through` whose noise is always 0.5: opens where p > 0.5."""

    def __call__(self, logits, seed, step=0):
        log_odds = logits[..., 1] - logits[..., 0]
        return tfgate.estimators.sigmoid_straight_through(
            log_odds, tf.fill(tf.shape(log_odds), 0.5)
        )


@keras.saving.register_keras_serializable(package="tests")
class LinearGate(tfgate.Gate):
    """Data-dependent without batch norm: logits linear in the pooled input."""

    def build_logits(self, input_shape):
        # Asymmetric, so that some of the images open and some close.
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], 2 * self.components),
            initializer=keras.initializers.RandomNormal(stddev=3.0, seed=self.seed),
        )

    def compute_logits(self, inputs, training=None):
        axes = tuple(range(1, len(inputs.shape) - 1))
        pooled = keras.ops.mean(keras.ops.cast(inputs, "float32"), axis=axes)
        logits = keras.ops.matmul(pooled, self.kernel)
        return keras.ops.reshape(logits, (-1, self.components, 2))


def set_open_probability(gate, probability):
    """Writes an open probability into an independent gate."""
    half = 0.5 * np.log(probability / (1.0 - probability))
    gate.component_logits.assign([[-half, half]] * gate.components)


def make_images(count, seed=0):
    """Random images `[count, 8, 8, 3]`, float32."""
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, SIZE, SIZE, 3)).astype("float32")


def make_labels(count, seed=0):
    """Random class numbers `[count]`."""
    return np.random.default_rng(seed + 1).integers(0, CLASSES, size=count)


def tiny_model(
    gate=tfgate.IndependentGate,
    names=("first", "second", "third"),
    batch_norm=True,
    policy=None,
    activation="softmax",
    **gate_arguments,
):
    """A gated residual network of a few blocks with 4 filters on 8x8 images.

    The second block halves the size: its shortcut is a projection.

    Args:
        gate: class of the gates.
        names: names of the gates; the block of gate `g` is called `g_block`.
        batch_norm: whether stem and branches have batch norm.
        policy: the model's policy.
        activation: of the last layer.
        **gate_arguments: passed to every gate; the default seed is 7.
    """
    gate_arguments.setdefault("seed", 7)

    def convolution(name, strides=1, size=3):
        return keras.layers.Conv2D(
            4, size, strides, padding="same", use_bias=False, name=name
        )

    def norm(name):
        return [keras.layers.BatchNormalization(name=name)] if batch_norm else []

    inputs = keras.Input((SIZE, SIZE, 3))
    x = inputs
    for layer in [convolution("stem"), *norm("stem_bn")]:
        x = layer(x)
    for index, name in enumerate(names):
        strides = 2 if index == 1 else 1
        branch = [convolution(f"{name}_conv", strides), *norm(f"{name}_bn")]
        shortcut = convolution(f"{name}_projection", 2, 1) if strides == 2 else None
        x, _ = tfgate.GatedResidual(
            keras.Sequential(branch, name=f"{name}_branch"),
            gate(name=name, **gate_arguments),
            shortcut=shortcut,
            name=f"{name}_block",
        )(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(CLASSES, activation=activation, name="head")(x)
    return tfgate.GatedModel(inputs, outputs, policy=policy)


def randomize(model, seed=0):
    """Gives a model random weights, batch norm statistics and gates included.

    Variances and scales are positive, and gates open for some of the images.
    """
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        shape, path = tuple(variable.shape), variable.path
        if path.endswith(("noise_step", "evaluation_step", "tau")):
            continue
        if path.endswith(("moving_variance", "gamma")):
            value = generator.uniform(0.5, 1.5, shape)
        elif path.endswith("kernel"):
            value = generator.normal(size=shape) / np.sqrt(max(1, np.prod(shape[:-1])))
        else:
            value = generator.normal(size=shape) * 0.3
        variable.assign(value)


def per_image_model(**arguments):
    """A random `tiny_model` whose gates open for some images, without noise."""
    model = tiny_model(gate=LinearGate, estimator=MedianEstimator(), **arguments)
    randomize(model)
    return model


def compile_plainly(model, **arguments):
    """Compiles for classification with plain SGD and returns the model."""
    arguments.setdefault("optimizer", keras.optimizers.SGD(0.05))
    arguments.setdefault("loss", "sparse_categorical_crossentropy")
    model.compile(**arguments)
    return model


def predict(model, images):
    """Predictions as a NumPy array, without the compiled predict function."""
    return keras.ops.convert_to_numpy(model(images, training=False))


def decisions(model, images, training=False):
    """Gate name -> decisions `[batch, components]`, as NumPy arrays."""
    gates = model.core(images, training=training)["gates"]
    return {n: keras.ops.convert_to_numpy(g["decision"]) for n, g in gates.items()}
