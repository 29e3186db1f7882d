"""Residual networks: what they have in common, from the images to the classes."""

import dataclasses
import os
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from tfgate.applications.early_exits import EarlyExits
from tfgate.applications.early_exits import ExitPoints
from tfgate.applications.ends import check_choice
from tfgate.applications.ends import finish
from tfgate.applications.ends import head
from tfgate.applications.ends import image_input
from tfgate.applications.filter_gating import FilterGating
from tfgate.applications.filter_gating import resolve
from tfgate.applications.gate_factory import gate_factory
from tfgate.applications.pretrained import load_pretrained
from tfgate.applications.residual_stages import BLOCKS
from tfgate.applications.residual_stages import BN
from tfgate.applications.residual_stages import SHORTCUTS
from tfgate.applications.residual_stages import STRIDES_ON
from tfgate.applications.residual_stages import ResidualDesign
from tfgate.applications.residual_stages import convolution
from tfgate.gates import Gate
from tfgate.typing import Activation
from tfgate.typing import Tensor

IMAGENET_BN: Mapping[str, float] = {"momentum": 0.9, "epsilon": 1.001e-5}
IMAGENET_FILTERS = (64, 128, 256, 512)


@dataclasses.dataclass(frozen=True)
class ResidualNetwork:
    """A residual network, but for its gates and its ends.

    Attributes:
        name: name of the model.
        blocks: number of blocks in each stage.
        filters: number of filters of each stage; bottlenecks give four times as many.
        inner: number of filters between the convolutions of each stage's blocks.
        cifar: whether it begins with a 3x3 convolution of 16 or more filters for small
            images; else with ImageNet's 7x7 convolution and pooling.
        stem_filters: number of filters of the first convolution.
        block, shortcut, stride_on, cardinality, use_bias: see `ResidualDesign`.
        zero_init_residual: whether the last batch norm of each branch starts with a
            scale of zero.
        published: function of keras.applications that has its weights; None where there
            is none.
    """

    name: str
    blocks: tuple[int, ...]
    filters: tuple[int, ...]
    inner: tuple[int, ...]
    cifar: bool
    stem_filters: int
    block: str
    shortcut: str = "projection"
    stride_on: str = "3x3"
    cardinality: int = 1
    use_bias: bool = False
    zero_init_residual: bool = False
    published: Callable[..., keras.Model] | None = None

    def __post_init__(self) -> None:
        check_choice("block", self.block, BLOCKS)
        check_choice("shortcut", self.shortcut, SHORTCUTS)
        check_choice("stride_on", self.stride_on, STRIDES_ON)

    def build(
        self,
        include_top: bool,
        weights: str | os.PathLike[str] | None,
        input_tensor: keras.KerasTensor | None,
        input_shape: tuple[int | None, int | None, int] | None,
        pooling: str | None,
        classes: int,
        classifier_activation: Activation | None,
        gate: str | type[Gate] | None,
        granularity: str | FilterGating,
        gate_arguments: Mapping[str, Any],
        early_exit: bool | EarlyExits = False,
    ) -> keras.Model:
        """Builds the network; the arguments are those of `tfgate.applications`."""
        gating = self._gating(granularity)
        exits = ExitPoints(
            early_exit, include_top, classes, classifier_activation, gate_arguments
        )
        gate_arguments = exits.rest(gate, gate_arguments)
        design = ResidualDesign(
            gate_factory(gate, gating, sum(self.blocks), gate_arguments),
            gating,
            self._norm,
            self.block,
            self.shortcut,
            last_scale="zeros" if self.zero_init_residual else "ones",
            stride_on=self.stride_on,
            pad_both_sides=not self.cifar,
            cardinality=self.cardinality,
            use_bias=self.use_bias,
        )
        default = (32, 32, 3) if self.cifar else (224, 224, 3)
        inputs = image_input(input_shape, input_tensor, default, include_top)
        x = self._stem(inputs)
        stages = zip(self.filters, self.inner, self.blocks, strict=True)
        for stage, (filters, inner, blocks) in enumerate(stages):
            if stage:
                exits.add(x, f"conv{stage + 1}_exit")
            x = design.stage(x, stage, filters, inner, blocks, 2 if stage else 1)
        outputs = head(x, include_top, pooling, classes, classifier_activation)
        outputs, gated = exits.select(outputs), gate is not None or exits.exist
        model = finish(inputs, outputs, input_tensor, gated, self.name)

        def reference(source: str | None) -> keras.Model:
            if source is not None:
                return self._published(source, include_top)
            shape = tuple(inputs.shape[1:])
            ends = (include_top, None, None, shape, None, classes, None)
            return self.build(
                *ends, gate=None, granularity=granularity, gate_arguments={}
            )

        load_pretrained(model, weights, reference, include_top)
        return model

    @property
    def _norm(self) -> Mapping[str, float]:
        return BN if self.cifar else IMAGENET_BN

    def _gating(self, granularity: str | FilterGating) -> FilterGating | None:
        own = {}
        if self.cardinality > 1:
            groups = tuple(inner // self.cardinality for inner in self.inner)
            own = {"groups": FilterGating(("inner",), groups)}
        projections = self.shortcut == "projection"
        return resolve(granularity, len(self.blocks), projections, own)

    def _stem(self, x: Tensor) -> Tensor:
        if self.cifar:
            x = convolution(self.stem_filters, 3, name="conv1_conv")(x)
        else:
            x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
            arguments = {"padding": "valid", "use_bias": self.use_bias}
            first = convolution(self.stem_filters, 7, 2, "conv1_conv", **arguments)
            x = first(x)
        x = layers.BatchNormalization(name="conv1_bn", **self._norm)(x)
        x = layers.ReLU(name="conv1_relu")(x)
        if self.cifar:
            return x
        x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
        return layers.MaxPooling2D(3, 2, name="pool1_pool")(x)

    def _published(self, weights: str, include_top: bool) -> keras.Model:
        if self.published is None:
            raise ValueError(
                f"Expected weights of {self.name!r} to be None or a path, got "
                f"{weights!r}: keras.applications has none; tools/torch_weights.py "
                "converts those of torchvision's networks."
            )
        if self.stride_on != "1x1":
            raise ValueError(
                f"Expected stride_on='1x1' with weights={weights!r}, which were "
                f"trained so, got {self.stride_on!r}."
            )
        return self.published(include_top=include_top, weights=weights)
