"""A throttled network over its control u: accuracy, utilization and executed MACs."""

import contextlib
import dataclasses
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfgate.inference.evaluation import policy_name
from tfgate.inference.forward import Forward
from tfgate.inference.forward import Outputs
from tfgate.inference.labels import class_numbers
from tfgate.inference.labels import labelled_batches
from tfgate.inference.labels import true_class_ranks
from tfgate.throttling.dial import check_controls
from tfgate.throttling.model import ThrottledModel
from tfgate.typing import Tensor
from tfgate.typing import TensorTree

US = tuple(step / 16 for step in range(17))  # TNN A: u = 0, 1/16, ..., 1
AXES = {"utilization": "utilization", "macs": "executed_macs_share"}

_TOP = 5


def evaluate_throttling(
    model: ThrottledModel,
    dataset: Iterable[TensorTree],
    us: Sequence[float] | None = None,
) -> list[dict[str, Any]]:
    """Measures a throttled network at several positions of its dial.

    Every u is a forward pass of its own, under the model's policy: set another, or wrap
    the call in `tfgate.use_policy`. The images are read once.

    Args:
        model: a `tfgate.ThrottledModel` whose predictions are one tensor
            `[batch, classes]`. Its dial is afterwards where it was before.
        dataset: `tf.data.Dataset`, or iterable, of batches `(x, y)`, x images alone;
            labels `[batch]` or one-hot.
        us: values of u in [0, 1]; None means TNN's, 0, 1/16, 2/16, ..., 1.

    Returns:
        A list of dicts, one for each u, in the given order:

        - `u`: the control;
        - `policy`, `tau`: the model's policy, as in `tfgate.evaluate_policies`;
        - `accuracy`, `top5_accuracy`: in [0, 1]; the second is 1 by definition for
          five classes or fewer;
        - `utilization`: the share of the parts of all modules that are open, parts
          without a gate included, mean over images: TNN's *actual* utilization. With
          rounding, and with a learned gating function, it is not u;
        - `executed_macs_mean`: MACs of an image, the gating function included;
        - `executed_macs_share`: the same as a share of the dense network's;
        - `images`: their number.

        `tfgate.tables.write_csv` writes them, `tfgate.choose_operating_point` chooses
        one, `tfgate.analysis.plot_throttling` draws them.

    Raises:
        ValueError: the model has no dial, an u is no number in [0, 1], the data set is
            empty, endless, without labels or brings an u of its own, a label is no
            class, or the predictions are not `[batch, classes]`.

    Reference:
        TNN A (the protocol); figures 3 and 4.

    Example:
    >>> import tensorflow as tf
    >>> import tfgate
    >>> gated = tfgate.applications.CifarResNet(8, gate="independent")
    >>> model = tfgate.throttle(gated)
    >>> images, labels = tf.random.uniform((4, 32, 32, 3)), [0, 1, 2, 3]
    >>> dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)
    >>> rows = tfgate.evaluate_throttling(model, dataset, us=(0, 0.5, 1))
    >>> [round(row["utilization"], 2) for row in rows], model.u
    ([0.33, 0.67, 1.0], 1.0)
    """
    checked = _check(model, US if us is None else us)
    tallies = [_Tally() for _ in checked]
    with _dial_kept(model):
        for index, outputs, y in _passes(model, dataset, checked):
            tallies[index].add(outputs, y)
    always, sizes = _always_open(model), sum(module.size for module in model.modules)
    policy = {
        "policy": policy_name(model.policy),
        "tau": getattr(model.policy, "tau", None),
    }
    dense = model.costs.dense
    return [
        {"u": u, **policy, **tally.row(always, sizes, dense)}
        for u, tally in zip(checked, tallies, strict=True)
    ]


def component_utilization(
    model: ThrottledModel,
    dataset: Iterable[TensorTree],
    us: Sequence[float] = (0.25, 0.5, 0.75, 1.0),
) -> list[dict[str, Any]]:
    """Measures how often each component of a throttled network is open.

    Args:
        model: as for `evaluate_throttling`.
        dataset: as for `evaluate_throttling`. A gating function that does not look at
            the image, and a policy that does not sample, need a single image.
        us: values of u in [0, 1].

    Returns:
        A list of dicts, one for each u and component: `u`; `module`, its name;
        `component`, its number among those of the network, from 0 in network order;
        `rate`, the share of images for which it is open, in [0, 1].
        `tfgate.analysis.plot_component_utilization` draws them.

    Raises:
        ValueError: as `evaluate_throttling`.

    Reference:
        TNN figure 5.

    Example:
    >>> import tensorflow as tf
    >>> import tfgate
    >>> gated = tfgate.applications.CifarResNet(8, gate="independent")
    >>> model = tfgate.throttle(gated)
    >>> images, labels = tf.random.uniform((4, 32, 32, 3)), [0, 1, 2, 3]
    >>> dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)
    >>> rows = tfgate.inference.component_utilization(model, dataset, us=[0.0, 0.5])
    >>> [(row["u"], row["rate"]) for row in rows]  # the last stage opens first
    [(0.0, 0.0), (0.0, 0.0), (0.0, 1.0), (0.5, 0.0), (0.5, 1.0), (0.5, 1.0)]
    """
    checked = _check(model, us)
    opened = [np.zeros(model.gating.components) for _ in checked]
    images = 0
    with _dial_kept(model):
        for index, outputs, _ in _passes(model, dataset, checked):
            opened[index] += outputs.decisions.sum(axis=0)
            images += len(outputs.decisions) if index == 0 else 0
    return [
        {
            "u": u,
            "module": module.name,
            "component": component,
            "rate": float(counts[component] / images),
        }
        for u, counts in zip(checked, opened, strict=True)
        for module in model.modules
        for component in range(module.start, module.stop)
    ]


def area_under_curve(
    rows: Sequence[Mapping[str, Any]], x: str = "utilization"
) -> float:
    """The area under the curve of accuracy over what is really used.

    Integrated is `a(x)` over x from 0 to 1, by trapezoids: `a` is the accuracy, linear
    between the points that were measured, and x is the *actual* utilization, or the
    executed MACs as a share of the dense network's, never u itself. Points of one x are
    averaged first. Below the least x that was reached `a` is held at that point's
    accuracy, above the greatest x at that one's; what lies beyond x = 1, where gates
    cost more than they save, is left out. So the area is the mean accuracy of a user
    whose budget is uniform in [0, 1] and who falls back on the nearest point that
    exists.

    Args:
        rows: what `evaluate_throttling` returned, in any order.
        x: `"utilization"` or `"macs"`.

    Returns:
        The area, in [0, 1].

    Raises:
        ValueError: x is neither, there are no rows, or one lacks a number.

    Reference:
        TNN 4.1 ("area under the curve", not defined there).

    Example:
    >>> rows = [{"utilization": 0.5, "accuracy": 0.6},
    ...         {"utilization": 1.0, "accuracy": 0.8}]
    >>> round(area_under_curve(rows), 3)  # 0.5 * 0.6 + 0.5 * (0.6 + 0.8) / 2
    0.65
    """
    if x not in AXES:
        raise ValueError(f"Expected x to be one of {tuple(AXES)}, got {x!r}.")
    if not rows:
        raise ValueError("Expected at least one row, got none.")
    values: dict[float, list[float]] = {}
    for number, row in enumerate(rows):
        missing = [name for name in (AXES[x], "accuracy") if row.get(name) is None]
        if missing:
            raise ValueError(
                f"Expected {missing} in every row, got row {number} with {sorted(row)}."
            )
        values.setdefault(float(row[AXES[x]]), []).append(float(row["accuracy"]))
    places = sorted(values)
    means = [float(np.mean(values[place])) for place in places]
    knots = [0.0, *(place for place in places if 0.0 < place < 1.0), 1.0]
    return float(np.trapezoid(np.interp(knots, places, means), knots))


@dataclasses.dataclass
class _Tally:
    """Adds up what one u gives, batch by batch."""

    images: int = 0
    correct: int = 0
    correct_top: int = 0
    opened: int = 0
    macs: float = 0.0

    def add(self, outputs: Outputs, y: Tensor) -> None:
        labels = class_numbers(y, outputs.scores.shape[1])
        ranks = true_class_ranks(outputs.scores, labels)
        self.images += len(ranks)
        self.correct += int((ranks == 0).sum())
        self.correct_top += int((ranks < _TOP).sum())
        self.opened += int(outputs.decisions.sum())
        self.macs += float(outputs.executed_macs.sum(dtype="float64"))

    def row(self, always: int, sizes: int, dense: int) -> dict[str, Any]:
        macs = self.macs / self.images
        return {
            "accuracy": self.correct / self.images,
            "top5_accuracy": self.correct_top / self.images,
            "utilization": (self.opened / self.images + always) / sizes,
            "executed_macs_mean": macs,
            "executed_macs_share": macs / dense,
            "images": self.images,
        }


def _passes(
    model: ThrottledModel, dataset: Iterable[TensorTree], us: Sequence[float]
) -> Iterator[tuple[int, Outputs, Tensor]]:
    """Yields (index of u, what it gives, labels) for every batch and u."""
    forward = Forward(model)
    for x, y in labelled_batches(dataset):
        if isinstance(x, tuple | list):
            raise ValueError(
                "Expected dataset to give images alone, whose u is the dial's, got "
                f"{len(x)} inputs."
            )
        for index, u in enumerate(us):
            model.u = u
            yield index, forward(x, model.policy), y


@contextlib.contextmanager
def _dial_kept(model: ThrottledModel) -> Iterator[None]:
    before = model.u
    try:
        yield
    finally:
        model.u = before


def _check(model: ThrottledModel, us: Sequence[float]) -> list[float]:
    if not isinstance(model, ThrottledModel):
        raise ValueError(
            f"Expected a tfgate.ThrottledModel, got {model!r}; tfgate.throttle makes "
            "one of a gated network."
        )
    return check_controls(us)


def _always_open(model: ThrottledModel) -> int:
    return sum(module.always_open for module in model.modules)
