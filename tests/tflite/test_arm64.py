"""Converted networks on arm64, as on a phone: under qemu-user, for the results only.

The tests need an emulator and an arm64 Python with packages, named by

- `TFGATE_ARM64_QEMU`: qemu-aarch64, version 8 or newer (that of Debian 12, 7.2, crashes
  in LiteRT); without it, one on the PATH;
- `TFGATE_ARM64_ROOT`: a folder of arm64 libraries with `usr/bin/python3.11`;
- `TFGATE_ARM64_PACKAGES`: a folder with ai-edge-litert, numpy and absl-py for it;

and are skipped with a reason without. On Debian, with sources for arm64:

    apt-get download qemu-user:amd64   # 10.0, from Debian 13
    apt-get download python3.11-minimal:arm64 libpython3.11-minimal:arm64 \
        libpython3.11-stdlib:arm64 libc6:arm64 libgcc-s1:arm64 libstdc++6:arm64 \
        zlib1g:arm64 libexpat1:arm64 libffi8:arm64 libbz2-1.0:arm64 liblzma5:arm64
    for package in *_arm64.deb; do dpkg-deb -x $package root; done
    pip install --target packages --no-deps --only-binary=:all: \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 \
        --python-version 3.11 ai-edge-litert numpy
    pip install --target packages --no-deps absl-py
"""

import os
import pathlib
import re
import shutil
import subprocess

import numpy as np
import pytest

from tests.tflite import throttled
from tflite import convert
from tflite import runtime

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORKER = pathlib.Path(__file__).with_name("arm64_worker.py")
OLDEST = 8
TAU_INPUT = {"lowering": "conditional", "tau_input": True, "gate_outputs": True}

pytestmark = [pytest.mark.large, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def run_on_arm64(tmp_path_factory):
    """Function from images and groups (file, setting, ...) to what the worker found."""
    qemu = os.environ.get("TFGATE_ARM64_QEMU") or shutil.which("qemu-aarch64")
    if qemu is None:
        pytest.skip("There is no qemu-aarch64; set TFGATE_ARM64_QEMU.")
    said = subprocess.run([qemu, "--version"], capture_output=True, text=True).stdout
    version = re.search(r"version (\d+)", said)
    if version is None or int(version[1]) < OLDEST:
        pytest.skip(
            f"qemu-aarch64 {OLDEST} or newer is needed, this is: {said[:60]!r}."
        )
    folders = [
        os.environ.get(f"TFGATE_ARM64_{name}", "") for name in ("ROOT", "PACKAGES")
    ]
    if not all(map(os.path.isdir, folders)):
        pytest.skip("Set TFGATE_ARM64_ROOT and TFGATE_ARM64_PACKAGES to folders.")
    root, packages = map(pathlib.Path, folders)
    directory = tmp_path_factory.mktemp("arm64")

    def run(images, *groups):
        np.save(directory / "images.npy", images)
        arguments = " -- ".join(" ".join(map(str, group)) for group in groups).split()
        subprocess.run(
            [
                *(qemu, "-L", root, root / "usr/bin/python3.11", WORKER),
                *(directory / "images.npy", directory / "results.npz", *arguments),
            ],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join([str(packages), str(ROOT)]),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            check=True,
            timeout=800,
        )
        return dict(np.load(directory / "results.npz"))

    return run


def test_files_predict_and_decide_as_here(
    run_on_arm64, converted, images, tmp_path_factory
):
    dial = tmp_path_factory.mktemp("dial") / "dial.tflite"
    convert.convert(throttled.network("vgg"), dial, min_group=2, gate_outputs=True)
    groups = [
        (converted("dependent", **TAU_INPUT), 0.0, 0.5, 1.0),
        (converted("dependent", lowering="masked", gate_outputs=True),),
        (converted("dependent", quantize="dynamic", gate_outputs=True),),
        (converted("independent", lowering="pruned", quantize="float16"),),
        (converted("dense", lowering="dense"),),
        (dial, 0.0, 0.5, 1.0),
    ]
    found = run_on_arm64(images[:4], *groups)
    assert found["machine"] == "aarch64"
    for number, (path, *settings) in enumerate(groups):
        network = runtime.Network(path)
        # Weights of 8 bits meet activations that are rounded at run time, differently.
        tolerance = 2e-2 if network.metadata["quantization"] == "dynamic" else 1e-4
        for place, setting in enumerate(settings or [None]):
            if setting is not None:
                network.set_dial(setting)
            predictions, decisions = network.run(images[:4])
            scale = max(1.0, np.abs(predictions).max())
            np.testing.assert_allclose(
                found[f"predictions_{number}_{place}"],
                predictions,
                atol=tolerance * scale,
            )
            if decisions is not None:
                told = found[f"decisions_{number}_{place}"]
                np.testing.assert_array_equal(told, decisions)
