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


def draw_times(result: SimulationResult, ax: Axes | None = None) -> Axes:
    """A histogram of the times of the jobs that ended, with the mean, its interval, and the percentiles."""
    if ax is None:
        ax = Figure(figsize=(7.0, 4.0), layout="constrained").add_subplot()
    times = np.asarray(result.makespans, dtype=float)[result.warm_up :]
    times = times[np.isfinite(times)]
    unit, factor = ("s", 1.0) if not len(times) or np.median(times) >= 1.0 else ("ms", 1000.0)
    # The last percent of a long tail would press everything else together.
    longest = float(np.quantile(times, 0.995)) if len(times) else 1.0
    ax.hist(times[times <= longest] * factor, bins=60, color=BLUE, alpha=0.65)
    low, high = result.mean.low * factor, result.mean.high * factor
    if np.isfinite([low, high]).all():
        ax.axvspan(low, high, color=RED, alpha=0.25, linewidth=0)
    ax.axvline(
        result.mean.value * factor, color=RED, linewidth=1.5, label=f"mean {result.mean.value * factor:.4g} {unit}"
    )
    for percent, estimate in sorted(result.percentiles.items()):
        if np.isfinite(estimate.value) and estimate.value <= longest:
            ax.axvline(estimate.value * factor, color=GREY, linewidth=1.0, linestyle="dashed")
            place = ax.get_xaxis_transform()
            ax.text(estimate.value * factor, 1.01, f"p{percent}", transform=place, ha="center", color=GREY, fontsize=9)
    ax.set_xlabel(f"time of a job, {unit}")
    ax.set_ylabel("jobs")
    ax.set_title(f"{result.name}: {len(times):,} jobs, seed {result.seed}", color=INK, fontsize=11, loc="left", pad=18)
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def save_times(result: SimulationResult, path: str | Path) -> None:
    """The picture as a file: .png, .svg or .pdf."""
    figure = draw_times(result).get_figure(root=True)
    assert figure is not None
    figure.savefig(path, dpi=150)
