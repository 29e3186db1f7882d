"""Rows of `tools.tflite_bench` on gates that look at the image.

The networks are not trained: `tools.spread_gates` gives their gates weights with which
they decide like trained ones on the images of a data set.
"""

import numpy as np

from tflite import metadata
from tflite.benchmark import find
from tflite.benchmark.document import unpack
from tools.bench_lines import Line
from tools.bench_lines import time

_IMAGENET = "imagenet2012"
_CIFAR = "cifar10"
# Of the larger files with variants, in times the dense one's size; the others have what
# `tflite.convert` gives them.
_GROWTH = 3.0


def filters(conditions):
    """ResNet-50 with CS' filter gates at half of the MACs."""
    name = "resnet50_cs_low"
    share, sizes, points = _filters(conditions, name)
    own, default, clustered, original, dense = points
    title = "ResNet-50, cs-low filter gates"
    return [
        Line(
            f"{title}: skip efficiency",
            share * time(dense) / time(own),
            "≥",
            0.80,
            note=f"needs {share:.3f} of the MACs, executes {own['macs_ratio']:.3f}, "
            f"{sizes[0]:.2f} times the bytes",
        ),
        Line(
            f"{title}, --max_growth as it is: skip efficiency",
            share * time(dense) / time(default),
            note=f"executes {default['macs_ratio']:.3f}, {sizes[1]:.2f} times the "
            "bytes",
        ),
        Line(
            f"{title}, clusters alone: skip efficiency",
            share * time(dense) / time(clustered),
            note=f"executes {clustered['macs_ratio']:.3f}",
        ),
        Line(
            f"{title}: faster than without calibration images",
            time(original) / time(own),
            "≥",
            1.25,
            note=f"where filters keep their order; executes "
            f"{original['macs_ratio']:.3f}",
        ),
    ]


def bas(conditions):
    """ResNet-34 with BAS' filter gates at 0.45 of the MACs."""
    share, sizes, points = _filters(conditions, "resnet34_bas")
    own, default, clustered, _, dense = points
    title = "ResNet-34, BAS filter gates"
    return [
        Line(
            f"{title}: faster than dense",
            time(dense) / time(own),
            "≥",
            1.9,
            note=f"needs {share:.3f} of the MACs, executes {own['macs_ratio']:.3f}, "
            f"{sizes[0]:.2f} times the bytes",
        ),
        Line(
            f"{title}, --max_growth as it is: faster than dense",
            time(dense) / time(default),
            note=f"executes {default['macs_ratio']:.3f}, {sizes[1]:.2f} times the "
            "bytes",
        ),
        Line(
            f"{title}, clusters alone: faster than dense",
            time(dense) / time(clustered),
            note=f"executes {clustered['macs_ratio']:.3f}",
        ),
    ]


def early_exit(conditions):
    """DenseNet with early exits against the networks up to each exit."""
    name, workshop = "densenet_exits", conditions.workshop
    images = conditions.images(_CIFAR)
    workshop.network(name, images)
    gated = workshop.converted(name, f"{name}_gated", gate_outputs=True)
    exits = [gate["block"] for gate in metadata.read(gated)["gates"]]
    # Up to each exit, and to the end: a network of its own.
    upto = [workshop.static(name, f"{name}_{leave}", [leave]) for leave in exits]
    upto.append(workshop.static(name, f"{name}_whole", []))
    result = conditions.benchmark(name, [gated, *upto[:-1]], upto[-1], images=images)
    own = find(result, gated.stem)
    shares = leaving(unpack(own["decisions"]))
    times = [time(find(result, path.stem)) for path in upto]
    expected = float(np.dot(shares, times))
    return [
        Line(
            "early-exit DenseNet: mean latency, of the sum over exits",
            time(own) / expected,
            "≤",
            1.05,
            note=f"leaving {', '.join(f'{share:.2f}' for share in shares)}",
        )
    ]


def leaving(decisions):
    """Share of images that leave at each exit, and at the end.

    Args:
        decisions: array `[images, exits]`; 0 leaves.

    Returns:
        float64 `[exits + 1]`.
    """
    closed = np.pad(decisions == 0, ((0, 0), (0, 1)), constant_values=True)
    first = closed.argmax(axis=1)
    return np.bincount(first, minlength=closed.shape[1]) / len(decisions)


def _filters(conditions, name):
    """The network's share of the MACs; points of five files.

    Returns:
        `(share, sizes, points)`: executed MACs of the mean image, of the dense
        network's; bytes of each file, of the dense one's; points of two files with
        variants, the larger first, of one with clusters alone, of one that knows no
        images, whose clusters are neighbours, and of the dense one.
    """
    workshop, images = conditions.workshop, conditions.images(_IMAGENET)
    workshop.network(name, images)
    told = {"gate_outputs": True}
    clustered = told | {"block_lowering": "*=groups"}
    paths = [
        workshop.converted(
            name, f"{name}_gated", max_growth=_GROWTH, **told, **images.calibration
        ),
        workshop.converted(name, f"{name}_default", **told, **images.calibration),
        workshop.converted(name, f"{name}_clusters", **clustered, **images.calibration),
        workshop.converted(name, f"{name}_original", **told),
        workshop.converted(name, f"{name}_dense", lowering="dense"),
    ]
    result = conditions.benchmark(name, paths[:-1], paths[-1], images=images)
    points = [find(result, path.stem) for path in paths]
    sizes = [workshop.conversions[path.name]["bytes"] for path in paths]
    sizes = [size / sizes[-1] for size in sizes]
    return workshop.facts(name)["share"], sizes, points
