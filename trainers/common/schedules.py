"""Learning rates over training steps.

Only schedules of Keras and tfgate, so that a saved model loads with `import tfgate`
alone.

PG, AIG and CS train for 100 epochs from 0.1, divided by 10 after every 30. For its
independent gates on ResNet-50 CS 4.1 names another schedule, the one called "fine-tune"
in its reference [15] (He et al. 2019, filter pruning via geometric median), and gives
no numbers. That work's public program takes, from pretrained weights, the same steps
from a tenth of the rate: `--schedule=step --learning_rate=0.01 --step_epochs=30,60,90
--epochs=100 --nesterov`. Whether CS did just that, and whether after the 100 epochs of
its own schedule or in their place, its text leaves open.

TNN A.1 trains on CIFAR-10 with the warm restarts of SGDR (Loshchilov and Hutter 2017)
for 310 epochs: cycles of 10, 20, 40, 80 and 160.
"""

import keras

from tfgate.schedules import Piecewise
from tfgate.schedules import WarmUp


def learning_rate(settings, steps_per_epoch):
    """Builds the learning rate that the settings name.

    Args:
        settings: `trainers.common.settings.Settings`.
        steps_per_epoch: training steps in an epoch.

    Returns:
        A `keras.optimizers.schedules.LearningRateSchedule` over steps.
    """
    if settings.schedule == "step":
        return _step(settings, steps_per_epoch)
    if settings.schedule == "constant":
        return _constant(settings, steps_per_epoch)
    if settings.schedule == "cosine_restarts":
        return keras.optimizers.schedules.CosineDecayRestarts(
            settings.learning_rate,
            settings.restart_epochs * steps_per_epoch,
            t_mul=float(settings.restart_factor),
        )
    return _cosine(settings, steps_per_epoch)


def _cosine(settings, steps_per_epoch):
    steps = settings.epochs * steps_per_epoch
    warmup_steps = round(settings.warmup_epochs * steps_per_epoch)
    if not warmup_steps:
        return keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        steps - warmup_steps,
        warmup_target=settings.learning_rate,
        warmup_steps=warmup_steps,
    )


def _constant(settings, steps_per_epoch):
    warmup_steps = round(settings.warmup_epochs * steps_per_epoch)
    rate = Piecewise([settings.learning_rate])
    return WarmUp(rate, warmup_steps) if warmup_steps else rate


def _step(settings, steps_per_epoch):
    boundaries = [epoch * steps_per_epoch for epoch in settings.step_epochs]
    rates = [
        settings.learning_rate * settings.step_factor**index
        for index in range(len(boundaries) + 1)
    ]
    warmup_steps = round(settings.warmup_epochs * steps_per_epoch)
    if warmup_steps:
        return WarmUp(Piecewise(rates, boundaries), warmup_steps)
    # Keras holds the old value at the boundary step itself, hence the - 1.
    return keras.optimizers.schedules.PiecewiseConstantDecay(
        [boundary - 1 for boundary in boundaries], rates
    )
