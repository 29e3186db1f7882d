"""Compaction: what is left computes what the thresholded model computes."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tfgate.blocks import GatedBlock
from tfgate.compaction import Action
from tfgate.compaction import apply_decided
from tfgate.costs import count_macs
from tfgate.graph import GraphRewriter

L = keras.layers
OPEN, CLOSED = 0.9, 0.1


def independent_model(*probabilities, **arguments):
    """A random model whose gates have given open probabilities."""
    names = [f"g{index}" for index in range(len(probabilities))]
    model = builders.tiny_model(names=names, **arguments)
    builders.randomize(model)
    for gate, probability in zip(model.gates, probabilities, strict=True):
        builders.set_open_probability(gate, probability)
    return model


def dependent_model(*leanings):
    """A random model whose gates lean to given log odds, the same for all images.

    A gate of leaning None is open for half of `builders.make_images(10)`.
    """
    names = [f"g{index}" for index in range(len(leanings))]
    model = builders.tiny_model(gate=tfgate.DependentGate, names=names)
    builders.randomize(model)
    for gate, leaning in zip(model.gates, leanings, strict=True):
        if leaning is None:
            gates = model.core(builders.make_images(10))["gates"]
            leaning = -np.median(gates[gate.name]["logits"])
            bias = gate.logits_dense.bias.numpy()
            gate.logits_dense.bias.assign(bias + [-leaning / 2.0, leaning / 2.0])
        else:
            gate.logits_dense.bias.assign([-leaning / 2.0, leaning / 2.0])
    return model


def assert_equal_predictions(compacted, model, images):
    # Eager and unfused: only the order of additions may differ.
    np.testing.assert_allclose(
        builders.predict(compacted, images),
        builders.predict(model, images),
        rtol=1e-5,
        atol=1e-6,
    )


def all_layers(model):
    return [layer for layer in model._flatten_layers(include_self=False)]


@pytest.mark.parametrize("opened", list(itertools.product([OPEN, CLOSED], repeat=3)))
def test_equals_the_thresholded_model(opened):
    model = independent_model(*opened, activation=None)
    compacted = tfgate.compact(model)
    images = builders.make_images(8)
    assert_equal_predictions(compacted, model, images)
    for gate in model.gates:  # the gates did decide something
        builders.set_open_probability(gate, CLOSED if opened[0] == OPEN else OPEN)
    assert not np.allclose(
        builders.predict(compacted, images), builders.predict(model, images), atol=1e-3
    )


def test_consists_of_stock_layers_with_names_of_the_network():
    compacted = tfgate.compact(independent_model(OPEN, CLOSED, OPEN))
    assert type(compacted) is keras.Model or type(compacted).__name__ == "Functional"
    modules = {type(layer).__module__.split(".")[0] for layer in all_layers(compacted)}
    assert modules == {"keras"}
    names = [layer.name for layer in compacted.layers]
    assert {"stem", "stem_bn", "g0_conv", "g0_bn", "g2_conv", "g2_bn", "head"} <= set(
        names
    )
    assert "g1_projection" in names
    assert not {"g1_conv", "g1_bn", "g1_branch"} & set(names)


def test_has_the_weights_of_what_is_left_alone():
    model = independent_model(CLOSED, CLOSED, OPEN)
    compacted = tfgate.compact(model)
    left = [
        L_ for L_ in all_layers(model) if L_.name in {c.name for c in compacted.layers}
    ]
    expected = {w.path.split("/")[-2] + w.name for L_ in left for w in L_.weights}
    assert {w.path.split("/")[-2] + w.name for w in compacted.weights} == expected
    assert compacted.count_params() == sum(
        w.numpy().size for L_ in left for w in L_.weights
    )


@pytest.mark.parametrize(
    ("tau", "action"), [(0.5, Action.UNGATE), (0.7, Action.REMOVE)]
)
def test_tau_decides(tau, action):
    model = independent_model(0.6)
    report = tfgate.plan_compaction(model, tau=tau)
    assert [block.action for block in report.blocks] == [action]
    compacted = tfgate.compact(model, tau=tau)
    with tfgate.use_policy(model, tfgate.Threshold(tau)):
        assert_equal_predictions(compacted, model, builders.make_images(4))


def test_threshold_at_the_open_probability_decides_as_the_gate_does():
    """On the knife's edge, too, plan and gate must agree."""
    model = independent_model(0.5)
    gate = model.gates[0]
    disagreements = []
    for tau in np.linspace(0.01, 0.99, 99):
        builders.set_open_probability(gate, tau)
        gate.policy = tfgate.Threshold(tau)
        decision = float(gate(np.zeros((1, 8, 8, 4), "float32"))["decision"][0, 0])
        if tfgate.plan_compaction(model, tau).blocks[0].rate != decision:
            disagreements.append(float(tau))
    assert disagreements == []


def test_policy_of_the_model_does_not_matter():
    model = independent_model(OPEN, CLOSED, OPEN)
    thresholded = builders.predict(model, builders.make_images(4))
    model.policy = tfgate.AlwaysOpen()
    compacted = tfgate.compact(model)
    np.testing.assert_allclose(
        builders.predict(compacted, builders.make_images(4)), thresholded, rtol=1e-5
    )
    assert model.policy == tfgate.AlwaysOpen()


class TestReport:
    def test_contents(self):
        model = independent_model(OPEN, CLOSED, OPEN)
        report = tfgate.plan_compaction(model, tau=0.4)
        assert report.tau == 0.4
        assert [(b.block, b.gate, b.action, b.rate, b.macs) for b in report.blocks] == [
            ("g0_block", "g0", Action.UNGATE, 1.0, 9216),
            ("g1_block", "g1", Action.REMOVE, 0.0, 2304),
            ("g2_block", "g2", Action.UNGATE, 1.0, 2304),
        ]
        assert report.undecided == []
        assert report.macs_before == model.costs.all_open
        assert report.macs_after == model.costs.all_open - 2304

    @pytest.mark.parametrize("make", [independent_model, dependent_model])
    def test_macs_after_are_those_of_the_compacted_model(self, make):
        levels = (OPEN, CLOSED, OPEN) if make is independent_model else (50, -50, 50)
        model = make(*levels)
        calibration = [builders.make_images(4)]
        report = tfgate.plan_compaction(model, calibration=calibration)
        compacted = tfgate.compact(model, calibration=calibration)
        assert count_macs(compacted, (None, 8, 8, 3)) == report.macs_after

    def test_printed(self):
        printed = []
        model = independent_model(OPEN, CLOSED)
        tfgate.compact(model, print_fn=printed.append)
        assert len(printed) == 1
        lines = str(printed[0]).splitlines()
        assert lines[:3] == [
            "g0_block: gate removed (rate 1.000, 9,216 MACs)",
            "g1_block: branch removed (rate 0.000, 2,304 MACs)",
            "MACs per image: 18,700 -> 16,396",
        ]
        assert str(tfgate.plan_compaction(model)).splitlines() == lines[:3]

    def test_prints_nothing_by_default(self, capsys):
        tfgate.compact(independent_model(OPEN))
        assert capsys.readouterr().out == ""


class TestDependentGates:
    def test_polarized_on_the_calibration_set(self):
        model = dependent_model(50.0, -50.0, 50.0)
        images = builders.make_images(10)
        report = tfgate.plan_compaction(model, calibration=[images[:6], images[6:]])
        assert [block.rate for block in report.blocks] == [1.0, 0.0, 1.0]
        compacted = tfgate.compact(model, calibration=[images[:6], images[6:]])
        assert_equal_predictions(compacted, model, images)

    @pytest.mark.parametrize("form", ["images", "pairs", "dataset", "pair dataset"])
    def test_forms_of_the_calibration_set(self, form):
        images, labels = builders.make_images(10), builders.make_labels(10)
        calibration = {
            "images": [images[:8], images[8:]],
            "pairs": [(images[:8], labels[:8]), (images[8:], labels[8:])],
            "dataset": tf.data.Dataset.from_tensor_slices(images).batch(8),
            "pair dataset": tf.data.Dataset.from_tensor_slices((images, labels)).batch(
                8
            ),
        }[form]
        model = dependent_model(None, 50.0)
        report = tfgate.plan_compaction(model, calibration=calibration)
        expected = builders.decisions(model, images)
        rates = [block.rate for block in report.blocks]
        assert rates == pytest.approx([expected["g0"].mean(), 1.0])
        assert rates[0] == pytest.approx(0.5)

    def test_undecided_blocks_are_named(self):
        model = dependent_model(None, 50.0, None)
        calibration = [builders.make_images(10)]
        report = tfgate.plan_compaction(model, calibration=calibration)
        assert report.undecided == ["g0_block", "g2_block"]
        assert "g0_block: undecided (rate 0.500" in str(report)
        with pytest.raises(ValueError, match=r"\['g0_block', 'g2_block'\]"):
            tfgate.compact(model, calibration=calibration)

    def test_without_calibration_all_are_undecided(self):
        model = dependent_model(50.0, -50.0)
        report = tfgate.plan_compaction(model)
        assert report.undecided == ["g0_block", "g1_block"]
        assert [block.rate for block in report.blocks] == [None, None]
        assert report.macs_after == report.macs_before
        assert "rate unknown" in str(report)
        with pytest.raises(
            ValueError, match=r"\['g0_block', 'g1_block'\].*calibration"
        ):
            tfgate.compact(model)

    def test_empty_calibration_set(self):
        with pytest.raises(ValueError, match="calibration set with images"):
            tfgate.plan_compaction(dependent_model(50.0), calibration=[])

    def test_calibration_restores_the_policy_and_the_statistics(self):
        model = dependent_model(50.0)
        model.policy = tfgate.Stochastic()
        before = [w.numpy() for w in model.weights if not w.path.endswith("tau")]
        tfgate.plan_compaction(model, tau=0.3, calibration=[builders.make_images(4)])
        after = [w.numpy() for w in model.weights if not w.path.endswith("tau")]
        assert model.policy == tfgate.Stochastic()
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_beside_independent_gates(self):
        inputs = keras.Input((8, 8, 3))
        x = inputs
        for gate in (
            tfgate.IndependentGate(initial_open_probability=CLOSED, name="fixed"),
            tfgate.DependentGate(name="leaning"),
        ):
            branch = L.Conv2D(3, 3, padding="same")
            x, _ = tfgate.GatedResidual(branch, gate, name=f"{gate.name}_block")(x)
        model = tfgate.GatedModel(inputs, x)
        model.gates[1].logits_dense.bias.assign([-50.0, 50.0])
        assert tfgate.plan_compaction(model).undecided == ["leaning_block"]
        calibration = [builders.make_images(4)]
        compacted = tfgate.compact(model, calibration=calibration)
        assert_equal_predictions(compacted, model, calibration[0])


def test_the_original_stays_as_it_was():
    model = independent_model(OPEN, CLOSED, OPEN)
    model.compile("sgd", "sparse_categorical_crossentropy")
    images, labels = builders.make_images(4), builders.make_labels(4)
    before = builders.predict(model, images)
    weights = model.get_weights()
    compacted = tfgate.compact(model)
    builders.randomize(compacted, seed=9)
    assert not {id(w) for w in compacted.weights} & {id(w) for w in model.weights}
    for weight, old in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(weight, old)
    np.testing.assert_array_equal(builders.predict(model, images), before)
    assert model.gate_names == ["g0", "g1", "g2"]
    logs = model.fit(images, labels, verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    assert count_macs(tfgate.compact(model), (None, 8, 8, 3)) > 0


def test_compacted_model_trains_and_saves(tmp_path):
    compacted = tfgate.compact(independent_model(OPEN, CLOSED, OPEN))
    images, labels = builders.make_images(4), builders.make_labels(4)
    compacted.compile("sgd", "sparse_categorical_crossentropy")
    logs = compacted.fit(images, labels, verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    compacted.save(tmp_path / "compacted.keras")
    loaded = keras.saving.load_model(tmp_path / "compacted.keras")
    np.testing.assert_array_equal(
        builders.predict(loaded, images), builders.predict(compacted, images)
    )


def sequential(*layers):
    return keras.Sequential(list(layers))


def functional_branch():
    inputs = keras.Input((8, 8, 3))
    left = L.Conv2D(3, 3, padding="same")(inputs)
    return keras.Model(inputs, L.Add()([left, L.Conv2D(3, 1)(inputs)]))


@pytest.mark.parametrize("probability", [OPEN, CLOSED])
@pytest.mark.parametrize("activation", ["relu", None, "gelu"])
@pytest.mark.parametrize(
    ("branch", "shortcut"),
    [
        (lambda: L.Conv2D(3, 3, padding="same"), lambda: None),
        (functional_branch, lambda: L.Conv2D(3, 1)),
        (
            lambda: sequential(sequential(L.Conv2D(5, 3), L.ReLU()), L.Conv2D(3, 1)),
            lambda: sequential(L.Conv2D(3, 3), L.BatchNormalization()),
        ),
    ],
    ids=["layer", "functional", "nested"],
)
def test_any_branch_and_shortcut(branch, shortcut, activation, probability):
    inputs = keras.Input((8, 8, 3))
    gate = tfgate.IndependentGate(name="g")
    block = tfgate.GatedResidual(branch(), gate, shortcut(), activation=activation)
    model = tfgate.GatedModel(inputs, block(inputs)[0])
    builders.randomize(model)
    builders.set_open_probability(gate, probability)
    assert_equal_predictions(tfgate.compact(model), model, builders.make_images(4))


def test_outputs_may_be_a_structure():
    inputs = keras.Input((8, 8, 3))
    gate = tfgate.IndependentGate(initial_open_probability=CLOSED, name="g")
    x, _ = tfgate.GatedResidual(L.Conv2D(3, 3, padding="same"), gate)(inputs)
    x = L.GlobalAveragePooling2D()(x)
    model = tfgate.GatedModel(inputs, {"one": L.Dense(2)(x), "two": x})
    compacted = tfgate.compact(model)
    images = builders.make_images(3)
    expected = model(images)
    for name, output in compacted(images).items():
        np.testing.assert_allclose(output, expected[name], rtol=1e-6)


def test_mixed_precision_model_compacts_the_same_under_any_global_policy():
    """A model is often compacted in another program than the one that trained it."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        x = inputs = keras.Input((8, 8, 3))
        for name in ("one", "two", "three"):
            gate = tfgate.IndependentGate(name=name)
            branch = L.Conv2D(3, 3, padding="same")
            x, _ = tfgate.GatedResidual(branch, gate)(x)
        model = tfgate.GatedModel(inputs, x)
    finally:
        keras.config.set_dtype_policy("float32")
    output = tfgate.compact(model)(builders.make_images(8))
    assert output.dtype == tf.bfloat16
    expected = model(builders.make_images(8))
    np.testing.assert_array_equal(
        tf.cast(output, tf.float32), tf.cast(expected, tf.float32)
    )


@pytest.mark.parametrize("tau", [0.0, 1.0, -0.5, float("nan")])
def test_bad_tau(tau):
    with pytest.raises(ValueError, match="tau"):
        tfgate.compact(independent_model(OPEN), tau=tau)


def test_block_of_an_unknown_class():
    class OtherBlock(GatedBlock):
        pass

    rewriter = GraphRewriter(independent_model(OPEN).core)
    block = OtherBlock(name="other")
    with pytest.raises(ValueError, match="GatedResidual.*'other'.*OtherBlock"):
        apply_decided(rewriter, block, Action.REMOVE, keras.Input((8, 8, 3)))


def test_given_decisions_stand_for_what_gates_decide():
    model = dependent_model(None, None)
    compacted = tfgate.compact(model, decisions={"g0": [1], "g1": [0]})
    for gate, leaning in zip(model.gates, (100.0, -100.0), strict=True):
        gate.logits_dense.bias.assign([-leaning / 2.0, leaning / 2.0])
    assert_equal_predictions(compacted, model, builders.make_images(10))


def test_given_decisions_overrule_a_threshold():
    model = independent_model(OPEN, CLOSED)
    report = tfgate.plan_compaction(model, decisions={"g0": [0]})
    assert [block.action for block in report.blocks] == [Action.REMOVE] * 2


@pytest.mark.parametrize(
    "decisions", [{"g2": [1]}, {"g0": [1, 0]}, {"g0": []}, {"g0": [0.5]}]
)
def test_given_decisions_must_fit_the_gates(decisions):
    with pytest.raises(ValueError, match="decisions of 0 and 1, one for each"):
        tfgate.compact(independent_model(OPEN, CLOSED), decisions=decisions)


def test_a_throttled_network_is_refused():
    model = tfgate.throttle(independent_model(OPEN, CLOSED))
    with pytest.raises(ValueError, match="Expected a gated network, got the throttled"):
        tfgate.compact(model)


def stochastic_depth_model():
    names = ["g0", "g1"]
    model = builders.tiny_model(gate=tfgate.StochasticDepth, names=names)
    builders.randomize(model)
    return model


def test_stochastic_depth_is_open_whatever_tau_is():
    model = stochastic_depth_model()
    assert {gate.survival_probability for gate in model.gates} == {0.5}
    report = tfgate.plan_compaction(model, tau=0.9)
    assert {block.action for block in report.blocks} == {Action.UNGATE}
    compacted = tfgate.compact(model, tau=0.9)
    assert_equal_predictions(compacted, model, builders.make_images(4))
    # With calibration images, too.
    report = tfgate.plan_compaction(model, calibration=[builders.make_images(4)])
    assert {block.action for block in report.blocks} == {Action.UNGATE}


def test_stochastic_depth_of_another_policy_is_decided():
    model = stochastic_depth_model()
    model.policy = tfgate.Threshold(0.9)
    report = tfgate.plan_compaction(model, tau=0.9)
    assert {block.action for block in report.blocks} == {Action.REMOVE}
