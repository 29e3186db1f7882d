"""The two ends of a network, as in keras.applications: its input and its head."""

import keras
from keras import layers

from tfgate.model import GatedModel
from tfgate.typing import Activation
from tfgate.typing import Tensor
from tfgate.typing import TensorTree

POOLINGS = (None, "avg", "max")


def image_input(
    input_shape: tuple[int | None, int | None, int] | None,
    input_tensor: keras.KerasTensor | None,
    default: tuple[int, int, int],
    include_top: bool = True,
) -> Tensor:
    """Returns the tensor that a network begins with.

    Args:
        input_shape: `(height, width, channels)`; None means the default, with any
            height and width where there is no classifier. Ignored with an
            input_tensor.
        input_tensor: KerasTensor to build the network on, or None.
        default: the published network's input shape.
        include_top: whether the network has its classifier.

    Raises:
        ValueError: input_shape is not of three dimensions.
    """
    if input_tensor is not None:
        return input_tensor
    if input_shape is None:
        input_shape = default if include_top else (None, None, default[-1])
    if len(input_shape) != 3:
        raise ValueError(
            f"Expected input_shape (height, width, channels), got {input_shape!r}."
        )
    return keras.Input(input_shape)


def head(
    x: Tensor,
    include_top: bool,
    pooling: str | None,
    classes: int,
    classifier_activation: Activation | None,
) -> Tensor:
    """Applies global pooling and the classifier, or what is asked for instead.

    Args:
        x: the last feature map, `[batch, height, width, channels]`.
        include_top: whether to end with mean over positions and a dense layer.
        pooling: without the classifier, `"avg"` or `"max"` over positions; None leaves
            the feature map.
        classes: number of classes.
        classifier_activation: of the dense layer; None gives logits.

    Raises:
        ValueError: pooling is not among its choices.
    """
    check_choice("pooling", pooling, POOLINGS)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        return classifier(x, classes, classifier_activation)
    if pooling == "avg":
        return layers.GlobalAveragePooling2D(name="avg_pool")(x)
    if pooling == "max":
        return layers.GlobalMaxPooling2D(name="max_pool")(x)
    return x


def classifier(
    x: Tensor, classes: int, activation: Activation | None, name: str = "predictions"
) -> Tensor:
    """Applies the dense layer that gives class probabilities or logits, in float32."""
    return layers.Dense(
        classes,
        activation=activation,
        kernel_initializer="he_normal",
        # Float32 logits: a softmax in half precision loses too much.
        dtype="float32",
        name=name,
    )(x)


def finish(
    inputs: Tensor,
    outputs: TensorTree,
    input_tensor: keras.KerasTensor | None,
    gated: bool,
    name: str,
) -> keras.Model:
    """Returns the model: a `GatedModel` if gated, else a plain `keras.Model`.

    Args:
        inputs: what `image_input` returned.
        outputs: the predictions.
        input_tensor: the network's input_tensor argument.
        gated: whether it has gated blocks.
        name: name of the model.
    """
    if input_tensor is not None:
        sources = keras.utils.get_source_inputs(input_tensor)
        inputs = sources[0] if len(sources) == 1 else sources
    model_class = GatedModel if gated else keras.Model
    return model_class(inputs, outputs, name=name)


def check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    """Raises ValueError unless the value is one of the choices."""
    if value not in choices:
        raise ValueError(f"Expected {name} to be one of {choices}, got {value!r}.")
