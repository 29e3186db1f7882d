"""The JSON document inside a .tflite file: what the file is and what it decides.

It is the entry `tfgate.json` of a zip archive that follows the flatbuffer, the place
where TFLite's metadata tools put associated files. Interpreters ignore it, alignment
stays as it was, and any zip reader opens it: `unzip -p model.tflite tfgate.json`.

Version 3 of the document. Version 2 has no `macs.products`: there every component's
MACs run with it. Version 1 has no `u`, either:

    schema          "tfgate.tflite"
    schema_version  1; a reader refuses a higher one
    model           name of the Keras model
    lowering        "conditional", "masked", "dense" or "pruned"
    quantization    "none", "dynamic", "float16" or "int8"
    quantized       how; older documents have no such entry:
                    runtime         "latest" or "2.16", the oldest that runs the file
                    quantize_gates  whether gates are quantized, too
                    calibration     null, or what int8's ranges come from: dataset and
                                    split (null for images from memory), samples, seed
                                    (null for the first images); or "training", for a
                                    network of `tflite.finetune`
    tau             null for "dense", and where a fixed rule of u decides, else
                    input   whether τ is an input of the file: a float32 scalar `tau`,
                            a probability, clipped to [0, 1]; 0 opens all undecided
                            gates, 1 closes all
                    value   the threshold in (0, 1); with an input, a proposal for it
    u               null, or for a throttled network with the input `u`, a float32
                    scalar, clamped to [0, 1] (NaN closes what may be closed):
                    value   a proposal for it, 1
                    steps   a list of {from, macs}: MACs per image from that u on;
                            null where they depend on the image, too: see macs
    input           name, shape (batch 1), dtype
                    value_range    [low, high] of pixel values, null if not known
                    normalization  in_graph  whether the file normalizes the pixels
                                   mean, std per channel, or one number for all; null
                                   if not known
    signatures      names of the file's signatures: "serving_default", or "gated" and
                    "dense", the same network with all gates open and gone, whose one
                    input are the images and whose one output the predictions. All
                    else here is about the first. Missing before version 3
    outputs         predictions  name, shape, dtype
                    decisions    the same, or null; float32 [1, n] of 0 and 1
    labels          names of the classes, or null
    gates           a list in network order:
                    block       name of the block
                    gate        name of the gate
                    kind        class of the block, such as "GatedResidual"
                    gate_kind   class of the gate, such as "DependentGate"
                    lowering    "if", "masked", "open", "closed", "levels",
                                "groups", "gather" or "variants"
                    gate_macs   MACs of computing the gate, or its share of a learned
                                gating function's; 0 where the file does not
                    behind      numbers of the components, in network order, of the
                                early exits that the gate lies behind: where one of
                                them is closed it does not run, and its decisions
                                are 0. Missing before version 3: none
                    components  a list:
                                macs     MACs that closing it alone saves, at most
                                decided  0 or 1 where the decision is the same for
                                         every image, else null
                                index    column in `decisions`, else null. Columns are
                                         the undecided components in network order
    macs            per image: dense, the same network without gates; all_open and
                    all_closed, this file with every undecided component open, closed
                    (where a fixed rule decides: u at 1, at 0); products, a list of
                    what runs besides all_closed:
                                macs     MACs for one image; negative where something
                                         runs instead of something else
                                factors  lists of columns in `decisions`: it runs if
                                         in each of them any decision is 1
                                shares   lists of columns, likewise: of what runs,
                                         only the share of ones in each of them does
    versions        of tfgate, tensorflow and keras
    source          file, sha256 of the .keras file; null if converted from memory
    static          only in files of `tflite.static`: for each gate of the source, by
                    name, the list of decisions that the file was made for
    flatbuffer      bytes, sha256 of what precedes the archive
"""

import hashlib
import io
import json
import zipfile
import zlib

import numpy as np

from tflite import files
from tflite.errors import InputError

ENTRY = "tfgate.json"
SCHEMA = "tfgate.tflite"
SCHEMA_VERSION = 3
LOWERINGS = ("conditional", "masked", "dense", "pruned")
QUANTIZATIONS = ("none", "dynamic", "float16", "int8")
RUNTIMES = ("latest", "2.16")

# A file's one signature; or its two.
ONLY_SIGNATURE = "serving_default"
SIGNATURES = ("gated", "dense")

# Settings of an input τ or u that a sweep runs unless told otherwise: for u, TNN's.
SWEEPS = {
    "tau": (0.05, 0.3, 0.5, 0.7, 0.95),
    "u": tuple(step / 16 for step in range(17)),
}

_IDENTIFIER = b"TFL3"


class Metadata:
    """A file's document, with the few questions that programs ask of it.

    Args:
        document: dict as described in this module.

    Attributes:
        document: the same dict.
    """

    def __init__(self, document):
        self.document = document

    def __getitem__(self, key):
        return self.document[key]

    @property
    def components(self):
        """All components of all gates, in network order: list of dicts."""
        return [c for gate in self["gates"] for c in gate["components"]]

    @property
    def undecided(self):
        """Components whose decision depends on the image (or on the input τ)."""
        return [c for c in self.components if c["decided"] is None]

    @property
    def signatures(self):
        """Names of the file's signatures, the first is the main one; a list."""
        return self.document.get("signatures", [ONLY_SIGNATURE])

    @property
    def has_decisions(self):
        """Whether the file tells its decisions."""
        return self["outputs"]["decisions"] is not None

    @property
    def has_tau_input(self):
        """Whether τ is an input of the file."""
        return self["tau"] is not None and self["tau"]["input"]

    @property
    def has_u_input(self):
        """Whether the control u is an input of the file."""
        return self.document.get("u") is not None

    @property
    def static(self):
        """Gate name -> list of decisions, of a file of `tflite.static`; else None."""
        return self.document.get("static")

    @property
    def dial(self):
        """Name of the input that a caller may set, `"tau"` or `"u"`; None without."""
        if self.has_u_input:
            return "u"
        return "tau" if self.has_tau_input else None

    @property
    def image_shape(self):
        """Shape of one image, without the batch."""
        return tuple(self["input"]["shape"][1:])

    def all_decisions(self, decisions, images):
        """Decisions of all components, those that are decided in the file included.

        Args:
            decisions: array `[images, n]`, the output `decisions`, or None.
            images: number of images.

        Returns:
            float32 array `[images, components]` in network order; None for a network
            without gates, or where undecided ones are not known.
        """
        components = self.components
        if not components or (decisions is None and self.undecided):
            return None
        columns = [
            np.full(images, c["decided"])
            if c["decided"] is not None
            else decisions[:, c["index"]]
            for c in components
        ]
        return self.reached(np.stack(columns, axis=1).astype("float32"))

    def reached(self, decisions):
        """Closes what lies behind a closed early exit: gates that do not run.

        Masked files and Keras compute all gates for all images; what those behind a
        closed exit say has no consequence.

        Args:
            decisions: array `[images, components]` of all gates in network order.

        Returns:
            Array of the same shape.
        """
        reached, start = np.array(decisions), 0
        for gate in self["gates"]:
            end = start + len(gate["components"])
            before = decisions[:, gate.get("behind", [])]
            reached[:, start:end] *= before.all(axis=1, keepdims=True)
            start = end
        return reached

    def executed_macs(self, decisions=None, u=None):
        """MACs that the file executes for each image.

        Args:
            decisions: array `[images, n]`, the output `decisions` of n undecided
                components; None if not known.
            u: the control, for a file with an input u; None takes the file's own.

        Returns:
            float64 array `[images]`; a number where every image costs the same; None
            where it depends on decisions that are not known.
        """
        if self.has_u_input and self["u"]["steps"] is not None:
            u = self["u"]["value"] if u is None else u
            begun = [step for step in self["u"]["steps"] if step["from"] <= u]
            return float(begun[-1]["macs"])
        macs = self["macs"]
        if macs["all_open"] == macs["all_closed"]:
            return float(macs["all_closed"])
        if decisions is None:
            return None
        opened = np.asarray(decisions, "float64")
        if "products" not in macs:
            switched = np.array([c["macs"] for c in self.undecided], "float64")
            return macs["all_closed"] + opened @ switched
        return macs_of_products(macs, opened)

    def checked_u(self, u):
        """Checks a choice of the control u against this file.

        Args:
            u: number, or None for the file's own.

        Returns:
            u as the file will use it, a float; None where it has no such input.

        Raises:
            InputError: u is out of range, or the file has no input u.
        """
        if not self.has_u_input:
            if u is not None:
                raise InputError(
                    f"Expected no --u for a file without an input u, got {u!r}; "
                    "convert a throttled network with --lowering=conditional."
                )
            return None
        if u is None:
            return self["u"]["value"]
        if not 0.0 <= u <= 1.0:
            raise InputError(f"Expected --u in [0, 1], got {u!r}.")
        # As the file gets it, in float32.
        return float(np.float32(u))

    def checked_setting(self, value):
        """Checks a setting of the file's dial, τ or u: `checked_tau`, `checked_u`."""
        return self.checked_u(value) if self.has_u_input else self.checked_tau(value)

    def checked_tau(self, tau):
        """Checks a choice of τ against this file.

        Args:
            tau: number, or None for the file's own.

        Returns:
            τ as the file will use it, a float; None where it has no gates to decide.

        Raises:
            InputError: τ is out of range, or another than the file's fixed one.
        """
        own = None if self["tau"] is None else self["tau"]["value"]
        if tau is None:
            return own
        if not 0.0 <= tau <= 1.0:
            raise InputError(f"Expected --tau in [0, 1], got {tau!r}.")
        if not self.has_tau_input and tau != own:
            raise InputError(
                f"Expected no --tau for a file without an input tau (its own: {own}), "
                f"got {tau!r}; convert it with --tau_input."
            )
        return float(tau)


def macs_of_products(macs, decisions):
    """MACs under given decisions.

    Args:
        macs: the entry `macs` of a document.
        decisions: array `[images, n]` of n undecided components.

    Returns:
        float64 array `[images]`.
    """
    opened = np.asarray(decisions, "float64")
    total = np.full(len(opened), float(macs["all_closed"]))
    for product in macs["products"]:
        runs = np.full(len(opened), float(product["macs"]))
        for factor in product["factors"]:
            runs *= opened[:, factor].max(axis=1)
        for share in product["shares"]:
            runs *= opened[:, share].mean(axis=1)
        total += runs
    return total


def append(flatbuffer, document):
    """Puts a document into a .tflite file.

    Args:
        flatbuffer: bytes from the converter.
        document: dict without the entry `flatbuffer`, which is added.

    Returns:
        `(content, metadata)`: bytes of the file, and the document as `Metadata`.
    """
    document = document | {"flatbuffer": _fingerprint(flatbuffer)}
    file = io.BytesIO(flatbuffer)
    # Mode "a" puts an archive behind whatever stands there.
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        # A fixed date: the same model gives the same bytes.
        entry = zipfile.ZipInfo(ENTRY, date_time=(1980, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, json.dumps(document, indent=1, allow_nan=False))
    return file.getvalue(), Metadata(document)


def read(path, name="--tflite"):
    """Reads the document of a .tflite file and checks the file against it.

    Args:
        path: path of the file.
        name: name of the argument, for messages.

    Returns:
        `Metadata`.

    Raises:
        InputError: the file does not exist, is not a .tflite file, has no document,
            is damaged, or was written by a newer schema.
    """
    path = files.existing(path, name)
    content = path.read_bytes()
    if content[4:8] != _IDENTIFIER:
        raise InputError(f"Expected {name} to be a .tflite file, got {str(path)!r}.")
    document = _parse(content, f"{name}={path}")
    version = document.get("schema_version")
    if document.get("schema") != SCHEMA or not isinstance(version, int):
        raise InputError(f"Expected a document of schema {SCHEMA!r} in {name}={path}.")
    if version > SCHEMA_VERSION:
        raise InputError(
            f"Expected {name}={path} with a document of schema version "
            f"{SCHEMA_VERSION} or older, got version {version}: use a newer tfgate."
        )
    expected = document["flatbuffer"]
    if _fingerprint(content[: expected["bytes"]]) != expected:
        raise InputError(
            f"Expected {name}={path} as tflite.convert wrote it, got a damaged file: "
            "its checksum differs."
        )
    return Metadata(document)


def _parse(content, where):
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return json.loads(archive.read(ENTRY))
    except (zipfile.BadZipFile, KeyError):
        raise InputError(
            f"Expected {where} to hold tfgate's metadata, got none: it was not written "
            "by tflite.convert, or it is truncated."
        ) from None
    except (zlib.error, ValueError, EOFError) as error:
        raise InputError(
            f"Expected readable metadata in {where}, got a damaged file: {error}"
        ) from None


def _fingerprint(flatbuffer):
    digest = hashlib.sha256(flatbuffer).hexdigest()
    return {"bytes": len(flatbuffer), "sha256": digest}
