"""The optimizer of the settings."""

import pytest

import tfgate
from tests.trainers.builders import toy_dataset
from tests.trainers.builders import toy_settings
from trainers.common import network
from trainers.common import optimizer


def build(**values):
    chosen = toy_settings(depth=8, **values)
    return optimizer.build(network.build(chosen, toy_dataset()), chosen, 3)


def test_by_default_nothing_is_clipped_averaged_or_scaled():
    built = build(gate="none")
    assert type(built) is tfgate.optimizers.SGD
    assert built.global_clipnorm is None and not built.use_ema
    assert (built.l2, built.gate_l2) == (1e-4, 1e-4)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_every_setting_arrives(precision):
    built = build(
        precision=precision,
        clip_norm=2.5,
        ema_momentum=0.9,
        momentum=0.8,
        nesterov=False,
        weight_decay=1e-3,
        gate_weight_decay=0.25,
    )
    if precision == "mixed_float16":
        assert type(built) is tfgate.optimizers.LossScaleOptimizer
        built = built.inner_optimizer
    assert type(built) is tfgate.optimizers.SGD
    assert (built.global_clipnorm, built.use_ema, built.ema_momentum) == (
        2.5,
        True,
        0.9,
    )
    assert (built.momentum, built.nesterov) == (0.8, False)
    assert (built.l2, built.gate_l2) == (1e-3, 0.25)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_adam(precision):
    built = build(
        precision=precision,
        optimizer="adam",
        learning_rate=1e-3,
        schedule="constant",
        weight_decay=1e-3,
        gate_weight_decay=0.25,
        clip_norm=2.5,
        ema_momentum=0.9,
    )
    built = getattr(built, "inner_optimizer", built)
    assert type(built) is tfgate.optimizers.Adam
    assert (built.l2, built.gate_l2) == (1e-3, 0.25)
    assert (built.global_clipnorm, built.use_ema) == (2.5, True)
    assert float(built.learning_rate) == pytest.approx(1e-3)


@pytest.mark.parametrize("rule, decay", [("same", 1e-3), ("scaled", 20 / 3 * 1e-3)])
def test_the_weight_decay_of_gates(rule, decay):
    built = build(weight_decay=1e-3, gate_weight_decay=rule)  # three blocks
    assert built.gate_l2 == pytest.approx(decay)
