"""A sequence diagram as a drawing: lifelines side by side, a row for each arrow and note, what is behind is hidden.

An arrow's label stands beside its sender, between two lifelines, so that no line runs through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..drawing.shapes import Drawing, Line, Look, Point, Shape, Text, text_height, text_width, wrapped
from ..drawing.style import BLUE, DASH_DOT, DASHED, DOTTED, FAINT, FONT_SIZE, GREEN, GREY, ORANGE, RED, SMALL
from .sequence import Arrow, Diagram, Frame, Note

_MARGIN, _GAP, _PAD = 14.0, 9.0, 5.0
_HEADER = 18.0  # height of a frame's title
_LOOKS = {
    "call": (Look(BLUE), "full"),
    "reply": (Look("", dashes=DASHED), "full"),
    "failure": (Look(RED, dashes=DASHED), "cross"),
    "event": (Look(GREEN), "open"),
    "dead": (Look(RED), "cross"),
}
_UNDO = Look(ORANGE, dashes=DASH_DOT)
_SAYS = {"again": " (again)", "lost": " (lost)"}
_COLUMNS, _NOTE_COLUMNS, _HEAD_COLUMNS = 26, 36, 16
_ENDINGS = {"broken": ("✗ ", RED), "reached": ("✓ ", GREEN), "begin": ("", GREY)}


@dataclass(frozen=True)
class _Places:
    """Where the lifelines are, and the top and bottom of each row."""

    x: Sequence[float]
    rows: dict[int, tuple[float, float]]
    width: float
    top: float
    bottom: float


def sequence_drawing(diagram: Diagram) -> Drawing:
    """The diagram as shapes."""
    heads = [wrapped(name, _HEAD_COLUMNS) for name in diagram.lifelines]
    places = _places(diagram, heads)
    notes = [shape for item in diagram.items if isinstance(item, Note) for shape in _note(item, places)]
    boxes = [shape for shape in notes if isinstance(shape, Shape)]
    shapes: list[Shape | Line | Text] = []
    for x in places.x:
        shapes += _visible(Line(((x, places.top), (x, places.bottom)), Look(GREY, 1.0)), boxes)
    for item in diagram.items:
        if isinstance(item, Arrow):
            shapes += _arrow(item, diagram, places, boxes)
    shapes += notes
    shapes += [shape for frame in diagram.frames for shape in _frame(frame, places)]
    for x, head in zip(places.x, heads, strict=True):
        shapes += _head(x, _MARGIN, places.top, head)
    return Drawing(places.width, places.bottom + _MARGIN, tuple(shapes), f"sequence diagram of {diagram.title}")


def _places(diagram: Diagram, heads: Sequence[str]) -> _Places:
    x, width = _columns(diagram, heads)
    top = _MARGIN + max(text_height(head) for head in heads) + 2 * _PAD
    first = {frame.first for frame in diagram.frames}
    last = {frame.last for frame in diagram.frames}
    rows: dict[int, tuple[float, float]] = {}
    y = top + _GAP
    for item in diagram.items:
        if item.row in rows:
            continue
        y += _HEADER + _GAP if item.row in first else 0.0
        height = _height(item, width - 2 * _MARGIN)
        rows[item.row] = (y, y + height)
        y += height + _GAP + (_GAP if item.row in last else 0.0)
    return _Places(x, rows, width, top, y)


def _columns(diagram: Diagram, heads: Sequence[str]) -> tuple[list[float], float]:
    """The lifelines' places, so that heads, notes and labels have room, and the width of it all."""
    count = len(heads)
    widths = [text_width(head, bold=True) + 2 * _PAD for head in heads]
    # gaps[k] is between lifelines k - 1 and k; the first and the last are the margins.
    gaps = [widths[0] / 2 + _MARGIN, *((a + b) / 2 + 12 for a, b in pairwise(widths))]
    gaps.append(widths[-1] / 2 + _MARGIN)
    for item in diagram.items:
        if isinstance(item, Arrow):
            beside = item.source + 1 if item.target >= item.source else item.source
            gaps[beside] = max(gaps[beside], text_width(_label(item), SMALL) + 22)
        elif item.kind == "deed":
            half = text_width(_says(item), SMALL) / 2 + _PAD + 6
            for side, rim in ((item.lifeline, 0), (item.lifeline + 1, count)):
                gaps[side] = max(gaps[side], half + (_MARGIN if side == rim else 0.0))
    total = sum(gaps)
    if total < 260:  # so that what ends it has room
        gaps[0], gaps[-1] = gaps[0] + (260 - total) / 2, gaps[-1] + (260 - total) / 2
    x: list[float] = []
    edge = 0.0
    for gap in gaps[:-1]:
        edge += gap
        x.append(edge)
    return x, edge + gaps[-1]


def _label(arrow: Arrow) -> str:
    return wrapped(arrow.text + _SAYS.get(arrow.mark, ""), _COLUMNS)


def _says(note: Note) -> str:
    """The text of a note at a lifeline: what was done, and below what changed, a line each."""
    rows = [wrapped(note.text, _NOTE_COLUMNS)] if note.text else []
    return "\n".join([*rows, *(wrapped(change, _NOTE_COLUMNS) for change in note.changes)])


def _concludes(note: Note, width: float) -> str:
    """The text of a note over all lifelines."""
    columns = max(20, int(width / (FONT_SIZE * 0.58)))
    where = f"where {', '.join(note.changes)}" if note.changes else ""
    rows = [wrapped(_ENDINGS[note.kind][0] + note.text, columns), wrapped(where, columns)]
    return "\n".join(row for row in rows if row)


def _height(item: Arrow | Note, width: float) -> float:
    if isinstance(item, Arrow):
        return text_height(_label(item), SMALL) + 5
    if item.kind == "deed":
        return text_height(_says(item), SMALL) + 2 * _PAD
    return text_height(_concludes(item, width)) + 2 * _PAD


def _head(x: float, top: float, bottom: float, text: str) -> Iterator[Shape | Text]:
    width = text_width(text, bold=True) + 2 * _PAD
    yield Shape(x - width / 2, top, width, bottom - top, Look(BLUE, 1.3, fill=FAINT), rounding=4)
    yield Text(x, (top + bottom) / 2, text, bold=True)


def _note(note: Note, places: _Places) -> Iterator[Shape | Text]:
    top, bottom = places.rows[note.row]
    if note.kind != "deed":
        colour = _ENDINGS[note.kind][1]
        width = places.width - 2 * _MARGIN
        look = Look(colour, 1.6 if note.kind != "begin" else 0.8, fill=FAINT if note.kind != "begin" else 0.0)
        yield Shape(_MARGIN, top, width, bottom - top, look, rounding=3)
        yield Text(places.width / 2, (top + bottom) / 2, _concludes(note, width))
        return
    text, x = _says(note), places.x[note.lifeline]
    width = text_width(text, SMALL) + 2 * _PAD
    look = Look(ORANGE, 1.0, DASHED, FAINT) if note.undo else Look(GREY, 0.8, fill=FAINT)
    yield Shape(x - width / 2, top, width, bottom - top, look, rounding=2)
    yield Text(x, (top + bottom) / 2, text, SMALL)


def _arrow(arrow: Arrow, diagram: Diagram, places: _Places, boxes: Sequence[Shape]) -> Iterator[Line | Text]:
    look, head = _LOOKS[arrow.kind]
    if arrow.undo and arrow.kind != "failure":
        look = _UNDO
    if arrow.mark == "again":
        look = Look(look.colour, look.width, DASHED)
    elif arrow.mark == "waiting":
        look = Look(look.colour, look.width, DOTTED)
    elif arrow.mark == "lost":
        look, head = Look(RED, look.width), "cross"
    _, y = places.rows[arrow.row]
    start, label = places.x[arrow.source], _label(arrow)
    side = 1 if arrow.target >= arrow.source else -1
    height = y - 3 - text_height(label, SMALL) / 2
    if arrow.kind == "dead" or arrow.source == arrow.target:
        end: Point = (start + text_width(label, SMALL) + 18, y)
    else:
        end = (places.x[arrow.target] - (side * 16 if head == "cross" and arrow.mark == "lost" else 0), y)
        if arrow.arrives is not None and _something_between(arrow, diagram):
            end = end[0], max(y, places.rows[arrow.arrives][0] - 2)
    neighbour = arrow.source + side
    beside = places.x[neighbour] if 0 <= neighbour < len(places.x) else start + side * (text_width(label, SMALL) + 18)
    if arrow.mark != "again":  # Its label stands there already.
        yield Text((start + beside) / 2, height, label, SMALL)
        yield from _visible(Line(((start, y), end), look, head), boxes)
    else:
        yield from _visible(Line(((start, y), end), look, head), boxes)


def _something_between(arrow: Arrow, diagram: Diagram) -> bool:
    """Whether anything but sending more of the same kind happens before it is taken."""
    assert arrow.arrives is not None
    between = [item for item in diagram.items if arrow.row < item.row < arrow.arrives]
    return any(isinstance(item, Note) or item.source != arrow.source or item.kind != "event" for item in between)


def _frame(frame: Frame, places: _Places) -> Iterator[Shape | Text]:
    top, bottom = places.rows[frame.first][0] - _HEADER - _GAP, places.rows[frame.last][1] + _GAP
    width = text_width(frame.text, SMALL, bold=True) + 2 * _PAD
    left = _MARGIN / 2
    yield Shape(left, top, places.width - _MARGIN, bottom - top, Look("", 1.2))
    corners = (
        (left, top), (left + width + 8, top), (left + width + 8, top + _HEADER - 6),
        (left + width, top + _HEADER), (left, top + _HEADER),
    )  # fmt: skip
    yield Shape(left, top, width + 8, _HEADER, Look("", 1.2, fill=FAINT), corners=corners)
    yield Text(left + _PAD, top + _HEADER / 2, frame.text, SMALL, "start", bold=True)


def _visible(line: Line, boxes: Sequence[Shape]) -> Iterator[Line]:
    """The pieces of a straight line that no box hides; its head at the end of the last."""
    (ax, ay), (bx, by) = line.points[0], line.points[-1]

    def at(part: float) -> Point:
        return ax + part * (bx - ax), ay + part * (by - ay)

    hidden = sorted(filter(None, (_inside((ax, ay), (bx, by), box) for box in boxes)))
    begin = 0.0
    for first, last in hidden:
        if first > begin:
            yield Line((at(begin), at(first)), line.look)
        begin = max(begin, last)
    if begin < 1.0:
        yield Line((at(begin), at(1.0)), line.look, line.head)


def _inside(a: Point, b: Point, box: Shape) -> tuple[float, float] | None:
    """Which part of the way from a to b is within a box (Liang and Barsky 1984)."""
    first, last = 0.0, 1.0
    for start, end, low, high in ((a[0], b[0], box.x, box.x + box.width), (a[1], b[1], box.y, box.y + box.height)):
        if abs(end - start) < 1e-9:
            if not low < start < high:
                return None
            continue
        near, far = sorted(((low - start) / (end - start), (high - start) / (end - start)))
        first, last = max(first, near), min(last, far)
    return (first, last) if last - first > 1e-9 else None
