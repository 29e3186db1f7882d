import pytest

from tests.tfgate import filter_blocks
from tests.tfgate.builders import set_open_probability
from tests.tflite import builders
from tflite import errors
from tflite import plan


def chosen(model, lowering, tau=0.5, tau_input=False):
    plans = plan.make(model, lowering, tau, tau_input)
    assert [entry.block.name for entry in plans] == list(builders.NAMES)
    return [(entry.lowering, entry.decided) for entry in plans]


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
    assert chosen(model, "conditional", tau_input=True) == [("if", None)] * 3
    assert chosen(model, "masked", tau_input=True) == [("masked", None)] * 3


@pytest.mark.parametrize("name", ["dependent", "independent"])
def test_dense_opens_all(networks, name):
    assert chosen(networks[name], "dense") == [("open", 1)] * 3


def test_pruned_names_the_undecided_blocks(networks):
    with pytest.raises(errors.InputError, match="blocks first, second, third"):
        plan.make(networks["dependent"], "pruned", 0.5, False)


def test_threshold_itself_is_closed():
    model = builders.independent()
    set_open_probability(model.gates[0], 0.5)
    assert chosen(model, "conditional", 0.5)[0] == ("closed", 0)


def test_components_may_be_decided_one_by_one():
    block = filter_blocks.make_block(filter_blocks.basic())
    model = filter_blocks.make_model(block)
    filter_blocks.decide(block.gate, [1, 0, 1, 1, 0, 1])
    (entry,) = plan.make(model, "conditional", 0.5, False)
    assert entry.lowering == "groups" and not entry.computes_gate
    assert entry.decided == entry.decisions == (1, 0, 1, 1, 0, 1)
    (entry,) = plan.make(model, "conditional", 0.5, True)
    assert entry.lowering == "groups" and entry.computes_gate
    assert entry.decisions == (None,) * 6
    for decision, lowering in enumerate(("closed", "open")):
        filter_blocks.decide(block.gate, [decision] * 6)
        (entry,) = plan.make(model, "pruned", 0.5, False)
        assert (entry.lowering, entry.decided) == (lowering, decision)
