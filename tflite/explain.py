"""A conversion's plan as a table for people."""

_HEADER = ("block", "candidates", "chosen", "why")


def table(plans, source):
    """Formats a plan.

    Args:
        plans: list of `tflite.plan.BlockPlan`.
        source: str, where the expected decisions come from; None where none were
            needed.

    Returns:
        The table as a string: for each block its candidates with their expected
        milliseconds, what was chosen, and why.
    """
    rows = [
        (plan.block.name, _candidates(plan.estimates), plan.lowering, plan.why)
        for plan in plans
    ]
    columns = list(zip(_HEADER, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in (_HEADER, *rows)
    ]
    text = "\n".join(line.rstrip() for line in lines)
    return text if source is None else f"{text}\nexpected: {source}"


def _candidates(estimates):
    cells = [
        f"{name} {value:.4f} ms"
        if isinstance(value, float)
        else f"{name} not for this block"
        for name, value in estimates.items()
    ]
    return ", ".join(cells) or "-"
