"""A finished file is compared with Keras before anybody gets it.

Images are a few: of the calibration images where there are any, else noise, the same
for every conversion. Where a gate's log odds are within `CLOSE` of the threshold, a
rounding error may decide, so of several images those are taken whose gates are surest.

A file of float32 is refused where, on an image without such close calls, a decision
differs, or a prediction by more than `TOLERANCE` times the largest one of all (at least
1); and where no image at all is equal. A quantized file is refused where
fewer than `LEAST_GATES` of the decisions, or than `LEAST_CLASSES` of the classes, are
equal: quantized weights move every number, and one other decision changes what all
gates behind it see.

Files with an input u are compared at 0, 1/2 and 1, and those of float32 also within
`MOST_STEPS` of the intervals on which their MACs stay the same. So this finds files
that are wrong, such as those of bad calibration; how good a right one is,
`tflite.verify` tells.
"""

import itertools
import pathlib
import tempfile

import numpy as np

from tflite import reference
from tflite import runtime
from tflite.errors import InputError

TOLERANCE = 1e-4
CLOSE = 1e-3
LEAST_GATES = 0.75
LEAST_CLASSES = 0.5
MOST_STEPS = 16

_SEED = 0
# As many more are looked at as are taken.
_CHOICE = 4
_FIX = "please report it; --check_samples=0 switches this check off"


def check(content, description, model, options):
    """Runs a file and its origin on a few images.

    Args:
        content: bytes of the file.
        description: its `tflite.metadata.Metadata`.
        model: the network that it was made from, in float32.
        options: `tflite.options.Options` of the conversion: `check_samples` images, 0
            for no check, from `calibration` where there are any.

    Raises:
        InputError: the file does not run, or does not do what Keras does; or there is
            no image on which this can be told.
    """
    if not options.check_samples:
        return
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "checked.tflite"
        path.write_bytes(content)
        try:
            network = runtime.Network(path)
            for tau, u in _settings(description, options):
                _check_at(network, description, model, options, tau, u)
            for signature in description.signatures[1:]:
                network = runtime.Network(path, signature=signature)
                _check_dense(network, description, model, options)
        # What LiteRT raises for a file that it does not run.
        except (RuntimeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            reason = str(error).strip().partition("\n")[0]
            raise InputError(
                f"Expected a file that LiteRT runs, got: {reason}; {_FIX}."
            ) from error


def noise(description, count):
    """Seeded images for a network: coarse and fine noise, of several contrasts.

    Args:
        description: `tflite.metadata.Metadata`.
        count: number of images.

    Returns:
        float32 `[count, ...]`: in the network's range of values where that is known,
        else standardized.
    """
    random = np.random.default_rng(_SEED)
    shape = (count, *description.image_shape)
    images = random.normal(size=shape)
    if len(shape) == 4:
        coarse = random.normal(size=(count, 4, 4, shape[-1]))
        rows, columns = (np.arange(size) * 4 // size for size in shape[1:3])
        images = 0.5 * images + coarse[:, rows][:, :, columns]
    images *= np.linspace(0.25, 1.0, count).reshape(count, *[1] * (len(shape) - 1))
    value_range = description["input"]["value_range"]
    if value_range is not None:
        low, high = value_range
        middle, half = (high + low) / 2, (high - low) / 2
        images = np.clip(middle + half * images, low, high)
    return images.astype("float32")


def _settings(description, options):
    """At which `(tau, u)` a file is compared; τ None opens all gates."""
    own = None if description["tau"] is None else description["tau"]["value"]
    if description.has_u_input:
        # Of a few images one other class is too large a share to be asked so often.
        inside = _inside_steps(description) if options.quantize == "none" else []
        return [(own, u) for u in (0.0, 0.5, 1.0, *inside)]
    return [(own, None), (None, None)] if description.has_tau_input else [(own, None)]


def _inside_steps(description):
    """A u in each interval between steps, or in some, evenly chosen.

    Near its begin, where not all that the interval computes is open yet.
    """
    steps = description["u"]["steps"]
    if steps is None:
        return []
    begins = [step["from"] for step in steps]
    us = [low + (high - low) / 4 for low, high in itertools.pairwise([*begins, 1.0])]
    count = min(len(us), MOST_STEPS)
    return [us[i] for i in np.linspace(0, len(us) - 1, count).round().astype(int)]


def _check_at(network, description, model, options, tau, u):
    images = _images(description, options, _CHOICE * options.check_samples)
    if tau is None:  # nothing is a close call
        images = images[: options.check_samples]
    expected, gates = reference.run_gates(model, images, tau=tau, u=u)
    margins = _margins(description, gates, tau, len(images))
    surest = np.sort(np.argsort(-margins, kind="stable")[: options.check_samples])
    if description.dial is not None:
        network.set_dial(u if u is not None else 0.0 if tau is None else tau)
    predictions, decisions = network.run(images[surest])
    told = description.all_decisions(decisions, len(surest))
    _compare(
        model,
        options,
        margins[surest] >= CLOSE,
        (predictions, expected[surest]),
        (told, _all_decisions(description, gates, surest)),
    )


def _check_dense(network, description, model, options):
    images = _images(description, options, options.check_samples)
    expected, _ = reference.run(model, images, tau=None)
    predictions, _ = network.run(images)
    sure = np.ones(len(images), bool)
    _compare(model, options, sure, (predictions, expected), (None, None))


def _images(description, options, count):
    if options.calibration is None:
        return noise(description, count)
    return options.calibration[:count]


def _compare(model, options, sure, predictions, decisions):
    """Compares pairs of what was got and what was expected."""
    if not np.isfinite(predictions[1]).all():
        raise InputError(
            f"Expected a network whose predictions are finite, got {model.name!r}, "
            "whose are not on the images of the check; --check_samples=0 switches it "
            "off."
        )
    if options.quantize != "none":
        _compare_loosely(predictions, decisions)
    else:
        _compare_exactly(sure, predictions, decisions)


def _margins(description, gates, tau, count):
    """Least distance of undecided log odds from the threshold: `[count]`."""
    undecided = np.array([c["decided"] is None for c in description.components])
    if tau is None or not undecided.any():
        return np.full(count, np.inf)
    log_odds = np.concatenate([gate["logits"] for gate in gates.values()], axis=1)
    threshold = np.log(tau) - np.log1p(-tau)
    return np.abs(log_odds[:, undecided] - threshold).min(axis=1)


def _all_decisions(description, gates, chosen):
    decisions = [gate["decision"][chosen] for gate in gates.values()]
    return description.reached(np.concatenate(decisions, axis=1)) if decisions else None


def _compare_exactly(sure, predictions, decisions):
    """Raises where an image differs, though its gates are sure, or where all do."""
    told, known = decisions
    got, expected = predictions
    limit = TOLERANCE * max(1.0, float(np.abs(expected).max()))
    errors = np.abs(got - expected).reshape(len(got), -1).max(axis=1)
    # NaN is not within the limit.
    equal = errors <= limit
    decided_alike = np.ones(len(got), bool)
    if told is not None:
        decided_alike = (told == known).all(axis=1)
    if (sure & ~decided_alike).any():
        raise InputError(
            "Expected a file that decides as Keras does, got other decisions for "
            f"{int((sure & ~decided_alike).sum())} of {int(sure.sum())} images; {_FIX}."
        )
    if (sure & ~equal).any():
        raise InputError(
            f"Expected a file whose predictions are Keras' to {limit:.1e}, got a "
            f"difference of {errors[sure & ~equal].max():.1e}; {_FIX}."
        )
    if not (equal & decided_alike).any():
        raise InputError(
            "Expected an image on which the file does what Keras does, got none, and "
            f"none whose gates' log odds are all further than {CLOSE} from the "
            "threshold, so that it could be told why; give --calibration_dataset, "
            "another --tau or more --check_samples, or switch the check off by "
            "--check_samples=0."
        )


def _compare_loosely(predictions, decisions):
    told, known = decisions
    got, expected = predictions
    shares = {
        "classes": (np.mean(got.argmax(-1) == expected.argmax(-1)), LEAST_CLASSES)
    }
    if told is not None:
        shares["decisions"] = (np.mean(told == known), LEAST_GATES)
    for what, (share, least) in shares.items():
        if not (np.isfinite(got).all() and share >= least):
            raise InputError(
                f"Expected a quantized file with at least {least:.0%} of Keras' "
                f"{what}, got {share:.0%} of them; calibrate on images like the "
                "network's own, quantize less, or switch the check off by "
                "--check_samples=0."
            )
