import pytest

from trainers.common.errors import RunStopped
from trainers.common.progress import ProgressBar
from trainers.common.progress import StopOnNonFiniteLoss


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
