"""Test accuracy and cost of a trained network under every inference policy."""

import numpy as np

import tfgate

THRESHOLD = 0.5


def evaluate(model, dataset, settings):
    """Evaluates a network on the test set.

    Args:
        model: a compiled `tfgate.GatedModel` or, without gates, `keras.Model`.
        dataset: `trainers.common.data.dataset.Dataset`.
        settings: `trainers.common.settings.Settings`.

    Returns:
        For a gated model: policy (`threshold`, `always_open`, `stochastic`,
        `ensemble`) -> dict with `accuracy` in [0, 1], `activation_rate` in [0, 1],
        `executed_macs` per image, and `rates` (gate name -> activation rate);
        `stochastic` holds means and `accuracy_std` over its runs; an ensemble's
        MACs are those of all its runs, its rates those of the stochastic runs.
        For a dense model: `dense` -> dict with `accuracy`.
    """
    test = dataset.test(settings.evaluation_batch_size)
    if not isinstance(model, tfgate.GatedModel):
        return {"dense": {"accuracy": _measure(model, test)["accuracy"]}}
    before = model.policy
    try:
        model.policy = tfgate.Threshold(THRESHOLD)
        threshold = _measure(model, test)
        model.policy = tfgate.AlwaysOpen()
        always_open = _measure(model, test)
        model.policy = tfgate.Stochastic()
        runs = [_measure(model, test) for _ in range(settings.stochastic_runs)]
    finally:
        model.policy = before
    stochastic = _mean(runs)
    return {
        "stochastic": stochastic,
        "threshold": threshold,
        "always_open": always_open,
        "ensemble": _ensemble(model, test, settings.ensemble_runs, stochastic),
    }


def _measure(model, test):
    logs = model.evaluate(test, verbose=0, return_dict=True)
    logs = {name: _rounded(value) for name, value in logs.items()}
    rates = {
        name.removeprefix("rate/"): value
        for name, value in logs.items()
        if name.startswith("rate/")
    }
    kept = ("accuracy", "activation_rate", "executed_macs")
    return {**{name: logs[name] for name in kept if name in logs}, "rates": rates}


def _mean(runs):
    means = {
        name: _rounded(np.mean([run[name] for run in runs]))
        for name in ("accuracy", "activation_rate", "executed_macs")
    }
    rates = {
        gate: _rounded(np.mean([run["rates"][gate] for run in runs]))
        for gate in runs[0]["rates"]
    }
    spread = _rounded(np.std([run["accuracy"] for run in runs]))
    return {**means, "accuracy_std": spread, "rates": rates}


def _ensemble(model, test, runs, stochastic):
    scores = tfgate.ensemble_predict(model, test, runs=runs, from_logits=True)
    labels = np.concatenate([labels for _, labels in test.as_numpy_iterator()])
    return {
        "accuracy": _rounded(np.mean(scores.argmax(axis=-1) == labels)),
        "activation_rate": stochastic["activation_rate"],
        "executed_macs": runs * stochastic["executed_macs"],
        "rates": stochastic["rates"],
    }


def _rounded(value):
    """A float without the digits that float32 does not have."""
    return round(float(value), 6)
