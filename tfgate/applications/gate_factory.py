"""How the gates of a network are made, from the arguments of its function."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from tfgate.applications.filter_gating import FilterGating
from tfgate.gates import DependentGate
from tfgate.gates import Gate
from tfgate.gates import IndependentGate
from tfgate.stochastic_depth import StochasticDepth
from tfgate.stochastic_depth import survival_probabilities

MakeGate = Callable[[int, str], Gate]

GATES: dict[str, type[Gate]] = {
    "independent": IndependentGate,
    "dependent": DependentGate,
    "stochastic_depth": StochasticDepth,
}


def gate_factory(
    gate: str | type[Gate] | None,
    gating: FilterGating | None,
    blocks: int,
    arguments: Mapping[str, Any],
) -> MakeGate | None:
    """Returns the function that makes the gates of a network.

    Args:
        gate: None for a dense network, a name in `GATES`, or a class of gates, called
            as `gate(components, name=..., **arguments)`.
        gating: which filters are gated; None for whole blocks.
        blocks: number of gated blocks, which stochastic depth counts.
        arguments: arguments of the gates' class besides components and name; for
            `"stochastic_depth"`, survival_probability is that of the last block.

    Returns:
        Function from a gate's number of components and name to the gate; None for a
        dense network.

    Raises:
        ValueError: the gate is none of these, there are arguments but no gates, or
            stochastic depth is asked for filters.

    Example:
    >>> make_gate = gate_factory("dependent", None, 9, {"hidden": 8})
    >>> make_gate(1, "first").hidden
    8
    """
    choices = (None, *GATES)
    known = isinstance(gate, str) or gate is None
    is_class = isinstance(gate, type) and issubclass(gate, Gate)
    if not is_class and not (known and gate in choices):
        raise ValueError(
            f"Expected gate to be one of {choices} or a class of gates, got {gate!r}."
        )
    arguments = dict(arguments)
    if gate is None:
        if arguments:
            raise ValueError(
                f"Expected no arguments of gates with gate=None, got {arguments}."
            )
        return None
    gate_class = GATES[gate] if isinstance(gate, str) else gate
    if gate_class is StochasticDepth:
        if gating is not None:
            raise ValueError(
                "Expected granularity='block' with gate='stochastic_depth', got "
                f"{gating!r}."
            )
        return _stochastic_depth(blocks, arguments)
    if gating is not None and gating.initial_open_probability is not None:
        if arguments.get("initial_open_probability") is None:
            arguments["initial_open_probability"] = gating.initial_open_probability
    if arguments.get("initial_open_probability", 0) is None:
        del arguments["initial_open_probability"]

    def make_gate(components: int, name: str) -> Gate:
        return gate_class(components, name=name, **arguments)

    return make_gate


def _stochastic_depth(blocks: int, arguments: dict[str, Any]) -> MakeGate:
    last = arguments.pop("survival_probability", 0.5)
    survival = iter(survival_probabilities(blocks, last))

    def make_gate(components: int, name: str) -> Gate:
        return StochasticDepth(next(survival), components, name=name, **arguments)

    return make_gate
