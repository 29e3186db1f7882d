"""Learning rates over training steps.

Only stock Keras schedules, so that a saved model loads with `import tfgate` alone.
"""

import keras


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


def _step(settings, steps_per_epoch):
    # Keras holds the old value at the boundary step itself, hence the - 1.
    boundaries = [epoch * steps_per_epoch - 1 for epoch in settings.step_epochs]
    rates = [
        settings.learning_rate * settings.step_factor**index
        for index in range(len(boundaries) + 1)
    ]
    return keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, rates)
