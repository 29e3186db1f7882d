"""What the report of a compaction says of filters."""

import pytest

import tfgate
from tests.tfgate import filter_blocks
from tests.tfgate.compaction.decided import compact_and_compare
from tests.tfgate.compaction.decided import decided_model
from tfgate.compaction import PlaceDecision


class TestReport:
    def report(self):
        model = decided_model(
            filter_blocks.basic(),
            {"inner1": [0, 1, 0], "output": [1, 0, 0]},
            places=("inner", "output"),
            filters_per_gate=2,
            groups_always_open={"inner": 0, "output": 1},
        )
        return model, *compact_and_compare(model)

    def test_contents(self):
        model, compacted, report = self.report()
        (block,) = report.blocks
        assert block.decisions == (0, 1, 0, 1, 0, 0)
        assert block.rate == pytest.approx(1 / 3)
        assert block.places == (
            PlaceDecision("inner1", 6, removed=4, undecided=0),
            PlaceDecision("output", 8, removed=4, undecided=0),
        )
        assert report.macs_before == 36 * (9 * 8 * 6 * 2 + 16)
        assert report.macs_after == 36 * (9 * (8 * 2 + 2 * 4) + 16)
        assert block.macs == 36 * 9 * 8 * 6 * 2  # nothing is always open inside
        assert report.parameters_before == model.count_params()
        assert report.parameters_after == compacted.count_params()
        assert 0 < report.bytes_after < report.bytes_before

    def test_bytes_are_those_of_the_files(self, tmp_path):
        model, compacted, report = self.report()
        for network, size in (
            (model, report.bytes_before),
            (compacted, report.bytes_after),
        ):
            path = tmp_path / f"{network.name}.keras"
            network.save(path)
            assert path.stat().st_size == pytest.approx(size, rel=0.01)

    def test_printed(self):
        _, _, report = self.report()
        lines = str(report).splitlines()
        assert lines[0] == (
            "block: filters removed (rate 0.333, 31,104 MACs): inner1 4 of 6; "
            "output 4 of 8"
        )
        assert [line.split(":")[0] for line in lines[1:]] == [
            "MACs per image",
            "parameters",
            "bytes of the .keras file",
        ]

    def test_a_plan_knows_no_files(self):
        model, _, report = self.report()
        plan = tfgate.plan_compaction(model)
        assert plan.blocks == report.blocks
        assert plan.macs_after == report.macs_after
        assert plan.parameters_after is plan.bytes_before is plan.bytes_after is None
