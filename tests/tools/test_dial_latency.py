import pytest

from tools import dial_latency


class Described:
    """Stands in for a file's metadata: MACs are 20 and 80 u."""

    def __getitem__(self, key):
        return {"macs": {"dense": 100}}[key]

    def executed_macs(self, u):
        return 20 + 80 * u


def test_bounds_rise_with_macs_from_what_always_runs():
    medians = {u: (1.0 + 3.2 * u, 1.0) for u in dial_latency.US}
    rows = dial_latency._settings(Described(), medians, dense_ms=4.0)
    assert [row["bound_ms"] for row in rows] == pytest.approx([1, 1.75, 2.5, 3.25, 4])
    assert [row["macs_share"] for row in rows] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert rows[0]["over_bound"] == pytest.approx(1.0)
    assert rows[-1]["over_bound"] == rows[-1]["ratio"] == pytest.approx(4.2 / 4.0)


@pytest.mark.large
def test_measures_a_network():
    results = dial_latency.measure(
        ["resnext29"], runs=5, levels=2, min_group=None, seed=1
    )
    settings = results["resnext29"]["settings"]
    assert [row["u"] for row in settings] == list(dial_latency.US)
    assert settings[-1]["macs_share"] == 1.0
    assert results["resnext29"]["file_bytes"] > results["resnext29"]["dense_file_bytes"]
