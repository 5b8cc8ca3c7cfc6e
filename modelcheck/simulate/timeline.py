"""Single simulated runs in time: what was worked on when, for how long it waited, and which messages were under way."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import model
from ..errors import ModelError, Problem
from ..results import Result
from ..system import Label, State, TransitionSystem
from .jobs import Happening
from .possible import simulable
from .record import Recording, record, trace_of
from .walk import Ask, Flight, Walk

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_JOBS = 1_000


@dataclass(frozen=True)
class Span:
    """One attempt of a step (`step`), its undo (`undo`) or a handler (`handler`). Times are in seconds.

    place: the service or participant that works. since: when it could have begun, had workers, calls and deliveries
    taken no time. ended: NaN where it never ended; outcome: empty there.
    """

    job: int
    kind: str
    name: str
    place: str
    since: float
    begun: float
    ended: float
    outcome: str
    attempt: int

    @property
    def title(self) -> str:
        """What is done, as people say it: `undo reserve`, `charge, attempt 2`."""
        again = f", attempt {self.attempt}" if self.attempt > 1 else ""
        return f"{'undo ' if self.kind == 'undo' else ''}{self.name}{again}"


@dataclass(frozen=True)
class Message:
    """An event on its way to a queue: when it was published, and when it was taken (NaN: never)."""

    job: int
    event: str
    source: str
    queue: str
    sent: float
    taken: float


@dataclass(frozen=True)
class Timeline:
    """A few simulated jobs of a design, from the first arrival on; or a counterexample, which no seed has drawn.

    arrived, ended: of each job (NaN: it never ended). lasts: how long a job takes that is not shown to its
    end. spans, messages: in the order in which they began.
    """

    name: str
    seed: int | None
    arrived: tuple[float, ...]
    ended: tuple[float, ...]
    spans: tuple[Span, ...]
    messages: tuple[Message, ...]
    recording: Recording
    lasts: float = math.nan

    @property
    def title(self) -> str:
        """Whose runs these are, and by which seed."""
        return self.name if self.seed is None else f"{self.name}, seed {self.seed}"

    @property
    def unended(self) -> str:
        """What is said of a task that is not over."""
        return "goes on" if math.isfinite(self.lasts) else "never ends"

    @property
    def until(self) -> float:
        """The last moment at which anything happened."""
        known = [
            self.lasts,
            *self.ended,
            *(span.ended for span in self.spans),
            *(span.begun for span in self.spans),
            *self.arrived,
        ]
        return max((time for time in known if math.isfinite(time)), default=0.0)

    def of(self, job: int) -> tuple[Span, ...]:
        """What one job did; its number counts from 0."""
        return tuple(span for span in self.spans if span.job == job)

    def to_dict(self) -> dict[str, object]:
        """Plain data; what never ended is null."""
        from ..report.timeline import plain

        return plain(self)

    def to_chrome(self) -> dict[str, Any]:
        """The trace event format that chrome://tracing and Perfetto read: a process for each job, times in µs."""
        from ..report.timeline import chrome_trace

        return chrome_trace(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """A Gantt chart: a row for each task, what waits in grey before it."""
        from ..plot.drawing import paint
        from ..report.timeline_drawing import gantt_drawing

        return paint(gantt_drawing(self), ax)

    def plot_sequence(self, ax: Axes | None = None, job: int = 0) -> Axes:
        """The sequence diagram of one job, with the times. Raises `ModelError` (E418) where jobs arrive together."""
        from ..plot.drawing import paint
        from ..report.timeline_drawing import sequence_with_times

        return paint(sequence_with_times(self, job), ax)

    def save(self, path: str | Path) -> None:
        """A Gantt chart (.svg, .png, .pdf) or a Chrome trace (.json). Raises `ModelError`: E902, E903."""
        from ..plot.files import save_timeline

        save_timeline(self, path)

    def __str__(self) -> str:
        from ..report.timeline import render

        return render(self)

    def _repr_html_(self) -> str:
        from ..report.timeline_drawing import gantt_svg

        return gantt_svg(self)


def timeline(design: model.Model, jobs: int = 1, seed: int = 1) -> Timeline:
    """Some jobs of a design, simulated by the event loop, with all that they did. Raises `ModelError`."""
    if not 1 <= jobs <= MOST_JOBS:
        hint = f"give 1 to {MOST_JOBS:,}: a picture of more shows nothing"
        raise ModelError([Problem("E411", f"{jobs} jobs cannot be drawn in time", None, hint)])
    return timeline_of(record(simulable(design), jobs, seed), seed)


def timeline_of_result(result: Result) -> Timeline:
    """The counterexample to a deadline, a run of one job. Raises `ModelError` (E419): a result that has no times."""
    trace = result.trace
    if trace is None or len(result.times) != len(trace.actions):
        hint = "a deadline without a probability that is refuted has such a run"
        raise ModelError([Problem("E419", f"'{result.name}' has no run with times", result.position, hint)])
    happenings = tuple(map(Happening, result.times, repeat(0), trace.actions, trace.states[1:]))
    found = timeline_of(Recording(trace.system, (trace.states[0],), (0.0,), happenings), None, result.name)
    return replace(found, lasts=float(result.statistics.get("lasts", math.nan)))


def timeline_of(recording: Recording, seed: int | None, shows: str = "") -> Timeline:
    """What a recording tells, as spans and messages."""
    jobs = [_Telling(recording, Walk(recording.system), job) for job in range(len(recording.begun))]
    for happening in recording.happenings:
        jobs[happening.job].tell(happening)
    spans = [span for job in jobs for span in job.all_spans()]
    messages = [message for job in jobs for message in job.all_messages()]
    return Timeline(
        recording.system.name + (f": {shows}" if shows else ""),
        seed,
        recording.arrived,
        tuple(job.ended for job in jobs),
        tuple(sorted(spans, key=lambda span: (span.begun, span.job))),
        tuple(sorted(messages, key=lambda message: (message.sent, message.job))),
        recording,
    )


def trace_with_times(recording: Recording, job: int) -> tuple[Any, list[float]]:
    """The trace of a job that ran alone, with the time of each action."""
    times = [happening.time for happening in recording.happenings if happening.job == job]
    return trace_of(recording, recording.system, job), times


class _Telling:
    """One job while its happenings are read."""

    def __init__(self, recording: Recording, walk: Walk, job: int):
        self.system: TransitionSystem = recording.system
        self.walk, self.job = walk, job
        self.running: tuple[Flight, ...] = ()
        self.since: dict[Ask, float] = {}
        self.open: dict[Flight, tuple[float, float, str, int]] = {}
        self.attempts: dict[Flight, int] = {}
        self.spans: list[Span] = []
        self.sent: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
        self.messages: list[Message] = []
        self.ended = math.nan
        self._look(recording.begun[job], recording.arrived[job])

    def tell(self, happening: Happening) -> None:
        label = self.system.actions[happening.number].label
        flight = self.walk.flights[happening.number]
        since = self._taken(label, happening.time)
        if label.phase in ("start", "undo start"):
            ask = (flight[0], label.queue, label.message, "" if label.queue else flight[1])
            waited = self.since.pop(ask, happening.time) if since is None else since
            place = label.target or label.actor
            self.open[flight] = (waited, happening.time, place, self.attempts.get(flight, 0) + 1)
            self.running = tuple(sorted((*self.running, flight)))
        elif label.phase in ("finish", "undo finish") and flight in self.open:
            self._close(flight, happening.time, label.outcome or "ok")
            again = label.then in ("again", "again at once")
            self.attempts[flight] = self.attempts.get(flight, 0) + 1 if again else 0
            running = list(self.running)
            running.remove(flight)
            self.running = tuple(running)
        for queue in label.puts:
            for event in label.publishes:
                self.sent[queue, event].append((happening.time, label.actor))
        self._look(happening.state, happening.time)

    def _taken(self, label: Label, now: float) -> float | None:
        """When the message that an action takes was sent."""
        waiting = self.sent.get((label.queue, label.message))
        if not waiting or label.then == "redelivered":
            return None
        sent, source = waiting.pop(0)
        self.messages.append(Message(self.job, label.message, source, label.queue, sent, now))
        return sent

    def _close(self, flight: Flight, now: float, outcome: str) -> None:
        since, begun, place, attempt = self.open.pop(flight)
        (kind, name), _ = flight
        kind = "handler" if kind == "step" and "." in name and name.partition(".")[0] == place else kind
        self.spans.append(Span(self.job, kind, name, place, since, begun, now, outcome, attempt))

    def _look(self, state: State, now: float) -> None:
        place = self.walk.place(state, self.running)
        self.since = {ask: self.since.get(ask, now) for ask in place.starts}
        if place.finished and not math.isfinite(self.ended):
            self.ended = now

    def all_spans(self) -> list[Span]:
        for flight in list(self.open):
            self._close(flight, math.nan, "")
        return self.spans

    def all_messages(self) -> list[Message]:
        left = [
            Message(self.job, event, source, queue, sent, math.nan)
            for (queue, event), waiting in self.sent.items()
            for sent, source in waiting
        ]
        return [*self.messages, *left]
