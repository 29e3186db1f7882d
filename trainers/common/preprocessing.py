"""What a network does with images in 0..255 first, so that they suit its weights.

The networks of the trainers begin with a `Normalization` layer, whatever weights they
start from.
"""

import json
import pathlib
import zipfile

import keras
import numpy as np

from tfgate import weights as layer_weights
from trainers.common import networks
from trainers.common.errors import UserError

LAYER = "normalization"

# Mean and standard deviation of the red, green and blue channel, in 0..255. torch:
# those of torchvision. caffe and tf: as keras.applications.imagenet_utils.
_CONSTANTS = {
    "torch": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "caffe": ((123.68, 116.779, 103.939), (1.0, 1.0, 1.0)),
    "tf": ((127.5,) * 3, (127.5,) * 3),
}


class Preprocessing:
    """The preprocessing of a run.

    Args:
        settings: `trainers.common.settings.Settings`; used are `weights`,
            `data_path` and `preprocessing`.
        dataset: `trainers.common.data.dataset.Dataset`, whose mean and deviation serve
            where the settings name none.

    Raises:
        UserError: the settings name one, but the file of weights has its own.
    """

    def __init__(self, settings, dataset):
        own = _of_file(settings.data_path or settings.weights)
        name = settings.preprocessing
        if own and name:
            raise UserError(
                f"expected no --preprocessing beside --weights={settings.weights}, "
                "whose network does its own: leave it out"
            )
        mean, std = _CONSTANTS.get(name, (dataset.mean, dataset.std))
        self._mean, self._variance = own or (mean, np.square(std).tolist())
        # Weights from Caffe read blue first; a network that a run has saved, red.
        self._is_reversed = name == "caffe" and settings.weights is not None

    def apply(self, images):
        """Normalizes a KerasTensor of images, RGB in 0..255."""
        layer = keras.layers.Normalization(
            mean=self._mean, variance=self._variance, dtype="float32", name=LAYER
        )
        return layer(images)

    def adapt(self, model):
        """Makes pretrained weights that read blue first read red first.

        The first convolution is turned around, so that no layer need swap channels.

        Args:
            model: the network, with its pretrained weights.
        """
        if not self._is_reversed:
            return
        stem = next(
            layer
            for layer in layer_weights.leaves(model)
            if isinstance(layer, keras.layers.Conv2D)
        )
        kernel = keras.ops.convert_to_numpy(stem.kernel)
        stem.kernel.assign(kernel[:, :, ::-1])  # [height, width, channels, filters]


def _of_file(path):
    """Mean and variance of the normalization in a `.keras` file; None without."""
    if path in (None, networks.IMAGENET):
        return None
    try:
        with zipfile.ZipFile(pathlib.Path(path).expanduser()) as archive:
            config = json.loads(archive.read("config.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None  # weights alone, or damaged: whoever loads it will say
    found = next(_normalizations(config), None)
    return found and (found["mean"], found["variance"])


def _normalizations(config):
    """The configs of layers like ours in the config of a model, at any depth."""
    if isinstance(config, dict):
        inner = config.get("config")
        if config.get("class_name") == "Normalization" and inner["name"] == LAYER:
            yield inner
        config = list(config.values())
    if isinstance(config, list):
        for value in config:
            yield from _normalizations(value)
