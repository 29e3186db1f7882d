"""Small networks measured against each other on this machine."""

import numpy as np

from tflite import runtime

THREADS = 1

_SEED = 0


def milliseconds(subjects, runs=30, warmup=3):
    """Measures networks in alternation.

    Processor time, not the clock's: other programs on the machine disturb it little,
    and with one thread an idle machine's clock would tell the same.

    Args:
        subjects: list of pairs of a path of a `.tflite` file and the setting of its
            input τ or u, None without one.
        runs: number of rounds that count, each with every subject once.
        warmup: number of rounds before.

    Returns:
        List of floats, the median milliseconds of each.
    """
    random = np.random.default_rng(_SEED)
    networks = {}
    for path, _ in subjects:
        if path not in networks:
            networks[path] = runtime.Network(path, threads=THREADS)
            shape = networks[path].metadata.image_shape
            networks[path].set_image(random.uniform(-1.0, 1.0, shape))
    taken = np.zeros((len(subjects), runs))
    for run in range(-warmup, runs):
        for index in random.permutation(len(subjects)):
            path, setting = subjects[index]
            if setting is not None:
                networks[path].set_dial(setting)
            _, cpu_seconds = networks[path].invoke()
            if run >= 0:
                taken[index, run] = 1000 * cpu_seconds
    return [float(value) for value in np.median(taken, axis=1)]
