"""The baseline in other runtimes, as far as they are installed.

None of them is a dependency. The way is that of the .tflite file: tf2onnx makes an
ONNX network of it, which ONNX Runtime runs, and onnx2torch turns that into a PyTorch
module, run eagerly. So all runtimes get the same float32 network, image by image.

They take turns with the files in one process. What their libraries leave there
(thread pools, memory) may change TFLite's times: measure without them where only those
count.
"""

import contextlib
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from tflite import runtime
from tflite.errors import InputError

# Of each runtime the packages that it takes.
NAMES = {
    "onnxruntime": ("tf2onnx", "onnxruntime"),
    "torch": ("tf2onnx", "onnx", "onnx2torch", "torch"),
}
_OPSET = 17


def check(names):
    """Raises `InputError` for a runtime that is not known."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise InputError(
            f"Expected --extra_baselines among {tuple(NAMES)}, got {unknown}."
        )


@contextlib.contextmanager
def networks(names, baseline, threads):
    """Gives the baseline in other runtimes.

    Args:
        names: some of `NAMES`.
        baseline: the `tflite.benchmark.subjects.Subject`.
        threads: number of threads.

    Yields:
        `(networks, skipped)`: list of pairs of a name and a network like
        `tflite.runtime.Network`, and a list of messages, why others are missing.
    """
    found, skipped = [], []
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "baseline.onnx"
        for name in names:
            reason = _obstacle(name, baseline)
            if reason is None and not path.exists():
                reason = _convert(baseline.path, path)
            if reason is None:
                network = _CLASSES[name](path, baseline.metadata, threads)
                found.append((f"{baseline.name} in {name}", network))
            else:
                skipped.append(f"--extra_baselines={name} is skipped: {reason}")
        yield found, skipped


class _Network:
    """What `tflite.timing` asks of a network that has no dial and no decisions."""

    def __init__(self, metadata):
        self.metadata = metadata
        self._images = None

    def set_image(self, image):
        self._images = np.asarray(image, "float32")[None]

    def invoke(self):
        return runtime.timed(lambda: self._run(self._images))

    def predictions(self):
        return np.asarray(self._run(self._images))[0]

    def decisions(self):
        return None


class _OnnxRuntime(_Network):
    def __init__(self, path, metadata, threads):
        import onnxruntime

        super().__init__(metadata)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def _run(self, images):
        return self._session.run(None, {self._input: images})[0]


class _Torch(_Network):
    def __init__(self, path, metadata, threads):
        import onnx2torch
        import torch

        super().__init__(metadata)
        torch.set_num_threads(threads)
        self._torch = torch
        self._module = onnx2torch.convert(str(path)).eval()

    def _run(self, images):
        with self._torch.inference_mode():
            return self._module(self._torch.from_numpy(images)).numpy()


_CLASSES = {"onnxruntime": _OnnxRuntime, "torch": _Torch}


def _obstacle(name, baseline):
    """Why a runtime cannot run the baseline, or None."""
    missing = [p for p in NAMES[name] if importlib.util.find_spec(p) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if baseline.metadata.undecided or baseline.metadata["quantization"] != "none":
        return "the baseline is not a dense float32 network"
    return None


def _convert(source, path):
    """Converts a .tflite file to ONNX in a process of its own; returns what failed.

    tf2onnx needs TensorFlow, which would change TFLite's times in this process.
    """
    command = [sys.executable, "-m", "tf2onnx.convert", "--tflite", str(source)]
    done = subprocess.run(
        [*command, "--output", str(path), "--opset", str(_OPSET)],
        capture_output=True,
        text=True,
    )
    if done.returncode == 0 and path.exists():
        return None
    lines = done.stderr.strip().splitlines() or ["no message"]
    return f"tf2onnx cannot convert {source.name}: {lines[-1]}"
