"""A block whose filters are switched, in groups, at several of its places."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Self

import keras
from keras import ops

from tfgate import channels
from tfgate import costs
from tfgate.blocks import filter_costs
from tfgate.blocks.base import GatedBlock
from tfgate.blocks.sites import Grouping
from tfgate.blocks.sites import Site
from tfgate.gates import Gate
from tfgate.open_channels import Opened
from tfgate.typing import Activation
from tfgate.typing import Config
from tfgate.typing import GateOutputs
from tfgate.typing import Shape
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class GatedFilters(GatedBlock):
    """A block whose filters run only where their gates are open.

    With stages `F_1 ... F_n` and a mask m of zeros and ones at each gated place,

        h_0 = m_input * x
        h_i = m_inner_i * F_i(h_(i-1))                    for i < n
        y = activation(m_shortcut * shortcut(x) + m_output * F_n(h_(n-1)))

    where places that are not gated have no mask. One gate, computed from x, decides
    for all places. At each place consecutive filters share a component of the gate in
    groups of `filters_per_gate`; the first `groups_always_open` groups have none and
    always run.

    A stage is what stands between two gated places: convolution, batch norm and ReLU;
    in the last one the activation is the block's. A stage that begins with a batch
    norm (pre-activation) makes a constant of a closed filter, not a zero.

    Args:
        stages: list of layers or `keras.Sequential`, in order.
        gate: a `tfgate.gates.Gate` with as many components as there are gated groups;
            or a function from that number to a gate, such as the class
            `tfgate.DependentGate`, called when the block is built.
        places: some of `"input"`, `"inner"` (after each stage but the last),
            `"output"` (after the last) and `"shortcut"` (a projection's output).
        filters_per_gate: number of filters that share a gate, from 1 to all; one
            number, or a dict with one for each place. It divides the filters there,
            and is a multiple of a group where a grouped convolution is next.
        groups_always_open: number of groups at each place that have no gate, at least
            0 and less than all; one number, or a dict with one for each place.
        shortcut: any layer or model whose output has the shape of the last stage's;
            None means the identity.
        activation: name or function applied to the result; None means none.
        residual: whether the shortcut is added. False makes an ordinary chain of
            layers of the block: `y = activation(m_output * F_n(h_(n-1)))`.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `[batch, ..., channels]`.
        control: outputs of a gating function, in throttled networks alone.
        training: as for any Keras layer.

    Returns:
        `(output, gate_outputs)`: output has the last stage's shape, gate_outputs is the
        gate's dict of `[batch, components]` tensors.

    Attributes:
        sites: tuple of `tfgate.blocks.Site`, the gated places in the order of
            computation (input, inner, output, shortcut) and their components; known
            when the block is built.

    Raises:
        ValueError: a place that the block lacks, groups that do not fit the filters or
            the groups of a convolution, a gate of another number of components, or
            stages and shortcut of different shapes.

    Reference:
        BAS equation 4 (`places=("inner",)`); CS 3.4 and figure 2 (all places, filters
        in groups); PG S2.3 (`places=("output",)`, with and without the shortcut).

    Example:
    >>> from tfgate.gates import DependentGate
    >>> stages = [
    ...     keras.Sequential([keras.layers.Conv2D(16, 3, padding="same"),
    ...                       keras.layers.BatchNormalization(), keras.layers.ReLU()]),
    ...     keras.layers.Conv2D(8, 3, padding="same"),
    ... ]
    >>> block = GatedFilters(stages, DependentGate, places=("inner", "output"),
    ...                      filters_per_gate={"inner": 4, "output": 2})
    >>> output, gate = block(ops.ones((2, 4, 4, 8)))
    >>> output.shape.as_list(), gate["decision"].shape.as_list()
    ([2, 4, 4, 8], [2, 8])
    >>> [(site.name, site.components) for site in block.sites]
    [('inner1', slice(0, 4, None)), ('output', slice(4, 8, None))]
    """

    layer_arguments = ("gate", "shortcut")

    def __init__(
        self,
        stages: Sequence[keras.Layer],
        gate: Gate | Callable[[int], Gate],
        places: Sequence[str] = ("inner",),
        filters_per_gate: int | Mapping[str, int] = 1,
        groups_always_open: int | Mapping[str, int] = 0,
        shortcut: keras.Layer | None = None,
        activation: Activation | None = "relu",
        residual: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stages = list(stages)
        if not self.stages:
            raise ValueError("Expected at least one stage, got none.")
        grouping = Grouping.of(places, filters_per_gate, groups_always_open)
        if "inner" in grouping.places and len(self.stages) < 2:
            raise ValueError(
                "Expected at least two stages for the place 'inner', got "
                f"{len(self.stages)}."
            )
        if "shortcut" in grouping.places and shortcut is None:
            raise ValueError(
                "Expected a shortcut layer for the place 'shortcut', got None."
            )
        if not residual and shortcut is not None:
            raise ValueError(
                f"Expected shortcut=None with residual=False, got {shortcut!r}."
            )
        if not isinstance(gate, Gate) and not _makes_gates(gate):
            raise ValueError(
                "Expected gate to be a tfgate Gate, or a function from a number of "
                f"components to one, got {gate!r}."
            )
        self._grouping = grouping
        self.shortcut = shortcut
        self.activation = keras.activations.get(activation)
        self.residual = bool(residual)
        # The gate comes last, made now or in build: that is the order of the weights.
        self._make_gate = None if isinstance(gate, Gate) else gate
        if isinstance(gate, Gate):
            self.take_gate(gate)

    @property
    def places(self) -> tuple[str, ...]:
        """The gated places, in the order of computation."""
        return self._grouping.places

    def build(self, input_shape: Shape) -> None:
        self.built_shape = tuple(input_shape)
        shapes = [self.built_shape]
        for stage in self.stages:
            if not stage.built:
                stage.build(shapes[-1])
            shapes.append(tuple(stage.compute_output_shape(shapes[-1])))
        if self.shortcut is not None and not self.shortcut.built:
            self.shortcut.build(input_shape)
        self._check_layers(shapes)
        self.sites = self._grouping.lay_out(self._gated_filters(shapes), self.name)
        self._check_groups()
        self._build_gate(input_shape)
        self.built = True

    def call(
        self,
        inputs: Tensor,
        control: GateOutputs | None = None,
        training: bool | None = None,
    ) -> tuple[Tensor, GateOutputs]:
        inputs = self.cast_inputs(inputs)
        gate_input = self.gate_input(inputs, control)
        gate_outputs = self.gate(gate_input, training=training)
        x = inputs
        for element in self.path():
            if isinstance(element, Site):
                x = _mask(x, element, gate_outputs)
            else:
                x = element(x)
        if self.residual:
            kept = inputs
            for element in self.shortcut_path():
                if isinstance(element, Site):
                    kept = _mask(kept, element, gate_outputs)
                else:
                    kept = element(kept)
            x = kept + x
        return self.activation(x), gate_outputs

    def compute_output_spec(
        self,
        inputs: Tensor,
        control: GateOutputs | None = None,
        training: bool | None = None,
    ) -> tuple[Tensor, GateOutputs]:
        shape = inputs.shape
        for stage in self.stages:
            shape = stage.compute_output_shape(shape)
        output = keras.KerasTensor(shape, dtype=self.compute_dtype)
        gate_input = self.gate_input(inputs, control)
        return output, self.gate.compute_output_spec(gate_input)

    def path(self) -> list[keras.Layer | Site]:
        """Stages and gated places of the main path, in the order of computation."""
        sites = {(site.place, site.stage): site for site in self.sites}
        path: list[keras.Layer | Site | None] = [sites.get(("input", 0))]
        for index, stage in enumerate(self.stages):
            last = index == len(self.stages) - 1
            path += [stage, sites.get(("output" if last else "inner", index))]
        return [element for element in path if element is not None]

    def shortcut_path(self) -> list[keras.Layer | Site]:
        """The shortcut and its gated place; nothing for the identity."""
        if self.shortcut is None:
            return []
        return [self.shortcut, *(s for s in self.sites if s.place == "shortcut")]

    def products(self, opened: Opened = ()) -> tuple[costs.Product, ...]:
        """What the gate switches, in MACs for one image, of the built block.

        Args:
            opened: the channels of the block's input that earlier gates leave open.
        """
        paths = (self.path(), self.shortcut_path())
        return filter_costs.products(paths, self.built_shape, self.gate, opened)

    def open_outputs(self, opened: Opened = ()) -> Opened:
        """The channels of the output that gates leave open; empty if all are there.

        Args:
            opened: the channels of the block's input that earlier gates leave open.
        """
        if self.residual or not channels.is_elementwise(self.activation):
            return ()
        return filter_costs.open_outputs(
            self.path(), self.built_shape, self.gate, opened
        )

    def get_config(self) -> Config:
        if not hasattr(self, "gate"):
            raise ValueError(
                f"Expected block {self.name!r} to be built before it is saved: until "
                "then it has no gate."
            )
        return {
            **super().get_config(),
            "stages": [keras.saving.serialize_keras_object(s) for s in self.stages],
            "places": list(self.places),
            "filters_per_gate": dict(self._grouping.filters_per_gate),
            "groups_always_open": dict(self._grouping.groups_always_open),
            "activation": keras.activations.serialize(self.activation),
            "residual": self.residual,
        }

    @classmethod
    def from_config(cls, config: Config) -> Self:
        deserialize = keras.saving.deserialize_keras_object
        stages = [deserialize(stage) for stage in config["stages"]]
        return super().from_config({**config, "stages": stages})

    # --- Building

    def _check_layers(self, shapes: Sequence[Shape]) -> None:
        for layer in (*self.stages, self.shortcut):
            for leaf in channels.leaves(layer) if layer is not None else ():
                groups = getattr(leaf, "groups", 1)
                if not isinstance(leaf, channels.CONVOLUTIONS) or groups == 1:
                    continue
                if channels.kind(leaf) is not channels.Kind.GROUPS:
                    raise ValueError(
                        "Expected grouped convolutions of Keras' own classes, with "
                        "channels last and an elementwise activation, in a block of "
                        f"gated filters, got groups={groups} in layer {leaf.name!r} of "
                        f"block {self.name!r}."
                    )
        if not self.residual:
            return
        shortcut = self.built_shape
        if self.shortcut is not None:
            shortcut = tuple(self.shortcut.compute_output_shape(self.built_shape))
        if shapes[-1][1:] != shortcut[1:]:
            raise ValueError(
                f"Expected stages and shortcut of block {self.name!r} to have one "
                f"shape, got {shapes[-1]} and {shortcut}."
            )

    def _check_groups(self) -> None:
        """A gate switches whole groups of a convolution, or they could not be cut."""
        for path in (self.path(), self.shortcut_path()):
            elements = filter_costs.flatten(path)
            for index, site in enumerate(elements):
                if isinstance(site, Site):
                    self._check_reach(site, elements[index + 1 :], ahead=True)
                    self._check_reach(site, elements[:index][::-1], ahead=False)

    def _check_reach(
        self, site: Site, elements: Sequence[keras.Layer | Site], ahead: bool
    ) -> None:
        size = site.filters_per_gate
        for layer in filter_costs.reached(elements):
            if channels.kind(layer) is not channels.Kind.GROUPS:
                continue
            inputs, outputs = channels.group_sizes(layer)
            near, far = (inputs, outputs) if ahead else (outputs, inputs)
            if size % near:
                raise ValueError(
                    "Expected filters_per_gate to be whole groups of the convolution "
                    f"{layer.name!r}, a multiple of {near} filters next to it, at the "
                    f"place {site.place!r} of block {self.name!r}, got {size}."
                )
            size = size // near * far

    def _gated_filters(self, shapes: Sequence[Shape]) -> dict[tuple[str, int], int]:
        """(place, stage) -> number of filters, in the order of computation."""
        last = len(self.stages) - 1
        found = {("input", 0): shapes[0][-1]}
        found |= {("inner", index): shapes[index + 1][-1] for index in range(last)}
        found |= {("output", last): shapes[-1][-1], ("shortcut", -1): shapes[-1][-1]}
        filters = {}
        for (place, stage), count in found.items():
            if place in self.places:
                if count is None:
                    raise ValueError(
                        f"Expected a known number of filters at the place {place!r} of "
                        f"block {self.name!r}, got None."
                    )
                filters[place, stage] = count
        return filters

    def _build_gate(self, input_shape: Shape) -> None:
        components = self.sites[-1].components.stop
        if self._make_gate is not None and not hasattr(self, "gate"):
            self.gate = self._make_gate(components)
        if not isinstance(self.gate, Gate) or self.gate.components != components:
            got = getattr(self.gate, "components", self.gate)
            raise ValueError(
                f"Expected a gate with {components} components for block "
                f"{self.name!r}, one for each gated group, got {got!r}."
            )
        if self.gate.open_weight != 1.0:
            raise ValueError(
                f"Expected a gate for filters in block {self.name!r}, got "
                f"{self.gate.name!r} of class {type(self.gate).__name__}, which is for "
                "whole branches."
            )
        if not self.gate.built:
            self.gate.build(input_shape)


def _makes_gates(gate: object) -> bool:
    # A layer is callable too, but on tensors.
    return callable(gate) and not isinstance(gate, keras.layers.Layer)


def _mask(x: Tensor, site: Site, gate_outputs: GateOutputs) -> Tensor:
    """Multiplies x `[batch, ..., filters]` by the decisions, and by their scale."""
    mask = gate_outputs["decision"][:, site.components]
    always = ops.ones_like(mask[:, :1])
    if "scale" in gate_outputs:
        scale = gate_outputs["scale"][:, site.components]
        mask, always = mask * scale, scale[:, :1]
    mask, always = ops.cast(mask, x.dtype), ops.cast(always, x.dtype)
    if site.groups_always_open:
        mask = ops.concatenate([always] * site.groups_always_open + [mask], axis=1)
    if site.filters_per_gate > 1:
        mask = ops.repeat(mask, site.filters_per_gate, axis=1)
    return x * ops.reshape(mask, (-1,) + (1,) * (len(x.shape) - 2) + (site.filters,))
