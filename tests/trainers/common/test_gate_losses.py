import pytest

import tfgate
from tfgate import priors
from tfgate import schedules
from tfgate import throttling
from trainers.common import gate_losses


class TestBuild:
    def test_every_loss(self):
        text = (
            "per_batch(0.5) + per_gate([0.5, 1], coefficient=2) + macs(0.7) + "
            "const_quad(0.8, mirrored=True, per=gate) + l0(0.01) + polarization() + "
            "batch_shaping(beta(0.6, 0.4), coefficient=linear(0.75, 0, end=4))"
        )
        built = gate_losses.build(text, steps_per_epoch=10)
        assert [type(loss) for loss in built] == [
            tfgate.PerBatch,
            tfgate.PerGate,
            tfgate.Macs,
            tfgate.ConstQuad,
            tfgate.L0,
            tfgate.Polarization,
            tfgate.BatchShaping,
        ]
        assert built[1].get_config()["targets"] == [0.5, 1.0]
        assert built[1].coefficient == 2.0 and built[2].target == 0.7
        assert built[3].mirrored and built[3].per == "gate"
        shaping = built[-1]
        assert isinstance(shaping.prior, priors.Beta) and shaping.prior.a == 0.6
        assert float(shaping.coefficient(20)) == pytest.approx(0.375)

    def test_losses_on_some_of_the_gates(self):
        losses = ("per_gate(0.9", "const_quad(0.7", "per_batch(0.5", "macs(0.7")
        losses += ("l0(0.1", "polarization(1", "batch_shaping(uniform(0, 1)")
        text = " + ".join(f"{loss}, gates='*_exit_gate')" for loss in losses)
        built = gate_losses.build(text, 10)
        assert [loss.gates for loss in built] == ["*_exit_gate"] * 7

    def test_none(self):
        assert gate_losses.build("none", 10) == []

    def test_a_variable_target_knows_the_epoch(self):
        (loss,) = gate_losses.build("per_batch(variable(0.8, momentum=0.5))", 10)
        assert loss.target.steps_per_epoch == 10 and loss.target.momentum == 0.5

    @pytest.mark.parametrize(
        "prior",
        [
            "symmetric_beta(0.5)",
            "relaxed_bernoulli(0.6, 0.3)",
            "normal(0.5, 0.1)",
            "uniform(0, 1)",
        ],
    )
    def test_every_prior(self, prior):
        (loss,) = gate_losses.build(f"batch_shaping({prior})", 10)
        assert isinstance(loss.prior, priors.Prior)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("per_batch(1.5)", r"Expected target in \[0, 1\], got 1.5"),
            ("per_batch(linear(1, 0, begin=4, end=4))", "0 <= begin < end"),
            ("batch_shaping(beta(0, 1))", "Expected a > 0"),
            ("l0(-1)", "Expected coefficient >= 0"),
            ("const_quad(0.5, per=block)", "per"),
        ],
    )
    def test_numbers_out_of_their_range(self, text, said):
        with pytest.raises(ValueError, match=said):
            gate_losses.build(text, 10)


class TestControl:
    @pytest.mark.parametrize(
        ("text", "per", "expected"),
        [
            ("uniform()", "example", throttling.UniformControl()),
            ("uniform(0.5)", "batch", throttling.UniformControl(0.5, per="batch")),
            ("beta(2, 1)", "example", throttling.BetaControl(2, 1)),
            ("constant(0.5)", None, throttling.ConstantControl(0.5)),
        ],
    )
    def test_every_distribution(self, text, per, expected):
        assert gate_losses.control(text, per, 10) == expected

    def test_times_are_epochs(self):
        found = gate_losses.control(
            "uniform(anneal(1, -0.05, every=1, final=0), 1)", "example", 10
        )
        lows = [float(found.low(10 * epoch)) for epoch in (0, 1, 10, 20, 30)]
        assert lows == pytest.approx([1.0, 0.95, 0.5, 0.0, 0.0], abs=1e-6)

    @pytest.mark.parametrize("text", ["uniform(1, 0)", "beta(0, 1)", "constant(2)"])
    def test_numbers_out_of_their_range(self, text):
        with pytest.raises(ValueError, match="Expected"):
            gate_losses.control(text, "example", 10)


class TestNumber:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("linear(1, 0.5, end=4)", [1.0, 0.875, 0.75, 0.625, 0.5, 0.5]),
            ("linear(1, .5, begin=1, end=3)", [1.0, 1.0, 0.75, 0.5, 0.5, 0.5]),
            ("cosine(1, 0.5, 2)", [1.0, 0.75, 0.5, 0.5, 0.5, 0.5]),
            ("anneal(1, -0.3, every=2, final=.6)", [1.0, 1.0, 0.7, 0.7, 0.6, 0.6]),
            ("piecewise([1, .6])", [1.0, 0.6, 0.6, 0.6, 0.6, 0.6]),
            ("piecewise([1, .6], [3])", [1.0, 1.0, 1.0, 0.6, 0.6, 0.6]),
        ],
    )
    def test_times_are_epochs(self, text, expected):
        schedule = gate_losses.number(text, 10)
        assert isinstance(schedule, schedules.Schedule)
        found = [float(schedule(10 * epoch)) for epoch in range(6)]
        assert found == pytest.approx(expected, rel=1e-5)

    def test_a_number_stays_one(self):
        assert gate_losses.number(0.5, 10) == 0.5
