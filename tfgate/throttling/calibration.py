"""A dial for any gated network, calibrated on a data set."""

import bisect
import math
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from tfgate.costs import ModelCosts
from tfgate.inference.scope import use_policy
from tfgate.model import GatedModel
from tfgate.policies import Threshold
from tfgate.policies import Throttle
from tfgate.throttling.dial import check_controls
from tfgate.throttling.model import ThrottledModel
from tfgate.typing import Tensor
from tfgate.typing import TensorTree

KINDS = ("threshold", "order")

# Where τ is looked for: beyond, float32 does not tell it from 1 or 0.
_LEAST_LOG_ODDS = -40.0
_MOST_LOG_ODDS = 16.0
# Two τ are one when their log odds are as near as this.
_RESOLUTION = 1e-3


def calibrate(
    model: GatedModel,
    dataset: Iterable[TensorTree],
    kind: str = "threshold",
    us: Sequence[float] | None = None,
    tolerance: float = 0.005,
) -> Throttle:
    """Gives a gated network a dial: a policy whose u sets its mean MACs.

    An image is to execute `all_closed + u (all_open - all_closed)` MACs in the mean
    over the data set (see `model.costs`), so that u is the share of what gates can
    switch. Two kinds of policies do that:

    - `"threshold"`: one τ for all gates, found by bisection. What a gate sees depends
      on what the gates before it decided, so every τ that is tried is a pass over the
      data set, about ten for each u. Images still differ in what they run. Where gates
      are polarized, MACs jump with τ: u then gives the nearest of what can be reached,
      and the table says what that is.
    - `"order"`: components open in the order of their importance, the mean of their
      probability over the data set under `Threshold(0.5)`; of equals the one with
      fewer MACs comes first. At u as many are open as it takes to reach u's share, the
      same for all images. That dials also where τ can't: gates that are independent of
      the image, or polarized.

    Args:
        model: a `tfgate.GatedModel` without a dial of its own. It has its own policy
            again afterwards.
        dataset: `tf.data.Dataset`, or iterable, of batches `x` or `(x, y, ...)`; for
            `"threshold"` it is gone through many times.
        kind: `"threshold"` or `"order"`.
        us: the values of u to calibrate, in [0, 1]; None means 0, 1/16, ..., 1. 0 and 1
            are always among them: all components closed and all open.
        tolerance: for `"threshold"`: by which part of `all_open - all_closed` the mean
            may miss u's share, above 0. Less takes more passes.

    Returns:
        A `tfgate.Throttle` with u = 1; `policy.at(0.3)` turns it. Its `table` has the
        columns `u`, `tau`, `executed_macs`, what u really reaches on the data set, and
        `share`, the part of `all_open - all_closed` that this is.

    Raises:
        ValueError: an argument is out of its range, the model has a dial already or
            gates that switch no MACs, or the data set is empty, endless or, for
            `"threshold"`, a generator, which can be gone through once.

    Reference:
        TNN 2, for h(x, u); PG 3.2, for τ.

    Example:
    >>> import tfgate
    >>> model = tfgate.applications.CifarResNet(8, gate="independent")
    >>> policy = calibrate(model, [ops.ones((2, 32, 32, 3))], "order")
    >>> model.policy = policy.at(0.5)
    >>> [round(row["share"], 2) for row in policy.table[::8]]
    [0.0, 0.6, 1.0]
    """
    if kind not in KINDS:
        raise ValueError(f"Expected kind to be one of {KINDS}, got {kind!r}.")
    if not isinstance(model, GatedModel) or isinstance(model, ThrottledModel):
        raise ValueError(
            "Expected a tfgate.GatedModel without a dial of its own to calibrate, got "
            f"{model!r}."
        )
    if not 0.0 < tolerance < 1.0:
        raise ValueError(f"Expected tolerance in (0, 1), got {tolerance!r}.")
    if model.costs.all_open <= model.costs.all_closed:
        raise ValueError(
            f"Expected gates that switch MACs to calibrate, got {model.name!r}, whose "
            "gates switch none."
        )
    us = [i / 16 for i in range(17)] if us is None else check_controls(us)
    us = sorted({0.0, *us, 1.0})
    with use_policy(model, Threshold()):
        if kind == "threshold":
            return _thresholds(model, dataset, us, tolerance)
        return _order(model, dataset, us)


# --- One threshold for all gates


def _thresholds(
    model: GatedModel, dataset: Iterable[TensorTree], us: list[float], tolerance: float
) -> Throttle:
    curve = _Curve(model, dataset)
    span = curve.most - curve.least
    for u in us[1:-1]:
        curve.approach(curve.least + u * span, tolerance * span)
    reached = curve.rising()
    rows = []
    for u in us:
        target = curve.least + u * span
        nearest = min(reached, key=lambda point: abs(point[1] - target))
        ends = {0.0: (1.0, curve.least), 1.0: (0.0, curve.most)}
        tau, macs = ends.get(u, nearest)
        rows.append(_row(u, tau, macs, model.costs))
    return Throttle(rows)


class _Curve:
    """Mean executed MACs over τ; every new point is one pass over the data set.

    Attributes:
        least: MACs with all components closed, which τ = 1 gives.
        most: MACs with all components open, which τ = 0 gives.
    """

    def __init__(self, model: GatedModel, dataset: Iterable[TensorTree]) -> None:
        self.least = float(model.costs.all_closed)
        self.most = float(model.costs.all_open)
        self._model = model
        self._dataset = dataset
        self._run = _executed_macs(model)
        # Rising log odds of τ, and MACs; in between there is nothing.
        self._log_odds = [_LEAST_LOG_ODDS, _MOST_LOG_ODDS]
        self._macs = [self.most, self.least]

    def approach(self, target: float, tolerance: float) -> None:
        """Measures points until one is near enough, or there is none in between."""
        while True:
            # Points i - 1 and i are neighbours with the target between them.
            i = next(i for i, macs in enumerate(self._macs) if macs <= target)
            low, high = self._log_odds[i - 1], self._log_odds[i]
            near = min(abs(self._macs[j] - target) for j in (i - 1, i))
            if near <= tolerance or high - low <= _RESOLUTION:
                return
            self._measure((low + high) / 2.0)

    def rising(self) -> list[tuple[float, float]]:
        """Pairs of τ, falling, and of the MACs that it gives, rising.

        Where a smaller τ happens to execute less, it is left out.
        """
        points = [(1.0, self.least)]
        for log_odds, macs in list(zip(self._log_odds, self._macs, strict=True))[
            -2:0:-1
        ]:
            if points[-1][1] < macs < self.most:
                points.append((_tau(log_odds), macs))
        return [*points, (0.0, self.most)]

    def _measure(self, log_odds: float) -> None:
        self._model.policy = Threshold(_tau(log_odds))
        totals = [self._run(x) for x in _images(self._dataset)]
        macs, images = np.sum(
            [[float(part) for part in pair] for pair in totals], axis=0
        )
        index = bisect.bisect(self._log_odds, log_odds)
        self._log_odds.insert(index, log_odds)
        self._macs.insert(index, macs / images)


def _tau(log_odds: float) -> float:
    """τ as the gates keep it, in float32."""
    return float(np.float32(1.0 / (1.0 + math.exp(-log_odds))))


def _executed_macs(model: GatedModel) -> Any:
    core, costs = model.core, model.costs

    @tf.function(autograph=False, reduce_retracing=True)
    def run(x: TensorTree) -> tuple[Tensor, Tensor]:
        gates = core(x, training=False)["gates"]
        macs = costs.executed({name: g["decision"] for name, g in gates.items()})
        return tf.reduce_sum(tf.cast(macs, tf.float64)), tf.shape(macs)[0]

    return run


# --- One order for all images


def _order(
    model: GatedModel, dataset: Iterable[TensorTree], us: list[float]
) -> Throttle:
    costs = model.costs
    probabilities = _mean_probabilities(model, dataset)
    macs = np.concatenate(list(costs.components.values()))
    # Of equals lexsort keeps the order of the network.
    order = np.lexsort((macs, -probabilities))
    places = np.empty(len(order), int)
    places[order] = np.arange(len(order))
    ends = np.cumsum(list(costs.sizes.values()))[:-1]
    by_gate = dict(zip(costs.sizes, np.split(places, ends), strict=True))

    def count(opened: int) -> int:
        return costs.count({name: own < opened for name, own in by_gate.items()})

    rows, opened = [], 0
    for u in us:
        target = costs.all_closed + u * (costs.all_open - costs.all_closed)
        if u == 1.0:
            opened = len(order)
        else:
            more = range(opened, len(order))
            opened += bisect.bisect_left(more, target, key=count)
        rows.append(_row(u, _closed_share(opened, len(order)), count(opened), costs))
    return Throttle(rows, {name: own.tolist() for name, own in by_gate.items()})


def _closed_share(opened: int, components: int) -> float:
    return float(np.float32(1.0 - opened / components))


def _mean_probabilities(model: GatedModel, dataset: Iterable[TensorTree]) -> np.ndarray:
    """Mean P(open) of every component, `[components of all gates]`."""
    core, names = model.core, model.gate_names

    @tf.function(autograph=False, reduce_retracing=True)
    def run(x: TensorTree) -> Tensor:
        gates = core(x, training=False)["gates"]
        return ops.concatenate([gates[name]["probability"] for name in names], axis=1)

    total, images = np.zeros(sum(model.costs.sizes.values())), 0
    for x in _images(dataset):
        found = ops.convert_to_numpy(run(x)).astype("float64")
        total, images = total + found.sum(axis=0), images + len(found)
    return total / images


# --- What both kinds need


def _row(u: float, tau: float, macs: float, costs: ModelCosts) -> dict[str, float]:
    span = costs.all_open - costs.all_closed
    share = (macs - costs.all_closed) / span
    return {"u": u, "tau": tau, "executed_macs": float(macs), "share": float(share)}


def _images(dataset: Iterable[TensorTree]) -> Iterator[TensorTree]:
    cardinality = getattr(dataset, "cardinality", None)
    if cardinality is not None and cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(f"Expected dataset to end, got an endless one: {dataset}.")
    empty = True
    for batch in dataset:
        empty = False
        yield batch[0] if isinstance(batch, tuple | list) else batch
    if empty:
        raise ValueError(
            "Expected dataset to give batches whenever it is gone through, got none."
        )
