"""Gate passes made of random numbers, without any network."""

import numpy as np

from tfgate.analysis import GatePass

IMAGE = (6, 5, 3)


def gate_pass(
    components=(1, 3, 2),
    images=40,
    classes=4,
    policy="threshold",
    tau=0.5,
    thumbnails=3,
    seed=0,
):
    """A `GatePass` whose executed MACs and decisions belong together.

    The first component is always open, the last always closed; the others are open
    more often the higher the class.
    """
    generator = np.random.default_rng(seed)
    count = sum(components)
    labels = generator.integers(0, classes, images).astype("int32")
    leaning = generator.uniform(0.0, 1.0, count) * (1 + labels[:, None]) / classes
    probabilities = np.clip(leaning, 0.001, 0.999).astype("float16")
    decisions = generator.uniform(size=(images, count)) < probabilities
    decisions[:, 0], decisions[:, -1] = True, False
    macs = generator.integers(1, 50, count).astype("float64") * 1000.0
    executed = (7000.0 + decisions @ macs).astype("float32")
    ends = np.argsort(executed, kind="stable")
    reverse = np.argsort(-executed, kind="stable")
    kept = np.unique(np.concatenate([ends[:thumbnails], reverse[:thumbnails]]))
    return GatePass(
        model="net",
        policy=policy,
        tau=tau,
        gate_names=tuple(f"block{index}_gate" for index in range(len(components))),
        components=tuple(components),
        class_names=tuple(f"class {number}" for number in range(classes)),
        dense_macs=6000 + int(macs.sum()),
        all_open_macs=7000 + int(macs.sum()),
        all_closed_macs=7000,
        labels=labels,
        predictions=generator.integers(0, classes, images).astype("int32"),
        executed_macs=executed,
        decisions=decisions,
        probabilities=probabilities,
        component_macs=macs,
        thumbnail_indices=kept,
        thumbnails=generator.integers(0, 256, (len(kept), *IMAGE)).astype("uint8"),
    )


def history(gates, epochs):
    """Rows of a metrics.csv with random rates."""
    generator = np.random.default_rng(0)
    return [
        {
            "epoch": epoch,
            "accuracy": 0.5,
            "activation_rate": 0.5,
            **{f"rate/g{index}": generator.uniform() for index in range(gates)},
        }
        for epoch in range(1, epochs + 1)
    ]


def table():
    """Rows as `tfgate.evaluate_policies` gives them."""
    thresholds = [
        row("threshold", tau, accuracy, macs)
        for tau, accuracy, macs in (
            (0.3, 0.93, 30e6),
            (0.5, 0.92, 20e6),
            (0.7, 0.88, 10e6),
        )
    ]
    return [
        *thresholds,
        row("stochastic", None, 0.91, 22e6, 0.004, 5),
        row("ensemble_mean", None, 0.935, 110e6, None, 5),
    ]


def row(policy, tau, accuracy, macs, accuracy_std=None, runs=1):
    return {
        "policy": policy,
        "tau": tau,
        "accuracy": accuracy,
        "accuracy_std": accuracy_std,
        "top5_accuracy": 0.99,
        "activation_rate": 0.5,
        "executed_macs_mean": macs,
        "executed_macs_p5": 0.8 * macs,
        "executed_macs_p95": 1.3 * macs,
        "images": 100,
        "runs": runs,
    }
