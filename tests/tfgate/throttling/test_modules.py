"""Modules: which components of a network stand side by side."""

import dataclasses

import keras
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate import exit_networks
from tests.tfgate import filter_blocks
from tests.tfgate.throttling import networks
from tfgate.throttling import Module
from tfgate.throttling import find_modules
from tfgate.throttling.modules import check_modules

L = keras.layers


def found(model):
    return [
        (m.axis, m.start, m.count, m.always_open) for m in find_modules(model.blocks)
    ]


@pytest.mark.parametrize("make", networks.EVERY)
def test_modules_hold_every_component_once_and_in_order(make):
    model = make()
    modules = find_modules(model.blocks)
    components = [i for m in modules for i in range(m.start, m.stop)]
    assert components == list(range(sum(gate.components for gate in model.gates)))
    assert len({module.name for module in modules}) == len(modules)


def test_layers_of_vgg():
    """Three of four groups have a gate, in each layer, the dense one included."""
    modules = find_modules(networks.vgg().blocks)
    assert {(m.axis, m.count, m.always_open, m.size) for m in modules} == {
        ("width", 3, 1, 4)
    }
    assert len(modules) == 8


def test_paths_of_resnext():
    """One module a block, of as many parts as there are paths."""
    assert found(networks.resnext()) == [("width", 4 * i, 4, 0) for i in range(3)]


def test_stages_of_resnet():
    """Blocks of one shape in a row are a stage, along the depth."""
    assert found(networks.resnet()) == [("depth", 2 * i, 2, 0) for i in range(3)]


def test_dense_blocks():
    """The layers between two transitions are read together."""
    assert found(networks.densenet()) == [("width", 2 * i, 2, 0) for i in range(3)]


def test_every_gated_place_is_a_module():
    block = filter_blocks.make_block(
        filter_blocks.bottleneck(),
        places=filter_blocks.EVERYWHERE,
        filters_per_gate=2,
        groups_always_open={"input": 1, "inner": 0, "output": 2, "shortcut": 0},
        shortcut=filter_blocks.projection(),
    )
    model = filter_blocks.make_model(block)
    assert [(m.name, m.count, m.always_open) for m in find_modules(model.blocks)] == [
        ("block/input", 3, 1),
        ("block/inner1", 3, 0),
        ("block/inner2", 3, 0),
        ("block/output", 2, 2),
        ("block/shortcut", 4, 0),
    ]


def test_a_layer_between_two_dense_layers_ends_the_module():
    def layer(x, name):
        gate = tfgate.IndependentGate(name=f"{name}_gate")
        branch = L.Conv2D(2, 3, padding="same")
        return tfgate.GatedConcat(branch, gate, name=name)(x)[0]

    x = inputs = keras.Input((8, 8, 4))
    x = layer(layer(x, "a"), "b")
    x = L.ReLU()(x)
    x = layer(x, "c")
    modules = find_modules(tfgate.GatedModel(inputs, x).blocks)
    assert [(m.name, m.start, m.count) for m in modules] == [("a", 0, 2), ("c", 2, 1)]


def test_exits_are_refused():
    with pytest.raises(ValueError, match="'exit1' of class EarlyExit"):
        find_modules(exit_networks.exit_model().blocks)


def test_tiny_model_has_a_stage_for_each_size():
    assert found(builders.tiny_model()) == [("depth", 0, 1, 0), ("depth", 1, 2, 0)]


def test_config():
    module = Module("m", "width", start=2, count=3, always_open=1)
    assert Module(**module.get_config()) == module
    assert (module.size, module.stop, module.components) == (4, 5, slice(2, 5))
    with pytest.raises(dataclasses.FrozenInstanceError):
        module.count = 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("m", "height", 0, 1), "axis"),
        (("m", "width", 0, 0), "at least one component in module 'm'"),
        (("m", "width", -1, 1), "start and always_open >= 0 in module 'm'"),
        (("m", "width", 0, 1, -1), "start and always_open >= 0 in module 'm'"),
    ],
)
def test_bad_modules(arguments, message):
    with pytest.raises(ValueError, match=message):
        Module(*arguments)


@pytest.mark.parametrize("starts", [(1, 2), (0, 3), (0, 1)], ids=str)
def test_gaps_and_overlaps_are_refused(starts):
    modules = [Module(f"m{start}", "width", start, 2) for start in starts]
    with pytest.raises(ValueError, match="to start at component"):
        check_modules(modules)


def test_no_modules():
    with pytest.raises(ValueError, match="at least one module"):
        check_modules([])
