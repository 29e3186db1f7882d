"""What a converted network executes, in MACs, as a function of its decisions."""

import numpy as np

import tfgate
from tfgate import costs
from tflite.lowering.filters import macs as block_macs


def count(model, plans, gates, switched):
    """Counts the MACs of a file without an input u.

    Args:
        model: the trained model.
        plans: list of `tflite.plan.BlockPlan`; empty for a network without gates.
        gates: the entry `gates` of `tflite.metadata`, for the same blocks.
        switched: block name -> list of `tflite.lowering.filters.Switched`, what the
            file executes of blocks of gated filters.

    Returns:
        The entry `macs` of `tflite.metadata`.
    """
    if not isinstance(model, tfgate.GatedModel):
        macs = costs.count_macs(model, model.input_shape)
        return {"dense": macs, "all_open": macs, "all_closed": macs, "products": []}
    total = _Sum()
    behind = {plan.block.name: _behind(model, plan, plans, gates) for plan in plans}
    states = {
        plan.block.gate.name: _state(plan, gate, switched)
        for plan, gate in zip(plans, gates, strict=True)
    }
    total.add(model.costs.all_open - sum(p.macs for p in model.costs.products), ())
    for product in model.costs.products:
        share, factors = _resolved(product.factors, states)
        total.add(product.macs * share, factors)
    for plan, gate in zip(plans, gates, strict=True):
        reached = behind[plan.block.name]
        if reached is None:
            continue
        if not plan.computes_gate:
            total.add(-model.costs.gate[plan.block.gate.name], reached)
        if plan.lowering == "masked" and isinstance(plan.block, tfgate.EarlyExit):
            total.add(plan.block.classifier_macs(), reached)
        own = switched.get(plan.block.name)
        if own is not None:
            total.add(-block_macs.of_block(plan.block), reached)
            for entry in own:
                total.add(
                    entry.macs,
                    (*reached, *_columns(gate, entry.factors)),
                    _columns(gate, entry.shares),
                )
    return total.document(model.costs.dense)


class _Sum:
    """MACs by what they depend on."""

    def __init__(self):
        self._terms = {}

    def add(self, macs, factors, shares=()):
        key = (tuple(dict.fromkeys(factors)), tuple(shares))
        self._terms[key] = self._terms.get(key, 0) + macs

    def document(self, dense):
        terms = {key: round(macs) for key, macs in self._terms.items()}
        always = terms.pop(((), ()), 0)
        products = [
            {"macs": macs, "factors": _lists(factors), "shares": _lists(shares)}
            for (factors, shares), macs in terms.items()
            if macs
        ]
        return {
            "dense": dense,
            "all_open": always + sum(product["macs"] for product in products),
            "all_closed": always,
            "products": products,
        }


def _state(plan, gate, switched):
    """What stands for a gate's decisions: its column, or 0 or 1 for all of them."""
    if plan.block.name in switched or plan.lowering not in ("closed", "if"):
        return 1
    if plan.lowering == "closed":
        return 0
    return (gate["components"][0]["index"],)


def _resolved(factors, states):
    """Splits `tfgate.costs.Factor`s into a constant share, and columns."""
    share, columns = 1.0, []
    for factor in factors:
        state = states[factor.gate]
        if isinstance(state, tuple):
            columns.append(state)
        else:
            opened = factor.always + state * float(np.sum(factor.weights))
            share *= opened / factor.filters
    return share, tuple(columns)


def _behind(model, plan, plans, gates):
    """Factors of the exits that a block lies behind; None where it never runs."""
    stage = model.exits.stages().get(plan.block.name, 0)
    names = [leave.name for leave in model.exits.exits[:stage]]
    found = []
    for other, gate in zip(plans, gates, strict=True):
        if other.block.name in names:
            state = _state(other, gate, {})
            if state == 0:
                return None
            if state != 1:
                found.append(state)
    return tuple(found)


def _columns(gate, groups):
    return tuple(
        tuple(gate["components"][c]["index"] for c in group) for group in groups
    )


def _lists(groups):
    return [list(group) for group in groups]
