"""The part of a data set that one of several hosts reads."""


def check(shard):
    """Checks `(index, count)`.

    Args:
        shard: index of this host and number of hosts.

    Returns:
        The two numbers.

    Raises:
        ValueError: the index is not in `[0, count)`.
    """
    index, count = shard
    if not 0 <= index < count:
        raise ValueError(
            f"Expected shard=(index, count) with 0 <= index < count, got {shard}"
        )
    return index, count


def part(values, shard):
    """Every count-th value from the index-th on.

    The k-th batches of all hosts together are then the k-th batch of one host with
    batches count times as large.
    """
    index, count = check(shard)
    return values[index::count]


def size(examples, shard):
    """Number of examples in a host's part, strided or contiguous."""
    index, count = check(shard)
    return len(range(index, examples, count))


def bounds(examples, shard):
    """First example and end of a host's part, where parts are contiguous."""
    index, count = check(shard)
    start = index * (examples // count) + min(index, examples % count)
    return start, start + size(examples, shard)
