"""Small images of those that execute the fewest and the most MACs."""

import numpy as np
from keras import ops

from tfgate.typing import TensorTree

_SIZE = 256  # pixels of the longer side, at most


def extremes(executed_macs: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Which images execute the fewest and the most MACs.

    Args:
        executed_macs: `[images]`.
        count: how many of each.

    Returns:
        Two int arrays of `count` image numbers at most: the fewest MACs first, and
        the most MACs first. Of equals the earlier image comes first.

    Example:
    >>> lowest, highest = extremes(np.array([3.0, 1.0, 3.0, 2.0]), 2)
    >>> lowest.tolist(), highest.tolist()
    ([1, 3], [0, 2])
    """
    lowest = np.argsort(executed_macs, kind="stable")[:count]
    highest = np.argsort(-executed_macs, kind="stable")[:count]
    return lowest, highest


class ThumbnailCollector:
    """Keeps the extremes of a stream of images.

    Args:
        count: how many of each end; 0 keeps none.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._seen = 0
        self._indices = np.zeros(0, "int64")
        self._macs = np.zeros(0, "float32")
        self._images: np.ndarray | None = None
        self._range = (np.inf, -np.inf)

    def add(self, x: TensorTree, executed_macs: np.ndarray) -> None:
        """Adds a batch.

        Args:
            x: `[batch, height, width, 1 or 3]`; anything else is no image, and is
                passed over.
            executed_macs: `[batch]`.
        """
        shape = tuple(getattr(x, "shape", ()))
        if not self._count or len(shape) != 4 or shape[-1] not in (1, 3):
            return
        images = np.asarray(ops.convert_to_numpy(x)).astype("float32")
        self._range = (
            min(self._range[0], float(images.min())),
            max(self._range[1], float(images.max())),
        )
        step = -(-max(images.shape[1:3]) // _SIZE)
        small = images[:, ::step, ::step]
        if self._images is None:
            self._images = small[:0]
        indices = np.arange(self._seen, self._seen + len(small))
        self._seen += len(small)
        self._indices = np.concatenate([self._indices, indices])
        self._macs = np.concatenate([self._macs, executed_macs])
        self._images = np.concatenate([self._images, small])
        self._keep_extremes()

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """The numbers `[kept]` of the images in ascending order, and the images.

        The images are uint8 `[kept, height, width, channels]`: the smallest value of
        the whole data set is black, its greatest is white.
        """
        if self._images is None:
            return np.zeros(0, "int64"), np.zeros((0, 0, 0, 3), "uint8")
        low, high = self._range
        scaled = (self._images - low) / (high - low or 1.0)
        return self._indices, np.round(255.0 * scaled).astype("uint8")

    def _keep_extremes(self) -> None:
        kept = np.unique(np.concatenate(extremes(self._macs, self._count)))
        self._indices, self._macs = self._indices[kept], self._macs[kept]
        if self._images is not None:
            self._images = self._images[kept]
