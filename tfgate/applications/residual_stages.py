"""Stages of residual blocks, dense or gated: what residual networks are built of."""

import dataclasses
from collections.abc import Callable
from collections.abc import Sequence

import keras
from keras import layers

from tfgate.applications.filter_gating import FilterGating
from tfgate.blocks import GatedFilters
from tfgate.blocks import GatedResidual
from tfgate.gates import Gate
from tfgate.typing import Tensor

BN = {"momentum": 0.9, "epsilon": 1e-5}

BLOCKS = ("basic", "bottleneck")
SHORTCUTS = ("identity", "projection")

_EXPANSION = {"basic": 1, "bottleneck": 4}


@dataclasses.dataclass(frozen=True)
class ResidualDesign:
    """How all residual blocks of a network are made.

    Attributes:
        make_gate: function from a gate's number of components and name to a gate; None
            makes dense blocks, with the same layer names.
        gating: which filters are gated; None gates whole branches.
        block: `"basic"`, two 3x3 convolutions, or `"bottleneck"`, a 3x3 between two 1x1
            convolutions, the last with four times the filters.
        shortcut: where the size changes, `"identity"` takes pixels at the stride and
            pads the new channels with zeros (He et al. 2016, option A),
            `"projection"` has a 1x1 convolution and batch norm (option B).
        width: factor on the number of filters between the convolutions of a block.
        last_scale: initializer of the scale of the last batch norm of each branch.
    """

    make_gate: Callable[[int, str], Gate] | None
    gating: FilterGating | None
    block: str = "basic"
    shortcut: str = "identity"
    width: int = 1
    last_scale: str = "ones"

    def stage(
        self, x: Tensor, stage: int, filters: int, blocks: int, strides: int
    ) -> Tensor:
        """Applies a stage of blocks, named as in keras.applications.

        Args:
            x: KerasTensor.
            stage: number of the stage, from 0; its names begin with `conv{stage + 2}`.
            filters: number of filters inside the blocks, before `width`.
            blocks: number of blocks.
            strides: of the first block.
        """
        for index in range(1, blocks + 1):
            name = f"conv{stage + 2}_block{index}"
            x = self._block(x, stage, filters, strides if index == 1 else 1, name)
        return x

    def _block(
        self, x: Tensor, stage: int, filters: int, strides: int, name: str
    ) -> Tensor:
        convolutions = self._convolutions(filters, strides, name)
        filters *= _EXPANSION[self.block]
        shortcut = []
        if self.gating is None or self.gating.residual:
            shortcut = self._shortcut(x.shape[-1], filters, strides, name)
        if self.make_gate is None:
            return self._dense(x, convolutions, shortcut, name)
        shortcut_layer = (
            keras.Sequential(shortcut, name=f"{name}_0") if shortcut else None
        )
        if self.gating is None:
            leaves = [layer for convolution in convolutions for layer in convolution]
            gated = GatedResidual(
                keras.Sequential(leaves, name=f"{name}_branch"),
                self.make_gate(1, f"{name}_gate"),
                shortcut=shortcut_layer,
                activation="relu",
                name=name,
            )
            return gated(x)[0]
        return self._filters(x, self.gating, stage, convolutions, shortcut_layer, name)

    def _dense(
        self,
        x: Tensor,
        convolutions: Sequence[Sequence[keras.Layer]],
        shortcut: Sequence[keras.Layer],
        name: str,
    ) -> Tensor:
        residual = _apply([layer for c in convolutions for layer in c], x)
        if self.gating is None or self.gating.residual:
            add = layers.Add(name=f"{name}_add")
            residual = add([_apply(shortcut, x), residual])
        return layers.ReLU(name=f"{name}_out")(residual)

    def _filters(
        self,
        x: Tensor,
        gating: FilterGating,
        stage: int,
        convolutions: Sequence[Sequence[keras.Layer]],
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
                keras.Sequential(convolution, name=f"{name}_{number}")
                for number, convolution in enumerate(convolutions, start=1)
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
        self, filters: int, strides: int, name: str
    ) -> list[list[keras.Layer]]:
        """Layers of each convolution with its batch norm; ReLU after all but one."""
        inner = filters * self.width
        if self.block == "basic":
            shapes = [(inner, 3, strides), (filters, 3, 1)]
        else:
            shapes = [(inner, 1, strides), (inner, 3, 1), (4 * filters, 1, 1)]
        convolutions = []
        for number, (count, size, step) in enumerate(shapes, start=1):
            last = number == len(shapes)
            scale = {"gamma_initializer": self.last_scale} if last else {}
            convolutions.append(
                [
                    convolution(count, size, step, name=f"{name}_{number}_conv"),
                    layers.BatchNormalization(
                        name=f"{name}_{number}_bn", **scale, **BN
                    ),
                ]
            )
            if not last:
                convolutions[-1].append(layers.ReLU(name=f"{name}_{number}_relu"))
        return convolutions

    def _shortcut(
        self, channels: int, filters: int, strides: int, name: str
    ) -> list[keras.Layer]:
        """Layers of the shortcut; none where the identity fits."""
        if strides == 1 and channels == filters:
            return []
        if self.shortcut == "projection":
            return [
                convolution(filters, 1, strides, name=f"{name}_0_conv"),
                layers.BatchNormalization(name=f"{name}_0_bn", **BN),
            ]
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
    filters: int, size: int, strides: int = 1, name: str | None = None
) -> keras.Layer:
    """A convolution of residual networks: padded, without bias, He's initializer."""
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
