"""CifarResNet: the published sizes, and what its gates leave of the network."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tfgate.applications import CifarResNet

SMALL = {"input_shape": (16, 16, 3), "classifier_activation": None}


def trainable_parameters(depth, classes=10):
    """He et al. 4.2 by hand: 3x3 convolutions, two norm parameters a channel, head."""
    total, channels = 27 * 16 + 2 * 16, 16
    for filters in (16, 32, 64):
        for _ in range((depth - 2) // 6):
            total += 9 * channels * filters + 9 * filters * filters + 4 * filters
            channels = filters
    return total + 64 * classes + classes


def count_trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def images(count=6):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, 16, 16, 3)).astype("float32")


def weighted_leaves(model):
    """Names of the layers that have weights of their own, gates and theirs left out."""
    gates = [gate for gate in getattr(model, "gates", [])]
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
    model = CifarResNet(20, **SMALL)
    builders.randomize(model)
    return model


@pytest.fixture(scope="module", params=["independent", "dependent"])
def gated(request, dense):
    """A gated network with the weights of the dense one."""
    model = CifarResNet(20, gate=request.param, seed=3, **SMALL)
    tfgate.copy_weights(dense, model)
    return model


class TestParameters:
    @pytest.mark.parametrize(
        ("depth", "published"), [(20, 0.27), (32, 0.46), (56, 0.85), (110, 1.7)]
    )
    def test_dense(self, depth, published):
        parameters = count_trainable(CifarResNet(depth))
        assert parameters == trainable_parameters(depth)
        assert round(parameters / 1e6, 1 if depth == 110 else 2) == published

    def test_resnet20_exactly(self):
        assert trainable_parameters(20) == 269_722

    def test_gates_add_theirs(self, gated, dense):
        gate_class = type(gated.gates[0])
        own = 9 * 2
        if gate_class is tfgate.DependentGate:
            own = sum(16 * c + 32 + 34 for c in [16] * 4 + [32] * 3 + [64] * 2)
        assert count_trainable(gated) == count_trainable(dense) + own


class TestStructure:
    def test_one_gate_per_residual_block(self, gated):
        names = [f"conv{stage}_block{i}" for stage in (2, 3, 4) for i in (1, 2, 3)]
        assert [block.name for block in gated.blocks] == names
        assert gated.gate_names == [f"{name}_gate" for name in names]
        assert [gate.components for gate in gated.gates] == [1] * 9

    def test_dense_and_gated_have_the_same_layer_names(self, gated, dense):
        names = weighted_leaves(dense)
        assert sorted(weighted_leaves(gated)) == sorted(names)
        assert len(names) == len(set(names)) == 19 + 19 + 1

    def test_dense_is_a_plain_keras_model(self, dense):
        assert not isinstance(dense, tfgate.GatedModel)
        modules = {type(layer).__module__.split(".")[0] for layer in dense.layers}
        assert modules == {"keras"}

    def test_arguments_reach_their_places(self):
        model = CifarResNet(
            20,
            input_shape=(8, 8, 1),
            classes=7,
            gate="independent",
            initial_open_probability=0.6,
            estimator=tfgate.estimators.BinaryConcrete(0.4),
            policy=tfgate.Threshold(0.3),
            seed=5,
            name="mine",
        )
        assert model.name == "mine"
        assert model.core.input_shape == (None, 8, 8, 1)
        assert model.policy == tfgate.Threshold(0.3)
        for gate in model.gates:
            assert gate.seed == 5
            assert gate.initial_open_probability == 0.6
            assert gate.estimator.temperature == 0.4
        predictions = builders.predict(model, np.ones((2, 8, 8, 1), "float32"))
        np.testing.assert_allclose(predictions.sum(axis=1), [1.0, 1.0], rtol=1e-5)
        assert predictions.shape == (2, 7)

    @pytest.mark.parametrize(
        ("argument", "value"),
        [
            ("gate", "static"),
            ("gate", True),
            ("granularity", "filters"),
            ("granularity", None),
        ],
    )
    def test_unknown_choice(self, argument, value):
        with pytest.raises(ValueError, match=f"{argument} to be one of .*{value!r}"):
            CifarResNet(**{argument: value})

    @pytest.mark.parametrize("depth", [2, 18, 21, "20"])
    def test_depths_that_there_are_not(self, depth):
        with pytest.raises(ValueError, match=f"Expected depth .*got {depth!r}"):
            CifarResNet(depth)

    @pytest.mark.parametrize("probability", [0.0, 1.0, 2.0])
    def test_bad_initial_open_probability(self, probability):
        with pytest.raises(ValueError, match="initial_open_probability"):
            CifarResNet(20, gate="dependent", initial_open_probability=probability)


class TestInputTensor:
    @pytest.mark.parametrize("gate", [None, "independent"])
    def test_normalization_inside_the_model(self, gate):
        mean, variance = [0.5, 0.4, 0.3], [0.04, 0.05, 0.06]
        raw = keras.Input((16, 16, 3))
        normalization = keras.layers.Normalization(mean=mean, variance=variance)
        arguments = {"gate": gate, "classifier_activation": None}
        model = CifarResNet(20, input_tensor=normalization(raw), **arguments)
        plain = CifarResNet(20, input_shape=(16, 16, 3), **arguments)
        tfgate.copy_weights(plain, model)
        pixels = np.random.default_rng(0).uniform(size=(4, 16, 16, 3)).astype("float32")
        normalised = ((pixels - mean) / np.sqrt(variance)).astype("float32")
        np.testing.assert_allclose(
            builders.predict(model, pixels),
            builders.predict(plain, normalised),
            rtol=1e-3,
            atol=1e-4,
        )

    def test_an_input_itself(self):
        inputs = keras.Input((8, 8, 3), name="pixels")
        model = CifarResNet(20, input_tensor=inputs, gate="independent")
        assert model.input is inputs


class TestEnds:
    def test_features_without_the_top(self, dense):
        model = CifarResNet(
            20, input_shape=SMALL["input_shape"], include_top=False, pooling="avg"
        )
        tfgate.copy_weights(dense, model)
        features = keras.Model(dense.input, dense.get_layer("avg_pool").output)
        np.testing.assert_allclose(
            builders.predict(model, images()),
            builders.predict(features, images()),
            rtol=1e-6,
            atol=1e-6,
        )

    @pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
    def test_weights_of_a_file(self, dense, suffix, tmp_path):
        path = tmp_path / f"dense{suffix}"
        dense.save(path) if suffix == ".keras" else dense.save_weights(path)
        gated = CifarResNet(20, gate="independent", weights=path, **SMALL)
        gated.policy = tfgate.AlwaysOpen()
        np.testing.assert_allclose(
            builders.predict(gated, images()),
            builders.predict(dense, images()),
            rtol=1e-6,
            atol=1e-6,
        )

    def test_weights_of_another_depth(self, dense, tmp_path):
        dense.save(tmp_path / "dense.keras")
        with pytest.raises(ValueError, match="24 layers that differ: .*conv2_block4"):
            CifarResNet(32, weights=tmp_path / "dense.keras", **SMALL)


class TestRepeatability:
    def run(self, seed):
        model = CifarResNet(20, gate="independent", seed=seed, **SMALL)
        for gate in model.gates:
            builders.set_open_probability(gate, 0.5)
        opened = builders.decisions(model, images(32), training=True)
        return np.concatenate(list(opened.values()), axis=1), model.get_weights()

    def test_seed_decides_the_noise(self):
        first, again, other = self.run(5)[0], self.run(5)[0], self.run(6)[0]
        np.testing.assert_array_equal(first, again)
        # 288 fair coins, five deviations.
        assert abs((first == other).mean() - 0.5) < 5.0 * 0.5 / np.sqrt(288)

    def test_global_seed_decides_everything(self):
        runs = []
        for _ in range(2):
            keras.utils.set_random_seed(11)
            runs.append(self.run(None))
        np.testing.assert_array_equal(runs[0][0], runs[1][0])
        for weight, other in zip(runs[0][1], runs[1][1], strict=True):
            np.testing.assert_array_equal(weight, other)


class TestEquivalences:
    def test_all_open_is_the_dense_network(self, gated, dense):
        expected = builders.predict(dense, images())
        assert np.std(expected) > 0.1
        with tfgate.use_policy(gated, tfgate.AlwaysOpen()):
            np.testing.assert_allclose(
                builders.predict(gated, images()), expected, rtol=1e-6, atol=1e-6
            )

    def test_all_closed_is_the_shortcuts_alone(self, gated, dense):
        """Stem, every second pixel twice, new channels of zeros, head; in NumPy."""
        stem = keras.Model(dense.input, dense.get_layer("conv1_relu").output)
        x = np.asarray(stem(images()))
        for channels in (8, 16):
            padding = [(0, 0)] * 3 + [(channels, channels)]
            x = np.pad(x[:, ::2, ::2], padding)
        assert x.shape == (6, 4, 4, 64)
        kernel, bias = dense.get_layer("predictions").get_weights()
        expected = x.mean(axis=(1, 2)) @ kernel + bias
        # Above every open probability.
        with tfgate.use_policy(gated, tfgate.Threshold(1.0 - 1e-6)):
            opened = builders.decisions(gated, images())
            assert sum(z.sum() for z in opened.values()) == 0.0
            closed = builders.predict(gated, images())
        np.testing.assert_allclose(closed, expected, rtol=1e-5, atol=1e-6)
        assert not np.allclose(closed, builders.predict(dense, images()), atol=0.1)

    @pytest.mark.parametrize("pattern", ["110100101", "000111000", "000000000"])
    def test_compacted_is_the_thresholded_network(self, dense, pattern):
        model = CifarResNet(20, gate="independent", **SMALL)
        tfgate.copy_weights(dense, model)
        for gate, bit in zip(model.gates, pattern, strict=True):
            builders.set_open_probability(gate, 0.9 if bit == "1" else 0.1)
        compacted = tfgate.compact(model)
        assert len(compacted.layers) < len(dense.layers)
        np.testing.assert_allclose(
            builders.predict(compacted, images()),
            builders.predict(model, images()),
            rtol=1e-6,
            atol=1e-6,
        )

    def test_all_open_compacts_to_the_dense_network(self, dense):
        model = CifarResNet(20, gate="independent", **SMALL)
        tfgate.copy_weights(dense, model)
        compacted = tfgate.compact(model, tau=0.5)
        assert weighted_leaves(compacted) == weighted_leaves(dense)
        np.testing.assert_allclose(
            builders.predict(compacted, images()),
            builders.predict(dense, images()),
            rtol=1e-6,
            atol=1e-6,
        )

    def test_polarized_dependent_gates_compact(self, dense):
        model = CifarResNet(20, gate="dependent", **SMALL)
        tfgate.copy_weights(dense, model)
        for index, gate in enumerate(model.gates):
            lean = 20.0 if index % 2 else -20.0
            gate.logits_dense.bias.assign([-lean, lean])
        compacted = tfgate.compact(model, calibration=[images(16)])
        np.testing.assert_allclose(
            builders.predict(compacted, images()),
            builders.predict(model, images()),
            rtol=1e-6,
            atol=1e-6,
        )


def test_mixed_precision_predicts_in_float32(mixed_bfloat16):
    model = CifarResNet(20, gate="dependent", input_shape=(8, 8, 3))
    outputs = model.core(np.ones((2, 8, 8, 3), "float32"))
    assert keras.backend.standardize_dtype(outputs["predictions"].dtype) == "float32"
    assert model.get_layer("conv1_conv").compute_dtype == "bfloat16"
    assert all(np.isfinite(np.asarray(outputs["predictions"])).ravel())


def test_zero_init_residual_starts_every_block_as_its_shortcut():
    model = CifarResNet(20, input_shape=(8, 8, 3), zero_init_residual=True)
    scales = [
        keras.ops.convert_to_numpy(layer.gamma)
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    zeros = [bool((scale == 0).all()) for scale in scales]
    assert zeros == [False] + 9 * [False, True]


class TestStochasticDepth:
    images = np.random.default_rng(0).normal(size=(4, 16, 16, 3)).astype("float32")

    @pytest.fixture
    def model(self):
        model = CifarResNet(
            14,
            (16, 16, 3),
            classes=3,
            gate="stochastic_depth",
            survival_probability=0.4,
            seed=3,
        )
        builders.randomize(model)
        return model

    def test_survival_falls_linearly(self, model):
        found = [gate.survival_probability for gate in model.gates]
        np.testing.assert_allclose(found, 1.0 - 0.6 * np.arange(1, 7) / 6)

    def test_branches_are_scaled_at_inference(self, model):
        def branches(block, x):
            return block.activation(
                (x if block.shortcut is None else block.shortcut(x))
                + block.gate.survival_probability * block.branch(x)
            )

        for block in model.blocks:
            x = np.random.default_rng(1).normal(size=(2, *block.built_shape[1:]))
            x = x.astype("float32")
            np.testing.assert_allclose(block(x)[0], branches(block, x), atol=1e-5)

    def test_compacted_is_scaled_too(self, model):
        plain = tfgate.compact(model, tau=0.01)
        np.testing.assert_allclose(plain(self.images), model(self.images), atol=1e-5)

    def test_saved_and_loaded(self, model, tmp_path):
        model.save(tmp_path / "m.keras")
        loaded = keras.saving.load_model(tmp_path / "m.keras")
        np.testing.assert_array_equal(loaded(self.images), model(self.images))
        assert loaded.policy == tfgate.AlwaysOpen()

    def test_is_for_blocks_only(self):
        with pytest.raises(ValueError, match="Expected granularity='block'"):
            CifarResNet(8, gate="stochastic_depth", granularity="bas")
