"""Rows of `tools.tflite_bench` for gates that choose filters, image by image.

The networks have gates of `tools.spread_gates`: random weights, decisions as spread as
those of trained gates, on ImageNet's images. Clusters are found on training images and
measured on others.

Skip efficiency is given for what the decisions ask for, `needed` MACs, not for what the
file executes: a cluster of which one filter is open runs as a whole, and that is a loss,
not work.
"""

import multiprocessing

import numpy as np

from tflite import datasets
from tflite import quiet
from tflite.benchmark import find
from tools.bench_rows import Line
from tools.bench_rows import Skipped

CALIBRATION = 64
TESTED = 32
SIZE = 224


def cs_low(conditions):
    """ResNet-50 with CS' filter gates at half of the MACs."""
    found, original, dense, needed = _measure(conditions, "resnet50_cs_low")
    efficiency = needed * dense["ms"] / found["ms"]
    name = "ResNet-50, cs-low filter gates"
    return [
        Line(
            f"{name}: skip efficiency",
            efficiency,
            "≥",
            0.80,
            note=f"{needed:.3f} of the MACs needed, {found['macs']:.3f} executed in "
            f"{found['ms'] / dense['ms']:.3f} of dense",
        ),
        Line(
            f"{name}: clusters of the original order, of found ones",
            original["ms"] / found["ms"],
            "≥",
            1.25,
            note=f"{original['macs']:.3f} of the MACs executed in "
            f"{original['ms'] / dense['ms']:.3f} of dense",
        ),
    ]


def bas(conditions):
    """ResNet-34 with BAS' gates at 0.45 of the MACs."""
    found, original, dense, needed = _measure(conditions, "resnet34_bas")
    return [
        Line(
            "ResNet-34, BAS gates: faster than dense",
            dense["ms"] / found["ms"],
            "≥",
            1.9,
            "times",
            f"{needed:.3f} of the MACs needed, {found['macs']:.3f} executed; clusters "
            f"of the original order {dense['ms'] / original['ms']:.3f} times at "
            f"{original['macs']:.3f}",
        )
    ]


def _measure(conditions, network):
    """Times of the two clusterings and of the dense file, and the share needed."""
    if conditions.data_dir is None:
        raise Skipped("it needs ImageNet's images: --data_dir")
    workshop = conditions.workshop
    plain = {"gate_outputs": True}
    calibrated = plain | {
        "calibration_dataset": "imagenet2012",
        "calibration_samples": CALIBRATION,
        "data_dir": conditions.data_dir,
        "min_group": 32,
    }
    found = workshop.converted(network, f"{network}_found", **calibrated)
    original = workshop.converted(
        network, f"{network}_original", min_group=32, **plain
    )
    dense = workshop.converted(network, f"{network}_dense", lowering="dense")
    images = datasets.load(
        "imagenet2012", samples=TESTED, data_dir=conditions.data_dir
    ).images
    result = conditions.benchmark(network, [found, original], dense, images=images)
    points = [_point(find(result, path.stem)) for path in (found, original, dense)]
    return *points, _needed(workshop, network, conditions.data_dir)


def _point(row):
    return {"ms": row["latency_ms"]["cpu_image_mean"], "macs": row["macs_ratio"]}


def _needed(workshop, network, data_dir):
    """Share of the MACs that the decisions on the test images ask for."""
    # Keras counts, in a process of its own: TensorFlow stays out of this one.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_count, (str(workshop.network(network)), data_dir))


def _count(path, data_dir):
    quiet.import_tensorflow()
    from tflite import source
    from tools import spread_gates

    model = source.load(path)
    images = datasets.load("imagenet2012", samples=TESTED, data_dir=data_dir).images
    decisions = spread_gates.record(model, images)
    return float(np.mean(model.costs.executed(decisions))) / model.costs.dense


def build_cs_low(data_dir):
    """ResNet-50 with CS' filter gates, half of the MACs."""
    return _spread("ResNet50", "cs-low", 0.5, data_dir)


def build_bas(data_dir):
    """ResNet-34 with BAS' gates, 0.45 of the MACs."""
    return _spread("ResNet34", "bas", 0.45, data_dir)


def _spread(function, granularity, share, data_dir):
    import tfgate
    from tools import spread_gates

    model = getattr(tfgate.applications, function)(
        weights=None, gate="dependent", granularity=granularity
    )
    images = datasets.load(
        "imagenet2012", samples=CALIBRATION, data_dir=data_dir, split="train"
    ).images
    spread_gates.spread(model, images, share)
    return model
