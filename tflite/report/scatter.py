"""Points in a plane, every one with its number: accuracy against latency, say."""

import dataclasses
import math

from tflite.report import svg

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 16, 52
# Where a point's number may stand: around it, ever farther away.
_RADII = (17, 24, 32, 44, 58, 74, 92)
_ANGLES = tuple(
    map(math.radians, (90, 270, 0, 180, 45, 315, 135, 225, 20, 160, 200, 340))
)


@dataclasses.dataclass(frozen=True)
class Point:
    """A point of a picture.

    Attributes:
        number: what stands beside it.
        series: those of one series have one marker, and a curve if they are joined.
        x, y: its values.
        description: of it, for screen readers.
    """

    number: int
    series: object
    x: float
    y: float
    description: str


def draw(entries, value, *, label, title, from_zero=False):
    """Draws points over their latency; those of one file are joined.

    Args:
        entries: list of `tflite.report.entries.Entry` for which `value` is known.
        value: function from an entry to the number on the vertical axis.
        label: text of that axis.
        title: title of the picture.
        from_zero: whether that axis begins at 0.

    Returns:
        SVG as text.
    """
    points = [
        Point(
            entry.number,
            (entry.run, entry.file["name"]),
            entry.latency,
            value(entry),
            f"{entry.name}, {entry.latency:.3g} ms, {value(entry):.4g}",
        )
        for entry in entries
    ]
    least = 0.0 if from_zero else min(point.y for point in points)
    labels = "median latency, ms", label
    return plot(points, labels=labels, title=title, least=least)


def plot(points, *, labels, title, least=0.0, diagonal="", alone=False):
    """Draws points; those of one series are joined.

    Args:
        points: list of `Point`.
        labels: texts of the horizontal and of the vertical axis.
        title: title of the picture.
        least: where the vertical axis begins; the horizontal one does at 0.
        diagonal: what is said of the line from 0, 0 to 1, 1; empty for no such line.
        alone: as for `svg.picture`.

    Returns:
        SVG as text.
    """
    most = [1.0] if diagonal else []
    xs, ys = [p.x for p in points], [p.y for p in points]
    across = svg.Scale(0.0, max(xs + most), _LEFT, _WIDTH - _RIGHT, 8)
    up = svg.Scale(least, max(ys + most), _HEIGHT - _BOTTOM, _TOP)
    places = [(across(point.x), up(point.y)) for point in points]
    series = {}
    for point, place in zip(points, places, strict=True):
        series.setdefault(point.series, []).append(place)
    content = _axes(across, up, labels)
    if diagonal:
        content += _diagonal(across, up, diagonal)
    content += [_curve(sorted(members)) for members in series.values()]
    for number, members in enumerate(series.values()):
        content += [svg.marker(number, *place) for place in members]
    content += _numbers(points, places)
    described = "; ".join(f"{point.number}: {point.description}" for point in points)
    return svg.picture(
        _WIDTH, _HEIGHT, content, title=title, description=described, alone=alone
    )


def legend(entries):
    """The files' markers in the order of `draw`, as pairs of SVG and name."""
    names = dict.fromkeys((entry.run, entry.file["name"]) for entry in entries)
    several = len({run for run, _ in names}) > 1
    return [
        (
            svg.element(
                "svg",
                svg.marker(number, 8, 8),
                width=16,
                height=16,
                aria_hidden="true",
            ),
            f"{name} (run {run})" if several else name,
        )
        for number, (run, name) in enumerate(names)
    ]


def _diagonal(across, up, label):
    x, y = across(1.0), up(1.0)
    along = math.degrees(math.atan2(y - up(0.0), x - across(0.0)))
    return [
        svg.line(across(0.0), up(0.0), x, y, "axis"),
        svg.text(
            0,
            0,
            label,
            class_="small",
            transform=f"translate({across(0.2):.1f} {up(0.2) + 16:.1f}) "
            f"rotate({along:.1f})",
        ),
    ]


def _axes(across, up, labels):
    content = []
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    for tick in across.ticks:
        x = across(tick)
        content.append(svg.line(x, _TOP, x, bottom, "grid"))
        content.append(svg.text(x, bottom + 20, across.label(tick), anchor="middle"))
    for tick in up.ticks:
        y = up(tick)
        content.append(svg.line(_LEFT, y, right, y, "grid"))
        content.append(svg.text(_LEFT - 8, y + 4, up.label(tick), anchor="end"))
    middle = (_LEFT + right) / 2, (_TOP + bottom) / 2
    content.append(svg.text(middle[0], _HEIGHT - 8, labels[0], anchor="middle"))
    content.append(
        svg.text(
            0,
            0,
            labels[1],
            anchor="middle",
            transform=f"translate(14 {middle[1]}) rotate(-90)",
        )
    )
    return content


def _curve(places):
    if len(places) < 2:
        return ""
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return svg.element("path", d=path, class_="curve")


def _numbers(points, places):
    """The points' numbers, where they cover neither markers nor one another."""
    taken = [_box(x, y, 15, 15) for x, y in places]
    content = []
    for point, (x, y) in zip(points, places, strict=True):
        name = str(point.number)
        size = svg.width_of(name, 12) + 3, 13
        where = [
            (x + radius * math.cos(angle), y - radius * math.sin(angle), radius, angle)
            for radius in _RADII
            for angle in _ANGLES
        ]
        free = [
            place
            for place in where
            if _inside(place, size)
            and not any(_overlap(_box(*place[:2], *size), box) for box in taken)
        ]
        # Where nothing is free, the picture is too full for this number: the table
        # has it.
        if not free:
            continue
        cx, cy, radius, angle = free[0]
        taken.append(_box(cx, cy, *size))
        if radius > _RADII[0]:
            # It ends before the number.
            along = math.cos(angle), -math.sin(angle)
            near, far = 6, radius - 9
            content.append(
                svg.line(
                    x + near * along[0],
                    y + near * along[1],
                    x + far * along[0],
                    y + far * along[1],
                    "leader",
                )
            )
        content.append(svg.text(cx, cy + 4, name, anchor="middle", class_="number"))
    return content


def _box(x, y, width, height):
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _overlap(first, second):
    return (
        first[0] < second[2]
        and second[0] < first[2]
        and first[1] < second[3]
        and second[1] < first[3]
    )


def _inside(place, size):
    left, top, right, bottom = _box(*place[:2], *size)
    return left > _LEFT and right < _WIDTH and top > 0 and bottom < _HEIGHT - _BOTTOM
