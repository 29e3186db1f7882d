"""Which filters share a condition: clusters of components that open together.

A condition of its own for each component would cost more than it saves, so a file runs
*clusters* of at least `min_group` filters: whole where any member is open. What that
costs is, over images n,

    J = mean_n sum_p macs_p prod_f share_f(z'_n)
        + condition_macs * conditions + pass_macs * sum_c MiB(c)

with the block's products p (a convolution between two gated places has two factors) and
z' the decisions with every member of an open cluster open; a cluster whose filters do
not fill a kernel computes more (`tflite.padding`). Each cluster is a condition,
and between two gated places so is each pair of a cluster and what it is read by, with
an addition of its own. `find` lowers J place by
place: with the other places fixed, J is a weighted sum over images of the filters that
this place runs. For one place clusters are merged greedily, beginning with single
components, always the pair that adds least; then components move and change places
while that helps. The same search starts from the original order and from the order by
rate too, and the best is taken, so that no result is worse than those.
"""

import dataclasses

import numpy as np

from tfgate.blocks import Site
from tflite.clustering import place
from tflite.clusters import SiteClusters
from tflite.padding import padded

# The conditions of a cluster copy what it may add to, there and back.
PASSES = 2
# Open for so many of the images that a condition hardly ever saves anything.
UNGATED_RATE = 0.99
_PASSES = 4
# Shares of the price of conditions with which greedy mergers begin.
_BEGINNINGS = (0.05, 0.3, 1.0)


@dataclasses.dataclass(frozen=True)
class Clustering:
    """What `find` found for one block.

    Attributes:
        sites: place name -> `tflite.clusters.SiteClusters`.
        macs: expected MACs of what the block's gates switch, per image.
        cost: the same with what conditions, passes over the memory and filters that
            fill a kernel cost, as MACs.
        original_macs: the same with clusters of neighbours in the original order.
        by_rate_macs: the same with clusters of neighbours in the order of their rates.
        component_macs: the same with a condition for every component: the least that
            any clustering could reach.
        conditions, original_conditions, by_rate_conditions: number of conditions that
            the first three have.
    """

    sites: dict
    macs: float
    cost: float
    original_macs: float
    by_rate_macs: float
    component_macs: float
    conditions: int
    original_conditions: int
    by_rate_conditions: int


def find(
    block,
    decisions,
    *,
    min_group,
    condition_macs=0.0,
    pass_macs=0.0,
    filters_at_once=1,
    never=(),
):
    """Finds clusters for every gated place of a block.

    Args:
        block: a built `tfgate.GatedFilters`.
        decisions: array `[images, components]` of 0 and 1, recorded on images that the
            file will meet the like of.
        min_group: least number of filters of a cluster, at least 1. A place whose gated
            filters are fewer is one cluster.
        condition_macs: what a condition costs, as MACs: clusters grow beyond
            `min_group` while a merger saves more than it opens.
        pass_macs: what a pass over one MiB of memory costs, as MACs.
        filters_at_once: how many filters a kernel computes, see `tflite.padding`.
        never: components that are closed for every image, whatever it is.

    Returns:
        `Clustering`.

    Raises:
        ValueError: the decisions are not those of this block's gate, or there are none.
    """
    decisions = np.asarray(decisions, bool)
    if decisions.ndim != 2 or decisions.shape[1] != block.gate.components:
        raise ValueError(
            f"Expected decisions [images, {block.gate.components}] of block "
            f"{block.name!r}, got {decisions.shape}."
        )
    if not len(decisions):
        raise ValueError("Expected decisions of at least one image, got none.")
    never = np.array(sorted(never), int)
    if decisions[:, never].any():
        raise ValueError(
            f"Expected components {never.tolist()} of block {block.name!r} to be "
            "closed for every image, got open ones."
        )
    prices = (condition_macs, pass_macs, filters_at_once)
    search = _Search(block, decisions, min_group, prices, never)
    plain = {name: search.in_order(order) for name, order in _ORDERS.items()}
    starts = [*plain.values(), *map(search.merged, _BEGINNINGS)]
    best = min((search.improved(start) for start in starts), key=search.cost)
    return Clustering(
        search.site_clusters(best),
        search.macs(best),
        search.cost(best),
        search.macs(plain["original"]),
        search.macs(plain["by_rate"]),
        search.macs(search.single()),
        search.conditions(best),
        search.conditions(plain["original"]),
        search.conditions(plain["by_rate"]),
    )


_ORDERS = {
    "original": lambda rates: np.arange(len(rates)),
    "by_rate": lambda rates: np.argsort(-rates, kind="stable"),
}


class _Search:
    """The clusters of one block: a dict, place name -> list of lists of components."""

    def __init__(self, block, decisions, min_group, prices, never):
        self._sites = block.sites
        self._products = block.products()
        self._decisions = decisions
        self._condition_macs, pass_macs, self._at_once = prices
        self._pass_macs = {k: pass_macs * mib for k, mib in next_maps(block).items()}
        rates = decisions.mean(axis=0)
        self._rates = rates
        self._ungated, self._free, self._least, self._never = {}, {}, {}, {}
        self._always = {}
        for site in block.sites:
            own = np.arange(site.components.start, site.components.stop)
            closed = np.isin(own, never)
            always = (rates[own] >= UNGATED_RATE) & ~closed
            self._never[site.name] = own[closed].tolist()
            self._ungated[site.name] = own[always].tolist()
            self._free[site.name] = own[~always & ~closed]
            self._least[site.name] = -(-min_group // site.filters_per_gate)
            self._always[site.name] = bool(site.groups_always_open or always.any())
        self._pairs = _adjacent(block.sites, self._products)

    # --- Beginnings

    def in_order(self, order):
        found = {}
        for name, own in self._free.items():
            found[name] = _chunks(own[order(self._rates[own])], self._least[name])
        return found

    def single(self):
        return {name: [[c] for c in own] for name, own in self._free.items()}

    def merged(self, share):
        """Greedy mergers, place by place; the places not yet merged stay single.

        While they do, conditions seem many: only a share of their price counts.
        """
        clusters = self.single()
        for site in self._sites:
            own = self._free[site.name]
            weights, widths = self._weights(site, clusters)
            merged = place.merge(
                self._decisions[:, own],
                self._least[site.name],
                weights,
                share * self._price(site, clusters),
                widths,
            )
            clusters[site.name] = [own[members].tolist() for members in merged]
        return clusters

    # --- Costs

    def macs(self, clusters):
        """Expected MACs."""
        return float(np.mean(products_macs(self._products, self._opened(clusters))))

    def cost(self, clusters):
        """J: MACs, padding and conditions."""
        passes = sum(self._pass_macs[k] * len(own) for k, own in clusters.items())
        conditions = self._condition_macs * self.conditions(clusters)
        opened, padding = self._opened(clusters), self._padding(clusters)
        macs = products_macs(self._products, opened, padding)
        return float(np.mean(macs)) + conditions + passes

    def conditions(self, clusters):
        """Number of conditions."""
        conditions = sum(map(len, clusters.values()))
        for first, second in self._pairs:
            conditions += len(clusters[first]) * self._parts(second, clusters)
        return conditions

    def _price(self, site, clusters):
        """MACs that one more cluster of a place costs, with the others as they are."""
        conditions = 1
        for first, second in self._pairs:
            if site.name == first:
                conditions += self._parts(second, clusters)
            elif site.name == second:
                conditions += len(clusters[first])
        return self._condition_macs * conditions + self._pass_macs[site.name]

    def _parts(self, name, clusters):
        """Parts of a place: its clusters, and what always runs."""
        return len(clusters[name]) + self._always[name]

    def _opened(self, clusters):
        """Decisions with every member of an open cluster open."""
        opened = self._decisions.copy()
        for name, own in clusters.items():
            opened[:, self._ungated[name]] = True
            for members in own:
                opened[:, members] = self._decisions[:, members].any(1, keepdims=True)
        return opened

    def _padding(self, clusters):
        """For each component, filters that its cluster computes, of those it has."""
        found = np.ones(self._decisions.shape[1])
        for site in self._sites:
            each = site.filters_per_gate
            parts = [(self._ungated[site.name], site.filters_always_open)]
            parts += [(own, 0) for own in clusters[site.name]]
            for own, more in parts:
                count = each * len(own) + more
                if own:
                    found[own] = padded(count, self._at_once) / count
        return found

    def _weights(self, site, clusters):
        """What filters of a place cost, with the others as they are.

        Returns:
            `(weights, widths)`: float `[images]`, the cost of a component that runs;
            float `[components + 1]`, as how many components as many of them count:
            more where they do not fill a kernel.
        """
        opened = self._opened(clusters)
        total, computed = np.zeros(len(opened)), 0.0
        for product in self._products:
            own = [f for f in product.factors if f.weights[site.components].any()]
            others = [f for f in product.factors if f not in own]
            for factor in own:
                rest = [f for f in own if f is not factor] + others
                share = np.prod([_open(f, opened) / f.filters for f in rest], 0)
                macs = product.macs * share / factor.filters
                total += macs
                if factor is product.computed:
                    computed += macs.mean()
        counts = np.arange(len(self._free[site.name]) + 1)
        full = padded(site.filters_per_gate * counts, self._at_once)
        padding = full / site.filters_per_gate - counts
        widths = counts + computed / max(total.mean(), 1e-9) * padding
        return site.filters_per_gate * total / len(opened), widths

    # --- Improvements

    def improved(self, clusters):
        """Moves and exchanges of components, and mergers, while they lower J."""
        best, cost = clusters, self.cost(clusters)
        for _ in range(_PASSES):
            better = dict(best)
            for site in self._sites:
                better[site.name] = self._rearrange(
                    site,
                    better[site.name],
                    self._weights(site, better),
                    self._price(site, better),
                )
            new = self.cost(better)
            if new >= cost * (1 - 1e-6):
                break
            best, cost = better, new
        return best

    def _rearrange(self, site, clusters, weights, price):
        labels = {c: k for k, own in enumerate(clusters) for c in own}
        components = np.array(sorted(labels), int)
        if not len(components):
            return []
        changing = place.Place(
            self._decisions[:, components],
            np.array([labels[c] for c in components]),
            len(clusters),
            min(self._least[site.name], len(components)),
            *weights,
        )
        for component in range(len(components)):
            changing.improve(component)
        changing.merge(price)
        found = [
            components[changing.labels == k].tolist() for k in range(len(clusters))
        ]
        return [own for own in found if own]

    # --- The result

    def site_clusters(self, clusters):
        found = {}
        for site in self._sites:
            rate = {c: self._rates[c] for own in clusters[site.name] for c in own}
            own = sorted(clusters[site.name], key=lambda o: -max(rate[c] for c in o))
            found[site.name] = SiteClusters(
                tuple(map(int, self._ungated[site.name])),
                tuple(tuple(map(int, members)) for members in own),
                tuple(map(int, self._never[site.name])),
            )
        return found


def next_maps(block):
    """Place name -> MiB of the feature map that is computed from it; 0 at the end."""
    found = {site.name: 0.0 for site in block.sites}
    shape, places = block.built_shape, []
    for element in block.path():
        if isinstance(element, Site):
            places.append(element.name)
            continue
        shape = element.compute_output_shape(shape)
        for name in places:
            found[name] = 4 * float(np.prod(shape[1:])) / 2**20
        places = []
    return found


def _adjacent(sites, products):
    """Names of the places between which a layer stands, in the order of computation."""
    found = set()
    for product in products:
        own = [
            place
            for place, site in enumerate(sites)
            if any(f.weights[site.components].any() for f in product.factors)
        ]
        if len(own) == 2:
            found.add((sites[own[0]].name, sites[own[1]].name))
    return sorted(found)


def products_macs(products, opened, padding=None):
    """MACs of a block's products under given decisions.

    Args:
        products: `tfgate.costs.Product`s of one gate.
        opened: array `[decisions, components]` of 0 and 1.
        padding: array `[components]`, as how many filters each one counts where a layer
            computes it; None for 1.

    Returns:
        float64 `[decisions]`.
    """
    widened = opened if padding is None else opened * padding
    return np.zeros(len(opened)) + macs_of_filters(
        products,
        lambda factor, computes: _open(factor, widened if computes else opened),
    )


def macs_of_filters(products, count):
    """MACs of a block's products, given the numbers of open filters.

    Args:
        products: as for `products_macs`.
        count: function of a `tfgate.costs.Factor`, and whether the layer computes these
            filters instead of reading them, to the number of open ones, an array.

    Returns:
        Array of the same shape; 0 without products.
    """
    total = 0.0
    for product in products:
        shares = [
            count(factor, factor is product.computed) / factor.filters
            for factor in product.factors
        ]
        total = total + product.macs * np.prod(shares, axis=0)
    return total


def _open(factor, opened):
    return factor.always + opened @ factor.weights


def _chunks(components, least):
    """Consecutive clusters of `least` components; the last takes what is left."""
    count = max(1, len(components) // max(least, 1))
    if not len(components):
        return []
    bounds = [least * k for k in range(count)] + [len(components)]
    return [components[a:b].tolist() for a, b in zip(bounds, bounds[1:], strict=False)]
