"""The reachable states with every edge between them, in arrays: what questions about whole executions need."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..expressions import Expr
from ..system import State, TransitionSystem
from ..trace import Trace, replay
from .arrays import Mask, Numbers, Places
from .search import BYTES_A_STATE, BYTES_A_VALUE, NOT_LISTABLE
from .successors import compile_numbered_successors
from .target import Answer, Limits

_BYTES_AN_EDGE = 24
_PIECE = 1 << 20  # Edges worked on at a time.
_BATCH = 256  # States between two looks at the clock.


@runtime_checkable
class Columns(Protocol):
    """States that can be asked all at once."""

    def where(self, condition: Expr) -> Mask:
        """The states in which a condition holds."""

    def in_range(self) -> Mask:
        """The states in which every variable is within its range."""

    def at(self, places: Places) -> Sequence[State]:
        """The states at some places."""


@dataclass(frozen=True)
class StateGraph:
    """States in breadth-first order, the first `initial` of them initial, and edges sorted by the state they leave.

    Edge e goes from `source[e]` to `target[e]` by the action `action[e]`. The first `expanded` states have all their
    edges; the others were seen only, because a limit came first (`stopped`).
    """

    system: TransitionSystem
    states: Sequence[State]
    initial: int
    expanded: int
    source: Places
    target: Places
    action: Places
    stopped: str = ""
    seconds: float = 0.0

    @cached_property
    def first_edge(self) -> Numbers:
        """The edges of state s are those from `first_edge[s]` up to `first_edge[s + 1]`."""
        first = np.zeros(len(self.states) + 1, np.int64)
        np.cumsum(np.bincount(self.source, minlength=len(self.states)), out=first[1:])
        return first

    def edges(self, state: int) -> range:
        """The edges that leave a state."""
        return range(int(self.first_edge[state]), int(self.first_edge[state + 1]))

    @cached_property
    def arrival(self) -> Numbers:
        """The first edge into each state, -1 for initial ones: on a shortest way, as states are breadth-first."""
        arrival = np.full(len(self.states), -1, np.int64)
        for begin in reversed(range(0, len(self.target), _PIECE)):
            targets = self.target[begin : begin + _PIECE][::-1]
            arrival[targets] = np.arange(begin + len(targets) - 1, begin - 1, -1)  # Of several, the last one stays.
        arrival[: self.initial] = -1
        return arrival

    @cached_property
    def distance(self) -> Numbers:
        """The number of actions from an initial state to each state."""
        distance = np.zeros(len(self.states), np.int64)
        before = self.source[self.arrival[self.initial :]]
        latest = np.maximum.accumulate(before) if len(before) else before
        here, level = self.initial, 0
        while here < len(distance):
            level += 1
            # A level ends where the first state follows that is reached only from it.
            end = self.initial + int(np.searchsorted(latest, here))
            distance[here:end] = level
            here = end
        return distance

    @cached_property
    def parents(self) -> list[int]:
        """The state before each on a shortest way to it; -1 before an initial one."""
        if not len(self.source):
            return [-1] * len(self.states)
        found: list[int] = np.where(self.arrival >= 0, self.source[self.arrival], -1).tolist()
        return found

    def way_to(self, state: int) -> tuple[int, list[int]]:
        """The initial state and the edges of a shortest way to a state."""
        edges: list[int] = []
        while (edge := int(self.arrival[state])) >= 0:
            edges.append(edge)
            state = int(self.source[edge])
        return state, edges[::-1]

    def leaving(self, states: Places) -> Numbers:
        """All edges that leave some states, in the order of these."""
        first, end = self.first_edge[states], self.first_edge[states + 1]
        counts = end - first
        return np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))

    def edges_along(self, states: Sequence[int]) -> list[int]:
        """The first edge from each of some states to the next one."""
        chain = np.array(states, np.int64)
        here, following = chain[:-1], chain[1:]
        step = np.repeat(np.arange(len(here)), self.first_edge[here + 1] - self.first_edge[here])
        edges = self.leaving(here)
        there = self.target[edges] == following[step]
        along: list[int] = edges[there][np.searchsorted(step[there], np.arange(len(here)))].tolist()
        return along

    def where(self, condition: Expr) -> Mask:
        """The states in which a condition holds."""
        if isinstance(self.states, Columns):
            return self.states.where(condition)
        return self._mask(self.system.predicate(condition))

    def at(self, places: Places) -> Sequence[State]:
        """The states at some places."""
        if isinstance(self.states, Columns):
            return self.states.at(places)
        return [self.states[place] for place in places.tolist()]

    def _mask(self, holds: Callable[[State], Any]) -> Mask:
        return np.fromiter((bool(holds(state)) for state in self.states), bool, len(self.states))

    @cached_property
    def in_range(self) -> Mask:
        if isinstance(self.states, Columns):
            return self.states.in_range()
        return self._mask(self.system.in_range)

    @cached_property
    def ends(self) -> Mask:
        """The states in which an execution ends: within their ranges, with nothing to do, finished or not."""
        ends = self.in_range.copy()
        ends[self.source] = False
        ends[self.expanded :] = False
        return ends

    def trace(self, first: int, path: Sequence[int], loop: int | None = None) -> Trace:
        """The trace from a state along edges, replayed; `loop` as in `Trace`."""
        edges = np.array(path, np.int64)
        states = [self.states[first], *self.at(self.target[edges])]
        actions = tuple(self.action[edges].tolist())
        return replay(Trace(self.system, tuple(states), actions, loop=loop))

    def answer(self, method: str) -> Answer:
        """What was seen; traces are the caller's."""
        return Answer(
            {}, not self.stopped, self.stopped, len(self.states), len(self.source), seconds=self.seconds, method=method
        )


def explore(system: TransitionSystem, limits: Limits | None = None) -> StateGraph:
    """The state graph up to the limits; Ctrl-C ends it as a limit does (`stopped="interrupted"`)."""
    exploration = _Exploration(system, limits or Limits())
    stopped = NOT_LISTABLE
    if system.enumerable:
        try:
            stopped = exploration.run()
        except KeyboardInterrupt:
            stopped = "interrupted"
    return exploration.graph(stopped)


class _Exploration:
    def __init__(self, system: TransitionSystem, limits: Limits):
        self.system, self.limits = system, limits
        self.started = time.monotonic()
        self.states: list[State] = []
        self.initial, self.expanded = 0, 0
        self.source, self.target, self.action = array("q"), array("q"), array("q")

    def run(self) -> str:
        """Expand all states in order; says what limit ended it early, if one did."""
        successors, in_range, states = compile_numbered_successors(self.system), self.system.in_range, self.states
        states.extend(islice(self.system.initial_states(), self.limits.states + 1))
        number_of = {state: number for number, state in enumerate(states)}
        self.initial = level_end = len(states)
        level = 0
        while self.expanded < len(states):
            if self.expanded == level_end:
                level, level_end = level + 1, len(states)
            if level == self.limits.depth:
                return "depth"
            if self.expanded % _BATCH == 0 and (used_up := self.exhausted()):
                return used_up
            state = states[self.expanded]
            for action, after in successors(state) if in_range(state) else ():
                number = number_of.setdefault(after, len(states))
                if number == len(states):
                    states.append(after)
                self.source.append(self.expanded)
                self.target.append(number)
                self.action.append(action)
            self.expanded += 1
        return ""

    def exhausted(self) -> str:
        if len(self.states) > self.limits.states:
            return "states"
        held = len(self.states) * (BYTES_A_STATE + BYTES_A_VALUE * len(self.system.variables))
        if held + len(self.source) * _BYTES_AN_EDGE > self.limits.memory:
            return "memory"
        return "seconds" if time.monotonic() - self.started > self.limits.seconds else ""

    def graph(self, stopped: str) -> StateGraph:
        source, target, action = (np.array(each, np.int64) for each in (self.source, self.target, self.action))
        whole = int(np.searchsorted(source, self.expanded))  # The edges of a state left in the middle are dropped.
        source, target, action = source[:whole], target[:whole], action[:whole]
        seen = max(self.initial, int(target.max(initial=-1)) + 1)
        return StateGraph(
            self.system, self.states[:seen], self.initial, self.expanded, source, target, action,
            stopped, time.monotonic() - self.started,
        )  # fmt: skip
