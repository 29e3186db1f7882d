"""What is chosen for a block, and what it costs."""

import dataclasses

import numpy as np

BYTES = 4


@dataclasses.dataclass(frozen=True)
class PartVariants:
    """Variants of a block, or of some filters of one of its places.

    Attributes:
        sets: for each variant, the tuple of the components that it has, in the order
            in which they are tried; the last has all that are not decided.
        probabilities: for each variant, the share of images that run it.
    """

    sets: tuple[tuple[int, ...], ...]
    probabilities: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class BlockVariants:
    """Variants of one block.

    Attributes:
        parts: tuple of `PartVariants`. One of the block as a whole; or several, of
            components of one place, each once, which add up. The first set of these
            is empty: the part does not run.
    """

    parts: tuple[PartVariants, ...]

    def place(self, block):
        """The gated place of which all components are.

        Args:
            block: the `tfgate.GatedFilters`.

        Returns:
            `tfgate.blocks.Site`; None where they are of several places, or of none.
        """
        own = {c for part in self.parts for c in part.sets[-1]}
        for site in block.sites:
            if own <= set(range(site.components.start, site.components.stop)):
                return site
        return None


@dataclasses.dataclass(frozen=True)
class BlockChoice:
    """Variants of one block, with what they cost.

    Attributes:
        parts: for each part a `tflite.variants.search.Choice`, with sets
            `[variants, components]` of all components of the gate.
        macs: for each part float `[variants]`, MACs of what each set executes.
        rest: MACs of what the gate switches and this choice always executes.
        cost: expected MACs of an image, with all that takes as long.
        added_bytes: by about how much it makes the file larger.
    """

    parts: tuple
    macs: tuple
    rest: float
    cost: float
    added_bytes: float

    @property
    def expected_macs(self):
        """Expected MACs of an image that was not used to find it."""
        pairs = zip(self.parts, self.macs, strict=True)
        return self.rest + sum(float(p.probabilities @ own) for p, own in pairs)

    @property
    def whole_macs(self):
        """MACs where everything runs."""
        return self.rest + sum(float(own[-1]) for own in self.macs)

    @property
    def networks(self):
        """Number of networks in the file."""
        return sum(int(part.sets.any(axis=1).sum()) for part in self.parts)

    @property
    def variants(self):
        """`BlockVariants`."""
        return BlockVariants(
            tuple(
                PartVariants(
                    tuple(tuple(map(int, np.flatnonzero(own))) for own in part.sets),
                    tuple(map(float, part.probabilities)),
                )
                for part in self.parts
            )
        )


@dataclasses.dataclass(frozen=True)
class Prices:
    """What is not a convolution, in MACs of one that takes as long.

    Attributes:
        condition: of a condition.
        move: of putting channels among zeros, in a map of one MiB.
        passes: of a pass over one MiB of memory.
        filters_at_once: how many filters a kernel computes, see `tflite.padding`.
    """

    condition: float = 0.0
    move: float = 0.0
    passes: float = 0.0
    filters_at_once: int = 1


def bytes_a_mac(block):
    """Bytes of a block's weights for each MAC that its gate switches."""
    layers = [
        *block.stages,
        *(e for e in block.shortcut_path() if hasattr(e, "weights")),
    ]
    weights = float(sum(np.prod(w.shape) for layer in layers for w in layer.weights))
    return BYTES * weights / sum(product.macs for product in block.products())
