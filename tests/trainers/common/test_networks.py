"""The table of networks, and the flags that each takes. No TensorFlow."""

import subprocess
import sys

import pytest
from absl import flags as absl_flags

from trainers.common import flags
from trainers.common import networks
from trainers.common import settings
from trainers.common.errors import UserError
from trainers.common.networks import NETWORKS


def parse(*arguments):
    values = absl_flags.FlagValues()
    flags.define(values, dataset="digits")
    return settings.parse(["program", "--workdir=w", *arguments], values)


def test_flags_are_checked_without_tensorflow():
    said = "import sys; from trainers.common import settings; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "trainers.common.networks" in loaded
    assert not {"tensorflow", "keras", "tfgate"} & set(loaded)


@pytest.mark.parametrize(
    "name, depth", [("resnet", 20), ("resnext", 29), ("densenet", 100), ("vgg", None)]
)
def test_depth_is_the_networks_own_unless_given(name, depth):
    assert settings.make(network=f"cifar_{name}").depth == depth


def test_the_paths_of_a_resnext():
    chosen = settings.make(network="cifar_resnext")
    assert (chosen.cardinality, chosen.group_width) == (8, 64)
    chosen = settings.make(network="cifar_resnext", cardinality=16, group_width=4)
    assert (chosen.cardinality, chosen.group_width) == (16, 4)
    assert settings.make().cardinality is None


@pytest.mark.parametrize("name", ["cifar_resnext", "cifar_vgg"])
def test_the_filters_of_the_first_layer(name):
    assert settings.make(network=name).filters == 64
    assert settings.make(network=name, filters=16).filters == 16
    assert settings.make().filters is None


@pytest.mark.parametrize(
    "name, granularity",
    [
        ("cifar_vgg", "groups"),
        ("cifar_resnext", "groups"),
        ("resnext50", "groups"),
        ("cifar_resnet", "block"),
        ("resnet50", "block"),
        ("cifar_densenet", "block"),
        ("densenet169", "block"),
    ],
)
def test_what_tnn_gates(name, granularity):
    assert settings.make(network=name, gating="nested").granularity == granularity
    usual = settings.make(network=name).granularity
    assert usual == ("groups" if name == "cifar_vgg" else "block")


def test_what_is_left_out_becomes_the_networks_own():
    assert settings.make(network="vgg16").granularity == "groups"
    resnet = settings.make(network="resnet50")
    assert (resnet.granularity, resnet.stride_on) == ("block", "3x3")
    assert (resnet.depth, resnet.block, resnet.preprocessing) == (None, None, None)
    expansion = settings.make(network="mobilenet_v2", granularity="expansion")
    assert expansion.filters_per_gate == [8]
    assert settings.make(granularity="filters").filters_per_gate == [1]
    assert settings.make(network="resnet18", gate="none").granularity is None


@pytest.mark.parametrize(
    "name, preprocessing",
    [
        ("resnet50", "caffe"),
        ("vgg16", "caffe"),
        ("densenet121", "torch"),
        ("mobilenet_v2", "tf"),
    ],
)
def test_imagenets_weights_need_their_own_preprocessing(name, preprocessing):
    chosen = settings.make(network=name, weights="imagenet")
    assert chosen.preprocessing == preprocessing
    assert chosen.stride_on == ("1x1" if name == "resnet50" else None)
    given = settings.make(network=name, weights="imagenet", preprocessing="tf")
    assert given.preprocessing == "tf"


@pytest.mark.parametrize("granularity", networks.GRANULARITIES)
@pytest.mark.parametrize("name", NETWORKS)
def test_granularities_are_those_of_the_network(name, granularity):
    values = {"network": name, "granularity": granularity}
    if granularity == "filters" and "vgg" in name:
        values |= {"residual": False, "groups_always_open": 1}
    if granularity in NETWORKS[name].granularities:
        assert settings.make(**values).granularity == granularity
    else:
        with pytest.raises(UserError, match=f"for --network={name}, got {granularity}"):
            settings.make(**values)


@pytest.mark.parametrize(
    "given, needed",
    [
        ("--network=resnet50 --depth=20", "--network=cifar_resnet or cifar_resnext"),
        ("--network=cifar_vgg --depth=20", "cifar_densenet"),
        ("--network=cifar_densenet --block=basic", "--network=cifar_resnet: leave"),
        ("--network=resnet18 --shortcut=identity", "--network=cifar_resnet: leave"),
        ("--network=resnet34 --stride_on=3x3", "resnet50 or resnet101 or resnet152"),
        ("--network=vgg16 --zero_init_residual", "resnext50"),
        ("--network=mobilenet_v2 --early_exit", "densenet169"),
        ("--exit_gate=dependent", "--early_exit"),
        ("--exit_filters=8", "--early_exit"),
        ("--exit_loss_weight=0", "--early_exit"),
        ("--gate=none --early_exit --granularity=bas", "gates of blocks that learn"),
        ("--network=mobilenet_v2 --filters_per_gate=4", "filters or expansion"),
    ],
)
def test_a_flag_that_the_network_does_not_take(given, needed):
    with pytest.raises(UserError, match="has no effect without .*" + needed):
        parse(*given.split())


@pytest.mark.parametrize(
    "values, said",
    [
        ({"network": "cifar_resnext", "depth": 21}, "--depth=9 n . 2 for --network"),
        ({"network": "cifar_densenet", "depth": 20}, "--depth=6 n . 4 for --network"),
        ({"network": "resnet50", "width": 1.5}, "whole --width .* got 1.5"),
        ({"width": 0.5}, "whole --width of at least 1"),
        ({"network": "resnet18", "weights": "imagenet"}, "applications has none"),
        ({"weights": "imagenet"}, "--weights=FILE for --network=cifar_resnet"),
        (
            {"network": "resnet50", "weights": "imagenet", "stride_on": "3x3"},
            "--stride_on=1x1 with --weights=imagenet",
        ),
        ({"network": "vgg16", "gate": "stochastic_depth"}, "for lack of shortcuts"),
        ({"gate": "stochastic_depth", "early_exit": True}, "--early_exit, got stoch"),
        ({"granularity": "filters", "places": "shortcut"}, "without shortcut for"),
        (
            {
                "network": "resnet18",
                "granularity": "filters",
                "places": "inner,shortcut",
                "residual": False,
            },
            "without shortcut for --network=resnet18",
        ),
        (
            {"network": "densenet121", "granularity": "filters", "residual": False},
            "--noresidual has no meaning for --network=densenet121",
        ),
        ({"network": "vgg16", "granularity": "filters"}, "--noresidual and --groups"),
        (
            {"network": "cifar_vgg", "granularity": "filters", "residual": False},
            "--groups_always_open of at least 1",
        ),
    ],
)
def test_values_that_do_not_fit_the_network(values, said):
    with pytest.raises(UserError, match=said):
        settings.make(**values)


@pytest.mark.parametrize("name", ["cifar_densenet", "densenet169", "mobilenet_v2"])
def test_some_widths_are_no_whole_numbers(name):
    assert settings.make(network=name, width=1.4).width == 1.4


def test_a_projection_has_filters():
    chosen = settings.make(
        granularity="filters", places="inner,shortcut", shortcut="projection"
    )
    assert chosen.places == ["inner", "shortcut"]


def test_exits_alone_have_the_settings_of_gates():
    chosen = settings.make(gate="none", early_exit=True)
    assert chosen.granularity is None and chosen.places is None
    assert (chosen.exit_gate, chosen.exit_filters) == ("exit", 128)
    assert chosen.exit_loss_weight == 1.0
    assert chosen.gate_loss == "per_batch(0.6)" and chosen.estimator is not None
    assert chosen.ensemble_runs and chosen.gate_weight_decay == "scaled"
    dense = settings.make(gate="none")
    assert dense.exit_gate is None and dense.gate_loss is None


def test_the_file_of_weights_must_be_there(tmp_path):
    with pytest.raises(UserError, match="--weights to be imagenet or a file, got none"):
        parse("--weights=none.keras")
    path = tmp_path / "w.keras"
    path.touch()
    assert parse(f"--weights={path}").weights == str(path)
