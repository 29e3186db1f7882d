import itertools

import numpy as np
import pytest

import tfgate
from tests.tfgate import filter_blocks
from tflite import clustering
from tflite import clusters
from tflite.clusters import SiteClusters

INNER = {"places": ("inner",)}
CHAIN = {"places": ("input", "inner", "output")}


def block(inner=8, places=("inner",), filters_per_gate=1, **arguments):
    made = tfgate.GatedFilters(
        filter_blocks.basic(filters=8, inner=inner),
        tfgate.DependentGate,
        places=places,
        filters_per_gate=filters_per_gate,
        **arguments,
    )
    made.build((None, 6, 6, 8))
    return made


def factors(components, images=400, seed=0, groups=2):
    """Decisions of components that follow one of a few hidden causes, with noise."""
    random = np.random.default_rng(seed)
    causes = random.random((images, groups)) < 0.4
    member = np.arange(components) % groups  # neighbours have different causes
    flips = random.random((images, components)) < 0.03
    return causes[:, member] ^ flips, member


def executed_macs(products, clusters, decisions):
    """By brute force: image by image, from the block's own costs."""
    total = 0.0
    for z in decisions:
        opened = z.copy()
        for site in clusters.values():
            opened[list(site.ungated)] = True
            for own in site.clusters:
                opened[list(own)] = z[list(own)].any()
        for product in products:
            share = 1.0
            for f in product.factors:
                share *= (f.always + f.weights @ opened) / f.filters
            total += product.macs * share
    return total / len(decisions)


def partitions(items, least):
    """All partitions of a list into parts of at least `least`."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for count in range(least - 1, len(rest) + 1):
        for others in itertools.combinations(rest, count):
            left = [c for c in rest if c not in others]
            for parts in partitions(left, least):
                yield [[first, *others], *parts]


def test_finds_planted_clusters():
    decisions, member = factors(8)
    found = clustering.find(block(), decisions, min_group=4)
    own = {frozenset(c) for c in found.sites["inner1"].clusters}
    assert own == {frozenset(np.flatnonzero(member == k)) for k in (0, 1)}
    assert found.component_macs < found.macs < 0.75 * found.original_macs


@pytest.mark.parametrize("seed", range(4))
def test_as_good_as_the_best_of_all_partitions(seed):
    random = np.random.default_rng(seed)
    decisions = random.random((40, 1)) < random.random(7)
    decisions ^= random.random((40, 7)) < 0.2
    small = block(inner=7)
    found = clustering.find(small, decisions, min_group=2)
    costs, products = [], small.products()
    for parts in partitions(list(range(7)), 2):
        trial = SiteClusters(clusters=tuple(map(tuple, parts)))
        costs.append(executed_macs(products, {"inner1": trial}, decisions))
    assert found.macs == pytest.approx(
        executed_macs(products, found.sites, decisions), rel=1e-12
    )
    # A local search: within a hundredth of the least.
    assert min(costs) <= found.macs <= 1.01 * min(costs)


def test_two_gated_sides_count_as_products():
    chain = block(**CHAIN)
    decisions, _ = factors(chain.gate.components, groups=3, seed=1)
    found = clustering.find(chain, decisions, min_group=3)
    assert set(found.sites) == {"input", "inner1", "output"}
    products = chain.products()
    assert found.macs == pytest.approx(executed_macs(products, found.sites, decisions))
    original = {site.name: clusters.consecutive(site, 3) for site in chain.sites}
    assert found.original_macs == pytest.approx(
        executed_macs(products, original, decisions)
    )
    assert found.macs < found.original_macs


@pytest.mark.parametrize("seed", range(5))
def test_never_worse_than_plain_orders(seed):
    random = np.random.default_rng(seed)
    chain = block(**CHAIN)
    decisions = random.random((30, chain.gate.components)) < random.random()
    found = clustering.find(chain, decisions, min_group=3)
    assert found.macs <= min(found.original_macs, found.by_rate_macs) + 1e-9
    assert found.component_macs <= found.macs + 1e-9


@pytest.mark.parametrize(("min_group", "least"), [(1, 1), (3, 3), (5, 5), (99, 8)])
def test_clusters_have_at_least_min_group_filters(min_group, least):
    decisions, _ = factors(8, groups=4)
    (found,) = clustering.find(block(), decisions, min_group=min_group).sites.values()
    assert min(map(len, found.clusters)) >= least
    assert sorted(itertools.chain(*found.clusters)) == list(range(8))


def test_filters_that_share_a_gate_count_together():
    grouped = block(filters_per_gate={"inner": 2})
    decisions, _ = factors(4)
    (found,) = clustering.find(grouped, decisions, min_group=4).sites.values()
    assert sorted(map(len, found.clusters)) == [2, 2]


def test_conditions_have_a_price():
    decisions, _ = factors(8, groups=4)
    free = clustering.find(block(), decisions, min_group=1)
    dear = clustering.find(block(), decisions, min_group=1, condition_macs=1e9)
    assert len(free.sites["inner1"].clusters) > 1
    assert len(dear.sites["inner1"].clusters) == 1


def test_pairs_of_clusters_cost_conditions_too():
    chain = block(**CHAIN)
    decisions, _ = factors(chain.gate.components, groups=4)
    macs = [p.macs for p in chain.products()]
    price = max(macs) / 30

    def clusters(made, price):
        found = clustering.find(
            made,
            decisions[:, : made.gate.components],
            min_group=1,
            condition_macs=price,
        )
        return len(found.sites["inner1"].clusters)

    # Read by several parts of the output, a cluster has a condition for each.
    assert clusters(chain, 0.0) > clusters(chain, price)
    assert clusters(block(), price) > clusters(chain, price)


def test_passes_over_large_results_cost_more():
    decisions, _ = factors(8, groups=4)
    # The block's output has 6 x 6 x 8 numbers, 1.1 KiB.
    mib = 6 * 6 * 8 * 4 / 2**20

    def clusters(pass_macs):
        found = clustering.find(block(), decisions, min_group=1, pass_macs=pass_macs)
        return len(found.sites["inner1"].clusters)

    dense = sum(p.macs for p in block().products())
    assert clusters(0.0) > clusters(0.05 * dense / mib) >= clusters(dense / mib) == 1


def test_open_components_are_ungated_and_closed_ones_left_out():
    decisions, _ = factors(8, images=200)
    decisions[:, 2] = True
    decisions[:, 5] = False
    found = clustering.find(block(), decisions, min_group=2, never=(5,)).sites["inner1"]
    assert found.ungated == (2,) and found.never == (5,)
    assert sorted(itertools.chain(*found.clusters)) == [0, 1, 3, 4, 6, 7]
    # Closed on these images alone is not closed for good.
    rare = clustering.find(block(), decisions, min_group=2).sites["inner1"]
    assert rare.never == () and 5 in itertools.chain(*rare.clusters)


def test_nothing_but_open_components():
    found = clustering.find(block(), np.ones((3, 8)), min_group=2).sites["inner1"]
    assert found.ungated == tuple(range(8)) and found.clusters == ()


@pytest.mark.parametrize(
    ("decisions", "never", "message"),
    [
        (np.ones((3, 7)), (), r"decisions \[images, 8\] .*got \(3, 7\)"),
        (np.ones((0, 8)), (), "at least one image"),
        (np.ones((3, 8)), (1,), r"components \[1\] .* closed for every image"),
    ],
)
def test_bad_decisions(decisions, never, message):
    with pytest.raises(ValueError, match=message):
        clustering.find(block(), decisions, min_group=2, never=never)


def test_clusters_fill_kernels():
    # Of two causes with 6 and 10 components, clusters of at least 4: kernels compute 8.
    random = np.random.default_rng(0)
    causes = random.random((400, 2)) < 0.4
    decisions = causes[:, np.repeat([0, 1], [6, 10])]
    made = block(inner=16)
    plain, filling = (
        clustering.find(made, decisions, min_group=4, filters_at_once=at_once)
        for at_once in (1, 8)
    )
    assert sorted(map(len, plain.sites["inner1"].clusters)) == [6, 10]
    # Exact clusters would compute 8 and 16 filters; what is read is not padded.
    sizes = sorted(map(len, filling.sites["inner1"].clusters))
    assert sum(sizes) == 16 and filling.cost <= padded_cost(made, decisions, plain)
    assert filling.macs >= plain.macs == pytest.approx(plain.component_macs)


def padded_cost(made, decisions, found):
    """By brute force, for a block with one place and kernels of 8 filters."""
    first, second = made.products()
    assert first.computed is first.factors[0] and second.computed is None
    total = 0.0
    for own in found.sites["inner1"].clusters:
        runs = decisions[:, list(own)].any(axis=1).mean()
        computed = 4 if len(own) <= 4 else -(-len(own) // 8) * 8
        total += runs * (first.macs * computed + second.macs * len(own)) / 16
    return total


@pytest.mark.parametrize("at_once", [1, 4, 8])
def test_the_cost_of_padding_is_counted(at_once):
    decisions, _ = factors(12)
    made = block(inner=12)
    found = clustering.find(made, decisions, min_group=5, filters_at_once=at_once)
    if at_once == 1:
        assert found.cost == pytest.approx(found.macs)
    if at_once == 8:
        assert found.cost == pytest.approx(
            padded_cost(made, decisions, found) * 16 / 12
        )
    assert found.cost >= found.macs
