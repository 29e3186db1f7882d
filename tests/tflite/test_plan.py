import numpy as np
import pytest

import tfgate
from tests.tfgate import exit_networks
from tests.tfgate import filter_blocks
from tests.tfgate.builders import set_open_probability
from tests.tflite import builders
from tflite import cost_model
from tflite import errors
from tflite import expectations
from tflite import explain
from tflite import plan
from tflite import reference
from tflite.options import Options


def chosen(model, lowering, tau=0.5, tau_input=False):
    options = Options(lowering=lowering, tau=tau, tau_input=tau_input)
    plans = plan.make(model, options)
    assert [entry.block.name for entry in plans] == list(builders.NAMES)
    return [(entry.lowering, entry.decided) for entry in plans]


def lowerings(model, **options):
    return [entry.lowering for entry in plan.make(model, Options(**options))]


def test_dependent_gates_are_undecided(networks):
    model = networks["dependent"]
    assert chosen(model, "conditional") == [("if", None)] * 3
    assert chosen(model, "masked") == [("masked", None)] * 3


def test_independent_gates_are_decided_by_the_threshold(networks):
    # Their probabilities are 0.9, 0.2, 0.7.
    model = networks["independent"]
    opened, closed = ("open", 1), ("closed", 0)
    assert chosen(model, "conditional", 0.5) == [opened, closed, opened]
    assert chosen(model, "conditional", 0.8) == [opened, closed, closed]
    assert chosen(model, "pruned", 0.1) == [opened] * 3
    assert chosen(model, "masked") == [("masked", 1), ("masked", 0), ("masked", 1)]


def test_nothing_is_decided_where_tau_is_an_input(networks):
    model = networks["independent"]
    plans = plan.make(model, Options(tau_input=True))
    assert [entry.decided for entry in plans] == [None] * 3
    assert {entry.lowering for entry in plans} <= {"if", "masked"}
    assert chosen(model, "masked", tau_input=True) == [("masked", None)] * 3


@pytest.mark.parametrize("name", ["dependent", "independent"])
def test_dense_opens_all(networks, name):
    assert chosen(networks[name], "dense") == [("open", 1)] * 3


def test_pruned_names_the_undecided_blocks(networks):
    with pytest.raises(errors.InputError, match="blocks first, second, third"):
        plan.make(networks["dependent"], Options(lowering="pruned"))


def test_threshold_itself_is_closed():
    model = builders.independent()
    set_open_probability(model.gates[0], 0.5)
    assert chosen(model, "conditional", 0.5)[0] == ("closed", 0)


def test_exits_have_the_rest_behind_an_if():
    model = exit_networks.exit_model()
    plans = {p.block.name: p for p in plan.make(model, Options())}
    assert plans["exit1"].lowering == plans["exit2"].lowering == "if"
    assert "rest of the network" in plans["exit1"].why


def test_what_lies_behind_the_end_is_closed():
    model = exit_networks.exit_model(gate=exit_networks.independent_gate)
    decisions = dict.fromkeys(model.gate_names, 1)
    exit_networks.set_decisions(model, decisions | {"exit1_exit_gate": 0})
    plans = {p.block.name: p for p in plan.make(model, Options())}
    assert [plans[f"block{n}"].lowering for n in (1, 2, 3)] == [
        "open",
        "closed",
        "closed",
    ]
    assert "behind an exit" in plans["block2"].why


def recorded(model, opened):
    """Decisions of 20 images, of which the first `opened` open everything."""
    decisions = (np.arange(20) < opened).astype("float32")[:, None]
    return dict.fromkeys(model.gate_names, decisions)


def test_the_least_expected_time_is_chosen(networks, monkeypatch):
    model, options = networks["dependent"], Options()
    never = expectations.Expectations(model, 0.5, recorded(model, 0))
    assert {p.lowering for p in plan.make(model, options, never)} == {"if"}
    # Always open, and with conditions that cost something.
    monkeypatch.setattr(cost_model, "IF_MS", 100.0)
    always = expectations.Expectations(model, 0.5, recorded(model, 20))
    plans = plan.make(model, options, always)
    assert {p.lowering for p in plans} == {"masked"}
    for entry in plans:
        assert entry.estimates["masked"] < entry.estimates["if"]
        assert "cost model" in entry.why


def test_of_close_estimates_the_one_that_skips_is_chosen(networks, monkeypatch):
    model = networks["dependent"]
    always = expectations.Expectations(model, 0.5, recorded(model, 20))
    monkeypatch.setattr(cost_model, "IF_MS", 0.015)
    plans = plan.make(model, Options(), always)
    assert {p.lowering for p in plans} == {"if"}
    assert all(p.estimates["masked"] < p.estimates["if"] for p in plans)


def test_lowerings_can_be_asked_for(networks):
    forced = [("*", "masked"), ("s*", "if")]
    plans = plan.make(networks["dependent"], Options(block_lowering=forced))
    assert [p.lowering for p in plans] == ["masked", "if", "masked"]
    assert plans[1].why == "--block_lowering=s*=if"
    assert not plans[1].estimates


@pytest.mark.parametrize(
    ("name", "forced", "message"),
    [
        ("dependent", ("x*", "if"), "x.=if to match one of .* first, second, third"),
        ("dependent", ("first", "groups"), "'first' .* exact lowerings: if, masked"),
        # It would be another network.
        ("dependent", ("first", "open"), "'first' .* exact lowerings: if, masked"),
        ("independent", ("first", "if"), "'first' .* exact lowerings: open"),
    ],
)
def test_only_exact_lowerings_can_be_asked_for(networks, name, forced, message):
    with pytest.raises(errors.InputError, match=message):
        plan.make(networks[name], Options(block_lowering=[forced]))


def test_filters_have_their_own_choices():
    model = tfgate.applications.CifarResNet(
        8, gate="dependent", granularity="cs-cifar-8"
    )
    plans = plan.make(model, Options(min_group=8))
    for entry in plans:
        assert {"groups", "masked"} <= set(entry.estimates)
        possible = [ms for ms in entry.estimates.values() if isinstance(ms, float)]
        assert entry.estimates[entry.lowering] <= min(possible) + 0.02


def test_the_plan_is_a_table(networks):
    model, options = networks["dependent"], Options()
    expected = expectations.expect(model, options)
    plans = plan.make(model, options, expected)
    lines = explain.table(plans, expected.source).splitlines()
    assert lines[0].split() == ["block", "candidates", "chosen", "why"]
    assert lines[1].startswith("first   if 0.") and "masked 0." in lines[1]
    assert "least expected time" in lines[1]
    assert lines[4] == (
        "expected: no calibration images: undecided components open for half of the "
        "images"
    )


def test_components_may_be_decided_one_by_one():
    block = filter_blocks.make_block(filter_blocks.basic())
    model = filter_blocks.make_model(block)
    filter_blocks.decide(block.gate, [1, 0, 1, 1, 0, 1])
    (entry,) = plan.make(model, Options())
    assert entry.lowering == "groups" and not entry.computes_gate
    assert entry.decided == entry.decisions == (1, 0, 1, 1, 0, 1)
    (entry,) = plan.make(model, Options(tau_input=True))
    assert entry.lowering == "groups" and entry.computes_gate
    assert entry.decisions == (None,) * 6
    for decision, lowering in enumerate(("closed", "open")):
        filter_blocks.decide(block.gate, [decision] * 6)
        (entry,) = plan.make(model, Options(lowering="pruned"))
        assert (entry.lowering, entry.decided) == (lowering, decision)


def test_stochastic_depth_is_open_whatever_tau_is():
    model = builders.network(tfgate.StochasticDepth)
    opened = [("open", 1)] * 3
    assert chosen(model, "conditional") == opened
    assert chosen(model, "masked", tau=0.9) == opened
    with pytest.raises(errors.InputError, match="--tau_input, got 'tiny' with stochas"):
        chosen(model, "conditional", tau_input=True)


def test_stochastic_depth_among_other_gates():
    x = inputs = filter_blocks.L.Input((8, 8, 4))
    for name, kind in (("one", tfgate.StochasticDepth), ("two", tfgate.DependentGate)):
        branch = filter_blocks.convolution(4)
        x, _ = tfgate.GatedResidual(
            branch, kind(policy=tfgate.AlwaysOpen()), name=name
        )(x)
    model = tfgate.GatedModel(inputs, filter_blocks.L.GlobalAveragePooling2D()(x))
    first, second = plan.make(model, Options(tau_input=True))
    assert (first.lowering, first.decided) == ("open", 1)
    assert second.decided is None
    _, gates = reference.run_gates(model, np.ones((2, 8, 8, 4), "float32"), tau=0.999)
    decided = [gate["decision"].mean() for gate in gates.values()]
    assert decided == [1.0, 0.0]
