"""What BUILD files hold and imports do not tell: data, and tests that are quick."""

# Path of a module, or folder of tests -> labels of what it reads, or a glob.
DATA = {
    "tests/android_demo/": ["//android_demo:sources"],
    "tests/tflite/android/test_how_to.py": ["//docs"],
    "tests/test_readme.py": ["//:README.md", "//docs"],
    "tests/tfgate/control/test_standalone.py": ["//tfgate/control:test_vectors.json"],
    "tests/tfgate/control/test_vectors.py": ["//tfgate/control:test_vectors.json"],
    "tests/tools/bazel_check/test_build_files.py": ["//:requirements.lock"],
    "tests/tools/test_android_vectors.py": ["//android_demo/core:metadata_vectors"],
    "tests/trainers/test_distribution.py": ["//docs"],
    "tests/trainers/test_flagfiles.py": ["//docs", "//trainers:flagfiles"],
    "tests/trainers/test_imagenet.py": ["//docs", "//trainers:flagfiles"],
    "tests/trainers/test_sweep.py": ["//trainers:flagfiles"],
    "tests/trainers/test_throttle_flagfiles.py": ["//trainers:flagfiles"],
    "tflite/results.py": 'glob(["schema/*.json"])',
    "tools/bazel_check/modules.py": ["//:requirements.lock"],
}

# Tests that start programs, or modules in a new process -> names of these.
PROGRAMS = {
    "tests.tfgate.control.test_standalone": ["tfgate.control"],
    "tests.tflite.android.test_run": ["tflite.android.__main__"],
    "tests.tflite.test_commands": [
        "tflite.benchmark.__main__",
        "tflite.convert",
        "tflite.finetune",
        "tflite.report.__main__",
        "tflite.static",
        "tflite.verify",
    ],
}

# More targets of a folder.
TARGETS = {
    "tools/bazel_check": """exports_files([
    "pytest.bzl",
    "pytest_main.py",
])
""",
    "tfgate/control": 'exports_files(["test_vectors.json"])\n',
    "trainers": """filegroup(
    name = "flagfiles",
    srcs = glob([
        "flagfiles/*.cfg",
        "sweeps/*.txt",
    ]),
)
""",
}

# Folders and files of tests that `make bazel-check` runs: a few seconds each.
FAST = (
    "tests/tfgate/control/test_signals.py",
    "tests/tfgate/control/test_standalone.py",
    "tests/tfgate/test_tables.py",
    "tests/tflite/android/test_phone.py",
    "tests/tflite/android/test_wait.py",
    "tests/tflite/test_results.py",
    "tests/tools/bazel_check/",
    "tests/tools/test_android_vectors.py",
    "tests/trainers/common/test_expressions.py",
)

# Those of them that read files of which Bazel knows nothing, so that it runs them anew.
EXTERNAL = ("tests/tools/bazel_check/test_build_files.py",)
