"""Variants of all blocks of a network, within a limit on the file's size."""

import dataclasses
import math

import numpy as np

import tfgate
from tfgate.blocks import Site
from tflite.clustering.search import macs_of_filters
from tflite.clustering.search import products_macs
from tflite.padding import padded
from tflite.variants import search

_BYTES = 4
# Number of variants with which it is found out at which places they should be sliced.
_TRIED = 4


@dataclasses.dataclass(frozen=True)
class BlockVariants:
    """Variants of one block, in the order in which they are tried.

    Attributes:
        sets: for each variant, the tuple of the components that it has; the last has
            all that are not decided.
        probabilities: for each variant, the share of images that run it.
    """

    sets: tuple[tuple[int, ...], ...]
    probabilities: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class NetworkVariants:
    """Variants of every block for which they pay.

    Attributes:
        choices: block name -> `tflite.variants.search.Choice`.
        macs: block name -> float `[variants]`, MACs of what its gate switches in each.
        added_bytes: by about how much they make the file larger.
        dense_bytes: of the network's weights.
    """

    choices: dict
    macs: dict
    added_bytes: float
    dense_bytes: float

    @property
    def blocks(self):
        """Block name -> `BlockVariants`."""
        return {
            name: BlockVariants(
                tuple(tuple(map(int, np.flatnonzero(own))) for own in choice.sets),
                tuple(map(float, choice.probabilities)),
            )
            for name, choice in self.choices.items()
        }

    def describe(self):
        """What was found, in one line for people."""
        if not self.choices:
            return "variants of blocks: none that pay within --max_growth"
        expected = sum(
            float(choice.probabilities @ self.macs[name])
            for name, choice in self.choices.items()
        )
        whole = sum(own[-1] for own in self.macs.values())
        count = sum(len(choice.sets) for choice in self.choices.values())
        growth = 1.0 + self.added_bytes / self.dense_bytes
        return (
            f"variants of {len(self.choices)} blocks: {count} networks, "
            f"{expected:,.0f} of {whole:,.0f} MACs expected of images that they were "
            f"not made for, a file of about {growth:.2f} times the dense one's size"
        )


@dataclasses.dataclass(frozen=True)
class Prices:
    """What is not a convolution, in MACs of one that takes as long.

    Attributes:
        condition: of a condition.
        move: of putting channels among zeros, in a map of one MiB.
        filters_at_once: how many filters a kernel computes, see `tflite.padding`.
    """

    condition: float = 0.0
    move: float = 0.0
    filters_at_once: int = 1


class _Block:
    """One block's choices, and what each of them costs."""

    def __init__(self, block, decisions, draws, otherwise, prices):
        self.products = block.products()
        self.name = block.name
        self._at_once = prices.filters_at_once
        everything = np.ones((1, block.gate.components), bool)
        self._bytes_a_mac = _BYTES * _weights(block) / self.count_macs(everything)[0]
        self._sliced = everything[0].copy()
        self._moved_macs = 0.0
        self._condition_macs = prices.condition
        self._cost = min(self._work().macs(everything)[0], otherwise)
        self.choice = None
        self.added_bytes = 0.0
        self._slice_where_it_pays(block, decisions, prices)
        if draws is not None:
            sliced = draws.decisions & self._sliced
            draws = dataclasses.replace(draws, decisions=sliced)
        found = search.find(decisions & self._sliced, self._work(), draws=draws)
        self._choices = list(map(self._with_unsliced, found))

    def count_macs(self, sets):
        """MACs of the products of each set: float `[sets]`."""
        return products_macs(self.products, np.asarray(sets, "float64"))

    def _work(self):
        """What sets cost, with filters that kernels compute and that are not there.

        Components that are not sliced are in every set.
        """
        factors = [f for product in self.products for f in product.factors]
        weights = np.stack([f.weights for f in factors], axis=1).astype("float32")
        always = np.array([f.always for f in factors])
        always = always + weights[~self._sliced].sum(axis=0)
        column = {factor: number for number, factor in enumerate(factors)}
        at_once, products = self._at_once, self.products

        def price(sums):
            filters = sums + always

            def count(factor, computes):
                own = filters[..., column[factor]]
                return padded(own, at_once) if computes else own

            return macs_of_filters(products, count)

        return search.Work(weights * self._sliced[:, None], price)

    def _with_unsliced(self, choice):
        sets = choice.sets | ~self._sliced
        return dataclasses.replace(choice, sets=sets)

    def _slice_where_it_pays(self, block, decisions, prices):
        """Lets variants have all channels at places where moving them costs more.

        Channels of the input have to be picked, and those of the result put among the
        others; between convolutions they are sliced out of the weights alone.
        """
        moved = {
            site: prices.move * mib
            for site, mib in moved_mib(block).items()
            if prices.move * mib > 0.0
        }
        for site in moved:
            self._sliced[site.components] = False
        best = self._trial_cost(decisions)
        for site, price in moved.items():
            self._sliced[site.components] = True
            cost = self._trial_cost(decisions) + price
            if cost + self._moved_macs < best:
                best = cost + self._moved_macs
                self._moved_macs += price
            else:
                self._sliced[site.components] = False

    def _trial_cost(self, decisions):
        """Expected MACs with a few variants."""
        opened, work = decisions & self._sliced, self._work()
        fitted = search.fit(opened, work, (_TRIED,))
        whole = np.ones((1, len(self._sliced)), bool)
        sets = fitted.get(_TRIED, whole)
        ran = search.first_cover(sets, opened)
        return float(work.macs(sets)[ran].mean())

    def steps(self):
        """Yields `(saved MACs for each added byte, choice)` of larger choices."""
        for choice in self._choices:
            more = self._bytes(choice) - self.added_bytes
            saved = self._cost - self._expected(choice)
            if more > 0.0 and saved > 0.0:
                yield saved / more, choice

    def take(self, choice):
        self.choice = choice
        self.added_bytes = self._bytes(choice)
        self._cost = self._expected(choice)

    def added_by(self, choice):
        """Bytes that a choice adds to what was taken."""
        return self._bytes(choice) - self.added_bytes

    def _expected(self, choice):
        conditions = math.log2(len(choice.sets)) * self._condition_macs
        return choice.macs + conditions + self._moved_macs

    def _bytes(self, choice):
        # The last variant is the block itself.
        return self._bytes_a_mac * float(self.count_macs(choice.sets[:-1]).sum())


def of_network(model, decisions, clusters, max_growth, prices, draws=None):
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
        )
        for block in model.blocks
        if isinstance(block, tfgate.GatedFilters) and _varies(decisions, block)
    ]
    dense_bytes = _BYTES * float(sum(np.prod(w.shape) for w in model.core.weights))
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
    return NetworkVariants(
        {block.name: block.choice for block in taken},
        {block.name: block.count_macs(block.choice.sets) for block in taken},
        sum(block.added_bytes for block in taken),
        dense_bytes,
    )


def _varies(decisions, block):
    own = np.asarray(decisions[block.gate.name])
    return bool((own != own[:1]).any())


def moved_mib(block):
    """Gated place -> MiB that variants sliced there move, of places where they do.

    Picking channels of the input is a move alone: half of putting them among zeros,
    which is a concatenation and a move.
    """
    paths = (block.path(), block.shortcut_path())
    found = {}
    for path in paths:
        sites = [isinstance(element, Site) for element in path]
        shape = block.built_shape
        for number, element in enumerate(path):
            if not isinstance(element, Site):
                shape = element.compute_output_shape(shape)
                continue
            mib = _BYTES * float(np.prod(shape[1:])) / 2**20
            if all(sites[:number]):
                found[element] = 0.5 * mib
            elif all(sites[number:]):
                found[element] = mib
    return found


def _weights(block):
    """Number of weights of the layers whose filters have gates."""
    layers = [
        *block.stages,
        *(e for e in block.shortcut_path() if hasattr(e, "weights")),
    ]
    return float(sum(np.prod(w.shape) for layer in layers for w in layer.weights))
