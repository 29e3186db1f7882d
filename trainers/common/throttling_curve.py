"""A trained throttled network over u: its curve, the areas, its components."""

import tfgate
from tfgate import analysis
from tfgate import tables
from tfgate.inference import component_utilization
from trainers.common.evaluation import THRESHOLD
from trainers.common.flags.throttling import LEARNED
from trainers.common.flags.throttling import NAIVE

CURVE, TABLE = "curve.png", "curve.csv"
COMPONENTS = "components.png"
_US_OF_COMPONENTS = (0.25, 0.5, 0.75, 1.0)  # TNN figure 5
_STOCHASTIC = ("independent", *LEARNED)


def measure(model, batches, settings, directory):
    """Measures a throttled network at several u, and draws its curve.

    Independent gating draws components and learned gating decisions, each in a row of
    the policy `stochastic`, as TNN does; under `threshold` they are fixed.

    Args:
        model: the trained network.
        batches: `tf.data.Dataset` of `(images, labels)`.
        settings: `trainers.common.settings.Settings` of the run; `us` are the values.
        directory: `pathlib.Path` of an existing folder for `curve.png` and `curve.csv`,
            and of learned gating for `components.png` and `components.csv`, which only
            throttled networks have.

    Returns:
        dict for results.json: `network`, `gating`; `policy`, whose curve is to be
        compared with those of other networks; `areas`, policy -> `utilization` and
        `macs`, see `tfgate.area_under_curve`; `curve`, rows of
        `tfgate.evaluate_throttling`. None for any other network.
    """
    if not isinstance(model, tfgate.ThrottledModel):
        return None
    policies = {"threshold": tfgate.Threshold(THRESHOLD)}
    if settings.gating in _STOCHASTIC:
        policies["stochastic"] = tfgate.Stochastic()
    curves = {}
    for name, policy in policies.items():
        with tfgate.use_policy(model, policy):
            rows = tfgate.evaluate_throttling(model, batches, settings.us)
        curves[name] = [{k: _rounded(v) for k, v in row.items()} for row in rows]
    gating = "naive" if settings.gating == NAIVE else settings.gating
    titles = {name: f"{gating}, {name}" for name in curves}
    if len(curves) == 1:
        titles = {"threshold": gating}
    analysis.plot_throttling(
        {titles[name]: rows for name, rows in curves.items()}, directory / CURVE
    )
    everything = [row for rows in curves.values() for row in rows]
    tables.write_csv(directory / TABLE, everything)
    if settings.gating in LEARNED:
        _draw_components(model, batches, directory)
    return {
        "network": settings.network,
        "gating": gating,
        "policy": "stochastic" if gating == "independent" else "threshold",
        "areas": {name: _areas(rows) for name, rows in curves.items()},
        "curve": everything,
    }


def report(measured):
    """Prints the curves.

    Args:
        measured: what `measure` returned.
    """
    print("     u   policy      accuracy   utilization   MACs, of dense")
    for row in measured["curve"]:
        print(
            f"{row['u']:6.4f}   {row['policy']:10} {100 * row['accuracy']:7.2f} % "
            f"{row['utilization']:13.3f} {row['executed_macs_share']:16.3f}"
        )
    for policy, areas in measured["areas"].items():
        print(
            f"area under the curve, {policy}: {areas['utilization']:.4f} over "
            f"utilization, {areas['macs']:.4f} over MACs"
        )


def _draw_components(model, batches, directory):
    with tfgate.use_policy(model, tfgate.Stochastic()):
        rows = component_utilization(model, batches, _US_OF_COMPONENTS)
    analysis.plot_component_utilization(rows, directory / COMPONENTS)


def _areas(rows):
    return {
        x: _rounded(tfgate.area_under_curve(rows, x)) for x in ("utilization", "macs")
    }


def _rounded(value):
    return round(value, 6) if isinstance(value, float) else value
