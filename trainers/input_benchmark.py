r"""Compares the ImageNet training pipeline with the least that it has to do.

    python -m trainers.input_benchmark --data_dir=DIR --runs=10 --json=OUT

The pipeline reads, shuffles, crops, mirrors and batches as in training. The bare loop
is tf.data alone: records are read in order and parsed, a random part (the
same distribution of sizes) is decoded and resized, and nothing else. Both have the same
parallelism and batch size, and run in one process, in alternation; each run reads
`--images` images, after one that does not count. Prints images/s of both (median over
the runs) and the ratio. The ratio is also given in CPU seconds, which other programs on
the machine disturb less.
"""

import dataclasses
import time

from absl import flags

from trainers.common import errors
from trainers.common import quiet
from trainers.common.data import directory
from trainers.common.json_file import JsonFile

_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Directory of TFDS data sets (it holds imagenet2012/)."
)
_RUNS = flags.DEFINE_integer("runs", 10, "Timed runs of each loop.", 1)
_IMAGES = flags.DEFINE_integer("images", 3200, "Images in a run.", 1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "Images in a batch.", 1)
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 224, "Pixels of a crop's sides.", 8)
_DETERMINISTIC = flags.DEFINE_bool(
    "deterministic", True, "Whether the pipeline's order is the same in every run."
)
_JSON = JsonFile()


def main(_):
    """Measures and prints; writes JSON where asked."""
    _JSON.check()
    if _DATA_DIR.value is None:
        raise errors.UserError("expected --data_dir=DIR, which holds imagenet2012/")
    directory.find(_DATA_DIR.value, "imagenet2012")
    quiet.load_tensorflow()
    from trainers.common.data import corrupt
    from trainers.common.data import imagenet

    images = _repeated(imagenet.find(_DATA_DIR.value)[0])
    loops = {"bare": _bare(images), "pipeline": _pipeline(images)}
    runs = {name: [] for name in loops}
    with corrupt.user_errors():
        for loop in loops.values():
            _measure(loop(0))
        for run in range(_RUNS.value):
            for name, loop in loops.items():
                runs[name].append(_measure(loop(run + 1)))
            latest = ", ".join(f"{name} {runs[name][-1][0]:.0f}" for name in loops)
            print(f"run {run + 1}/{_RUNS.value}: images/s {latest}", flush=True)
    outcome = _outcome(runs)
    median = {name: o["median"] for name, o in outcome["images_per_second"].items()}
    print(
        f"median images/s: bare {median['bare']:.0f}, pipeline "
        f"{median['pipeline']:.0f}; ratio pipeline / bare {outcome['ratio']:.3f}, in "
        f"CPU seconds {outcome['cpu_ratio']:.3f}"
    )
    _JSON.write(outcome)


def _pipeline(images):
    """The training pipeline: function of an epoch."""
    from trainers.common.data import imagenet
    from trainers.common.data import pipeline

    recipe = pipeline.Recipe(_IMAGE_SIZE.value, 0, deterministic=_DETERMINISTIC.value)
    dataset = imagenet.dataset(images, images, recipe)
    return lambda epoch: dataset.train(epoch, _BATCH_SIZE.value)


def _repeated(images):
    """The images as often as a run needs them, as one epoch."""
    passes = -(-_IMAGES.value // images.examples)
    return dataclasses.replace(
        images, files=images.files * passes, stop=images.stop * passes
    )


def _bare(images):
    import tensorflow as tf

    from trainers.common.data import crops
    from trainers.common.data import tuning

    paths = [path for path, _ in images.files]
    features = {"image": tf.io.FixedLenFeature([], tf.string)}
    features["label"] = tf.io.FixedLenFeature([], tf.int64)
    size = (_IMAGE_SIZE.value, _IMAGE_SIZE.value)

    def load(number, record):
        parsed = tf.io.parse_single_example(record, features)
        draw = crops.from_uniforms(
            tf.random.stateless_uniform(
                [crops.ATTEMPTS + 1, 4], tf.stack([0, number]), alg="philox"
            )
        )
        shape = tf.image.extract_jpeg_shape(parsed["image"])[:2]
        box = crops.random_box(shape, draw)
        pixels = tf.io.decode_and_crop_jpeg(parsed["image"], box, channels=3)
        return tf.image.resize(pixels, size), parsed["label"]

    batches = tf.data.TFRecordDataset(paths).enumerate()
    batches = batches.map(load, num_parallel_calls=tuning.cores())
    batches = tuning.fixed(batches.batch(_BATCH_SIZE.value).prefetch(2))
    return lambda _: batches


def _measure(batches):
    """Reads `--images` images; returns images per second and per CPU second.

    The clocks start at the first batch: what it takes to begin an epoch, half a second,
    is nothing beside the epochs of ImageNet, but not beside those of a sample.
    """
    read, started, cpu_started = 0, None, None
    for images, _ in batches:
        if started is None:
            started, cpu_started = time.perf_counter(), time.process_time()
        else:
            read += images.shape[0]
        if read >= _IMAGES.value:
            break
    seconds = time.perf_counter() - started
    return read / seconds, read / (time.process_time() - cpu_started)


def _outcome(runs):

    from trainers.common import provenance
    from trainers.common import throughput

    return {
        "command": "python -m trainers.input_benchmark",
        "images": _IMAGES.value,
        "image_size": _IMAGE_SIZE.value,
        "batch_size": _BATCH_SIZE.value,
        "deterministic": _DETERMINISTIC.value,
        "runs": _RUNS.value,
        **throughput.compare(runs, "pipeline", "bare"),
        **provenance.record(),
    }


if __name__ == "__main__":
    errors.run(main, flags.FLAGS)
