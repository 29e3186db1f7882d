"""Early exits: what follows an exit is behind its IF."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import exit_networks
from tests.tfgate.builders import randomize
from tests.tflite import builders
from tests.tflite.structure import Structure
from tflite import errors
from tflite import reference
from tflite import runtime
from tflite import verify
from tflite.convert import convert

TAU_INPUT = {"lowering": "conditional", "tau_input": True, "gate_outputs": True}
TOLERANCE = 1e-4

SIZE = exit_networks.SIZE


def residual():
    """Three residual blocks, two exits."""
    return exit_networks.exit_model(
        gate=lambda name, seed: tfgate.DependentGate(name=name, seed=seed)
    )


def concat():
    """Three densely connected layers, two exits."""
    x = inputs = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(4, 3, 2, padding="same", name="stem")(x)
    answers, decisions = [], []
    for number in (1, 2, 3):
        branch = [
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Conv2D(4, 3, padding="same"),
        ]
        gate = tfgate.DependentGate(name=f"block{number}_gate", seed=number)
        layer = tfgate.GatedConcat(
            keras.Sequential(branch), gate, name=f"block{number}"
        )
        x, _ = layer(x)
        if number < 3:
            gate = tfgate.DependentGate(name=f"exit{number}_gate", seed=10 + number)
            answer, outputs = tfgate.EarlyExit(
                classifier(), gate, name=f"exit{number}"
            )(x)
            answers.append(answer)
            decisions.append(outputs["decision"])
    answers.append(classifier()(x))
    return tfgate.GatedModel(inputs, tfgate.ExitSelection()(answers, decisions))


def classifier():
    return keras.Sequential(
        [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)]
    )


def make(build):
    """A network of random weights, and images that leave at different exits."""
    keras.utils.set_random_seed(5)
    model = build()
    randomize(model)
    images = np.random.default_rng(6).normal(size=(24, SIZE, SIZE, 3))
    images = (images * np.linspace(0.3, 2, 24)[:, None, None, None]).astype("float32")
    builders.spread_decisions(model, images)
    return model, images


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Function from a network's builder to it, images and its file with an input τ."""
    directory, made = tmp_path_factory.mktemp("exits"), {}

    def get(build):
        if build not in made:
            model, images = make(build)
            path = directory / f"{build.__name__}.tflite"
            # As it is asked for, whatever the cost model says of so small blocks.
            convert(model, path, **TAU_INPUT, block_lowering=[("*", "if")])
            made[build] = model, images, path
        return made[build]

    return get


def exits_taken(model, decisions):
    """For each image, the number of the exit at which it leaves."""
    names = [leave.gate.name for leave in model.exits.exits]
    exits = decisions[:, [model.gate_names.index(name) for name in names]]
    return np.argmin(np.pad(exits, [(0, 0), (0, 1)]), axis=1)


def test_the_rest_is_behind_the_exit_and_exits_nest(files):
    *_, path = files(residual)
    structure = Structure(path)
    # A block and an exit in each stage but the last, which has a block.
    assert structure.main["IF"] == 2
    assert len(structure.subgraphs) == 1 + 2 * 5
    _, (going_on, leaving) = structure.ifs()
    # The convolution of the classifier, and nothing that depends on a gate.
    assert structure.subgraphs[leaving].count("CONV_2D") == 1
    assert "IF" not in structure.subgraphs[leaving]
    assert structure.subgraphs[going_on].count("IF") == 2
    _, (last, second) = structure.ifs(going_on)
    assert structure.subgraphs[second].count("CONV_2D") == 1
    assert structure.subgraphs[last].count("IF") == 1
    assert not any(name.startswith(("CUSTOM", "SELECT")) for name in structure.all)
    # The condition and the feature map: weights are constants inside the branches.
    assert structure.if_inputs[1] <= 3


@pytest.mark.parametrize("build", [residual, concat])
@pytest.mark.parametrize("tau", [0.3, 0.5, 0.8])
def test_predictions_and_decisions_equal_keras(files, build, tau):
    model, images, path = files(build)
    expected, decisions = reference.run(model, images, tau=tau)
    network = runtime.Network(path)
    network.set_dial(tau)
    predictions, told = network.run(images)
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)
    reached = network.metadata.reached(decisions)
    np.testing.assert_array_equal(told, reached)
    taken = exits_taken(model, decisions)
    if tau == 0.5:
        assert set(taken) == {0, 1, 2}
        # Gates behind an exit say open for some who have left: they are not asked.
        assert (reached != decisions).any()


@pytest.mark.parametrize("build", [residual, concat])
def test_macs_equal_those_of_keras(files, build):
    model, images, path = files(build)
    network = runtime.Network(path)
    for tau in (0.3, 0.5, 0.8):
        network.set_dial(tau)
        _, told = network.run(images)
        with tfgate.use_policy(model, tfgate.Threshold(tau)):
            gates = model.core(images, training=False)["gates"]
        executed = model.costs.executed({k: g["decision"] for k, g in gates.items()})
        np.testing.assert_array_equal(network.metadata.executed_macs(told), executed)
    macs = network.metadata["macs"]
    assert macs["dense"] == model.costs.dense
    assert macs["all_open"] == model.costs.all_open
    assert macs["all_closed"] == model.costs.all_closed


def poisoned(model, name):
    """A copy of the network one of whose layers gives NaN."""
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    layers = {layer.name: layer for layer in other._flatten_layers()}
    layers[name].bias.assign(np.full(layers[name].bias.shape, np.nan))
    return other


@pytest.mark.parametrize(
    ("layer", "shown"),
    [("exit1_dense", [0]), ("half2", [1, 2])],
)
def test_what_is_not_taken_does_not_run(tmp_path, layer, shown):
    model, images = make(residual)
    path = tmp_path / "f.tflite"
    convert(poisoned(model, layer), path, gate_outputs=True, check_samples=0)
    predictions, _ = runtime.Network(path).run(images)
    expected, decisions = reference.run(model, images, tau=0.5)
    taken = exits_taken(model, decisions)
    assert set(taken) == {0, 1, 2}
    bad = np.isin(taken, shown)
    np.testing.assert_array_equal(np.isnan(predictions).all(axis=1), bad)
    np.testing.assert_allclose(predictions[~bad], expected[~bad], atol=TOLERANCE)


def test_masked_files_run_everything(tmp_path):
    model, images = make(residual)
    path = tmp_path / "f.tflite"
    description = convert(model, path, lowering="masked", gate_outputs=True)
    structure = Structure(path)
    assert len(structure.subgraphs) == 1
    predictions, told = runtime.Network(path).run(images)
    expected, decisions = reference.run(model, images, tau=0.5)
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)
    np.testing.assert_array_equal(
        description.all_decisions(told, len(images)), description.reached(decisions)
    )
    classifiers = sum(leave.classifier_macs() for leave in model.exits.exits)
    assert description.executed_macs(told) == model.costs.all_open + classifiers


def test_dense_files_have_the_last_answer_alone(tmp_path):
    model, images = make(residual)
    path = tmp_path / "f.tflite"
    description = convert(model, path, lowering="dense")
    assert description.executed_macs() == model.costs.dense
    expected, _ = reference.run(model, images, tau=None)
    np.testing.assert_allclose(
        runtime.Network(path).run(images)[0], expected, atol=TOLERANCE
    )


@pytest.mark.parametrize("lowering", ["conditional", "pruned"])
def test_decided_exits_leave_a_plain_network(tmp_path, lowering):
    model = exit_networks.exit_model(gate=exit_networks.independent_gate)
    randomize(model)
    decisions = dict.fromkeys(model.gate_names, 1)
    exit_networks.set_decisions(model, decisions | {"exit2_exit_gate": 0})
    path = tmp_path / "f.tflite"
    description = convert(model, path, lowering=lowering, gate_outputs=True)
    structure = Structure(path)
    assert len(structure.subgraphs) == 1
    # Stem, two blocks, two halvings, the second classifier; nothing behind it.
    assert structure.main["CONV_2D"] == 1 + 2 + 2 + 1
    images = np.random.default_rng(6).normal(size=(8, SIZE, SIZE, 3)).astype("float32")
    expected, known = reference.run(model, images, tau=0.5)
    predictions, told = runtime.Network(path).run(images)
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)
    assert told is None
    np.testing.assert_array_equal(
        description.all_decisions(None, len(images)), description.reached(known)
    )
    gates = {name: known[:, [i]] for i, name in enumerate(model.gate_names)}
    executed = model.costs.executed(gates)
    assert description.executed_macs() == executed[0] - _gates_reached(model)


def _gates_reached(model):
    """MACs of the gates before the second exit, and its own: nothing is computed."""
    reached = ("block1_gate", "exit1_exit_gate", "block2_gate", "exit2_exit_gate")
    return sum(model.costs.gate[name] for name in reached)


def selected_and_then(function):
    """A network that goes on after the selection."""
    x = inputs = keras.Input((8,))
    x = keras.layers.Dense(4, activation="relu")(x)
    leave = tfgate.EarlyExit(
        keras.layers.Dense(3, name="early"),
        tfgate.DependentGate(name="exit_gate", seed=1),
        name="exit",
    )
    answer, gate = leave(x)
    last = keras.layers.Dense(3, name="late")(x)
    selected = tfgate.ExitSelection()([answer, last], [gate["decision"]])
    model = tfgate.GatedModel(inputs, function(selected, x))
    randomize(model)
    return model


def test_layers_after_the_selection(tmp_path):
    model = selected_and_then(lambda selected, x: keras.layers.Softmax()(selected))
    path = tmp_path / "f.tflite"
    convert(model, path)
    images = np.random.default_rng(7).normal(size=(8, 8)).astype("float32")
    expected, _ = reference.run(model, images, tau=0.5)
    np.testing.assert_allclose(
        runtime.Network(path).run(images)[0], expected, atol=TOLERANCE
    )


def test_predictions_of_more_than_the_selection_are_refused(tmp_path):
    model = selected_and_then(
        lambda selected, x: keras.layers.Concatenate()([selected, x])
    )
    with pytest.raises(errors.InputError, match="of their selection alone"):
        convert(model, tmp_path / "f.tflite")
    assert not list(tmp_path.iterdir())


@pytest.mark.large
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "build", [tfgate.applications.CifarResNet, tfgate.applications.CifarDenseNet]
)
def test_networks_of_the_papers(images, tmp_path, build):
    keras.utils.set_random_seed(4)
    exits = tfgate.applications.EarlyExits(gate=tfgate.DependentGate, filters=8)
    depth = {"CifarResNet": 20, "CifarDenseNet": 16}[build.__name__]
    model = build(depth, gate="dependent", early_exit=exits, classifier_activation=None)
    randomize(model)
    builders.spread_decisions(model, images)
    path = tmp_path / "f.tflite"
    convert(model, path, gate_outputs=True, calibration=images)
    result = verify.verify(model, path, dataset="digits", samples=len(images))
    assert result["gate_agreement"] == result["prediction_agreement"] == 1.0
    assert result["max_abs_error"] < TOLERANCE
    _, decisions = reference.run(model, images, tau=0.5)
    assert set(exits_taken(model, decisions)) == {0, 1, 2}
