import numpy as np
import pytest

from tflite import metadata
from tflite import timing


class FakeNetwork:
    """Takes one second for each unit of the first pixel."""

    def __init__(self, log, name):
        document = {
            "tau": None,
            "outputs": {"decisions": {}},
            "macs": {"all_open": 30.0, "all_closed": 10.0},
            "gates": [{"components": [{"macs": 20.0, "decided": None, "index": 0}]}],
        }
        self.metadata = metadata.Metadata(document)
        self._log, self._name = log, name

    def set_image(self, image):
        self._image = image

    def invoke(self):
        self._log.append((self._name, float(self._image[0, 0, 0])))
        return float(self._image[0, 0, 0]), 0.5 * float(self._image[0, 0, 0])

    def decisions(self):
        return np.array([self._image[0, 0, 0] > 2], "float32")


@pytest.fixture
def measured():
    log = []
    candidates = [timing.Candidate(FakeNetwork(log, name), None) for name in "ab"]
    images = np.arange(1.0, 5.0).reshape(4, 1, 1, 1)
    timing.measure(candidates, images, runs=8, warmup=3, seed=0)
    return log, candidates


def test_networks_take_turns_on_the_same_image(measured):
    log, _ = measured
    rounds = [log[i : i + 2] for i in range(0, len(log), 2)]
    assert len(rounds) == 3 + 8
    assert all(sorted(name for name, _ in turn) == ["a", "b"] for turn in rounds)
    assert [turn[0][1] for turn in rounds] == [2, 3, 4, *[1, 2, 3, 4] * 2]
    # Who comes first varies.
    assert {turn[0][0] for turn in rounds} == {"a", "b"}


def test_warmup_does_not_count(measured):
    _, (first, second) = measured
    expected = 1000 * np.array([1, 2, 3, 4] * 2)
    np.testing.assert_array_equal(first.milliseconds, expected)
    np.testing.assert_array_equal(second.cpu_milliseconds, expected / 2)


def test_decisions_are_those_of_each_image(measured):
    _, (first, _) = measured
    np.testing.assert_array_equal(first.decisions, [[0], [0], [1], [1]])
    assert first.executed_macs == 20.0
    assert first.activation_rate == 0.5


def test_summary(measured):
    _, (first, _) = measured
    summary = timing.summarize(first, images=4)
    assert summary["p50"] == summary["mean"] == summary["image_mean"] == 2500
    assert summary["p99"] <= 4000
    assert summary["std"] == pytest.approx(np.std([1000, 2000, 3000, 4000]))
    assert summary["cpu_p50"] == summary["cpu_image_mean"] == 1250
    assert summary["cpu_per_wall"] == 0.5
    assert summary["disturbed"] == 1.0


def test_image_mean_forgives_outliers():
    candidate = timing.Candidate(None, None)
    # Two images, 1 and 3 ms; one run of eight was disturbed.
    candidate.milliseconds = np.array([1, 3, 1, 3, 100, 3, 1, 3], "float64")
    candidate.cpu_milliseconds = np.array([1, 3, 1, 3, 1, 3, 1, 3], "float64")
    summary = timing.summarize(candidate, images=2)
    assert summary["image_mean"] == 2.0
    assert summary["disturbed"] == 1 / 8
