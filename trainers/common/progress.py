"""What a person sees while a run goes on, and the guard that stops a broken one."""

import collections
import math
import sys
import time

import keras
import tqdm

from trainers.common import step_times
from trainers.common.errors import RunStopped

_CHECK_EVERY = 10  # steps: reading the loss makes the host wait for the device


class ProgressBar(keras.callbacks.Callback):
    """One bar for the whole run, with the time left.

    It also shows the images per second of the last ten seconds of training, and
    whether that is input-bound or compute-bound, see `step_times.StepTimes`.

    Args:
        epochs: epochs of the whole run.
        steps_per_epoch: training steps in an epoch.
        done: training steps that are done.
        batch_size: images in a training step.
        examples: images in an epoch.
        times: `trainers.common.step_times.StepTimes` of the loop; None, and the bar
            shows no speed.
        clock: function that returns seconds.
    """

    def __init__(
        self,
        epochs,
        steps_per_epoch,
        done,
        batch_size=None,
        examples=None,
        times=None,
        clock=time.monotonic,
    ):
        super().__init__()
        self._epochs = epochs
        self._batch_size = batch_size
        self._examples = examples
        self._times = times
        self._clock = clock
        self._recent = collections.deque()  # (time, images of the epoch until then)
        self._bar = tqdm.tqdm(
            total=epochs * steps_per_epoch,
            initial=done,
            unit="step",
            dynamic_ncols=True,
            mininterval=0.5 if sys.stderr.isatty() else 30.0,
        )

    def on_epoch_begin(self, epoch, logs=None):
        self._bar.set_description(f"epoch {epoch + 1}/{self._epochs}", refresh=False)
        self._recent.clear()

    def on_train_batch_begin(self, batch, logs=None):
        if self._times and not self._recent:
            self._recent.append((self._clock(), batch * self._batch_size))

    def on_train_batch_end(self, batch, logs=None):
        if self._times:
            self._bar.set_postfix_str(self._speed(batch + 1), refresh=False)
        self._bar.update(1)

    def _speed(self, steps):
        """What the bar says after so many steps of the epoch."""
        now = self._clock()
        images = min(steps * self._batch_size, self._examples)
        while len(self._recent) > 1 and self._recent[1][0] < now - step_times.RECENT:
            self._recent.popleft()
        since, before = self._recent[0]
        self._recent.append((now, images))
        speed = (images - before) / max(now - since, 1e-9)
        bound = "input" if self._times.input_bound else "compute"
        waiting = self._times.recent_input_wait
        return f"{speed:.0f} images/s, {bound}-bound, waits {waiting:.0%}"

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
        line += f", {row['images_per_second']:.0f} images/s"
        if "input_wait" in row:
            line += f", input wait {row['input_wait']:.0%}"
        self._bar.write(line)
        sys.stdout.flush()

    def write(self, line):
        """Prints a line above the bar."""
        self._bar.write(line)
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
