"""results.json: what a run is, what came out, and with which versions."""

import json

import numpy as np

import tfgate
from tfgate import costs
from trainers.common import files
from trainers.common import provenance

_POLICIES = ("stochastic", "threshold", "always_open", "ensemble")


def collect(model, settings, state, evaluation):
    """Collects the results of a finished run.

    Args:
        model: the trained model.
        settings: `trainers.common.settings.Settings`.
        state: `trainers.common.checkpoints.State`.
        evaluation: result of `trainers.common.evaluation.evaluate`.

    Returns:
        A dict for JSON. Activation rates and `macs.executed_mean` are those of the
        threshold policy; `policies` has those of all. Of a throttled network all are
        those at u = 1. A dense network decides
        nothing: every policy's accuracy is the same, its activation rate is 1, it
        executes `macs.dense`, and `activation_rate_per_gate` is empty.
    """
    gated = isinstance(model, tfgate.GatedModel)
    dense_macs = (
        model.costs.dense if gated else costs.count_macs(model, model.input_shape)
    )
    if gated:
        main = evaluation["threshold"]
        accuracy = {
            name: evaluation[name]["accuracy"]
            for name in _POLICIES
            if name in evaluation
        }
    else:
        main = {"activation_rate": 1.0, "executed_macs": dense_macs, "rates": {}}
        accuracy = dict.fromkeys(_POLICIES, evaluation["dense"]["accuracy"])
    return {
        "dataset": settings.dataset,
        "model": model.name,
        "seed": settings.seed,
        "epochs": state.epoch,
        "parameters": parameters(model),
        "macs": {"dense": dense_macs, "executed_mean": main["executed_macs"]},
        "activation_rate": main["activation_rate"],
        "activation_rate_per_gate": main["rates"],
        "test_accuracy": accuracy,
        "policies": evaluation,
        "wall_seconds": round(state.wall_seconds, 1),
        "versions": provenance.versions(),
        "git_commit": provenance.git_commit(),
    }


def write(path, results):
    """Writes results as JSON, complete or not at all."""
    files.write(path, json.dumps(results, indent=2, allow_nan=False) + "\n")


def parameters(model):
    """Number of a network's parameters, frozen ones included."""
    return sum(
        int(np.prod(variable.shape))
        for layer in model._flatten_layers()
        # What `trainable_variables` gives where nothing is frozen.
        for variable in layer._trainable_variables
    )
