r"""Compares a converted network with its origin, image by image.

    python -m tflite.verify --model=model.keras --tflite=model.tflite \
        --dataset=digits|cifar10|imagenet2012 [--data_dir=DIR] --samples=N \
        --json=result.json [--tau=0.5] [--min_agreement=1.0] [--worst=5]

The reference is Keras with the threshold policy at the file's τ, or with all gates
open for a file of `--lowering=dense`. Exit code 1: an agreement is below
`--min_agreement`; the result is written all the same.
"""

import os

import numpy as np
from absl import flags

from tflite import datasets
from tflite import errors
from tflite import files
from tflite import machine
from tflite import metadata
from tflite import quiet
from tflite.errors import InputError

SCHEMA = "tfgate.verify"
SCHEMA_VERSION = 1


def verify(
    model,
    tflite,
    *,
    dataset,
    samples=100,
    data_dir=None,
    tau=None,
    us=None,
    json=None,
    worst=5,
):
    """Compares a .tflite file with the network that it was converted from.

    Args:
        model: path of the `.keras` file, or the loaded `keras.Model`.
        tflite: path of the `.tflite` file.
        dataset: one of `tflite.datasets.NAMES`.
        samples: number of test images, the first of the data set.
        data_dir: directory of TFDS data sets, for cifar10 and imagenet2012.
        tau: threshold in (0, 1), for a file with an input τ; None takes the file's.
        us: values of the control in [0, 1] to compare at, for a file with an input u;
            None takes 0, 1/16, ..., 1.
        json: path to write the result to, or None.
        worst: how many images with the largest errors to report, at least 0.

    Returns:
        Dict for JSON:

        - `schema`, `schema_version`: what this is;
        - `samples`: number of images;
        - `gate_agreement`: share of equal decisions over images and components, those
          that are decided in the file included; behind a closed early exit all count as
          closed; None for a network without gates, or
          where the file does not tell its decisions;
        - `prediction_agreement`: share of images with the same class;
        - `max_abs_error`: largest difference between two predictions;
        - `executed_macs_mean`: MACs per image of the file; None where they depend on
          decisions that the file does not tell;
        - `activation_rate`: mean decision in the file, None as for gate_agreement;
        - `accuracy`: of `keras` and of `tflite`, in [0, 1];
        - `worst`: a list of the images with the largest errors, largest first: `index`
          in the data set, `label`, the class that each of `keras` and `tflite`
          predicts, `error`, the largest difference of its predictions, and
          `gates_differ`, how many decisions differ, None as for gate_agreement;
        - `tau`: None for a file without gates, or where a fixed rule of u decides;
        - `us`: for a file with an input u, a list with the numbers above, `accuracy`
          included, at each `u`; the ones above are then the lowest agreements, the
          largest error, and means of the others. None for other files;
        - `compared`: the two files, the SHA-256 of the .tflite file, the data set,
          lowering, quantization, the reference,
          and `same_source`: whether the file was made from this very `.keras` file,
          None if one of the two was in memory;
        - `date`, `git_commit`, `versions`.

    Raises:
        InputError: an argument does not fit; nothing is written then.
    """
    description = metadata.read(tflite, "--tflite")
    tau = description.checked_tau(tau)
    if tau is not None and not 0.0 < tau < 1.0:
        raise InputError(f"Expected --tau in (0, 1), as Keras takes it, got {tau!r}.")
    us = _checked_us(description, us)
    choice = {"samples": samples, "data_dir": data_dir}
    datasets.check(dataset, image_shape=description.image_shape, **choice)
    if worst < 0:
        raise InputError(f"Expected --worst of at least 0, got {worst!r}.")
    json = None if json is None else files.writable(json, "--json")
    in_memory = not isinstance(model, str | os.PathLike)
    if not in_memory:
        path = files.keras_archive(model, "--model")
    # Not before: what is wrong so far is reported without waiting for TensorFlow.
    quiet.import_tensorflow()
    from tflite import source

    loaded = model if in_memory else source.load(path)
    _check_same_network(loaded, description)
    images = datasets.load(dataset, image_shape=description.image_shape, **choice)
    result = _compare(loaded, tflite, description, images, tau, us, worst)
    made_from = description["source"]
    result["compared"] |= {
        "model": loaded.name if in_memory else path.name,
        "same_source": None
        if in_memory or made_from is None
        else files.fingerprint(path) == made_from["sha256"],
    }
    if json is not None:
        files.write_json(json, result)
    return result


def _checked_us(description, us):
    """The values of u to compare at; None alone for a file without an input u."""
    if not description.has_u_input:
        if us is not None:
            description.checked_u(us[0] if len(us) else 0.0)
        return [None]
    if us is not None and not len(us):
        raise InputError("Expected at least one number for --us, got none.")
    return [description.checked_u(u) for u in (metadata.SWEEPS["u"] if not us else us)]


def _compare(model, tflite, description, images, tau, us, worst):
    from tflite import runtime

    network = runtime.Network(tflite)
    rows = [_compare_at(network, model, description, images, tau, u, worst) for u in us]
    result = rows[0] | {"us": None}
    if description.has_u_input:
        result = _summary(rows, worst) | {
            "us": [{"u": u, **row} for u, row in zip(us, rows, strict=True)]
        }
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "samples": len(images),
        **result,
        "tau": tau,
        "compared": {
            "tflite": os.path.basename(tflite),
            "tflite_sha256": files.fingerprint(tflite),
            "dataset": images.name,
            "lowering": description["lowering"],
            "quantization": description["quantization"],
            "reference": _reference(description, tau),
        },
        **machine.provenance(),
    }


def _summary(rows, worst):
    """One row of several: the worst of what is compared, means of the rest."""

    def column(name):
        values = [row[name] for row in rows]
        return None if None in values else values

    def of(combine, name):
        values = column(name)
        return None if values is None else float(combine(values))

    return {
        "gate_agreement": of(min, "gate_agreement"),
        "prediction_agreement": of(min, "prediction_agreement"),
        "max_abs_error": of(max, "max_abs_error"),
        "executed_macs_mean": of(np.mean, "executed_macs_mean"),
        "activation_rate": of(np.mean, "activation_rate"),
        "accuracy": {
            key: float(np.mean([row["accuracy"][key] for row in rows]))
            for key in ("keras", "tflite")
        },
        "worst": sorted(
            (image for row in rows for image in row["worst"]),
            key=lambda image: -image["error"],
        )[:worst],
    }


def _reference(description, tau):
    if description.has_u_input:
        return "Keras, at the same u"
    return "Keras, all gates open" if tau is None else "Keras, threshold"


def _compare_at(network, model, description, images, tau, u, worst):
    from tflite import reference

    if description.dial is not None:
        network.set_dial(tau if u is None else u)
    predictions, decisions = network.run(images.images)
    expected, expected_decisions = reference.run(model, images.images, tau=tau, u=u)
    if expected_decisions is not None:
        expected_decisions = description.reached(expected_decisions)
    all_decisions = description.all_decisions(decisions, len(images))
    told = all_decisions is not None
    executed = description.executed_macs(decisions, u)
    classes, expected_classes = predictions.argmax(1), expected.argmax(1)
    return {
        "gate_agreement": float(np.mean(all_decisions == expected_decisions))
        if told
        else None,
        "prediction_agreement": float(np.mean(classes == expected_classes)),
        "max_abs_error": float(np.max(np.abs(predictions - expected))),
        "executed_macs_mean": None if executed is None else float(np.mean(executed)),
        "activation_rate": float(np.mean(all_decisions)) if told else None,
        "accuracy": {
            "keras": float(np.mean(expected_classes == images.labels)),
            "tflite": float(np.mean(classes == images.labels)),
        },
        "worst": _worst(
            np.abs(predictions - expected).max(axis=1),
            {"label": images.labels, "keras": expected_classes, "tflite": classes},
            (all_decisions != expected_decisions).sum(axis=1) if told else None,
            worst,
        ),
    }


def _worst(errors, classes, differing, count):
    """The images with the largest errors: a list of dicts, largest first."""
    order = np.argsort(-errors, kind="stable")[:count]
    return [
        {
            "index": int(index),
            **{name: int(values[index]) for name, values in classes.items()},
            "error": float(errors[index]),
            "gates_differ": None if differing is None else int(differing[index]),
        }
        for index in order
    ]


def _check_same_network(model, description):
    """Raises `InputError` where the file was not made from such a network."""
    names = [gate.name for gate in getattr(model, "gates", [])]
    expected = [gate["gate"] for gate in description["gates"]]
    if names != expected:
        raise InputError(
            f"Expected --model with the {len(expected)} gates of the .tflite file, got "
            f"{model.name!r} with {len(names)} gates, and not the same names."
        )
    from tflite import source

    shapes = [
        ("images", source.input_shape(model), description["input"]["shape"]),
        (
            "predictions",
            source.output_shape(model),
            description["outputs"]["predictions"]["shape"],
        ),
    ]
    for what, got, wanted in shapes:
        if list(got) != wanted:
            raise InputError(
                f"Expected --model with {what} of the shape {wanted} of the .tflite "
                f"file, got {list(got)}."
            )


def table(result):
    """Formats a result of `verify` for people: several lines, a string."""
    numbers = (
        "samples",
        "gate_agreement",
        "prediction_agreement",
        "max_abs_error",
        "executed_macs_mean",
        "activation_rate",
    )
    lines = [f"{key}: {result[key]}" for key in numbers]
    accuracy = result["accuracy"]
    lines.append(f"accuracy: keras {accuracy['keras']}, tflite {accuracy['tflite']}")
    for image in result["worst"]:
        gates = image["gates_differ"]
        lines.append(
            f"image {image['index']}: error {image['error']:.2e}, label "
            f"{image['label']}, keras {image['keras']}, tflite {image['tflite']}"
            + ("" if gates is None else f", {gates} other decisions")
        )
    for row in result["us"] or ():
        macs = row["executed_macs_mean"]
        lines.append(
            f"u {row['u']:.4f}: gates {row['gate_agreement']}, classes "
            f"{row['prediction_agreement']}, error {row['max_abs_error']:.1e}, "
            f"accuracy {row['accuracy']['tflite']:.4f}, "
            f"MACs {'not known' if macs is None else f'{macs:,.0f}'}"
        )
    if result["compared"]["same_source"] is False:
        lines.append(
            "note: the .tflite file was made from another .keras file than --model"
        )
    return "\n".join(lines)


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_string("model", None, "The trained network, a .keras file.")
    flags.DEFINE_string("tflite", None, "The file that was converted from it.")
    flags.DEFINE_string(
        "dataset", "digits", f"Test images: {' or '.join(datasets.NAMES)}."
    )
    flags.DEFINE_string(
        "data_dir",
        None,
        "Directory of TFDS data sets (it holds cifar10/ or imagenet2012/).",
    )
    flags.DEFINE_integer("samples", 100, "Number of test images.")
    flags.DEFINE_float(
        "tau", None, "Threshold in (0, 1), for a file with an input tau."
    )
    flags.DEFINE_list(
        "us",
        None,
        "Values of u in [0, 1], separated by commas, for a file with an input u; 0, "
        "1/16, ..., 1.",
    )
    flags.DEFINE_string("json", None, "File for the result.")
    flags.DEFINE_integer(
        "worst", 5, "Number of images with the largest errors to report."
    )
    flags.DEFINE_float(
        "min_agreement",
        0.0,
        "Share in [0, 1] of equal decisions, and of equal classes, below which the "
        "exit code is 1.",
    )
    flags.mark_flags_as_required(["model", "tflite"])


def main():
    """Verifies as the flags say; returns the exit code."""
    values = flags.FLAGS
    if not 0.0 <= values.min_agreement <= 1.0:
        raise InputError(
            f"Expected --min_agreement in [0, 1], got {values.min_agreement!r}."
        )
    result = verify(
        values.model,
        values.tflite,
        dataset=values.dataset,
        samples=values.samples,
        data_dir=values.data_dir,
        tau=values.tau,
        us=None if values.us is None else files.numbers(values.us, "--us"),
        json=values.json,
        worst=values.worst,
    )
    print(table(result))
    agreements = [result["gate_agreement"], result["prediction_agreement"]]
    if any(a is not None and a < values.min_agreement for a in agreements):
        print(f"an agreement is below --min_agreement={values.min_agreement}")
        return 1
    return 0


if __name__ == "__main__":
    errors.run(main, define_flags)
