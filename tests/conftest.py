"""Fixtures of all tests. TensorFlow's devices are set before it starts."""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras  # noqa: E402
import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
REPLICAS = 4

# MirroredStrategy on one machine without a GPU: the CPU is split into logical ones.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * REPLICAS,
)


@pytest.fixture(autouse=True)
def seeded():
    """Seeds Python, NumPy and TensorFlow before each test."""
    keras.utils.set_random_seed(1)


@pytest.fixture
def mixed_bfloat16():
    """Sets the global dtype policy mixed_bfloat16 for one test."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)


@pytest.fixture(scope="session")
def make_strategy():
    """Function from a number of replicas, up to 4, to a strategy on logical CPUs."""

    def make(replicas):
        return tf.distribute.MirroredStrategy(
            [f"CPU:{index}" for index in range(replicas)],
            # The default cannot serve two strategies in one process on CPUs.
            cross_device_ops=tf.distribute.ReductionToOneDevice(),
        )

    return make


@pytest.fixture(scope="session")
def data_dir():
    """Folder of TensorFlow Datasets data; skips where there is none."""
    folder = os.environ.get("TFGATE_DATA_DIR", ROOT / ".." / "shared/data/tfds")
    folder = pathlib.Path(folder).resolve()
    if not folder.is_dir():
        pytest.skip(
            f"No data set folder {folder}; set TFGATE_DATA_DIR to a folder of "
            "TensorFlow Datasets."
        )
    return folder
