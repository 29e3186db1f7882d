"""A network with early exits, exit by exit: who leaves, and how well."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfgate.inference.labels import class_numbers
from tfgate.inference.labels import labelled_batches
from tfgate.inference.labels import true_class_ranks
from tfgate.model import GatedModel
from tfgate.typing import TensorTree

LAST = "last"
ALL = "all"


def evaluate_exits(
    model: GatedModel, dataset: Iterable[TensorTree]
) -> list[dict[str, Any]]:
    """Measures a network with early exits under its policy, exit by exit.

    Args:
        model: a `tfgate.GatedModel` with early exits, whose prediction is what its
            `tfgate.ExitSelection` gives. Its policy decides; set another, or wrap the
            call in `tfgate.use_policy`.
        dataset: `tf.data.Dataset`, or iterable, of batches `(x, y)`; labels `[batch]`
            or one-hot.

    Returns:
        A list of dicts: one for each exit, in the order in which images come to them,
        one for the last classifier, `"last"`, and one for the whole, `"all"`:

        - `exit`: name of the exit;
        - `images`: number of images that leave there, with its answer;
        - `share`: their share of all images, in [0, 1];
        - `accuracy_all`: accuracy of this classifier on all images, in [0, 1]; for
          `"all"`, that of the network's predictions. The gates of blocks decide as they
          do for the whole network;
        - `accuracy_chosen`: accuracy on the images that leave there; None without any;
        - `executed_macs_mean`: MACs of an image that leaves there, the gates included;
          None without any. For `"all"`, of an image.

        `tfgate.tables.write_csv` writes them.

    Raises:
        ValueError: the model has no early exits, the data set is empty, endless or
            without labels, or a label is no class.

    Reference:
        PG figure 9; CS table 5.

    Example:
    >>> import tfgate
    >>> exits = tfgate.applications.EarlyExits(tfgate.DependentGate)
    >>> model = tfgate.applications.CifarResNet(8, early_exit=exits)
    >>> images, labels = tf.random.uniform((4, 32, 32, 3)), [0, 1, 2, 3]
    >>> dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)
    >>> [row["exit"] for row in evaluate_exits(model, dataset)]
    ['conv2_exit', 'conv3_exit', 'last', 'all']
    """
    if not model.exits.exits:
        raise ValueError(f"Expected a model with early exits, got {model.name!r}.")
    names = [*(leave.name for leave in model.exits.exits), LAST]
    run = _compiled(model)
    correct: list[np.ndarray] = []
    taken: list[np.ndarray] = []
    macs: list[np.ndarray] = []
    for x, y in labelled_batches(dataset):
        answers, goes_on, executed = (ops.convert_to_numpy(t) for t in run(x))
        labels = class_numbers(y, answers.shape[2])
        correct.append(
            np.stack([true_class_ranks(a, labels) == 0 for a in answers], axis=1)
        )
        # The first decision not to go on; nobody goes on from the last classifier.
        taken.append(np.argmin(np.pad(goes_on > 0.5, [(0, 0), (0, 1)]), axis=1))
        macs.append(executed.astype("float64"))
    return _rows(names, np.concatenate(correct), np.concatenate(taken), macs)


def _compiled(model: GatedModel) -> Any:
    """Function from x to answers `[exits + 1, batch, classes]`, z and MACs."""
    network = keras.Model(
        model.core.input, {"core": model.core.output, "answers": model.exits.answers}
    )
    costs, exits = model.costs, [leave.gate.name for leave in model.exits.exits]

    @tf.function(autograph=False, reduce_retracing=True)
    def run(x: TensorTree) -> tuple[tf.Tensor, ...]:
        outputs = network(x, training=False)
        gates = outputs["core"]["gates"]
        decisions = {name: gate["decision"] for name, gate in gates.items()}
        return (
            ops.stack([ops.cast(a, "float32") for a in outputs["answers"]]),
            ops.concatenate([decisions[name] for name in exits], axis=1),
            costs.executed(decisions),
        )

    return run


def _rows(
    names: list[str], correct: np.ndarray, taken: np.ndarray, macs: list[np.ndarray]
) -> list[dict[str, Any]]:
    executed = np.concatenate(macs)
    rows = []
    for number, name in enumerate(names):
        chosen = taken == number
        some = bool(chosen.any())
        rows.append(
            {
                "exit": name,
                "images": int(chosen.sum()),
                "share": float(chosen.mean()),
                "accuracy_all": float(correct[:, number].mean()),
                "accuracy_chosen": (
                    float(correct[chosen, number].mean()) if some else None
                ),
                "executed_macs_mean": float(executed[chosen].mean()) if some else None,
            }
        )
    accuracy = float(correct[np.arange(len(taken)), taken].mean())
    whole = {
        "exit": ALL,
        "images": len(taken),
        "share": 1.0,
        "accuracy_all": accuracy,
        "accuracy_chosen": accuracy,
        "executed_macs_mean": float(executed.mean()),
    }
    return [*rows, whole]
