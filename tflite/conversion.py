"""The way from a trained network to the bytes of a .tflite file."""

import contextlib

import keras

import tfgate
from tfgate.graph import GraphRewriter
from tflite import describe
from tflite import export
from tflite import files
from tflite import lowering as lowerings
from tflite import metadata
from tflite import plan
from tflite import source
from tflite.errors import InputError
from tflite.lowering.context import Decisions

LEVELS = 4
MIN_GROUP = 16


def run(
    model,
    *,
    lowering,
    tau,
    tau_input,
    gate_outputs,
    quantize,
    labels,
    levels,
    min_group,
    clusters=None,
):
    """Converts a network; the arguments are those of `tflite.convert.convert`.

    Besides, `clusters` says which filters run together: a dict of block name -> dict of
    site name -> `tflite.clusters.SiteClusters`. None, and what it lacks, stands for
    consecutive filters.

    Returns:
        `(content, description)`: bytes of the file, and its `Metadata`.

    Raises:
        InputError: the network does not fit the arguments.
    """
    origin = None
    if not isinstance(model, keras.Model):
        path, model = model, source.load(model)
        origin = {"file": path.name, "sha256": files.fingerprint(path)}
    _check(model, lowering, labels)
    dial = _dial(
        model, lowering, tau_input=tau_input, levels=levels, min_group=min_group
    )
    threshold = lowerings.LogOddsThreshold(tau)
    with _float32():
        model = source.in_float32(model)
        plans, graph, switched = [], model, {}
        if isinstance(model, tfgate.GatedModel):
            plans = plan.make(model, lowering, tau, tau_input)
            widths = {"levels": levels, "min_group": min_group}
            widths = {name: value for name, value in widths.items() if value}
            graph = export_graph(
                model,
                plans,
                threshold,
                gate_outputs,
                dial,
                clusters=clusters,
                switched=switched,
                **widths,
            )
        flatbuffer = export.to_flatbuffer(
            graph,
            source.input_shape(model),
            threshold=threshold,
            tau_input=tau_input,
            u_input=dial is not None,
            quantize=quantize,
        )
    document = describe.document(
        model,
        plans,
        decisions=gate_outputs,
        tau=None
        if lowering == "dense" or dial is not None
        else {"input": tau_input, "value": tau},
        dial=dial,
        labels=labels,
        lowering=lowering,
        quantization=quantize,
        switched=switched,
    )
    return metadata.append(flatbuffer, document | {"source": origin})


def export_graph(
    model,
    plans,
    threshold,
    gate_outputs,
    dial=None,
    *,
    levels=LEVELS,
    min_group=MIN_GROUP,
    clusters=None,
    switched=None,
):
    """Builds a copy of a gated network with the lowered blocks in place.

    Args:
        model: a `tfgate.GatedModel`.
        plans: list of `tflite.plan.BlockPlan`, one for each block.
        threshold: `tflite.lowering.LogOddsThreshold`.
        gate_outputs: whether to add the output `decisions`.
        dial: `tflite.lowering.Dial` of a throttled network with an input u, else None.
        levels: largest number of widths of a block, for a dial.
        min_group: least number of filters by which they differ, for a dial; of a
            cluster, where `clusters` says nothing.
        clusters: as for `run`.
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
        levels=levels,
        min_group=min_group,
        clusters=clusters or {},
        decisions={entry.block.name: entry.decisions for entry in plans},
        switched={} if switched is None else switched,
    )
    chosen = {entry.block.name: entry.lowering for entry in plans}

    def replace(block, x):
        return lowerings.find(block, chosen[block.name])(block, x, context)

    images = keras.Input(batch_shape=source.input_shape(model), name="images")
    inputs = images
    if isinstance(model, tfgate.ThrottledModel):
        u = keras.Input(batch_shape=(1,), name="u")
        inputs = [images, u]
        if dial is not None:
            dial.u = lowerings.Clamp(name="clamped_u")(u)
    _, predictions = rewriter.rewrite(replace, inputs=inputs)
    if dial is None:
        inputs = images
    outputs = {"predictions": predictions}
    undecided = [p for p in plans if None in p.decisions]
    if gate_outputs and dial is not None:
        openings = [o for block in model.blocks for o in dial.openings(block.gate)]
        outputs["decisions"] = lowerings.Decided(openings, name="decisions")(dial.u)
    elif gate_outputs and undecided:
        log_odds = [x for p in undecided for x in context.log_odds[p.block.gate.name]]
        known = [decision for p in undecided for decision in p.decisions]
        told = [i for i, decision in enumerate(known) if decision is None]
        told = None if len(told) == len(known) else told
        outputs["decisions"] = Decisions(threshold, told, name="decisions")(log_odds)
    graph = keras.Model(inputs, outputs, name=f"{model.name}_export")
    rewriter.finish()
    return graph


def _dial(model, lowering, *, tau_input, levels, min_group):
    """The dial of a throttled network; None for others, and for dense ones."""
    if not isinstance(model, tfgate.ThrottledModel) or lowering == "dense":
        filters = lowering == "conditional" and any(
            isinstance(block, tfgate.GatedFilters)
            for block in getattr(model, "blocks", ())
        )
        for name, value in (("levels", levels), ("min_group", min_group)):
            if value is not None and not (filters and name == "min_group"):
                raise InputError(
                    f"Expected no --{name} without a throttled network and its input "
                    f"u, or, for --min_group, gated filters, got {value!r}."
                )
        return None
    if lowering != "conditional" or tau_input:
        asked = "--tau_input" if tau_input else f"--lowering={lowering}"
        raise InputError(
            "Expected --lowering=conditional or dense, without --tau_input, for a "
            f"throttled network, got {asked}."
        )
    return lowerings.Dial(model)


@contextlib.contextmanager
def _float32():
    """Lets new layers compute in float32, whatever the caller trains in."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _check(model, lowering, labels):
    source.check(model)
    if lowering != "dense" and not isinstance(model, tfgate.GatedModel):
        raise InputError(
            f"Expected a tfgate.GatedModel for --lowering={lowering}, got "
            f"{model.name!r}, a network without gates; use --lowering=dense."
        )
    switchable = tfgate.throttling.SwitchableBatchNormalization
    for layer in model._flatten_layers():
        if isinstance(layer, switchable):
            raise InputError(
                "Expected a network whose batch norms have one set of statistics, got "
                f"{layer.name!r}, which has one for each part of u's range; a file "
                "cannot switch them yet."
            )
    classes = source.output_shape(model)[-1]
    if labels is not None and len(labels) != classes:
        raise InputError(
            f"Expected {classes} --labels, one for each class, got {len(labels)}."
        )
