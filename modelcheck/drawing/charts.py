"""Small charts for pages: how times are spread, and which of two is longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .shapes import Drawing, Line, Look, Shape, Text, text_width
from .style import BLUE, DASHED, GREY, RED, SMALL

_WIDTH, _HEIGHT, _MARGIN, _ROW = 460.0, 80.0, 12.0, 12.0


@dataclass(frozen=True)
class Mark:
    """A value to point out on an axis. main: drawn solid and in another colour."""

    value: float
    label: str
    main: bool = False


def histogram(counts: Sequence[int], last: float, marks: Sequence[Mark], ends: tuple[str, str], title: str) -> Drawing:
    """Bars of equal width from 0 to `last`, with marks, each label in the first row where it has room."""
    shown = [mark for mark in marks if 0 <= mark.value <= last]
    rows = _rows(shown, last)
    top = _MARGIN + _ROW * (max(rows, default=-1) + 1) + 4
    bottom = top + _HEIGHT
    width = _WIDTH / max(len(counts), 1)
    most = max(counts, default=0) or 1
    shapes: list[Shape | Line | Text] = []
    for place, count in enumerate(counts):
        height = count / most * _HEIGHT
        if count:
            shapes.append(Shape(_MARGIN + place * width, bottom - height, width, height, Look(BLUE, 0.0, fill=0.5)))
    shapes.append(Line(((_MARGIN, bottom), (_MARGIN + _WIDTH, bottom)), Look("", 1.0)))
    for mark, row in zip(shown, rows, strict=True):
        x, y = _MARGIN + mark.value / last * _WIDTH, _MARGIN + _ROW * row
        look = Look(RED, 1.6) if mark.main else Look(GREY, 1.0, DASHED)
        shapes.append(Line(((x, top - 2), (x, bottom)), look))
        shapes.append(Text(_inside(x, mark.label), y, mark.label, SMALL, bold=mark.main))
    shapes.append(Text(_MARGIN, bottom + 9, ends[0], SMALL, "start"))
    shapes.append(Text(_MARGIN + _WIDTH, bottom + 9, ends[1], SMALL, "end"))
    return Drawing(_WIDTH + 2 * _MARGIN, bottom + 18, tuple(shapes), title)


def _inside(x: float, label: str) -> float:
    half = text_width(label, SMALL, bold=True) / 2
    return min(max(x, half + 2), _WIDTH + 2 * _MARGIN - half - 2)


def _rows(marks: Sequence[Mark], last: float) -> list[int]:
    """For each mark the row of its label, so that no label meets another."""
    ends: dict[int, float] = {}
    rows: dict[int, int] = {}
    for place in sorted(range(len(marks)), key=lambda place: marks[place].value):
        label = marks[place].label
        middle = _inside(_MARGIN + marks[place].value / last * _WIDTH, label)
        half = text_width(label, SMALL, bold=True) / 2 + 3
        row = next(row for row in range(len(marks) + 1) if ends.get(row, 0.0) <= middle - half)
        ends[row], rows[place] = middle + half, row
    return [rows[place] for place in range(len(marks))]


@dataclass(frozen=True)
class Bar:
    """A value with its interval and a further mark (a late percentile). `hollow` tells kinds apart without colour."""

    name: str
    value: float
    low: float
    high: float
    late: float
    text: str
    hollow: bool = False


def bars(rows: Sequence[Bar], title: str, late: str = "p95") -> Drawing:
    """Bars below each other from one zero: the value, its interval as a line, the late percentile as a tick."""
    left = _MARGIN + max((text_width(row.name, SMALL) for row in rows), default=0.0) + 8
    last = max((max(row.value, row.high, row.late) for row in rows), default=0.0) or 1.0
    shapes: list[Shape | Line | Text] = []
    y = _MARGIN
    right = left + _WIDTH
    for row in rows:
        end, middle = left + row.value / last * _WIDTH, y + 9
        shapes.append(Text(left - 8, middle, row.name, SMALL, "end"))
        fill = 0.0 if row.hollow else 0.45
        shapes.append(Shape(left, y, max(end - left, 0.5), 18, Look(BLUE, 1.4, DASHED if row.hollow else (), fill)))
        low, high = (left + each / last * _WIDTH for each in (row.low, row.high))
        shapes.append(Line(((low, middle), (high, middle)), Look("", 1.6)))
        at = left + row.late / last * _WIDTH
        shapes.append(Line(((at, y - 2), (at, y + 20)), Look(RED, 2.0)))
        shapes.append(Text(right + 10, middle, f"{row.text} ({late} marked)", SMALL, "start"))
        y += 28
    width = right + 10 + max((text_width(f"{row.text} ({late} marked)", SMALL) for row in rows), default=0.0) + _MARGIN
    return Drawing(width, y + _MARGIN - 10, tuple(shapes), title)
