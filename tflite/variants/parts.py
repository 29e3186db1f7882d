"""Variants of parts of one gated place, between two convolutions.

The block is the sum over the parts, and each part runs the smallest of its own variants
that does. m parts of n variants each make n^m combinations for the bytes of n variants
of the block, so that few bytes follow the gates closely; each part costs a condition,
an addition, and what conditions copy.

Parts are halves, again and again, along the first principal component of the decisions
over images: what opens together stays together, and is predicted by little.
"""

import dataclasses
import math

import numpy as np

from tflite.clustering.search import PASSES
from tflite.clustering.search import UNGATED_RATE
from tflite.clustering.search import macs_of_filters
from tflite.clustering.search import next_maps
from tflite.padding import padded
from tflite.variants import search
from tflite.variants.choices import BlockChoice
from tflite.variants.choices import bytes_a_mac

# Numbers of parts that are tried.
NUMBERS = (2, 4, 8)
# Numbers of variants of a part that are tried, beside the whole of it.
COUNTS = (1, 2, 3, 4, 5, 7, 9, 12, 15)


def choices(block, decisions, draws, prices, min_group=1, numbers=NUMBERS):
    """Variants of parts of an inner place of a block; its other places always run.

    Args:
        block: a `tfgate.GatedFilters`.
        decisions: bool `[images, components]`.
        draws: `tflite.variants.Draws` of further decisions, or None.
        prices: `tflite.variants.Prices`.
        min_group: least number of filters of a part.
        numbers: numbers of parts.

    Returns:
        List of `BlockChoice`.
    """
    found = []
    for site in block.sites:
        if site.place != "inner":
            continue
        price = _Price(block, site, decisions, prices)
        unit = -(-max(min_group, prices.filters_at_once) // site.filters_per_gate)
        for number in numbers:
            groups = split(decisions, price.split, number, unit)
            if len(groups) == number:
                parts = [_Part(group, decisions, draws, price) for group in groups]
                found += _upgraded(parts, price)
    return found


def split(decisions, components, number, unit=1):
    """Splits components into parts of about the same size.

    Args:
        decisions: bool `[images, components]`, of all components.
        components: int array, those that are split.
        number: of parts, a power of 2.
        unit: sizes are multiples of it, where that is possible.

    Returns:
        List of int arrays; fewer where a part would have less than a unit.
    """
    groups = [np.asarray(components, int)]
    while len(groups) < number:
        halves = [half for group in groups for half in _halves(decisions, group, unit)]
        if len(halves) < 2 * len(groups):
            break
        groups = halves
    return groups


def _halves(decisions, group, unit):
    middle = int(round(len(group) / 2 / unit)) * unit
    if not unit <= middle <= len(group) - unit:
        return [group]
    own = decisions[:, group].T.astype("float64")
    scores, *_ = np.linalg.svd(own - own.mean(axis=0), full_matrices=False)
    order = group[np.argsort(scores[:, 0], kind="stable")]
    return [order[:middle], order[middle:]]


class _Price:
    """What parts of a place cost.

    Attributes:
        split: int array, components of the place that do not always run.
        at_once: how many filters a kernel computes.
        rest: MACs of what always runs, with filters that kernels compute.
        rest_macs: without these.
        part: MACs of a part beside its convolutions and its tree of variants.
        condition: MACs of a condition.
        bytes_a_mac: bytes of weights for each MAC.
    """

    def __init__(self, block, site, decisions, prices):
        own = np.arange(site.components.start, site.components.stop)
        always = decisions[:, own].mean(axis=0) >= UNGATED_RATE
        self.split = own[~always]
        self.at_once = prices.filters_at_once
        self.condition = prices.condition
        self.bytes_a_mac = bytes_a_mac(block)
        mib = next_maps(block)[site.name]
        self.part = prices.condition + PASSES * mib * prices.passes
        self._own = np.zeros(block.gate.components, bool)
        self._own[self.split] = True
        self._products = block.products()
        self._per_gate = site.filters_per_gate
        self.rest = self._macs(np.zeros(()), self.at_once)
        self.rest_macs = self._macs(np.zeros(()), 1)

    def work(self, group, at_once):
        """`search.Work` of sets of a part's components, numbered as in `group`."""
        weights = np.full((len(group), 1), self._per_gate, "float32")
        return search.Work(
            weights, lambda sums: self._macs(sums[..., 0], at_once, alone=True)
        )

    def _macs(self, filters, at_once, alone=False):
        """MACs, given the number of a place's filters that run.

        Args:
            filters: array.
            at_once: how many filters a kernel computes.
            alone: whether only what reads or computes these filters counts; else also
                all that always runs.
        """

        def count(factor, computes):
            if not self._is_own(factor):
                own = np.full(np.shape(filters), float(factor.filters))
            elif alone:
                own = filters
            else:
                own = filters + factor.always + factor.weights[~self._own].sum()
            return padded(own, at_once) if computes else own

        products = [
            product
            for product in self._products
            if not alone or any(map(self._is_own, product.factors))
        ]
        return macs_of_filters(products, count)

    def _is_own(self, factor):
        return bool(factor.weights[self._own].any())


class _Part:
    """A part, with variants in several numbers, and the number that it has now."""

    def __init__(self, group, decisions, draws, price):
        self._group, self._components = group, decisions.shape[1]
        self._price = price
        own = decisions[:, group]
        self._plain = price.work(group, 1)
        if draws is not None:
            draws = dataclasses.replace(draws, decisions=draws.decisions[:, group])
        work = price.work(group, price.at_once)
        self._options = [search.switched(own, work)]
        self._options += search.find(own, work, COUNTS, draws, closes=True)
        self._now = 0

    @property
    def choice(self):
        """The `search.Choice` with sets of all components of the gate."""
        found = self._options[self._now]
        sets = np.zeros((len(found.sets), self._components), bool)
        sets[:, self._group] = found.sets
        return search.Choice(sets, found.macs, found.probabilities)

    @property
    def macs(self):
        """MACs of each variant, float `[variants]`."""
        return self._plain.macs(self._options[self._now].sets)

    @property
    def cost(self):
        """Expected MACs, with all that takes as long."""
        return self._cost(self._now)

    @property
    def added_bytes(self):
        return self._bytes(self._now)

    def step(self):
        """`(saved MACs for each added byte, number)` of the best larger choice."""
        steps = [
            (
                (self.cost - self._cost(number))
                / max(self._bytes(number) - self.added_bytes, 1.0),
                number,
            )
            for number in range(self._now + 1, len(self._options))
        ]
        return max(steps, default=(0.0, self._now))

    def take(self, number):
        self._now = number

    def _cost(self, number):
        found = self._options[number]
        opens = 1.0 - float(found.probabilities[0])
        tree = opens * math.log2(len(found.sets) - 1)
        return found.macs + self._price.part + tree * self._price.condition

    def _bytes(self, number):
        # The last variant is the part itself.
        macs = self._plain.macs(self._options[number].sets[:-1])
        return self._price.bytes_a_mac * float(macs.sum())


def _upgraded(parts, price):
    """Choices of more and more variants, always where a byte saves most.

    Not the one without any: these are clusters, which are better found as such.
    """
    found = []
    while True:
        steps = [(*part.step(), index) for index, part in enumerate(parts)]
        gain, number, index = max(steps)
        if gain <= 0.0:
            return found
        parts[index].take(number)
        found.append(
            BlockChoice(
                tuple(part.choice for part in parts),
                tuple(part.macs for part in parts),
                float(price.rest_macs),
                float(price.rest) + sum(part.cost for part in parts),
                sum(part.added_bytes for part in parts),
            )
        )
