"""Variants of all blocks of a network, within a limit on the file's size."""

import dataclasses

import numpy as np

import tfgate
from tflite.variants import parts
from tflite.variants import whole
from tflite.variants.choices import BYTES


@dataclasses.dataclass(frozen=True)
class NetworkVariants:
    """Variants of every block for which they pay.

    Attributes:
        choices: block name -> `tflite.variants.choices.BlockChoice`.
        dense_bytes: of the network's weights.
    """

    choices: dict
    dense_bytes: float

    @property
    def added_bytes(self):
        """By about how much variants make the file larger."""
        return sum(choice.added_bytes for choice in self.choices.values())

    @property
    def blocks(self):
        """Block name -> `BlockVariants`."""
        return {name: choice.variants for name, choice in self.choices.items()}

    def describe(self):
        """What was found, in one line for people."""
        if not self.choices:
            return "variants of blocks: none that pay within --max_growth"
        found = self.choices.values()
        expected = sum(choice.expected_macs for choice in found)
        everything = sum(choice.whole_macs for choice in found)
        count = sum(choice.networks for choice in found)
        split = [len(choice.parts) for choice in found if len(choice.parts) > 1]
        in_parts = f", {len(split)} of them in {sum(split)} parts" if split else ""
        growth = 1.0 + self.added_bytes / self.dense_bytes
        return (
            f"variants of {len(self.choices)} blocks{in_parts}: {count} networks, "
            f"{expected:,.0f} of {everything:,.0f} MACs expected of images that they "
            f"were not made for, a file of about {growth:.2f} times the dense one's "
            "size"
        )


class _Block:
    """One block's choices, and the one that it has."""

    def __init__(self, block, decisions, draws, otherwise, prices, min_group):
        self.name = block.name
        at_once = prices.filters_at_once
        self._cost = min(whole.macs_of_everything(block, at_once), otherwise)
        self.choice = None
        self.added_bytes = 0.0
        self._choices = [
            *whole.choices(block, decisions, draws, prices),
            *parts.choices(block, decisions, draws, prices, min_group),
        ]

    def steps(self):
        """Yields `(saved MACs for each added byte, choice)` of better choices."""
        for choice in self._choices:
            saved = self._cost - choice.cost
            if saved > 0.0:
                yield saved / max(self.added_by(choice), 1.0), choice

    def take(self, choice):
        self.choice = choice
        self.added_bytes = choice.added_bytes
        self._cost = choice.cost

    def added_by(self, choice):
        """Bytes that a choice adds to what was taken."""
        return choice.added_bytes - self.added_bytes


def of_network(model, decisions, clusters, max_growth, prices, draws=None, min_group=1):
    """Finds variants for every `tfgate.GatedFilters` of a network.

    The block whose next variants save the most MACs for each byte gets them, until no
    more fit in.

    Args:
        model: a `tfgate.GatedModel`.
        decisions: gate name -> array `[images, components]` of 0 and 1.
        clusters: `tflite.clustering.NetworkClusters`, what a block costs otherwise.
        max_growth: largest size of the file, in times the dense network's.
        prices: `Prices`.
        draws: gate name -> `tflite.variants.Draws` of further decisions; None for none.
        min_group: least number of filters of a part of a block.

    Returns:
        `NetworkVariants`.
    """
    draws = draws or {}
    blocks = [
        _Block(
            block,
            np.asarray(decisions[block.gate.name]) > 0,
            draws.get(block.gate.name),
            clusters.blocks[block.name].cost,
            prices,
            min_group,
        )
        for block in model.blocks
        if isinstance(block, tfgate.GatedFilters) and _varies(decisions, block)
    ]
    dense_bytes = BYTES * float(sum(np.prod(w.shape) for w in model.core.weights))
    left = (max_growth - 1.0) * dense_bytes
    while True:
        steps = [
            (gain, number, choice)
            for number, block in enumerate(blocks)
            for gain, choice in block.steps()
            if block.added_by(choice) <= left
        ]
        if not steps:
            break
        _, number, choice = max(steps, key=lambda step: step[:2])
        left -= blocks[number].added_by(choice)
        blocks[number].take(choice)
    taken = [block for block in blocks if block.choice is not None]
    return NetworkVariants({b.name: b.choice for b in taken}, dense_bytes)


def _varies(decisions, block):
    own = np.asarray(decisions[block.gate.name])
    return bool((own != own[:1]).any())
