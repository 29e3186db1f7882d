"""From an export graph in Keras to the bytes of a flatbuffer."""

import pathlib
import re
import tempfile

import keras
import tensorflow as tf
from tensorflow.lite.python.convert import ConverterError

from tflite import signature_keys
from tflite.errors import InputError
from tflite.lowering import buckets
from tflite.metadata import ONLY_SIGNATURE
from tflite.metadata import SIGNATURES
from tflite.quantization import converting

# Names for the converter, in alphabetical order, see `tflite.signature_keys`.
_ORDERED = ("first", "other")


def to_flatbuffer(model, image_shape, options, *, threshold, u_input=False, dense=None):
    """Converts an export graph.

    The way is Keras's ExportArchive and a SavedModel: the weights of a branch stay
    constants inside it. (Concrete functions would hand them in as inputs of the IF,
    and XNNPACK could not pack them.) The archive also keeps our names in the
    signature, which `from_keras_model` does not.

    Args:
        model: `keras.Model` from images, or from images and u, `[1]`, to predictions,
            or to a dict of outputs.
        image_shape: `(1, height, width, channels)`.
        options: `tflite.options.Options`; τ may be an input, besides the images.
        threshold: the `tflite.lowering.LogOddsThreshold` of its layers.
        u_input: whether u is one.
        dense: `keras.Model` from images to the outputs of a second signature, `dense`;
            None for one signature. Equal weights stand in the file once.

    Returns:
        Bytes of the flatbuffer. Its one signature has the inputs `images` and, on
        demand, `tau` or `u`, a float32 scalar. With another one, `dense`, which has
        `images` alone, its name is `gated`.

    Raises:
        InputError: the network has operations that TFLite has not.
    """
    images_spec = tf.TensorSpec(image_shape, tf.float32, name="images")
    signature = [images_spec]

    def serve(images):
        outputs = model(images, training=False)
        return outputs if isinstance(outputs, dict) else {"predictions": outputs}

    def serve_with_tau(images, tau):
        with threshold.bound(tau):
            return serve(images)

    def serve_with_u(images, u):
        with buckets.bound(model, u):
            return serve([images, tf.reshape(u, (1,))])

    endpoint = serve
    for name, wanted, function in (
        ("tau", options.tau_input, serve_with_tau),
        ("u", u_input, serve_with_u),
    ):
        if wanted:
            signature.append(tf.TensorSpec((), tf.float32, name=name))
            endpoint = function
    archive = keras.export.ExportArchive()
    archive.track(model)
    keys = [ONLY_SIGNATURE]
    if dense is not None:
        keys = list(_ORDERED)
        archive.track(dense)
        archive.add_endpoint(
            keys[1],
            lambda images: dense(images, training=False),
            input_signature=[images_spec],
        )
    archive.add_endpoint(keys[0], endpoint, input_signature=signature)
    with tempfile.TemporaryDirectory() as directory:
        saved = pathlib.Path(directory) / "saved_model"
        archive.write_out(saved, verbose=False)

        def make_converter():
            return tf.lite.TFLiteConverter.from_saved_model(
                str(saved), signature_keys=keys
            )

        try:
            content = converting.convert(make_converter, options.quantization)
        except ConverterError as error:
            raise InputError(
                f"Expected a network of TFLite's operations, got {model.name!r} with "
                f"{_foreign_operations(str(error))}"
            ) from error
    if dense is None:
        return content
    names = dict(zip(_ORDERED, SIGNATURES, strict=True))
    return signature_keys.renamed(content, names)


def _foreign_operations(message):
    """What the converter's message is about: operations and where they stand."""
    found = sorted(set(re.findall(r"'tf\.(\w+)' op is neither", message)))
    if not found:
        return f"others: {message.strip()[:300]}"
    # Keras gives an operation a path of the names of models and layers.
    paths = re.findall(r'"([^"@]+)@', message)
    places = [path for path in paths if path.rpartition("/")[2] in found]
    where = f" in the layer {places[0].rpartition('/')[0]!r}" if places else ""
    return f"others: {', '.join(found)}{where}; give that layer another form"
