"""How long jobs take: the distribution that a simulation found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..drawing.style import BLUE, GREY, INK, RED

if TYPE_CHECKING:
    from ..simulate.result import SimulationResult


BINS, MOST_SHOWN = 60, 0.995  # the last of a long tail would press everything else together


def draw_times(result: SimulationResult, ax: Axes | None = None) -> Axes:
    """A histogram of the times of the jobs that ended, with the mean, its interval, and the percentiles."""
    if ax is None:
        ax = Figure(figsize=(7.0, 4.0), layout="constrained").add_subplot()
    times = result.measured
    unit, factor = ("s", 1.0) if not len(times) or np.median(times) >= 1.0 else ("ms", 1000.0)
    longest = float(np.quantile(times, MOST_SHOWN)) if len(times) else 1.0
    ax.hist(times[times <= longest] * factor, bins=BINS, color=BLUE, alpha=0.65)
    low, high = result.mean.low * factor, result.mean.high * factor
    if np.isfinite([low, high]).all():
        ax.axvspan(low, high, color=RED, alpha=0.25, linewidth=0)
    mean = result.mean.value * factor
    ax.axvline(mean, color=RED, linewidth=1.5, label=f"mean {mean:.4g} {unit}")
    if "mean" in result.exact:
        exact = result.exact["mean"].value * factor
        ax.axvline(exact, color=INK, linewidth=1.0, linestyle="dotted", label=f"exactly {exact:.4g} {unit}")
    for percent, estimate in sorted(result.percentiles.items()):
        if np.isfinite(estimate.value) and estimate.value <= longest:
            ax.axvline(estimate.value * factor, color=GREY, linewidth=1.0, linestyle="dashed")
            place = ax.get_xaxis_transform()
            ax.text(estimate.value * factor, 1.01, f"p{percent}", transform=place, ha="center", color=GREY, fontsize=9)
    ax.set_xlabel(f"time of a job, {unit}")
    ax.set_ylabel("jobs")
    of = f"the first {len(times):,} of {result.jobs:,} jobs" if len(result.makespans) < result.jobs else ""
    title = f"{result.name}: {of or f'{len(times):,} jobs'}, seed {result.seed}"
    ax.set_title(title, color=INK, fontsize=11, loc="left", pad=18)
    ax.legend(frameon=True, framealpha=0.85, edgecolor="none")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def draw_pools(result: SimulationResult, ax: Axes | None = None) -> Axes:
    """How busy the workers of each pool were, as bars, with the mean wait for one of them."""
    from ..simulate.result import show_time

    if ax is None:
        ax = Figure(figsize=(7.0, 0.8 + 0.4 * len(result.pools)), layout="constrained").add_subplot()
    names = list(result.pools)
    busy = [100 * figures.busy for figures in result.pools.values()]
    places = np.arange(len(names))[::-1]
    ax.barh(places, busy, height=0.5, color=BLUE, alpha=0.65)
    ax.axvline(100, color=RED, linewidth=1.0)
    for place, share, figures in zip(places, busy, result.pools.values(), strict=True):
        wait = "" if figures.wait is None else f", mean wait {show_time(figures.wait)}"
        inside = share > 60
        ax.text(
            share + (-1 if inside else 1), place, f"{share:.3g} %{wait}",
            va="center", ha="right" if inside else "left", color=INK, fontsize=9,
        )  # fmt: skip
    ax.set_yticks(places, names)
    ax.set_xlim(0, 105)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.set_xlabel("busy workers, %")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def save_times(result: SimulationResult, path: str | Path) -> None:
    """The picture as a file: .png, .svg or .pdf; where workers are shared, with how busy they were."""
    height = 4.0 + (0.8 + 0.4 * len(result.pools) if result.pools else 0.0)
    figure = Figure(figsize=(7.0, height), layout="constrained")
    if result.pools:
        above, below = figure.subplots(2, 1, height_ratios=(4.0, height - 4.0))
        draw_times(result, above)
        draw_pools(result, below)
    else:
        draw_times(result, figure.add_subplot())
    figure.savefig(path, dpi=150)
