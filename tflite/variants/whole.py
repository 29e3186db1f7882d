"""Variants of a block as a whole: sets of the components of all of its places."""

import dataclasses
import math

import numpy as np

from tfgate.blocks import Site
from tflite.clustering.search import macs_of_filters
from tflite.clustering.search import products_macs
from tflite.padding import padded
from tflite.variants import search
from tflite.variants.choices import BYTES
from tflite.variants.choices import BlockChoice
from tflite.variants.choices import bytes_a_mac

# Number of variants with which it is found out at which places they should be sliced.
_TRIED = 4


def choices(block, decisions, draws, prices):
    """Variants of a block, in several numbers.

    Args:
        block: a `tfgate.GatedFilters`.
        decisions: bool `[images, components]`.
        draws: `tflite.variants.Draws` of further decisions, or None.
        prices: `tflite.variants.Prices`.

    Returns:
        List of `BlockChoice` of one part.
    """
    return _Search(block, decisions, prices).choices(decisions, draws)


def macs_of_everything(block, filters_at_once):
    """MACs of what a block's gate switches, with filters that kernels compute."""
    return macs_of_filters(
        block.products(),
        lambda f, computes: padded(f.filters, filters_at_once if computes else 1),
    )


class _Search:
    """What sets of components of a block cost."""

    def __init__(self, block, decisions, prices):
        self._products = block.products()
        self._at_once = prices.filters_at_once
        self._bytes_a_mac = bytes_a_mac(block)
        self._sliced = np.ones(block.gate.components, bool)
        self._moved_macs = 0.0
        self._condition_macs = prices.condition
        self._slice_where_it_pays(block, decisions, prices)

    def choices(self, decisions, draws):
        if draws is not None:
            sliced = draws.decisions & self._sliced
            draws = dataclasses.replace(draws, decisions=sliced)
        found = search.find(decisions & self._sliced, self._work(), draws=draws)
        return list(map(self._choice, found))

    def _choice(self, found):
        # Components that are not sliced are in every set.
        found = dataclasses.replace(found, sets=found.sets | ~self._sliced)
        macs = products_macs(self._products, found.sets.astype("float64"))
        conditions = math.log2(len(found.sets)) * self._condition_macs
        return BlockChoice(
            (found,),
            (macs,),
            0.0,
            found.macs + conditions + self._moved_macs,
            # The last variant is the block itself.
            self._bytes_a_mac * float(macs[:-1].sum()),
        )

    def _work(self):
        """What sets cost, with filters that kernels compute and that are not there."""
        factors = [f for product in self._products for f in product.factors]
        weights = np.stack([f.weights for f in factors], axis=1).astype("float32")
        always = np.array([f.always for f in factors])
        always = always + weights[~self._sliced].sum(axis=0)
        column = {factor: number for number, factor in enumerate(factors)}
        at_once, products = self._at_once, self._products

        def price(sums):
            filters = sums + always

            def count(factor, computes):
                own = filters[..., column[factor]]
                return padded(own, at_once) if computes else own

            return macs_of_filters(products, count)

        return search.Work(weights * self._sliced[:, None], price)

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
            mib = BYTES * float(np.prod(shape[1:])) / 2**20
            if all(sites[:number]):
                found[element] = 0.5 * mib
            elif all(sites[number:]):
                found[element] = mib
    return found
