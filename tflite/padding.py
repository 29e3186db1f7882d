"""Filters that a convolution computes, whether they are there or not.

XNNPACK's kernels compute a fixed number of filters at once, as many as fill a few
vector registers: 32 with AVX-512, 8 with ARM's NEON (XNNPACK, src/gemm-config.c). With
32, a convolution of 33 filters takes as long as one of 64; one of at most 16 has a
kernel of half the width. What a convolution reads is not padded.
"""

import numpy as np


def padded(filters, at_once):
    """Number of filters that a convolution computes.

    Args:
        filters: number of filters that it has, or an array of numbers.
        at_once: how many are computed at once, at least 1.

    Returns:
        Array or number, at least `filters`.

    >>> padded(np.array([0, 5, 16, 17, 33]), 32)
    array([ 0, 16, 16, 32, 64])
    >>> padded(np.array([7, 8]), 1)
    array([7, 8])
    """
    half = max(1, at_once // 2)
    filters = np.asarray(filters)
    few = np.ceil(filters / half) * half
    found = np.where(filters <= half, few, np.ceil(filters / at_once) * at_once)
    return found.astype(filters.dtype)[()]
