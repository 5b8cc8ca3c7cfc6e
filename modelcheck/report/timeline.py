"""Timelines of simulated jobs as text, as plain data, and as the trace events that browsers show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from ..simulate.result import show_time
from ..simulate.timeline import Message, Span, Timeline

WIDTH = 40
MOST_LINES = 60
WAITS, WORKS, UNDOES, FAILS = "░", "█", "▒", "█"


def render(timeline: Timeline) -> str:
    """Each job with a line for each task: bars in time, how long it waited, how it ended."""
    seed = "" if timeline.seed is None else f", seed {timeline.seed}"
    lines = [f"{timeline.name}: {_count(len(timeline.arrived), 'job')}{seed}, {show_time(timeline.until)}"]
    names = max((len(span.title) for span in timeline.spans), default=0)
    places = max((len(span.place) for span in timeline.spans), default=0)
    until, unended = timeline.until, timeline.unended
    for job, (arrived, ended) in enumerate(zip(timeline.arrived, timeline.ended, strict=True)):
        lasted = took(timeline, ended - arrived)
        lines.append(f"  job {job + 1}: arrived at {show_time(arrived)}, {lasted}")
        lines += [
            f"    {span.title:<{names}}  {span.place:<{places}}  {_bar(span, until)}  {_told(span, unended)}"
            for span in timeline.of(job)
        ]
        if len(lines) > MOST_LINES and job + 1 < len(timeline.arrived):
            lines.append(f"  ... {_count(len(timeline.arrived) - job - 1, 'more job')}")
            break
    lines.append(f"  {WAITS} waits   {WORKS} works   {UNDOES} undoes")
    return "\n".join(lines)


def took(timeline: Timeline, seconds: float) -> str:
    """How long a job took, as far as that is shown."""
    if math.isfinite(seconds):
        return f"took {show_time(seconds)}"
    return f"takes {show_time(timeline.lasts)}" if math.isfinite(timeline.lasts) else "never ended"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _bar(span: Span, until: float) -> str:
    """One line of time: what lies before is blank, then it waits, then it is worked on."""
    scale = WIDTH / until if until > 0 else 0.0
    since, begun = (int(time * scale) for time in (span.since, span.begun))
    ended = int(span.ended * scale) if math.isfinite(span.ended) else WIDTH
    begun = min(begun, WIDTH - 1)
    ended = min(max(ended, begun + 1), WIDTH)  # What is too short to be seen is seen.
    mark = UNDOES if span.kind == "undo" else WORKS
    return (" " * min(since, begun) + WAITS * max(0, begun - since) + mark * (ended - begun)).ljust(WIDTH)


def _told(span: Span, unended: str) -> str:
    waited = span.begun - span.since
    parts = [f"at {show_time(span.begun)}"]
    parts.append(f"for {show_time(span.ended - span.begun)}" if math.isfinite(span.ended) else unended)
    if waited > 0:
        parts.append(f"after waiting {show_time(waited)}")
    if span.outcome not in ("ok", ""):
        parts.append(f"✗ {span.outcome}")
    return ", ".join(parts)


def plain(timeline: Timeline) -> dict[str, object]:
    """Plain data: jobs with their spans and messages, in seconds."""
    return {
        "model": timeline.name,
        "seed": timeline.seed,
        "jobs": [
            {
                "arrived": arrived,
                "ended": _known(ended),
                "spans": [_span(span) for span in timeline.of(job)],
                "messages": [_message(each) for each in timeline.messages if each.job == job],
            }
            for job, (arrived, ended) in enumerate(zip(timeline.arrived, timeline.ended, strict=True))
        ],
    }


def _known(time: float) -> float | None:
    return time if math.isfinite(time) else None


def _span(span: Span) -> dict[str, object]:
    return {
        "kind": span.kind, "name": span.name, "place": span.place, "attempt": span.attempt, "since": span.since,
        "begun": span.begun, "ended": _known(span.ended), "outcome": span.outcome,
    }  # fmt: skip


def _message(message: Message) -> dict[str, object]:
    taken = _known(message.taken)
    return {
        "event": message.event, "from": message.source, "queue": message.queue, "sent": message.sent, "taken": taken,
    }  # fmt: skip


def chrome_trace(timeline: Timeline) -> dict[str, Any]:
    """The trace event format (Google, "Trace Event Format", 2016): a process for each job, a thread for each place.

    What overlaps on one place has threads beside each other, since slices of a thread must nest. Messages are arrows.
    """
    events: list[dict[str, Any]] = []
    lanes = _lanes(timeline)
    jobs = range(len(timeline.arrived))
    events += [_named("process_name", job, 0, f"job {job + 1} of {timeline.name}") for job in jobs]
    events += [
        _named("thread_name", job, number, f"{place} ({lane + 1})" if lane else place)
        for (job, place, lane), number in lanes.items()
    ]
    for span, number in zip(timeline.spans, _numbers(timeline, lanes), strict=True):
        events += _slices(span, number, timeline.until)
    events += [event for index, message in enumerate(timeline.messages) for event in _arrows(index, message, lanes)]
    return {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {"model": timeline.name, "seed": timeline.seed},
    }


def _named(what: str, job: int, thread: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": job + 1, "tid": thread, "args": {"name": name}}


def _assigned(spans: Sequence[Span]) -> Iterator[tuple[int, str, int]]:
    """A lane of its place for each span, the first that is free."""
    until: dict[tuple[int, str], list[float]] = {}
    for span in spans:
        busy = until.setdefault((span.job, span.place), [])
        ended = span.ended if math.isfinite(span.ended) else math.inf
        lane = next((lane for lane, time in enumerate(busy) if time <= span.since), len(busy))
        busy[lane : lane + 1] = [ended]
        yield span.job, span.place, lane


def _lanes(timeline: Timeline) -> dict[tuple[int, str, int], int]:
    return {lane: number for number, lane in enumerate(dict.fromkeys(_assigned(timeline.spans)), start=1)}


def _numbers(timeline: Timeline, lanes: dict[tuple[int, str, int], int]) -> list[int]:
    return [lanes[lane] for lane in _assigned(timeline.spans)]


def _slices(span: Span, thread: int, until: float) -> Iterator[dict[str, Any]]:
    where = {"ph": "X", "pid": span.job + 1, "tid": thread}
    if span.begun > span.since:
        waits = {
            "name": f"{span.title} waits",
            "cat": "waiting",
            "ts": _us(span.since),
            "dur": _us(span.begun - span.since),
        }
        yield where | waits
    ended = span.ended if math.isfinite(span.ended) else until
    outcome = span.outcome or "never ended"
    yield where | {
        "name": span.title, "cat": span.kind, "ts": _us(span.begun), "dur": _us(ended - span.begun),
        "args": {"outcome": outcome, "attempt": span.attempt},
    }  # fmt: skip


def _arrows(number: int, message: Message, lanes: dict[tuple[int, str, int], int]) -> Iterator[dict[str, Any]]:
    """An arrow from who published to who took it; what never arrives is an instant."""
    base = {"name": message.event, "cat": "message", "id": number, "pid": message.job + 1}
    source = lanes.get((message.job, message.source, 0), 0)
    target = lanes.get((message.job, message.queue.rpartition(">")[2], 0), 0)
    if math.isfinite(message.taken):
        yield base | {"ph": "s", "tid": source, "ts": _us(message.sent)}
        yield base | {"ph": "f", "bp": "e", "tid": target, "ts": _us(message.taken)}
    else:
        yield base | {"ph": "i", "s": "p", "tid": source, "ts": _us(message.sent)}


def _us(seconds: float) -> float:
    return round(seconds * 1e6, 3)
