"""What the parts of a block execute under given decisions."""

import dataclasses

from tfgate.blocks import Site
from tflite.lowering.filters.segments import count_macs
from tflite.padding import padded


@dataclasses.dataclass(frozen=True)
class Switched:
    """MACs that the file executes in some cases.

    Attributes:
        macs: MACs for one image, where everything of it runs.
        factors: tuples of components, indices of the gate's. It runs if in each of
            them any component is open.
        shares: tuples of components, likewise. Of what runs, only the share of the
            open ones among each of them does.
        convolutions: of the convolutions among them, pairs of MACs and the number of
            filters; negative MACs of those that run in other cases alone.
    """

    macs: int
    factors: tuple[tuple[int, ...], ...] = ()
    shares: tuple[tuple[int, ...], ...] = ()
    convolutions: tuple[tuple[int, int], ...] = dataclasses.field(
        default=(), compare=False
    )

    @property
    def is_switched(self):
        """Whether it depends on decisions."""
        return bool(self.factors or self.shares)

    def padded_macs(self, at_once):
        """MACs with those of filters that are computed and not there.

        Args:
            at_once: see `tflite.padding.padded`.
        """
        return self.macs + sum(
            macs * (padded(filters, at_once) / filters - 1.0)
            for macs, filters in self.convolutions
        )


def merged(switched):
    """Joins those that run in the same cases.

    Args:
        switched: iterable of `Switched`.

    Returns:
        List of `Switched`, those of no MACs left out.
    """
    totals = {}
    for entry in switched:
        key = (tuple(sorted(set(entry.factors))), tuple(sorted(entry.shares)))
        macs, convolutions = totals.get(key, (0, ()))
        totals[key] = macs + entry.macs, convolutions + entry.convolutions
    return [Switched(own[0], *key, own[1]) for key, own in totals.items() if own[0]]


def of_block(block):
    """MACs of a `tfgate.GatedFilters` for one image, everything open, no gate."""
    return sum(map(_of_path, (block.path(), block.shortcut_path()), [block] * 2))


def _of_path(path, block):
    total, shape = 0, block.built_shape
    for element in path:
        if not isinstance(element, Site):
            total += count_macs(element, shape)
            shape = element.compute_output_shape(shape)
    return total
