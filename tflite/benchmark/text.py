"""A result as a table of text."""


def table(result):
    """Formats a result: a line for every point.

    Args:
        result: what `benchmark` returns, or the result of an app.

    Returns:
        The table as a string.
    """
    points = result["points"]
    columns = {
        "file": lambda p: p["file"],
        "tau": lambda p: _number(p["tau"], "g"),
        "u": lambda p: _number(p["u"], "g"),
        "threads": lambda p: str(p["threads"]),
        "batch": lambda p: str(p["batch"]) + _calls(p),
        "rate": lambda p: _number(p["activation_rate"], ".3f"),
        "MACs": lambda p: _number(p["executed_macs_mean"], ",.0f"),
        "mean ms": lambda p: _number(p["latency_ms"]["mean"], ".3f"),
        "p50 ms": lambda p: _number(p["latency_ms"]["p50"], ".3f"),
        "ratio": lambda p: _number(p["ratio_p50"], ".3f"),
        "CPU ratio": lambda p: _number(p.get("ratio_cpu"), ".3f"),
        "CPU/wall": lambda p: _number(p["latency_ms"].get("cpu_per_wall"), ".2f"),
        "skip efficiency": lambda p: _number(p.get("skip_efficiency"), ".3f"),
        "overhead": lambda p: _overhead(p.get("overhead", ())),
    }
    always = {"file", "mean ms", "p50 ms", "ratio", "CPU ratio", "CPU/wall"}
    rows = {name: [get(point) for point in points] for name, get in columns.items()}
    told = {"threads": "1", "batch": "1"}
    shown = [
        name
        for name, cells in rows.items()
        if name in always or any(cell != told.get(name, "-") for cell in cells)
    ]
    lines = [shown, *([rows[name][i] for name in shown] for i in range(len(points)))]
    return aligned(lines)


def aligned(lines):
    """Puts cells below one another, the first column to the left.

    Args:
        lines: list of lists of str, all of one length.

    Returns:
        The lines as one string.
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def blocks(file):
    """Formats the times of a file's single blocks.

    Args:
        file: an entry of `files`, with `blocks`.

    Returns:
        The table as a string.
    """
    lines = [["block", "open ms", "closed ms", "open CPU ms", "closed CPU ms"]]
    for row in file["blocks"]:
        keys = ("open_ms", "closed_ms", "open_cpu_ms", "closed_cpu_ms")
        lines.append([row["block"], *(f"{row[key]:.4f}" for key in keys)])
    return aligned(lines)


def _number(value, style):
    return "-" if value is None else format(value, style)


def _calls(point):
    return " calls" if point.get("batch_mode") == "sequential" else ""


def _overhead(entries):
    return ", ".join(f"{entry['ratio']:.3f}" for entry in entries) or "-"
