"""Residual networks, dense and with a gate per residual block."""

from collections.abc import Sequence

import keras
from keras import layers

from tfgate.blocks import GatedResidual
from tfgate.estimators import Estimator
from tfgate.gates import DependentGate
from tfgate.gates import Gate
from tfgate.gates import IndependentGate
from tfgate.model import GatedModel
from tfgate.policies import Policy
from tfgate.typing import Activation
from tfgate.typing import Tensor
from tfgate.typing import TensorTree

_GATES: dict[str, type[Gate]] = {
    "independent": IndependentGate,
    "dependent": DependentGate,
}
_BN = {"momentum": 0.9, "epsilon": 1e-5}


def CifarResNet(
    depth: int = 20,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    input_tensor: keras.KerasTensor | None = None,
    classes: int = 10,
    classifier_activation: Activation | None = "softmax",
    gate: str | None = None,
    granularity: str = "block",
    zero_init_residual: bool = False,
    initial_open_probability: float = 0.87,
    estimator: Estimator | None = None,
    policy: Policy | None = None,
    seed: int | None = None,
    name: str | None = None,
) -> keras.Model:
    """The CIFAR ResNet of He et al. 2016, section 4.2, dense or gated.

    Three stages of (depth - 2) / 6 basic blocks with 16, 32 and 64 filters. Shortcuts
    have no parameters: where the size changes they take every second pixel and pad
    the new channels with zeros (option A), so ResNet-20 has 0.27 M parameters.

    Args:
        depth: 20, 32, 56 or 110.
        input_shape: `(height, width, channels)`; ignored with an input_tensor.
        input_tensor: optional KerasTensor to build the network on, for example the
            output of a `keras.layers.Normalization`.
        classes: number of classes.
        classifier_activation: activation of the last layer; None gives logits.
        gate: None for the dense network, `"independent"` or `"dependent"`.
        granularity: what a gate switches; `"block"`, a whole residual branch.
        zero_init_residual: whether the last batch norm of each branch starts with a
            scale of zero (Goyal et al. 2017, 5.1), so that every block starts as its
            shortcut and adds no noise before it has learned anything.
        initial_open_probability: P(open) of every gate before training, in (0, 1).
        estimator: the gates' `tfgate.estimators.Estimator`; None means their default.
        policy: the gates' inference policy; None means `Threshold(0.5)`.
        seed: int, root of the gates' noise; None draws one.
        name: name of the model.

    Returns:
        A plain `keras.Model` for `gate=None`, else a `tfgate.GatedModel`. Both have
        the same layer names, so `tfgate.copy_weights` carries weights over.

    Raises:
        ValueError: an argument is not among its choices.

    Example:
    >>> model = CifarResNet(depth=20)
    >>> sum(int(keras.ops.size(w)) for w in model.trainable_weights)
    269722
    """
    _check_choice("depth", depth, (20, 32, 56, 110))
    _check_choice("gate", gate, (None, *_GATES))
    _check_choice("granularity", granularity, ("block",))

    def make_gate(block_name: str) -> Gate | None:
        if gate is None:
            return None
        return _GATES[gate](
            initial_open_probability=initial_open_probability,
            estimator=estimator,
            policy=policy,
            seed=seed,
            name=f"{block_name}_gate",
        )

    last_scale = "zeros" if zero_init_residual else "ones"
    inputs = keras.Input(input_shape) if input_tensor is None else input_tensor
    x = _convolution(16, 3, name="conv1_conv")(inputs)
    x = layers.BatchNormalization(name="conv1_bn", **_BN)(x)
    x = layers.ReLU(name="conv1_relu")(x)
    for stage, filters in enumerate((16, 32, 64), start=2):
        for index in range(1, (depth - 2) // 6 + 1):
            block_name = f"conv{stage}_block{index}"
            strides = 2 if stage > 2 and index == 1 else 1
            block_gate = make_gate(block_name)
            x = _basic_block(x, filters, strides, block_name, block_gate, last_scale)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    outputs = layers.Dense(
        classes,
        activation=classifier_activation,
        kernel_initializer="he_normal",
        # Float32 logits: a softmax in half precision loses too much.
        dtype="float32",
        name="predictions",
    )(x)
    if input_tensor is not None:
        inputs = _source_inputs(input_tensor)
    model_class = keras.Model if gate is None else GatedModel
    return model_class(inputs, outputs, name=name or f"cifar_resnet{depth}")


def _basic_block(
    x: Tensor, filters: int, strides: int, name: str, gate: Gate | None, last_scale: str
) -> Tensor:
    branch = [
        _convolution(filters, 3, strides, name=f"{name}_1_conv"),
        layers.BatchNormalization(name=f"{name}_1_bn", **_BN),
        layers.ReLU(name=f"{name}_1_relu"),
        _convolution(filters, 3, name=f"{name}_2_conv"),
        layers.BatchNormalization(
            gamma_initializer=last_scale, name=f"{name}_2_bn", **_BN
        ),
    ]
    shortcut = _parameter_free_shortcut(x.shape[-1], filters, strides, name)
    if gate is None:
        residual = _apply(branch, x)
        summed = layers.Add(name=f"{name}_add")([_apply(shortcut, x), residual])
        return layers.ReLU(name=f"{name}_out")(summed)
    block = GatedResidual(
        keras.Sequential(branch, name=f"{name}_branch"),
        gate,
        shortcut=keras.Sequential(shortcut, name=f"{name}_0") if shortcut else None,
        activation="relu",
        name=name,
    )
    return block(x)[0]


def _parameter_free_shortcut(
    channels: int, filters: int, strides: int, name: str
) -> list[keras.Layer]:
    """Layers of He's option A; none where the identity fits."""
    if strides == 1 and channels == filters:
        return []
    missing = filters - channels
    return [
        layers.MaxPooling2D(1, strides, name=f"{name}_0_subsample"),
        # Read as channels first, the two "spatial" axes of [batch, height, width,
        # channels] are width and channels: a stock layer that pads channels.
        layers.ZeroPadding2D(
            ((0, 0), (missing // 2, missing - missing // 2)),
            data_format="channels_first",
            name=f"{name}_0_pad",
        ),
    ]


def _convolution(
    filters: int, size: int, strides: int = 1, name: str | None = None
) -> keras.Layer:
    return layers.Conv2D(
        filters,
        size,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )


def _apply(sequence: Sequence[keras.Layer], x: Tensor) -> Tensor:
    for layer in sequence:
        x = layer(x)
    return x


def _source_inputs(tensor: keras.KerasTensor) -> TensorTree:
    sources = keras.utils.get_source_inputs(tensor)
    return sources[0] if len(sources) == 1 else sources


def _check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        raise ValueError(f"Expected {name} to be one of {choices}, got {value!r}.")
