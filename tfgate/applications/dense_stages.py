"""Stages of densely connected layers, dense or gated: what DenseNets are built of."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgate.applications.filter_gating import FilterGating
from tfgate.applications.filter_gating import resolve
from tfgate.applications.gate_factory import MakeGate
from tfgate.blocks import GatedConcat
from tfgate.blocks import GatedFilters
from tfgate.typing import Tensor


@dataclasses.dataclass(frozen=True)
class DenseDesign:
    """How all layers of a DenseNet are made.

    A layer is BN, ReLU, 1x1 convolution, BN, ReLU, 3x3 convolution; what it gives is
    appended to its input. A transition halves the size of the feature map.

    Attributes:
        make_gate: function from a gate's number of components and name to a gate; None
            makes a dense network, with the same layer names.
        gating: which filters are gated; None gates whole layers.
        growth: number of channels that a layer appends.
        bottleneck: number of filters of the 1x1 convolutions.
        compression: share of the channels that a transition leaves, in (0, 1].
        norm: arguments of all batch norms.
    """

    make_gate: MakeGate | None
    gating: FilterGating | None
    growth: int
    bottleneck: int
    compression: float
    norm: dict[str, Any]

    def stage(self, x: Tensor, stage: int, count: int) -> Tensor:
        """Applies a dense block, named as in keras.applications.

        Args:
            x: KerasTensor.
            stage: number of the stage, from 0; its names begin with `conv{stage + 2}`.
            count: number of its layers.
        """
        for index in range(1, count + 1):
            x = self._layer(x, stage, f"conv{stage + 2}_block{index}")
        return x

    def transition(self, x: Tensor, stage: int) -> Tensor:
        """Applies what follows a dense block but the last: `pool{stage + 2}`."""
        name = f"pool{stage + 2}"
        # Without the small number 0.29 * 100 would be rounded down to 28.
        filters = math.floor(x.shape[-1] * self.compression + 1e-9)
        if filters < 1:
            raise ValueError(
                f"Expected compression to leave some of the {x.shape[-1]} channels at "
                f"{name!r}, got {self.compression!r}."
            )
        for layer in (
            *self._activation(name),
            convolution(filters, 1, name=f"{name}_conv"),
            layers.AveragePooling2D(2, strides=2, name=f"{name}_pool"),
        ):
            x = layer(x)
        return x

    def end(self, x: Tensor) -> Tensor:
        """Applies the batch norm and ReLU behind the last dense block."""
        x = layers.BatchNormalization(name="bn", **self.norm)(x)
        return layers.Activation("relu", name="relu")(x)

    def _layer(self, x: Tensor, stage: int, name: str) -> Tensor:
        first = [
            *self._activation(f"{name}_0"),
            convolution(self.bottleneck, 1, name=f"{name}_1_conv"),
            *self._activation(f"{name}_1"),
        ]
        second = convolution(self.growth, 3, padding="same", name=f"{name}_2_conv")
        if self.make_gate is not None and self.gating is None:
            branch = keras.Sequential([*first, second], name=f"{name}_branch")
            gate = self.make_gate(1, f"{name}_gate")
            return GatedConcat(branch, gate, name=name)(x)[0]
        if self.make_gate is not None and self.gating is not None:
            stages = [keras.Sequential(first, name=f"{name}_1"), second]
            block = _gated_filters(stages, self.make_gate, self.gating, stage, name)
            appended, _ = block(x)
        else:
            appended = x
            for layer in (*first, second):
                appended = layer(appended)
        return layers.Concatenate(name=f"{name}_concat")([x, appended])

    def _activation(self, name: str) -> list[keras.Layer]:
        return [
            layers.BatchNormalization(name=f"{name}_bn", **self.norm),
            layers.Activation("relu", name=f"{name}_relu"),
        ]


def _gated_filters(
    stages: Sequence[keras.Layer],
    make_gate: MakeGate,
    gating: FilterGating,
    stage: int,
    name: str,
) -> GatedFilters:
    places = [place for place in gating.places if place != "shortcut"]
    sizes, always = gating.filters_per_gate_in(stage), gating.groups_always_open_at
    return GatedFilters(
        stages,
        lambda components: make_gate(components, f"{name}_gate"),
        places=places,
        filters_per_gate={place: sizes[place] for place in places},
        groups_always_open={place: always[place] for place in places},
        activation=None,
        residual=False,
        name=name,
    )


def resolve_gating(granularity: str | FilterGating, stages: int) -> FilterGating | None:
    """Finds the filter gating of a DenseNet, see `filter_gating.resolve`.

    Raises:
        ValueError: as there, or the gating is without the shortcuts of residual
            networks, which here have another meaning.
    """
    gating = resolve(granularity, stages, projections=False)
    if gating is not None and not gating.residual:
        raise ValueError(
            "Expected granularity with residual=True, since a DenseNet appends to its "
            f"input and adds nothing, got {granularity!r}."
        )
    return gating


def convolution(
    filters: int,
    size: int,
    strides: int = 1,
    padding: str = "valid",
    name: str | None = None,
) -> keras.Layer:
    """A convolution of DenseNets: without bias, He's initializer."""
    return layers.Conv2D(
        filters,
        size,
        strides,
        padding=padding,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )
