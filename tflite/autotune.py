"""Lowerings measured on this machine: one-block networks, converted and run.

For each distinct shape of a block its lowerings run in alternation, with everything
open and with everything closed (τ = 0 and 1); between the two, time is taken as linear
in the executed MACs. Results are kept in a JSON file: schema, schema_version, and
entries, by a key of the block's shape and the conditions:

    open_ms, closed_ms    milliseconds of the one-block network
    macs                  the entry `macs` of its metadata
"""

import hashlib
import json
import os
import pathlib
import tempfile

import keras
import numpy as np

import tfgate
from tfgate.weights import assign_weights
from tflite import files
from tflite import machine
from tflite import micro_benchmark
from tflite.errors import InputError
from tflite.metadata import Metadata
from tflite.options import Options

SCHEMA = "tfgate.autotune"
SCHEMA_VERSION = 1

# Settings of τ that open and close everything.
_OPEN, _CLOSED = 0.0, 1.0
# What differs between blocks of one shape.
_NAMES = ("name", "seed")


class Autotune:
    """Measures lowerings, or knows them from its cache.

    Args:
        options: `tflite.options.Options` of the conversion.
        clusters: block name -> dict of site name -> `tflite.clusters.SiteClusters`.
        variants: block name -> `tflite.variants.BlockVariants`; None for none.

    Raises:
        InputError: the cache is damaged, or cannot be written.
    """

    source = "autotune"

    def __init__(self, options, clusters, variants=None):
        self._options = options
        self._clusters = clusters
        self._variants = variants or {}
        self._path = _cache_path(options.autotune_cache)
        self._entries = read(self._path)
        self._refused = {}
        versions = machine.versions()
        self._conditions = [
            f"threads {micro_benchmark.THREADS}",
            machine.describe()["processor"],
            *(f"{k} {versions[k]}" for k in ("tfgate", "tensorflow", "ai-edge-litert")),
        ]

    def estimate(self, block, names, decisions):
        """Expected milliseconds of lowerings; as `tflite.cost_model.CostModel`'s.

        A block's first estimate takes seconds, where its shape is not in the cache.
        """
        keys = {name: self._key(block, name) for name in names}
        unknown = [
            name
            for name, key in keys.items()
            if key not in self._entries and key not in self._refused
        ]
        if unknown:
            self._measure(block, {name: keys[name] for name in unknown})
        return {
            name: self._refused[key]
            if key in self._refused
            else _expected_ms(self._entries[key], decisions)
            for name, key in keys.items()
        }

    def _key(self, block, name):
        shape = {
            "block": _without_names(keras.saving.serialize_keras_object(block)),
            "input": list(block.built_shape[1:]),
            "clusters": repr(self._clusters_of(block)),
            "variants": repr(self._variants.get(block.name)),
            "min_group": self._options.min_group,
            "quantize": self._quantize,
            "runtime": self._options.runtime,
            "quantize_gates": self._options.quantize_gates,
        }
        text = json.dumps(shape, sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        kind = type(block).__name__
        return " | ".join([f"{kind} {digest}", name, *map(str, self._conditions)])

    @property
    def _quantize(self):
        # Static int8 needs ranges that one block alone has not; it is as fast.
        mode = self._options.quantize
        return "dynamic" if mode == "int8" else mode

    def _clusters_of(self, block):
        own = self._clusters.get(block.name, {})
        # A block alone is measured with all of its gates undecided.
        return {} if any(clusters.never for clusters in own.values()) else own

    def _measure(self, block, keys):
        # Conversion plans; a conversion of one block has nothing to plan.
        from tflite import conversion

        network = _alone(block)
        has_filters = isinstance(block, tfgate.GatedFilters)
        subjects, macs = [], []
        with tempfile.TemporaryDirectory() as directory:
            for name, key in list(keys.items()):
                options = Options(
                    tau_input=True,
                    quantize=self._quantize,
                    runtime=self._options.runtime,
                    quantize_gates=self._options.quantize_gates,
                    min_group=self._options.min_group if has_filters else None,
                    block_lowering=(("*", name),),
                    check_samples=0,
                )
                clusters = {block.name: self._clusters_of(block)}
                try:
                    content, description = conversion.run(
                        network, options, clusters, variants=self._variants
                    )
                except InputError as error:
                    self._refused[key] = error
                    del keys[name]
                    continue
                path = pathlib.Path(directory) / f"{name}.tflite"
                path.write_bytes(content)
                subjects += [(path, _OPEN), (path, _CLOSED)]
                macs.append(description["macs"])
            taken = np.reshape(micro_benchmark.milliseconds(subjects), (-1, 2))
        for key, own, (open_ms, closed_ms) in zip(
            keys.values(), macs, taken, strict=True
        ):
            self._entries[key] = {
                "open_ms": float(open_ms),
                "closed_ms": float(closed_ms),
                "macs": own,
            }
        files.write_json(
            self._path,
            {
                "schema": SCHEMA,
                "schema_version": SCHEMA_VERSION,
                "entries": self._entries,
            },
        )


def read(path):
    """Reads a cache.

    Args:
        path: `pathlib.Path` of the file.

    Returns:
        Dict of key -> entry; empty where there is no file.

    Raises:
        InputError: the file is damaged, or of another schema.
    """
    if not path.exists():
        return {}
    remedy = "remove it, and everything is measured anew"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = document["schema"], document["schema_version"]
        entries = dict(document["entries"]) if found[0] == SCHEMA else {}
        for entry in entries.values():
            float(entry["open_ms"] - entry["closed_ms"])
            Metadata(entry).executed_macs()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"Expected --autotune_cache as --autotune wrote it, got {str(path)!r}, "
            f"which is damaged ({type(error).__name__}: {error}); {remedy}."
        ) from None
    if found != (SCHEMA, SCHEMA_VERSION):
        raise InputError(
            f"Expected --autotune_cache={path} of the schema {SCHEMA!r}, version "
            f"{SCHEMA_VERSION}, got {found[0]!r}, version {found[1]!r}; {remedy}."
        )
    return entries


def _cache_path(path):
    if path is not None:
        return files.writable(path, "--autotune_cache")
    root = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    directory = pathlib.Path(root) / "tfgate"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"Expected --autotune_cache, or a directory {str(directory)!r} that can be "
            f"made for it, got: {error}"
        ) from None
    return files.writable(directory / "autotune.json", "--autotune_cache")


def _expected_ms(entry, decisions):
    """Time between closed and open, in proportion to the executed MACs."""
    macs = entry["macs"]
    executed = np.mean(Metadata(entry).executed_macs(decisions))
    switched = macs["all_open"] - macs["all_closed"]
    share = (executed - macs["all_closed"]) / switched if switched else 0.0
    return float(entry["closed_ms"] + share * (entry["open_ms"] - entry["closed_ms"]))


def _alone(block):
    """A network of one block, with copies of its weights."""
    copy = type(block).from_config(block.get_config())
    x = inputs = keras.Input(block.built_shape[1:])
    x, _ = copy(x)
    if len(x.shape) == 4:
        x = keras.layers.GlobalAveragePooling2D()(x)
    assign_weights(copy, block.get_weights())
    return tfgate.GatedModel(inputs, x, name="one_block")


def _without_names(config):
    if isinstance(config, dict):
        return {k: _without_names(v) for k, v in config.items() if k not in _NAMES}
    if isinstance(config, list | tuple):
        return [_without_names(entry) for entry in config]
    return config
