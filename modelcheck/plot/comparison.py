"""Pictures of a comparison: time against the number of services, load and overhead, and the distributions.

Each function draws into the axes it is given, or into a figure of its own, and returns the axes; nothing global is
touched. Lines differ in darkness, in dashes and in markers, so that they can be told apart without colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..compare.crossover import sweep
from ..compare.growth import LIKE, typical
from ..compare.loads import Loads, loads_of_shapes
from ..compare.scaling import TOPOLOGIES, Scaling, scaling
from ..errors import ModelError, Problem
from ..simulate.result import show_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..compare import Comparison

SERVICES = (1, 2, 3, 5, 8, 12)
STEPS = 5
SWEEP_JOBS = 1_000
SHARES = (0.05, 0.15, 0.25, 0.3, 0.5, 0.7, 0.8, 0.9)
LOAD_JOBS = 1_000
FORMATS = (".png", ".svg", ".pdf")
DARK, LIGHT, FAINT = "#1b3a5c", "#d9730d", "#777777"  # far apart in grey, too
# colour, line, marker of each topology: orchestrations dark, choreographies light
LOOKS = {
    "sequence": (DARK, "-", "o", "orchestration, in a row"),
    "chain": (LIGHT, "--", "s", "choreography, a chain"),
    "parallel": (DARK, "-.", "^", "orchestration, side by side"),
    "star": (LIGHT, ":", "D", "choreography, a star"),
    "one listener": (FAINT, "-", "x", "choreography, one listener"),
}


def plot_comparison(found: Comparison, path: str | Path | None = None) -> Figure:
    """All four pictures; written to a .png, .svg or .pdf file where a path is given.

    Raises `ModelError`: the file has another ending, or cannot be written.
    """
    if path is not None and Path(path).suffix.lower() not in FORMATS:
        message = f"'{Path(path).name}' cannot be drawn: unknown format '{Path(path).suffix}'"
        raise ModelError([Problem("E423", message, None, f"end the name in {', '.join(FORMATS)}")])
    figure = Figure(figsize=(12, 9), layout="constrained")
    FigureCanvasAgg(figure)
    (services, load), (overhead, times) = figure.subplots(2, 2)
    time_against_services(scalings_of(found), services)
    time_against_load(shapes_under_load(found), load)
    time_against_overhead(found, overhead)
    distributions(found, times)
    figure.suptitle(f"{found.orchestration.name} beside {found.choreography.name}", fontsize=13)
    if path is not None:
        try:
            figure.savefig(path, dpi=144)
        except OSError as error:
            raise ModelError([Problem("E423", f"cannot write '{path}': {error.strerror or error}")]) from None
    return figure


def scalings_of(found: Comparison, services: Sequence[int] = SERVICES, jobs: int = SWEEP_JOBS) -> list[Scaling]:
    """The four topologies with tasks and overheads like those of a comparison."""
    time = typical(found)
    call, event = (each.now for each in found.crossovers)
    return [scaling(kind, services, time, call, event, jobs, found.seed) for kind in TOPOLOGIES]


def time_against_services(scalings: Sequence[Scaling], ax: Axes | None = None) -> Axes:
    """The mean time of each topology against its number of services."""
    ax = ax if ax is not None else _own_axes()
    unit, size = _unit(max(mean.value for each in scalings for mean in each.means))
    for each in sorted(scalings, key=lambda one: list(LOOKS).index(one.kind)):
        colour, line, marker, name = LOOKS[each.kind]
        around = each.kind in ("chain", "star")  # hollow and larger: where both styles coincide, both are seen
        ax.plot(
            each.services, [mean.value / size for mean in each.means], color=colour, linestyle=line, marker=marker,
            markersize=9 if around else 5, markerfacecolor="none" if around else colour, linewidth=1.8, label=name,
        )  # fmt: skip
    _finish(ax, "Topology decides, not style", "services", f"mean time ({unit})")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=9, loc="upper left")
    return ax


def shapes_under_load(found: Comparison, shares: Sequence[float] = SHARES, jobs: int = LOAD_JOBS) -> tuple[Loads, ...]:
    """The topologies under load, with tasks and overheads like those of a comparison and one worker for each."""
    call, event = (each.now for each in found.crossovers)
    names = [f"service_{number}" for number in range(1, LIKE + 1)]
    tasks = dict.fromkeys(names, typical(found))
    return loads_of_shapes(tasks, shares, 1, call, event, min(jobs, found.jobs), found.seed)


def time_against_load(found: Sequence[Loads], ax: Axes | None = None) -> Axes:
    """The mean time of each design against the rate at which jobs arrive, as long as it can serve them."""
    ax = ax if ax is not None else _own_axes()
    unit, size = _unit(max(each.mean.value for one in found for each in one.points if each.mean))
    for number, one in enumerate(found):
        colour, line, marker, name = LOOKS.get(one.name, (FAINT, "-", "+x"[number % 2], one.name))
        served = [each for each in one.points if each.mean is not None]
        around = one.name in ("chain", "star")
        ax.plot(
            [each.rate for each in served], [each.mean.value / size for each in served if each.mean], color=colour,
            linestyle=line, marker=marker, markersize=9 if around else 5,
            markerfacecolor="none" if around else colour, linewidth=1.8, label=name,
        )  # fmt: skip
    _finish(ax, "Load: the topology and the workers decide", "jobs a second", f"mean time ({unit})")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=9, loc="best")
    return ax


def time_against_overhead(found: Comparison, ax: Axes | None = None, steps: int = STEPS) -> Axes:
    """Both mean times against the overhead of a call (or of an event, where calls have no crossover), which is
    marked."""
    ax = ax if ax is not None else _own_axes()
    crossover = next((each for each in found.crossovers if each.simulated is not None), found.crossovers[0])
    at = crossover.simulated.value if crossover.simulated is not None else 0.0
    last = 2 * max(at, crossover.now) or max(outline.total for outline in found.outlines) / 5
    drawn = sweep(
        found.orchestration, found.choreography, crossover.of, [last * step / (steps - 1) for step in range(steps)],
        crossover.jobs, found.seed, found.pairs.compared,
    )  # fmt: skip
    across, across_size = _unit(last)
    unit, size = _unit(max(*drawn.orchestration, *drawn.choreography))
    x = np.array(drawn.overheads) / across_size
    ax.plot(x, np.array(drawn.orchestration) / size, color=DARK, marker="o", linewidth=1.8, label="orchestration")
    ax.plot(
        x, np.array(drawn.choreography) / size, color=LIGHT, linestyle="--", marker="s", markerfacecolor="white",
        linewidth=1.8, label="choreography",
    )  # fmt: skip
    title = f"No crossover in the overhead of {_a(crossover.of)}"
    if crossover.simulated is not None:
        title = f"Equally fast at {show_time(at)} {_a(crossover.of)}"
        ax.axvline(at / across_size, color=FAINT, linewidth=1.2)
        low, high = (min(bound, last) / across_size for bound in (crossover.simulated.low, crossover.simulated.high))
        ax.axvspan(low, high, color=FAINT, alpha=0.2, linewidth=0, label="crossover, 95 % interval")
    ax.axvline(crossover.now / across_size, color="black", linewidth=1.2, linestyle=":", label="as designed")
    _finish(ax, title, f"overhead of {_a(crossover.of)} ({across})", f"mean time ({unit})")
    ax.legend(frameon=True, framealpha=0.9, edgecolor="none", fontsize=9, loc="best")
    return ax


def distributions(found: Comparison, ax: Axes | None = None) -> Axes:
    """The shares of jobs that are done by a time, with the 95th percentiles marked; up to the 99.5th."""
    ax = ax if ax is not None else _own_axes()
    columns = (
        ("orchestration", found.pairs.orchestration, DARK, "-"),
        ("choreography", found.pairs.choreography, LIGHT, "--"),
    )
    shown = [(name, np.sort(times), colour, line) for name, times, colour, line in columns if len(times)]
    if shown:
        last = max(float(np.quantile(times, 0.995)) for _, times, *_ in shown)
        unit, size = _unit(last)
        for name, times, colour, line in shown:
            share = np.arange(1, len(times) + 1) / len(times)
            late = float(np.quantile(times, 0.95))
            ax.step(
                np.concatenate([[0, times[0]], times]) / size, np.concatenate([[0, 0], share]), where="post",
                color=colour, linestyle=line, linewidth=1.8, label=f"{name}, p95 {show_time(late)}",
            )  # fmt: skip
            ax.plot(late / size, 0.95, color=colour, marker="o", markersize=7, markerfacecolor="white")
        ax.set_xlim(0, 1.04 * last / size)
        _finish(ax, _whose(found), f"time ({unit})", "share of jobs done")
        ax.legend(frameon=False, fontsize=9, loc="lower right")
    else:
        _finish(ax, "No job can be compared", "time (s)", "share of jobs done")
    ax.set_ylim(0, 1.02)
    return ax


def _whose(found: Comparison) -> str:
    if found.pairs.all_alike:
        return f"How long {len(found.pairs.orchestration):,} jobs take"
    return f"How long jobs with the same tasks take ({100 * found.pairs.share:.0f} % of all)"


def _a(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _unit(seconds: float) -> tuple[str, float]:
    """The unit in which a time reads well, and its size in seconds."""
    return next(((unit, size) for unit, size in (("s", 1.0), ("ms", 1e-3)) if seconds >= size), ("µs", 1e-6))


def _own_axes() -> Axes:
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def _finish(ax: Axes, title: str, across: str, up: str) -> None:
    ax.set_title(title, fontsize=11)
    ax.set_xlabel(across)
    ax.set_ylabel(up)
    ax.grid(True, color="#dddddd", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
