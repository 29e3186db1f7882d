import pytest

from tests.trainers.common.test_step_times import Clock
from trainers.common.errors import RunStopped
from trainers.common.progress import ProgressBar
from trainers.common.progress import StopOnNonFiniteLoss
from trainers.common.step_times import StepTimes


def test_a_finite_loss_goes_on(tmp_path):
    guard = StopOnNonFiniteLoss(tmp_path)
    guard.on_epoch_begin(0)
    for step in range(20):
        guard.on_train_batch_end(step, {"loss": 2.3})
    guard.on_epoch_end(0, {"loss": 2.3})
    with pytest.raises(RunStopped):  # the same guard still watches
        guard.on_epoch_end(0, {"loss": float("nan")})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_within_ten_steps(tmp_path, value):
    guard = StopOnNonFiniteLoss(tmp_path)
    guard.on_epoch_begin(2)
    with pytest.raises(RunStopped, match=f"loss is {value} in epoch 3 at step 20.*2"):
        for step in range(20):
            guard.on_train_batch_end(step, {"loss": value if step >= 10 else 1.0})


def test_the_end_of_an_epoch_is_checked_too(tmp_path):
    guard = StopOnNonFiniteLoss(tmp_path)
    guard.on_epoch_begin(0)
    with pytest.raises(RunStopped, match="epoch 1 at its end; no epoch was finished"):
        guard.on_epoch_end(0, {"loss": float("nan")})


def test_the_bar_shows_the_whole_run_and_the_time_left(capsys):
    bar = ProgressBar(epochs=4, steps_per_epoch=5, done=10)
    bar.on_epoch_begin(2)
    for step in range(5):
        bar.on_train_batch_end(step)
    bar.say(
        {
            "epoch": 3,
            "loss": 0.5,
            "accuracy": 0.9,
            "val_accuracy": 0.8,
            "activation_rate": 0.6,
            "images_per_second": 100.0,
        }
    )
    bar.close()
    printed = capsys.readouterr()
    assert "epoch 3/4: loss 0.5000" in printed.out and "rate 0.600" in printed.out
    assert "10/20" in printed.err and "15/20" in printed.err
    assert "<" in printed.err  # elapsed<left


def test_the_bar_shows_the_speed_of_the_last_seconds_and_what_bounds_it(capsys):
    clock = Clock()
    times = StepTimes(alone=1, clock=clock)
    bar = ProgressBar(2, 40, 0, batch_size=16, examples=635, times=times, clock=clock)

    def train(steps, wait, compute):
        for step in steps:
            bar.on_train_batch_begin(step)
            times.next(clock.spend(wait) for _ in range(1))
            clock.spend(compute)
            times.done({})
            bar.on_train_batch_end(step)
        return bar._bar.postfix

    bar.on_epoch_begin(0)
    assert train(range(10), 0.0, 4.0) == "4 images/s, compute-bound, waits 0%"
    assert train(range(10, 39), 0.75, 0.25) == "16 images/s, input-bound, waits 75%"
    last = train(range(39, 40), 0.0, 1.0)  # 11 images
    assert last == f"{(10 * 16 + 11) / 11:.0f} images/s, input-bound, waits 68%"
    clock.spend(1000.0)  # an evaluation
    bar.on_epoch_begin(1)
    assert train(range(1), 0.0, 1.0).startswith("16 images/s")
    bar.say(
        {
            "epoch": 1,
            "loss": 0.5,
            "accuracy": 0.9,
            "val_accuracy": 0.8,
            "images_per_second": 16.0,
            "input_wait": 0.75,
        }
    )
    bar.close()
    assert "16 images/s, input wait 75%" in capsys.readouterr().out
