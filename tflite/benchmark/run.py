"""The benchmark: what is checked, what is run in which order."""

import multiprocessing
import os

import numpy as np

from tflite import datasets
from tflite import files
from tflite import machine
from tflite import runtime
from tflite import timing
from tflite.benchmark import blocks
from tflite.benchmark import document
from tflite.benchmark import extra
from tflite.benchmark import subjects
from tflite.errors import InputError

# Largest difference of predictions between a file and the same file resized.
_TOLERANCE = 1e-3


def benchmark(
    models,
    baseline,
    *,
    static=(),
    dataset="digits",
    data_dir=None,
    images=None,
    samples=50,
    runs=1000,
    warmup=20,
    threads=(1,),
    batches=(1,),
    tau=None,
    u=None,
    sweep=None,
    sweep_values=(),
    per_block=False,
    extra_baselines=(),
    seed=0,
    json=None,
):
    """Measures .tflite files against a baseline, usually the dense network.

    Args:
        models: path of the file to measure, or a list of several.
        baseline: path of the file to compare them with.
        static: paths of files of `tflite.static`, for the overhead.
        dataset: one of `tflite.datasets.NAMES`.
        data_dir: directory of TFDS data sets, for cifar10 and imagenet2012.
        images: float32 `[images, height, width, channels]` in place of a data set;
            at most `runs` of them are taken.
        samples: number of test images that are taken in turn; at most `runs` of them.
        runs: number of runs of each file that count.
        warmup: number of runs before that, at least 1.
        threads: numbers of threads of the interpreters; one run for each.
        batches: numbers of images of a run, see `tflite.benchmark`.
        tau: threshold in [0, 1], for files with an input τ; None takes each file's.
        u: control in [0, 1], for files with an input u; None takes each file's, 1.
        sweep: `"tau"` or `"u"`, to run the files that have this input at several
            settings of it; None for no sweep.
        sweep_values: these settings, in [0, 1]; none means those of
            `tflite.metadata.SWEEPS`.
        per_block: whether to measure each block alone, see `tflite.benchmark.blocks`.
        extra_baselines: some of `tflite.benchmark.extra.NAMES`: the baseline in other
            runtimes, as far as they are installed.
        seed: root of the order in which the files take turns.
        json: path to write the result to, or None.

    Returns:
        Dict for JSON, as `tflite/schema/benchmark-4.json` describes it: `files`,
        `points` (a file at a setting, with latencies and ratios to the baseline),
        `warnings` and `conditions`.

    Raises:
        InputError: an argument does not fit; nothing is written then.
    """
    models = [models] if isinstance(models, str | os.PathLike) else list(models)
    _check_numbers(samples=samples, runs=runs, warmup=warmup)
    threads, batches = _checked_list(threads=threads), _checked_list(batches=batches)
    extra.check(extra_baselines)
    chosen = subjects.choose(
        models, baseline, static, tau=tau, u=u, sweep=sweep, sweep_values=sweep_values
    )
    choice = {"samples": min(samples, runs), "data_dir": data_dir}
    shape = _common_shape(chosen)
    if images is None:
        datasets.check(dataset, image_shape=shape, **choice)
    available = samples if images is None else len(images)
    _check_batches(batches, min(available, runs))
    json = None if json is None else files.writable(json, "--json")
    if images is None:
        images = _load(dataset, shape, choice)
    else:
        dataset, images = "given", _checked_images(images, shape)[:runs]
    before = machine.describe()
    result = document.Document(chosen, len(images))
    for number in threads:
        with extra.networks(extra_baselines, chosen[0], number) as (others, skipped):
            named = [
                *_candidates(chosen, number, batches, images),
                *((name, timing.Candidate(other, None)) for name, other in others),
            ]
            timing.measure(
                [candidate for _, candidate in named],
                images,
                runs=runs,
                warmup=warmup,
                seed=seed,
            )
        result.add(named, number)
        result.warn(*skipped)
    for subject in chosen:
        result.add_cold_starts(subject, threads)
        if per_block:
            result.add_blocks(subject, blocks.measure(subject.path, seed=seed))
    conditions = {
        "program": "tflite.benchmark",
        "dataset": dataset,
        "samples": len(images),
        "runs": runs,
        "warmup": warmup,
        "threads": threads,
        "batches": batches,
        "seed": seed,
        "ended": "completed",
        "machine": before,
        "frequency_mhz_after": machine.frequency_mhz(),
        **machine.provenance(),
    }
    result = result.finish(conditions)
    if json is not None:
        files.write_json(json, result)
    return result


def _candidates(chosen, threads, batches, images):
    """Pairs of a name and a `timing.Candidate`: every file, setting and batch."""
    named = []
    for subject in chosen:
        arguments = {"threads": threads, "name": f"--{subject.role}"}
        single = runtime.Network(subject.path, **arguments)
        for batch in batches:
            resized = batch > 1 and not subject.metadata.undecided
            network = single
            if resized:
                network = runtime.Network(subject.path, batch=batch, **arguments)
                _check_resized(network, single, images[:batch], subject)
            named += [
                (subject.name, timing.Candidate(network, setting, batch, resized))
                for setting in subject.settings
            ]
    return named


def _check_resized(network, single, images, subject):
    """Raises `InputError` where a resized file computes something else."""
    network.set_images(images)
    network.invoke()
    got, (expected, _) = network.batch_predictions(), single.run(images)
    if got.shape != expected.shape or np.max(np.abs(got - expected)) > _TOLERANCE:
        raise InputError(
            f"Expected --batches=1 for --{subject.role}={subject.path}: resized to "
            f"{len(images)} images it predicts otherwise."
        )


def _check_numbers(**numbers):
    for name, value in numbers.items():
        if value < 1:
            raise InputError(f"Expected --{name} of at least 1, got {value!r}.")


def _checked_list(**lists):
    """Returns the list of one argument, a number or several, without repetitions."""
    ((name, values),) = lists.items()
    values = [values] if isinstance(values, int) else list(dict.fromkeys(values))
    if not values:
        raise InputError(f"Expected at least one number for --{name}, got none.")
    for value in values:
        _check_numbers(**{name: value})
    return values


def _check_batches(batches, samples):
    if max(batches) > samples:
        raise InputError(
            f"Expected --batches of at most {samples}, the number of images, got "
            f"{max(batches)}."
        )


def _common_shape(chosen):
    """Shape of one image of all files."""
    shape = chosen[0].metadata.image_shape
    for subject in chosen:
        if subject.metadata.image_shape != shape:
            raise InputError(
                f"Expected files for images of shape {shape}, as the baseline, got "
                f"--{subject.role}={subject.path} for {subject.metadata.image_shape}."
            )
    return shape


def _checked_images(images, shape):
    images = np.asarray(images, "float32")
    if images.shape[1:] != shape:
        raise InputError(
            f"Expected images of shape {shape}, as the files, got {images.shape[1:]}."
        )
    return images


def _load(dataset, shape, choice):
    if dataset == "digits":
        return datasets.load(dataset, **choice).images
    # TensorFlow reads the others, and what it leaves in a process changes TFLite's
    # times: it does so in another one.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        arguments = choice | {"image_shape": shape}
        return pool.apply(datasets.load, (dataset,), arguments).images
