"""Plots of a run: its accuracy, and the activation rates of its gates."""

from matplotlib.figure import Figure

from tfgate import analysis


def write(directory, history, evaluation):
    """Writes the plots of a run.

    Args:
        directory: `pathlib.Path`; created if missing.
        history: rows of metrics, one for each epoch.
        evaluation: result of `trainers.common.evaluation.evaluate`.

    Returns:
        Paths of the files: `accuracy.png` and, for a gated network without a dial,
        `activation_rates.png` (each block's rate over epochs) and `final_rates.png`
        (each block's rate on the test set).
    """
    directory.mkdir(parents=True, exist_ok=True)
    figures = {"accuracy.png": _accuracy(history)}
    if "stochastic" in evaluation:
        rates = {
            "threshold 0.5": evaluation["threshold"]["rates"],
            "stochastic": evaluation["stochastic"]["rates"],
        }
        figures["activation_rates.png"] = analysis.draw_rates_over_epochs(history)
        figures["final_rates.png"] = analysis.draw_final_rates(rates)
    for name, figure in figures.items():
        figure.savefig(directory / name, dpi=120)
    return [directory / name for name in figures]


def _accuracy(history):
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
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
