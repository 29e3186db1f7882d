"""Networks with early exits: what lies behind which, and what that costs."""

import itertools

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tests.tfgate.exit_networks import exit_model
from tests.tfgate.exit_networks import independent_gate
from tfgate.costs import count_macs

L = keras.layers


def classifier():
    return keras.Sequential([L.GlobalAveragePooling2D(), L.Dense(3)])


def all_decisions(model):
    combinations = itertools.product([0, 1], repeat=len(model.gates))
    return [dict(zip(model.gate_names, row, strict=True)) for row in combinations]


def cut_network_macs(model, decisions):
    """Counts a plain network of the layers that an image needs, and no others."""
    x = inputs = keras.Input(model.input.shape[1:])
    given = dict(decisions)
    outputs = [x := model.get_layer("stem")(x)]
    for number in (1, 2, 3):
        block = model.get_layer(f"block{number}")
        outputs.append(block.gate(x)["logits"])
        if given[block.gate.name]:
            outputs.append(x := block.branch(x))
        outputs.append(x := model.get_layer(f"half{number}")(x))
        leave = next((e for e in model.exits.exits if e.name == f"exit{number}"), None)
        if leave is not None:
            outputs.append(leave.gate(x)["logits"])
            if not given[leave.gate.name]:
                outputs.append(leave.classifier(x))
                return count_macs(keras.Model(inputs, outputs), inputs.shape)
    x = L.GlobalAveragePooling2D()(x)
    outputs.append(model.get_layer("head")(x))
    return count_macs(keras.Model(inputs, outputs), inputs.shape)


@pytest.mark.parametrize("exits", [1, 2])
def test_macs_equal_those_of_networks_that_are_really_cut(exits):
    model = exit_model(exits)
    costs = model.costs
    combinations = all_decisions(model)
    executed = costs.executed(
        {
            name: np.array([[row[name]] for row in combinations], "float32")
            for name in model.gate_names
        }
    )
    # Where the first exit is taken, what lies behind it makes no difference.
    expected = {}
    for row, total in zip(combinations, executed, strict=True):
        ran, going = [], True
        for number in (1, 2, 3):
            for name in (f"block{number}_gate", f"exit{number}_exit_gate"):
                if going and name in row:
                    ran.append(row[name])
                    going = going and (row[name] or "block" in name)
        key = tuple(ran)
        if key not in expected:
            expected[key] = cut_network_macs(model, row)
        arrays = {name: np.array([z]) for name, z in row.items()}
        assert costs.count(arrays) == expected[key]
        assert float(total) == expected[key]
    assert costs.all_open == expected[(1,) * len(model.gates)]
    assert costs.dense == exit_model(0).costs.dense


def test_components_are_what_closing_one_saves():
    costs = exit_model(2).costs
    opened = {name: np.ones(1) for name in costs.sizes}
    for name, saved in costs.components.items():
        left = costs.count({**opened, name: np.zeros(1)})
        assert saved[0] == costs.all_open - left


def test_stages():
    stages = exit_model(2).exits.stages()
    assert stages["stem"] == stages["half1"] == stages["exit1"] == 0
    assert stages["block2"] == stages["exit2"] == 1
    assert stages["block3"] == stages["head"] == 2
    assert "selection" not in stages


def test_filters_before_and_behind_an_exit():
    """Products of two gates' filters, behind a third gate."""

    def gated(name):
        return filter_blocks.make_block(
            [L.Conv2D(8, 3, padding="same"), L.Conv2D(6, 3, padding="same")],
            name=name,
            places=("inner", "output"),
            filters_per_gate=2,
            groups_always_open=1,
            activation=None,
            residual=False,
        )

    x = inputs = keras.Input((8, 8, 3))
    x, _ = gated("a")(x)
    answer, gate = tfgate.EarlyExit(
        classifier(), tfgate.DependentGate(name="leave_gate"), name="leave"
    )(x)
    left = classifier()(x)  # as the exit's
    x = L.MaxPooling2D(2)(x)
    x, _ = gated("b")(x)
    last = classifier()(x)
    selected = tfgate.ExitSelection()([answer, last], [gate["decision"]])
    model = tfgate.GatedModel(inputs, selected)
    whole, first = tfgate.GatedModel(inputs, last), tfgate.GatedModel(inputs, left)
    assert max(len(p.factors) for p in model.costs.products) == 3
    generator = np.random.default_rng(0)
    for _ in range(10):
        row = {n: generator.integers(0, 2, k) for n, k in model.costs.sizes.items()}
        row["leave_gate"] = np.array([1])
        parts = {name: row[name] for name in whole.gate_names}
        gate_macs = model.costs.gate["leave_gate"]
        expected = whole.costs.count(parts) + gate_macs
        assert model.costs.count(row) == expected
        row["leave_gate"] = np.array([0])
        parts = {name: row[name] for name in first.gate_names}
        assert model.costs.count(row) == first.costs.count(parts) + gate_macs


def test_other_outputs_always_run():
    x = inputs = keras.Input((8, 8, 3))
    answer, gate = tfgate.EarlyExit(
        classifier(), tfgate.IndependentGate(name="g"), loss_weight=0, name="leave"
    )(x)
    deep = L.Conv2D(4, 3, name="deep")(x)
    last = L.Dense(3, name="last")(L.GlobalAveragePooling2D()(deep))
    selected = tfgate.ExitSelection()([answer, last], [gate["decision"]])
    behind = L.Dense(5, name="behind")(selected)
    model = tfgate.GatedModel(inputs, [behind, L.Conv2D(2, 1, name="other")(deep)])
    deep_macs, other, last_macs = 36 * 27 * 4, 36 * 4 * 2, 4 * 3
    always = deep_macs + other + 3 * 5
    assert model.costs.all_open == always + last_macs
    assert model.costs.all_closed == always + 3 * 3
    stages = model.exits.stages()
    assert (stages["deep"], stages["other"], stages["last"]) == (0, 0, 1)
    assert stages.get("behind", 0) == 0


def test_operations_behind_the_selection():
    inputs = keras.Input((8, 8, 3))
    answer, gate = tfgate.EarlyExit(
        classifier(), tfgate.IndependentGate(name="g"), loss_weight=0, name="leave"
    )(inputs)
    last = classifier()(L.Conv2D(4, 3, name="deep")(inputs))
    selected = tfgate.ExitSelection()([answer, last], [gate["decision"]])
    model = tfgate.GatedModel(inputs, 2.0 * selected + 1.0)
    assert model.costs.all_open == 36 * 27 * 4 + 4 * 3
    assert model.costs.all_closed == 3 * 3
    assert model.exits.stages()["deep"] == 1


class TestBadNetworks:
    def parts(self):
        inputs = keras.Input((8, 8, 3))
        gate = tfgate.IndependentGate(name="g")
        answer, outputs = tfgate.EarlyExit(classifier(), gate, name="leave")(inputs)
        return inputs, answer, outputs["decision"], classifier()(inputs)

    def test_no_selection(self):
        inputs, answer, decision, last = self.parts()
        mixed = answer * decision + last
        with pytest.raises(ValueError, match=r"Selection.*\['leave'\].*got 0 calls"):
            tfgate.GatedModel(inputs, mixed)

    def test_two_selections(self):
        inputs, answer, decision, last = self.parts()
        both = [tfgate.ExitSelection()([answer, last], [decision]) for _ in range(2)]
        with pytest.raises(ValueError, match="got 2 calls"):
            tfgate.GatedModel(inputs, both)

    def test_a_decision_of_something_else(self):
        inputs, answer, decision, last = self.parts()
        selected = tfgate.ExitSelection(name="s")([answer, last], [1.0 - decision])
        with pytest.raises(ValueError, match=r"'s' to get the decisions of.*'leave'"):
            tfgate.GatedModel(inputs, selected)

    def test_a_decision_twice(self):
        inputs, answer, decision, last = self.parts()
        selected = tfgate.ExitSelection(name="s")(
            [answer, answer, last], [decision, decision]
        )
        with pytest.raises(ValueError, match="once each"):
            tfgate.GatedModel(inputs, selected)


def test_exits_alone_make_a_gated_model():
    model = exit_model(1, gate=independent_gate)
    assert [e.name for e in model.exits.exits] == ["exit1"]
    assert set(model.core.output) == {"predictions", "gates", "exits"}
    assert builders.tiny_model().exits.exits == ()
    assert set(builders.tiny_model().core.output) == {"predictions", "gates"}
