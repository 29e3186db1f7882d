import subprocess

import pytest

from tflite import probe


def test_measures_apart(converted):
    path = converted("dependent", lowering="dense")
    measured = probe.measure_apart(path, threads=1)
    assert measured["load_ms"] > 0 and measured["first_run_ms"] > 0
    # A process with TensorFlow would take several hundred.
    assert measured["peak_memory_mib"] < 200
    assert measured["model_memory_mib"] < measured["peak_memory_mib"]


def test_failures_are_not_swallowed(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        probe.measure_apart(tmp_path / "missing.tflite", threads=1)
