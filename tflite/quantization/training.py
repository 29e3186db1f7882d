"""Quantization-aware training: a network learns to live with its int8 self.

What is trained is what runs: batch norms use their statistics, gates decide by the
threshold, without noise. Gates are frozen, so that they keep what they learned about
whether a block is worth its MACs; everything else follows the task loss. Rounding is
part of the forward pass and has the gradient of the identity (straight-through).
Ranges start at those of some training images and follow the batches.

Reference:
    Jacob et al.: Quantization and training of neural networks for efficient
    integer-arithmetic-only inference, 2018.
"""

import contextlib

import keras
import numpy as np
import tensorflow as tf

import tfgate
from tfgate.inference import use_threshold
from tflite import source
from tflite.errors import InputError
from tflite.quantization import ranges
from tflite.quantization.fake_quant import fake_quants
from tflite.quantization.fake_quant import followed
from tflite.quantization.insertion import insert

_RANGE_IMAGES = 256


class Training:
    """Trains a network with fake quantization, epoch by epoch.

    Args:
        model: the trained network: a `tfgate.GatedModel` whose blocks are residual
            branches or densely connected layers, or a functional `keras.Model`; of
            logits, or of probabilities by a softmax. One with fake quantization is
            trained further.
        images: float32 `[images, height, width, channels]`.
        labels: int `[images]`.
        tau: the threshold in (0, 1) at which gates decide.
        epochs: number of epochs in all.
        learning_rate: of SGD with momentum 0.9, falling to zero by a cosine.
        batch_size: number of images of a step.
        seed: decides the order of the images.

    Attributes:
        model: the network in training, a copy if it had no fake quantization.

    Raises:
        InputError: the network cannot be quantized, or has no class for a label.
    """

    def __init__(
        self, model, images, labels, *, tau, epochs, learning_rate, batch_size, seed
    ):
        if isinstance(model, tfgate.ThrottledModel):
            raise InputError(
                "Expected a network whose gates look at the image for --qat, got "
                f"{model.name!r}, a throttled one; use --quantize=int8 alone."
            )
        check_labels(model, labels)
        self._loss = task_loss(model)
        if not fake_quants(model):
            model = insert(model)
            ranges.calibrate(model, images[:_RANGE_IMAGES], tau=tau)
        self.model = model
        self._images, self._labels, self._tau = images, labels, tau
        self._batch_size = min(batch_size, len(images))
        self._random = np.random.default_rng(seed)
        steps = epochs * (len(images) // self._batch_size)
        self._optimizer = keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(learning_rate, steps), momentum=0.9
        )
        self._variables = _outside_of_gates(model)
        self._optimizer.build(self._variables)
        self._step = tf.function(self._train_on)

    def epoch(self):
        """Trains on all images once, in a new order; less than a batch is left out.

        Returns:
            `(loss, accuracy)`: means over the images, before each step.

        Raises:
            InputError: the loss is not finite.
        """
        size = self._batch_size
        order = self._random.permutation(len(self._images))
        totals, steps = np.zeros(2), len(order) // size
        with followed(self.model), _deciding(self.model, self._tau):
            for step in range(steps):
                chosen = order[step * size : (step + 1) * size]
                loss, accuracy = self._step(
                    tf.constant(self._images[chosen]), tf.constant(self._labels[chosen])
                )
                totals += float(loss), float(accuracy)
                if not np.isfinite(totals[0]):
                    raise InputError(
                        f"Expected a finite loss, got {float(loss)} in step {step + 1} "
                        "of the epoch; use a smaller --learning_rate."
                    )
        return tuple(totals / steps)

    def _train_on(self, images, labels):
        with tf.GradientTape() as tape:
            predictions = _predict(self.model, images)
            loss = self._loss(labels, predictions)
        gradients = tape.gradient(loss, self._variables)
        self._optimizer.apply(gradients, self._variables)
        hits = tf.equal(tf.argmax(predictions, axis=-1), labels)
        return loss, tf.reduce_mean(tf.cast(hits, tf.float32))


def check_labels(model, labels):
    """Raises `InputError` where a network has no class for a label."""
    classes = source.output_shape(model)[-1]
    if labels.max(initial=0) >= classes:
        raise InputError(
            f"Expected a network with a class for each label, got {classes} classes "
            f"and the label {labels.max()}."
        )


def task_loss(model):
    """Cross-entropy for what a network predicts, logits or probabilities."""
    last = keras.tree.flatten(source.symbolic_outputs(model))[0]
    last = last._keras_history.operation
    softmax = isinstance(last, keras.layers.Softmax) or (
        getattr(last, "activation", None) is keras.activations.softmax
    )
    return keras.losses.SparseCategoricalCrossentropy(from_logits=not softmax)


def _outside_of_gates(model):
    gates = model.gates if isinstance(model, tfgate.GatedModel) else []
    frozen = {id(variable) for gate in gates for variable in gate.variables}
    return [v for v in model.trainable_variables if id(v) not in frozen]


def _deciding(model, tau):
    if not isinstance(model, tfgate.GatedModel):
        return contextlib.nullcontext()
    return use_threshold(model, tau)


def _predict(model, images):
    if isinstance(model, tfgate.GatedModel):
        return model.core(images, training=False)["predictions"]
    return model(images, training=False)
