"""From files to a result of a phone."""

import datetime
import functools
import pathlib

from tflite import files
from tflite import metadata
from tflite.android import adb as bridge
from tflite.android import app
from tflite.android import fetch
from tflite.android import phone as phones
from tflite.android import wait
from tflite.android.request import ASSET
from tflite.android.request import Request
from tflite.errors import InputError
from tflite.report import entries
from tflite.report import report as write_report

_PICTURES = (".jpg", ".jpeg", ".png", ".webp")
# Seconds that a benchmark may take: for loading, cooling and slow phones; for each run.
_BASE, _RUN = 1800.0, 1.0


def android(
    models,
    out,
    *,
    serial=None,
    adb=None,
    apk=None,
    images=(),
    runs=100,
    warmup=10,
    threads=(1,),
    tau=(),
    u=(),
    xnnpack=True,
    seed=0,
    name=None,
    timeout=None,
    report=False,
    verify=(),
    show=print,
):
    """Measures files on a phone.

    Args:
        models: paths of .tflite files, and `asset:NAME.tflite` for files inside the
            app; the first is the baseline.
        out: folder for the result; it is made where it is missing.
        serial: serial number of the phone; None takes the one that is connected.
        adb: path of adb; None looks for it.
        apk: path of an APK to install before, or None.
        images: pictures, or folders of them, to measure on; none takes those inside
            the app.
        runs: number of runs of each configuration that count.
        warmup: number of runs before that.
        threads: numbers of threads.
        tau: settings in [0, 1] of the files with an input τ; none for their own.
        u: settings of the files with an input u.
        xnnpack: whether the interpreters use XNNPACK.
        seed: root of the order in which the configurations take turns.
        name: name of the result, new in `out` and on the phone; None takes the time.
        timeout: seconds that the measurement may take; None takes half an hour
            and a second for every run.
        report: whether to write the page of `tflite.report` as well.
        verify: paths of results of `tflite.verify` for that page.
        show: function of one line of text, for progress.

    Returns:
        Dict as `tflite/schema/benchmark-4.json` describes it, which NAME.json in `out`
        holds.

    Raises:
        InputError: an argument does not fit, the phone cannot be reached, the app could
            not measure, or its result is none; nothing is written into `out` then.
    """
    name = _now() if name is None else app.checked_name(name, "--name")
    local = [_model(path) for path in models if not str(path).startswith(ASSET)]
    request = Request(
        models=[_name_on_phone(path) for path in models],
        runs=runs,
        warmup=warmup,
        threads=threads,
        tau=tau,
        u=u,
        xnnpack=xnnpack,
        seed=seed,
        result=name,
    )
    _check_different(models, request.models)
    _check_dials(request, local)
    _check_verified(verify, report, request, local)
    timeout = _BASE + _RUN * request.all_runs if timeout is None else timeout
    if not timeout > 0:
        raise InputError(f"Expected --timeout above 0, got {timeout!r}.")
    apk = None if apk is None else files.existing(apk, "--apk")
    pictures = _pictures(images)
    out = _folder(out, name)
    phone = phones.choose(bridge.find(adb), serial)
    _prepare(phone, apk, [path for path, _ in local], pictures, show)
    done = _measure(phone, request, timeout, show)
    draw = functools.partial(write_report, verify=verify) if report else None
    return fetch.fetch(phone, done, [path for path, _ in local], out, name, draw=draw)


def _model(path):
    """A local file and what it says of itself."""
    path = files.existing(path, "--models")
    if path.suffix != ".tflite":
        raise InputError(f"Expected .tflite files in --models, got {str(path)!r}.")
    app.checked_name(path.name, "files in --models")
    return path, metadata.read(path, "--models")


def _name_on_phone(path):
    if not str(path).startswith(ASSET):
        return pathlib.Path(path).name
    name = str(path).removeprefix(ASSET)
    return ASSET + app.checked_name(name, f"files behind {ASSET}")


def _check_different(models, names):
    # A request keeps every name once.
    if len(names) < len(models):
        raise InputError(
            "Expected files of different names in --models, for they go into one "
            f"folder, got {', '.join(map(str, models))}."
        )


def _check_dials(request, local):
    """Checks that there is a file for every setting."""
    inside = any(name.startswith(ASSET) for name in request.models)
    for dial in ("tau", "u"):
        known = [description for _, description in local if description.dial == dial]
        if getattr(request, dial) and not known and not inside:
            raise InputError(
                f"Expected a file with an input {dial} for --{dial}, got none; convert "
                "with --tau_input, or a throttled network with --lowering=conditional."
            )


def _check_verified(paths, report, request, local):
    """Checks what the page is made of before hours are spent on the rest."""
    if paths and not report:
        raise InputError("Expected --report with --verify, got none.")
    inside = any(name.startswith(ASSET) for name in request.models)
    known = {(path.name, files.fingerprint(path)) for path, _ in local}
    for path in paths:
        compared = entries.read_verified(path)["compared"]
        if inside or (compared["tflite"], compared["tflite_sha256"]) in known:
            continue
        raise InputError(
            f"Expected --verify={path} of a file in --models, got one of "
            f"{compared['tflite']!r}."
        )


def _pictures(images):
    """Paths of pictures, of which no two have the same name."""
    found = {}
    for given in map(lambda path: pathlib.Path(path).expanduser(), images):
        inside = sorted(given.iterdir()) if given.is_dir() else [given]
        pictures = [path for path in inside if path.suffix.lower() in _PICTURES]
        if not pictures or not all(path.is_file() for path in pictures):
            raise InputError(
                f"Expected --images as pictures ({', '.join(_PICTURES)}) or folders of "
                f"them, got {str(given)!r}."
            )
        for path in pictures:
            app.checked_name(path.name, "--images")
            if found.setdefault(path.name, path) != path:
                raise InputError(f"Expected one picture {path.name}, got two.")
    return list(found.values())


def _folder(out, name):
    """Checks that results can be written into a folder, and that they are new there."""
    out = pathlib.Path(out).expanduser()
    if out.exists() and not out.is_dir():
        raise InputError(f"Expected --out to be a folder, got {str(out)!r}.")
    # Made at the end: what goes wrong before that leaves nothing.
    files.writable(out / name if out.is_dir() else out, "--out")
    for ending in (".json", ".csv", ".html"):
        if (out / f"{name}{ending}").exists():
            raise InputError(
                f"Expected a --name that is new in --out, got {name!r}: there is "
                f"{out / name}{ending}."
            )
    return out


def _prepare(phone, apk, models, pictures, show):
    """Brings the phone what it is to measure."""
    if apk is not None:
        show(f"installing {apk.name}")
        app.install(phone, apk)
    app.check_installed(phone)
    app.make_folders(phone)
    for paths, folder in ((models, app.MODELS), (pictures, app.PICTURES)):
        for path in paths:
            sent = app.put(phone, path, folder)
            show(f"{path.name}: {'sent' if sent else 'lies there already'}")
    # Those of an earlier benchmark would be measured on, too.
    app.keep_only(phone, {path.name for path in pictures}, app.PICTURES)


def _measure(phone, request, timeout, show):
    """Runs the benchmark; returns where its result lies."""
    taken = f"{app.RESULTS}/{request.result}.json"
    if phone.shell("ls", taken).code == 0:
        raise InputError(
            f"Expected a --name that is new on phone {phone.serial}, got "
            f"{request.result!r}: there is {taken}."
        )
    since = phone.check(phone.shell("date", "+%s"), "its time").strip()
    app.start(phone, request.extras())
    try:
        done = wait.wait(phone, request.result, since, timeout=timeout, show=show)
    except KeyboardInterrupt:
        # Nobody waits any more: the phone need not be warmed further.
        app.stop(phone)
        raise
    show(f"measured: {done.runs:,} runs")
    return done


def _now():
    # As the app names what it measures by itself.
    return datetime.datetime.now(datetime.UTC).strftime("run-%Y%m%d-%H%M%S")
