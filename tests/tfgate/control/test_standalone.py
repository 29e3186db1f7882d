"""The package alone: no TensorFlow, Keras, NumPy or tfgate, no installed package."""

import pathlib
import subprocess
import sys

PACKAGE = pathlib.Path(__file__).parents[3] / "tfgate" / "control"

PROGRAM = """
import importlib.util, json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
spec = importlib.util.spec_from_file_location(
    "control", folder / "__init__.py", submodule_search_locations=[str(folder)]
)
control = importlib.util.module_from_spec(spec)
sys.modules["control"] = control
spec.loader.exec_module(control)

document = json.loads((folder / "test_vectors.json").read_text(encoding="utf-8"))
count = 0
for case in document["cases"]:
    controller = control.BudgetController.from_config(case["settings"])
    if case["restore"] is not None:
        controller.restore(case["restore"])
    for step in case["steps"]:
        if "u" in step:
            assert controller.update(**step["call"]) == step["u"], case["name"]
            count += 1
device = control.Device(seed=1)
assert device.step(1.0, 1.0).watts == 5.5
others = {"tensorflow", "keras", "numpy", "tfgate"} & set(sys.modules)
assert not others, others
print(count)
"""


def test_replays_the_vectors_without_site_packages():
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(PACKAGE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1000
