import numpy as np
import pytest
from absl import flags

import tfgate
from tools import spread_gates


@pytest.fixture(scope="module")
def images():
    random = np.random.default_rng(0)
    # Pictures that differ in colour, as real ones do.
    tint = random.uniform(-1, 1, (64, 1, 1, 3))
    return (tint + 0.3 * random.normal(size=(64, 16, 16, 3))).astype("float32")


@pytest.fixture(scope="module")
def spread_network(images):
    model = tfgate.applications.CifarResNet(
        8, (16, 16, 3), gate="dependent", granularity="bas"
    )
    return model, spread_gates.spread(model, images, share=0.6, seed=1)


def test_reaches_the_share_of_macs(spread_network):
    _, reached = spread_network
    assert reached == pytest.approx(0.6, abs=0.03)


def test_decisions_are_those_of_the_threshold(spread_network, images):
    model, reached = spread_network
    decisions = spread_gates.record(model, images)
    outputs = model.core(images, training=False)["gates"]
    for name, own in decisions.items():
        np.testing.assert_array_equal(own, outputs[name]["probability"] > 0.5)
    executed = np.mean(model.costs.executed(decisions))
    assert executed / model.costs.dense == pytest.approx(reached)


def test_rates_are_spread(spread_network, images):
    model, _ = spread_network
    decisions = np.concatenate(list(spread_gates.record(model, images).values()), 1)
    rates = decisions.mean(0)
    assert (rates == 0).any() and (rates == 1).any()
    assert np.mean((rates > 0.1) & (rates < 0.9)) > 0.3


def test_few_directions_decide(spread_network, images):
    model, _ = spread_network
    outputs = model.core(images, training=False)["gates"]
    for own in outputs.values():
        found = spread_gates.spectrum(np.asarray(own["logits"]))
        # That of the drawn directions varies, too.
        np.testing.assert_allclose(found[:3], spread_gates.SPECTRUM, atol=0.1)
        assert found[3:].sum() < 1e-6


def test_command_prints_the_shares(spread_network, tmp_path, capsys, monkeypatch):
    model = tfgate.applications.CifarResNet(8, gate="dependent", granularity="bas")
    model.save(tmp_path / "m.keras")
    values = flags.FlagValues()
    monkeypatch.setattr(flags, "FLAGS", values)
    flags.DEFINE_string("model", str(tmp_path / "m.keras"), "", flag_values=values)
    flags.DEFINE_string("dataset", "digits", "", flag_values=values)
    flags.DEFINE_string("data_dir", None, "", flag_values=values)
    flags.DEFINE_integer("samples", 20, "", flag_values=values)
    values(["spread_gates"])
    spread_gates.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(model.gates)
    first = float(lines[0].rpartition("shares ")[2].split(",")[0])
    assert lines[0].startswith("conv2_block1_gate: 16 components") and 0 < first <= 1


def test_gates_of_blocks(images):
    model = tfgate.applications.CifarResNet(20, (16, 16, 3), gate="dependent")
    assert spread_gates.spread(model, images, share=0.5) == pytest.approx(0.5, abs=0.05)


def test_other_gates_are_refused(images):
    model = tfgate.applications.CifarResNet(8, (16, 16, 3), gate="independent")
    with pytest.raises(ValueError, match="Expected DependentGates only"):
        spread_gates.spread(model, images, share=0.5)
    model = tfgate.applications.CifarResNet(
        8, (16, 16, 3), gate="dependent", granularity="bas"
    )
    with pytest.raises(ValueError, match="Expected a share between"):
        spread_gates.spread(model, images, share=0.001)
