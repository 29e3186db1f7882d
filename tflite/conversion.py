"""The way from a trained network to the bytes of a .tflite file."""

import contextlib
import dataclasses

import keras
import numpy as np

import tfgate
from tfgate.graph import GraphRewriter
from tflite import clustering
from tflite import cost_model
from tflite import describe
from tflite import expectations
from tflite import explain
from tflite import export
from tflite import files
from tflite import lowering as lowerings
from tflite import metadata
from tflite import nesting
from tflite import plan
from tflite import self_check
from tflite import source
from tflite import variants
from tflite.calibration import TrainingImages
from tflite.errors import InputError
from tflite.lowering.context import Decisions
from tflite.options import FILTERS_AT_ONCE
from tflite.options import LEVELS
from tflite.options import MAX_GROWTH
from tflite.options import MIN_GROUP
from tflite.options import Options
from tflite.quantization import int8

# Options for what is made for images, and what that is.
_FOR_IMAGES = {
    "filters_at_once": "whose clusters and variants are made",
    "max_growth": "whose variants are made",
}
# Decisions that are drawn for each gate beside those on calibration images.
_DRAWS = 1600


def run(model, options, clusters=None, print_fn=None, variants=None):
    """Converts a network.

    Args:
        model: path of a `.keras` file, or a `keras.Model`.
        options: `tflite.options.Options`.
        clusters: block name -> dict of site name -> `tflite.clusters.SiteClusters`;
            what it lacks stands for consecutive filters. None: found from what
            calibration images decide, or without them consecutive filters.
        print_fn: receives the plan as a table, a string, and what clusters of filters
            and variants of blocks promise, two more; None for none.
        variants: block name -> `tflite.variants.BlockVariants`. None: as for
            `clusters`, and without calibration images none.

    Returns:
        `(content, description)`: bytes of the file, and its `Metadata`.

    Raises:
        InputError: the network does not fit the arguments.
    """
    origin = None
    if not isinstance(model, keras.Model):
        path, model = model, source.load(model)
        origin = {"file": path.name, "sha256": files.fingerprint(path)}
    _check(model, options)
    calibrated_on = options.calibration
    options = dataclasses.replace(options, calibration=_calibration(model, options))
    threshold = lowerings.LogOddsThreshold(options.tau)
    dial, learned = _control(model, options, threshold)
    with _float32():
        model = source.in_float32(model)
        quantized = int8.prepare(model, options)
        plans, graph, switched = [], quantized, {}
        if isinstance(model, tfgate.GatedModel):
            throttled = isinstance(model, tfgate.ThrottledModel)
            chooses = options.lowering == "conditional" and not throttled
            expected = expectations.expect(model, options) if chooses else None
            if (
                chooses
                and expected.is_recorded
                and (clusters, variants) == (None, None)
            ):
                clusters, variants = _arranged(model, options, expected, print_fn)
            if learned is not None and clusters is None:
                opened = expectations.over_u(model, options, learned)
                if opened is not None:
                    clusters = _clusters(model, options, opened, print_fn).sites
            plans = plan.make(model, options, expected, clusters, variants)
            if print_fn is not None:
                print_fn(explain.table(plans, expected.source if chooses else None))
            graph = export_graph(
                quantized,
                plans,
                threshold,
                options,
                dial,
                learned=learned,
                clusters=clusters,
                variants=variants,
                switched=switched,
            )
        flatbuffer = export.to_flatbuffer(
            graph,
            source.input_shape(model),
            options,
            threshold=threshold,
            u_input=(dial, learned) != (None, None),
            dense=_dense_graph(model, quantized, threshold, options),
        )
    calibrated_on = int8.provenance(model, calibrated_on, options.quantize)
    document = describe.document(
        model, plans, options, dial, learned, switched, calibrated_on
    )
    content, description = metadata.append(flatbuffer, document | {"source": origin})
    self_check.check(content, description, model, options)
    return content, description


def export_graph(
    model,
    plans,
    threshold,
    options,
    dial=None,
    *,
    learned=None,
    clusters=None,
    variants=None,
    switched=None,
):
    """Builds a copy of a gated network with the lowered blocks in place.

    Args:
        model: a `tfgate.GatedModel`.
        plans: list of `tflite.plan.BlockPlan`, one for each block.
        threshold: `tflite.lowering.LogOddsThreshold`.
        options: `tflite.options.Options`.
        dial: `tflite.lowering.Dial` of a throttled network with an input u whose
            gating follows a rule, else None.
        learned: `tflite.lowering.Learned` of one whose gating is learned, else None.
        clusters: as for `run`.
        variants: likewise.
        switched: dict that gets what blocks of gated filters execute, as
            `tflite.lowering.Context.switched`; None if that is not of interest.

    Returns:
        `keras.Model` from images, batch 1, or from images and u, `[1]`, to a dict of
        outputs.
    """
    rewriter = GraphRewriter(model.core)
    context = lowerings.Context(
        rewriter,
        threshold,
        dial=dial,
        learned=learned,
        levels=options.levels or LEVELS,
        min_group=options.min_group or MIN_GROUP,
        clusters=clusters or {},
        variants=variants or {},
        decisions={entry.block.name: entry.decisions for entry in plans},
        switched={} if switched is None else switched,
    )
    chosen = {entry.block.name: entry.lowering for entry in plans}

    def replace(block, x):
        return lowerings.find(block, chosen[block.name])(block, x, context)

    images = keras.Input(batch_shape=source.input_shape(model), name="images")
    inputs, substitutes = images, {}
    if isinstance(model, tfgate.ThrottledModel):
        u = keras.Input(batch_shape=(1,), name="u")
        inputs = [images, u]
        if learned is not None:
            substitutes[model.gating.name] = learned.decide
        for control in (dial, learned):
            if control is not None:
                control.u = lowerings.Clamp(name="clamped_u")(u)
    markers = []

    def select(answers):
        markers.append(nesting.Selected(name="selected")(answers[-1]))
        return markers[0]

    _, predictions = rewriter.rewrite(
        replace, inputs=inputs, select=select, substitutes=substitutes
    )
    if dial is None and learned is None:
        inputs = images
    if markers:
        told = _told_by_stage(model, plans, context) if options.gate_outputs else {}
        predictions, decisions = nesting.nest(
            _in_order(context.leaves, model.exits.exits),
            markers[0],
            predictions,
            [images],
            [told.get(stage) for stage in range(len(model.exits.sources))],
        )
    else:
        decisions = _decisions(model, plans, context) if options.gate_outputs else None
    outputs = {"predictions": predictions}
    if decisions is not None:
        outputs["decisions"] = decisions
    graph = keras.Model(inputs, outputs, name=f"{model.name}_export")
    rewriter.finish()
    return graph


def _decisions(model, plans, context):
    """The output `decisions` of a network without exits; None without undecided."""
    if context.learned is not None:
        return context.learned.decisions()
    dial = context.dial
    if dial is None:
        decisions, _ = _told(plans, context, "decisions") or (None, None)
        return decisions
    openings = [o for block in model.blocks for o in dial.openings(block.gate)]
    return lowerings.Decided(openings, name="decisions")(dial.u)


def _in_order(leaves, exits):
    """`Leave`s in the order in which images come to them."""
    order = [leave.name for leave in exits]
    return sorted(leaves, key=lambda leave: order.index(leave.name))


def _arranged(model, options, expected, print_fn):
    """Clusters and variants of blocks of gated filters, for what images open.

    Returns:
        Two dicts: block name -> site name -> `SiteClusters`, and block name ->
        `tflite.variants.BlockVariants`.
    """
    decisions = {gate.name: expected.decisions(gate.name) for gate in model.gates}
    clusters = _clusters(model, options, decisions, print_fn)
    growth = options.max_growth or MAX_GROWTH
    at_once = options.filters_at_once or FILTERS_AT_ONCE
    prices = variants.Prices(
        condition=cost_model.condition_macs(),
        move=cost_model.move_macs(),
        passes=cost_model.pass_macs(),
        filters_at_once=at_once,
    )
    draws = {gate.name: expected.draws(gate.name, _DRAWS) for gate in model.gates}
    min_group = options.min_group or MIN_GROUP
    found = variants.of_network(
        model, decisions, clusters, growth, prices, draws, min_group
    )
    if print_fn is not None and clusters.blocks:
        print_fn(found.describe())
    return clusters.sites, found.blocks


def _clusters(model, options, decisions, print_fn):
    """`tflite.clustering.NetworkClusters` for decisions by gate; tells people of it."""
    clusters = clustering.of_network(
        model,
        decisions,
        options.min_group or MIN_GROUP,
        cost_model.condition_macs(),
        cost_model.pass_macs(),
        options.filters_at_once or FILTERS_AT_ONCE,
    )
    if print_fn is not None and clusters.blocks:
        print_fn(clusters.describe())
    return clusters


def _dense_graph(model, quantized, threshold, options):
    """The export graph of the signature `dense`; None where it is not wanted."""
    if len(options.signatures) == 1:
        return None
    dense = Options(lowering="dense")
    return export_graph(quantized, plan.make(model, dense), threshold, dense)


def _told_by_stage(model, plans, context):
    """For each stage between exits, what `_told` gives for its gates; a dict."""
    stages, by_stage = model.exits.stages(), {}
    for entry in plans:
        by_stage.setdefault(stages.get(entry.block.name, 0), []).append(entry)
    return {
        stage: _told(plans, context, f"decisions_{stage}", own)
        for stage, own in by_stage.items()
    }


def _told(plans, context, name, own=None):
    """Decisions of undecided components.

    Args:
        plans: list of all `BlockPlan`s.
        context: `tflite.lowering.Context`, when all blocks are lowered.
        name: of the new layer.
        own: list of the `BlockPlan`s to tell of; None for all.

    Returns:
        KerasTensor `[1, n]`, and the list of its columns among those of the network;
        None where nothing is undecided.
    """
    log_odds, told, columns, column, given = [], [], [], 0, 0
    for entry in plans:
        undecided = [i for i, z in enumerate(entry.decisions) if z is None]
        if undecided and (own is None or entry in own):
            log_odds += context.log_odds[entry.block.gate.name]
            told += [given + i for i in undecided]
            columns += range(column, column + len(undecided))
            given += len(entry.decisions)
        column += len(undecided)
    if not told:
        return None
    told = None if len(told) == given else told
    return Decisions(context.threshold, told, name=name)(log_odds), columns


def _control(model, options, threshold):
    """What opens the blocks of a throttled network that is not to be dense.

    Returns:
        `(dial, learned)`: `Dial` and None, or None and `Learned`; twice None for other
        networks.

    Raises:
        InputError: options do not go with the network, or it cannot be converted so.
    """
    if not isinstance(model, tfgate.ThrottledModel) or options.lowering == "dense":
        filters = options.lowering == "conditional" and any(
            isinstance(block, tfgate.GatedFilters)
            for block in getattr(model, "blocks", ())
        )
        for name in ("levels", "min_group", *_FOR_IMAGES):
            value = getattr(options, name)
            if value is not None and not (filters and name != "levels"):
                raise InputError(
                    f"Expected no --{name} without a throttled network and its input "
                    "u, or, for all but --levels, gated filters, got "
                    f"{value!r}."
                )
        if options.calibration is None:
            _check_made_for_images(options)
        return None, None
    if options.max_growth is not None:
        raise InputError(
            "Expected no --max_growth for a throttled network, whose widths have no "
            f"variants, got {options.max_growth!r}."
        )
    if options.autotune:
        raise InputError(
            "Expected no --autotune for a throttled network, whose blocks have one "
            "lowering each; see --block_lowering."
        )
    filters = any(isinstance(block, tfgate.GatedFilters) for block in model.blocks)
    for name in ("levels", "min_group", "filters_at_once"):
        value = getattr(options, name)
        if value is not None and not filters:
            raise InputError(
                f"Expected no --{name} for a network without gated filters, whose "
                f"widths or clusters it is about, got {value!r}."
            )
    if options.lowering != "conditional" or options.tau_input:
        asked = "--tau_input" if options.tau_input else f"--lowering={options.lowering}"
        raise InputError(
            "Expected --lowering=conditional or dense, without --tau_input, for a "
            f"throttled network, got {asked}."
        )
    if type(model.gating) in lowerings.Dial.CLASSES:
        if options.filters_at_once is not None:
            raise InputError(
                "Expected no --filters_at_once for a throttled network whose gating "
                "follows a rule: widths differ by --min_group; got "
                f"{options.filters_at_once!r}."
            )
        return lowerings.Dial(model), None
    if options.levels is not None:
        raise InputError(
            "Expected no --levels for a throttled network whose gating is learned: its "
            f"filters are in clusters, see --min_group; got {options.levels!r}."
        )
    learned = lowerings.Learned(model, threshold)
    looks_at_images = learned.intervals(options.tau) is None
    if looks_at_images and options.calibration is None:
        _check_made_for_images(options)
    return None, learned


def _check_made_for_images(options):
    for name, what in _FOR_IMAGES.items():
        value = getattr(options, name)
        if value is not None:
            raise InputError(
                f"Expected --calibration_dataset with --{name}, {what} for images, got "
                f"{value!r} without."
            )


def _calibration(model, options):
    """The calibration images as an array; None without."""
    images, shape = options.calibration, source.input_shape(model)[1:]
    if images is None:
        return None
    if isinstance(images, TrainingImages):
        return images.load(shape)
    images = np.asarray(images, "float32")
    if images.shape[1:] != shape or not len(images):
        raise InputError(
            f"Expected calibration images, [images, {', '.join(map(str, shape))}], got "
            f"the shape {list(images.shape)}."
        )
    return images


@contextlib.contextmanager
def _float32():
    """Lets new layers compute in float32, whatever the caller trains in."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _check(model, options):
    source.check(model)
    if options.lowering != "dense" and not isinstance(model, tfgate.GatedModel):
        raise InputError(
            f"Expected a tfgate.GatedModel for --lowering={options.lowering}, got "
            f"{model.name!r}, a network without gates; use --lowering=dense."
        )
    if options.quantize == "int8":
        for layer in lowerings.buckets.switchable(model):
            raise InputError(
                "Expected a network whose batch norms have one set of statistics for "
                f"--quantize=int8, got {layer.name!r}, which has one for each part of "
                "u's range: it is no part of a convolution, as int8 needs it; use "
                "--quantize=dynamic."
            )
    classes = source.output_shape(model)[-1]
    if options.labels is not None and len(options.labels) != classes:
        raise InputError(
            f"Expected {classes} --labels, one for each class, got "
            f"{len(options.labels)}."
        )
