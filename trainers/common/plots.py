"""Plots of a run's activation rates, readable without colour vision.

Blocks differ by line style, marker and lightness, and each line carries its name.
"""

import matplotlib
import numpy as np

matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402

_STYLES = ("-", "--", "-.", ":")
_MARKERS = "osD^v<>PX*"


def write(directory, history, evaluation):
    """Writes the plots of a run.

    Args:
        directory: `pathlib.Path`; created if missing.
        history: rows of metrics, one for each epoch.
        evaluation: result of `trainers.common.evaluation.evaluate`.

    Returns:
        Paths of the files: `accuracy.png` and, for a gated network,
        `activation_rates.png` (each block's rate over epochs) and `final_rates.png`
        (each block's rate on the test set).
    """
    directory.mkdir(parents=True, exist_ok=True)
    figures = {"accuracy.png": _accuracy(history)}
    if "threshold" in evaluation:
        figures["activation_rates.png"] = _rates_over_epochs(history)
        figures["final_rates.png"] = _final_rates(evaluation)
    for name, figure in figures.items():
        figure.savefig(directory / name, dpi=120)
        plt.close(figure)
    return [directory / name for name in figures]


def _accuracy(history):
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    epochs = [row["epoch"] for row in history]
    for name, label, style in (
        ("accuracy", "training", "k--"),
        ("val_accuracy", "test", "k-"),
    ):
        axes.plot(epochs, [row[name] for row in history], style, label=label)
    axes.set(xlabel="epoch", ylabel="accuracy", title="Accuracy")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def _rates_over_epochs(history):
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    epochs = [row["epoch"] for row in history]
    gates = [name for name in history[0] if name.startswith("rate/")]
    # Without the lightest fifth, which fades on white.
    shades = plt.colormaps["cividis"](np.linspace(0.0, 0.8, len(gates)))
    for index, name in enumerate(gates):
        axes.plot(
            epochs,
            [row[name] for row in history],
            color=shades[index],
            linestyle=_STYLES[index % len(_STYLES)],
            marker=_MARKERS[index % len(_MARKERS)],
            markersize=4,
            markevery=max(1, len(epochs) // 15),
            label=_block(name),
        )
    total = [row["activation_rate"] for row in history]
    axes.plot(epochs, total, color="black", linewidth=3, label="all blocks")
    axes.set(
        xlabel="epoch",
        ylabel="activation rate in training",
        ylim=(-0.02, 1.02),
        title="Share of images for which a block runs",
    )
    axes.grid(alpha=0.3)
    axes.legend(
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        fontsize="small",
        ncols=_columns(gates),
    )
    return figure


def _final_rates(evaluation):
    rates = evaluation["threshold"]["rates"]
    sampled = evaluation["stochastic"]["rates"]
    height = max(3.0, 0.3 * len(rates) + 1.5)
    figure, axes = plt.subplots(figsize=(7, height), layout="constrained")
    places = range(len(rates))
    axes.barh(
        places, rates.values(), color="0.75", edgecolor="black", label="threshold 0.5"
    )
    axes.plot(list(sampled.values()), places, "kD", markersize=5, label="stochastic")
    axes.set_yticks(places, [_block(name) for name in rates])
    axes.invert_yaxis()
    axes.set(
        xlabel="activation rate on the test set",
        xlim=(0.0, 1.02),
        title="Share of test images for which a block runs",
    )
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _block(name):
    return name.removeprefix("rate/").removesuffix("_gate")


def _columns(gates):
    return 1 + len(gates) // 20
