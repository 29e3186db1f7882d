"""The optimizer of a run, from its settings."""

import tfgate
from trainers.common import schedules


def build(model, settings, steps_per_epoch):
    """Builds the optimizer that the settings name.

    Args:
        model: the network, gated or not.
        settings: `trainers.common.settings.Settings`.
        steps_per_epoch: training steps in an epoch.

    Returns:
        `tfgate.optimizers.SGD` or `Adam`; for `--precision=mixed_float16` within a
        `tfgate.optimizers.LossScaleOptimizer`.
    """
    averages = {}
    if settings.ema_momentum:
        averages = {"use_ema": True, "ema_momentum": settings.ema_momentum}
    kind, own = tfgate.optimizers.Adam, {}
    if settings.optimizer == "sgd":
        kind = tfgate.optimizers.SGD
        own = {"momentum": settings.momentum, "nesterov": settings.nesterov}
    optimizer = kind(
        schedules.learning_rate(settings, steps_per_epoch),
        **own,
        weight_decay=settings.weight_decay,
        gate_weight_decay=_gate_weight_decay(model, settings),
        global_clipnorm=settings.clip_norm or None,
        **averages,
    )
    if settings.precision != "mixed_float16":
        return optimizer
    return tfgate.optimizers.LossScaleOptimizer(optimizer)


def _gate_weight_decay(model, settings):
    rule = settings.gate_weight_decay
    if rule is None or not isinstance(model, tfgate.GatedModel):
        return None
    if rule == "scaled":
        return tfgate.optimizers.gate_weight_decay(model, settings.weight_decay)
    return settings.weight_decay if rule == "same" else float(rule)
