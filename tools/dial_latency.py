"""Measures how the latency of throttled networks in TFLite follows u.

    python -m tools.dial_latency --networks=vgg,resnext29,resnext50 --json=OUT

Networks of random weights, nested, in files of `tflite.convert` with an input u, and
the dense networks' files: all settings of u and the dense file take turns, one thread,
batch 1, in one process without TensorFlow; the files are made in another one. Each
setting runs twice in a row: the first call follows a change of u. Two minutes of a
quiet machine, and as long to convert.

A setting's bound is what the file always runs, its time at u = 0, and in proportion to
MACs from there to the dense network's time.
"""

import multiprocessing
import pathlib
import tempfile

import numpy as np
from absl import flags

from tflite import convert
from tflite import errors
from tflite import files
from tflite import machine
from tflite import quiet
from tflite import runtime
from tflite.errors import InputError

US = (0.0, 0.25, 0.5, 0.75, 1.0)

# Of each network its function, its arguments and its share of the runs.
_NETWORKS = {
    "vgg": ("CifarVGG", {}, 1.0),
    "resnext29": (
        "CifarResNeXt",
        {"cardinality": 16, "group_width": 16, "granularity": "groups"},
        0.4,
    ),
    "resnext50": ("ResNeXt50", {"granularity": "groups"}, 0.2),
}


def measure(names, *, runs, levels, min_group, seed):
    """Builds, converts and measures networks.

    Args:
        names: some of "vgg", "resnext29" and "resnext50".
        runs: number of rounds of the smallest network; the others take fewer.
        levels, min_group: see `tflite.convert.convert`; None means its own.
        seed: of the weights, the image and the order.

    Returns:
        Dict for JSON: name -> `dense_ms`, `file_bytes` and `dense_file_bytes`, and
        `settings`, a list with, for each `u`, the medians `ms` of first calls and
        `second_ms` of the calls that follow, processor time; `macs_share`, executed
        MACs over the dense network's; `ratio`, ms over dense_ms; `bound_ms`, and
        `over_bound`, ms over it.
    """
    results = {}
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as directory:
        for name in names:
            paths = [pathlib.Path(directory) / f"{name}_{i}.tflite" for i in "ud"]
            # What TensorFlow leaves in a process makes TFLite's numbers another.
            with spawn.Pool(1) as pool:
                pool.apply(_make, (name, paths, levels, min_group, seed))
            rounds = max(3, round(runs * _NETWORKS[name][-1]))
            results[name] = _measure(paths, rounds, seed)
    return results


def _make(name, paths, levels, min_group, seed):
    """Builds a network and writes its two files."""
    quiet.import_tensorflow()
    import keras

    import tfgate

    function, arguments, _ = _NETWORKS[name]
    keras.utils.set_random_seed(seed)
    gated = getattr(tfgate.applications, function)(gate="independent", **arguments)
    model = tfgate.throttle(gated, seed=seed)
    convert.convert(model, paths[0], levels=levels, min_group=min_group)
    convert.convert(model, paths[1], lowering="dense")


def _measure(paths, rounds, seed):
    throttled, dense = (runtime.Network(path) for path in paths)
    random = np.random.default_rng(seed)
    image = random.uniform(size=throttled.metadata.image_shape)
    for network in (throttled, dense):
        network.set_image(image)
    taken = {u: [] for u in US}
    dense_taken = []
    for number in range(-3, rounds):
        # Processor time: other programs on the machine disturb it little.
        times = {"dense": dense.invoke()[1]}
        for u in random.permutation(US):
            throttled.set_dial(u)
            times[u] = [throttled.invoke()[1], throttled.invoke()[1]]
        if number >= 0:
            dense_taken.append(times.pop("dense"))
            for u, pair in times.items():
                taken[u].append(pair)
    medians = {u: 1000 * np.median(pairs, axis=0) for u, pairs in taken.items()}
    dense_ms = 1000 * float(np.median(dense_taken))
    return {
        "dense_ms": dense_ms,
        "rounds": rounds,
        "file_bytes": paths[0].stat().st_size,
        "dense_file_bytes": paths[1].stat().st_size,
        "settings": _settings(throttled.metadata, medians, dense_ms),
    }


def _settings(description, medians, dense_ms):
    dense_macs = description["macs"]["dense"]
    shares = {u: description.executed_macs(u=u) / dense_macs for u in US}
    fixed, least = float(medians[0.0][0]), shares[0.0]
    rows = []
    for u in US:
        first, second = map(float, medians[u])
        rising = (shares[u] - least) / (1.0 - least)
        bound = fixed + rising * (dense_ms - fixed)
        rows.append(
            {
                "u": u,
                "macs_share": shares[u],
                "ms": first,
                "second_ms": second,
                "ratio": first / dense_ms,
                "bound_ms": bound,
                "over_bound": first / bound,
            }
        )
    return rows


def _print(name, result):
    size = result["file_bytes"] / result["dense_file_bytes"]
    print(
        f"{name}: dense {result['dense_ms']:.3f} ms; the file with u has {size:.2f} "
        "times the dense one's bytes"
    )
    for row in result["settings"]:
        print(
            f"  u {row['u']:.2f}: MACs {row['macs_share']:.3f}, {row['ms']:.3f} ms "
            f"({row['second_ms']:.3f} without a change), {row['ratio']:.3f} of dense, "
            f"{row['over_bound']:.3f} of its bound"
        )


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_list("networks", list(_NETWORKS), "Some of vgg, resnext29, resnext50.")
    flags.DEFINE_integer("runs", 150, "Rounds of vgg; the others take fewer.", 5)
    flags.DEFINE_integer("levels", None, "See tflite.convert.", 1)
    flags.DEFINE_integer("min_group", None, "See tflite.convert.", 1)
    flags.DEFINE_integer("seed", 0, "Of weights, image and order.", 0)
    flags.DEFINE_string("json", None, "File for the results.")


def main():
    """Measures, prints, writes."""
    values = flags.FLAGS
    unknown = [name for name in values.networks if name not in _NETWORKS]
    if unknown or not values.networks:
        raise InputError(
            f"Expected --networks among {tuple(_NETWORKS)}, got {values.networks}."
        )
    path = None if values.json is None else files.writable(values.json, "--json")
    choice = {
        name: getattr(values, name) for name in ("runs", "levels", "min_group", "seed")
    }
    results = measure(values.networks, **choice)
    for name, result in results.items():
        _print(name, result)
    if path is not None:
        outcome = {
            "command": "python -m tools.dial_latency",
            **choice,
            "networks": results,
            "machine": machine.describe(),
            **machine.provenance(),
        }
        files.write_json(path, outcome)


if __name__ == "__main__":
    errors.run(main, define_flags)
