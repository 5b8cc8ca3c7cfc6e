"""Timelines as drawings: Gantt charts, and sequence diagrams with times."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..drawing.shapes import Drawing, Line, Look, Shape, Text, text_width
from ..drawing.style import BLUE, DASHED, DOTTED, GREEN, GREY, ORANGE, RED
from ..drawing.svg import svg
from ..errors import ModelError, Problem
from ..simulate.result import show_time
from ..simulate.timeline import Span, Timeline, trace_with_times
from .sequence import sequence_of
from .sequence_drawing import sequence_drawing

ROW, BAR, CHART, PAD = 18.0, 11.0, 520.0, 12.0
MOST_ROWS = 400
_WORKS = {"step": BLUE, "handler": GREEN, "undo": ORANGE}


def gantt_drawing(timeline: Timeline) -> Drawing:
    """A row for each task of each job, in the order in which they began; waiting is grey, failures end in red.

    Raises `ModelError` (E411): there are more rows than anybody can look at.
    """
    jobs = range(len(timeline.arrived))
    rows: list[Span | int] = [row for job in jobs for row in ((job,) if len(jobs) > 1 else ()) + timeline.of(job)]
    if len(rows) > MOST_ROWS:
        message = f"a chart of {len(rows):,} rows cannot be looked at"
        raise ModelError([Problem("E411", message, hint="draw fewer jobs; the Chrome trace (.json) shows them all")])
    left = PAD + max((text_width(_label(row)) for row in rows), default=0.0) + 10
    tail = (
        max((text_width(_tail(row, timeline.unended), 9.0) for row in rows if isinstance(row, Span)), default=0.0) + 14
    )
    top = 40.0
    until = timeline.until or 1.0
    bottom = top + ROW * len(rows)

    def x(time: float) -> float:
        return left + CHART * time / until

    title = timeline.title
    shapes: list[Shape | Line | Text] = [Text(left, 14.0, title, 11.0, "start", bold=True)]
    for time in ticks(until):
        shapes.append(Line(((x(time), top), (x(time), bottom)), Look(GREY, 0.5, DOTTED)))
        shapes.append(Text(x(time), top - 9, show_time(time) if time else "0", 9.0, colour=GREY))
    for number, row in enumerate(rows):
        y = top + ROW * (number + 0.5)
        if isinstance(row, int):
            shapes += _heading(timeline, row, y, x(timeline.arrived[row]))
        else:
            shapes.append(Text(left - 8, y, _label(row), 10.0, "end"))
            ended = row.ended if math.isfinite(row.ended) else until
            shapes += _bars(row, y, x(row.since), x(row.begun), x(ended), _tail(row, timeline.unended))
    return Drawing(left + CHART + tail, bottom + PAD, tuple(shapes), f"Gantt chart of {title}")


def gantt_svg(timeline: Timeline) -> str:
    """The Gantt chart for a page."""
    return svg(gantt_drawing(timeline))


def ticks(until: float) -> list[float]:
    """Some five round times from 0 to the end."""
    rough = until / 5
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
    return [step * number for number in range(int(until / step) + 1)]


def _label(row: Span | int) -> str:
    return f"job {row + 1}" if isinstance(row, int) else row.title


def _tail(row: Span, unended: str) -> str:
    if not math.isfinite(row.ended):
        return unended
    return "" if row.outcome in ("ok", "") else row.outcome


def _heading(timeline: Timeline, job: int, y: float, x: float) -> Iterator[Shape | Line | Text]:
    lasted = timeline.ended[job] - timeline.arrived[job]
    said = show_time(lasted) if math.isfinite(lasted) else "never ended"
    yield Text(PAD, y, f"job {job + 1}", 10.0, "start", bold=True)
    yield Text(x, y, f"↓ {said}", 9.0, "start", colour=GREY)


def _bars(span: Span, y: float, since: float, begun: float, ended: float, said: str) -> Iterator[Shape | Line | Text]:
    if begun - since > 0.2:
        yield Shape(since, y - BAR / 4, begun - since, BAR / 2, Look(GREY, 0.6, fill=0.15))
    good = span.outcome in ("ok", "")
    dashes = () if math.isfinite(span.ended) else DASHED
    look = Look(_WORKS[span.kind] if good else RED, 1.2, dashes, fill=0.35)
    yield Shape(begun, y - BAR / 2, max(ended - begun, 1.0), BAR, look, rounding=1.5)
    if said:
        yield Text(max(ended, begun + 1.0) + 5, y, said, 9.0, "start", colour=RED)


def must_be_one(jobs: int) -> None:
    """Raises `ModelError` (E418) where a sequence diagram of several jobs is asked for."""
    if jobs > 1:
        hint = "simulate one job (--jobs 1), or draw a Gantt chart"
        raise ModelError([Problem("E418", "a sequence diagram shows one job, and here are several", hint=hint)])


def sequence_with_times(timeline: Timeline, job: int = 0) -> Drawing:
    """The sequence diagram of a job, each arrow and note with its time.

    Raises `ModelError` (E418): where jobs share something, a job alone is no run of the system.
    """
    must_be_one(len(timeline.arrived))
    trace, times = trace_with_times(timeline.recording, job)
    return sequence_drawing(sequence_of(trace, [show_time(time) for time in times]))
