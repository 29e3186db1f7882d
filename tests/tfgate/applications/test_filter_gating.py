"""Presets of filter gating, and which networks they fit."""

import dataclasses

import pytest

from tfgate.applications import PRESETS
from tfgate.applications import FilterGating
from tfgate.applications.filter_gating import resolve

EVERYWHERE = ("input", "inner", "output", "shortcut")


class TestPresets:
    def test_bas_has_a_gate_for_each_inner_filter(self):
        bas = PRESETS["bas"]
        assert bas.places == ("inner",)
        assert bas.filters_per_gate_in(2) == {"inner": 1}
        assert bas.groups_always_open_at == {"inner": 0}
        assert (bas.stages, bas.initial_open_probability) == (None, None)

    @pytest.mark.parametrize(
        ("name", "outside", "inside", "always"),
        [
            ("cs-low", [16, 32, 64, 128], [8, 16, 32, 64], 1),
            ("cs-medium", [16, 16, 16, 32], [8, 8, 8, 16], 2),
        ],
    )
    def test_channel_selection_on_imagenet(self, name, outside, inside, always):
        preset = PRESETS[name]
        assert preset.stages == 4
        for stage in range(4):
            sizes = preset.filters_per_gate_in(stage)
            assert sizes.pop("inner") == inside[stage]
            assert sizes == dict.fromkeys(
                ("input", "output", "shortcut"), outside[stage]
            )
        assert preset.groups_always_open_at == dict.fromkeys(EVERYWHERE, always)

    @pytest.mark.parametrize("size", [8, 4, 2, 1])
    def test_channel_selection_on_cifar(self, size):
        preset = PRESETS[f"cs-cifar-{size}"]
        assert preset.filters_per_gate_in(0) == dict.fromkeys(EVERYWHERE, size)
        assert preset.stages is None

    def test_channel_selection_starts_at_the_papers_bias(self):
        """(0.1, 4): P(open) = sigmoid(3.9)."""
        for name, preset in PRESETS.items():
            if name.startswith("cs-"):
                assert preset.initial_open_probability == pytest.approx(0.980, abs=5e-4)


class TestResolve:
    def test_block(self):
        assert resolve("block", 3, projections=False) is None

    @pytest.mark.parametrize("name", ["bas", "cs-cifar-8", "cs-cifar-1"])
    @pytest.mark.parametrize("stages", [3, 4])
    def test_names_that_fit_any_network(self, name, stages):
        assert resolve(name, stages, projections=False) is PRESETS[name]

    @pytest.mark.parametrize("name", ["cs-low", "cs-medium"])
    def test_names_for_four_stages(self, name):
        assert resolve(name, 4, projections=True) is PRESETS[name]
        with pytest.raises(
            ValueError, match=f"group sizes for 3 stages.*cs-cifar-8.*'{name}' for 4"
        ):
            resolve(name, 3, projections=True)

    def test_a_gating_of_ones_own(self):
        gating = FilterGating(("input", "output"), (2, 4, 8))
        assert resolve(gating, 3, projections=False) is gating
        with pytest.raises(ValueError, match="for 2 stages.*for 3"):
            resolve(gating, 2, projections=False)

    def test_a_place_that_the_network_lacks(self):
        gating = FilterGating(("inner", "shortcut"))
        assert resolve(gating, 3, projections=True) is gating
        with pytest.raises(
            ValueError, match="granularity with places that the network has.*'shortcut'"
        ):
            resolve(gating, 3, projections=False)

    @pytest.mark.parametrize("value", ["filters", "BAS", None, 8, True])
    def test_unknown(self, value):
        with pytest.raises(
            ValueError, match=r"granularity to be one of \('block', 'bas'.*got"
        ):
            resolve(value, 3, projections=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"places": ("middle",)}, "places to be some of"),
        ({"places": ("output", "shortcut"), "residual": False}, "without 'shortcut'"),
        ({"filters_per_gate": 0}, "filters_per_gate >= 1.*got 0"),
        ({"filters_per_gate": (2, 0, 2)}, "filters_per_gate >= 1.*got 0"),
        ({"filters_per_gate": {"output": 2}}, "filters_per_gate to be a number, or"),
        ({"filters_per_gate": 1.5}, "filters_per_gate >= 1.*got 1.5"),
        ({"groups_always_open": -1}, "groups_always_open >= 0.*got -1"),
        ({"groups_always_open": {"output": 1}}, "groups_always_open to be a number"),
        (
            {
                "places": ("inner", "output"),
                "filters_per_gate": {"inner": (1, 2, 4), "output": (1, 2)},
            },
            "one number of stages",
        ),
    ],
)
def test_refused_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        FilterGating(**arguments)


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PRESETS["bas"].residual = False
