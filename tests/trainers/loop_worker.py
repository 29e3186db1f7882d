"""A worker of TF_CONFIG's cluster that trains the networks of test_loop.

    python -m tests.trainers.loop_worker FILE

writes its weights and metrics to FILE.
"""

import json
import sys

import numpy as np

from tests.trainers.builders import toy_settings
from tests.trainers.common import test_loop
from trainers.common import strategy


def main(path):
    chosen = toy_settings()
    distribution = strategy.create(chosen, strategy.read_cluster(chosen))
    arrays = {}
    for name, gate_losses in {"dense": None, **test_loop.GATE_LOSSES}.items():
        weights, history = test_loop.trained_by(distribution, gate_losses=gate_losses)
        arrays |= {f"{name}/{index}": weight for index, weight in enumerate(weights)}
        arrays[f"{name}/history"] = np.array(json.dumps(history))
    np.savez(path, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
