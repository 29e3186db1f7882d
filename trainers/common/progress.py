"""What a person sees while a run goes on, and the guard that stops a broken one."""

import math
import sys

import keras
import tqdm

from trainers.common.errors import RunStopped

_CHECK_EVERY = 10  # steps: reading the loss makes the host wait for the device


class ProgressBar(keras.callbacks.Callback):
    """One bar for the whole run, with the time left.

    Args:
        epochs: epochs of the whole run.
        steps_per_epoch: training steps in an epoch.
        done: training steps that are done.
    """

    def __init__(self, epochs, steps_per_epoch, done):
        super().__init__()
        self._epochs = epochs
        self._bar = tqdm.tqdm(
            total=epochs * steps_per_epoch,
            initial=done,
            unit="step",
            dynamic_ncols=True,
            mininterval=0.5 if sys.stderr.isatty() else 30.0,
        )

    def on_epoch_begin(self, epoch, logs=None):
        self._bar.set_description(f"epoch {epoch + 1}/{self._epochs}", refresh=False)

    def on_train_batch_end(self, batch, logs=None):
        self._bar.update(1)

    def say(self, row):
        """Prints a line about a finished epoch.

        Args:
            row: the epoch's row of metrics.
        """
        line = (
            f"epoch {row['epoch']}/{self._epochs}: loss {row['loss']:.4f}, accuracy "
            f"{row['accuracy']:.4f}, test accuracy {row['val_accuracy']:.4f}"
        )
        if "activation_rate" in row:
            line += f", activation rate {row['activation_rate']:.3f}"
        self._bar.write(f"{line}, {row['images_per_second']:.0f} images/s")
        sys.stdout.flush()

    def close(self):
        """Leaves the bar as it stands."""
        self._bar.close()


class StopOnNonFiniteLoss(keras.callbacks.Callback):
    """Stops the run soon after its loss is infinite or not a number.

    Args:
        checkpoints: `pathlib.Path` of the directory of checkpoints, for the message.
    """

    def __init__(self, checkpoints):
        super().__init__()
        self._checkpoints = checkpoints
        self._epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        # The logged loss is the mean since the epoch's begin: it stays non-finite.
        if batch % _CHECK_EVERY == _CHECK_EVERY - 1:
            self.check("loss", logs["loss"], f"step {batch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        for name in ("loss", "val_loss"):
            if name in logs:
                self.check(name, logs[name], "its end")

    def check(self, name, value, when):
        """Raises `RunStopped` if the value is not finite."""
        value = float(value)
        if math.isfinite(value):
            return
        kept = (
            f"the checkpoint after epoch {self._epoch} is kept in {self._checkpoints}"
        )
        raise RunStopped(
            f"{name} is {value} in epoch {self._epoch + 1} at {when}; "
            f"{kept if self._epoch else 'no epoch was finished'}. Try a lower "
            "--learning_rate or a longer warm-up, in a new --workdir"
        )
