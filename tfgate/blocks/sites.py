"""Where in a block filters are gated, and which component opens which of them."""

import dataclasses
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

PLACES = ("input", "inner", "output", "shortcut")


@dataclasses.dataclass(frozen=True)
class Site:
    """One tensor of a block whose filters are gated in groups.

    Group g holds the filters from `g * filters_per_gate` on. The first groups are
    always open; each of the others has a component of the block's gate.

    Attributes:
        place: `"input"`, `"inner"`, `"output"` or `"shortcut"`.
        stage: index of the stage whose output is gated; 0 for `"input"`, which is
            what the first stage receives, and -1 for `"shortcut"`.
        filters: number of filters, open or not.
        filters_per_gate: number of filters that share a gate.
        groups_always_open: number of groups without a gate.
        start: index of the first component among the gate's.
    """

    place: str
    stage: int
    filters: int
    filters_per_gate: int
    groups_always_open: int
    start: int

    @property
    def name(self) -> str:
        """The place, with a number for `"inner"`: `"inner1"` follows stage 0."""
        return f"inner{self.stage + 1}" if self.place == "inner" else self.place

    @property
    def groups(self) -> int:
        """Number of groups, those that are always open included."""
        return self.filters // self.filters_per_gate

    @property
    def count(self) -> int:
        """Number of components."""
        return self.groups - self.groups_always_open

    @property
    def components(self) -> slice:
        """Where this place's components stand among the gate's."""
        return slice(self.start, self.start + self.count)

    @property
    def filters_always_open(self) -> int:
        """Number of filters without a gate."""
        return self.groups_always_open * self.filters_per_gate

    def open_filters(self, decisions: ArrayLike) -> np.ndarray:
        """Spreads decisions over the filters.

        Args:
            decisions: array `[..., components of the gate]`.

        Returns:
            Array `[..., filters]` of the same type, with 1 for the filters that are
            always open.
        """
        decisions = np.asarray(decisions)[..., self.components]
        gated = np.repeat(decisions, self.filters_per_gate, axis=-1)
        always = np.ones((*gated.shape[:-1], self.filters_always_open), gated.dtype)
        return np.concatenate([always, gated], axis=-1)


@dataclasses.dataclass(frozen=True)
class Grouping:
    """How a block's filters are grouped: the arguments of `GatedFilters`, checked.

    Attributes:
        places: the gated places, in the order of `PLACES`.
        filters_per_gate: place -> number of filters that share a gate.
        groups_always_open: place -> number of groups without a gate.
    """

    places: tuple[str, ...]
    filters_per_gate: dict[str, int]
    groups_always_open: dict[str, int]

    @classmethod
    def of(
        cls,
        places: Sequence[str],
        filters_per_gate: int | Mapping[str, int],
        groups_always_open: int | Mapping[str, int],
    ) -> "Grouping":
        """Checks the arguments, and gives each place its own numbers.

        Raises:
            ValueError: an argument is out of its range.
        """
        places = checked_places(places)
        return cls(
            places,
            _by_place(filters_per_gate, places, "filters_per_gate", 1),
            _by_place(groups_always_open, places, "groups_always_open", 0),
        )

    def lay_out(
        self, filters: Mapping[tuple[str, int], int], block: str
    ) -> tuple[Site, ...]:
        """Assigns the components, in the order of the places given.

        Args:
            filters: (place, stage) -> number of filters there.
            block: name of the block, for messages.

        Raises:
            ValueError: a number of filters does not fit into the groups.
        """
        sites: list[Site] = []
        for (place, stage), count in filters.items():
            size = self.filters_per_gate[place]
            always = self.groups_always_open[place]
            if count % size:
                raise ValueError(
                    f"Expected filters_per_gate to divide the {count} filters at the "
                    f"place {place!r} of block {block!r}, got {size}."
                )
            if always >= count // size:
                raise ValueError(
                    f"Expected groups_always_open < {count // size}, the number of "
                    f"groups at the place {place!r} of block {block!r}, got {always}."
                )
            start = sites[-1].components.stop if sites else 0
            sites.append(Site(place, stage, count, size, always, start))
        return tuple(sites)


def checked_places(places: Sequence[str]) -> tuple[str, ...]:
    """Returns places in the order of `PLACES`.

    Raises:
        ValueError: a name is not among `PLACES`, comes twice, or there is none.
    """
    given = [places] if isinstance(places, str) else list(places)
    if not given or len(set(given)) < len(given) or not set(given) <= set(PLACES):
        raise ValueError(
            f"Expected places to be some of {PLACES}, each once, got {places!r}."
        )
    return tuple(place for place in PLACES if place in given)


def check_count(value: Any, name: str, least: int) -> int:
    """Returns a whole number, or raises ValueError if it is not at least `least`."""
    whole = not isinstance(value, bool) and isinstance(value, int | np.integer)
    if not whole or value < least:
        raise ValueError(f"Expected {name} >= {least}, a whole number, got {value!r}.")
    return int(value)


def _by_place(
    value: int | Mapping[str, int], places: tuple[str, ...], name: str, least: int
) -> dict[str, int]:
    if not isinstance(value, Mapping):
        return dict.fromkeys(places, check_count(value, name, least))
    if set(value) != set(places):
        raise ValueError(
            f"Expected {name} to be a number, or one for each of the places {places}, "
            f"got {dict(value)!r}."
        )
    return {place: check_count(value[place], name, least) for place in places}
