"""The metadata document of a converted network."""

import keras
import numpy as np
import tensorflow as tf

import tfgate
from tflite import macs
from tflite import metadata
from tflite import source


def document(
    model,
    plans,
    options,
    dial=None,
    learned=None,
    switched=None,
    calibrated_on=None,
):
    """Collects what the file says about itself, see `tflite.metadata`.

    Args:
        model: the trained model.
        plans: list of `tflite.plan.BlockPlan`; empty for a network without gates.
        options: `tflite.options.Options` of the conversion.
        dial: `tflite.lowering.Dial` of a file with an input u and gating by a rule,
            else None.
        learned: `tflite.lowering.Learned` of one with learned gating, else None.
        switched: block name -> list of `tflite.lowering.filters.Switched`, what the
            file executes of blocks of gated filters; None for none.
        calibrated_on: from `tflite.quantization.int8.provenance`.

    Returns:
        Dict for JSON, without `source` and `flatbuffer`.
    """
    normalization = source.normalization(model)
    gates = _gates(model, plans)
    undecided = sum(c["decided"] is None for g in gates for c in g["components"])
    tau = {"input": options.tau_input, "value": options.tau}
    if options.lowering == "dense" or dial is not None:
        tau = None
    executed = (
        macs.count(model, plans, gates, switched or {})
        if dial is None
        else _dial_macs(model, dial)
    )
    return {
        "schema": metadata.SCHEMA,
        "schema_version": metadata.SCHEMA_VERSION,
        "model": model.name,
        "lowering": options.lowering,
        "quantization": options.quantize,
        "quantized": options.quantization.document() | {"calibration": calibrated_on},
        "tau": tau,
        "u": _control(model, dial, learned, options.tau, executed),
        "input": _tensor("images", source.input_shape(model))
        | {
            "value_range": [0, 255] if normalization["in_graph"] else None,
            "normalization": normalization,
        },
        "signatures": [metadata.ONLY_SIGNATURE]
        if len(options.signatures) == 1
        else list(options.signatures),
        "outputs": {
            "predictions": _tensor("predictions", source.output_shape(model)),
            "decisions": _tensor("decisions", (1, undecided))
            if options.gate_outputs and undecided
            else None,
        },
        "labels": None if options.labels is None else list(options.labels),
        "gates": gates,
        "macs": executed,
        "versions": {
            "tfgate": tfgate.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
        },
    }


def _tensor(name, shape):
    return {"name": name, "shape": [int(size) for size in shape], "dtype": "float32"}


def _gates(model, plans):
    gates, column, starts = [], 0, _starts(plans)
    for plan in plans:
        components = []
        saves = model.costs.components[plan.block.gate.name]
        for saved, decided in zip(saves, plan.decisions, strict=True):
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
                "behind": [starts[name] for name in _exits_before(model, plan)],
                "components": components,
            }
        )
    return gates


def _starts(plans):
    """Block name -> number of its gate's first component in the network."""
    sizes = [plan.block.gate.components for plan in plans]
    starts = np.cumsum([0, *sizes])
    return {p.block.name: int(n) for p, n in zip(plans, starts, strict=False)}


def _exits_before(model, plan):
    """Names of the exits that a block lies behind."""
    stage = model.exits.stages().get(plan.block.name, 0)
    return [leave.name for leave in model.exits.exits[:stage]]


def _control(model, dial, learned, tau, executed):
    """The entry `u`: where the file's MACs change with u, if u alone says."""
    if dial is None and learned is None:
        return None
    if dial is not None:
        begins = sorted({o.threshold for steps in dial.steps for o in steps.openings})
        us = [0.0, *begins]
        counts = [dial.executed_macs(model.costs.dense, u) for u in us]
    else:
        found = learned.intervals(tau)
        if found is None:
            return {"value": 1.0, "steps": None}
        us, decisions = found
        counts = metadata.macs_of_products(executed, decisions)
    steps = []
    for u, count in zip(us, counts, strict=True):
        if not steps or steps[-1]["macs"] != int(count):
            steps.append({"from": float(u), "macs": int(count)})
    return {"value": 1.0, "steps": steps}


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
