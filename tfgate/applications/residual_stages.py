"""Stages of residual blocks, dense or gated: what residual networks are built of."""

import dataclasses
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgate.applications.filter_gating import FilterGating
from tfgate.blocks import GatedFilters
from tfgate.blocks import GatedResidual
from tfgate.gates import Gate
from tfgate.layers import GroupedConv2D
from tfgate.typing import Tensor

BN: Mapping[str, float] = {"momentum": 0.9, "epsilon": 1e-5}

BLOCKS = ("basic", "bottleneck")
SHORTCUTS = ("identity", "projection")
STRIDES_ON = ("3x3", "1x1")

_EXPANSION = {"basic": 1, "bottleneck": 4}


@dataclasses.dataclass(frozen=True)
class ResidualDesign:
    """How all residual blocks of a network are made.

    Attributes:
        make_gate: function from a gate's number of components and name to a gate; None
            makes dense blocks, with the same layer names.
        gating: which filters are gated; None gates whole branches.
        norm: momentum and epsilon of all batch norms.
        block: `"basic"`, two 3x3 convolutions, or `"bottleneck"`, a 3x3 between two 1x1
            convolutions, the last with four times the filters.
        shortcut: where the size changes, `"identity"` takes pixels at the stride and
            pads the new channels with zeros (He et al. 2016, option A),
            `"projection"` has a 1x1 convolution and batch norm (option B).
        last_scale: initializer of the scale of the last batch norm of each branch.
        stride_on: which convolution of a bottleneck has the strides, `"1x1"` the first,
            or `"3x3"`; basic blocks have them on their first.
        pad_both_sides: whether a 3x3 convolution with strides 2 gets zeros on all sides
            of its input; False leaves it to Keras' "same", which pads even sizes on the
            right and at the bottom alone.
        cardinality: number of groups of the 3x3 convolution of a bottleneck (Xie et al.
            2017). More than one joins it and the 1x1 convolution before it to one stage
            of gated filters: the one inner place behind them gates whole paths.
        use_bias: whether convolutions have a bias.
    """

    make_gate: Callable[[int, str], Gate] | None
    gating: FilterGating | None
    norm: Mapping[str, float]
    block: str = "basic"
    shortcut: str = "identity"
    last_scale: str = "ones"
    stride_on: str = "1x1"
    pad_both_sides: bool = False
    cardinality: int = 1
    use_bias: bool = False

    def stage(
        self, x: Tensor, stage: int, filters: int, inner: int, blocks: int, strides: int
    ) -> Tensor:
        """Applies a stage of blocks, named as in keras.applications.

        Args:
            x: KerasTensor.
            stage: number of the stage, from 0; its names begin with `conv{stage + 2}`.
            filters: number of filters of the stage; bottlenecks give four times as
                many.
            inner: number of filters between the convolutions of a block.
            blocks: number of blocks.
            strides: of the first block.
        """
        for index in range(1, blocks + 1):
            name = f"conv{stage + 2}_block{index}"
            step = strides if index == 1 else 1
            x = self._block(x, stage, filters, inner, step, name)
        return x

    def _block(
        self, x: Tensor, stage: int, filters: int, inner: int, strides: int, name: str
    ) -> Tensor:
        filters *= _EXPANSION[self.block]
        parts = self._convolutions(filters, inner, strides, name)
        shortcut = []
        if self.gating is None or self.gating.residual:
            shortcut = self._shortcut(x.shape[-1], filters, strides, name)
        if self.make_gate is None:
            return self._dense(x, parts, shortcut, name)
        shortcut_layer = (
            keras.Sequential(shortcut, name=f"{name}_0") if shortcut else None
        )
        if self.gating is None:
            leaves = [layer for part in parts for layer in part]
            gated = GatedResidual(
                keras.Sequential(leaves, name=f"{name}_branch"),
                self.make_gate(1, f"{name}_gate"),
                shortcut=shortcut_layer,
                activation="relu",
                name=name,
            )
            return gated(x)[0]
        return self._filters(x, self.gating, stage, parts, shortcut_layer, name)

    def _dense(
        self,
        x: Tensor,
        parts: Sequence[Sequence[keras.Layer]],
        shortcut: Sequence[keras.Layer],
        name: str,
    ) -> Tensor:
        residual = _apply([layer for part in parts for layer in part], x)
        if self.gating is None or self.gating.residual:
            add = layers.Add(name=f"{name}_add")
            residual = add([_apply(shortcut, x), residual])
        return layers.ReLU(name=f"{name}_out")(residual)

    def _filters(
        self,
        x: Tensor,
        gating: FilterGating,
        stage: int,
        parts: Sequence[Sequence[keras.Layer]],
        shortcut: keras.Layer | None,
        name: str,
    ) -> Tensor:
        make_gate = self.make_gate
        assert make_gate is not None
        projected = shortcut is not None and self.shortcut == "projection"
        places = [p for p in gating.places if p != "shortcut" or projected]
        sizes, always = gating.filters_per_gate_in(stage), gating.groups_always_open_at
        if not places:
            raise ValueError(
                "Expected granularity with a place that every block has, got only "
                f"'shortcut', which block {name!r} lacks."
            )
        block = GatedFilters(
            [
                keras.Sequential(part, name=f"{name}_{number}")
                for number, part in enumerate(parts, start=1)
            ],
            lambda components: make_gate(components, f"{name}_gate"),
            places=places,
            filters_per_gate={place: sizes[place] for place in places},
            groups_always_open={place: always[place] for place in places},
            shortcut=shortcut,
            activation="relu",
            residual=gating.residual,
            name=name,
        )
        return block(x)[0]

    def _convolutions(
        self, filters: int, inner: int, strides: int, name: str
    ) -> list[list[keras.Layer]]:
        """Layers of each convolution with its batch norm; ReLU after all but one."""
        on_3x3 = self.stride_on == "3x3"
        if self.block == "basic":
            shapes = [(inner, 3, strides), (filters, 3, 1)]
        else:
            first, second = (1, strides) if on_3x3 else (strides, 1)
            shapes = [(inner, 1, first), (inner, 3, second), (filters, 1, 1)]
        parts = []
        for number, (count, size, step) in enumerate(shapes, start=1):
            last = number == len(shapes)
            scale = {"gamma_initializer": self.last_scale} if last else {}
            part = self._convolution(count, size, step, f"{name}_{number}")
            part.append(self._norm(f"{name}_{number}", **scale))
            if not last:
                part.append(layers.ReLU(name=f"{name}_{number}_relu"))
            parts.append(part)
        if self.cardinality > 1:
            parts = [parts[0] + parts[1], *parts[2:]]
        return parts

    def _convolution(
        self, filters: int, size: int, strides: int, name: str
    ) -> list[keras.Layer]:
        arguments: dict[str, Any] = {"use_bias": self.use_bias}
        padding = []
        if size > 1:
            arguments["groups"] = self.cardinality
            if strides > 1 and self.pad_both_sides:
                arguments["padding"] = "valid"
                padding = [layers.ZeroPadding2D(size // 2, name=f"{name}_pad")]
        name = f"{name}_conv"
        return [*padding, convolution(filters, size, strides, name, **arguments)]

    def _norm(self, name: str, **arguments: Any) -> keras.Layer:
        return layers.BatchNormalization(name=f"{name}_bn", **self.norm, **arguments)

    def _shortcut(
        self, channels: int, filters: int, strides: int, name: str
    ) -> list[keras.Layer]:
        """Layers of the shortcut; none where the identity fits."""
        if strides == 1 and channels == filters:
            return []
        if self.shortcut == "projection":
            projection = self._convolution(filters, 1, strides, f"{name}_0")
            return [*projection, self._norm(f"{name}_0")]
        missing = filters - channels
        pad = layers.ZeroPadding2D(
            # Read as channels first, the two "spatial" axes of [batch, height, width,
            # channels] are width and channels: a stock layer that pads channels.
            ((0, 0), (missing // 2, missing - missing // 2)),
            data_format="channels_first",
            name=f"{name}_0_pad",
        )
        if strides == 1:
            return [pad]
        return [layers.MaxPooling2D(1, strides, name=f"{name}_0_subsample"), pad]


def convolution(
    filters: int, size: int, strides: int = 1, name: str | None = None, **arguments: Any
) -> keras.Layer:
    """A convolution with He's initializer, by default padded and without bias."""
    defaults = {"padding": "same", "use_bias": False}
    grouped = arguments.get("groups", 1) > 1
    make = GroupedConv2D if grouped else layers.Conv2D
    return make(
        filters,
        size,
        strides,
        kernel_initializer="he_normal",
        name=name,
        **{**defaults, **arguments},
    )


def _apply(sequence: Sequence[keras.Layer], x: Tensor) -> Tensor:
    for layer in sequence:
        x = layer(x)
    return x
