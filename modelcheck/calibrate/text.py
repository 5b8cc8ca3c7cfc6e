"""A calibration as people read it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..simulate.delays import Array
from ..simulate.result import show_time

if TYPE_CHECKING:
    from .calibration import Agreement, Calibration

WIDTH = 110
MOST_LINKS = 5


def render(found: Calibration) -> str:
    """The calibration as text."""
    lines = [*textwrap.wrap(heading(found), WIDTH), "", *_table(list(task_rows(found)))]
    lines += ["", *_table(list(percentile_rows(found)))]
    for sentence in sentences(found):
        lines += _wrapped(sentence)
    for note in found.notes:
        lines += _wrapped(f"note: {note}")
    return "\n".join(lines)


def heading(found: Calibration) -> str:
    """What was calibrated by what."""
    return (
        f"{found.design.name}, calibrated by {len(found.measured)} executions of {found.measured.source or 'data'} "
        f"({found.fit}): {found.simulated.jobs:,} jobs simulated, seed {found.simulated.seed}"
    )


def task_rows(found: Calibration) -> Iterator[tuple[str, ...]]:
    """A row for each task: how often it was measured, how long it took, the gap before it."""
    yield "task", "runs", "p50", "p95", "longest", "gap before: p50", "p95", "longest"
    for name, each in found.parts.tasks.items():
        yield name, f"{len(each.durations):,}", *_spread(each.durations), *_spread(each.gaps)


def task_data(found: Calibration) -> list[dict[str, object]]:
    """The same as data, in seconds."""
    return [
        {
            "task": name,
            "runs": len(each.durations),
            "runs_an_execution": found.runs[name][0],
            "runs_a_simulated_job": found.runs[name][1],
            "seconds": _quantiles(each.durations),
            "gap_before": _quantiles(each.gaps),
        }
        for name, each in found.parts.tasks.items()
    ]


def percentile_rows(found: Calibration) -> Iterator[tuple[str, ...]]:
    """Simulated percentiles beside the measured ones."""
    yield "", *(f"p{percent}" for percent in found.whole.measured)
    yield from _agreement(found.whole, f"measured ({found.whole.measured_on})", "simulated")
    if found.fit != "lognormal":
        yield tuple(_agreement(found.body, "", "lognormals of the body"))[1]
    halves = found.halves
    yield from _agreement(
        halves, f"a half, measured ({halves.measured_on})", f"simulated from the other {halves.calibrated_on}"
    )


def _agreement(agreement: Agreement, measured: str, simulated: str) -> Iterator[tuple[str, ...]]:
    yield (
        measured,
        *(
            f"{show_time(each.value)} [{show_time(each.low)}, {show_time(each.high)}]"
            for each in agreement.measured.values()
        ),
    )
    yield (
        f"  {simulated}",
        *(
            f"{show_time(value)}{'' if agreement.inside(percent) else '  outside'}"
            for percent, value in agreement.simulated.items()
        ),
    )


def sentences(found: Calibration) -> Iterator[str]:
    """What the figures say."""
    example = found.whole.measured[50]
    yield f"{100 * found.parts.between:.3g} % of the measured time lies between the tasks."
    yield f"Intervals: {example.confidence:.0%}, {example.method}."
    outside = [f"p{percent}" for percent in (50, 95) if not found.whole.inside(percent)]
    if outside:
        yield f"The calibrated model does NOT reproduce {' and '.join(outside)} of what it was calibrated by."
    else:
        yield "The calibrated model reproduces p50 and p95 of what it was calibrated by."
    yield (
        f"Of two halves of the same executions, a percentile of one lies in the {example.confidence:.0%} interval of"
        f" the other in some {100 * _between_halves(example.confidence):.0f} % of all splits, because both are samples."
    )
    last = found.body.measured[99]
    if found.fit != "lognormal" and found.body.simulated[99] < last.low:
        factor = last.value / found.body.simulated[99]
        yield (f"Lognormals fitted to the body miss the tail: they make p99 {factor:.2g} times shorter than measured.")
    width = (last.high - last.low) / last.value
    if width > 0.25:
        yield (
            f"p99 of {found.whole.measured_on} executions is hardly known: its interval is {100 * width:.0f} % of it"
            " wide, and cannot reach beyond the longest time that was measured."
        )
    if found.links:
        shown = ", ".join(
            f"{each.first} and {each.second} ({each.correlation:.2f})" for each in found.links[:MOST_LINKS]
        )
        more = f", and {len(found.links) - MOST_LINKS} more pairs" if len(found.links) > MOST_LINKS else ""
        shift = [f"p{p} by {_percent(found, p)}" for p in found.whole.measured]
        drawn = "draws those of one execution together; chance alone moves"
        if found.fit != "executions":
            drawn = "draws each by itself; that and chance move"
        yield (
            f"Measured times go together (rank correlations): {shown}{more}. The simulation {drawn} {', '.join(shift)}."
        )


def _between_halves(confidence: float) -> float:
    """How often a normal estimate lies in the interval of another one, as uncertain and independent of it."""
    from scipy.special import ndtr, ndtri

    return float(2 * ndtr(ndtri((1 + confidence) / 2) / math.sqrt(2)) - 1)


def _percent(found: Calibration, percent: int) -> str:
    return f"{100 * (found.whole.simulated[percent] / found.whole.measured[percent].value - 1):+.1f} %"


def _spread(times: Array) -> tuple[str, str, str]:
    if not len(times):
        return "-", "", ""
    middle, late, last = (show_time(float(each)) for each in np.quantile(times, (0.5, 0.95, 1.0)))
    return middle, late, last


def _quantiles(times: Array) -> dict[str, float] | None:
    if not len(times):
        return None
    names = {"p50": 0.5, "p95": 0.95, "longest": 1.0}
    return {name: float(np.quantile(times, share)) for name, share in names.items()} | {"mean": float(np.mean(times))}


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        ("  " + "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True))).rstrip() for row in rows
    ]


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="  ")
