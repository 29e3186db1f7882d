"""From a gated network to one with a dial."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import keras

from tfgate.blocks import GatedBlock
from tfgate.gates import Gate
from tfgate.model import GatedModel
from tfgate.throttling.controllers import BlindController
from tfgate.throttling.controllers import ContextualController
from tfgate.throttling.dial import Dial
from tfgate.throttling.distributions import ControlDistribution
from tfgate.throttling.distributions import UniformControl
from tfgate.throttling.gating import GatingFunction
from tfgate.throttling.gating import Independent
from tfgate.throttling.gating import Nested
from tfgate.throttling.model import ThrottledModel
from tfgate.throttling.modules import Module
from tfgate.throttling.modules import find_modules
from tfgate.throttling.norm_switching import switch_batch_norms
from tfgate.throttling.sliced_gate import SlicedGate
from tfgate.typing import GateOutputs
from tfgate.typing import Tensor
from tfgate.typing import TensorTree
from tfgate.weights import assign_weights
from tfgate.weights import leaves

MakeGating = Callable[[Sequence[Module]], GatingFunction]

GATINGS: dict[str, Callable[..., GatingFunction]] = {
    "nested": Nested,
    "independent": Independent,
    "blind": BlindController,
    "contextual": ContextualController,
}


def throttle(
    model: GatedModel,
    gating: str | MakeGating = "nested",
    distribution: ControlDistribution | None = None,
    seed: int | None = None,
    name: str | None = None,
    batch_norm: str | None = None,
    buckets: int | None = None,
    **gating_arguments: Any,
) -> ThrottledModel:
    """Makes a network with a dial of a gated one.

    The blocks stay as they are, but for their gates: in place of them one gating
    function of u decides for all. So what a gate of the given network switches, a
    component of the throttled one is, whichever way the network was made: by
    `tfgate.applications`, by `tfgate.gate_model` or by hand.

    Args:
        model: a `tfgate.GatedModel` with one tensor of images as its input; a
            `ThrottledModel` gets another gating function, and keeps its dial's
            distribution unless there is one given: how the second phase of TNN's
            training starts.
        gating: `"nested"`, `"independent"`, `"blind"` or `"contextual"`, or a function,
            such as a class, from a list of `tfgate.throttling.Module` to a
            `tfgate.throttling.GatingFunction`.
        distribution: how training draws u, see `tfgate.throttling.Dial`.
        seed: of the dial, and of a gating function given by name.
        name: name of the new model; None takes the old one's.
        batch_norm: None leaves batch norms as they are; `"switchable"` makes each a
            `tfgate.throttling.SwitchableBatchNormalization`, and training draws one u
            for all images of a batch, as the distribution must say.
        buckets: number of parts of the dial's range with statistics of their own, for
            `"switchable"`.
        **gating_arguments: further arguments of a gating function given by name.

    Returns:
        A `ThrottledModel` with copies of the layers and weights. With u = 1 and a
        nested gating function it is the dense network.

    Raises:
        ValueError: an argument is not among its choices, the network has more than one
            input, or a block that can't be throttled, such as an early exit; or as
            `tfgate.throttling.switch_batch_norms`.

    Reference:
        TNN 3.

    Example:
    >>> import tfgate
    >>> vgg = tfgate.applications.CifarVGG(gate="independent")
    >>> model = throttle(vgg)
    >>> model.u = 0.5
    >>> len(model.modules), model.modules[0].size
    (8, 16)
    """
    make_gating = _make_gating(gating, seed, gating_arguments)
    _check_batch_norm(batch_norm, buckets)
    old_images = _images(model)
    modules = find_modules(model.blocks)
    function = make_gating(modules)
    if not isinstance(function, GatingFunction):
        raise ValueError(f"Expected gating to give a GatingFunction, got {function!r}.")
    if distribution is None and isinstance(model, ThrottledModel):
        distribution = model.dial.distribution
    if distribution is None and buckets is not None:
        distribution = UniformControl(per="batch")
    kept = model.dial.buckets if isinstance(model, ThrottledModel) else 1
    images = keras.Input(
        batch_shape=old_images.shape, dtype=old_images.dtype, name=old_images.name
    )
    u = keras.Input((), name="u", optional=True)
    control = Dial(distribution, seed, kept, name="dial")(images, u)
    clone = _Clone(function, control)
    outputs = keras.models.clone_model(
        _with_control(model),
        input_tensors=[images, u],
        clone_function=clone.layer,
        call_function=clone.call,
    ).output["predictions"]
    throttled = ThrottledModel([images, u], outputs, name=name or model.name)
    clone.finish()
    return throttled if buckets is None else switch_batch_norms(throttled, buckets)


class _Clone:
    """Copies a network with other gates; what `clone_model` asks for."""

    def __init__(self, gating: GatingFunction, control: Tensor) -> None:
        self._gating = gating
        self._control = control
        self._decided: GateOutputs | None = None
        self._start = 0
        self._copies: list[tuple[keras.Layer, keras.Layer]] = []

    def layer(self, layer: keras.Layer) -> keras.Layer:
        replaced = GatedBlock | Dial | GatingFunction | keras.layers.InputLayer
        if isinstance(layer, replaced) or not isinstance(layer, keras.Layer):
            return layer
        copy = layer.__class__.from_config(layer.get_config())
        self._copies.append((layer, copy))
        return copy

    def call(self, layer: keras.Layer, *args: Any, **kwargs: Any) -> TensorTree:
        if isinstance(layer, Dial):
            return self._control
        if isinstance(layer, GatingFunction):
            # Nothing of the new network reads it: blocks get the new one's.
            stand_in = self._control[:, None]
            return dict.fromkeys(layer.outputs, stand_in)
        if isinstance(layer, GatedBlock):
            return self._call_block(layer, args[0])
        return layer(*args, **kwargs)

    def finish(self) -> None:
        """Copies weights and trainable flags; the new network must be built."""
        for source, target in self._copies:
            assign_weights(target, source.get_weights())
            target.trainable = source.trainable

    def _call_block(self, block: GatedBlock, x: Tensor) -> TensorTree:
        if self._decided is None:
            inputs = [self._control, x] if self._gating.takes_features else None
            self._decided = self._gating(self._control if inputs is None else inputs)
        gate = self._slice(block.gate)
        config = block.get_config()
        config["gate"] = keras.saving.serialize_keras_object(gate)
        copy = block.__class__.from_config(config)
        output, gate_outputs = copy(x, self._decided)
        pairs = zip(_data_path(block), _data_path(copy), strict=True)
        self._copies += pairs
        # The clone must have the structure of the old block's outputs.
        return output, {name: gate_outputs[name] for name in block.gate.outputs}

    def _slice(self, gate: Gate) -> SlicedGate:
        start = self._start
        self._start += gate.components
        macs = self._gating.component_macs(start, gate.components)
        return SlicedGate(gate.components, start, macs, name=gate.name)


def _data_path(block: GatedBlock) -> list[keras.Layer]:
    return [layer for layer in leaves(block) if not isinstance(layer, Gate)]


def _with_control(model: GatedModel) -> keras.Model:
    """The network with inputs for images and u; u leads nowhere, or to a dial."""
    if isinstance(model, ThrottledModel):
        return model.core
    u = keras.Input((), name="u", optional=True)
    return keras.Model([*keras.tree.flatten(model.input), u], model.core.output)


def _images(model: GatedModel) -> keras.KerasTensor:
    if not isinstance(model, GatedModel):
        raise ValueError(
            f"Expected a tfgate.GatedModel to throttle, got {model!r}; gates=... of "
            "tfgate.applications and tfgate.gate_model make one."
        )
    inputs = keras.tree.flatten(model.input)
    if isinstance(model, ThrottledModel):
        inputs = inputs[:1]
    if len(inputs) != 1:
        raise ValueError(
            f"Expected a network with one input to throttle, got {len(inputs)}."
        )
    return inputs[0]


def _check_batch_norm(batch_norm: str | None, buckets: int | None) -> None:
    if batch_norm not in (None, "switchable"):
        raise ValueError(
            f"Expected batch_norm to be None or 'switchable', got {batch_norm!r}."
        )
    if (batch_norm is None) != (buckets is None):
        raise ValueError(
            "Expected buckets with batch_norm='switchable', and only with it, got "
            f"buckets={buckets!r} with batch_norm={batch_norm!r}."
        )


def _make_gating(
    gating: str | MakeGating, seed: int | None, arguments: dict[str, Any]
) -> MakeGating:
    if isinstance(gating, str):
        if gating not in GATINGS:
            raise ValueError(
                f"Expected gating to be one of {tuple(GATINGS)}, or a function from "
                f"modules to a gating function, got {gating!r}."
            )
        made = GATINGS[gating]
        return lambda modules: made(modules, seed=seed, name="gating", **arguments)
    if not callable(gating) or isinstance(gating, keras.layers.Layer):
        raise ValueError(
            f"Expected gating to be one of {tuple(GATINGS)}, or a function from "
            f"modules to a gating function, got {gating!r}."
        )
    if arguments:
        raise ValueError(
            "Expected no arguments of a gating function that is given by a function, "
            f"got {arguments}."
        )
    return gating
