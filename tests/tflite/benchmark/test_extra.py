import importlib.util

import numpy as np
import pytest

from tflite import benchmark
from tflite import errors
from tflite import runtime
from tflite.benchmark import extra
from tflite.benchmark import subjects

FEW = {"samples": 2, "runs": 4, "warmup": 1}


@pytest.fixture
def baseline(converted):
    path = converted("dense", lowering="dense")
    description = runtime.Network(path).metadata
    return subjects.Subject("dense", "baseline", path, description)


def test_missing_packages_are_told(monkeypatch, converted):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    path = converted("dense", lowering="dense")
    result = benchmark.benchmark(path, path, extra_baselines=["torch"], **FEW)
    (skipped,) = [w for w in result["warnings"] if "skipped" in w]
    assert "--extra_baselines=torch is skipped: not installed: tf2onnx" in skipped
    assert not [f for f in result["files"] if f["role"] == "extra"]


def test_gated_baselines_are_skipped(monkeypatch, converted):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    path = converted("dependent", lowering="conditional")
    description = runtime.Network(path).metadata
    gated = subjects.Subject("gated", "baseline", path, description)
    with extra.networks(["onnxruntime"], gated, 1) as (found, skipped):
        assert not found and "not a dense float32 network" in skipped[0]


def test_what_tf2onnx_says_is_told(monkeypatch, baseline):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(extra.sys, "executable", "/bin/false")
    with extra.networks(["onnxruntime"], baseline, 1) as (found, skipped):
        assert not found and "tf2onnx cannot convert" in skipped[0]


def test_unknown_runtimes_are_refused():
    with pytest.raises(errors.InputError, match="among"):
        extra.check(["onnxruntime", "caffe"])


@pytest.mark.large
@pytest.mark.parametrize("name", extra.NAMES)
def test_other_runtimes_predict_the_same(name, baseline, images):
    for package in extra.NAMES[name]:
        pytest.importorskip(package, reason=f"{package} is not installed")
    expected, _ = runtime.Network(baseline.path).run(images[:3])
    with extra.networks([name], baseline, 1) as (found, skipped):
        assert not skipped
        ((label, network),) = found
        assert label == f"dense in {name}"
        for image, row in zip(images[:3], expected, strict=True):
            network.set_image(image)
            assert min(network.invoke()) > 0
            np.testing.assert_allclose(network.predictions(), row, atol=1e-4)
