"""Which filters of a residual network are gated, and how many share a gate."""

import dataclasses
from collections.abc import Mapping

from tfgate.blocks.sites import check_count
from tfgate.blocks.sites import checked_places

GroupSizes = int | tuple[int, ...] | Mapping[str, int | tuple[int, ...]]


@dataclasses.dataclass(frozen=True)
class FilterGating:
    """Where the blocks of a network have filter gates, and of which size.

    Attributes:
        places: some of `"input"`, `"inner"`, `"output"` and `"shortcut"`, see
            `tfgate.GatedFilters`. Blocks whose shortcut is the identity have no gates
            at the place `"shortcut"`.
        filters_per_gate: number of filters that share a gate: one number, a tuple with
            one for each stage of the network, or a dict from place to these.
        groups_always_open: number of groups at each place that have no gate; one
            number, or a dict from place to number.
        residual: whether shortcuts are added (PG S2.3 tries both).
        initial_open_probability: P(open) before training, in (0, 1), for gates that
            are not told otherwise; None means 0.87.

    Raises:
        ValueError: an argument is out of its range, or group sizes for different
            numbers of stages.

    Example:
    >>> gating = FilterGating(("inner", "output"), {"inner": (2, 4, 8), "output": 1})
    >>> gating.stages, gating.filters_per_gate_in(1)
    (3, {'inner': 4, 'output': 1})
    """

    places: tuple[str, ...] = ("inner",)
    filters_per_gate: GroupSizes = 1
    groups_always_open: int | Mapping[str, int] = 0
    residual: bool = True
    initial_open_probability: float | None = None

    def __post_init__(self) -> None:
        places = checked_places(self.places)
        object.__setattr__(self, "places", places)
        if not self.residual and "shortcut" in places:
            raise ValueError(
                "Expected places without 'shortcut' for residual=False, got "
                f"{self.places}."
            )
        _check_keys(self.filters_per_gate, places, "filters_per_gate")
        _check_keys(self.groups_always_open, places, "groups_always_open")
        sizes = [_at(self.filters_per_gate, place) for place in places]
        for size in sizes:
            for number in size if isinstance(size, tuple) else (size,):
                check_count(number, "filters_per_gate", 1)
        for place in places:
            check_count(_at(self.groups_always_open, place), "groups_always_open", 0)
        lengths = {len(size) for size in sizes if isinstance(size, tuple)}
        if len(lengths) > 1:
            raise ValueError(
                "Expected filters_per_gate for one number of stages, got "
                f"{self.filters_per_gate!r}."
            )

    @property
    def stages(self) -> int | None:
        """Number of stages of the networks that this fits; None for any."""
        sizes = [_at(self.filters_per_gate, place) for place in self.places]
        return next((len(size) for size in sizes if isinstance(size, tuple)), None)

    def filters_per_gate_in(self, stage: int) -> dict[str, int]:
        """Place -> number of filters that share a gate, in stage 0, 1, ..."""
        numbers = {}
        for place in self.places:
            size = _at(self.filters_per_gate, place)
            numbers[place] = size[stage] if isinstance(size, tuple) else size
        return numbers

    @property
    def groups_always_open_at(self) -> dict[str, int]:
        """Place -> number of groups that have no gate."""
        always = self.groups_always_open
        return {
            place: always[place] if isinstance(always, Mapping) else always
            for place in self.places
        }


def _at(value: GroupSizes, place: str) -> int | tuple[int, ...]:
    return value[place] if isinstance(value, Mapping) else value


def _check_keys(value: object, places: tuple[str, ...], name: str) -> None:
    if isinstance(value, Mapping) and set(value) != set(places):
        raise ValueError(
            f"Expected {name} to be a number, or to have one for each of the places "
            f"{places}, got {dict(value)!r}."
        )


_EVERYWHERE = ("input", "inner", "output", "shortcut")
# CS sets the bias of the last layer of each gate to (0.1, 4): sigmoid(3.9).
_CS_OPEN_PROBABILITY = 0.98


def _channel_selection(
    outside: tuple[int, ...], inside: tuple[int, ...], groups_always_open: int
) -> FilterGating:
    return FilterGating(
        _EVERYWHERE,
        {"input": outside, "inner": inside, "output": outside, "shortcut": outside},
        groups_always_open,
        initial_open_probability=_CS_OPEN_PROBABILITY,
    )


# By name. "bas": BAS equation 4. "cs-...": the reference program of CS; "low" and
# "medium" are for the four stages of ImageNet networks, "cs-cifar-N" has N filters a
# gate.
PRESETS: dict[str, FilterGating] = {
    "bas": FilterGating(("inner",)),
    "cs-low": _channel_selection((16, 32, 64, 128), (8, 16, 32, 64), 1),
    "cs-medium": _channel_selection((16, 16, 16, 32), (8, 8, 8, 16), 2),
    **{
        f"cs-cifar-{size}": FilterGating(
            _EVERYWHERE, size, initial_open_probability=_CS_OPEN_PROBABILITY
        )
        for size in (8, 4, 2, 1)
    },
}


def resolve(
    granularity: str | FilterGating,
    stages: int,
    projections: bool,
    own: Mapping[str, FilterGating] | None = None,
) -> FilterGating | None:
    """Finds the filter gating of a network by name, and checks that it fits.

    Args:
        granularity: `"block"`, a name in `PRESETS`, or a `FilterGating`.
        stages: number of stages of the network.
        projections: whether some of its blocks have projection shortcuts.
        own: names that only this network has, beside those in `PRESETS`.

    Returns:
        A `FilterGating`; None for `"block"`.

    Raises:
        ValueError: the name is unknown, group sizes are for another number of stages,
            or a place was asked for, other than by a preset, that no block has.
    """
    gating = granularity
    if not isinstance(gating, FilterGating):
        presets = PRESETS | dict(own or {})
        choices = ("block", *presets)
        if not isinstance(gating, str) or gating not in choices:
            raise ValueError(
                f"Expected granularity to be one of {choices} or a FilterGating, got "
                f"{granularity!r}."
            )
        if gating == "block":
            return None
        gating = presets[gating]
    elif "shortcut" in gating.places and not projections:
        raise ValueError(
            "Expected granularity with places that the network has, got 'shortcut', "
            "which only projections have: every shortcut here is free of parameters."
        )
    if gating.stages not in (None, stages):
        fitting = [name for name, p in PRESETS.items() if p.stages in (None, stages)]
        raise ValueError(
            f"Expected granularity with group sizes for {stages} stages, such as "
            f"{fitting}, got {granularity!r} for {gating.stages}."
        )
    return gating
