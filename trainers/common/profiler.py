"""TensorFlow's profiler over some training steps, for TensorBoard."""

import contextlib

import keras
import tensorflow as tf


class Profiler(keras.callbacks.Callback):
    """Traces training steps and writes what TensorBoard's profile page reads.

    Args:
        first: the first step of this start that is traced, from 1.
        last: the last one.
        directory: `pathlib.Path` of the TensorBoard directory; the trace is written to
            `plugins/profile` in it.
    """

    def __init__(self, first, last, directory):
        super().__init__()
        self._first = first
        self._last = last
        self._directory = directory
        self._step = 0
        self._active = contextlib.ExitStack()
        self._of_step = contextlib.ExitStack()

    def on_train_batch_begin(self, batch, logs=None):
        self._step += 1
        if self._step == self._first:
            tf.profiler.experimental.start(str(self._directory))
            self._active.callback(tf.profiler.experimental.stop)
        if self._first <= self._step <= self._last:
            trace = tf.profiler.experimental.Trace("train", step_num=self._step, _r=1)
            self._of_step.enter_context(trace)

    def on_train_batch_end(self, batch, logs=None):
        if self._step == self._last:
            float(logs["loss"])  # The device may be behind.
        self._of_step.close()
        if self._step == self._last:
            self._active.close()

    def close(self):
        """Ends the trace where the training has ended before; says so if none began."""
        self._of_step.close()
        self._active.close()
        if self._step < self._first:
            print(
                f"--profile_steps={self._first},{self._last}: nothing was traced, this "
                f"start took {self._step} steps",
                flush=True,
            )
