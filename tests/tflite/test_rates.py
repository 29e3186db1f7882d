import pytest

from tflite import cost_model
from tflite import rates


@pytest.mark.large
@pytest.mark.timeout(1800)
def test_measures_what_the_cost_model_needs():
    found = rates.measure(runs=2)
    assert list(found["rates"]) == list(cost_model.RATES)
    for kind, pairs in found["rates"].items():
        macs = [size for size, _ in pairs]
        assert macs == sorted(macs) and all(rate > 0 for _, rate in pairs)
        # The sizes of the table are those that are measured, to two digits.
        assert [f"{size:.1e}" for size in macs] == [
            f"{size:.1e}" for size, _ in cost_model.RATES[kind]
        ]
    sizes = [size for size, _ in found["gather"]]
    assert sizes == [size for size, _ in cost_model.GATHER]
    widths = dict(found["widths"])
    assert widths.pop(64) == 1.0 and all(0.0 < share for share in widths.values())
