"""A result of a phone, taken over as a whole or not at all."""

import contextlib
import pathlib
import tempfile

from tflite import files
from tflite import results
from tflite.android import adb as bridge
from tflite.errors import InputError


def fetch(phone, done, models, out, name, *, draw=None):
    """Fetches a result, checks it and writes it.

    Args:
        phone: `tflite.android.phone.Phone`.
        done: `tflite.android.wait.Done`.
        models: paths of the files that it has to be about.
        out: `pathlib.Path` of the folder; it is made where it is missing.
        name: name of the result there: NAME.json, NAME.csv.
        draw: function of a list of results and of the page to write about them; None
            for no NAME.html.

    Returns:
        Dict as `tflite/schema/benchmark-4.json` describes it.

    Raises:
        InputError: there is no result, it does not follow the schema, or it is about
            other files; nothing is written then.
    """
    base = done.file.removesuffix(".json")
    if base == done.file:
        raise InputError(f"Expected a result NAME.json of the app, got {done.file!r}.")
    with tempfile.TemporaryDirectory() as folder:
        fetched = [
            _pulled(phone, f"{base}{ending}", pathlib.Path(folder, f"{name}{ending}"))
            for ending in (".json", ".csv")
        ]
        document = _checked(fetched[0], done.file, models)
        if draw is not None:
            page = pathlib.Path(folder, f"{name}.html")
            draw([fetched[0]], page)
            fetched.append(page)
        out.mkdir(exist_ok=True)
        with contextlib.ExitStack() as stack:
            for path in fetched:
                place = stack.enter_context(files.replaced(out / path.name))
                place.write_bytes(path.read_bytes())
    return document


def _pulled(phone, origin, target):
    answer = phone.run("pull", origin, str(target), timeout=bridge.TRANSFER)
    phone.check(answer, f"the result {origin}")
    return files.existing(target, f"the result {origin}")


def _checked(path, origin, models):
    """Reads a result and checks that it is about the files that were sent."""
    try:
        document = results.read(path, "the result")
    except InputError as error:
        message = str(error).replace(str(path), origin)
        raise InputError(f"{message} It stays on the phone.") from None
    measured = {(file["file"], file["sha256"]) for file in document["files"]}
    for model in models:
        if (model.name, files.fingerprint(model)) not in measured:
            raise InputError(
                f"Expected the result {origin} to be about {model.name} as it was "
                "sent, got one about other files. It stays on the phone."
            )
    return document
