"""Keeps the list of Android's and Java's members that the app uses, and holds it to it.

    python -m tools.android_api check
    python -m tools.android_api write

`check` reads the compiled classes of android_demo (`make android-test` or `make apk`
makes them) and exits with 1 and a line for each fault: a member that
android_demo/allowed_api.txt does not have; one of the list that nothing uses; a member
newer than the minimum SDK that is not behind a comparison; a lambda, which dx would not
take; a class file too new for it.

Behind a comparison is what is reached only where `Build.VERSION.SDK_INT` was compared
with a number in the same method. A class whose name has Api and a number (ThermalApi29)
may use what that level has; whoever uses the class has to compare.

`write` makes the list anew. A member gets on it only if Android's public API has it:
its level is that of the SDK's declarations (npm, @nativescript/types-android), and, for
android.*, it must be the first level whose real android.jar has the member with these
very types (Maven, org.robolectric:android-all). Of that, those of the levels that the
list names are downloaded, and of the levels before them: about 150 MB each.

Nothing but Python's own library is needed; for `write`, npm and Maven, too.
"""

import functools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

from tools import android_declarations
from tools import bytecode
from tools import class_files

ROOT = pathlib.Path(__file__).parent.parent
DEMO = ROOT / "android_demo"
LIST = DEMO / "allowed_api.txt"
MODULES = ("core", "tflite", "app")
MIN_SDK = 24
JAVA_8 = 52
DECLARATIONS = "@nativescript/types-android", "9.1.1"
DECLARATIONS_FILE = "package/lib/android/android-platform-21-37-merged.d.ts"
# Versions of org.robolectric:android-all.
JARS = {
    24: "7.0.0_r1-robolectric-r1",
    25: "7.1.0_r7-robolectric-r1",
    26: "8.0.0_r4-robolectric-r1",
    27: "8.1.0-robolectric-4611349",
    28: "9-robolectric-4913185-2",
    29: "10-robolectric-5803371",
    30: "11-robolectric-6757853",
    31: "12-robolectric-7732740",
    32: "12.1-robolectric-8229987",
    33: "13-robolectric-9030017",
    34: "14-robolectric-10818077",
    35: "15-robolectric-13954326",
}
_GUARDED = re.compile(r"\w*Api(\d+)(?:\$|$)")
_HEADER = f"""\
# What the app uses of Android and Java, each with the API level that brought it;
# {MIN_SDK}, the minimum SDK, stands for all before it, too. Checked and written by
# python -m tools.android_api.
"""


def compiled(demo=DEMO):
    """Returns the `ClassFile`s that become part of the app.

    Raises:
        RuntimeError: a module is not compiled.
    """
    classes = []
    for module in MODULES:
        found = sorted((demo / module / "target" / "classes").rglob("*.class"))
        if not found:
            raise RuntimeError(
                f"{demo / module}: expected compiled classes; run make android-test"
            )
        classes += [class_files.parse(path.read_bytes()) for path in found]
    return classes


def read_list(path=LIST):
    """Returns the levels by member, as text, of the list."""
    levels = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            level, member = line.split(" ")
            levels[member] = int(level)
    return levels


def used(classes):
    """Returns the `Member`s of others that classes refer to, as their own parents' are.

    A member of an own class that none of the own declares is that of the first parent
    that is not own.
    """
    own = {file.name: file for file in classes}
    members = set()
    for file in classes:
        parents = map(class_files.Member, file.parents)
        for member in (*file.constants.values(), *parents):
            members.add(_outside(member, own))
    members.discard(None)
    return members


def faults(classes, levels):
    """Returns a line for everything that is not as it must be; see above."""
    own = {file.name: file for file in classes}
    names = {str(member) for member in used(classes)}
    found = [f"{name}: not on the list" for name in sorted(names - levels.keys())]
    found += [
        f"{name}: on the list, but unused" for name in sorted(levels.keys() - names)
    ]
    for file in classes:
        if file.has_dynamic_calls:
            found.append(f"{file.name}: has a lambda or a method reference")
        if file.version > JAVA_8:
            found.append(f"{file.name}: expected a class file of Java 8")
        found += _unguarded(file, own, levels)
    return found


def write(path=LIST):
    """Writes the list; returns a line for each member that may not be on it."""
    members = sorted(used(compiled()), key=str)
    declarations = _declarations()
    lines, found = [], []
    for member in members:
        level = declarations.level(member)
        if level is None:
            found.append(f"{member}: not of the public API")
            continue
        level = max(level, MIN_SDK)
        if member.owner.startswith("android/"):
            found += _contradictions(member, level)
        lines.append(f"{level} {member}")
    if not found:
        text = _HEADER + "\n".join(lines) + "\n"
        path.write_text(text, encoding="utf-8", newline="\n")
    return found


def main(argv):
    """Returns the exit code."""
    if argv[1:] not in (["check"], ["write"]):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    try:
        if argv[1] == "write":
            found = write()
        else:
            found = faults(compiled(), read_list())
    except (OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    for line in found:
        print(line, file=sys.stderr)
    if argv[1] == "check" and any(" the list" in line for line in found):
        print("Make the list anew: python -m tools.android_api write", file=sys.stderr)
    if not found:
        levels = list(read_list().values())
        newer = sum(level > MIN_SDK for level in levels)
        print(f"API            {len(levels)} members, {newer} newer than {MIN_SDK}")
    return 1 if found else 0


def _outside(member, own):
    """The member as that of a class that is not own; None if it is own."""
    if member.owner.startswith("["):
        element = member.owner.lstrip("[")
        if member.name or not element.startswith("L"):
            return None
        return _outside(class_files.Member(element[1:-1]), own)
    file = own.get(member.owner)
    if file is None:
        return member
    if not member.name or any(
        (member.name, member.descriptor) == (mine.name, mine.descriptor)
        for mine in (*file.fields, *file.methods)
    ):
        return None
    parents = [class_files.Member(p, *_signature(member)) for p in file.parents]
    # A method of an own interface, called on an own abstract class.
    if any(p.owner in own and _outside(p, own) is None for p in parents):
        return None
    return _outside(parents[0], own)


def _signature(member):
    return member.name, member.descriptor


def _unguarded(file, own, levels):
    allowed = _needed(class_files.Member(file.name), own, levels)
    for member, version in bytecode.references(file, allowed):
        needed = _needed(member, own, levels)
        if needed > version and _outermost(member.owner) != _outermost(file.name):
            yield (
                f"{file.name}: uses {member} of level {needed} where the system may be "
                f"of {version}"
            )


def _needed(member, own, levels):
    """The level that a system must have for a reference to be safe."""
    outside = _outside(member, own)
    if outside is not None:
        return levels.get(str(outside), MIN_SDK)
    file = own.get(member.owner)
    match = _GUARDED.match(member.owner.rpartition("/")[2])
    if match:
        return int(match[1])
    if file is None:
        return MIN_SDK
    # Without a class's parents there is no class.
    parents = [_needed(class_files.Member(p), own, levels) for p in file.parents]
    return max(parents, default=MIN_SDK)


def _outermost(name):
    return name.partition("$")[0]


def _contradictions(member, level):
    """A line for each jar at the border, or the newest, that says otherwise."""
    for jar in sorted({level - 1, level, max(JARS)} & JARS.keys()):
        has = _has(jar, member.owner, member.name, member.descriptor)
        if has != (jar >= level):
            told = "has it" if has else "does not have it"
            yield f"{member}: declared since {level}, but the jar of {jar} {told}"


def _has(level, owner, name, descriptor):
    if not owner.startswith("android/"):
        # The jars have none of Java's own.
        member = class_files.Member(owner, name, descriptor)
        return (_declarations().level(member) or level + 1) <= level
    file = _in_jar(level, owner)
    if file is None:
        return False
    if not name or file.declares(name, descriptor):
        return True
    if name == "<init>":
        return False
    return any(_has(level, parent, name, descriptor) for parent in file.parents)


@functools.cache
def _in_jar(level, name):
    try:
        return class_files.parse(_jar(level).read(f"{name}.class"))
    except KeyError:
        return None


@functools.cache
def _jar(level):
    name, version = "android-all", JARS[level]
    repository = pathlib.Path.home() / ".m2" / "repository"
    path = repository / "org/robolectric" / name / version / f"{name}-{version}.jar"
    if not path.exists():
        goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get"
        artifact = f"-Dartifact=org.robolectric:{name}:{version}"
        _run("mvn", "--batch-mode", goal, artifact, "-Dtransitive=false", folder=DEMO)
    return zipfile.ZipFile(path)


@functools.cache
def _declarations():
    name, version = DECLARATIONS
    with tempfile.TemporaryDirectory() as folder:
        said = _run("npm", "pack", "--json", f"{name}@{version}", folder=folder)
        archive = pathlib.Path(folder) / json.loads(said)[0]["filename"]
        with tarfile.open(archive) as files:
            text = files.extractfile(DECLARATIONS_FILE).read().decode("utf-8")
    return android_declarations.Declarations(text, oldest=MIN_SDK)


def _run(*command, folder):
    if shutil.which(command[0]) is None:
        raise RuntimeError(f"{command[0]} is missing")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {(done.stderr + done.stdout).strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv))
