"""Test accuracy and cost of a trained network under every inference policy."""

import warnings

import numpy as np

import tfgate
from tfgate.inference.labels import true_class_ranks
from trainers.common import labels

THRESHOLD = 0.5
_RIGHT = ("accuracy", "top5_accuracy")
_MEANS = (*_RIGHT, "activation_rate", "executed_macs")


def evaluate(model, dataset, settings):
    """Evaluates a network on the test set.

    Args:
        model: a compiled `tfgate.GatedModel` or, without gates, `keras.Model`.
        dataset: `trainers.common.data.dataset.Dataset`.
        settings: `trainers.common.settings.Settings`.

    Returns:
        For a gated model: policy (`threshold`, `always_open`, `stochastic`,
        `ensemble`) -> dict with `accuracy` in [0, 1], `top5_accuracy` where there are
        more than five classes, `activation_rate` in [0, 1], `executed_macs` per image,
        and `rates` (gate name -> activation rate);
        `stochastic` holds means and `accuracy_std` over its runs; an ensemble's
        MACs are those of all its runs, its rates those of the stochastic runs.
        For a throttled model: `threshold`, with its dial as it is.
        For a dense model: `dense` -> dict with `accuracy` and `top5_accuracy`.
    """
    with warnings.catch_warnings():
        # What Keras says at the end of a data set that may leave out images.
        warnings.filterwarnings("ignore", "Your input ran out of data")
        return _evaluate(model, dataset, settings)


def _evaluate(model, dataset, settings):
    test = labels.for_evaluation(dataset.test, dataset)(settings.evaluation_batch_size)
    if isinstance(model, tfgate.ThrottledModel):
        with tfgate.use_policy(model, tfgate.Threshold(THRESHOLD)):
            return {"threshold": _measure(model, test)}
    if not isinstance(model, tfgate.GatedModel):
        measured = _measure(model, test)
        return {"dense": {name: measured[name] for name in _RIGHT if name in measured}}
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
        "ensemble": _ensemble(model, dataset, settings, stochastic),
    }


def _measure(model, test):
    logs = model.evaluate(test, verbose=0, return_dict=True)
    logs = {name: _rounded(value) for name, value in logs.items()}
    rates = {
        name.removeprefix("rate/"): value
        for name, value in logs.items()
        if name.startswith("rate/")
    }
    return {**{name: logs[name] for name in _MEANS if name in logs}, "rates": rates}


def _mean(runs):
    means = {
        name: _rounded(np.mean([run[name] for run in runs]))
        for name in _MEANS
        if name in runs[0]
    }
    rates = {
        gate: _rounded(np.mean([run["rates"][gate] for run in runs]))
        for gate in runs[0]["rates"]
    }
    spread = _rounded(np.std([run["accuracy"] for run in runs]))
    return {**means, "accuracy_std": spread, "rates": rates}


def _ensemble(model, dataset, settings, stochastic):
    test, runs = dataset.test(settings.evaluation_batch_size), settings.ensemble_runs
    scores = tfgate.ensemble_predict(model, test, runs=runs, from_logits=True)
    numbers = np.concatenate([numbers for _, numbers in test.as_numpy_iterator()])
    ranks = true_class_ranks(scores, numbers)
    shares = {"accuracy": _rounded(np.mean(ranks == 0))}
    if labels.has_top5(dataset):
        shares["top5_accuracy"] = _rounded(np.mean(ranks < labels.TOP))
    return {
        **shares,
        "activation_rate": stochastic["activation_rate"],
        "executed_macs": runs * stochastic["executed_macs"],
        "rates": stochastic["rates"],
    }


def _rounded(value):
    """A float without the digits that float32 does not have."""
    return round(float(value), 6)
