"""Variants of a block as files: structure, numbers, work and MACs."""

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import tfgate
from tests.tfgate import filter_blocks
from tests.tflite import builders
from tests.tflite import filters
from tests.tflite.executed import Counter
from tests.tflite.structure import Structure
from tflite import conversion
from tflite import convert
from tflite import cost_model
from tflite import errors
from tflite import reference
from tflite import runtime
from tflite.options import Options
from tflite.variants import BlockVariants
from tflite.variants import PartVariants

# Of six inner filters, one by one.
SETS = ((0, 1), (0, 1, 2), (3, 4, 5), (0, 1, 2, 3, 4, 5))
WHOLE = BlockVariants((PartVariants(SETS, (0.25,) * 4),))
# The same in two parts, with filter 0 beside them.
PART_SETS = (((), (1,), (1, 2)), ((), (3,), (4, 5), (3, 4, 5)))
PARTS = BlockVariants(
    tuple(PartVariants(sets, (1.0 / len(sets),) * len(sets)) for sets in PART_SETS)
)


def network(images, inner=6):
    keras.utils.set_random_seed(6)
    block = filter_blocks.make_block(
        filter_blocks.basic(inner=inner),
        gate=tfgate.DependentGate,
        places=("inner",),
    )
    model = filter_blocks.make_model(block)
    filters.spread(model, images)
    return model


def write(model, path, found=WHOLE, quantize="none"):
    options = Options(
        tau_input=True,
        gate_outputs=True,
        block_lowering=(("*", "variants"),),
        check_samples=0,
        quantize=quantize,
    )
    variants = {model.blocks[0].name: found}
    content, description = conversion.run(model, options, variants=variants)
    path.write_bytes(content)
    return description


@pytest.fixture(scope="module")
def pictures():
    return filter_blocks.images(count=24)


@pytest.fixture(scope="module")
def made(pictures, tmp_path_factory):
    model = network(pictures)
    path = tmp_path_factory.mktemp("variants") / "variants.tflite"
    return model, path, write(model, path)


@pytest.fixture(scope="module")
def in_parts(pictures, tmp_path_factory):
    model = network(pictures)
    path = tmp_path_factory.mktemp("parts") / "parts.tflite"
    return model, path, write(model, path, PARTS)


def ran(decisions):
    """Which of `SETS` images run."""
    for number, own in enumerate(SETS):
        if not np.delete(decisions, own).any():
            return number


def ran_in_parts(decisions):
    """Filters that images run."""
    found = {0}
    for sets in PART_SETS:
        opened = {c for c in sets[-1] if decisions[c]}
        found |= set(next(own for own in sets if opened <= set(own)))
    return found


def test_conditions_are_a_tree(made):
    structure = Structure(made[1])
    # Four variants: one IF, with one more in each of its branches.
    assert structure.main["IF"] == 1
    assert structure.branches == [(["IF"], ["IF"])]
    assert sum(names.count("IF") for names in structure.subgraphs) == 3
    # A variant is two convolutions and the sum with the shortcut, without conditions.
    leaves = [names for names in structure.subgraphs[1:] if "IF" not in names]
    assert len(leaves) == 4
    for names in leaves:
        assert names.count("CONV_2D") == 2 and names.count("ADD") == 1
        assert "MUL" in names


def test_parts_are_conditions_with_trees_inside(made, in_parts):
    structure = Structure(in_parts[1])
    # What always runs, and an IF for each part that adds to it.
    outside = Structure(made[1]).main["CONV_2D"]
    assert structure.main["CONV_2D"] == outside + 2 and structure.main["IF"] == 2
    first, second = structure.branches
    # Two variants of the first part; three of the second.
    assert sum(names.count("IF") for names in structure.subgraphs[1:]) == 1 + 2
    assert [names.count("IF") for names in first] == [1, 0]
    assert [names.count("IF") for names in second] == [1, 0]
    networks = [names for names in structure.subgraphs[1:] if "CONV_2D" in names]
    assert len(networks) == 2 + 3
    for names in networks:
        assert names.count("CONV_2D") == 2 and names.count("ADD") == 1


def test_files_of_parts_equal_keras(in_parts, pictures):
    model, path, _ = in_parts
    file, seen = runtime.Network(path), set()
    for tau in (0.0, 0.3, 0.5, 0.7, 0.9, 1.0):
        file.set_dial(tau)
        predictions, told = file.run(pictures)
        expected, decisions = reference.run(
            model, pictures, tau=min(tau, 1 - 1e-7) or None
        )
        np.testing.assert_array_equal(told, decisions)
        np.testing.assert_allclose(predictions, expected, atol=1e-4)
        seen |= {tuple(sorted(ran_in_parts(own))) for own in told}
    # More combinations than there are networks.
    assert len(seen) > 6


def test_metadata_counts_what_parts_execute(in_parts, pictures):
    model, path, description = in_parts
    counter, counts = Counter(path), set()
    whole = sum(product.macs for product in model.blocks[0].products())
    always = model.costs.dense - whole
    for tau in (0.0, 0.5, 0.7, 0.9, 1.0):
        for image in pictures[:8]:
            executed, told = counter.run(image, tau)
            assert told == executed
            counts.add(executed)
    assert counts <= {always + whole * share / 6 for share in range(1, 7)}
    assert len(counts) >= 4
    closed = always + whole / 6 + model.costs.gate_total
    assert description["macs"]["all_closed"] == closed


def test_files_equal_keras_whichever_variant_runs(made, pictures):
    model, path, _ = made
    file, seen = runtime.Network(path), set()
    for tau in (0.0, 0.3, 0.5, 0.7, 0.9):
        file.set_dial(tau)
        predictions, told = file.run(pictures)
        expected, decisions = reference.run(model, pictures, tau=tau or None)
        np.testing.assert_array_equal(told, decisions)
        np.testing.assert_allclose(predictions, expected, atol=1e-4)
        seen |= {ran(own) for own in told}
    assert {0, 3} < seen


def test_metadata_counts_what_is_executed(made, pictures):
    model, path, description = made
    counter, counts = Counter(path), set()
    for tau in (0.0, 0.5, 0.7, 0.9, 1.0):
        for image in pictures[:8]:
            executed, told = counter.run(image, tau)
            assert told == executed
            counts.add(executed)
    whole = sum(product.macs for product in model.blocks[0].products())
    always = model.costs.dense - whole
    # A block of a third, a half, and all of the filters; the smallest where all close.
    assert counts <= {always + whole * share / 6 for share in (2, 3, 6)}
    assert len(counts) == 3
    assert description["macs"]["all_closed"] == min(counts) + model.costs.gate_total


@pytest.mark.parametrize(
    ("quantize", "number"),
    [("dynamic", schema.TensorType.INT8), ("float16", schema.TensorType.FLOAT16)],
)
def test_parts_in_fewer_bits(pictures, tmp_path, quantize, number):
    # Weights of less than 1024 numbers would stay as they are.
    model, path = network(pictures, inner=64), tmp_path / "parts.tflite"
    halves = tuple(range(32)), tuple(range(32, 64))
    sets = [((), own[:24], own) for own in halves]
    write(
        model,
        path,
        BlockVariants(tuple(PartVariants(own, (0.2, 0.4, 0.4)) for own in sets)),
        quantize,
    )
    structure = Structure(path)
    own = [
        structure.tensor_types(subgraph)
        for subgraph, names in enumerate(structure.subgraphs)
        if subgraph and "CONV_2D" in names
    ]
    assert len(own) == 4 and all(number in types for types in own)
    predictions, told = runtime.Network(path).run(pictures)
    expected, decisions = reference.run(model, pictures, tau=0.5)
    assert np.mean(told == decisions) > 0.99
    alike = (told == decisions).all(axis=1)
    assert alike.mean() > 0.5
    np.testing.assert_allclose(predictions[alike], expected[alike], atol=0.2)


def test_calibration_finds_variants(pictures, tmp_path, monkeypatch):
    # In so small a network no condition pays.
    monkeypatch.setattr(cost_model, "IF_MS", 0.0)
    model, path, lines = network(pictures), tmp_path / "found.tflite", []
    arguments = {
        "gate_outputs": True,
        "calibration": pictures,
        "print_fn": lines.append,
    }
    convert.convert(
        model, path, max_growth=6.0, block_lowering=[("*", "variants")], **arguments
    )
    assert lines[1].startswith("variants of 1 blocks:")
    assert "variants" in lines[2] and Structure(path).main["IF"] == 1
    assert len(Structure(path).subgraphs) > 2
    predictions, told = runtime.Network(path).run(pictures)
    expected, decisions = reference.run(model, pictures, tau=0.5)
    np.testing.assert_array_equal(told, decisions)
    np.testing.assert_allclose(predictions, expected, atol=1e-4)
    with pytest.raises(errors.InputError, match="no variants that pay"):
        convert.convert(
            model,
            tmp_path / "none.tflite",
            max_growth=1.0,
            block_lowering=[("*", "variants")],
            **arguments,
        )
    assert not (tmp_path / "none.tflite").exists()


@pytest.mark.parametrize("name", ["max_growth", "filters_at_once"])
def test_what_is_made_for_images_needs_some(pictures, tmp_path, name):
    path = tmp_path / "n.tflite"
    message = f"--calibration_dataset with --{name}, whose .* got 2 without"
    with pytest.raises(errors.InputError, match=message):
        convert.convert(network(pictures), path, **{name: 2})
    assert not path.exists()


@pytest.mark.parametrize("name", ["max_growth", "filters_at_once"])
def test_what_is_for_filters_needs_gated_ones(tmp_path, name):
    path = tmp_path / "n.tflite"
    with pytest.raises(errors.InputError, match=f"no --{name}.*got 2"):
        convert.convert(builders.network(), path, **{name: 2})
    assert not path.exists()


def one_of_sets(decisions):
    return SETS[ran(decisions)]


@pytest.mark.parametrize(
    ("found", "runs"), [(WHOLE, one_of_sets), (PARTS, ran_in_parts)]
)
def test_what_no_open_filter_needs_is_not_computed(pictures, tmp_path, found, runs):
    model, path = network(pictures), tmp_path / "poisoned.tflite"
    layer = model.blocks[0].stages[0].layers[0]
    kernel = keras.ops.convert_to_numpy(layer.kernel).copy()
    kernel[..., 4] = np.nan
    layer.kernel.assign(kernel)
    write(model, path, found)
    file, seen = runtime.Network(path), set()
    for tau in (0.0, 0.4, 0.6, 0.8, 1.0):
        file.set_dial(tau)
        predictions, decisions = file.run(pictures)
        expected = [4 in runs(own) for own in decisions]
        np.testing.assert_array_equal(np.isnan(predictions).any(axis=1), expected)
        seen |= set(expected)
    assert seen == {False, True}
