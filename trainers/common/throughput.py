"""Throughput of two things that ran in alternation."""

import numpy as np


def compare(runs, name, baseline):
    """Compares the runs of one thing with those of another, pair by pair.

    Args:
        runs: dict from name to a list of `(images per second, images per CPU second)`,
            one for each run.
        name: what is compared.
        baseline: with what.

    Returns:
        Dict: `images_per_second`, with the median and the runs of both; `ratio` and
        `cpu_ratio`, medians over the pairs; `ratio_runs`.
    """
    speeds = {key: np.array(values) for key, values in runs.items()}  # [runs, 2]
    ratios = speeds[name] / speeds[baseline]
    return {
        "images_per_second": {
            key: {
                "median": float(np.median(values[:, 0])),
                "runs": values[:, 0].tolist(),
            }
            for key, values in speeds.items()
        },
        "ratio": float(np.median(ratios[:, 0])),
        "ratio_runs": ratios[:, 0].tolist(),
        "cpu_ratio": float(np.median(ratios[:, 1])),
    }
