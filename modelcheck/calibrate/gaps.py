"""What measurements say about each task: how long it took, and the gap between the end of what it waited for and its
own beginning, which is what calls, queues and events cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..simulate.delays import Array
from .measured import Measurements, Span


@dataclass(frozen=True)
class TaskTimes:
    """The durations of a task and the gaps before it, in seconds, in order of the executions.

    again: how often it came directly after itself, which is a retry where it is in no loop: no gap is taken from
    these. early: how often it began before what it waits for had ended, so that its gap is 0.
    """

    task: str
    durations: Array
    gaps: Array
    again: int = 0
    early: int = 0


@dataclass(frozen=True)
class Parts:
    """The times of all tasks, and which share of all makespans lies between the tasks (nothing is being done)."""

    tasks: Mapping[str, TaskTimes]
    between: float

    @cached_property
    def first(self) -> tuple[str, ...]:
        """The tasks before which nothing was measured."""
        return tuple(name for name, each in self.tasks.items() if not len(each.gaps))


def parts_of(measured: Measurements, waiting: Mapping[str, frozenset[str]]) -> Parts:
    """Takes executions apart; `waiting`: for each task those it waits for, see `matching.waiting_for`."""
    durations: dict[str, list[float]] = defaultdict(list)
    gaps: dict[str, list[float]] = defaultdict(list)
    again: dict[str, int] = defaultdict(int)
    early: dict[str, int] = defaultdict(int)
    for spans in measured.executions:
        for number, span in enumerate(spans):
            durations[span.task].append(span.seconds)
            before = [each for each in spans[:number] if each.task in waiting[span.task] or each.task == span.task]
            if not before:
                continue
            last = max(before, key=lambda each: each.end)
            if last.task == span.task and span.task not in waiting[span.task]:
                again[span.task] += 1
                continue
            gaps[span.task].append(max(0.0, span.start - last.end))
            early[span.task] += span.start < last.end
    order = {task: number for number, task in enumerate(measured.tasks)}
    times = {
        task: TaskTimes(task, np.array(durations[task]), np.array(gaps[task]), again[task], early[task])
        for task in sorted(durations, key=lambda task: order[task])
    }
    idle = sum(_idle(spans) for spans in measured.executions)
    return Parts(times, idle / max(float(measured.makespans.sum()), 1e-300))


def _idle(spans: tuple[Span, ...]) -> float:
    """How long nothing is being done between the beginning and the end of an execution."""
    idle, until = 0.0, spans[0].end
    for span in spans[1:]:
        idle += max(0.0, span.start - until)
        until = max(until, span.end)
    return idle


@dataclass(frozen=True)
class Link:
    """Two measured quantities that go together: the rank correlation of Spearman (1904) over the executions."""

    first: str
    second: str
    correlation: float


def links_of(measured: Measurements, waiting: Mapping[str, frozenset[str]], least: float = 0.3) -> tuple[Link, ...]:
    """The pairs of durations and gaps with a rank correlation of at least so much whose 99 % interval (Fisher 1921)
    leaves out 0, strongest first; over the executions that did everything once, where these are 10 or more."""
    everything = len(measured.tasks)
    once = [each for each in measured.executions if len(each) == everything == len({span.task for span in each})]
    if len(once) < 10:
        return ()
    columns: dict[str, list[float]] = defaultdict(list)
    for spans in once:
        for task, each in parts_of(Measurements((spans,)), waiting).tasks.items():
            columns[task].append(float(each.durations[0]))
            if len(each.gaps):
                columns[f"gap before {task}"].append(float(each.gaps[0]))
    full = {name: values for name, values in columns.items() if len(values) == len(once) and min(values) < max(values)}
    if len(full) < 2:
        return ()
    from scipy.stats import rankdata

    ranks = np.array([rankdata(values) for values in full.values()])
    found = np.corrcoef(ranks)
    enough = max(least, float(np.tanh(2.576 / np.sqrt(len(once) - 3))))
    names = list(full)
    links = [
        Link(names[i], names[j], float(found[i, j]))
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if abs(found[i, j]) >= enough
    ]
    return tuple(sorted(links, key=lambda link: -abs(link.correlation)))
