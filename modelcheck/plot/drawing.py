"""Drawings as figures: the same shapes that become SVG, painted with matplotlib.

Functions take `ax=None` and return the Axes; no global state of matplotlib is touched and nothing is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, PathPatch, Polygon
from matplotlib.path import Path as Curve

from ..drawing.shapes import LINE, Drawing, Line, Look, Shape, Text
from ..drawing.style import INK
from ..drawing.svg import head_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS = 72.0  # an inch
_ROW = 0.94  # height of matplotlib's lines of text with a spacing of 1, in font sizes
_LARGEST = 200.0  # inches of a figure's side, at most


def paint(drawing: Drawing, ax: Axes | None = None) -> Axes:
    """Paints a drawing; without `ax`, on a figure of its own that is as large as needed."""
    if ax is None:
        shrink = min(1.0, _LARGEST * _POINTS / max(drawing.width, drawing.height))
        figure = Figure(figsize=(shrink * drawing.width / _POINTS, shrink * drawing.height / _POINTS))
        FigureCanvasAgg(figure)
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    scale = _fit(ax, drawing)
    for level, shape in enumerate(drawing.shapes):
        order = 2 + level / (len(drawing.shapes) + 1)
        match shape:
            case Text():
                _text(ax, shape, scale, 4.0)
            case Line():
                _line(ax, shape, scale, order)
            case Shape():
                ax.add_patch(_patch(shape, scale, order))
    return ax


def _fit(ax: Axes, drawing: Drawing) -> float:
    """Sets the axes so that a unit is a point, or less where there is no room; returns how much less."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    box = ax.get_window_extent()
    room = box.width / figure.dpi * _POINTS, box.height / figure.dpi * _POINTS
    scale = min(1.0, room[0] / drawing.width, room[1] / drawing.height)
    spare = room[0] / scale - drawing.width, room[1] / scale - drawing.height
    ax.set_xlim(-spare[0] / 2, drawing.width + spare[0] / 2)
    ax.set_ylim(drawing.height + spare[1] / 2, -spare[1] / 2)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return scale


def _text(ax: Axes, text: Text, scale: float, order: float) -> None:
    sides = {"start": "left", "middle": "center", "end": "right"}
    ax.text(
        text.x, text.y, text.text, ha=sides[text.anchor], va="center", fontsize=text.size * scale,
        fontweight="bold" if text.bold else "normal", color=text.colour or INK, alpha=text.opacity,
        linespacing=LINE / _ROW, multialignment=sides[text.anchor], parse_math=False, zorder=order,
    )  # fmt: skip


def _line(ax: Axes, line: Line, scale: float, order: float) -> None:
    codes = [Curve.CURVE4 if line.curved else Curve.LINETO] * (len(line.points) - 1)
    colour, width = line.look.colour or INK, line.look.width * scale
    look: dict[str, Any] = {"linewidth": width, "zorder": order, "joinstyle": "round", "capstyle": "butt"}
    curve = Curve(line.points, [Curve.MOVETO, *codes])
    ax.add_patch(
        FancyArrowPatch(
            path=curve, arrowstyle="-", shrinkA=0, shrinkB=0, color=colour, linestyle=_dashes(line.look), **look
        )
    )  # fmt: skip
    if line.head:
        full = line.head == "full"
        ax.add_patch(PathPatch(_head(line), edgecolor=colour, facecolor=colour if full else "none", **look))


def _head(line: Line) -> Curve:
    tip, ends = line.points[-1], head_points(line)
    if line.head == "cross":
        a, b, c, d = ends
        return Curve((a, c, b, d), [Curve.MOVETO, Curve.LINETO, Curve.MOVETO, Curve.LINETO])
    closed = line.head == "full"
    return Curve((ends[0], tip, ends[1], *ends[: int(closed)]), closed=closed)


def _patch(shape: Shape, scale: float, order: float) -> Patch:
    colour = shape.look.colour or INK
    look: dict[str, Any] = {
        "edgecolor": colour if shape.look.width else "none",
        "facecolor": (colour, shape.look.fill) if shape.look.fill else "none",
        "linewidth": shape.look.width * scale,
        "linestyle": _dashes(shape.look),
        "zorder": order,
    }
    if shape.corners:
        return Polygon(shape.corners, closed=True, **look)
    style = f"round,pad=0,rounding_size={shape.rounding}" if shape.rounding else "square,pad=0"
    return FancyBboxPatch((shape.x, shape.y), shape.width, shape.height, boxstyle=style, **look)


def _dashes(look: Look) -> Any:
    """Lengths in units of the line's width, as matplotlib wants them."""
    return (0, tuple(each / look.width for each in look.dashes)) if look.dashes and look.width else "solid"
