"""Early exits of a trained network: who leaves where, and how well."""

import tfgate
from tfgate import analysis
from trainers.common.evaluation import THRESHOLD

PLOT = "exits.png"


def measure(model, batches, directory):
    """Measures a network exit by exit under the threshold policy.

    Args:
        model: the trained network.
        batches: `tf.data.Dataset` of `(images, labels)`.
        directory: `pathlib.Path` of an existing folder for `exits.png` and `exits.csv`,
            which only networks with early exits have.

    Returns:
        Rows of `tfgate.evaluate_exits`: of each exit, of the `last` classifier and of
        `all`; None for a network without early exits.
    """
    if not (isinstance(model, tfgate.GatedModel) and model.exits.exits):
        return None
    with tfgate.use_policy(model, tfgate.Threshold(THRESHOLD)):
        rows = tfgate.evaluate_exits(model, batches)
    rows = [{name: _rounded(value) for name, value in row.items()} for row in rows]
    analysis.plot_exits(rows, directory / PLOT)
    return rows


def report(rows, dense):
    """Prints the table.

    Args:
        rows: what `measure` returned.
        dense: MACs of the network without gates, for one image.
    """
    print("exit          share   accuracy on all, on those that leave   MACs, of dense")
    for row in rows:
        of_all, chosen = (_percent(row[f"accuracy_{n}"]) for n in ("all", "chosen"))
        macs = _share(row["executed_macs_mean"], dense)
        share = 100 * row["share"]
        print(f"{row['exit']:12} {share:5.1f} % {of_all:>16} {chosen:>21} {macs:>16}")


def _percent(value):
    return "-" if value is None else f"{100 * value:.2f} %"


def _share(macs, dense):
    return "-" if macs is None else f"{macs / dense:.3f}"


def _rounded(value):
    return round(value, 6) if isinstance(value, float) else value
