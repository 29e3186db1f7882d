"""`--evaluate_only`: a finished run under many policies, as a table and as plots."""

import keras

import tfgate
from tfgate import analysis
from tfgate import tables
from trainers.common import exits
from trainers.common import throttling_curve
from trainers.common.errors import UserError


def study(chosen, run_settings, dataset, workdir):
    """Evaluates the finished run in a workdir.

    Args:
        chosen: `trainers.common.settings.Settings` of this evaluation; used are
            `split`, `taus`, `us`, `stochastic_runs`, `ensemble_runs` and
            `evaluation_batch_size`.
        run_settings: those of the run.
        dataset: `trainers.common.data.dataset.Dataset` of the run.
        workdir: `trainers.common.workdir.Workdir` of the run.

    Returns:
        Directory of `table.csv`, `report.html` and the plots; `exits.csv` and
        `exits.png` are of networks with early exits. Of a throttled network it has what
        `trainers.common.throttling_curve.measure` writes, and nothing else.

    Raises:
        UserError: the run has no gates, or has no images of the split.
    """
    model = keras.saving.load_model(workdir.model)
    if not isinstance(model, tfgate.GatedModel):
        raise UserError(
            f"expected a network with gates in {workdir.path}, got "
            f"--gate={run_settings.gate}"
        )
    if chosen.split == "validation" and not dataset.validation_examples:
        raise UserError(
            "expected a run with --validation_examples for --split=validation, that in "
            f"{workdir.path} has none"
        )
    images = {"test": dataset.test, "validation": dataset.validation}[chosen.split]
    batches = images(chosen.evaluation_batch_size)
    directory = workdir.evaluation / chosen.split
    directory.mkdir(parents=True, exist_ok=True)
    print(f"evaluating {model.name} on the {chosen.split} split ...", flush=True)
    if isinstance(model, tfgate.ThrottledModel):
        run_settings.us = chosen.us
        measured = throttling_curve.measure(model, batches, run_settings, directory)
        throttling_curve.report(measured)
        print(f"table and plot in {directory}")
        return directory
    table = tfgate.evaluate_policies(
        model, batches, _policies(chosen, dataset), from_logits=True
    )
    tables.write_csv(directory / "table.csv", table)
    passes = [
        analysis.record(model, batches, policy, class_names=dataset.labels)
        for policy in (tfgate.Threshold(0.5), tfgate.Stochastic())
    ]
    for name, gate_pass in zip(("threshold", "stochastic"), passes, strict=True):
        gate_pass.save(directory / f"gates_{name}.npz")
    report = analysis.gallery(
        directory,
        passes,
        history=tables.read_csv(workdir.metrics),
        table=table,
        dense=[],
        title=f"{model.name} on {dataset.name}, {chosen.split} split",
    )
    leaving = exits.measure(model, batches, directory)
    _print(table, model.costs.dense)
    if leaving:
        exits.report(leaving, model.costs.dense)
    print(f"table and plots in {report}")
    return directory


def _policies(chosen, dataset):
    ensembles = [tfgate.inference.Ensemble(chosen.ensemble_runs, "mean")]
    ensembles.append(tfgate.inference.Ensemble(chosen.ensemble_runs, "vote"))
    if chosen.split == "test" and dataset.validation_examples:
        validation = dataset.validation(chosen.evaluation_batch_size)
        ensembles.append(
            tfgate.inference.Ensemble(chosen.ensemble_runs, "weighted", validation)
        )
    return [
        *map(tfgate.Threshold, chosen.taus),
        tfgate.AlwaysOpen(),
        tfgate.inference.StochasticRuns(chosen.stochastic_runs),
        *ensembles,
    ]


def _print(table, dense):
    print(
        "policy               tau  accuracy   top-5    rate   MACs, of dense (5..95 %)"
    )
    for row in table:
        tau = "" if row["tau"] is None else f"{row['tau']:g}"
        mean, low, high = (
            row[f"executed_macs_{name}"] / dense for name in ("mean", "p5", "p95")
        )
        spread = (
            "" if row["accuracy_std"] is None else f" ± {100 * row['accuracy_std']:.2f}"
        )
        print(
            f"{row['policy']:18} {tau:>5} {100 * row['accuracy']:8.2f} % "
            f"{100 * row['top5_accuracy']:6.2f} % {row['activation_rate']:6.3f} "
            f"{mean:8.3f} ({low:.3f} .. {high:.3f}){spread}"
        )
