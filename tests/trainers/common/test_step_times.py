import pytest

from trainers.common import step_times
from trainers.common.step_times import StepTimes


class Clock:
    """A time that only moves when somebody spends some."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def spend(self, seconds):
        self.now += seconds


class Result:
    """A number that is there at some time; who asks earlier waits."""

    def __init__(self, clock, ready):
        self._clock = clock
        self._ready = ready

    def __float__(self):
        self._clock.now = max(self._clock.now, self._ready)
        return 0.0


def batches(clock, seconds):
    """A pipeline that makes one batch after the other and keeps one ready."""
    made = clock.now + seconds
    while True:
        clock.now = max(clock.now, made)
        made = clock.now + seconds
        yield "batch"


def train(times, clock, steps, pipeline, compute, behind=False):
    iterator = batches(clock, pipeline)
    device = clock.now
    for _ in range(steps):
        assert times.next(iterator) == "batch"
        device = max(device, clock.now) + compute
        if not behind:
            clock.now = device
        times.done({"loss": Result(clock, device)})


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    ("pipeline", "compute", "share"), [(0.1, 0.4, 0.0), (0.4, 0.1, 0.75)]
)
def test_the_share_of_the_time_that_steps_wait(behind, pipeline, compute, share):
    """Also where the host runs ahead of the device, and waits in vain."""
    clock = Clock()
    times = StepTimes(alone=10 if behind else 1, clock=clock)
    train(times, clock, 100, pipeline, compute, behind)
    times.begin_epoch()
    train(times, clock, 200, pipeline, compute, behind)
    assert times.input_wait == pytest.approx(share, abs=0.02)
    assert times.recent_input_wait == pytest.approx(share, abs=0.02)
    assert times.input_bound == (share > 0.1)


def test_an_epoch_has_a_share_of_its_own_and_the_last_seconds_go_on():
    clock = Clock()
    times = StepTimes(alone=1, clock=clock)
    train(times, clock, 10, 0.4, 0.1)
    times.begin_epoch()
    assert times.input_wait == 0.0 and times.input_bound
    train(times, clock, 10, 0.01, 0.1)
    assert times.input_wait < 0.05 and times.input_bound
    train(times, clock, 100, 0.01, 0.1)
    assert times.recent_input_wait < 0.05 and not times.input_bound


def test_before_any_step_nothing_has_waited():
    times = StepTimes(alone=1)
    assert times.input_wait == times.recent_input_wait == 0.0
    assert not times.input_bound


def test_the_end_of_the_batches_is_passed_on():
    with pytest.raises(StopIteration):
        StepTimes(alone=1).next(iter(()))


def test_on_cpus_every_step_is_timed():
    assert StepTimes()._every == 1
    assert not step_times._runs_behind()
