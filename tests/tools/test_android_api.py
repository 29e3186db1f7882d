import shutil
import subprocess

import pytest

from tools import android_api
from tools import android_declarations
from tools import class_files

# As android.jar has it; what javac is given instead.
SYSTEM = """
package android.os;
public class Build {
    public static class VERSION { public static final int SDK_INT = read(); }
    public static final String OLD = read("old");
    public static final String NEW = read("new");
    static int read() { return 0; }
    static String read(String text) { return text; }
    public interface Listener { void heard(); }
}
"""
NEW = "android/os/Build.NEW:Ljava/lang/String;"
LISTENER = "android/os/Build$Listener"


BEHIND = (
    "if (Build.VERSION.SDK_INT >= 29) { text = Build.NEW; }",
    "if (Build.VERSION.SDK_INT > 28) { text = Build.NEW; }",
    "if (Build.VERSION.SDK_INT < 29) { return text; } text = Build.NEW;",
    "if (Build.VERSION.SDK_INT <= 28) { return text; } text = Build.NEW;",
    "text = Build.VERSION.SDK_INT >= 31 ? Build.NEW : Build.OLD;",
    "if (text != null && Build.VERSION.SDK_INT >= 29) { text = Build.NEW; }",
    "try { if (Build.VERSION.SDK_INT >= 29) { text = Build.NEW; } }"
    " catch (RuntimeException error) { text = Build.OLD; }",
    "switch (text.length()) { case 1: case 5: case 900:"
    " if (Build.VERSION.SDK_INT >= 29) { text = Build.NEW; } break;"
    " default: text = Build.OLD; }",
    "switch (text.length()) { case 1: text = Build.OLD; case 2: case 3:"
    " if (Build.VERSION.SDK_INT >= 29) { text = Build.NEW; } }",
    "if (Build.VERSION.SDK_INT <= 29) { return text; } else { text = Build.OLD; }"
    " for (int i = 0; i < 30; i++) { text += Build.OLD; } run(null);"
    " if (Build.VERSION.SDK_INT == 24) { text = Build.NEW; }",
)
NOT_BEHIND = (
    "text = Build.NEW;",
    "if (Build.VERSION.SDK_INT >= 28) { text = Build.NEW; }",
    "if (Build.VERSION.SDK_INT < 29) { text = Build.NEW; }",
    "if (Build.VERSION.SDK_INT >= 29 || text == null) { text = Build.NEW; }",
    "if (text.length() >= 29) { text = Build.NEW; }",
    "try { if (Build.VERSION.SDK_INT >= 29) { text = Build.OLD; } }"
    " finally { text = Build.NEW; }",
    "if (Build.VERSION.SDK_INT >= 29) { text = Build.OLD; } text = Build.NEW;",
    "while (text.length() < 9) { text += Build.NEW;"
    " if (Build.VERSION.SDK_INT < 29) { continue; } text += Build.NEW; }",
)
OTHERS = {
    "ThingApi29": "static String read() { return Build.NEW; }",
    "Compares": "void run() { if (Build.VERSION.SDK_INT >= 29) ThingApi29.read(); }",
    "Forgets": "void run() { ThingApi29.read(); }",
    "Ear implements Build.Listener": "public void heard() {}",
    "Hears": "Object run() { return new Ear(); }",
    "Old": "String run() { return Build.OLD; }",
    "Mine extends Thread": "void nap() {}",
    "Naps": "void run(Mine mine) { mine.start(); mine.nap(); }",
    "Lambda": "Runnable run() { return () -> { }; }",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Function from names to the class files of the examples above."""
    if shutil.which("javac") is None:
        pytest.skip("No javac: a JDK is what compiles the examples.")
    folder = tmp_path_factory.mktemp("examples")
    (folder / "Build.java").write_text(SYSTEM)
    methods = {
        f"{kind}{number}": f"String run(String text) {{ {body} return text; }}"
        for kind, bodies in (("Behind", BEHIND), ("NotBehind", NOT_BEHIND))
        for number, body in enumerate(bodies)
    }
    source = "".join(f"class {k} {{ {v} }}\n" for k, v in (methods | OTHERS).items())
    (folder / "Examples.java").write_text(f"import android.os.Build;\n{source}")
    command = "javac -Xlint:-options --release 8 Build.java Examples.java -d .".split()
    subprocess.run(command, cwd=folder, check=True, timeout=200)

    def select(*names):
        paths = [folder / f"{name}.class" for name in names]
        return [class_files.parse(path.read_bytes()) for path in paths]

    return select


def faults(classes, **newer):
    """Faults, if all that is used is on the list; `newer` by member."""
    levels = {str(member): 24 for member in android_api.used(classes)}
    return android_api.faults(classes, levels | newer)


@pytest.mark.parametrize("number", range(len(BEHIND)))
def test_newer_member_behind_a_comparison(compiled, number):
    assert faults(compiled(f"Behind{number}"), **{NEW: 29}) == []


@pytest.mark.parametrize("number", range(len(NOT_BEHIND)))
def test_newer_member_without_a_comparison(compiled, number):
    found = faults(compiled(f"NotBehind{number}"), **{NEW: 29})
    line = f"uses {NEW} of level 29 where the system may be of "
    assert found and all(line in fault for fault in found)


def test_class_of_a_level_is_compared_by_its_users(compiled):
    assert faults(compiled("Compares", "ThingApi29"), **{NEW: 29}) == []
    (fault,) = faults(compiled("Forgets", "ThingApi29"), **{NEW: 29})
    assert "Forgets: uses ThingApi29.read()" in fault


def test_class_of_a_level_is_held_to_it(compiled):
    assert faults(compiled("ThingApi29"), **{NEW: 31}) == [
        f"ThingApi29: uses {NEW} of level 31 where the system may be of 29"
    ]


def test_class_with_a_newer_parent_is_as_new(compiled):
    found = faults(compiled("Hears", "Ear"), **{LISTENER: 29})
    assert found and all(line.startswith("Hears: uses Ear") for line in found)


def test_list_has_all_and_nothing_more(compiled):
    classes = compiled("Old")
    levels = {str(member): 24 for member in android_api.used(classes)}
    old = "android/os/Build.OLD:Ljava/lang/String;"
    assert old in levels and "java/lang/Object.<init>()V" in levels
    del levels[old]
    levels["java/lang/Gone"] = 24
    assert android_api.faults(classes, levels) == [
        f"{old}: not on the list",
        "java/lang/Gone: on the list, but unused",
    ]


def test_inherited_members_are_the_outer_parents(compiled):
    names = {str(member) for member in android_api.used(compiled("Mine", "Naps"))}
    assert "java/lang/Thread.start()V" in names
    assert not any(name.startswith("Mine") for name in names)


def test_lambdas_are_faults(compiled):
    fault = "Lambda: has a lambda or a method reference"
    assert fault in faults(compiled("Lambda"))


def test_committed_list_is_well_formed():
    levels = android_api.read_list()
    assert list(levels) == sorted(levels)
    assert set(levels.values()) <= set(android_api.JARS)
    assert {name.partition("/")[0] for name in levels} <= {"android", "java", "javax"}
    assert any(level > android_api.MIN_SDK for level in levels.values())


def test_missing_classes_and_wrong_commands_are_one_line(tmp_path, capsys):
    with pytest.raises(RuntimeError, match="expected compiled classes; run make"):
        android_api.compiled(tmp_path)
    assert android_api.main(["android_api", "look"]) == 2
    assert "python -m tools.android_api check" in capsys.readouterr().err


DECLARATIONS = """
declare module android {
    export module os {
        export class Base extends java.lang.Object {
            public close(): void;
            /** @since 30 */
            public close(force: boolean): void;
        }
        /** @since 29
         *  @deprecated Deprecated in API 33 */
        export abstract class Power<T> extends android.os.Base implements a.B<T> {
            public static class: java.lang.Class<android.os.Power>;
            /** @since 26 */
            public static LEVEL: 3;
            public constructor(implementation: {
                heard(param0: number): void;
            });
            public constructor(name: string, values: androidNative.Array<number>);
            /** @since 31 */
            public get(key: T, map: java.util.Map<string, java.util.List<T>>): any;
            protected done(it: android.os.Power.Inner | null): number;
        }
        export module Power {
            export class Inner extends java.lang.Object {
            }
        }
    }
}
"""


@pytest.mark.parametrize(
    ("owner", "name", "descriptor", "level"),
    [
        ("Base", "", "", 24),
        ("Base", "close", "()V", 24),
        ("Base", "close", "(Z)V", 30),
        ("Base", "close", "(I)V", None),
        ("Base", "LEVEL", "I", None),
        ("Power", "", "", 29),
        ("Power", "LEVEL", "I", 29),
        ("Power", "LEVEL", "()I", None),
        ("Power", "<init>", "(Ljava/lang/String;[F)V", 29),
        ("Power", "<init>", "()V", None),
        ("Power", "get", "(Ljava/lang/Object;Ljava/util/Map;)Ljava/lang/Object;", 31),
        ("Power", "done", "(Landroid/os/Power$Inner;)I", 29),
        ("Power", "close", "()V", 29),
        ("Power", "hidden", "()V", None),
        ("Power$Inner", "", "", 24),
        ("Hidden", "", "", None),
    ],
)
def test_declarations_tell_levels(owner, name, descriptor, level):
    declarations = android_declarations.Declarations(DECLARATIONS, oldest=24)
    member = class_files.Member(f"android/os/{owner}", name, descriptor)
    assert declarations.level(member) == level
