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
    for name, arguments in test_loop.NETWORKS.items():
        weights, history = test_loop.trained_by(distribution, **arguments)
        arrays |= {f"{name}/{index}": weight for index, weight in enumerate(weights)}
        arrays[f"{name}/history"] = np.array(json.dumps(history))
    np.savez(path, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
