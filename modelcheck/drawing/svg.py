"""A drawing as SVG: text stays text, nothing is loaded, and lines take the colour of the text around them.

The same drawing gives the same bytes.
"""

from __future__ import annotations

import math
from html import escape

from .shapes import LINE, Drawing, Line, Look, Point, Shape, Text
from .style import INK

_HEAD = 8.0
_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans','DejaVu Sans',sans-serif"


def svg(drawing: Drawing, inline: bool = True) -> str:
    """The SVG element. Inline it is transparent, in the colour of the page's text, and shrinks with the page; otherwise
    it is a file of its own, on white."""
    width, height = _number(drawing.width), _number(drawing.height)
    title = f"<title>{_escaped(drawing.title)}</title>" if drawing.title else ""
    style = "max-width:100%;height:auto;color:inherit;background:none" if inline else f"color:{INK};background:#ffffff"
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" style="{style}" font-family="{_FONT}" fill="currentColor">{title}'
    )
    ground = "" if inline else f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return start + ground + "".join(_painted(shape) for shape in drawing.shapes) + "</svg>"


def svg_file(drawing: Drawing) -> str:
    """The text of an .svg file."""
    return f'<?xml version="1.0" encoding="utf-8"?>\n{svg(drawing, inline=False)}\n'


def _painted(shape: Shape | Line | Text) -> str:
    match shape:
        case Text():
            return _text(shape)
        case Line():
            return _line(shape)
    fill = (
        f'fill="{_colour(shape.look)}" fill-opacity="{_number(shape.look.fill)}"' if shape.look.fill else 'fill="none"'
    )
    if shape.corners:
        return f'<polygon points="{_points(shape.corners)}" {fill} {_stroke(shape.look)}/>'
    place = " ".join(
        f'{name}="{_number(value)}"'
        for name, value in (("x", shape.x), ("y", shape.y), ("width", shape.width), ("height", shape.height))
    )
    return f'<rect {place} rx="{_number(shape.rounding)}" {fill} {_stroke(shape.look)}/>'


def _text(text: Text) -> str:
    rows = text.text.split("\n")
    attributes = f'font-size="{_number(text.size)}" text-anchor="{text.anchor}"'
    attributes += ' font-weight="bold"' if text.bold else ""
    attributes += f' fill="{text.colour}"' if text.colour else ""
    attributes += f' opacity="{_number(text.opacity)}"' if text.opacity < 1 else ""
    first = text.y + 0.36 * text.size - (len(rows) - 1) / 2 * LINE * text.size
    inner = "".join(
        f'<tspan x="{_number(text.x)}" y="{_number(first + index * LINE * text.size)}">{_escaped(row)}</tspan>'
        for index, row in enumerate(rows)
    )
    return f"<text {attributes}>{inner}</text>"


def _line(line: Line) -> str:
    if line.curved:
        groups = [_points(line.points[at : at + 3]) for at in range(1, len(line.points), 3)]
        path = f"M{_points(line.points[:1])}" + "".join(f"C{group}" for group in groups)
    else:
        path = f"M{_points(line.points[:1])}" + "".join(f"L{_points((point,))}" for point in line.points[1:])
    drawn = f'<path d="{path}" fill="none" {_stroke(line.look)}/>'
    return drawn + _head(line)


def _head(line: Line) -> str:
    """An arrow's head in the direction of the last piece, drawn by itself: markers would need names on the page."""
    if not line.head:
        return ""
    wings = head_points(line)
    tip = line.points[-1]
    solid = Look(line.look.colour, line.look.width)
    if line.head == "full":
        return f'<polygon points="{_points((tip, *wings))}" fill="{_colour(solid)}" {_stroke(solid)}/>'
    if line.head == "open":
        return f'<polyline points="{_points((wings[0], tip, wings[1]))}" fill="none" {_stroke(solid)}/>'
    a, b, c, d = wings
    return f'<path d="M{_points((a,))}L{_points((c,))}M{_points((b,))}L{_points((d,))}" fill="none" {_stroke(solid)}/>'


def head_points(line: Line) -> tuple[Point, ...]:
    """The two wings of an arrow's head; for a cross its four ends, in a ring around a point just before the tip."""
    (bx, by) = line.points[-1]
    ax, ay = next((point for point in reversed(line.points[:-1]) if point != (bx, by)), (bx - 1, by))
    angle = math.atan2(by - ay, bx - ax)
    if line.head == "cross":
        x, y = bx - _HEAD * math.cos(angle), by - _HEAD * math.sin(angle)
        turns = (math.pi / 4 + quarter * math.pi / 2 for quarter in range(4))
        return tuple((x + 5 * math.cos(angle + turn), y + 5 * math.sin(angle + turn)) for turn in turns)
    return tuple((bx - _HEAD * math.cos(angle + side), by - _HEAD * math.sin(angle + side)) for side in (0.4, -0.4))


def _stroke(look: Look) -> str:
    dashes = f' stroke-dasharray="{" ".join(_number(each) for each in look.dashes)}"' if look.dashes else ""
    width = f'stroke="{_colour(look)}" stroke-width="{_number(look.width)}"' if look.width else 'stroke="none"'
    return f'{width}{dashes} stroke-linejoin="round"'


def _colour(look: Look) -> str:
    return look.colour or "currentColor"


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _escaped(text: str) -> str:
    """Escaped, without what XML does not allow at all."""
    return escape("".join(c if c >= " " or c in "\t" else "\ufffd" for c in text))
