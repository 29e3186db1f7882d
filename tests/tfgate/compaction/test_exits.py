"""Early exits that are decided: compacted, the network goes on or ends there."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate.exit_networks import SIZE
from tests.tfgate.exit_networks import exit_model
from tests.tfgate.exit_networks import image_gate
from tests.tfgate.exit_networks import independent_gate
from tests.tfgate.exit_networks import set_decisions
from tfgate.compaction.report import Action
from tfgate.costs import count_macs
from tfgate.graph import GraphRewriter

EXITS = ("exit1_exit_gate", "exit2_exit_gate")


def images(count=16):
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(count, SIZE, SIZE, 3))
    tints = generator.normal(size=(count, 1, 1, 3))  # the gates see means
    return (noise + 2.0 * tints).astype("float32")


def decided_model(first, second, blocks=(1, 0, 1)):
    model = exit_model(gate=independent_gate)
    builders.randomize(model)
    names = [f"block{number}_gate" for number in (1, 2, 3)]
    values = dict(zip(names, blocks, strict=True))
    set_decisions(model, values | {EXITS[0]: first, EXITS[1]: second})
    return model


@pytest.mark.parametrize(("first", "second"), [(1, 1), (1, 0), (0, 1), (0, 0)])
def test_compacted_equals_thresholded(first, second):
    model = decided_model(first, second)
    report = tfgate.plan_compaction(model)
    reports = []
    plain = tfgate.compact(model, print_fn=reports.append)
    np.testing.assert_allclose(
        builders.predict(plain, images()),
        builders.predict(model, images()),
        rtol=1e-5,
        atol=1e-6,
    )
    assert not isinstance(plain, tfgate.GatedModel)
    macs = count_macs(plain, plain.input_shape)
    assert report.macs_after == reports[0].macs_after == macs
    names = {layer.name for layer in plain.layers}
    assert ("exit1_dense" in names) == (not first)
    assert ("exit2_dense" in names) == (first and not second)
    assert ("head" in names) == (first and second)
    assert ("half2" in names) == bool(first)
    assert ("half3" in names) == bool(first and second)


def test_report():
    report = tfgate.plan_compaction(decided_model(1, 0))
    assert {block.block: block.action for block in report.blocks} == {
        "block1": Action.UNGATE,
        "block2": Action.REMOVE,
        "block3": Action.CUT,
        "exit1": Action.PASS,
        "exit2": Action.END,
    }
    assert report.undecided == []
    text = str(report)
    assert "exit1: exit removed (rate 1.000" in text
    assert "exit2: the network ends here (rate 0.000" in text
    assert "block3: behind the end of the network" in text


def test_an_undecided_exit_is_named():
    model = exit_model()
    builders.randomize(model, seed=6)  # some images leave at each exit
    with pytest.raises(ValueError, match="undecided ones.*'exit1', 'exit2'"):
        tfgate.compact(model, calibration=[images(64)])


def mixed_gate(name, seed):
    """Blocks' gates depend on the image, those of exits do not."""
    make = independent_gate if "exit" in name else image_gate
    return make(name, seed)


def test_what_lies_behind_the_end_need_not_be_decided():
    model = exit_model(gate=mixed_gate)
    builders.randomize(model, seed=6)
    builders.set_open_probability(model.get_layer("exit1").gate, 0.1)
    x = images(64)
    # Those of one kind, as far as the gate before the end goes.
    x = x[builders.decisions(model, x)["block1_gate"][:, 0] == 1]
    rates = {n: z.mean() for n, z in builders.decisions(model, x).items()}
    assert 0.0 < rates["block3_gate"] < 1.0
    plain = tfgate.compact(model, calibration=[x])
    np.testing.assert_allclose(
        builders.predict(plain, x), builders.predict(model, x), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("granularity", ["block", "bas"])
@pytest.mark.parametrize("network", ["CifarDenseNet", "CifarResNet"])
def test_applications(network, granularity):
    depth = {"CifarDenseNet": 10, "CifarResNet": 8}[network]
    make = getattr(tfgate.applications, network)
    exits = tfgate.applications.EarlyExits(tfgate.IndependentGate, filters=4)
    model = make(
        depth=depth,
        input_shape=(SIZE, SIZE, 3),
        gate="independent",
        granularity=granularity,
        early_exit=exits,
    )
    builders.randomize(model)
    first, second = (leave.gate for leave in model.exits.exits)
    builders.set_open_probability(first, 0.9)
    for probability, ends in ((0.1, True), (0.9, False)):
        builders.set_open_probability(second, probability)
        plain = tfgate.compact(model)
        np.testing.assert_allclose(
            builders.predict(plain, images()),
            builders.predict(model, images()),
            rtol=1e-4,
            atol=1e-5,
        )
        names = {layer.name for layer in plain.layers}
        assert ("predictions" in names) is not ends
        assert ("conv3_exit_predictions" in names) is ends


def test_rewriting_without_a_selection_is_refused():
    model = decided_model(1, 1)
    rewriter = GraphRewriter(model.core)
    with pytest.raises(ValueError, match="without early exits.*'selection'"):
        rewriter.rewrite(lambda block, x: keras.ops.copy(x))
