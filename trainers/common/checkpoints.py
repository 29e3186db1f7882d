"""Checkpoints: everything that the next epoch depends on, in one file per epoch.

A file is complete or not there. It holds the variables of the model (weights, batch
norm statistics, the gates' noise steps) and of the optimizer, and the state of the run
as JSON. Data order and augmentation need no state: they follow from (seed, epoch).
"""

import dataclasses
import json
import zipfile

import numpy as np

from trainers.common import files
from trainers.common.errors import UserError

_STATE = "state"


@dataclasses.dataclass
class State:
    """What a run knows beside its variables.

    Attributes:
        history: one row of metrics for each finished epoch.
        wall_seconds: time spent so far, over all starts.
    """

    history: list[dict] = dataclasses.field(default_factory=list)
    wall_seconds: float = 0.0

    @property
    def epoch(self):
        """Number of finished epochs."""
        return len(self.history)


class Checkpoints:
    """The checkpoints in a directory.

    Args:
        path: `pathlib.Path` of the directory; created by the first `save`.
        keep: how many of the newest to keep.
    """

    def __init__(self, path, keep=2):
        self.path = path
        self._keep = keep

    def save(self, model, state):
        """Writes a checkpoint, then deletes the oldest.

        Args:
            model: a compiled `keras.Model`.
            state: `State`.
        """
        self.path.mkdir(exist_ok=True)
        arrays = {name: variable.numpy() for name, variable in _variables(model)}
        arrays[_STATE] = np.array(json.dumps(dataclasses.asdict(state)))
        with files.replaced(self.path / f"epoch-{state.epoch:05d}.npz") as unfinished:
            np.savez(unfinished, **arrays)
        files.sync(self.path)
        for old in self._newest_first()[self._keep :]:
            old.unlink()

    def restore(self, model):
        """Puts the newest checkpoint into a model.

        Args:
            model: a compiled `keras.Model`, built as the one that was saved.

        Returns:
            The `State` that was saved, or a new one where there is no checkpoint.

        Raises:
            UserError: the file is damaged or belongs to another network.
        """
        paths = self._newest_first()
        if not paths:
            return State()
        try:
            with np.load(paths[0], allow_pickle=False) as saved:
                arrays = dict(saved)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise UserError(
                f"expected a checkpoint in {paths[0]}, it cannot be read ({error}): "
                "delete it to continue from the one before"
            ) from error
        state = State(**json.loads(arrays.pop(_STATE).item()))
        _assign(model, arrays, paths[0])
        return state

    def _newest_first(self):
        return sorted(self.path.glob("epoch-*.npz"), reverse=True)


def _assign(model, arrays, path):
    variables = dict(_variables(model))
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    if shapes != {name: array.shape for name, array in arrays.items()}:
        raise UserError(
            f"expected the variables of this network in {path}, it holds others: "
            "was it written by another version? Give a new --workdir"
        )
    for name, variable in variables.items():
        variable.assign(arrays[name])


def _variables(model):
    """Pairs of (name in the file, variable) of all that training changes."""
    if not model.optimizer.built:  # Keras' loss scaling would start anew
        model.optimizer.build(model.trainable_variables)
    metrics = {id(variable) for variable in model.metrics_variables}
    trained = [v for v in model.variables if id(v) not in metrics]
    # Not the optimizer's paths: they begin with a name that Keras may number.
    return [
        *((f"model.{i:04d}.{_dotted(v.path)}", v) for i, v in enumerate(trained)),
        *(
            (f"optimizer.{i:04d}.{_dotted(v.name)}", v)
            for i, v in enumerate(model.optimizer.variables)
        ),
    ]


def _dotted(path):
    return path.replace("/", ".")
