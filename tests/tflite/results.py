"""Results of benchmarks for tests: one from an imagined phone, made by hand."""

import copy
import hashlib

import numpy as np

from tflite.benchmark import document

_BLOCKS = ("block1", "block2", "block3")
IMAGES = 12


def sha(name):
    return hashlib.sha256(name.encode()).hexdigest()


def latency(milliseconds):
    return {
        "p50": milliseconds,
        "p90": 1.1 * milliseconds,
        "p99": 1.3 * milliseconds,
        "mean": 1.02 * milliseconds,
        "std": 0.05 * milliseconds,
        "image_mean": milliseconds,
        "disturbed": None,
    }


def file(name, role, macs, *, gated=False):
    return {
        "name": name,
        "role": role,
        "file": f"{name}.tflite",
        "file_bytes": 1_000_000,
        "sha256": sha(name),
        "source_sha256": None,
        "model": name,
        "lowering": "conditional" if gated else "dense",
        "quantization": "none",
        "dial": "tau" if gated else None,
        "macs": {"dense": macs, "all_open": macs, "all_closed": 0.1 * macs},
        "gates": [
            {"block": block, "gate": f"{block}_gate", "components": 1}
            for block in _BLOCKS
        ]
        if gated
        else [],
        "cold_start": [
            {
                "threads": 1,
                "load_ms": 31.0,
                "first_run_ms": 20.5,
                "fresh_process": False,
            }
        ],
    }


def point(name, milliseconds, macs, tau=None, decisions=None):
    rate = None if decisions is None else float(np.mean(decisions))
    return {
        "file": name,
        "tau": tau,
        "u": None,
        "threads": 1,
        "batch": 1,
        "latency_ms": latency(milliseconds),
        "image_ms": [milliseconds + 0.1 * (i % 4) for i in range(IMAGES)],
        "executed_macs_mean": macs,
        "activation_rate": rate,
        "decisions": document.pack(decisions),
        "ratio_p50": milliseconds / 20.0,
        "runs": 120,
    }


def phone():
    """A result as an Android app would write it."""
    random = np.random.default_rng(0)
    half = random.integers(0, 2, (IMAGES, len(_BLOCKS)))
    every = np.ones_like(half)
    return copy.deepcopy(
        {
            "schema": "tfgate.benchmark",
            "schema_version": 4,
            "baseline": "resnet20_dense",
            "files": [
                file("resnet20_dense", "baseline", 4e7),
                file("resnet20_gated", "model", 4.1e7, gated=True),
                file("resnet14_dense", "model", 2.7e7),
            ],
            "points": [
                point("resnet20_dense", 20.0, 4e7),
                point("resnet20_gated", 11.5, 2.2e7, 0.5, half),
                point("resnet20_gated", 20.6, 4.1e7, 0.0, every),
                point("resnet14_dense", 13.7, 2.7e7),
            ],
            "warnings": ["the phone was warm"],
            "conditions": {
                "program": "android_demo",
                "dataset": "cifar10",
                "samples": IMAGES,
                "runs": 120,
                "warmup": 20,
                "threads": [1],
                "batches": [1],
                "seed": None,
                "ended": "completed",
                "thermal_wait_seconds": 2.5,
                "machine": {
                    "processor": None,
                    "architecture": "arm64-v8a",
                    "cores": 8,
                    "system": "Android 15",
                },
                "device": {
                    "manufacturer": "Imaginary",
                    "model": "Phone 1",
                    "soc": "SoC 1",
                    "android_version": "15",
                    "android_api": 35,
                    "runtime": "tensorflow-lite",
                    "runtime_version": "2.16.1",
                    "delegates": ["xnnpack"],
                    "app_version": "1.0",
                    "debuggable": False,
                    "cores": [
                        {"number": 0, "min_mhz": 300, "max_mhz": 1800},
                        {
                            "number": 1,
                            "min_mhz": None,
                            "max_mhz": 2800,
                            "mhz_before": 2000.5,
                            "mhz_after": 1900,
                        },
                    ],
                    "thermal_status_before": "none",
                    "thermal_status_after": "light",
                    "thermal_status_highest": "moderate",
                    "battery_percent_before": 80,
                    "battery_percent_after": 79.5,
                    "battery_celsius_before": 29.5,
                    "battery_celsius_after": 31.0,
                    "battery_status_before": "discharging",
                    "battery_status_after": "discharging",
                    "charging": False,
                },
                "date": "2026-11-28T12:00:00+00:00",
                "versions": {"app": "1.0", "tensorflow-lite": "2.16.1"},
            },
        }
    )


def phone_of_version_3():
    """A result as an app wrote it before version 4 of the schema."""
    result = phone() | {"schema_version": 3}
    for each in result["files"]:
        for start in each["cold_start"]:
            del start["fresh_process"]
    for each in result["points"]:
        del each["runs"]
    for name in ("ended", "thermal_wait_seconds"):
        del result["conditions"][name]
    newer = ("debuggable", "cores", "thermal_status_highest")
    newer += tuple(
        f"battery_{fact}_{when}"
        for fact in ("celsius", "status")
        for when in ("before", "after")
    )
    for name in newer:
        del result["conditions"]["device"][name]
    return result


def verified(name, accuracy, tau=None, us=None):
    """What of a result of `tflite.verify` the report reads."""
    return {
        "schema": "tfgate.verify",
        "schema_version": 1,
        "samples": 1000,
        "accuracy": {"keras": accuracy, "tflite": accuracy},
        "tau": tau,
        "us": us,
        "compared": {"tflite": f"{name}.tflite", "tflite_sha256": sha(name)},
    }
