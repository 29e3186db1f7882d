import pytest

from tflite.lowering.filters.macs import Switched
from tflite.lowering.filters.macs import merged


def test_convolutions_are_padded():
    entry = Switched(700, convolutions=((300, 3), (200, 8)))
    assert entry.padded_macs(1) == 700
    # Kernels of 8 filters, or of 4 for few: of 3 filters 4 are computed.
    assert entry.padded_macs(8) == pytest.approx(700 + 100)
    assert entry.padded_macs(16) == pytest.approx(700 + 300 / 3 * 5)


def test_what_runs_in_the_same_cases_is_joined():
    entries = [
        Switched(100, ((1,), (0,)), convolutions=((100, 3),)),
        Switched(50, ((0,), (1,), (0,))),
        Switched(60, ((0,), (1,)), convolutions=((60, 2),)),
        Switched(0, ((2,),)),
    ]
    (found,) = merged(entries)
    assert found == Switched(210, ((0,), (1,)))
    assert found.convolutions == ((100, 3), (60, 2))
    # What runs instead of something else takes its place.
    more = Switched(30, convolutions=((90, 6), (-60, 4)))
    assert more.padded_macs(8) == pytest.approx(30 + 30)
