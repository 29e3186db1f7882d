"""Checkpoints: everything that the next step depends on, in one file each.

A file is complete or not there. It holds the variables of the model (weights, batch
norm statistics, the gates' noise steps), of the optimizer and of the gate losses, and
the state of the run as JSON; within an epoch also the metrics so far. Data order and
augmentation need no state: they follow from (seed, epoch, step).
"""

import dataclasses
import io
import json
import re
import zipfile

import numpy as np
import tensorflow as tf

import tfgate
from trainers.common import files
from trainers.common.errors import UserError

_STATE = "state"
_NAME = re.compile(r"epoch-(\d+)(?:-step-(\d+))?\.npz")
_CHUNK = 2**24  # numbers sent at once from the chief to the others


@dataclasses.dataclass
class State:
    """What a run knows beside its variables.

    Attributes:
        history: one row of metrics for each finished epoch.
        wall_seconds: time spent so far, over all starts.
        step: training steps done in the epoch that is not finished.
        epoch_seconds: time that these have taken.
        skipped: split -> numbers of its images that were left out as unreadable.
    """

    history: list[dict] = dataclasses.field(default_factory=list)
    wall_seconds: float = 0.0
    step: int = 0
    epoch_seconds: float = 0.0
    skipped: dict[str, list[int]] = dataclasses.field(default_factory=dict)

    @property
    def epoch(self):
        """Number of finished epochs."""
        return len(self.history)

    @property
    def best_epoch(self):
        """The first epoch with the highest test accuracy, from 1; None before any."""
        accuracies = [row.get("val_accuracy", -1.0) for row in self.history]
        best = max(accuracies, default=-1.0)
        return accuracies.index(best) + 1 if best >= 0.0 else None


class Checkpoints:
    """The checkpoints in a directory.

    Of several processes only the chief reads and writes it: the others get from the
    chief what they continue from.

    Args:
        path: `pathlib.Path` of the directory; created by the first `save`.
        keep: how many of the newest to keep, beside that of the best epoch.
        distribution: `trainers.common.strategy.Distribution`; None for one process.
    """

    def __init__(self, path, keep=2, distribution=None):
        self.path = path
        self._keep = keep
        self._distribution = distribution

    @property
    def _writes(self):
        return self._distribution is None or self._distribution.is_chief

    def save(self, model, state):
        """Writes a checkpoint, then deletes the oldest.

        All processes call it: reading the metrics takes them all.

        Args:
            model: a compiled `keras.Model`.
            state: `State`.
        """
        arrays = {
            name: np.asarray(variable.numpy())
            for name, variable in _variables(model, with_metrics=state.step > 0)
        }
        if not self._writes:
            return
        self.path.mkdir(exist_ok=True)
        arrays[_STATE] = np.array(json.dumps(dataclasses.asdict(state)))
        with files.replaced(self.path / _name(state)) as unfinished:
            np.savez(unfinished, **arrays)
        files.sync(self.path)
        best = State(state.history).best_epoch
        for old in self._newest_first()[self._keep :]:
            if _place(old) != (best, 0):
                old.unlink()

    def restore(self, model):
        """Puts the newest checkpoint into a model.

        All processes call it.

        Args:
            model: a compiled `keras.Model`, built as the one that was saved, its
                metrics too.

        Returns:
            The `State` that was saved, or a new one where there is no checkpoint.

        Raises:
            UserError: the file is damaged or belongs to another network.
        """
        path, content = None, b""
        if self._writes and (paths := self._newest_first()):
            path = paths[0]
            content = path.read_bytes()
            if not content:
                raise _damaged(path, "it is empty")
        if self._distribution is not None and self._distribution.hosts > 1:
            content = _from_chief(content, self._distribution)
        if not content:
            return State()
        arrays = _read(content, path)
        state = State(**json.loads(arrays.pop(_STATE).item()))
        _assign(model, arrays, path, with_metrics=state.step > 0)
        return state

    def _newest_first(self):
        paths = [path for path in self.path.glob("*") if _NAME.fullmatch(path.name)]
        return sorted(paths, key=_place, reverse=True)


def copy(model, other):
    """Copies what a checkpoint would hold from one model to another.

    Args:
        model: a compiled `keras.Model`.
        other: another of the same network.
    """
    arrays = {name: variable.numpy() for name, variable in _variables(model)}
    _assign(other, arrays, model.name)


def _name(state):
    step = f"-step-{state.step:07d}" if state.step else ""
    return f"epoch-{state.epoch:05d}{step}.npz"


def _place(path):
    """(finished epochs, steps after them) of a checkpoint."""
    epoch, step = _NAME.fullmatch(path.name).groups()
    return int(epoch), int(step or 0)


def _read(content, path):
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as saved:
            return dict(saved)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error


def _damaged(path, reason):
    return UserError(
        f"expected a checkpoint in {path}, it cannot be read ({reason}): delete it to "
        "continue from the one before"
    )


def _assign(model, arrays, source, with_metrics=False):
    variables = dict(_variables(model, with_metrics))
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    if shapes != {name: array.shape for name, array in arrays.items()}:
        raise UserError(
            f"expected the variables of this network in {source}, it holds others: "
            "was it written by another version? Give a new --workdir"
        )
    for name, variable in variables.items():
        variable.assign(arrays[name])


def _variables(model, with_metrics=False):
    """Pairs of (name in the file, variable) of all that training changes."""
    if not model.optimizer.built:  # Keras' loss scaling would start anew
        model.optimizer.build(model.trainable_variables)
    metrics = {id(variable) for variable in model.metrics_variables}
    trained = [v for v in model.variables if id(v) not in metrics]
    groups = {
        "model": [(v.path, v) for v in trained],
        # Not the optimizer's paths: they begin with a name that Keras may number.
        "optimizer": [(v.name, v) for v in model.optimizer.variables],
        "gate_loss": [(v.name, v) for v in _loss_variables(model)],
        "metric": [(v.name, v) for v in model.metrics_variables],
    }
    if not with_metrics:
        del groups["metric"]
    return [
        (f"{group}.{index:04d}.{name.replace('/', '.')}", variable)
        for group, named in groups.items()
        for index, (name, variable) in enumerate(named)
    ]


def _loss_variables(model):
    if not isinstance(model, tfgate.GatedModel):
        return []
    return [variable for loss in model.gate_losses for variable in loss.variables]


def _from_chief(content, distribution):
    """The chief's bytes, in all processes."""
    size = int(_sum_over_hosts(np.array([len(content)], "int32"), distribution)[0])
    padded = np.zeros(-(-size // 4) * 4, "uint8")
    if distribution.is_chief:
        padded[:size] = np.frombuffer(content, "uint8")
    numbers = padded.view("int32")
    chunks = [
        _sum_over_hosts(numbers[start : start + _CHUNK], distribution)
        for start in range(0, len(numbers), _CHUNK)
    ]
    everything = np.concatenate([np.zeros(0, "int32"), *chunks])
    return everything.view("uint8")[:size].tobytes()


def _sum_over_hosts(values, distribution):
    """Sum of one array of each process; only the chief's is not zero."""

    def first_only():
        context = tf.distribute.get_replica_context()
        first = tf.equal(context.replica_id_in_sync_group, 0)
        own = tf.where(first, values, tf.zeros_like(values))
        return context.all_reduce(tf.distribute.ReduceOp.SUM, own)

    strategy = distribution.strategy
    total = tf.function(lambda: strategy.run(first_only), autograph=False)()
    return strategy.experimental_local_results(total)[0].numpy()
