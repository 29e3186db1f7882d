"""Blocks of gated filters as files: structure, numbers, work and MACs."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import filter_blocks
from tests.tflite import filters
from tests.tflite.executed import Counter
from tests.tflite.structure import Structure
from tflite import convert
from tflite import metadata
from tflite import reference
from tflite import runtime

TOLERANCE = 1e-4
# Images before the block have 8 channels.
NETWORKS = {
    # Inner filters one by one, as BAS has them.
    "bas": (filter_blocks.basic, {"inner": 6}, dict(places=("inner",))),
    # All places, eight filters a gate, as CS has them on CIFAR.
    "cs-cifar-8": (
        filter_blocks.basic,
        {"inner": 16, "filters": 16},
        dict(
            places=filter_blocks.EVERYWHERE,
            filters_per_gate={"input": 4, "inner": 8, "output": 8, "shortcut": 8},
        ),
    ),
    # All places of a bottleneck, one group always open, as CS's low.
    "cs-low": (
        filter_blocks.bottleneck,
        {"inner": 12},
        dict(
            places=("input", "inner", "output"),
            filters_per_gate={"input": 4, "inner": 4, "output": 4},
            groups_always_open=1,
        ),
    ),
    # Inner filters of a bottleneck, one by one.
    "gathered": (filter_blocks.bottleneck, {}, dict(places=("inner",))),
    "paths": (
        filter_blocks.paths,
        {"inner": 8, "groups": 4},
        dict(places=("inner",), filters_per_gate=2),
    ),
    "chain": (
        filter_blocks.basic,
        {"inner": 8},
        dict(
            places=("inner", "output"),
            filters_per_gate=2,
            groups_always_open=1,
            residual=False,
        ),
    ),
}
MIN_GROUP = {
    "bas": 2,
    "gathered": 2,
    "cs-cifar-8": 4,
    "cs-low": 4,
    "paths": 4,
    "chain": 2,
}


def network(name, images):
    keras.utils.set_random_seed(6)
    stages, sizes, arguments = NETWORKS[name]
    shortcut = None
    if "shortcut" in arguments["places"]:
        shortcut = filter_blocks.projection(filters=16)
    block = filter_blocks.make_block(
        stages(**sizes), gate=tfgate.DependentGate, shortcut=shortcut, **arguments
    )
    model = filter_blocks.make_model(block)
    filters.spread(model, images)
    return model


@pytest.fixture(scope="module")
def pictures():
    return filter_blocks.images(count=8)


@pytest.fixture(scope="module")
def made(pictures, tmp_path_factory):
    """Function from a name and a lowering to a network and its file."""
    directory, files = tmp_path_factory.mktemp("filters"), {}

    def get(name, lowering="groups"):
        if (name, lowering) not in files:
            model = network(name, pictures)
            path = directory / f"{name}_{lowering}.tflite"
            write(model, path, lowering, MIN_GROUP[name])
            files[name, lowering] = model, path
        return files[name, lowering]

    return get


def write(model, path, lowering, min_group):
    arguments = {"tau_input": True, "gate_outputs": True}
    if lowering == "masked":
        convert.convert(model, path, lowering="masked", **arguments)
        return
    forced = [("*", lowering)]
    convert.convert(
        model, path, min_group=min_group, block_lowering=forced, **arguments
    )


# The gate, the threshold τ, which is an input, the head and the activation.
COMMON = {
    *("ADD", "CAST", "CONV_2D", "FULLY_CONNECTED", "GREATER", "LOG", "MEAN"),
    *("MINIMUM", "NEG", "RELU", "RESHAPE", "SUB"),
}
MASKS = {"GATHER", "MUL"}


def ifs(structure):
    return sum(operations.count("IF") for operations in structure.subgraphs)


def test_one_place_has_an_if_for_every_cluster(made):
    structure = Structure(made("bas")[1])
    assert structure.main["IF"] == ifs(structure) == 3
    assert len(structure.subgraphs) == 1 + 2 * 3
    assert structure.all == COMMON | MASKS | {"IF", "REDUCE_ANY", "UNPACK"}
    # Both convolutions and the sum; closed, the sum is what it was. The last one also
    # has the activation, fused, and a bias to add where it is closed.
    opened = ["CONV_2D", "GATHER", "MUL", "CONV_2D", "ADD"]
    assert structure.branches == [(opened, []), (opened, []), (opened, ["ADD"])]
    # All conditions of the gate come from one comparison.
    assert structure.main["GREATER"] == 1


def test_places_on_both_sides_make_a_grid(made):
    structure = Structure(made("cs-cifar-8")[1])
    # Two clusters at each of four places are stored, in an IF each. Those of two
    # places are sums over those of another.
    assert structure.main["IF"] == 4 * 2
    assert ifs(structure) == 4 * 2 + 2 * (2 * 2)
    assert len(structure.subgraphs) == 1 + 2 * ifs(structure)
    grid = COMMON | {"IF", "UNPACK", "FILL", "CONCATENATION", "STRIDED_SLICE"}
    # One component a cluster: nothing is left to mask.
    assert structure.all == grid
    kinds = {tuple(opened) for opened, _ in structure.branches}
    assert kinds == {("STRIDED_SLICE",), ("CONV_2D",), ("IF", "IF")}
    assert {tuple(closed) for _, closed in structure.branches} == {("CAST", "FILL")}


def test_what_always_runs_is_one_convolution(made):
    structure = Structure(made("cs-low")[1])
    # Of the 11: input 1; sums of what is ungated 1 + 2 + 2; clusters 2 + 2 + 1.
    assert structure.main["IF"] == 11
    # In the clusters: one sum over the input's cluster each, two over two.
    assert ifs(structure) == 11 + 2 * 1 + 2 * 2 + 1 * 2
    # Ungated x ungated, once for each convolution; two are the gate's.
    assert structure.main["CONV_2D"] == 3 + 2
    assert not structure.all & MASKS
    # Every ReLU is fused into a sum, but where the last part of a sum is closed.
    assert structure.main["RELU"] == 1  # of the gate


def test_paths_run_in_whole_groups(made):
    structure = Structure(made("paths")[1])
    opened = ["CONV_2D", "CONV_2D", "GATHER", "MUL", "CONV_2D", "ADD"]
    assert structure.branches == [(opened, []), (opened, ["ADD"])]


def test_masked_filters_have_no_conditions(made):
    structure = Structure(made("bas", "masked")[1])
    assert len(structure.subgraphs) == 1
    assert structure.all == COMMON - {"RELU"} | MASKS - {"GATHER"} | {"RELU"}


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"gathered"}))
def test_files_equal_keras(made, pictures, name):
    model, path = made(name)
    file = runtime.Network(path)
    for tau in (0.0, 0.3, 0.5, 0.7):
        file.set_dial(tau)
        predictions, told = file.run(pictures)
        expected, decisions = reference.run(model, pictures, tau=tau or None)
        np.testing.assert_array_equal(told, decisions)
        np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)
    assert 0.0 < decisions.mean() < 1.0


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"gathered"}))
def test_metadata_counts_what_is_executed(made, pictures, name):
    model, path = made(name)
    counter, counts = Counter(path), []
    for tau in (0.0, 0.5, 0.7, 1.0):
        for image in pictures:
            executed, told = counter.run(image, tau)
            assert told == executed
            counts.append(executed)
    assert counts[0] == model.costs.dense == max(counts)
    assert min(counts) == counts[-1] < counts[0] and len(set(counts)) > 2


@pytest.mark.parametrize("lowering", ["masked", "gather"])
def test_other_lowerings_equal_keras(made, pictures, lowering):
    model, path = made("gathered" if lowering == "gather" else "bas", lowering)
    file = runtime.Network(path)
    for tau in (0.0, 0.5, 0.7):
        file.set_dial(tau)
        predictions, told = file.run(pictures)
        expected, decisions = reference.run(model, pictures, tau=tau or None)
        np.testing.assert_array_equal(told, decisions)
        np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)
        executed = metadata.read(path).executed_macs(told)
        saved = np.zeros(len(pictures))
        if lowering == "gather":
            # 36 positions, 8 channels on the other side of both 1x1 convolutions.
            saved = 36 * 8 * (1 - decisions).sum(axis=1)
        np.testing.assert_allclose(executed, model.costs.all_open - saved)


def test_gathered_filters_are_products_of_matrices(made):
    structure = Structure(made("gathered", "gather")[1])
    operations = [name for names in structure.subgraphs for name in names]
    # Two convolutions; what the first one computes is put among zeros by a third.
    assert operations.count("BATCH_MATMUL") == 3
    assert operations.count("FULLY_CONNECTED") == 1  # the head
    # Nothing can be gathered of an empty set: an IF around each.
    assert structure.main["IF"] == 2
    for opened, closed in structure.branches:
        assert "BATCH_MATMUL" in opened and "WHERE" in opened
        assert "BATCH_MATMUL" not in closed


def test_nothing_open_gathers_nothing(made, pictures):
    _, path = made("gathered", "gather")
    file = runtime.Network(path)
    file.set_dial(1.0)
    predictions, told = file.run(pictures)
    assert not told.any() and np.isfinite(predictions).all()


# What is poisoned: a layer of the block, its kernel, and which components run it.
POISON = {
    # Filters 2 and 3 are a cluster: one of them is computed with the other.
    "bas": (0, np.s_[..., 2:3], lambda z: z[:, 2:4].any(axis=1)),
    # The second cluster at each side: it takes both.
    "cs-cifar-8": (1, np.s_[..., 8:, 8:], lambda z: z[:, 3] * z[:, 5] == 1),
    # A filter of a 1x1 convolution.
    "gathered": (0, np.s_[..., 2], lambda z: z[:, 2] == 1),
}


@pytest.mark.parametrize("name", POISON)
def test_what_is_closed_is_not_computed(pictures, tmp_path, name):
    model, path = network(name, pictures), tmp_path / "poisoned.tflite"
    stage, where, runs = POISON[name]
    layer = model.blocks[0].stages[stage].layers[0]
    kernel = keras.ops.convert_to_numpy(layer.kernel).copy()
    kernel[where] = np.nan
    layer.kernel.assign(kernel)
    lowering = "gather" if name == "gathered" else "groups"
    write(model, path, lowering, MIN_GROUP[name])
    file = runtime.Network(path)
    seen = set()
    for tau in (0.0, 0.4, 0.6, 1.0):
        file.set_dial(tau)
        predictions, decisions = file.run(pictures)
        expected = runs(decisions)
        np.testing.assert_array_equal(np.isnan(predictions).any(axis=1), expected)
        seen |= set(expected.tolist())
    assert seen == {False, True}
