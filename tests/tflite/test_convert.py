import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import filter_blocks
from tests.tfgate.builders import randomize
from tests.tflite import builders
from tests.tflite.structure import Structure
from tflite import convert
from tflite import errors
from tflite import metadata
from tflite import reference
from tflite import runtime

FLOAT16, INT8 = 1, 9


@keras.saving.register_keras_serializable(package="tests")
class Unsupported(keras.layers.Layer):
    """A layer whose operation TFLite does not have."""

    def call(self, inputs):
        return tf.math.erfinv(inputs)


def test_returns_what_stands_in_the_file(keras_files, tmp_path):
    path = tmp_path / "model.tflite"
    labels = [f"digit {i}" for i in range(10)]
    description = convert.convert(
        keras_files["dependent"], path, lowering="conditional", tau=0.25, labels=labels
    )
    assert description.document == metadata.read(path).document
    assert description["labels"] == labels
    assert description["tau"] == {"input": False, "value": 0.25}
    assert description["outputs"]["decisions"] is None
    assert [file.name for file in tmp_path.iterdir()] == ["model.tflite"]


def test_conversion_leaves_the_model_as_it_was(networks, images, tmp_path):
    model = networks["dependent"]
    weights, policy = model.get_weights(), model.policy
    expected = reference.run(model, images, tau=0.5)
    description = convert.convert(model, tmp_path / "f.tflite", lowering="conditional")
    assert description["source"] is None
    assert model.policy == policy
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(reference.run(model, images, tau=0.5)[0], expected[0])


def filter_gated():
    x = inputs = keras.Input((8, 8, 8))
    block = filter_blocks.make_block(
        filter_blocks.basic(), name="filters", places=("input", "inner", "output")
    )
    x = keras.layers.GlobalAveragePooling2D()(block(x)[0])
    model = tfgate.GatedModel(inputs, keras.layers.Dense(10)(x))
    randomize(model)
    filter_blocks.decide(block.gate, filter_blocks.random_decisions(22, seed=1))
    return model


@pytest.mark.parametrize("lowering", ["conditional", "pruned"])
def test_decided_filters_are_cut(lowering, tmp_path):
    model, path = filter_gated(), tmp_path / "f.tflite"
    description = convert.convert(model, path, lowering=lowering)
    decisions = filter_blocks.random_decisions(22, seed=1)
    assert [c["decided"] for c in description.components] == decisions.tolist()
    assert len(Structure(path).subgraphs) == 1
    x = filter_blocks.images(size=8)
    expected, _ = reference.run(model, x, tau=0.5)
    np.testing.assert_allclose(runtime.Network(path).run(x)[0], expected, atol=1e-4)
    compacted = tfgate.compact(model)
    assert description.executed_macs() == tfgate.costs.count_macs(compacted)
    assert description["outputs"]["decisions"] is None


def test_filter_gates_convert_all_open(tmp_path):
    model = filter_gated()
    path = tmp_path / "f.tflite"
    description = convert.convert(model, path, lowering="dense")
    x = filter_blocks.images(size=8)
    expected, _ = reference.run(model, x, tau=None)
    np.testing.assert_allclose(runtime.Network(path).run(x)[0], expected, atol=1e-4)
    assert description.executed_macs() == model.costs.dense


def test_compacted_filters_convert(tmp_path):
    model = filter_gated()
    path = tmp_path / "f.tflite"
    convert.convert(tfgate.compact(model), path, lowering="dense")
    x = filter_blocks.images(size=8)
    expected, _ = reference.run(model, x, tau=0.5)
    np.testing.assert_allclose(runtime.Network(path).run(x)[0], expected, atol=1e-4)


def test_dense_networks_convert_too(networks, converted, images):
    path = converted("dense", lowering="dense")
    expected, decisions = reference.run(networks["dense"], images, tau=None)
    predictions, told = runtime.Network(path).run(images)
    assert decisions is None and told is None
    np.testing.assert_allclose(predictions, expected, atol=1e-4)
    # Nothing of the gates is left of a gated network either.
    gated = Structure(converted("dependent", lowering="dense"))
    assert gated.main == Structure(path).main
    assert len(gated.subgraphs) == 1


def test_pruned_is_the_compacted_network(networks, converted, images):
    compacted = tfgate.compact(networks["independent"], tau=0.5)
    expected, _ = reference.run(compacted, images, tau=None)
    path = converted("independent", lowering="pruned")
    predictions, _ = runtime.Network(path).run(images)
    np.testing.assert_allclose(predictions, expected, atol=1e-4)
    conditional = converted("independent", lowering="conditional")
    assert Structure(path).subgraphs == Structure(conditional).subgraphs


@pytest.fixture(scope="module")
def resnet_files(images, tmp_path_factory):
    """Quantization -> file of a ResNet-20 with undecided gates."""
    model = tfgate.applications.CifarResNet(
        20, gate="dependent", classifier_activation=None
    )
    builders.spread_decisions(model, images)
    directory = tmp_path_factory.mktemp("resnet")
    modes = ("none", "dynamic", "float16")
    paths = {mode: directory / f"{mode}.tflite" for mode in modes}
    for mode, path in paths.items():
        convert.convert(
            model, path, lowering="conditional", gate_outputs=True, quantize=mode
        )
    return paths


@pytest.mark.parametrize(
    ("quantize", "constant", "most_bytes"),
    [("float16", FLOAT16, 0.6), ("dynamic", INT8, 0.4)],
)
def test_weights_inside_branches_are_quantized(
    resnet_files, quantize, constant, most_bytes
):
    plain, path = resnet_files["none"], resnet_files[quantize]
    assert metadata.read(path)["quantization"] == quantize
    assert path.stat().st_size < most_bytes * plain.stat().st_size
    structure = Structure(path)
    assert structure.main["IF"] == 9
    assert len(structure.subgraphs) == 1 + 2 * 9
    assert not any(name.startswith(("CUSTOM", "SELECT")) for name in structure.all)
    branch = next(i for i, ops in enumerate(structure.subgraphs) if i and len(ops) > 2)
    assert constant in structure.tensor_types(branch)


@pytest.mark.parametrize(
    ("quantize", "agreement"), [("float16", 0.98), ("dynamic", 0.8)]
)
def test_quantized_networks_decide_alike(resnet_files, images, quantize, agreement):
    _, expected = runtime.Network(resnet_files["none"]).run(images)
    _, decisions = runtime.Network(resnet_files[quantize]).run(images)
    assert 0.2 < expected.mean() < 0.8
    # Random weights: log odds are spread evenly around the threshold, and one other
    # decision changes what the gates behind it see. Trained gates are surer.
    assert np.mean(decisions == expected) >= agreement


def test_mixed_precision_becomes_float32(images, mixed_bfloat16, tmp_path):
    model = builders.dependent(images)
    assert model.blocks[0].branch.layers[0].compute_dtype == "bfloat16"
    path = tmp_path / "f.tflite"
    convert.convert(model, path, lowering="conditional", gate_outputs=True)
    assert "CAST" not in Structure(path).subgraphs[1]
    keras.config.set_dtype_policy("float32")
    exact = builders.network()
    exact.set_weights(model.get_weights())
    expected, decisions = reference.run(exact, images, tau=0.5)
    predictions, told = runtime.Network(path).run(images)
    np.testing.assert_array_equal(told, decisions)
    np.testing.assert_allclose(predictions, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("dependent", {"lowering": "sparse"}, "--lowering among"),
        ("dependent", {"quantize": "int4"}, "--quantize among"),
        ("dependent", {"tau": 0.0}, r"--tau in \(0, 1\), got 0.0"),
        ("dependent", {"tau": 1.0}, r"--tau in \(0, 1\), got 1.0"),
        ("dependent", {"tau": float("nan")}, r"--tau in \(0, 1\)"),
        ("dependent", {"lowering": "dense", "tau_input": True}, "--tau_input with"),
        ("independent", {"lowering": "pruned", "tau_input": True}, "--tau_input with"),
        ("dependent", {"lowering": "pruned"}, "blocks first, second, third; use"),
        ("dense", {"lowering": "conditional"}, "without gates; use --lowering=dense"),
        ("dense", {"lowering": "masked"}, "without gates"),
        ("dense", {"lowering": "pruned"}, "without gates"),
        ("dense", {"lowering": "dense", "labels": ["a", "b"]}, "10 --labels.*got 2"),
    ],
)
def test_bad_arguments_write_nothing(networks, tmp_path, name, arguments, message):
    with pytest.raises(errors.InputError, match=message):
        convert.convert(networks[name], tmp_path / "f.tflite", **arguments)
    assert not list(tmp_path.iterdir())


def two_inputs():
    inputs = [keras.Input((4,)), keras.Input((4,))]
    return keras.Model(inputs, keras.layers.Add()(inputs))


def any_size():
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))


def unsupported():
    inputs = keras.Input((4,))
    return keras.Model(inputs, Unsupported()(inputs))


class Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (two_inputs, "one input and one output, got 2 and 1"),
        (any_size, "fixed input size"),
        (
            unsupported,
            "TFLite's operations, got .*: Erfinv in the layer '.*unsupported.*'",
        ),
        (Subclassed, "functional model"),
    ],
)
def test_networks_that_do_not_fit(tmp_path, build, message):
    with pytest.raises(errors.InputError, match=message):
        convert.convert(build(), tmp_path / "f.tflite", lowering="dense")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[: len(content) // 2], "not a zip file"),
        (lambda content: b"", "not a zip file"),
        (
            lambda content: content[:20_000] + b"\0" * 50 + content[20_050:],
            "is damaged|Bad",
        ),
    ],
)
def test_damaged_keras_files(keras_files, tmp_path, damage, message):
    path = tmp_path / "damaged.keras"
    path.write_bytes(damage(keras_files["dense"].read_bytes()))
    with pytest.raises(errors.InputError, match=message):
        convert.convert(path, tmp_path / "f.tflite", lowering="dense")
    assert [file.name for file in tmp_path.iterdir()] == ["damaged.keras"]


def test_keras_files_of_unknown_classes(tmp_path):
    path = tmp_path / "unknown.keras"
    inputs = keras.Input((4,))
    model = keras.Model(inputs, Unsupported()(inputs))
    model.save(path)
    content = path.read_bytes()
    registered = keras.saving.get_custom_objects()
    entry = registered.pop("tests>Unsupported")
    try:
        with pytest.raises(errors.InputError, match="Keras and tfgate can load"):
            convert.convert(path, tmp_path / "f.tflite", lowering="dense")
    finally:
        registered["tests>Unsupported"] = entry
    assert content == path.read_bytes()


def test_missing_directory(networks, tmp_path):
    with pytest.raises(errors.InputError, match="in an existing directory"):
        convert.convert(networks["dense"], tmp_path / "no" / "f.tflite")
