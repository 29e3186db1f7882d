"""Tables to and from CSV files."""

import pytest

from tfgate import tables


def test_round_trip(tmp_path):
    rows = [
        {"name": "a, b", "count": 3, "share": 0.1 + 0.2, "missing": None},
        {"name": 'c "d"', "count": -4, "share": 1e-30, "missing": "ü"},
    ]
    tables.write_csv(tmp_path / "t.csv", rows)
    assert tables.read_csv(tmp_path / "t.csv") == rows


def test_columns_in_order_of_appearance(tmp_path):
    tables.write_csv(tmp_path / "t.csv", [{"b": 1}, {"a": 2, "b": 3}])
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == "b,a\n1,\n3,2\n"
    assert tables.read_csv(tmp_path / "t.csv") == [
        {"b": 1, "a": None},
        {"b": 3, "a": 2},
    ]


def test_no_rows(tmp_path):
    tables.write_csv(tmp_path / "t.csv", [])
    assert tables.read_csv(tmp_path / "t.csv") == []


def test_a_line_of_another_length(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3\n", encoding="utf-8")
    with pytest.raises(ValueError, match="2 cells in line 3 of .*t.csv, got 1"):
        tables.read_csv(tmp_path / "t.csv")
