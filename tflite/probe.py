"""Loads one .tflite file in a process of its own and says what that took.

    python -m tflite.probe model.tflite THREADS

Prints one line of JSON, see `measure`. `tflite.benchmark` starts it: only a fresh
process has a clean peak memory and a cold load.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

_RUNS = 5
_REPEATS = 3


def measure(path, threads):
    """Loads and runs a file in this process.

    Args:
        path: path of the `.tflite` file.
        threads: number of threads.

    Returns:
        Dict: `load_ms`, to create the interpreter and to allocate its tensors;
        `first_run_ms`; `peak_memory_mib`, of the whole process; `model_memory_mib`,
        what of it came with the file. All gates are open if τ is an input. Memory is
        None where the system has no /proc.
    """
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    before = _memory_kib("VmRSS")
    start = time.perf_counter()
    interpreter = Interpreter(model_path=str(path), num_threads=threads)
    interpreter.allocate_tensors()
    loaded = time.perf_counter()
    for tensor in interpreter.get_input_details():
        interpreter.set_tensor(tensor["index"], np.zeros(tensor["shape"], "float32"))
    started = time.perf_counter()
    interpreter.invoke()
    first = time.perf_counter()
    for _ in range(_RUNS):
        interpreter.invoke()
    peak = _memory_kib("VmHWM")
    known = before is not None and peak is not None
    return {
        "load_ms": 1000 * (loaded - start),
        "first_run_ms": 1000 * (first - started),
        "peak_memory_mib": peak / 1024 if known else None,
        "model_memory_mib": (peak - before) / 1024 if known else None,
    }


def measure_apart(path, threads):
    """Measures a file in processes of its own; returns the medians of `measure`."""
    root = str(pathlib.Path(__file__).resolve().parent.parent)
    paths = [root, os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", "tflite.probe", str(path), str(threads)]
    results = [
        json.loads(
            subprocess.run(
                command, env=environment, capture_output=True, check=True
            ).stdout
        )
        for _ in range(_REPEATS)
    ]
    return {
        key: None
        if results[0][key] is None
        else statistics.median(result[key] for result in results)
        for key in results[0]
    }


def _memory_kib(key):
    path = pathlib.Path("/proc/self/status")
    if not path.exists():
        return None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1])
    return None


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
