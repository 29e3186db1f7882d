"""Installs `tfgate`.

`trainers` and `tflite` are programs with names too general to install; they run
from the checkout, and the extras of the same names are what they need.
"""

import re
from pathlib import Path

from setuptools import find_packages
from setuptools import setup

ROOT = Path(__file__).parent


def read_version() -> str:
    """Reads the version as text: importing tfgate would need TensorFlow."""
    source = (ROOT / "tfgate" / "version.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    if match is None:
        raise RuntimeError('tfgate/version.py: expected a line __version__ = "..."')
    return match.group(1)


def read_long_description() -> str:
    readme = ROOT / "README.md"
    return readme.read_text(encoding="utf-8") if readme.exists() else ""


setup(
    name="tfgate",
    version=read_version(),
    description=(
        "Gates with which a Keras CNN decides, image by image, which of its parts"
        " to run"
    ),
    long_description=read_long_description(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    packages=find_packages(include=["tfgate", "tfgate.*"]),
    package_data={"tfgate": ["py.typed"]},
    python_requires=">=3.11",
    install_requires=[
        "tensorflow>=2.21",
        # TensorFlow asks only for 3.12; gates are saved and restored with 3.15's API.
        "keras>=3.15",
        "numpy>=2.0",
    ],
    extras_require={
        "trainers": [
            "absl-py>=1.4",
            # CIFAR, ImageNet and COCO as tf.data pipelines.
            "tensorflow-datasets>=4.9.10",
            # tensorflow-datasets imports it without declaring it.
            "importlib_resources>=6.0",
            # RandAugment in tf.data, detection and segmentation heads. Frozen upstream.
            "keras-cv>=0.9",
            # Its 1,797 handwritten digits need no download.
            "scikit-learn>=1.5",
            "matplotlib>=3.9",
            "tqdm>=4.66",
        ],
        # tfgate.analysis draws with it.
        "analysis": ["matplotlib>=3.9"],
        "tflite": [
            "absl-py>=1.4",
            # The interpreter; tf.lite.Interpreter is deprecated.
            "ai-edge-litert>=2.3",
            # Quantization-aware training. It is what holds absl-py at 1.4.
            "tensorflow-model-optimization>=0.8.1",
            # The Keras 2 that tensorflow-model-optimization still asks for.
            "tf_keras>=2.21",
            # Dynamic range files that run on TFLite 2.16, too.
            "ai-edge-quantizer>=0.10",
            # ai-edge-quantizer imports it without declaring it.
            "tqdm>=4.66",
            # The digits again: a data set to verify and benchmark on offline.
            "scikit-learn>=1.5",
            # Results, which apps write too, checked against tflite/schema.
            "jsonschema>=4.23",
        ],
        # State dicts of torch, read by tools/torch_weights.py.
        "tools": ["absl-py>=1.4", "safetensors>=0.8"],
        "dev": [
            "pytest>=9.0",
            # A hanging test fails after the limit in pyproject.toml.
            "pytest-timeout>=2.3",
            # Tests on all cores: most of their time is Python's, on one of them.
            "pytest-xdist>=3.8",
            "ruff>=0.17",
            "mypy>=2.0",
            "pre-commit>=4.4",
            # Reference distributions and statistical tests in tests/.
            "scipy>=1.14",
            # Writes requirements.lock (make lock).
            "uv>=0.13",
            # pip, setuptools and wheel install .venv itself (Makefile): pinned too.
            "pip>=24.0",
            "setuptools>=77",
            "wheel",
        ],
    },
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
