"""DenseNets: the published sizes and names, and what gates leave of the network."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tfgate.applications import CifarDenseNet
from tfgate.applications import DenseNet121
from tfgate.applications import DenseNet169
from tfgate.costs import count_macs

IMAGENET = {"DenseNet121": (6, 12, 24, 16), "DenseNet169": (6, 12, 32, 32)}
SMALL = {"depth": 16, "input_shape": (16, 16, 3), "classifier_activation": None}
# Two layers in each of three dense blocks.
NAMES = [f"conv{stage}_block{index}" for stage in (2, 3, 4) for index in (1, 2)]


def images(count=4, size=16):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, size, size, 3)).astype("float32")


def weighted(model):
    """Names of the layers with weights, the blocks taken apart, gates left out."""
    gates = getattr(model, "gates", [])
    inside = {id(layer) for gate in gates for layer in gate._flatten_layers()}
    return [
        layer.name
        for layer in model._flatten_layers(include_self=False)
        if layer.weights
        and id(layer) not in inside
        and not list(layer._flatten_layers(include_self=False))
    ]


@pytest.fixture(scope="module")
def dense():
    keras.utils.set_random_seed(1)
    model = CifarDenseNet(**SMALL)
    builders.randomize(model)
    return model


def gated_twin(dense, gate="independent", **arguments):
    """A gated network with the weights of the dense one."""
    model = CifarDenseNet(gate=gate, seed=3, **SMALL, **arguments)
    tfgate.copy_weights(dense, model)
    return model


class TestStructure:
    def test_published_size(self):
        """Huang et al. 2017, table 2: 0.8 M for DenseNet-BC 100 with growth 12."""
        model = CifarDenseNet()
        assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == 769_162
        assert model.name == "cifar_densenet100"
        assert sum(type(x) is keras.layers.Concatenate for x in model.layers) == 48

    @pytest.mark.parametrize("gate", ["independent", "dependent"])
    def test_one_gate_per_layer(self, dense, gate):
        model = gated_twin(dense, gate)
        assert [block.name for block in model.blocks] == NAMES
        assert model.gate_names == [f"{name}_gate" for name in NAMES]
        assert {type(block) for block in model.blocks} == {tfgate.GatedConcat}
        assert [gate.components for gate in model.gates] == [1] * 6

    def test_gates_see_what_their_layer_reads(self, dense):
        model = gated_twin(dense, "dependent")
        read = [gate.hidden_dense.kernel.shape[0] for gate in model.gates]
        assert read == [24, 36, 24, 36, 24, 36]

    def test_dense_and_gated_have_the_same_layer_names(self, dense):
        names = weighted(dense)
        assert len(names) == len(set(names)) == 1 + 6 * 4 + 2 * 2 + 1 + 1
        for granularity in ("block", "bas"):
            gated = gated_twin(dense, granularity=granularity)
            assert sorted(weighted(gated)) == sorted(names)

    def test_dense_is_a_plain_keras_model(self, dense):
        assert not isinstance(dense, tfgate.GatedModel)
        modules = {type(layer).__module__.split(".")[0] for layer in dense.layers}
        assert modules == {"keras"}

    def test_arguments_reach_their_places(self):
        model = CifarDenseNet(
            depth=10,
            input_shape=(8, 8, 1),
            classes=7,
            growth=10,
            compression=0.3,
            width=0.5,
            gate="independent",
            initial_open_probability=0.6,
            policy=tfgate.Threshold(0.3),
            seed=5,
            name="mine",
        )
        assert model.name == "mine"
        assert model.core.input_shape == (None, 8, 8, 1)
        assert model.policy == tfgate.Threshold(0.3)
        assert {gate.initial_open_probability for gate in model.gates} == {0.6}
        assert {gate.seed for gate in model.gates} == {5}
        assert model.get_layer("conv1_conv").filters == 20
        branch = model.blocks[0].branch
        assert branch.get_layer("conv2_block1_1_conv").filters == 20
        assert branch.get_layer("conv2_block1_2_conv").filters == 10
        assert model.get_layer("pool2_conv").filters == 9  # 0.3 (20 + 10)
        predictions = builders.predict(model, np.ones((2, 8, 8, 1), "float32"))
        np.testing.assert_allclose(predictions.sum(axis=1), [1.0, 1.0], rtol=1e-5)
        assert predictions.shape == (2, 7)

    @pytest.mark.parametrize(
        ("pooling", "shape"), [(None, (2, 2, 36)), ("avg", (36,)), ("max", (36,))]
    )
    def test_without_the_top(self, pooling, shape):
        model = CifarDenseNet(include_top=False, pooling=pooling, depth=10)
        assert model.input_shape == (None, None, None, 3)
        assert tuple(model(images(2, size=8)).shape) == (2, *shape[:-1], 27)

    def test_input_tensor(self, dense):
        raw = keras.Input((16, 16, 3))
        shifted = keras.layers.Rescaling(1.0, offset=0.25)(raw)
        model = CifarDenseNet(
            depth=16, input_tensor=shifted, classifier_activation=None, gate="dependent"
        )
        tfgate.copy_weights(dense, model)
        assert model.input is raw
        with tfgate.use_policy(model, tfgate.AlwaysOpen()):
            np.testing.assert_allclose(
                builders.predict(model, images() - 0.25),
                builders.predict(dense, images()),
                rtol=1e-4,
                atol=1e-5,
            )


class TestEquivalences:
    @pytest.mark.parametrize("gate", ["independent", "dependent"])
    def test_all_open_is_the_dense_network(self, dense, gate):
        expected = builders.predict(dense, images())
        assert np.std(expected) > 0.1
        model = gated_twin(dense, gate)
        with tfgate.use_policy(model, tfgate.AlwaysOpen()):
            np.testing.assert_allclose(
                builders.predict(model, images()), expected, rtol=1e-6, atol=1e-6
            )

    def test_all_closed_leaves_stem_transitions_and_head(self, dense):
        """What the dense network gives with the kernels of all layers set to zero."""
        closed = keras.models.clone_model(dense)
        closed.set_weights(dense.get_weights())
        for layer in closed.layers:
            if layer.name.endswith("_2_conv"):
                layer.kernel.assign(np.zeros(layer.kernel.shape))
        model = gated_twin(dense)
        for gate in model.gates:
            builders.set_open_probability(gate, 0.1)
        np.testing.assert_allclose(
            builders.predict(model, images()),
            builders.predict(closed, images()),
            rtol=1e-6,
            atol=1e-6,
        )

    @pytest.mark.parametrize("pattern", ["110100", "001011", "000000", "111111"])
    def test_compacted_is_the_thresholded_network(self, dense, pattern):
        model = gated_twin(dense)
        for gate, bit in zip(model.gates, pattern, strict=True):
            builders.set_open_probability(gate, 0.9 if bit == "1" else 0.1)
        compacted = tfgate.compact(model)
        np.testing.assert_allclose(
            builders.predict(compacted, images()),
            builders.predict(model, images()),
            rtol=1e-5,
            atol=1e-5,
        )
        left = [n for n, bit in zip(NAMES, pattern, strict=True) if bit == "1"]
        appended = [x.name for x in compacted.layers if x.name.endswith("_concat")]
        assert appended == [f"{name}_concat" for name in left]
        modules = {type(x).__module__.split(".")[0] for x in compacted.layers}
        assert modules == {"keras"}
        if pattern == "111111":
            assert weighted(compacted) == weighted(dense)


@pytest.mark.parametrize("granularity", ["block", "bas"])
@pytest.mark.parametrize("gate", ["independent", "dependent"])
def test_saved_and_loaded_decides_and_predicts_alike(gate, granularity, tmp_path):
    model = CifarDenseNet(gate=gate, granularity=granularity, seed=3, **SMALL)
    builders.randomize(model)
    opened = builders.decisions(model, images())
    assert 0.0 < np.mean([z.mean() for z in opened.values()]) < 1.0
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded, tfgate.GatedModel)
    np.testing.assert_array_equal(
        builders.predict(loaded, images()), builders.predict(model, images())
    )
    for name, decision in builders.decisions(loaded, images()).items():
        np.testing.assert_array_equal(decision, opened[name])


def test_trains_all_of_its_weights():
    model = CifarDenseNet(gate="dependent", seed=3, **SMALL)
    before = [w.numpy().copy() for w in model.trainable_weights]
    model.compile("sgd", "mse", gate_losses=[tfgate.PerBatch(0.5)])
    logs = model.fit(images(), np.eye(10, dtype="float32")[:4], verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    same = [
        w.path
        for w, old in zip(model.trainable_weights, before, strict=True)
        if np.array_equal(w.numpy(), old)
    ]
    # A ReLU that is off for all four images leaves a gate's bias where it was.
    assert [path for path in same if "_gate/" not in path] == []


def test_stochastic_depth():
    model = CifarDenseNet(gate="stochastic_depth", survival_probability=0.4, **SMALL)
    found = [gate.survival_probability for gate in model.gates]
    np.testing.assert_allclose(found, 1.0 - 0.6 * np.arange(1, 7) / 6)
    builders.randomize(model)
    compacted = tfgate.compact(model, tau=0.01)
    np.testing.assert_allclose(compacted(images()), model(images()), atol=1e-5)


def test_mixed_precision_predicts_in_float32(mixed_bfloat16):
    model = CifarDenseNet(gate="dependent", **SMALL)
    outputs = model.core(images())
    assert keras.backend.standardize_dtype(outputs["predictions"].dtype) == "float32"
    assert model.get_layer("conv1_conv").compute_dtype == "bfloat16"
    assert np.isfinite(np.asarray(outputs["predictions"])).all()


class TestBadArguments:
    @pytest.mark.parametrize("depth", [4, 9, 20, "40", 40.0])
    def test_depth(self, depth):
        with pytest.raises(ValueError, match=f"Expected depth .*got {depth!r}"):
            CifarDenseNet(depth=depth)

    @pytest.mark.parametrize(
        ("argument", "value"),
        [
            ("growth", 0),
            ("growth", 1.5),
            ("compression", 0.0),
            ("compression", 1.1),
            ("compression", "half"),
            ("compression", 0.01),
            ("width", 0),
            ("width", -1.0),
            ("width", float("inf")),
            ("width", float("nan")),
            ("width", True),
            ("width", "2"),
            ("gate", "static"),
            ("granularity", "filters"),
            ("pooling", "mean"),
        ],
    )
    def test_out_of_range(self, argument, value):
        with pytest.raises(ValueError, match=f"Expected {argument} .*got {value!r}"):
            CifarDenseNet(**{"depth": 10, argument: value})

    @pytest.mark.parametrize(
        ("make", "size"), [(CifarDenseNet, 3), (DenseNet121, 31), (DenseNet169, 16)]
    )
    def test_small_images(self, make, size):
        with pytest.raises(ValueError, match=f"input_shape \\({size}, 40, 3\\)"):
            make(input_shape=(size, 40, 3))

    def test_arguments_of_gates_without_gates(self):
        with pytest.raises(ValueError, match="gate=None.*'hidden'"):
            CifarDenseNet(depth=10, hidden=4)

    def test_groups_for_another_number_of_stages(self):
        with pytest.raises(ValueError, match="group sizes for 3 stages"):
            CifarDenseNet(gate="independent", granularity="cs-low", depth=10)


class TestWeights:
    @pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
    @pytest.mark.parametrize("gate", [None, "dependent"])
    def test_of_a_path(self, dense, gate, suffix, tmp_path):
        path = tmp_path / f"dense{suffix}"
        (dense.save if suffix == ".keras" else dense.save_weights)(path)
        model = CifarDenseNet(weights=path, gate=gate, **SMALL)
        if gate is not None:
            model.policy = tfgate.AlwaysOpen()
        np.testing.assert_allclose(
            builders.predict(model, images()),
            builders.predict(dense, images()),
            rtol=1e-6,
            atol=1e-6,
        )

    def test_of_a_wide_network(self, tmp_path):
        arguments = {"depth": 10, "width": 1.5, "input_shape": (8, 8, 3)}
        wide = CifarDenseNet(**arguments)
        builders.randomize(wide)
        wide.save_weights(tmp_path / "wide.weights.h5")
        again = CifarDenseNet(weights=tmp_path / "wide.weights.h5", **arguments)
        x = images(size=8)
        np.testing.assert_array_equal(again(x), wide(x))

    def test_of_another_growth(self, dense, tmp_path):
        dense.save(tmp_path / "dense.keras")
        with pytest.raises(ValueError, match="conv1_conv expected .*got"):
            CifarDenseNet(weights=tmp_path / "dense.keras", growth=8, **SMALL)

    def test_none_are_published_for_cifar(self):
        with pytest.raises(
            ValueError, match="weights to be None or a path.*'imagenet'"
        ):
            CifarDenseNet(weights="imagenet", depth=10)


@pytest.mark.parametrize("name", IMAGENET)
def test_dense_equals_keras_applications(name):
    """Layer by layer the same names, shapes and, with its weights, outputs."""
    published = getattr(keras.applications, name)
    theirs = published(weights=None, input_shape=(32, 32, 3), classes=7)
    builders.randomize(theirs)
    ours = getattr(tfgate.applications, name)(input_shape=(32, 32, 3), classes=7)
    assert weighted(ours) == weighted(theirs)
    named = [x.name for x in theirs.layers if "zero_padding" not in x.name]
    assert [x.name for x in ours.layers if not x.name.endswith("1_pad")][1:] == named[
        1:
    ]
    assert ours.name == theirs.name == name.lower()
    tfgate.copy_weights(theirs, ours)
    x = images(2, size=32)
    expected = builders.predict(theirs, x)
    assert np.std(expected) > 1e-3
    np.testing.assert_allclose(builders.predict(ours, x), expected, rtol=1e-5)


def test_published_weights_are_asked_of_keras(monkeypatch):
    """There is no network here: random weights stand in for the published ones."""
    asked = []

    def published(include_top, weights, classes):
        asked.append((include_top, weights, classes))
        theirs = original(include_top, weights=None, classes=classes)
        builders.randomize(theirs)
        return theirs

    original = keras.applications.DenseNet121
    monkeypatch.setattr(keras.applications, "DenseNet121", published)
    ours = DenseNet121(False, "imagenet", input_shape=(48, 40, 3), pooling="avg")
    assert asked == [(False, "imagenet", 1000)]
    theirs = original(False, None, input_shape=(48, 40, 3), pooling="avg")
    builders.randomize(theirs)
    x = np.random.default_rng(0).normal(size=(1, 48, 40, 3)).astype("float32")
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-5, atol=1e-5)


@pytest.mark.large
@pytest.mark.parametrize("gate", ["independent", "dependent"])
@pytest.mark.parametrize("name", IMAGENET)
def test_open_gates_equal_keras_applications(name, gate):
    published = getattr(keras.applications, name)
    theirs = published(weights=None, input_shape=(64, 64, 3), classes=7)
    builders.randomize(theirs)
    arguments = {"input_shape": (64, 64, 3), "classes": 7, "gate": gate}
    ours = getattr(tfgate.applications, name)(**arguments)
    tfgate.copy_weights(theirs, ours)
    ours.policy = tfgate.AlwaysOpen()
    x = images(2, size=64)
    np.testing.assert_allclose(
        builders.predict(ours, x), builders.predict(theirs, x), rtol=1e-5, atol=1e-7
    )
    assert len(ours.gates) == sum(IMAGENET[name])
    assert ours.costs.dense == count_macs(theirs, (None, 64, 64, 3))


@pytest.mark.large
@pytest.mark.parametrize("granularity", ["block", "bas"])
def test_compacted_imagenet_network_is_the_thresholded_one(granularity):
    model = DenseNet121(
        input_shape=(64, 64, 3),
        classes=7,
        classifier_activation=None,
        gate="independent",
        granularity=granularity,
    )
    builders.randomize(model)
    generator = np.random.default_rng(1)
    for gate in model.gates:
        gate.component_logits.assign(generator.normal(size=(gate.components, 2)))
    compacted = tfgate.compact(model)
    assert compacted.count_params() < 0.75 * model.count_params()
    x = images(2, size=64)
    np.testing.assert_allclose(
        builders.predict(compacted, x), builders.predict(model, x), rtol=1e-5, atol=1e-5
    )
