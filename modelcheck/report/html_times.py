"""Simulated times and comparisons as HTML, with small pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..drawing.charts import Bar, Mark, bars, histogram
from ..drawing.svg import svg
from .elements import block, faint, figure, table, text

if TYPE_CHECKING:
    from ..calibrate import Calibration
    from ..compare import Comparison
    from ..compare.scalability import Scalability
    from ..compare.topologies import Topologies
    from ..simulate import SimulationResult

BINS, MOST_SHOWN = 48, 0.995  # the last of a long tail would press everything else together


def render_simulation(result: SimulationResult) -> str:
    """The figures of a simulation, how its times are spread, and how its workers were used."""
    from ..simulate.shown import head_of, heading_of, pool_cells, remarks_of

    rows = [[text(row.name), text(row.value), faint(row.interval), text(row.exactly)] for row in result.rows()]
    head = [faint(word) for word in head_of(result)]
    shown = 4 if any(row[3] for row in rows) else 3
    pools = pool_cells(result)
    return block(
        f"<p><strong>{text(heading_of(result))}</strong></p>",
        _spread(result),
        table(row[:shown] for row in (head, *rows)),
        table([[faint(cell) for cell in pools[0]], *([text(cell) for cell in row] for row in pools[1:])])
        if pools
        else "",
        f"<small>{'<br>'.join(text(remark) for remark in remarks_of(result))}</small>",
    )


def _spread(result: SimulationResult) -> str:
    """How the times of the jobs that ended are spread, with the mean and the percentiles."""
    import numpy as np

    from ..simulate.result import show_time

    times = result.measured
    last = float(np.quantile(times, MOST_SHOWN)) if len(times) else 0.0
    if last <= 0:
        return ""
    counts, _ = np.histogram(times[times <= last], bins=BINS, range=(0.0, last))
    marks = [Mark(result.mean.value, f"mean {show_time(result.mean.value)}", main=True)]
    marks += [
        Mark(each.value, f"p{percent}") for percent, each in result.percentiles.items() if math.isfinite(each.value)
    ]
    title = f"times of {len(times):,} jobs of {result.name}, up to {show_time(last)}"
    return figure(svg(histogram([int(count) for count in counts], last, marks, ("0", show_time(last)), title)))


def render_comparison(found: Comparison) -> str:
    """A comparison: whose jobs take longer as bars, and all sections of its text."""
    from ..compare.text import sections

    parts = [
        f"<p><strong>{text(found.orchestration.name)}</strong> (orchestration) beside "
        f"<strong>{text(found.choreography.name)}</strong> (choreography): {found.jobs:,} jobs of each, "
        f"seed {found.seed}, the same draws</p>",
        _bars(found),
    ]
    for title, rows, sentences in sections(found):
        parts.append(f"<h4>{text(title)}</h4>")
        parts += [table([text(cell) for cell in row] for row in rows)] if rows else []
        parts += [f"<p>{text(sentence)}</p>" for sentence in sentences]
    return block(*parts)


def render_calibration(found: Calibration) -> str:
    """A calibration: its tasks, the percentiles, and what they say."""
    from ..calibrate.text import heading, percentile_rows, sentences, task_rows

    return block(
        f"<p><strong>{text(heading(found))}</strong></p>",
        *(table([text(cell) for cell in row] for row in rows(found)) for rows in (task_rows, percentile_rows)),
        *(f"<p>{text(sentence)}</p>" for sentence in sentences(found)),
        "<small>" + "<br>".join(text(f"note: {note}") for note in found.notes) + "</small>",
    )


def render_topologies(found: Topologies) -> str:
    """The same tasks in each topology."""
    named = ", ".join(f"{name} {seconds:g} s" for name, seconds in found.tasks.items())
    return block(
        f"<p><strong>the same tasks</strong> ({text(named)})</p>",
        table([text(cell) for cell in row] for row in found.rows()),
        f"<p>{text(found.sentence())}</p>",
    )


def render_scalability(found: Scalability) -> str:
    """How far a design scales: a row for each value, and Min and Max."""
    return block(
        f"<p><strong>{text(found.name)}</strong> as {text(found.vary)} varies; objective: "
        f"{text(found.objective.text)}</p>",
        table([text(cell) for cell in row] for row in found.rows()),
        *(f"<p>{text(sentence)}</p>" for sentence in found.sentences()),
    )


def _bars(found: Comparison) -> str:
    from ..simulate.result import show_time

    rows = []
    for kind, result in zip(("orchestration", "choreography"), found.simulated, strict=True):
        late = result.percentiles[95].value if 95 in result.percentiles else result.mean.value
        figures = (result.mean.value, result.mean.low, result.mean.high, late)
        if not all(math.isfinite(each) for each in figures):
            return ""
        rows.append(Bar(kind, *figures, f"mean {show_time(result.mean.value)}", hollow=kind == "choreography"))
    return figure(svg(bars(rows, f"mean times of {found.orchestration.name} and {found.choreography.name}")))
