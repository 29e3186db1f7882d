import re

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import filter_blocks
from tests.tflite import builders
from tests.tflite.structure import Structure
from tflite import convert
from tflite import datasets
from tflite import errors
from tflite import finetune
from tflite import metadata
from tflite import reference
from tflite import runtime
from tflite import source
from tflite import verify

DIGITS = {"dataset": "digits", "samples": 256}


@pytest.fixture(scope="module")
def training_images():
    return datasets.load("digits", samples=256, split="train")


@pytest.fixture(scope="module")
def trained(training_images):
    """A gated network that knows some digits; gates decide image by image."""
    keras.utils.set_random_seed(2)
    model = builders.dependent(training_images.images[:64])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(training_images.images, training_images.labels, epochs=3, verbose=0)
    builders.spread_decisions(model, training_images.images[:64])
    return model


@pytest.fixture(scope="module")
def fine_tuned(trained, tmp_path_factory):
    """`(path, lines)` of a network after quantization-aware training."""
    directory, lines = tmp_path_factory.mktemp("qat"), []
    trained.save(directory / "trained.keras")
    finetune.finetune(
        directory / "trained.keras",
        directory / "qat.keras",
        qat=True,
        epochs=2,
        learning_rate=0.01,
        print_fn=lines.append,
        **DIGITS,
    )
    return directory / "qat.keras", lines


def test_one_line_for_each_epoch_and_a_falling_loss(fine_tuned):
    path, lines = fine_tuned
    assert len(lines) == 2
    losses = [float(re.search(r"loss ([\d.]+)", line)[1]) for line in lines]
    assert losses[1] < losses[0]
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "qat.keras",
        "trained.keras",
    ]


def test_gates_are_frozen_and_the_rest_is_not(trained, fine_tuned):
    model = source.load(fine_tuned[0])
    for before, after in zip(trained.gates, model.gates, strict=True):
        for old, new in zip(before.weights, after.weights, strict=True):
            np.testing.assert_array_equal(old, new)
    kernel = trained.blocks[0].branch.layers[0].kernel
    changed = model.blocks[0].branch.layers[0].layer.kernel
    assert np.abs(np.asarray(kernel) - np.asarray(changed)).max() > 1e-4


def test_converts_without_calibration(fine_tuned, images, tmp_path):
    path = tmp_path / "f.tflite"
    convert.convert(fine_tuned[0], path, quantize="int8", gate_outputs=True)
    assert metadata.read(path)["quantized"]["calibration"] == "training"
    for opened, _ in Structure(path).branches:
        assert opened.count("QUANTIZE") >= 1 and "CONV_2D" in opened
    model = source.load(fine_tuned[0])
    expected, decisions = reference.run(model, images, tau=0.5)
    predictions, told = runtime.Network(path).run(images)
    assert np.mean(told == decisions) >= 0.99
    same = (told == decisions).all(axis=1)
    # Both round in the same places; sums end on either side of a half.
    error = np.abs(predictions - expected)[same].max() / np.abs(expected).max()
    assert error < 0.05
    result = verify.verify(model, path, dataset="digits", samples=40)
    assert result["gate_agreement"] >= 0.99


def test_is_for_int8_alone(fine_tuned, tmp_path):
    with pytest.raises(errors.InputError, match="--quantize=int8 for a network"):
        convert.convert(fine_tuned[0], tmp_path / "f.tflite", quantize="dynamic")


def test_more_training_starts_from_what_there_is(fine_tuned, tmp_path):
    lines = []
    finetune.finetune(
        fine_tuned[0],
        tmp_path / "more.keras",
        qat=True,
        learning_rate=1e-6,
        print_fn=lines.append,
        **DIGITS,
    )
    losses = [
        float(re.search(r"loss ([\d.]+)", line)[1]) for line in (*fine_tuned[1], *lines)
    ]
    assert losses[2] < losses[0]


def filter_gated():
    x = inputs = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(8, 3, strides=4)(x)
    block = filter_blocks.make_block(filter_blocks.basic(), name="filters")
    x = keras.layers.GlobalAveragePooling2D()(block(x)[0])
    return tfgate.GatedModel(inputs, keras.layers.Dense(10)(x))


def few_classes():
    x = inputs = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(3)(x))


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (None, {"qat": False}, "either --qat or --tool"),
        (None, {"tool": "quantize"}, "either --qat or --tool"),
        (None, {"qat": False, "tool": "distil"}, "--tool among"),
        (None, {"output": "f.tflite"}, "--output to end in .keras"),
        (None, {"epochs": 0}, "--epochs of at least 1"),
        (None, {"batch_size": 0}, "--batch_size of at least 1"),
        (None, {"learning_rate": 0.0}, "--learning_rate above 0"),
        (None, {"learning_rate": float("nan")}, "--learning_rate above 0"),
        (None, {"tau": 1.0}, "--tau in"),
        (None, {"samples": 5000}, "--samples from 1 to 1437"),
        (None, {"dataset": "mnist"}, "--dataset among"),
        (None, {"learning_rate": 1e30}, "finite loss"),
        (filter_gated, {}, "'filters' of class GatedFilters"),
        (few_classes, {}, "a class for each label, got 3 classes and the label 9"),
    ],
)
def test_bad_input_writes_nothing(trained, tmp_path, build, arguments, message):
    path = tmp_path / "trained.keras"
    (trained if build is None else build()).save(path)
    arguments = {"output": "qat.keras", "qat": True} | DIGITS | arguments
    output = tmp_path / arguments.pop("output")
    with pytest.raises(errors.InputError, match=message):
        finetune.finetune(path, output, print_fn=lambda line: None, **arguments)
    assert [file.name for file in tmp_path.iterdir()] == ["trained.keras"]
