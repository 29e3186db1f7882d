"""Recording a gate pass: the one time that the plots need the network."""

from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np

from tfgate.analysis.gate_pass import GatePass
from tfgate.analysis.thumbnails import ThumbnailCollector
from tfgate.inference.evaluation import policy_name
from tfgate.inference.forward import Forward
from tfgate.inference.labels import class_numbers
from tfgate.inference.labels import labelled_batches
from tfgate.inference.scope import use_policy
from tfgate.model import GatedModel
from tfgate.policies import Policy
from tfgate.typing import TensorTree


def record(
    model: GatedModel,
    dataset: Iterable[TensorTree],
    policy: Policy | None = None,
    *,
    class_names: Sequence[str] | None = None,
    thumbnails: int = 8,
) -> GatePass:
    """Runs a network over a data set once, and keeps what its gates decided.

    Args:
        model: a `tfgate.GatedModel` whose predictions are one tensor
            `[batch, classes]`. It has its own policy again afterwards.
        dataset: `tf.data.Dataset`, or iterable, of batches `(x, y)`; labels
            `[batch]` or one-hot. Images are numbered in its order, so it must not be
            shuffled if the numbers are to mean anything.
        policy: how the gates decide, a `tfgate.policies.Policy`; None keeps the
            model's. `Stochastic` records one run.
        class_names: a name for each class; None means "0", "1", ...
        thumbnails: of how many images with the fewest, and as many with the most
            executed MACs, a small version is kept, at most 256 pixels high and wide.
            None are kept of inputs other than `[batch, height, width, 1 or 3]`.

    Returns:
        A `GatePass`; its `save` writes it into a file.

    Raises:
        ValueError: the data set is empty, endless or without labels, a label is no
            class, the class names are not as many as the classes, thumbnails is
            negative, or the predictions are not `[batch, classes]`.

    Example:
    >>> import tensorflow as tf
    >>> import tfgate
    >>> model = tfgate.applications.CifarResNet(20, gate="dependent")
    >>> images, labels = tf.random.uniform((4, 32, 32, 3)), [0, 1, 2, 3]
    >>> dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)
    >>> gate_pass = tfgate.analysis.record(model, dataset, tfgate.Threshold(0.3))
    >>> gate_pass.label, gate_pass.decisions.shape
    ('threshold 0.3', (4, 9))
    """
    if int(thumbnails) < 0:
        raise ValueError(f"Expected thumbnails >= 0, got {thumbnails!r}.")
    policy = model.policy if policy is None else policy
    forward, collector = Forward(model), ThumbnailCollector(int(thumbnails))
    batches: dict[str, list[np.ndarray]] = {}
    with use_policy(model, policy):
        for x, y in labelled_batches(dataset):
            outputs = forward(x, policy)
            classes = outputs.scores.shape[1]
            names = _checked_names(class_names, classes)
            collector.add(x, outputs.executed_macs)
            for name, array in (
                ("labels", class_numbers(y, classes).astype("int32")),
                ("predictions", outputs.scores.argmax(axis=1).astype("int32")),
                ("executed_macs", outputs.executed_macs),
                ("decisions", outputs.decisions),
                ("probabilities", outputs.probabilities.astype("float16")),
            ):
                batches.setdefault(name, []).append(array)
    indices, kept = collector.result()
    components = model.costs.components
    return GatePass(
        model=model.name,
        policy=policy_name(policy),
        tau=getattr(policy, "tau", None),
        gate_names=tuple(components),
        components=tuple(len(macs) for macs in components.values()),
        class_names=names,
        dense_macs=model.costs.dense,
        all_open_macs=model.costs.all_open,
        all_closed_macs=model.costs.all_closed,
        component_macs=np.concatenate(list(components.values())).astype("float64"),
        thumbnail_indices=indices,
        thumbnails=kept,
        **{name: np.concatenate(arrays) for name, arrays in batches.items()},
    )


def _checked_names(names: Sequence[str] | None, classes: int) -> tuple[str, ...]:
    if names is None:
        return tuple(str(number) for number in range(classes))
    if len(names) != classes:
        raise ValueError(
            f"Expected class_names to have {classes} names, one for each class, got "
            f"{len(names)}: {list(names)[:10]}."
        )
    return tuple(str(name) for name in names)
