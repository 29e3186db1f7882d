"""The metadata document of a converted network."""

import keras
import numpy as np
import tensorflow as tf

import tfgate
from tfgate import costs
from tflite import metadata
from tflite import source
from tflite.lowering.filters import macs as block_macs


def document(
    model,
    plans,
    *,
    decisions,
    tau,
    labels,
    lowering,
    quantization,
    dial=None,
    switched=None,
):
    """Collects what the file says about itself, see `tflite.metadata`.

    Args:
        model: the trained model.
        plans: list of `tflite.plan.BlockPlan`; empty for a network without gates.
        decisions: whether the decisions are an output, if any gate is undecided.
        tau: dict `{"input", "value"}`, or None.
        labels: list of class names, or None.
        lowering: the lowering of the network.
        quantization: one of `tflite.metadata.QUANTIZATIONS`.
        dial: `tflite.lowering.Dial` of a file with an input u, else None.
        switched: block name -> list of `tflite.lowering.filters.Switched`, what the
            file executes of blocks of gated filters; None for none.

    Returns:
        Dict for JSON, without `source` and `flatbuffer`.
    """
    normalization = source.normalization(model)
    gates = _gates(model, plans)
    undecided = sum(c["decided"] is None for g in gates for c in g["components"])
    return {
        "schema": metadata.SCHEMA,
        "schema_version": metadata.SCHEMA_VERSION,
        "model": model.name,
        "lowering": lowering,
        "quantization": quantization,
        "tau": tau,
        "u": None if dial is None else _control(model, dial),
        "input": _tensor("images", source.input_shape(model))
        | {
            "value_range": [0, 255] if normalization["in_graph"] else None,
            "normalization": normalization,
        },
        "outputs": {
            "predictions": _tensor("predictions", source.output_shape(model)),
            "decisions": _tensor("decisions", (1, undecided))
            if decisions and undecided
            else None,
        },
        "labels": labels,
        "gates": gates,
        "macs": _macs(model, plans, gates, switched or {})
        if dial is None
        else _dial_macs(model, dial),
        "versions": {
            "tfgate": tfgate.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
        },
    }


def _tensor(name, shape):
    return {"name": name, "shape": [int(size) for size in shape], "dtype": "float32"}


def _gates(model, plans):
    gates, column = [], 0
    for plan in plans:
        components = []
        macs = model.costs.components[plan.block.gate.name]
        for saved, decided in zip(macs, plan.decisions, strict=True):
            index = column if decided is None else None
            column += decided is None
            components.append(
                {"macs": round(float(saved)), "decided": decided, "index": index}
            )
        gates.append(
            {
                "block": plan.block.name,
                "gate": plan.block.gate.name,
                "kind": type(plan.block).__name__,
                "gate_kind": type(plan.block.gate).__name__,
                "lowering": plan.lowering,
                "gate_macs": _gate_macs(model, plan),
                "components": components,
            }
        )
    return gates


def _macs(model, plans, gates, switched):
    if not isinstance(model, tfgate.GatedModel):
        macs = costs.count_macs(model, model.input_shape)
        return {"dense": macs, "all_open": macs, "all_closed": macs, "products": []}
    closed, products = {}, []
    # Of blocks that say themselves what they execute, nothing else is counted.
    always = sum(_gate_macs(model, plan) for plan in plans) - model.costs.gate_total
    for plan, gate in zip(plans, gates, strict=True):
        own = switched.get(plan.block.name)
        is_open = own is not None or plan.lowering not in ("closed", "if")
        closed[gate["gate"]] = np.full(plan.block.gate.components, is_open)
        if own is not None:
            always -= block_macs.of_block(plan.block)
            always += sum(entry.macs for entry in own if not entry.is_switched)
            products += [
                _product(entry.macs, entry.factors, entry.shares, gate)
                for entry in own
                if entry.is_switched
            ]
        elif plan.lowering == "if":
            macs = gate["components"][0]["macs"]
            products.append(_product(macs, [[0]], [], gate))
    all_closed = model.costs.count(closed) + always
    return {
        "dense": model.costs.dense,
        "all_open": all_closed + sum(product["macs"] for product in products),
        "all_closed": all_closed,
        "products": products,
    }


def _product(macs, factors, shares, gate):
    def columns(components):
        return [gate["components"][c]["index"] for c in components]

    return {
        "macs": macs,
        "factors": [columns(factor) for factor in factors],
        "shares": [columns(share) for share in shares],
    }


def _control(model, dial):
    """Where the file's MACs rise with u."""
    begins = sorted({o.threshold for steps in dial.steps for o in steps.openings})
    rising = []
    for u in [0.0, *begins]:
        macs = int(dial.executed_macs(model.costs.dense, u))
        if not rising or rising[-1]["macs"] != macs:
            rising.append({"from": u, "macs": macs})
    return {"value": 1.0, "steps": rising}


def _dial_macs(model, dial):
    dense = model.costs.dense
    return {
        "dense": dense,
        "all_open": int(dial.executed_macs(dense, 1.0)),
        "all_closed": int(dial.executed_macs(dense, 0.0)),
        "products": [],
    }


def _gate_macs(model, plan):
    return model.costs.gate[plan.block.gate.name] if plan.computes_gate else 0
