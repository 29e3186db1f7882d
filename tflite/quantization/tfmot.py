"""Fine-tuning of plain networks by tensorflow-model-optimization (tfmot).

tfmot works on tf_keras alone, so the network crosses `tf_keras_bridge` and ends in a
.tflite file. A fresh twin is built for each wrap: tfmot's wrappers keep the layers.
"""

import pathlib
import tempfile

import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow.lite.python.convert import ConverterError

from tflite import describe
from tflite import metadata
from tflite import source
from tflite.errors import InputError
from tflite.options import Options
from tflite.quantization import tfmot_modules
from tflite.quantization.tf_keras_bridge import CUSTOM_OBJECTS
from tflite.quantization.tf_keras_bridge import to_tf_keras
from tflite.quantization.training import check_labels
from tflite.quantization.training import task_loss

tfmot, _configs, _registry = tfmot_modules.load()

CLUSTERS = 16
SPARSITY = 0.5

_WEIGHTED = (tf_keras.layers.Conv2D, tf_keras.layers.Dense)
_CONVOLUTIONS = (*_WEIGHTED, tf_keras.layers.DepthwiseConv2D)
_NoOp = _configs.NoOpQuantizeConfig
_OutputOnly = _configs.Default8BitOutputQuantizeConfig


class Training:
    """Trains a plain network with one of tfmot's tools, epoch by epoch.

    - `quantize`: with int8 weights and activations; the file computes in int8. Of
      batch norms that follow no convolution, and of layers that tfmot does not know,
      the output is quantized and nothing else.
    - `cluster`: with 16 different values in the kernel of each layer; in the file 16
      in each output channel, because the converter multiplies them by the scales of
      batch norms. The file is float32, and a compressed archive makes it small.
    - `prune`: with half of each kernel zero, from none at the start; float32, too.

    Batch norms train along, in contrast to `tflite.quantization.training`.

    Args:
        model: a plain functional `keras.Model`, of logits or of a softmax.
        images: float32 `[images, height, width, channels]`.
        labels: int `[images]`.
        tool: `"quantize"`, `"cluster"` or `"prune"`.
        epochs: number of epochs in all.
        learning_rate: of SGD with momentum 0.9, falling to zero by a cosine.
        batch_size: number of images of a step.
        seed: decides the order of the images.

    Raises:
        InputError: the network has gates, layers that tf_keras has not, or no class
            for a label.
    """

    def __init__(
        self, model, images, labels, tool, *, epochs, learning_rate, batch_size, seed
    ):
        self._origin, self._tool = model, tool
        self._images, self._labels = images, labels
        self._batch_size = min(batch_size, len(images))
        tf_keras.utils.set_random_seed(seed)
        plain = to_tf_keras(model)
        check_labels(model, labels)
        steps = epochs * int(np.ceil(len(images) / self._batch_size))
        self._model = _WRAPPERS[tool](plain, steps)
        from_logits = task_loss(model).get_config()["from_logits"]
        self._model.compile(
            tf_keras.optimizers.SGD(
                tf_keras.optimizers.schedules.CosineDecay(learning_rate, steps), 0.9
            ),
            tf_keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits),
            metrics=["accuracy"],
        )
        self._callbacks = [tf_keras.callbacks.TerminateOnNaN()]
        if tool == "prune":
            self._callbacks.append(tfmot.sparsity.keras.UpdatePruningStep())

    def epoch(self):
        """Trains on all images once, in a new order.

        Returns:
            `(loss, accuracy)`: means over the images, before each step.

        Raises:
            InputError: the loss is not finite.
        """
        history = self._model.fit(
            self._images,
            self._labels,
            batch_size=self._batch_size,
            verbose=0,
            callbacks=self._callbacks,
        ).history
        loss = history["loss"][-1]
        # The loss is that of before the last step.
        if not np.isfinite([loss, *map(np.sum, self._model.get_weights())]).all():
            raise InputError(
                f"Expected a finite loss, got {loss}; use a smaller --learning_rate."
            )
        return loss, history["accuracy"][-1]

    def to_tflite(self):
        """Bytes of the .tflite file, tfgate's metadata included."""
        model = self._model
        if self._tool == "cluster":
            model = tfmot.clustering.keras.strip_clustering(model)
        elif self._tool == "prune":
            model = tfmot.sparsity.keras.strip_pruning(model)
        int8 = self._tool == "quantize"
        document = describe.document(
            self._origin,
            [],
            Options(lowering="dense", quantize="int8" if int8 else "none"),
            calibrated_on="training" if int8 else None,
        )
        document["quantized"]["tool"] = self._tool
        shape = source.input_shape(self._origin)
        content = _flatbuffer(model, shape, quantized=int8)
        return metadata.append(content, document | {"source": None})[0]


def _flatbuffer(model, shape, *, quantized):
    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32, name="images")])
    def serve(images):
        return {"predictions": model(images, training=False)}

    with tempfile.TemporaryDirectory() as directory:
        saved = pathlib.Path(directory) / "saved_model"
        tf.saved_model.save(model, str(saved), {"serving_default": serve})
        converter = tf.lite.TFLiteConverter.from_saved_model(
            str(saved), signature_keys=["serving_default"]
        )
        if quantized:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        try:
            return converter.convert()
        except ConverterError as error:
            reason = str(error).strip().partition("\n")[0]
            raise InputError(
                f"Expected a network that TFLite takes from tfmot, got: {reason[-300:]}"
            ) from error


def _quantize(model, steps):
    registry = _registry.Default8BitQuantizeRegistry()
    annotate = tfmot.quantization.keras.quantize_annotate_layer

    def annotated(layer):
        if isinstance(layer, tf_keras.layers.InputLayer):
            return layer
        if isinstance(layer, tf_keras.layers.AveragePooling2D):
            # In TFLite it has the scale of its input, and may have none of its own.
            return annotate(layer, _NoOp())
        if registry.supports(layer) or _joins_a_convolution(layer):
            return annotate(layer)
        return annotate(layer, _OutputOnly())

    with tfmot.quantization.keras.quantize_scope(CUSTOM_OBJECTS):
        copy = tf_keras.models.clone_model(model, clone_function=annotated)
        return tfmot.quantization.keras.quantize_apply(copy)


def _joins_a_convolution(layer):
    """Whether it is a batch norm that tfmot, as TFLite, makes part of a convolution."""
    if not isinstance(layer, tf_keras.layers.BatchNormalization):
        return False
    (node,) = layer.inbound_nodes
    before = node.inbound_layers
    return isinstance(before, _CONVOLUTIONS) and len(before.outbound_nodes) == 1


def _cluster(model, steps):
    def clustered(layer):
        if not isinstance(layer, _WEIGHTED) or _is_depthwise(layer):
            return layer
        return tfmot.clustering.keras.cluster_weights(
            layer,
            number_of_clusters=CLUSTERS,
            cluster_centroids_init=(
                tfmot.clustering.keras.CentroidInitialization.KMEANS_PLUS_PLUS
            ),
        )

    return _wrapped(model, clustered)


def _prune(model, steps):
    def pruned(layer):
        if not isinstance(layer, _WEIGHTED) or _is_depthwise(layer):
            return layer
        schedule = tfmot.sparsity.keras.PolynomialDecay(
            0.0, SPARSITY, begin_step=0, end_step=steps, frequency=1
        )
        return tfmot.sparsity.keras.prune_low_magnitude(
            layer, pruning_schedule=schedule
        )

    return _wrapped(model, pruned)


def _wrapped(model, wrap):
    with tf_keras.utils.custom_object_scope(CUSTOM_OBJECTS):
        return tf_keras.models.clone_model(model, clone_function=wrap)


def _is_depthwise(layer):
    return isinstance(layer, tf_keras.layers.DepthwiseConv2D)


_WRAPPERS = {"quantize": _quantize, "cluster": _cluster, "prune": _prune}
