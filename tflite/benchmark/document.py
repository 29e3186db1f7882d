"""The result of a benchmark, put together: see `tflite/schema/benchmark-4.json`."""

import base64

import numpy as np

from tflite import files
from tflite import probe
from tflite import results
from tflite import timing

# Share of runs from which on a point counts as disturbed.
_DISTURBED = 0.1
_FREQUENCY_CHANGE = 0.1
_MACS = ("dense", "all_open", "all_closed")


class Document:
    """A result while it grows.

    Args:
        subjects: list of `tflite.benchmark.subjects.Subject`, the baseline first.
        images: number of images that are taken in turn.
    """

    def __init__(self, subjects, images):
        self._subjects = subjects
        self._images = images
        self._files = {subject.name: _file(subject) for subject in subjects}
        self._points = []
        self._warnings = []

    def warn(self, *messages):
        """Adds warnings, each once."""
        self._warnings += [each for each in messages if each not in self._warnings]

    def add(self, named, threads):
        """Adds the points of one run.

        Args:
            named: pairs of a name and a measured `tflite.timing.Candidate`; a name that
                is no subject's is the baseline in another runtime.
            threads: number of threads.
        """
        baseline = self._subjects[0].name
        references = {c.batch: c for name, c in named if name == baseline}
        statics = {s.name: s.metadata.static for s in self._subjects}
        for name, candidate in named:
            if name not in self._files:
                self._files[name] = self._extra(name)
            point = self._point(name, candidate, references[candidate.batch], threads)
            point["overhead"] = [
                {"static": other, "ratio": self._ratio(candidate, removed)}
                for other, removed in named
                if statics.get(other) is not None
                and removed.batch == candidate.batch
                and self._files[name]["role"] == "model"
                and decides_as(candidate, statics[other])
            ]
            self._points.append(point)

    def add_cold_starts(self, subject, threads):
        """Measures loading and memory in processes of their own."""
        self._files[subject.name]["cold_start"] = [
            {
                "threads": number,
                **probe.measure_apart(subject.path, number),
                "fresh_process": True,
            }
            for number in threads
        ]

    def add_blocks(self, subject, rows):
        """Adds times of single blocks, see `tflite.benchmark.blocks`."""
        self._files[subject.name]["blocks"] = rows

    def finish(self, conditions):
        """Returns the whole result, a dict for JSON."""
        self.warn(*self._found_warnings(conditions))
        return {
            "schema": results.SCHEMA,
            "schema_version": results.SCHEMA_VERSION,
            "baseline": self._subjects[0].name,
            "files": list(self._files.values()),
            "points": self._points,
            "warnings": self._warnings,
            "conditions": conditions,
        }

    def _point(self, name, candidate, reference, threads):
        own = timing.summarize(candidate, self._images)
        other = timing.summarize(reference, self._images)
        macs, other_macs = candidate.executed_macs, reference.executed_macs
        known = macs is not None and other_macs is not None
        macs_ratio = macs / other_macs if known else None
        time_ratio = own["image_mean"] / other["image_mean"]
        has_u = candidate.network.metadata.has_u_input
        single = candidate.batch == 1
        batch_mode = "resized" if candidate.resized else "sequential"
        medians = timing.image_medians(candidate, self._images)
        return {
            "file": name,
            "tau": None if has_u else candidate.setting,
            "u": candidate.setting if has_u else None,
            "threads": threads,
            "batch": candidate.batch,
            "batch_mode": None if single else batch_mode,
            "runs": len(candidate.milliseconds),
            "latency_ms": own,
            "image_ms": [float(f"{x:.5g}") for x in medians] if single else None,
            "executed_macs_mean": macs,
            "activation_rate": candidate.activation_rate,
            "decisions": pack(candidate.all_decisions) if single else None,
            "ratio_p50": own["p50"] / other["p50"],
            "ratio_cpu": own["cpu_p50"] / other["cpu_p50"],
            "macs_ratio": macs_ratio,
            "skip_efficiency": macs_ratio / time_ratio if known else None,
        }

    def _ratio(self, candidate, other):
        means = [
            np.mean(timing.image_medians(c, self._images)) for c in (candidate, other)
        ]
        return float(means[0] / means[1])

    def _extra(self, name):
        """The baseline in another runtime."""
        return self._files[self._subjects[0].name] | {
            "name": name,
            "role": "extra",
            "cold_start": [],
        }

    def _found_warnings(self, conditions):
        for point in self._points:
            share = point["latency_ms"]["disturbed"]
            if share > _DISTURBED:
                yield (
                    f"{share:.0%} of the runs of {point['file']} with "
                    f"{point['threads']} threads shared the processor with other "
                    "programs: trust the CPU ratio, or measure again on a quiet machine"
                )
        before = conditions["machine"]["frequency_mhz"]
        after = conditions["frequency_mhz_after"]
        if before and after and abs(after / before - 1) > _FREQUENCY_CHANGE:
            yield (
                f"the processor ran at {before:.0f} MHz before and at {after:.0f} MHz "
                "after the measurement: trust ratios only"
            )
        overheads = [o["static"] for point in self._points for o in point["overhead"]]
        for subject in self._subjects:
            if subject.role == "static" and subject.name not in overheads:
                yield (
                    f"no file decides for every image as {subject.name} was made, or "
                    "tells its decisions: no overhead is given"
                )


def find(result, file, *, tau=None, u=None, threads=None, batch=1):
    """Finds a point of a result.

    Args:
        result: what `benchmark` returns.
        file: the file's name in it.
        tau: its setting of τ; None takes the file's first point.
        u: its setting of u; None takes the file's first point.
        threads: number of threads; None takes the first.
        batch: number of images.

    Returns:
        Dict, an entry of `points`.

    Raises:
        KeyError: there is none.
    """
    wanted = {"file": file, "batch": batch, "tau": tau, "u": u, "threads": threads}
    wanted = {key: value for key, value in wanted.items() if value is not None}
    for point in result["points"]:
        if all(point[key] == value for key, value in wanted.items()):
            return point
    raise KeyError(f"Expected a point of {wanted}, got none.")


def decides_as(candidate, static):
    """Whether a candidate decides for every image as a static file was made.

    Args:
        candidate: measured `tflite.timing.Candidate`.
        static: dict from a gate's name to the list of its decisions.
    """
    decisions = candidate.all_decisions
    gates = [gate["gate"] for gate in candidate.network.metadata["gates"]]
    if decisions is None or sorted(gates) != sorted(static):
        return False
    made = np.concatenate([static[gate] for gate in gates])
    return decisions.shape[1] == len(made) and bool(np.all(decisions == made))


def pack(decisions):
    """Packs decisions for JSON.

    Args:
        decisions: array `[images, components]` of 0 and 1, or None.

    Returns:
        Dict: `images`, `components` and `bits`, base64 of whole bytes for each image,
        the first component in the highest bit; None for None.
    """
    if decisions is None:
        return None
    images, components = decisions.shape
    packed = np.packbits(decisions.astype(bool), axis=1)
    bits = base64.b64encode(packed.tobytes()).decode("ascii")
    return {"images": images, "components": components, "bits": bits}


def unpack(packed):
    """Returns the uint8 array `[images, components]` of what `pack` made.

    Args:
        packed: dict of `images`, `components` and `bits`.

    Raises:
        ValueError: the bits are not as many as that takes.
    """
    data = np.frombuffer(base64.b64decode(packed["bits"], validate=True), "uint8")
    rows = data.reshape(packed["images"], -(-packed["components"] // 8))
    return np.unpackbits(rows, axis=1, count=packed["components"])


def _file(subject):
    description = subject.metadata
    source = description["source"]
    return {
        "name": subject.name,
        "role": subject.role,
        "file": subject.path.name,
        "file_bytes": subject.path.stat().st_size,
        "sha256": files.fingerprint(subject.path),
        "source_sha256": None if source is None else source["sha256"],
        "model": description["model"],
        "lowering": description["lowering"],
        "quantization": description["quantization"],
        "dial": description.dial,
        "macs": {key: description["macs"][key] for key in _MACS},
        "gates": [
            {
                "block": gate["block"],
                "gate": gate["gate"],
                "lowering": gate["lowering"],
                "components": len(gate["components"]),
            }
            for gate in description["gates"]
        ],
        "cold_start": [],
        "blocks": None,
    }
