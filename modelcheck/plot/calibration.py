"""Measured and simulated times of executions, as the shares that are done by a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..drawing.style import BLUE, GREY, INK, ORANGE
from ..errors import ModelError, Problem
from .files import must_be_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..calibrate import Calibration


def plot_calibration(found: Calibration, path: str | Path | None = None) -> Figure:
    """Two pictures beside each other: the times of executions, and where the time goes.

    Raises `ModelError`: the file has no ending of a picture (E903), or cannot be written (E902).
    """
    if path is not None:
        must_be_picture(path)
    figure = Figure(figsize=(12.0, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    distributions(found, left)
    shares(found, right)
    if path is not None:
        try:
            figure.savefig(path, dpi=144)
        except OSError as error:
            raise ModelError([Problem("E902", f"cannot write '{path}': {error.strerror or error}")]) from None
    return figure


def distributions(found: Calibration, ax: Axes | None = None) -> Axes:
    """The shares of executions done by a time, with the measured percentiles' intervals."""
    ax = ax if ax is not None else _own_axes()
    for name, times, colour, line in (
        (f"measured ({len(found.measured)})", found.measured.makespans, INK, "-"),
        ("simulated", found.times, ORANGE, "--"),
    ):
        ordered = np.sort(times)
        ax.step(
            ordered, np.arange(1, len(ordered) + 1) / len(ordered), where="post", color=colour, linestyle=line,
            linewidth=1.8, label=name,
        )  # fmt: skip
    for percent, each in found.whole.measured.items():
        label = f"measured percentiles, {each.confidence:.0%} intervals" if percent == 50 else None
        ax.plot([each.low, each.high], [percent / 100] * 2, color=GREY, linewidth=5, alpha=0.45, label=label)
    body = found.body.simulated
    if found.fit != "lognormal":
        places = [percent / 100 for percent in body]
        ax.plot(list(body.values()), places, color=BLUE, linestyle="none", marker="D", label="lognormals of the body")
    shown = np.concatenate([found.measured.makespans, found.times])
    ax.set_xlim(0.9 * float(shown.min()), 1.1 * float(max(found.measured.makespans.max(), np.quantile(shown, 0.995))))
    ax.set_xlabel("time of an execution (s)")
    ax.set_ylabel("share of executions done")
    ax.set_ylim(0, 1.02)
    ax.set_title(f"{found.design.name}: measured and simulated", fontsize=11)
    ax.legend(frameon=False, fontsize=9, loc="lower right")
    _finish(ax)
    return ax


def shares(found: Calibration, ax: Axes | None = None) -> Axes:
    """The mean gap before each task and its mean duration, an execution, as bars."""
    ax = ax if ax is not None else _own_axes()
    names = list(found.parts.tasks)
    count = len(found.measured)
    gaps = [float(each.gaps.sum()) / count for each in found.parts.tasks.values()]
    work = [float(each.durations.sum()) / count for each in found.parts.tasks.values()]
    places = np.arange(len(names))
    ax.barh(places, gaps, color="none", edgecolor=GREY, hatch="///", label="gap before it")
    ax.barh(places, work, left=gaps, color=BLUE, label="its duration")
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.set_xlabel("mean time in an execution (s)")
    ax.set_title(f"{100 * found.parts.between:.0f} % of the time lies between the tasks", fontsize=11)
    ax.legend(frameon=False, fontsize=9, loc="best")
    _finish(ax)
    return ax


def _own_axes() -> Axes:
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def _finish(ax: Axes) -> None:
    ax.grid(True, color="#dddddd", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
