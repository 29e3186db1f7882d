"""Decisions of gates in tests."""

import numpy as np


def two_kinds(gate, images=60):
    """Two kinds of images, with a little noise: each opens about half of a gate.

    Returns:
        bool `[images, components]`.
    """
    random = np.random.default_rng(gate.components)
    first = np.arange(gate.components) % 2 == 0
    opened = np.where(np.arange(images)[:, None] % 2 == 0, first, ~first)
    return opened & (random.random(opened.shape) < 0.9)


def on_a_line(gate, images=90):
    """Components that open beyond a place of their own on a line, half to the left.

    Returns:
        bool `[images, components]`.
    """
    random = np.random.default_rng(gate.components)
    place = random.normal(size=(images, 1))
    boundary = random.normal(size=gate.components)
    right = np.arange(gate.components) % 2 == 0
    return np.where(right, place > boundary, place < boundary)
