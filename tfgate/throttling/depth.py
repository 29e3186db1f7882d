"""The order in which TNN opens residual blocks along the depth of a network."""

from collections.abc import Sequence
from fractions import Fraction


def depth_thresholds(sizes: Sequence[int]) -> list[list[float]]:
    """The values of u from which each block of each stage is open.

    For a given u, TNN goes through the stages from the output to the input again and
    again, opening one more block in each, unless the share of open blocks in that stage
    exceeds u already, and stops when the share of all blocks that are open exceeds u.
    Within a stage the first block opens first.

    That changes only where u reaches a share of a stage or of the network. Taken by the
    word it is not nested: in stages of 4 and 3 blocks, 2 and 1 are open just below
    u = 1/3, and 1 and 2 from there on. Here a block that is open stays open as u rises,
    which may leave a block or two more open than the procedure: so each block has a
    threshold, and is open where u is not less.

    Args:
        sizes: number of blocks in each stage, from the input to the output, each at
            least 1.

    Returns:
        List with a list for each stage: the threshold of each block, in [0, 1].

    Raises:
        ValueError: there is no stage, or a stage has no block.

    Reference:
        TNN 5.2 ("DN").

    Example:
    >>> depth_thresholds([1, 2])
    [[0.3333333333333333], [0.0, 0.6666666666666666]]
    """
    if not sizes or min(sizes) < 1:
        raise ValueError(f"Expected at least one block in each stage, got {sizes!r}.")
    total = sum(sizes)
    changes = sorted(
        {Fraction(k, size) for size in (*sizes, total) for k in range(size + 1)}
    )
    thresholds: list[list[float]] = [[] for _ in sizes]
    for u in changes:
        for stage, count in enumerate(_open_blocks(sizes, u)):
            missing = count - len(thresholds[stage])
            thresholds[stage] += [float(u)] * missing
    return thresholds


def _open_blocks(sizes: Sequence[int], u: Fraction) -> list[int]:
    """Number of open blocks in each stage, by the procedure of TNN 5.2."""
    total = sum(sizes)
    counts = [0] * len(sizes)
    while True:
        before = sum(counts)
        for stage in reversed(range(len(sizes))):
            if counts[stage] == sizes[stage]:
                continue
            if Fraction(counts[stage], sizes[stage]) > u:
                continue
            counts[stage] += 1
            if Fraction(sum(counts), total) > u:
                return counts
        if sum(counts) == before:
            return counts
