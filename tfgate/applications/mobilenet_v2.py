"""MobileNetV2, dense or gated."""

import dataclasses
import os
from typing import Any

import keras
from keras import layers

from tfgate.applications.ends import finish
from tfgate.applications.ends import head
from tfgate.applications.ends import image_input
from tfgate.applications.filter_gating import FilterGating
from tfgate.applications.filter_gating import GroupSizes
from tfgate.applications.filter_gating import resolve
from tfgate.applications.gate_factory import MakeGate
from tfgate.applications.gate_factory import gate_factory
from tfgate.applications.pretrained import load_pretrained
from tfgate.blocks import GatedFilters
from tfgate.blocks import GatedResidual
from tfgate.gates import Gate
from tfgate.typing import Activation
from tfgate.typing import Tensor

Shape = tuple[int, int, int]

BN = {"momentum": 0.999, "epsilon": 1e-3}

# Of each stage: expansion factor, filters, blocks and first stride (table 2).
_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_FILTERS_PER_GATE = 8
# Height and width of the images on which published weights were trained.
_PUBLISHED_SIZES = {96, 128, 160, 192, 224}


def MobileNetV2(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: Shape | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Activation | None = "softmax",
    name: str = "mobilenet_v2",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    width: float = 1.0,
    filters_per_gate: GroupSizes | None = None,
    **gate_arguments: Any,
) -> keras.Model:
    """MobileNetV2 (Sandler et al. 2018), dense or gated.

    Args:
        include_top: whether to end with global pooling and the classifier.
        weights: None for random ones; `"imagenet"`, of those for images of 96, 128,
            160, 192 or 224 pixels squared the ones of the input's size, else of 224; or
            the path of a `.keras` file or of `.h5` weights of the dense network.
        input_tensor: optional KerasTensor to build the network on.
        input_shape: `(height, width, channels)`; None means (224, 224, 3) and, without
            the top, any size. Ignored with an input_tensor.
        pooling: without the top, `"avg"` or `"max"` over positions, or None.
        classes: number of classes.
        classifier_activation: activation of the last layer; None gives logits.
        name: name of the model.
        gate: None for the dense network, `"independent"`, `"dependent"`, a class of
            gates, or `"stochastic_depth"`, with probabilities that fall linearly with
            depth.
        granularity: what a gate switches. `"block"`: the whole branch of each inverted
            residual block that has a shortcut; the others stay ungated.
            `"expansion"`: groups of the filters between expansion and projection, in
            every block but the first, which expands nothing. Or a
            `tfgate.applications.FilterGating`, or the name of one, for the same
            blocks, with group sizes for one stage or for the six that expand; its
            place `"inner"` is the expansion filters, so `"bas"` has a gate for each of
            them. In blocks without a shortcut at least one group stays open at each
            place: otherwise nothing of the image would be left.
        width: factor on the numbers of filters, keras.applications' `alpha`: they are
            rounded to multiples of 8. 0.35, 0.5, 0.75, 1.0, 1.3 and 1.4 have published
            weights; PG S1.3 proposes a wide network to be pruned back by its gates.
        filters_per_gate: with granularity `"expansion"`, the number of filters that
            share a gate, or a tuple of six; None means 8. Every divisor of 48 fits all
            stages at any width.
        **gate_arguments: arguments of the gates' class, such as
            initial_open_probability, estimator, policy and seed; for
            `"stochastic_depth"`, survival_probability is that of the last block.

    Returns:
        A plain `keras.Model` for `gate=None`, else a `tfgate.GatedModel`. Both have
        the layer names of `keras.applications.MobileNetV2`.

    Raises:
        ValueError: an argument is not among its choices or out of its range, group
            sizes do not divide the filters, or the weights do not fit.

    Reference:
        PG S1.3; Sandler et al. 2018.

    Example:
    >>> shape = (32, 32, 3)
    >>> model = MobileNetV2(input_shape=shape, gate="independent", width=0.35)
    >>> len(model.gates), model.gate_names[0]
    (10, 'block_2_gate')
    >>> model = MobileNetV2(input_shape=shape, gate="independent", width=0.35,
    ...                     granularity="expansion", filters_per_gate=16)
    >>> [gate.components for gate in model.gates][:4]
    [2, 3, 2, 6]
    """
    if isinstance(width, bool) or not isinstance(width, int | float) or not width > 0:
        raise ValueError(f"Expected width > 0, got {width!r}.")
    gating = _gating(granularity, filters_per_gate)
    plan = _plan(width)
    gated = [block for block in plan if _is_gated(block, gating)]
    make_gate = gate_factory(gate, gating, len(gated), gate_arguments)
    shape = input_shape if input_tensor is None else tuple(input_tensor.shape[1:])

    def reference(source: str | None) -> keras.Model:
        if source is None:
            return MobileNetV2(
                include_top,
                input_shape=shape,
                classes=classes,
                granularity=granularity,
                width=width,
            )
        return keras.applications.MobileNetV2(
            # Weights do not depend on the size, but they were trained on one.
            input_shape=_published_shape(shape) if include_top else shape,
            alpha=width,
            include_top=include_top,
            weights=source,
            classes=classes,
        )

    inputs = image_input(input_shape, input_tensor, (224, 224, 3), include_top)
    x = layers.Conv2D(
        _stem_filters(width), 3, 2, padding="same", use_bias=False, name="Conv1"
    )(inputs)
    x = layers.BatchNormalization(name="bn_Conv1", **BN)(x)
    x = layers.ReLU(6.0, name="Conv1_relu")(x)
    for block in plan:
        x = block.apply(x, gating, make_gate if block in gated else None)
    filters = _rounded(1280 * width) if width > 1.0 else 1280
    x = layers.Conv2D(filters, 1, use_bias=False, name="Conv_1")(x)
    x = layers.BatchNormalization(name="Conv_1_bn", **BN)(x)
    x = layers.ReLU(6.0, name="out_relu")(x)
    outputs = head(x, include_top, pooling, classes, classifier_activation)
    model = finish(inputs, outputs, input_tensor, gate is not None, name)
    load_pretrained(model, weights, reference, include_top)
    return model


@dataclasses.dataclass(frozen=True)
class _Block:
    """An inverted residual block: expand, filter each channel, project.

    Attributes:
        number: of the block, from 0.
        stage: index of its stage among those that expand; -1 for the first.
        inputs: number of channels that it gets.
        expanded: number of filters of the depthwise convolution.
        outputs: number of channels that it gives.
        strides: of the depthwise convolution.
    """

    number: int
    stage: int
    inputs: int
    expanded: int
    outputs: int
    strides: int

    @property
    def name(self) -> str:
        return f"block_{self.number}" if self.number else "expanded_conv"

    @property
    def has_shortcut(self) -> bool:
        return self.strides == 1 and self.inputs == self.outputs

    def apply(
        self, x: Tensor, gating: FilterGating | None, make_gate: MakeGate | None
    ) -> Tensor:
        """Applies the block, dense where there is no function that makes a gate."""
        expansion, projection = self._expansion(x), self._projection()
        residual = self.has_shortcut and (gating is None or gating.residual)
        if make_gate is None:
            y = x
            for layer in (*expansion, *projection):
                y = layer(y)
            return layers.Add(name=f"{self.name}_add")([x, y]) if residual else y
        if gating is None:
            branch = keras.Sequential(
                [*expansion, *projection], name=f"{self.name}_branch"
            )
            gate = make_gate(1, f"{self.name}_gate")
            return GatedResidual(branch, gate, activation=None, name=self.name)(x)[0]
        places = [place for place in gating.places if place != "shortcut"]
        sizes, always = (
            gating.filters_per_gate_in(self.stage),
            gating.groups_always_open_at,
        )
        block = GatedFilters(
            [
                keras.Sequential(expansion, name=f"{self.name}_expansion"),
                keras.Sequential(projection, name=f"{self.name}_projection"),
            ],
            lambda components: make_gate(components, f"{self.name}_gate"),
            places=places,
            filters_per_gate={place: sizes[place] for place in places},
            groups_always_open={
                place: max(always[place], 0 if residual else 1) for place in places
            },
            activation=None,
            residual=residual,
            name=self.name,
        )
        return block(x)[0]

    def _expansion(self, x: Tensor) -> list[keras.Layer]:
        """Layers up to the expansion filters; the first block has them already."""
        name, expansion = self.name, []
        if self.number:
            expansion = [
                layers.Conv2D(
                    self.expanded,
                    1,
                    padding="same",
                    use_bias=False,
                    name=f"{name}_expand",
                ),
                layers.BatchNormalization(name=f"{name}_expand_BN", **BN),
                layers.ReLU(6.0, name=f"{name}_expand_relu"),
            ]
        if self.strides == 2:
            # As keras.applications: before the first pixel only where the size is odd.
            sizes = x.shape[1:3]
            before = [0 if None in sizes else size % 2 for size in sizes]
            padding = tuple((pixels, 1) for pixels in before)
            expansion.append(layers.ZeroPadding2D(padding, name=f"{name}_pad"))
        return [
            *expansion,
            layers.DepthwiseConv2D(
                3,
                self.strides,
                padding="same" if self.strides == 1 else "valid",
                use_bias=False,
                name=f"{name}_depthwise",
            ),
            layers.BatchNormalization(name=f"{name}_depthwise_BN", **BN),
            layers.ReLU(6.0, name=f"{name}_depthwise_relu"),
        ]

    def _projection(self) -> list[keras.Layer]:
        return [
            layers.Conv2D(
                self.outputs,
                1,
                padding="same",
                use_bias=False,
                name=f"{self.name}_project",
            ),
            layers.BatchNormalization(name=f"{self.name}_project_BN", **BN),
        ]


def _plan(width: float) -> list[_Block]:
    """The blocks of the network, in order."""
    blocks: list[_Block] = []
    channels = _stem_filters(width)
    for stage, (expansion, filters, count, strides) in enumerate(_STAGES):
        outputs = _rounded(int(filters * width))
        for index in range(count):
            blocks.append(
                _Block(
                    len(blocks),
                    stage - 1,
                    channels,
                    expansion * channels,
                    outputs,
                    strides if index == 0 else 1,
                )
            )
            channels = outputs
    return blocks


def _is_gated(block: _Block, gating: FilterGating | None) -> bool:
    return block.has_shortcut if gating is None else block.stage >= 0


def _gating(
    granularity: str | FilterGating, filters_per_gate: GroupSizes | None
) -> FilterGating | None:
    if granularity != "expansion" and filters_per_gate is not None:
        raise ValueError(
            "Expected filters_per_gate with granularity='expansion' alone, got "
            f"{filters_per_gate!r} with {granularity!r}."
        )
    size = _FILTERS_PER_GATE if filters_per_gate is None else filters_per_gate
    own = {"expansion": FilterGating(("inner",), size)}
    return resolve(granularity, len(_STAGES) - 1, projections=False, own=own)


def _published_shape(shape: Shape | None) -> Shape | None:
    """The input shape whose weights are taken; None for those of 224 x 224."""
    sizes = set((shape or ())[:-1])
    return shape if len(sizes) == 1 and sizes <= _PUBLISHED_SIZES else None


def _stem_filters(width: float) -> int:
    return _rounded(32 * width)


def _rounded(filters: float) -> int:
    """The nearest multiple of 8, at least 8 and at least 90 % of the number."""
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * filters else rounded
