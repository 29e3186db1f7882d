"""The plan of a run: what it would do, said before it does it.

Its numbers come from the objects that the run itself uses, so that it cannot promise
anything else: the network is built and compiled as for training.
"""

import dataclasses
import itertools

import numpy as np

import tfgate
from tfgate import costs
from tfgate import tables
from tfgate.analysis import figures
from trainers.common import curves as curve_kinds
from trainers.common import files
from trainers.common import network
from trainers.common import results
from trainers.common import strategy
from trainers.common.curves import Curve
from trainers.common.data import sizes
from trainers.common.data.dataset import Dataset

_ROWS = 24  # of the printed table
_POINTS = 1000  # of a drawn curve
_TITLES = {
    curve_kinds.LEARNING_RATE: "learning rate",
    curve_kinds.TARGET: "targets",
    curve_kinds.COEFFICIENT: "coefficients",
    curve_kinds.SAMPLING: "temperature and noise",
    curve_kinds.CONTROL: "u",
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a run would do.

    Attributes:
        title: the network and the data set.
        facts: what stays as it is, name -> text.
        curves: what may change, a list of `Curve`.
        epochs: number of epochs.
        steps: training steps in an epoch.
    """

    title: str
    facts: dict
    curves: list[Curve]
    epochs: int
    steps: int

    def rows(self):
        """A row for each epoch, with every number as its first step has it."""
        first = np.arange(self.epochs) * self.steps
        values = {curve.name: curve.at(first) for curve in self.curves}
        return [
            {
                "epoch": epoch + 1,
                "first_step": int(first[epoch]),
                **{name: float(column[epoch]) for name, column in values.items()},
            }
            for epoch in range(self.epochs)
        ]


def make(settings, cluster=None):
    """Makes the plan of a run.

    Args:
        settings: `trainers.common.settings.Settings`.
        cluster: `trainers.common.cluster.Cluster` of TF_CONFIG, or None.

    Returns:
        `Plan`.

    Raises:
        UserError: network, gates, losses, data or devices do not fit together: what the
            run itself would raise.
    """
    found = sizes.find(settings)
    dataset = _dataset(settings, found)
    steps = network.steps_per_epoch(settings, dataset)
    batch = _batch(settings, cluster)
    model = network.build(settings, dataset)
    network.compile_model(model, settings, steps, dataset)
    facts = {
        **_network(model, dataset.image_shape),
        "images": _images(found),
        "epochs": f"{settings.epochs} of {steps:,} steps, "
        f"{settings.epochs * steps:,} steps in all",
        "batch": batch,
        "optimizer": _optimizer(model, settings),
        **_options(settings),
    }
    return Plan(
        f"{model.name} on {settings.dataset}",
        facts,
        curve_kinds.collect(settings, model, steps),
        settings.epochs,
        steps,
    )


def show(plan, workdir=None):
    """Prints a plan and, in a workdir, draws it.

    Args:
        plan: `Plan`.
        workdir: `trainers.common.workdir.Workdir`, created if missing, or None.

    Raises:
        UserError: the workdir cannot be created.
    """
    rows = plan.rows()
    print("\n".join(_text(plan, rows)), flush=True)
    if workdir is None:
        return
    workdir.create()
    with files.replaced(workdir.plan_csv) as unfinished:
        tables.write_csv(unfinished, rows)
    with files.replaced(workdir.plan_png) as unfinished:
        draw(plan).savefig(unfinished, dpi=120)
    print(f"curves in {workdir.plan_png} and {workdir.plan_csv.name}", flush=True)


def draw(plan):
    """Draws the curves of a plan, each kind on axes of its own.

    Args:
        plan: `Plan`.

    Returns:
        A matplotlib figure.
    """
    last = plan.epochs * plan.steps - 1
    steps = np.unique(np.linspace(0, last, min(last + 1, _POINTS)).astype("int64"))
    lines = {kind: [] for kind in _TITLES}
    for curve in plan.curves:
        lines[curve.kind].append((curve, curve.at(steps)))
    for kind in (curve_kinds.SAMPLING, curve_kinds.CONTROL):
        if all(np.ptp(values) == 0.0 for _, values in lines[kind]):
            del lines[kind]
    kinds = [kind for kind in lines if lines[kind]]
    figure = figures.new_figure(8, 1.2 + 2.3 * len(kinds))
    all_axes = figure.subplots(len(kinds), sharex=True, squeeze=False)[:, 0]
    for axes, kind in zip(all_axes, kinds, strict=True):
        curves, values = zip(*lines[kind], strict=True)
        values = np.array(values)
        _draw_curves(axes, steps / plan.steps, curves, values)
        axes.set(ylabel=_TITLES[kind])
        if kind == curve_kinds.LEARNING_RATE and values.min() > 0.0:
            axes.set_yscale("log")
        else:
            axes.set_ylim(min(0.0, values.min()), 1.08 * values.max() or 1.0)
        axes.grid(alpha=0.3)
    all_axes[0].set(title=f"Plan of {plan.title}")
    all_axes[-1].set(xlabel="epochs done", xlim=(0, plan.epochs))
    return figure


def _draw_curves(axes, epochs, curves, values):
    """Curves that differ by style and marker, so that grey will do."""
    for index, (curve, line) in enumerate(zip(curves, values, strict=True)):
        axes.plot(
            epochs,
            line,
            color="black",
            linestyle=figures.LINE_STYLES[index % len(figures.LINE_STYLES)],
            marker=figures.MARKERS[index % len(figures.MARKERS)],
            markersize=4,
            # Moved against each other: equal curves would hide each other's markers.
            markevery=(index * len(epochs) // 60, max(1, len(epochs) // 12)),
            label=curve.name + (" (at first)" if curve.follows_batches else ""),
        )
    if len(curves) > 1 or curves[0].kind != curve_kinds.LEARNING_RATE:
        axes.legend(fontsize=8, ncols=1 + len(curves) // 7)


def _text(plan, rows):
    """The lines that are printed."""
    width = max(map(len, plan.facts)) + 2
    lines = [f"plan of {plan.title}"]
    lines += [f"  {name:{width}}{text}" for name, text in plan.facts.items()]
    constant = {
        curve: rows[0][curve.name]
        for curve in plan.curves
        if all(row[curve.name] == rows[0][curve.name] for row in rows)
    }
    for curve, value in constant.items():
        note = ", then it follows the batches" if curve.follows_batches else ""
        when = "at the beginning of each epoch" if note else "throughout"
        lines.append(f"  {curve.name}: {value:.6g} {when}{note}")
    changing = [curve.name for curve in plan.curves if curve not in constant]
    return lines + (_table(rows, changing) if changing else [])


def _table(rows, names):
    """The rows in which something changes, as text."""
    values = [[row[name] for name in names] for row in rows]
    shown = _shown(np.array(values))
    cells = [["from epoch", *names]]
    cells += [
        [str(rows[index]["epoch"]), *(f"{rows[index][name]:.6g}" for name in names)]
        for index in shown
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  " + "  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True))
        for row in cells
    ]
    changing = sum(before != after for before, after in itertools.pairwise(values))
    if len(shown) < 1 + changing:
        lines.append(
            f"  (some of the {len(rows)} epochs; with --workdir, plan.csv has all)"
        )
    return lines


def _shown(values):
    """Numbers of the epochs, of `[epochs, curves]`, that the table shows.

    All in which something changes; if these are too many, those in which a change
    begins, jumps or ends, and some evenly from between.
    """
    differences = np.diff(values, axis=0)
    changes = [0, *(np.flatnonzero(differences.any(axis=1)) + 1)]
    if len(changes) <= _ROWS:
        return [int(index) for index in changes]
    moves = np.sign(np.vstack([differences[:1] * 0, differences, differences[-1:] * 0]))
    bends = set(np.flatnonzero((np.diff(moves, axis=0) != 0).any(axis=1)))
    bends |= {0, len(values) - 1}
    if len(bends) >= _ROWS:
        bends = {0, len(values) - 1}
    between = [index for index in changes if index not in bends]
    free = _ROWS - len(bends)
    picked = np.linspace(0, len(between) - 1, free).round().astype(int)
    return sorted({int(i) for i in bends} | {int(between[place]) for place in picked})


def _dataset(settings, found):
    """A data set of the right sizes, without images."""
    side = settings.image_size or 32
    return Dataset(
        name=settings.dataset,
        labels=tuple(map(str, range(found.classes))),
        image_shape=(side, side, 3),
        mean=(0.0,) * 3,
        std=(1.0,) * 3,
        train_examples=found.train,
        validation_examples=found.validation,
        test_examples=found.test,
        train=None,
        validation=None,
        test=None,
        one_hot=bool(
            settings.label_smoothing or settings.mixup_alpha or settings.cutmix_alpha
        ),
    )


def _network(model, image_shape):
    parameters = results.parameters(model)
    gated = isinstance(model, tfgate.GatedModel)
    if gated:
        macs = model.costs.dense
    else:
        macs = costs.count_macs(model, (1, *image_shape))
    side = "x".join(map(str, image_shape[:2]))
    facts = {
        "parameters": f"{parameters:,}",
        "MACs": f"{macs:,} for an image of {side}, gates not counted",
    }
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    if trained < parameters:
        facts["parameters"] += f", of which {trained:,} are trained"
    if gated:
        components = sum(gate.components for gate in model.gates)
        facts["gates"] = (
            f"{len(model.gates)} of {components:,} components; MACs with all open "
            f"{model.costs.all_open:,}, with all closed {model.costs.all_closed:,}"
        )
    else:
        facts["MACs"] = f"{macs:,} for an image of {side}"
    return facts


def _images(found):
    held_out = f", {found.validation:,} for validation" if found.validation else ""
    return (
        f"{found.train:,} for training{held_out}, {found.test:,} for testing, "
        f"{found.classes:,} classes ({found.source})"
    )


def _batch(settings, cluster):
    """The batch and its part for each device, where that is known."""
    size = settings.batch_size
    hosts = len(cluster.addresses) if cluster else 1
    if hosts > 1:
        return f"{size} images, {size / hosts:g} for each of {hosts} processes"
    distribution = strategy.create(settings, None)
    distribution.check(settings)
    replicas = distribution.replicas
    if replicas == 1:
        return f"{size} images, on one device"
    return f"{size} images, {size // replicas} for each of {replicas} devices"


def _optimizer(model, settings):
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    kind = "Adam"
    if settings.optimizer == "sgd":
        kind = f"SGD, momentum {settings.momentum:g}"
        kind += " (Nesterov)" if settings.nesterov else ""
    text = f"{kind}, weight decay {optimizer.l2:g}"
    if settings.gate_weight_decay is not None:
        text += f", of gates {optimizer.gate_l2:g}"
    return text


# Flags that are worth a line where they are set: name of the line -> text of a value.
_OPTIONS = (
    ("clip_norm", "gradients", "clipped to a global norm of {clip_norm:g}"),
    ("ema_momentum", "average", "of the weights, momentum {ema_momentum:g}"),
    ("label_smoothing", "label smoothing", "{label_smoothing:g}"),
    ("mixup_alpha", "MixUp", "alpha {mixup_alpha:g}"),
    ("cutmix_alpha", "CutMix", "alpha {cutmix_alpha:g}"),
    (
        "randaugment_layers",
        "RandAugment",
        "{randaugment_layers} operations of magnitude {randaugment_magnitude:g}",
    ),
    ("weights", "start", "from the weights {weights}"),
    ("gate_loss", "gate loss", "{gate_loss}"),
    ("estimator", "estimator", "{estimator}"),
    ("control", "u in training", "{control}"),
    ("control_per", "u drawn", "for each {control_per}"),
    ("data_path", "data path", "of {data_path}, frozen"),
    ("complexity", "complexity", "{complexity}, power {complexity_power}"),
    ("complexity_weights", "components", "count by {complexity_weights}"),
    (
        "recalibrate_steps",
        "recalibration",
        "of batch norms, {recalibrate_steps} batches of {recalibrate_batch_size}",
    ),
)


def _options(settings):
    values = vars(settings)
    facts = {
        name: text.format(**values)
        for flag, name, text in _OPTIONS
        if values[flag] not in (None, 0, 0.0, "none")
    }
    if settings.precision != "float32":
        facts["precision"] = settings.precision
    return facts
