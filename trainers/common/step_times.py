"""How long training steps take, and how much of that they wait for their batch."""

import collections
import time

import tensorflow as tf

INPUT_BOUND = 0.1
RECENT = 10.0
_ALONE = 10


class StepTimes:
    """Times the steps of a training, and within each the wait for its batch.

    Training is *input-bound* when, over the last `RECENT` seconds of steps, they spent
    more than `INPUT_BOUND` (10 %) of their time waiting for a batch that the input
    pipeline had not made yet; else it is *compute-bound*, and a faster pipeline would
    speed it up by a ninth at most. On a CPU, pipeline and step share the cores: a
    pipeline that slows the steps down without letting them wait counts as compute.

    A wait counts only while the device has nothing else to do. CPUs finish a step
    before it returns. Other devices run behind the host, so there every tenth step is
    timed alone: the host waits for the device before and after it.

    Args:
        alone: every how many steps one is timed; None means every one on CPUs, every
            tenth on other devices.
        clock: function that returns seconds.
    """

    def __init__(self, alone=None, clock=time.perf_counter):
        self._every = alone or (_ALONE if _runs_behind() else 1)
        self._clock = clock
        self._recent = collections.deque()
        self._steps = 0
        self._logs = None
        self.begin_epoch()

    def begin_epoch(self):
        """Starts the sums of `input_wait` anew."""
        self._waited = self._seconds = 0.0

    def next(self, iterator):
        """Returns the next batch.

        Args:
            iterator: of batches.

        Raises:
            StopIteration: there is none.
        """
        if self._timed:
            _finish(self._logs)
        self._begun = self._clock()
        batch = next(iterator)
        self._got = self._clock()
        return batch

    def done(self, logs):
        """Takes note of a step that has been started, or done.

        Args:
            logs: what it returns, a dict of scalars that are there when it is done.
        """
        self._logs = logs
        if self._timed:
            _finish(logs)
            now = self._clock()
            self._add(now, self._got - self._begun, now - self._begun)
        self._steps += 1

    @property
    def input_wait(self):
        """Share of the epoch's steps' time that they waited, 0..1."""
        return _share(self._waited, self._seconds)

    @property
    def recent_input_wait(self):
        """The same of the last `RECENT` seconds."""
        _, waits, seconds = zip(*self._recent or [(0, 0, 0)], strict=True)
        return _share(sum(waits), sum(seconds))

    @property
    def input_bound(self):
        """Whether training is input-bound."""
        return self.recent_input_wait > INPUT_BOUND

    @property
    def _timed(self):
        return self._steps % self._every == 0

    def _add(self, now, waited, seconds):
        self._waited += waited
        self._seconds += seconds
        self._recent.append((now, waited, seconds))
        while self._recent[0][0] < now - RECENT:
            self._recent.popleft()


def _runs_behind():
    devices = tf.config.list_logical_devices()
    return any(device.device_type != "CPU" for device in devices)


def _finish(logs):
    """Waits until a step's results are there."""
    for value in list((logs or {}).values())[:1]:
        float(value)


def _share(part, whole):
    return part / whole if whole else 0.0
