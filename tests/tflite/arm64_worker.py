"""Runs files in LiteRT for arm64; started by test_arm64.py under an emulator.

    python arm64_worker.py images.npy output.npz FILE [SETTING ...] [-- FILE ...]

For every file, what it predicts and decides at each setting of its input τ or u, or
once where it has none.
"""

import platform
import sys

import numpy as np

from tflite import runtime


def main(images, output, *groups):
    images = np.load(images)
    results = {"machine": np.array(platform.machine())}
    for number, (path, *settings) in enumerate(_split(groups)):
        network = runtime.Network(path)
        for place, setting in enumerate(settings or [None]):
            if setting is not None:
                network.set_dial(float(setting))
            predictions, decisions = network.run(images)
            results[f"predictions_{number}_{place}"] = predictions
            if decisions is not None:
                results[f"decisions_{number}_{place}"] = decisions
    np.savez(output, **results)


def _split(groups):
    found = [[]]
    for each in groups:
        found.append([]) if each == "--" else found[-1].append(each)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
