"""A drawing: boxes, lines and texts in points (1/72 inch), y downwards, in the order in which they are painted.

Whoever lays something out makes one of these; `svg` and `plot.drawing` paint it, so that a page and a figure show the
same. Widths of texts are those of DejaVu Sans (Verdana's), which is wider than other common fonts: what fits here
fits there.
"""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass, replace

Point = tuple[float, float]

LINE = 1.3  # height of a line of text, in its font size
# Widths of the characters from space to ~, in hundredths of the font size.
_WIDTHS = (
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61,
    69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59,
    82, 59, 59, 52, 64, 34, 64, 84,
)  # fmt: skip
_BOLD = 1.16


@dataclass(frozen=True)
class Look:
    """colour: of the line (empty: the colour of the text around). dashes: lengths of dash and gap, empty: solid.

    fill: how opaque the area is painted in the same colour, so that text on it can be read on light and on dark.
    """

    colour: str = ""
    width: float = 1.2
    dashes: tuple[float, ...] = ()
    fill: float = 0.0


@dataclass(frozen=True)
class Shape:
    """A closed area: a rectangle with rounded corners, or with `corners` a polygon."""

    x: float
    y: float
    width: float
    height: float
    look: Look
    rounding: float = 0.0
    corners: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line through points; `curved`: groups of three after the first are cubic Bézier curves.

    head: what stands at its end: nothing, `full` (an arrow), `open` (an asynchronous one) or `cross` (it arrives
    nowhere, or badly).
    """

    points: tuple[Point, ...]
    look: Look
    head: str = ""
    curved: bool = False


@dataclass(frozen=True)
class Text:
    """Lines of text; x, y is the middle of its height and its left end, middle or right end (`anchor`)."""

    x: float
    y: float
    text: str
    size: float = 10.0
    anchor: str = "middle"
    bold: bool = False
    colour: str = ""
    opacity: float = 1.0


@dataclass(frozen=True)
class Drawing:
    """Shapes on an area of this size. `title` says what it is, for those who cannot see it."""

    width: float
    height: float
    shapes: tuple[Shape | Line | Text, ...]
    title: str = ""


def text_width(text: str, size: float = 10.0, bold: bool = False) -> float:
    """The width of the longest line of a text, in points."""
    widest = max((sum(_width(c) for c in row) for row in text.split("\n")), default=0)
    return widest / 100 * size * (_BOLD if bold else 1.0)


def _width(character: str) -> int:
    code = ord(character)
    if 32 <= code < 127:
        return _WIDTHS[code - 32]
    if unicodedata.combining(character):
        return 0
    return 105 if unicodedata.east_asian_width(character) in "WF" else 84


def text_height(text: str, size: float = 10.0) -> float:
    """The height of a text, in points."""
    return (text.count("\n") + 1) * size * LINE


def wrapped(text: str, columns: int) -> str:
    """A text in lines of about so many characters; only what is very long is broken within a word."""
    rows = textwrap.wrap(text, columns, break_long_words=len(text) > 2 * columns, break_on_hyphens=False)
    return "\n".join(rows) or text.strip()


def moved(shape: Shape | Line | Text, x: float, y: float) -> Shape | Line | Text:
    """A shape elsewhere."""
    match shape:
        case Line(points):
            return replace(shape, points=tuple((a + x, b + y) for a, b in points))
        case Shape(corners=corners):
            return replace(shape, x=shape.x + x, y=shape.y + y, corners=tuple((a + x, b + y) for a, b in corners))
    return replace(shape, x=shape.x + x, y=shape.y + y)


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, 0 to 1 (WCAG 2)."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
