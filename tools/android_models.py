"""Trains, converts and describes the models that are part of the Android app.

    python -m tools.android_models [--workdir=build/demo] [--assets=FOLDER]

FOLDER is android_demo/app/src/main/assets unless given. It gets models/digits_dense and
models/digits_gated .tflite: the demo's networks, trained on scikit-learn's handwritten
digits (networks that tools.demo has trained in the working directory are taken over);
pictures: some of the digits that they were not trained on, as PNG; and models.json: how
good the models are and where they come from.

TensorFlow's training is not equal bit by bit on all machines. That is why the files are
checked in, and models.json has their SHA-256.
"""

import hashlib
import json
import pathlib
import sys

from absl import app
from absl import flags

from tflite import datasets
from tools import demo

ROOT = pathlib.Path(__file__).parent.parent
ASSETS = ROOT / "android_demo/app/src/main/assets"
FACTS = "models.json"
# Android lists the framework's own assets/images with those of the app.
PICTURES = "pictures"
FORMAT = "tfgate.android.models"
VERSION = 1
NETWORKS = ("dense", "gated")
# The app's TensorFlow Lite.
RUNTIME = "2.16"
IMAGES_PER_DIGIT = 2


def main(argv):
    """Writes the files; returns the exit code."""
    if argv[1:]:
        print(f"expected flags only (--name=value), got {argv[1]!r}", file=sys.stderr)
        return 2
    workdir = pathlib.Path(flags.FLAGS.workdir)
    assets = pathlib.Path(flags.FLAGS.assets)
    for folder in ("models", PICTURES):
        (assets / folder).mkdir(parents=True, exist_ok=True)
    facts = {
        "format": FORMAT,
        "version": VERSION,
        "command": "python -m tools.android_models",
        "dataset": "digits",
        "models": [_model(name, workdir, assets) for name in NETWORKS],
        "images": _images(assets / PICTURES),
    }
    text = json.dumps(facts, indent=2, allow_nan=False) + "\n"
    (assets / FACTS).write_text(text, encoding="utf-8", newline="\n")
    print(
        f"{assets}: {len(NETWORKS)} models, {len(facts['images'])} images and {FACTS}"
    )
    return 0


def _model(name, workdir, assets):
    results = demo.train(name, workdir / name)
    path = assets / "models" / f"digits_{name}.tflite"
    samples = datasets.available("digits")
    demo.convert_and_verify(name, workdir, path, samples=samples, runtime=RUNTIME)
    check = json.loads((workdir / f"verify_{name}.json").read_text(encoding="utf-8"))
    return {
        "file": f"models/{path.name}",
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "network": results["model"],
        "epochs": results["epochs"],
        "seed": results["seed"],
        "commit": results["git_commit"],
        "parameters": results["parameters"],
        "macs_dense": results["macs"]["dense"],
        "test_images": check["samples"],
        "accuracy_keras": check["accuracy"]["keras"],
        "accuracy_tflite": check["accuracy"]["tflite"],
        "executed_macs_mean": check["executed_macs_mean"],
        "activation_rate": check["activation_rate"],
    }


def _images(folder):
    """Writes the first test images of each digit; returns what there is to know."""
    import tensorflow as tf

    for old in folder.glob("*.png"):
        old.unlink()
    test = datasets.load("digits", samples=datasets.available("digits"))
    facts = []
    for digit in range(10):
        places = [i for i, label in enumerate(test.labels) if label == digit]
        for number, place in enumerate(places[:IMAGES_PER_DIGIT], start=1):
            path = folder / f"digit_{digit}_{number}.png"
            # Its three channels are equal.
            gray = tf.cast(test.images[place][..., :1], tf.uint8)
            path.write_bytes(tf.io.encode_png(gray).numpy())
            facts.append(
                {
                    "file": f"{PICTURES}/{path.name}",
                    "sha256": sha256(path),
                    "label": digit,
                    "test_image": place,
                }
            )
    return facts


def sha256(path):
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    flags.DEFINE_string("workdir", demo.WORKDIR, "Directory for networks and results.")
    flags.DEFINE_string("assets", str(ASSETS), "Folder of the app's assets.")
    app.run(main)
