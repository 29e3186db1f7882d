"""Checks that hold for every plot."""

import io

from matplotlib import image


def check(path):
    """A picture of a readable size that shows more than its background, in grey."""
    pixels = image.imread(io.BytesIO(path.read_bytes()))[..., :3]
    assert min(pixels.shape[:2]) > 250
    assert max(pixels.shape[:2]) < 6000
    # Lightness alone, so that colours are not what tells things apart.
    grey = pixels @ [0.2126, 0.7152, 0.0722]
    assert 0.01 < (grey < 0.7).mean() < 0.95
