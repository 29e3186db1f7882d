"""Operating points, against every row tried."""

import numpy as np
import pytest

import tfgate

TABLE = [
    {"tau": 0.2, "accuracy": 0.93, "executed_macs_mean": 30e6, "latency_ms": 9.0},
    {"tau": 0.4, "accuracy": 0.93, "executed_macs_mean": 25e6, "latency_ms": 8.0},
    {"tau": 0.6, "accuracy": 0.90, "executed_macs_mean": 15e6, "latency_ms": 8.5},
    {"tau": 0.8, "accuracy": 0.85, "executed_macs_mean": 10e6, "latency_ms": 4.0},
    {"tau": None, "accuracy": 0.95, "executed_macs_mean": 90e6, "latency_ms": None},
]


def tau(**limits):
    return tfgate.choose_operating_point(TABLE, **limits)["tau"]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"max_macs": 100e6}, None),
        ({"max_macs": 30e6}, 0.4),  # as accurate as 0.2, and cheaper
        ({"max_macs": 24e6}, 0.6),
        ({"max_macs": 10e6}, 0.8),  # the limit itself is allowed
        ({"max_latency": 100.0}, 0.4),  # the row without a latency is left out
        ({"max_latency": 7.0}, 0.8),
        ({"min_accuracy": 0.9}, 0.6),
        ({"min_accuracy": 0.0}, 0.8),
        ({"min_accuracy": 0.94}, None),
        ({"min_accuracy": 0.9, "max_latency": 8.5}, 0.4),  # cheap means fast here
        ({"min_accuracy": 0.9, "max_macs": 20e6}, 0.6),
        ({"max_macs": 20e6, "max_latency": 5.0}, 0.8),
    ],
)
def test_choice(limits, expected):
    assert tau(**limits) == expected


def test_random_tables():
    generator = np.random.default_rng(0)
    for _ in range(50):
        table = [
            {"accuracy": accuracy, "executed_macs_mean": macs}
            for accuracy, macs in generator.uniform(size=(20, 2)).tolist()
        ]
        limit = generator.uniform(0.3, 0.7)
        chosen = tfgate.choose_operating_point(table, max_macs=limit)
        allowed = [row for row in table if row["executed_macs_mean"] <= limit]
        assert chosen["accuracy"] == max(row["accuracy"] for row in allowed)
        chosen = tfgate.choose_operating_point(table, min_accuracy=limit)
        allowed = [row for row in table if row["accuracy"] >= limit]
        least = min(row["executed_macs_mean"] for row in allowed)
        assert chosen["executed_macs_mean"] == least


def test_the_row_is_a_copy():
    chosen = tfgate.choose_operating_point(TABLE, max_macs=30e6)
    chosen["tau"] = 99
    assert TABLE[1]["tau"] == 0.4


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_macs": 9e6}, r"max_macs of at least 1e\+07, .*, got 9000000.0"),
        ({"max_latency": 3.0}, "max_latency of at least 4, .*, got 3.0"),
        ({"min_accuracy": 0.96}, "min_accuracy of at most 0.95, .*, got 0.96"),
        ({"min_accuracy": 0.94, "max_macs": 30e6}, "min_accuracy of at most 0.93"),
    ],
)
def test_no_row_satisfies(limits, message):
    with pytest.raises(ValueError, match=message):
        tfgate.choose_operating_point(TABLE, **limits)


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        ({}, "at least one of max_macs, max_latency and min_accuracy"),
        ({"max_macs": 0}, "max_macs"),
        ({"max_macs": float("nan")}, "max_macs"),
        ({"max_latency": -1.0}, "max_latency"),
        ({"max_latency": float("inf")}, "max_latency"),
        ({"min_accuracy": 93.0}, "min_accuracy"),
        ({"min_accuracy": -0.1}, "min_accuracy"),
    ],
)
def test_bad_limits(limits, name):
    with pytest.raises(ValueError, match=f"Expected {name}"):
        tfgate.choose_operating_point(TABLE, **limits)


def test_empty_table():
    with pytest.raises(ValueError, match="at least one row"):
        tfgate.choose_operating_point([], max_macs=1)


@pytest.mark.parametrize("column", ["accuracy", "executed_macs_mean"])
def test_missing_column(column):
    table = [TABLE[0], {k: v for k, v in TABLE[1].items() if k != column}]
    with pytest.raises(ValueError, match=f"'{column}', got row 1"):
        tfgate.choose_operating_point(table, max_macs=1e9)


def test_no_latency_measured():
    with pytest.raises(ValueError, match="'latency_ms', from a benchmark"):
        tfgate.choose_operating_point(TABLE[-1:], max_latency=5.0)
