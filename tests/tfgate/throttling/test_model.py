"""ThrottledModel: what the network computes at u, and where u may come from."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate.throttling import networks
from tfgate.throttling import Dial

GRID = [0.0, 0.2, 0.25, 0.5, 0.6, 1.0]
NO_CONTROLS = [-0.5, 1.5, float("nan")]


@pytest.fixture(scope="module")
def make_pair():
    """Function from a network's to a gated one and the throttled one made of it."""

    @functools.cache
    def make_pair(make):
        keras.utils.set_random_seed(1)
        gated = networks.gated(make)
        return gated, tfgate.throttle(gated, seed=3)

    return make_pair


@pytest.fixture(params=networks.EVERY, ids=lambda make: make.__name__)
def pair(request, make_pair):
    return make_pair(request.param)


@pytest.fixture
def model():
    return networks.tiny()


@pytest.fixture
def calls(monkeypatch):
    """A list that grows when Python runs the dial: once for each trace."""
    seen = []
    original = Dial.call

    @functools.wraps(original)
    def call(self, *args, **kwargs):
        seen.append(1)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Dial, "call", call)
    return seen


def dense_twin(gated):
    """The same network whose gates are all open, whatever they say."""
    gated.policy = tfgate.AlwaysOpen()
    return gated


class TestEveryNetwork:
    def test_u_1_is_the_dense_network_bit_for_bit(self, pair):
        gated, throttled = pair
        images = networks.images()
        throttled.u = 1.0
        np.testing.assert_array_equal(
            builders.predict(throttled, images),
            builders.predict(dense_twin(gated), images),
        )

    def test_u_0_runs_the_least(self, pair):
        _, throttled = pair
        throttled.u = 0.0
        decisions = builders.decisions(throttled, networks.images(1))
        least = {name: z[0] for name, z in decisions.items()}
        opened = sum(z.sum() for z in least.values())
        # TNN's order along the depth leaves one block open.
        assert opened == (throttled.modules[0].axis == "depth")
        macs = throttled.costs.count(least)
        if not opened:
            assert macs == throttled.costs.all_closed < throttled.costs.dense
        for u in GRID[1:]:
            throttled.u = u
            decisions = builders.decisions(throttled, networks.images(1))
            grown = {name: z[0] for name, z in decisions.items()}
            assert macs <= throttled.costs.count(grown)
            macs = throttled.costs.count(grown)
        assert macs == throttled.costs.all_open

    @pytest.mark.parametrize("u", [0.0, 0.3, 0.6, 1.0])
    def test_every_block_follows_equation_2(self, pair, u):
        """y = a(ḡ ⊙ f), the masks made here of the decisions and in float64."""
        _, throttled = pair
        images, control = tensors(2), keras.ops.array([u, u])
        names = throttled.gate_names
        inner = [
            (block._inbound_nodes[0].input_tensors[0], block.output[0])
            for block in throttled.blocks
        ]
        core = keras.Model(throttled.input, [inner, throttled.core.output])
        found, outputs = core([images, control], training=False)
        decisions = np.concatenate(
            [networks.array(outputs["gates"][name]["decision"]) for name in names], 1
        )
        masks, scales = networks.normalised(throttled.modules, decisions)
        start = 0
        for block, (x, y) in zip(throttled.blocks, found, strict=True):
            part = slice(start, start + block.gate.components)
            expected = by_hand(block, x, masks[:, part], scales[:, part])
            np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
            start = part.stop

    def test_images_of_one_batch_have_their_own_u(self, pair):
        _, throttled = pair
        images, us = networks.images(4), [0.0, 0.3, 0.7, 1.0]
        together = networks.array(throttled([images, keras.ops.array(us)]))
        for index, u in enumerate(us):
            alone = throttled([images[index : index + 1], keras.ops.array([u])])
            np.testing.assert_allclose(
                networks.array(alone)[0], together[index], rtol=1e-5, atol=1e-6
            )

    def test_u_of_the_caller_is_the_dials(self, pair):
        _, throttled = pair
        images = networks.images()
        for u in GRID:
            throttled.u = u
            dialled = builders.predict(throttled, images)
            throttled.u = 1.0
            given = throttled([images, keras.ops.array([u] * 4)])
            np.testing.assert_array_equal(networks.array(given), dialled)

    def test_saving(self, pair, tmp_path):
        _, throttled = pair
        throttled.u = 0.6
        throttled.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.u == pytest.approx(0.6) and loaded.modules == throttled.modules
        images = networks.images()
        for u in (0.6, 0.3):
            loaded.u = throttled.u = u
            np.testing.assert_array_equal(
                builders.predict(loaded, images), builders.predict(throttled, images)
            )


def tensors(count=4):
    """Images for a call of the core, which takes no arrays beside tensors."""
    return keras.ops.array(networks.images(count))


def by_hand(block, x, masks, scales):
    """A block's output for given masks `[batch, components]` and their scales."""

    def spread(tensor, mask):
        mask = np.reshape(mask, (len(mask),) + (1,) * (len(tensor.shape) - 2) + (-1,))
        return networks.array(tensor) * mask

    if isinstance(block, tfgate.GatedConcat):
        branch = spread(block.branch(x, training=False), masks)
        return np.concatenate([networks.array(x), branch], axis=-1)
    if isinstance(block, tfgate.GatedResidual):
        y = spread(block.branch(x, training=False), masks)
    else:
        sites = {(s.place, s.stage): s for s in block.sites}
        y = x
        for index, stage in enumerate(block.stages):
            place = "output" if index == len(block.stages) - 1 else "inner"
            y = stage(y, training=False)
            site = sites.get((place, index))
            if site is not None:
                own = masks[:, site.components]
                always = scales[:, site.components][:, :1]
                parts = [always] * site.groups_always_open + [own]
                filters = np.repeat(
                    np.concatenate(parts, axis=1), site.filters_per_gate, axis=1
                )
                y = spread(y, filters)
        if not block.residual:
            return networks.array(block.activation(y))
    kept = x if block.shortcut is None else block.shortcut(x, training=False)
    return networks.array(block.activation(networks.array(kept) + networks.array(y)))


class TestExecutedMacs:
    """`model.costs` against counts from the shapes of the layers alone."""

    @staticmethod
    def executed(throttled, u):
        throttled.u = u
        gates = throttled.core(networks.images(2), training=False)["gates"]
        decisions = {name: g["decision"] for name, g in gates.items()}
        macs = networks.array(throttled.costs.executed(decisions))
        assert macs[0] == macs[1]
        return macs[0]

    @staticmethod
    def macs(layer):
        """MACs of a convolution or dense layer with all its channels."""
        kernel, positions = layer.kernel.shape, layer.output.shape[1:-1]
        return int(np.prod(kernel)) * int(np.prod([*positions, 1]))

    def test_vgg(self, make_pair):
        """Each layer in proportion to its open inputs times its open outputs.

        But for the classifier: its softmax needs all classes, so it counts whole.
        """
        throttled = make_pair(networks.vgg)[1]
        dense = tfgate.applications.CifarVGG(
            input_shape=(networks.SIZE, networks.SIZE, 3), classes=networks.CLASSES
        )
        layers = [
            layer
            for layer in dense.layers
            if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
        ]
        for u in GRID:
            share = max(1, min(4, int(u * 5))) / 4
            expected = self.macs(layers[0]) * share + self.macs(layers[-1])
            expected += sum(self.macs(layer) for layer in layers[1:-1]) * share**2
            assert self.executed(throttled, u) == pytest.approx(expected, rel=1e-6)

    def test_resnext(self, make_pair):
        """All three convolutions of a block in proportion to its open paths."""
        throttled = make_pair(networks.resnext)[1]
        # 4 paths of 4, 8, 16 filters, at 8, 4, 2 pixels; the first 1x1 convolution of
        # a block has the size before.
        branches = 0
        for index in range(3):
            size, inner, outputs = 8 // 2**index, 16 * 2**index, 256 * 2**index
            inputs = 64 if index == 0 else outputs // 2
            before = size if index == 0 else 2 * size
            branches += before**2 * inputs * inner
            branches += size**2 * (9 * inner * inner // 4 + inner * outputs)
        for u in GRID:
            closed = 1.0 - min(4, int(u * 5)) / 4
            expected = throttled.costs.dense - branches * closed
            assert self.executed(throttled, u) == pytest.approx(expected, rel=1e-6)

    def test_resnet(self, make_pair):
        """Stages of two blocks each; the branches of the open ones run."""
        throttled = make_pair(networks.resnet)[1]
        order = [(4, 0.0), (2, 1 / 6), (0, 2 / 6), (5, 3 / 6), (3, 4 / 6), (1, 5 / 6)]
        # 16, 32, 64 filters at 8, 4, 2 pixels: two convolutions of each branch.
        macs = {}
        for index in range(6):
            stage = index // 2
            filters, size = 16 * 2**stage, 8 // 2**stage
            inputs = filters // 2 if index in (2, 4) else filters
            macs[index] = 9 * size**2 * (inputs + filters) * filters
        for u in GRID:
            closed = sum(macs[i] for i, threshold in order if u < threshold)
            expected = throttled.costs.dense - closed
            assert self.executed(throttled, u) == pytest.approx(expected, rel=1e-6)

    def test_densenet(self, make_pair):
        """An open layer reads everything, the zeros of closed ones too."""
        throttled = make_pair(networks.densenet)[1]
        for u in GRID:
            opened, closed = min(2, int(u * 3)), 0
            for dense_block in range(3):
                layers = throttled.blocks[2 * dense_block : 2 * dense_block + 2]
                for block in layers[opened:]:
                    size, channels = block.built_shape[1], block.built_shape[-1]
                    # 1x1 to 4 growth channels, then 3x3 to growth ones.
                    closed += size**2 * (channels * 16 + 9 * 16 * 4)
            expected = throttled.costs.dense - closed
            assert self.executed(throttled, u) == pytest.approx(expected, rel=1e-6)

    def test_metric(self, model):
        builders.compile_plainly(model)
        model.u = 0.5
        images, labels = networks.images(8), builders.make_labels(8)
        logs = model.evaluate(images, labels, verbose=0, return_dict=True)
        assert logs["executed_macs"] == pytest.approx(self.executed(model, 0.5))
        assert logs["activation_rate"] == pytest.approx(2 / 3)


class TestDial:
    def test_starts_at_1(self, model):
        assert model.u == 1.0

    @pytest.mark.parametrize("u", [*NO_CONTROLS, None, "half", True, [0.5]], ids=repr)
    def test_bad_u(self, model, u):
        model.u = 0.25
        with pytest.raises(ValueError, match=r"u to be a number in \[0, 1\]"):
            model.u = u
        assert model.u == 0.25

    def test_changing_u_retraces_nothing(self, model, calls):
        images = networks.images()
        model.predict(images, verbose=0)
        traces, found = len(calls), set()
        for u in GRID:
            model.u = u
            predicted = model.predict(images, verbose=0)
            np.testing.assert_allclose(
                predicted, model([images, keras.ops.array([u] * 4)]), rtol=1e-5
            )
            calls.pop()  # the eager call
            found.add(predicted.tobytes())
        assert len(calls) == traces and len(found) == 3

    def test_other_controls_retrace_nothing(self, model, calls):
        images = networks.images()
        function = tf.function(lambda x, u: model([x, u]), autograph=False)
        for u in np.linspace(0.0, 1.0, 5, dtype="float32"):
            function(images, tf.fill([4], u))
        assert len(calls) == 1

    def test_predict_takes_u_of_each_image(self, model):
        images = networks.images()
        us = np.array([0.0, 0.3, 0.7, 1.0], "float32")
        np.testing.assert_allclose(
            model.predict([images, us], verbose=0),
            networks.array(model([images, us])),
            rtol=1e-5,
        )

    def test_one_u_for_all_images(self, model):
        images = networks.images()
        model.u = 0.3
        np.testing.assert_array_equal(
            networks.array(model([images, keras.ops.array(0.3)])),
            builders.predict(model, images),
        )

    def test_control_is_an_output_of_the_core(self, model):
        us = [0.0, 0.3, 0.7, 1.0]
        outputs = model.core([tensors(), keras.ops.array(us)], training=False)
        np.testing.assert_allclose(outputs["control"], us, rtol=1e-6)
        model.u = 0.5
        np.testing.assert_array_equal(
            model.core(networks.images(), training=False)["control"], [0.5] * 4
        )


@pytest.mark.parametrize("u", NO_CONTROLS)
class TestBadControls:
    def test_eager_call(self, model, u):
        with pytest.raises(ValueError, match="Expected every u to be a number"):
            model([networks.images(), keras.ops.array([0.5, u, 0.5, 0.5])])

    def test_core(self, model, u):
        with pytest.raises(ValueError, match="Expected every u to be a number"):
            model.core([tensors(), keras.ops.array([0.5, u, 0.5, 0.5])])

    def test_compiled_call(self, model, u):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Expected every u"):
            model.predict([networks.images(), np.array([u] * 4, "float32")], verbose=0)

    def test_fit(self, model, u):
        builders.compile_plainly(model)
        data = [networks.images(), np.array([u] * 4, "float32")]
        with pytest.raises(tf.errors.InvalidArgumentError, match="Expected every u"):
            model.fit(data, builders.make_labels(4), verbose=0)


@pytest.mark.parametrize("shape", [(3,), (1,), (4, 1), (4, 3)], ids=str)
def test_u_of_another_shape(model, shape):
    with pytest.raises(ValueError, match=r"Expected u of shape \[batch\] or a scalar"):
        model([networks.images(4), keras.ops.full(shape, 0.5)])


class TestTwoPhases:
    def test_a_gating_function_without_weights_cannot_train_alone(self, model):
        with pytest.raises(ValueError, match="with weights to train alone, got Nested"):
            model.train_data_path(False)
        assert model.trainable_weights

    def test_training_the_data_path_leaves_all_its_weights_trainable(self, model):
        count = len(model.trainable_weights)
        model.train_data_path(True)
        assert len(model.trainable_weights) == count


def test_policies():
    """AlwaysOpen opens everything whatever u is; Stochastic draws anew."""
    model = networks.tiny(gating="independent")
    images = networks.images(64)
    model.u = 0.5
    fixed = builders.predict(model, images)
    model.policy = tfgate.AlwaysOpen()
    opened = builders.predict(model, images)
    model.policy = tfgate.Stochastic()
    first, second = (builders.predict(model, images) for _ in range(2))
    assert (first != second).any() and (first != fixed).any()
    model.policy = tfgate.Threshold()
    np.testing.assert_array_equal(builders.predict(model, images), fixed)
    model.u = 1.0
    np.testing.assert_array_equal(builders.predict(model, images), opened)


def test_without_dial_or_gating_function():
    model = networks.tiny()
    gated = builders.tiny_model()
    with pytest.raises(ValueError, match="network with one Dial"):
        tfgate.ThrottledModel(gated.input, gated.core.output["predictions"])
    inputs = model.input
    with pytest.raises(ValueError, match="network with one Dial"):
        tfgate.ThrottledModel(inputs, model.get_layer("stem").output)
