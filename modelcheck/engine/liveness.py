"""Questions about whole executions, answered on the explicit state graph.

Executions are maximal paths. Under weak fairness a process that is enabled for ever acts again and again; nothing is
assumed of which of its actions it takes. A strongly connected component can be run fairly for ever iff in it every
process acts or is disabled somewhere (Emerson & Lei 1987). Paths that leave a declared range are findings of their own
and not judged here: every answer is about the executions within the ranges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice

import numpy as np

from ..expressions import Expr
from ..system import TransitionSystem
from ..trace import Trace
from .state_graph import Mask, Numbers, StateGraph, explore
from .target import Answer, Limits

_ENTRIES = 16  # Places to enter the loop that are tried for a short lasso.


def find_lasso(
    system: TransitionSystem,
    within: Expr,
    start: Expr | None = None,
    fairness: str = "weak",
    limits: Limits | None = None,
    stuck: bool = False,
    graph: StateGraph | None = None,
) -> tuple[Trace | None, Answer]:
    """An execution that reaches `start` and from there on stays `within` for ever; None if there is none.

    start: None means that it stays within from its first state on. fairness: `weak` for each `Action.process`, or
    `none`. stuck: an execution that ends within counts, too (finished or not); its trace has no loop. graph: the
    state graph, where the caller has it already. The way in is a shortest one; the loop is short, not always shortest.
    """
    if fairness not in ("weak", "none"):
        raise ValueError(f"fairness is 'weak' or 'none', not {fairness!r}")
    graph = graph or explore(system, limits)
    inside = graph.where(within)
    starts = graph.where(start) if start is not None else np.arange(len(graph.states)) < graph.initial
    arrivals = _arrivals(graph, starts & inside, inside)
    answer = graph.answer(f"state graph, {'weak fairness' if fairness == 'weak' else 'no fairness'}")
    if stuck:
        for state in arrivals:
            if graph.ends[state]:
                first, way = _way(graph, arrivals, state)
                return graph.trace(first, way), answer
    return _Loops(graph, arrivals, fairness == "weak").shortest(), answer


def possible(
    system: TransitionSystem, goal: Expr, limits: Limits | None = None, graph: StateGraph | None = None
) -> tuple[Trace | None, Answer]:
    """A shortest trace to a state from which `goal` can no longer be reached (a counterexample to AG EF), or None.

    What lies beyond a limit or outside a range is given the benefit of the doubt.
    """
    graph = graph or explore(system, limits)
    hopeful = graph.where(goal) | ~graph.in_range
    hopeful[graph.expanded :] = True
    spread_backwards(graph, hopeful)
    hopeless = np.flatnonzero(~hopeful)
    answer = graph.answer("state graph")
    if not len(hopeless):
        return None, answer
    first, way = graph.way_to(int(hopeless[0]))
    return graph.trace(first, way), answer


def spread_backwards(graph: StateGraph, marked: Mask) -> None:
    """Mark every state from which a marked one can be reached."""
    by_target = np.argsort(graph.target, kind="stable")
    sources = graph.source[by_target].tolist()
    first = np.searchsorted(graph.target[by_target], np.arange(len(marked) + 1)).tolist()
    pending = np.flatnonzero(marked).tolist()
    while pending:
        state = pending.pop()
        for source in sources[first[state] : first[state + 1]]:
            if not marked[source]:
                marked[source] = True
                pending.append(source)


_Arrivals = dict[int, tuple[int, int]]


def _arrivals(graph: StateGraph, starts: Mask, inside: Mask) -> _Arrivals:
    """The states that can be reached from a start without leaving `inside`, nearest to an initial state first.

    Each with its distance from an initial state and the edge by which one arrives (-1: it is a start).
    """
    waiting = [(int(graph.distance[state]), int(state)) for state in np.flatnonzero(starts)[::-1]]
    allowed = inside.tolist()
    found: _Arrivals = {}
    frontier: list[int] = []
    distance = 0
    while frontier or waiting:
        if not frontier:
            distance = max(distance, waiting[-1][0])
        while waiting and waiting[-1][0] <= distance:
            state = waiting.pop()[1]
            if state not in found:
                found[state] = (distance, -1)
                frontier.append(state)
        following = []
        for state in frontier:
            for edge in graph.edges(state):
                target = graph.targets[edge]
                if allowed[target] and target not in found:
                    found[target] = (distance + 1, edge)
                    following.append(target)
        frontier, distance = following, distance + 1
    return found


def _way(graph: StateGraph, arrivals: _Arrivals, state: int) -> tuple[int, list[int]]:
    """The initial state and the edges of a shortest way to a state that was arrived at."""
    edges: list[int] = []
    while (edge := arrivals[state][1]) >= 0:
        edges.append(edge)
        state = int(graph.source[edge])
    first, before = graph.way_to(state)
    return first, before + edges[::-1]


@dataclass(frozen=True)
class _Loops:
    """The cycles among the states that were arrived at, fair ones where that is asked."""

    graph: StateGraph
    arrivals: _Arrivals
    fair: bool

    @cached_property
    def processes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(action.process for action in self.graph.system.actions)) if self.fair else ()

    @cached_property
    def process_of_edge(self) -> Numbers:
        numbers = {process: number for number, process in enumerate(self.processes)}
        of_action = [numbers.get(action.process, -1) for action in self.graph.system.actions]
        return np.array([*of_action, -1], np.int64)[self.graph.action]

    @cached_property
    def enabled(self) -> list[Mask]:
        """For each process, the states in which it can act."""
        masks = []
        for process in range(len(self.processes)):
            mask = np.zeros(len(self.graph.states), bool)
            mask[self.graph.source[self.process_of_edge == process]] = True
            masks.append(mask)
        return masks

    @cached_property
    def arrived(self) -> Mask:
        mask = np.zeros(len(self.graph.states), bool)
        mask[list(self.arrivals)] = True
        return mask

    @cached_property
    def component(self) -> Numbers:
        """The strongly connected component of each state, among those arrived at."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        graph, size = self.graph, len(self.graph.states)
        kept = self.arrived[graph.source] & self.arrived[graph.target]
        ends = (graph.source[kept], graph.target[kept])
        matrix = csr_array((np.ones(int(kept.sum()), np.int8), ends), shape=(size, size))
        labels: Numbers = connected_components(matrix, connection="strong")[1].astype(np.int64)
        return labels

    @cached_property
    def inner(self) -> Mask:
        """The edges that stay in their component."""
        graph = self.graph
        kept = self.arrived[graph.source] & self.arrived[graph.target]
        return np.asarray(kept & (self.component[graph.source] == self.component[graph.target]))

    @cached_property
    def inner_edges(self) -> list[bool]:
        """`inner` as plain values, for walking edge by edge."""
        found: list[bool] = self.inner.tolist()
        return found

    @cached_property
    def eligible(self) -> Mask:
        """The states from which one can run for ever inside their component, fairly where that is asked."""
        if not self.arrivals:
            return self.arrived
        sources = self.graph.source[self.inner]
        good = np.zeros(int(self.component.max()) + 1, bool)
        good[self.component[sources]] = True
        for process, enabled in enumerate(self.enabled):
            satisfied = np.zeros_like(good)
            satisfied[self.component[self.arrived & ~enabled]] = True
            acting = self.process_of_edge[self.inner] == process
            satisfied[self.component[sources[acting]]] = True
            good &= satisfied
        return np.asarray(good[self.component] & self.arrived)

    def shortest(self) -> Trace | None:
        """The lasso with the fewest actions among those that enter a loop in one of the nearest states."""
        best: tuple[int, int, list[int]] | None = None
        for state in islice(self.entries(), _ENTRIES):
            distance = self.arrivals[state][0]
            if best and distance + 1 >= best[0]:
                break
            loop = self.loop(state)
            if not best or distance + len(loop) < best[0]:
                best = (distance + len(loop), state, loop)
        if best is None:
            return None
        _, entry, loop = best
        first, way = _way(self.graph, self.arrivals, entry)
        return self.graph.trace(first, way + loop, loop=len(way))

    def entries(self) -> Iterator[int]:
        eligible = self.eligible
        return (state for state in self.arrivals if eligible[state])

    def loop(self, entry: int) -> list[int]:
        """Edges from a state back to it on which every process acts or is disabled somewhere."""
        owed = {process for process, enabled in enumerate(self.enabled) if enabled[entry]}
        edges: list[int] = []
        here = entry
        while owed:
            piece = self.walk(here, partial(self.paid, owed=owed))
            for edge in piece:
                owed = owed - self.paid(edge, owed)
            edges += piece
            here = self.graph.targets[edges[-1]]
        if not edges or here != entry:
            edges += self.walk(here, lambda edge: self.graph.targets[edge] == entry)
        return edges

    def paid(self, edge: int, owed: set[int]) -> set[int]:
        """Which of these processes act on an edge or are disabled where it leads."""
        target = self.graph.targets[edge]
        acting = int(self.process_of_edge[edge])
        return {process for process in owed if process == acting or not self.enabled[process][target]}

    def walk(self, first: int, wanted: Callable[[int], object]) -> list[int]:
        """A shortest sequence of inner edges whose last one is as wanted (there is one: the component is connected)."""
        inner, came_by = self.inner_edges, dict[int, int]()
        frontier = [first]
        while frontier:
            following = []
            for state in frontier:
                for edge in self.graph.edges(state):
                    if not inner[edge]:
                        continue
                    if wanted(edge):
                        return self.back(first, state, came_by, edge)
                    target = self.graph.targets[edge]
                    if target not in came_by and target != first:
                        came_by[target] = edge
                        following.append(target)
            frontier = following
        raise AssertionError("a strongly connected component is not connected")

    def back(self, first: int, state: int, came_by: dict[int, int], last: int) -> list[int]:
        edges = [last]
        while state != first:
            edges.append(came_by[state])
            state = int(self.graph.source[edges[-1]])
        return edges[::-1]
