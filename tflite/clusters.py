"""Which components of a gated place run together."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class SiteClusters:
    ungated: tuple[int, ...]
    clusters: tuple[tuple[int, ...], ...]
    never: tuple[int, ...] = ()
