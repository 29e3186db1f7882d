import pytest

from trainers.common import throughput


def test_ratios_are_medians_of_pairs():
    runs = {
        "new": [(90.0, 40.0), (300.0, 60.0), (110.0, 45.0)],
        "old": [(100.0, 50.0), (200.0, 50.0), (100.0, 50.0)],
    }
    found = throughput.compare(runs, "new", "old")
    assert found["ratio_runs"] == pytest.approx([0.9, 1.5, 1.1])
    assert found["ratio"] == pytest.approx(1.1)
    assert found["cpu_ratio"] == pytest.approx(0.9)
    assert found["images_per_second"] == {
        "new": {"median": 110.0, "runs": [90.0, 300.0, 110.0]},
        "old": {"median": 100.0, "runs": [100.0, 200.0, 100.0]},
    }
