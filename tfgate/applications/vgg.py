"""VGG networks, dense or with gates on groups of filters."""

import dataclasses
import os
from typing import Any

import keras
from keras import layers

from tfgate.applications.ends import POOLINGS
from tfgate.applications.ends import check_choice
from tfgate.applications.ends import classifier
from tfgate.applications.ends import finish
from tfgate.applications.ends import head
from tfgate.applications.ends import image_input
from tfgate.applications.filter_gating import FilterGating
from tfgate.applications.gate_factory import MakeGate
from tfgate.applications.gate_factory import gate_factory
from tfgate.applications.pretrained import load_pretrained
from tfgate.blocks import GatedFilters
from tfgate.blocks.sites import check_count
from tfgate.gates import Gate
from tfgate.typing import Activation
from tfgate.typing import Tensor

Shape = tuple[int, int, int]

# VGG-D of Simonyan and Zisserman: filters of the first stage; of each stage, how many
# times as many, and the number of convolutions; units, again as a multiple.
_FILTERS = 64
_STAGES = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))
_UNITS = 64
_GROUPS = 16


def VGG16(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: Shape | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Activation | None = "softmax",
    name: str = "vgg16",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "groups",
    width: int = 1,
    groups: int | None = None,
    groups_always_open: int | None = None,
    **gate_arguments: Any,
) -> keras.Model:
    """VGG-16 (Simonyan and Zisserman 2015, configuration D), dense or gated.

    The gated network has a `tfgate.GatedFilters` for each of the five stages of
    convolutions and one, `"fc"`, for the two fully connected layers. Each has one gate,
    computed from its input, that switches groups of filters (of units) of every layer
    in it. There are no shortcuts, so at least one group of each layer always runs:
    otherwise nothing of the image would be left (TNN 3). A convolution costs in
    proportion to its open filters times those of the layer before it, also where that
    layer belongs to the stage before.

    Args:
        include_top: whether to end with the three fully connected layers.
        weights: None for random ones, `"imagenet"`, or the path of a `.keras` file or
            of `.h5` weights of the dense network.
        input_tensor: optional KerasTensor to build the network on.
        input_shape: `(height, width, channels)`, at least 32 by 32, None means
            (224, 224, 3) and, without the top, any size; ignored with an input_tensor.
        pooling: without the top, `"avg"` or `"max"` over positions, or None.
        classes: number of classes.
        classifier_activation: activation of the last layer; None gives logits.
        name: name of the model.
        gate: None for the dense network, `"independent"`, `"dependent"`, or a class
            of gates.
        granularity: what a gate switches: `"groups"`, groups of filters of every layer;
            or a `tfgate.applications.FilterGating` with residual=False, with group
            sizes for one stage or for all six, the fully connected layers last.
        width: factor on all filters and units, at least 1.
        groups: number of groups of each layer, with granularity `"groups"`; None means
            16, as in TNN. It divides the filters of all layers.
        groups_always_open: how many of them have no gate, at least 1, which None means.
        **gate_arguments: arguments of the gates' class, such as
            initial_open_probability, estimator, policy and seed.

    Returns:
        A plain `keras.Model` for `gate=None`, else a `tfgate.GatedModel`. Both have
        the layer names of `keras.applications.VGG16`.

    Raises:
        ValueError: an argument is not among its choices or out of its range, groups do
            not divide the filters or may all close, or the weights do not fit.

    Reference:
        TNN 3 (widthwise gating of VGG); Simonyan and Zisserman 2015.

    Example:
    >>> model = VGG16(input_shape=(32, 32, 3), classes=5, gate="independent",
    ...               include_top=False)
    >>> [gate.components for gate in model.gates]
    [30, 30, 45, 45, 45]
    """
    check_count(width, "width", 1)
    design = _design(
        _FILTERS * width,
        _STAGES,
        2,
        gate,
        granularity,
        groups,
        groups_always_open,
        gate_arguments,
    )
    shape = input_shape if input_tensor is None else tuple(input_tensor.shape[1:])

    def reference(source: str | None) -> keras.Model:
        if source is None:
            return VGG16(include_top, input_shape=shape, classes=classes, width=width)
        return keras.applications.VGG16(
            include_top=include_top,
            weights=source,
            input_shape=shape,
            classes=classes,
        )

    inputs = image_input(input_shape, input_tensor, (224, 224, 3), include_top)
    outputs = design.network(
        inputs, include_top, pooling, classes, classifier_activation
    )
    model = finish(inputs, outputs, input_tensor, gate is not None, name)
    load_pretrained(model, weights, reference, include_top)
    return model


def CifarVGG(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: Shape | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Activation | None = "softmax",
    name: str = "cifar_vgg",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "groups",
    width: int = 1,
    filters: int = 64,
    groups: int | None = None,
    groups_always_open: int | None = None,
    **gate_arguments: Any,
) -> keras.Model:
    """TNN's truncated VGG for CIFAR, dense or gated.

    The first three stages of VGG-D and one fully connected layer of 4096 units, each
    layer in 16 groups. Layers are named as those of `VGG16`.

    Args:
        include_top: whether to end with the fully connected layer and the classifier.
        weights: None for random ones, or the path of a `.keras` file or of `.h5`
            weights of the dense network.
        input_tensor: optional KerasTensor to build the network on.
        input_shape: `(height, width, channels)`, at least 8 by 8; None means
            (32, 32, 3). Ignored with an input_tensor.
        pooling: see `VGG16`.
        classes: number of classes.
        classifier_activation: see `VGG16`.
        name: name of the model.
        gate: see `VGG16`.
        granularity: see `VGG16`; group sizes are for one stage or for all four.
        width: see `VGG16`.
        filters: of the first stage, at least 1; twice and four times as many in the
            others, and 64 times as many units.
        groups: see `VGG16`.
        groups_always_open: see `VGG16`.
        **gate_arguments: see `VGG16`.

    Returns:
        A plain `keras.Model` for `gate=None`, else a `tfgate.GatedModel`.

    Raises:
        ValueError: as `VGG16`; there are no published weights.

    Reference:
        TNN 4.1 (CIFAR10, "VGG").

    Example:
    >>> model = CifarVGG(gate="independent")
    >>> [(block.name, block.gate.components) for block in model.blocks]
    [('block1', 30), ('block2', 30), ('block3', 45), ('fc', 15)]
    """
    check_count(width, "width", 1)
    check_count(filters, "filters", 1)
    design = _design(
        filters * width,
        _STAGES[:3],
        1,
        gate,
        granularity,
        groups,
        groups_always_open,
        gate_arguments,
    )
    shape = input_shape if input_tensor is None else tuple(input_tensor.shape[1:])

    def reference(source: str | None) -> keras.Model:
        if source is not None:
            raise ValueError(
                f"Expected weights to be None or a path, got {source!r}: none are "
                "published for CifarVGG."
            )
        return CifarVGG(
            include_top,
            input_shape=shape,
            classes=classes,
            width=width,
            filters=filters,
        )

    inputs = image_input(input_shape, input_tensor, (32, 32, 3), include_top)
    outputs = design.network(
        inputs, include_top, pooling, classes, classifier_activation
    )
    model = finish(inputs, outputs, input_tensor, gate is not None, name)
    load_pretrained(model, weights, reference, include_top)
    return model


@dataclasses.dataclass(frozen=True)
class _Design:
    """How the stages of a network are made.

    Attributes:
        stages: filters and number of convolutions of each stage.
        units: of each fully connected layer before the classifier.
        make_gate: function from a gate's number of components and name to a gate; None
            makes dense stages, of the same layers.
        gating: which filters are gated; None where no gates are made.
    """

    stages: tuple[tuple[int, int], ...]
    units: tuple[int, ...]
    make_gate: MakeGate | None
    gating: FilterGating | None

    def network(
        self,
        x: Tensor,
        include_top: bool,
        pooling: str | None,
        classes: int,
        classifier_activation: Activation | None,
    ) -> Tensor:
        """Applies the network."""
        check_choice("pooling", pooling, POOLINGS)
        _check_size(x.shape, 2 ** len(self.stages), include_top)
        for number, (filters, count) in enumerate(self.stages, start=1):
            name = f"block{number}"
            convolutions = [
                layers.Conv2D(
                    filters,
                    3,
                    padding="same",
                    activation="relu",
                    name=f"{name}_conv{index}",
                )
                for index in range(1, count + 1)
            ]
            x = self._chain(x, number - 1, convolutions, name)
            x = layers.MaxPooling2D(2, strides=2, name=f"{name}_pool")(x)
        if not include_top:
            return head(x, False, pooling, classes, classifier_activation)
        x = layers.Flatten(name="flatten")(x)
        dense = [
            layers.Dense(units, activation="relu", name=f"fc{index}")
            for index, units in enumerate(self.units, start=1)
        ]
        x = self._chain(x, len(self.stages), dense, "fc")
        return classifier(x, classes, classifier_activation)

    def _chain(
        self, x: Tensor, stage: int, chain: list[keras.Layer], name: str
    ) -> Tensor:
        """Applies layers one after the other, gated where there are gates."""
        make_gate, gating = self.make_gate, self.gating
        if make_gate is None or gating is None:
            return _in_sequence(chain, x)
        places = [p for p in gating.places if p != "inner" or len(chain) > 1]
        if not places:
            return _in_sequence(chain, x)
        sizes = gating.filters_per_gate_in(stage)
        always = gating.groups_always_open_at
        block = GatedFilters(
            chain,
            lambda components: make_gate(components, f"{name}_gate"),
            places=places,
            filters_per_gate={place: sizes[place] for place in places},
            groups_always_open={place: always[place] for place in places},
            activation=None,  # the layers have theirs
            residual=False,
            name=name,
        )
        return block(x)[0]


def _in_sequence(chain: list[keras.Layer], x: Tensor) -> Tensor:
    for layer in chain:
        x = layer(x)
    return x


def _design(
    first: int,
    stages: tuple[tuple[int, int], ...],
    fully_connected: int,
    gate: str | type[Gate] | None,
    granularity: str | FilterGating,
    groups: int | None,
    groups_always_open: int | None,
    gate_arguments: dict[str, Any],
) -> _Design:
    stages = tuple((first * factor, count) for factor, count in stages)
    units = (first * _UNITS,) * fully_connected
    filters = (*(filters for filters, _ in stages), units[0])
    gating: FilterGating | None = None
    if isinstance(granularity, FilterGating):
        if (groups, groups_always_open) != (None, None):
            raise ValueError(
                "Expected no groups and groups_always_open beside a FilterGating, "
                f"which has its own, got {groups!r} and {groups_always_open!r}."
            )
        gating = _checked(granularity, len(filters))
    elif granularity == "groups":
        if (gate, groups, groups_always_open) != (None, None, None):
            gating = _groups(filters, groups, groups_always_open)
    else:
        raise ValueError(
            "Expected granularity to be 'groups' or a FilterGating with "
            f"residual=False, got {granularity!r}: without shortcuts a closed stage "
            "would leave nothing of the image."
        )
    make_gate = gate_factory(gate, gating, len(filters), gate_arguments)
    return _Design(stages, units, make_gate, gating)


def _groups(
    filters: tuple[int, ...], groups: int | None, groups_always_open: int | None
) -> FilterGating:
    """Gates on groups of each layer's filters."""
    groups = check_count(_GROUPS if groups is None else groups, "groups", 2)
    always = 1 if groups_always_open is None else groups_always_open
    _check_always_open(always)
    if always >= groups:
        raise ValueError(
            f"Expected groups_always_open < {groups}, the number of groups, got "
            f"{always}."
        )
    for count in filters:
        if count % groups:
            raise ValueError(
                f"Expected groups to divide the numbers of filters {filters}, got "
                f"{groups}."
            )
    sizes = tuple(count // groups for count in filters)
    return FilterGating(("inner", "output"), sizes, always, residual=False)


def _checked(gating: FilterGating, stages: int) -> FilterGating:
    if gating.residual:
        raise ValueError(
            "Expected a FilterGating with residual=False for a network without "
            f"shortcuts, got {gating!r}."
        )
    for always in gating.groups_always_open_at.values():
        _check_always_open(always)
    if gating.stages not in (None, stages):
        raise ValueError(
            f"Expected granularity with group sizes for {stages} stages, the fully "
            f"connected layers last, got {gating!r} for {gating.stages}."
        )
    return gating


def _check_always_open(groups: int) -> None:
    try:
        check_count(groups, "groups_always_open", 1)
    except ValueError as error:
        raise ValueError(
            f"{error} With every group of a layer closed and no shortcut, nothing of "
            "the image would be left."
        ) from None


def _check_size(shape: tuple[int | None, ...], least: int, include_top: bool) -> None:
    """Checks the height and width of the input, which pooling halves."""
    for size in shape[1:-1]:
        if size is None and include_top:
            raise ValueError(
                "Expected an input_shape of known height and width with "
                f"include_top=True, got {tuple(shape[1:])}."
            )
        if size is not None and size < least:
            raise ValueError(
                f"Expected an input_shape of at least {least} x {least}, got "
                f"{tuple(shape[1:])}."
            )
