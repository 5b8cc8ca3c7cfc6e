"""A sweep as a picture: a measure against a parameter, a line for each value of the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..drawing.style import BLUE, GREY, INK, RED
from ..errors import ModelError, Problem, did_you_mean
from ..sweep.measures import is_share, is_time
from ..sweep.values import number_of
from .files import must_be_picture

if TYPE_CHECKING:
    from ..sweep.table import Row, Sweep

# Lines differ in dashes and markers, too, so that they can be told apart without colours.
COLOURS = (BLUE, RED, INK, "#d9730d", "#2f7d4f", "#7a4fa3")
DASHES, MARKERS = ("-", "--", "-.", ":"), ("o", "s", "^", "D", "v", "P", "X")
MOST_LINES, MOST_TICKS = 12, 16
WIDE = 40  # An axis over more than this ratio is logarithmic.


def draw_sweep(
    found: Sweep, x: str | None = None, y: str = "mean", by: str | None = None, ax: Axes | None = None
) -> Axes:
    """The measure `y` against the parameter `x` (the first), with intervals; designs without a figure are gaps.

    by: the parameter that tells lines apart (all the others). Raises `ModelError` (E449): there is no such parameter
    or measure, or nothing to draw.
    """
    across = _known(found, x or found.parameters[0], found.parameters, "parameter")
    _known(found, y, found.figures, "measure")
    others = tuple(name for name in found.parameters if name != across)
    if by is not None:
        others = (_known(found, by, found.parameters, "parameter"),)
    if ax is None:
        figure = Figure(figsize=(7.5, 4.5), layout="constrained")
        FigureCanvasAgg(figure)
        ax = figure.add_subplot()
    lines = _lines(found, others)
    axis = _axis(found, across)
    size, unit = _unit(found, y)
    looks = zip(cycle(COLOURS), cycle(MARKERS), cycle(DASHES), strict=False)
    for (name, rows), (colour, marker, dashes) in zip(list(lines.items())[:MOST_LINES], looks, strict=False):
        _draw_line(ax, rows, found.parameters.index(across), axis.places, (y, size), (colour, marker, dashes, name))
    _finish(ax, found, axis, f"{y} ({unit})" if unit else y)
    if len(lines) > 1:
        left = f"\n{len(lines) - MOST_LINES} more lines are not shown" if len(lines) > MOST_LINES else ""
        ax.legend(frameon=False, fontsize=8, title=", ".join(others) + left, title_fontsize=8)
    return ax


def save_sweep(found: Sweep, path: str | Path, x: str | None = None, y: str = "mean", by: str | None = None) -> None:
    """The picture as a file: .png, .svg or .pdf. Raises `ModelError` as `draw_sweep` does, and E902, E903."""
    must_be_picture(path)
    figure = draw_sweep(found, x, y, by).get_figure(root=True)
    assert figure is not None
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise ModelError([Problem("E902", f"cannot write '{path}': {error.strerror or error}")]) from None


def _known(found: Sweep, name: str, names: Sequence[str], what: str) -> str:
    if not found.figures:
        raise ModelError([Problem("E449", f"no design of '{found.name}' has figures that could be drawn")])
    if name in names:
        return name
    raise ModelError([Problem("E449", f"there is no {what} '{name}' in this sweep", hint=did_you_mean(name, names))])


def _lines(found: Sweep, others: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of each line, by what its parameters are."""
    places = [found.parameters.index(name) for name in others]
    lines: dict[str, list[Row]] = {}
    for row in found.rows:
        lines.setdefault(", ".join(row.values[place] for place in places), []).append(row)
    return lines


@dataclass(frozen=True)
class _Axis:
    """Where each value of a parameter stands; what the axis is called; whether it is logarithmic; its ticks, where they
    are few; their labels, where they are words."""

    places: Mapping[str, float]
    title: str
    logarithmic: bool = False
    ticks: tuple[float, ...] = ()
    words: tuple[str, ...] = ()


def _axis(found: Sweep, across: str) -> _Axis:
    texts = tuple(dict.fromkeys(row.values[found.parameters.index(across)] for row in found.rows))
    numbers = {text: number for text in texts if (number := number_of(text)) is not None}
    if len(numbers) < len(texts):
        places = {text: float(place) for place, text in enumerate(texts)}
        return _Axis(places, across, ticks=tuple(places.values()), words=texts)
    low, high = min(numbers.values()), max(numbers.values())
    logarithmic = low > 0 and high / low > WIDE and len(texts) > 2
    if not all(_bare(text) for text in texts):
        size, unit = _unit_of_time(high)
        return _Axis({text: number / size for text, number in numbers.items()}, f"{across} ({unit})", logarithmic)
    whole = len(texts) <= MOST_TICKS and not logarithmic and all(number == int(number) for number in numbers.values())
    return _Axis(numbers, across, logarithmic, tuple(sorted(numbers.values())) if whole else ())


def _unit(found: Sweep, y: str) -> tuple[float, str]:
    """The size and the name of the unit in which a measure is drawn."""
    if is_share(y):
        return 0.01, "%"
    if not is_time(y):
        return 1.0, ""
    largest = max((abs(value) for value in found[y] if math.isfinite(value)), default=1.0)
    return _unit_of_time(largest)


def _unit_of_time(largest: float) -> tuple[float, str]:
    return next(((size, unit) for unit, size in (("s", 1.0), ("ms", 1e-3)) if largest >= size), (1e-6, "µs"))


def _draw_line(
    ax: Axes,
    rows: Sequence[Row],
    place: int,
    places: Mapping[str, float],
    measured: tuple[str, float],
    look: tuple[str, str, str, str],
) -> None:
    """A line with its intervals."""
    y, size = measured
    colour, marker, dashes, name = look
    ordered = sorted(rows, key=lambda row: places[row.values[place]])
    x = np.array([places[row.values[place]] for row in ordered])
    cells = [row.answer.figures.get(y) for row in ordered]
    value, low, high = (
        np.array([math.nan if cell is None else getattr(cell, bound, cell) for cell in cells], dtype=float) / size
        for bound in ("value", "low", "high")
    )
    finite = np.isfinite(low) & np.isfinite(high)
    ax.fill_between(x, low, high, where=finite, color=colour, alpha=0.15, linewidth=0)
    ax.plot(x, value, color=colour, marker=marker, linestyle=dashes, markersize=4, linewidth=1.5, label=name)


def _finish(ax: Axes, found: Sweep, axis: _Axis, up: str) -> None:
    ax.set_xlabel(axis.title)
    ax.set_ylabel(up)
    if axis.words:
        ax.set_xticks(axis.ticks, axis.words, rotation=20 if len(axis.words) > 4 else 0, fontsize=8)
    elif axis.ticks:
        ax.set_xticks(axis.ticks, [f"{tick:.0f}" for tick in axis.ticks])
    if axis.logarithmic:
        ax.set_xscale("log")
    missing = [f"{found.failed} design{'s' if found.failed > 1 else ''} cannot be simulated"] if found.failed else []
    missing += [found.stopped] if found.stopped else []
    title = f"{found.name}: {found.jobs:,} jobs of each design, seed {found.seed}"
    ax.set_title("; ".join([title, *missing]), color=INK, fontsize=10, loc="left")
    ax.grid(True, color=GREY, alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def _bare(text: str) -> bool:
    """Whether a value is a number without a unit."""
    try:
        float(text.rstrip("%"))
    except ValueError:
        return False
    return True
