"""The rewriter: new graphs with copies of layers in the place of gated blocks."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tfgate.blocks import GatedBlock
from tfgate.graph import GraphRewriter


@pytest.fixture
def model():
    model = builders.tiny_model(
        gate=builders.LinearGate, estimator=builders.MedianEstimator()
    )
    builders.randomize(model)
    return model


def rewrite_with_copies(model, inputs=None):
    """The same network again: each block replaced by a copy of itself."""
    rewriter = GraphRewriter(model.core)
    inputs, predictions = rewriter.rewrite(
        lambda block, x: rewriter.copy(block)(x)[0], inputs=inputs
    )
    copied = keras.Model(inputs, predictions)
    rewriter.finish()
    return copied


def test_copies_compute_the_same(model):
    images = builders.make_images(8)
    opened = builders.decisions(model, images)
    assert 0.0 < np.mean(list(opened.values())) < 1.0
    np.testing.assert_array_equal(
        builders.predict(rewrite_with_copies(model), images),
        builders.predict(model, images),
    )


def test_the_original_shares_nothing(model):
    images = builders.make_images(4)
    before = builders.predict(model, images)
    copied = rewrite_with_copies(model)
    assert not {id(w) for w in copied.weights} & {id(w) for w in model.weights}
    builders.randomize(copied, seed=9)
    assert not np.allclose(builders.predict(copied, images), before)
    np.testing.assert_array_equal(builders.predict(model, images), before)
    # Blocks still know their one call, so the model can be rewritten again.
    np.testing.assert_array_equal(
        builders.predict(rewrite_with_copies(model), images), before
    )


def test_blocks_come_in_network_order(model):
    seen = []
    rewriter = GraphRewriter(model.core)

    def replace(block, x):
        seen.append((block.name, tuple(x.shape)))
        return rewriter.copy(block.branch)(x)

    rewriter.rewrite(replace)
    assert seen == [
        ("first_block", (None, 8, 8, 4)),
        ("second_block", (None, 8, 8, 4)),
        ("third_block", (None, 4, 4, 4)),
    ]


def test_replaced_blocks_are_gone(model):
    rewriter = GraphRewriter(model.core)
    inputs, predictions = rewriter.rewrite(
        lambda block, x: rewriter.copy(block.branch)(x)
    )
    plain = keras.Model(inputs, predictions)
    rewriter.finish()
    assert not [layer for layer in plain.layers if isinstance(layer, GatedBlock)]
    images = builders.make_images(4)
    x = images
    for layer in model.core.layers[1:]:
        x = getattr(layer, "branch", layer)(x)
    np.testing.assert_allclose(builders.predict(plain, images), x, rtol=1e-5)


def test_other_inputs(model):
    copied = rewrite_with_copies(model, inputs=keras.Input((8, 8, 3), batch_size=1))
    assert copied.input_shape == (1, 8, 8, 3)
    image = builders.make_images(1)
    np.testing.assert_array_equal(
        builders.predict(copied, image), builders.predict(model, image)
    )


def test_copy_of_nothing_is_nothing(model):
    assert GraphRewriter(model.core).copy(None) is None


def test_copies_keep_names_and_configurations(model):
    copied = rewrite_with_copies(model)
    # The input layer is a new one.
    names = [layer.name for layer in model.core.layers[1:]]
    assert [layer.name for layer in copied.layers[1:]] == names
    for name in names:
        assert copied.get_layer(name).get_config() == model.get_layer(name).get_config()


def test_copies_of_adapted_layers_compute_the_same():
    images = 100.0 + 20.0 * builders.make_images(8)
    normalization = keras.layers.Normalization(name="normalization")
    normalization.adapt(images)
    inputs = keras.Input(images.shape[1:])
    branch = keras.layers.Conv2D(3, 3, padding="same")
    x, _ = tfgate.GatedResidual(branch, tfgate.IndependentGate(name="g"))(
        normalization(inputs)
    )
    model = tfgate.GatedModel(inputs, keras.layers.GlobalAveragePooling2D()(x))
    expected = builders.predict(model, images)
    assert np.abs(expected).max() < 3.0
    np.testing.assert_array_equal(
        builders.predict(rewrite_with_copies(model), images), expected
    )
    compacted = tfgate.compact(model)
    np.testing.assert_allclose(
        builders.predict(compacted, images), expected, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("factor", [1.0, -2.0])
def test_other_layers_may_be_substituted(model, factor):
    images = builders.make_images(4)
    stem = model.core.get_layer("stem")
    rewriter, seen = GraphRewriter(model.core), []

    def scaled(x):
        seen.append(x)
        return factor * rewriter.copy(stem)(x)

    inputs, predictions = rewriter.rewrite(
        lambda block, x: rewriter.copy(block)(x)[0], substitutes={"stem": scaled}
    )
    copied = keras.Model(inputs, predictions)
    rewriter.finish()
    assert len(seen) == 1
    before = builders.predict(copied, images)
    # Without a bias the same as a scaled kernel.
    stem.kernel.assign(factor * stem.kernel)
    np.testing.assert_allclose(before, builders.predict(model, images), atol=1e-5)
