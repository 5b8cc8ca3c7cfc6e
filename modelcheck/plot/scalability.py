"""How far designs scale: each measure of the objective against what is varied, with its bound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..compare.objective import Clause
from ..compare.scalability import Scalability
from ..drawing.style import BLUE, GREY, ORANGE
from ..errors import ModelError, Problem
from .files import must_be_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARES = ("utilisation", "success")
LOOKS = ((BLUE, "-", "o"), (ORANGE, "--", "s"))


def draw_scalability(found: Scalability, ax: Axes | None = None, clause: int = 0, look: int = 0) -> Axes:
    """One measure of the objective against what is varied: its estimates with intervals, filled where the whole
    objective is met, and its bound."""
    if ax is None:
        figure = Figure(figsize=(6, 4.5), layout="constrained")
        FigureCanvasAgg(figure)
        ax = figure.add_subplot()
    wanted = found.objective.clauses[clause]
    shown = [(point, point.judged[clause].found) for point in found.points if point.judged]
    colour, line, marker = LOOKS[look % len(LOOKS)]
    values = [point.value for point, _ in shown]
    middle = np.array([each.value for _, each in shown])
    ax.plot(values, middle, color=colour, linestyle=line, linewidth=1.5, label=found.name)
    for point, each in shown:
        ax.plot(
            [point.value], [each.value], color=colour, marker=marker, markersize=7,
            markerfacecolor=colour if point.met else "white",
        )  # fmt: skip
        if np.isfinite([each.low, each.high]).all():
            ax.plot([point.value] * 2, [each.low, each.high], color=colour, linewidth=1.0)
    _bound(ax, wanted)
    ax.set_xlabel("jobs a second" if found.vary == "rate" else found.vary)
    ax.set_ylabel(f"{wanted.measure}{'' if wanted.measure in SHARES else ' (s)'}")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(True, color="#dddddd", linewidth=0.7)
    ax.set_axisbelow(True)
    return ax


def _bound(ax: Axes, wanted: Clause) -> None:
    ax.axhline(wanted.bound, color=GREY, linestyle=":", linewidth=1.5)
    place = ax.get_yaxis_transform()
    ax.text(0.01, wanted.bound, wanted.text, transform=place, va="bottom", color=GREY, fontsize=9)


def plot_scalability(found: Sequence[Scalability]) -> Figure:
    """A picture for each clause of the objective, with all designs."""
    clauses = found[0].objective.clauses
    figure = Figure(figsize=(6.0 * len(clauses), 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    for number, ax in enumerate(np.atleast_1d(figure.subplots(1, len(clauses)))):
        for look, each in enumerate(found):
            draw_scalability(each, ax, number, look)
        ax.legend(frameon=False, fontsize=9, loc="best")
        ax.set_title("filled: the objective is met", fontsize=10)
    return figure


def save_scalability(found: Sequence[Scalability], path: str | Path) -> None:
    """The picture as a .png, .svg or .pdf file. Raises `ModelError` (E902, E903)."""
    must_be_picture(path)
    try:
        plot_scalability(found).savefig(path, dpi=144)
    except OSError as error:
        raise ModelError([Problem("E902", f"cannot write '{path}': {error.strerror or error}")]) from None
