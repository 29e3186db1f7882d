"""The project's Python modules, and what each imports."""

import ast
import dataclasses
import functools
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("tests", "tfgate", "tflite", "tools", "trainers")

# Name of a module that is imported -> name of the package that brings it, where the two
# differ by more than "-" and "_".
_DISTRIBUTIONS = {
    "absl": "absl-py",
    "ai_edge_litert": "ai-edge-litert",
    "sklearn": "scikit-learn",
}
# They are looked for and used where somebody has installed them.
OPTIONAL = frozenset({"onnx2torch", "onnxruntime", "torch"})


@dataclasses.dataclass(frozen=True)
class Module:
    """A Python file.

    Attributes:
        path: `pathlib.PurePosixPath` below the root.
        name: what imports call it.
        own: names of the project's modules that it imports.
        others: normalized names of installed packages that it imports.
        runs: whether it is a program.
    """

    path: pathlib.PurePosixPath
    name: str
    own: frozenset
    others: frozenset
    runs: bool

    @property
    def is_test(self):
        """Whether pytest collects it."""
        return self.path.name.startswith("test_") and self.name.startswith("tests.")

    @property
    def ancestors(self):
        """Names of the packages around it, the outermost first."""
        return ancestors(self.name)


def ancestors(name):
    """Names of the packages around a module, the outermost first."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


@functools.cache
def find(root=ROOT):
    """Reads all modules below a folder.

    Returns:
        Dict from name to `Module`.
    """
    paths = {
        _name(path.relative_to(root)): path.relative_to(root)
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
    }
    return {name: _read(root, path, name, set(paths)) for name, path in paths.items()}


def _name(path):
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _read(root, path, name, known):
    source = (root / path).read_text(encoding="utf-8")
    tree = ast.parse(source, str(path))
    imported = {
        each for node in ast.walk(tree) for each in _imported(node, path, known)
    }
    own = {each for each in imported if each.split(".")[0] in PACKAGES}
    unknown = own - known
    if unknown:
        raise ValueError(f"Expected {path} to import modules, got {sorted(unknown)}.")
    others = {each.split(".")[0] for each in imported - own}
    others -= {"__future__", *sys.stdlib_module_names, *OPTIONAL}
    runs = path.name == "__main__.py" or '\nif __name__ == "__main__":' in source
    return Module(
        path=pathlib.PurePosixPath(path),
        name=name,
        own=frozenset(own - {name}),
        others=frozenset(distribution(each) for each in others),
        runs=runs,
    )


def _imported(node, path, known):
    """Names of the modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        parts = [*path.parts[: len(path.parts) - node.level], *filter(None, [base])]
        base = ".".join(parts)
    # `from package import module` needs the module, not what the package offers.
    inside = [f"{base}.{alias.name}" for alias in node.names]
    return [each if each in known else base for each in inside]


def distribution(module):
    """Bazel's name of the package that brings a module: `absl_py` for `absl`."""
    name = _DISTRIBUTIONS.get(module, module)
    return name.lower().replace("-", "_").replace(".", "_")
