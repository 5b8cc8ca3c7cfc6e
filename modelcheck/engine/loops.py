"""Lassos: the ways into loops that can be run for ever in a fair way, and the loops themselves, kept short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from ..trace import Trace
from .arrays import Mask, Numbers, Places, csr_of, reached_from
from .fairness import NONE, WEAK, Duties
from .state_graph import StateGraph

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_ENTRIES = 16  # Places to enter the loop that are tried for a short lasso.
_MOST_LOOKED_AT = 1_000_000  # Edges, before the shortest lasso so far has to do.
_PIECE = 1 << 16  # States whose edges are looked at in one go.
_DEEP = 300  # Levels, before the whole component is looked at in one go.


@dataclass(frozen=True)
class Arrivals:
    """The states that can be reached from some starts without leaving `inside`, nearest to an initial state first.

    `order` has their numbers; `before` for each state the one it is reached from (-1: it is a start).
    """

    graph: StateGraph
    inside: Mask
    order: Places
    before: Places

    @staticmethod
    def of(graph: StateGraph, starts: Mask, inside: Mask) -> Arrivals:
        """The arrivals from some starts, which are inside."""
        kept = None if inside.all() else inside[graph.source] & inside[graph.target]
        first = np.flatnonzero(starts)
        matrix = csr_of(graph.source, graph.target, len(inside), kept)
        early = len(first) < 2 or first[-1] < graph.initial  # Where the starts are does not tell them apart.
        distances = np.zeros(len(first), np.int64) if early else graph.distance[first]
        return Arrivals(graph, inside, *reached_from(matrix, first, distances))

    @cached_property
    def mask(self) -> Mask:
        """Whether each state is one of them."""
        mask = np.zeros(len(self.inside), bool)
        mask[self.order] = True
        return mask

    def edges_to(self, state: int) -> list[int]:
        """The edges of a way from a start to a state."""
        return self.graph.edges_along(chain(self.before, state)[::-1])

    def way_to(self, state: int) -> tuple[int, list[int]]:
        """The initial state and the edges of a shortest way that goes by a start and stays inside from there on."""
        edges = self.edges_to(state)
        first, way = self.graph.way_to(int(self.graph.source[edges[0]]) if edges else state)
        return first, way + edges


@dataclass(frozen=True)
class Loops:
    """The fair loops among the states that were arrived at."""

    arrivals: Arrivals
    duties: Duties

    @property
    def graph(self) -> StateGraph:
        return self.arrivals.graph

    @cached_property
    def component(self) -> Places:
        """The fair component of each state, -1 for none."""
        return self.duties.fair_components(self.arrivals.mask)

    @cached_property
    def inner(self) -> csr_array:
        """The edges within fair components as a sparse matrix."""
        graph, component = self.graph, self.component
        kept = component[graph.source] == component[graph.target]
        kept &= (component >= 0)[graph.source]
        return csr_of(graph.source, graph.target, len(component), kept)

    def entries(self) -> Iterator[int]:
        """The states in fair components, nearest first."""
        order = self.arrivals.order
        return map(int, order[self.component[order] >= 0])

    def shortest(self) -> Trace | None:
        """The lasso with the fewest actions among those that enter a loop in one of the nearest states."""
        best: tuple[int, list[int], list[int], int] | None = None
        looked_at = 0
        for entry in islice(self.entries(), _ENTRIES):
            first, way = self.arrivals.way_to(entry)
            if best and (len(way) + 1 >= best[0] or looked_at > _MOST_LOOKED_AT):
                break
            walk = _Walk(self)
            loop = walk.loop(entry)
            looked_at += walk.looked_at
            if not best or len(way) + len(loop) < best[0]:
                best = (len(way) + len(loop), way, loop, first)
        if best is None:
            return None
        _, way, loop, first = best
        return self.graph.trace(first, way + loop, loop=len(way))

    def lasso(self, entry: int) -> Trace:
        """The lasso that enters a fair component in a state of it."""
        first, way = self.arrivals.way_to(entry)
        loop = _Walk(self).loop(entry)
        return self.graph.trace(first, way + loop, loop=len(way))


def chain(following: Places, state: int) -> list[int]:
    """A state, the one that follows it, and so on, until none does (-1)."""
    states = []
    while state >= 0:
        states.append(state)
        state = following.item(state)
    return states


class _Walk:
    """Walks within a fair component; `looked_at` counts the edges that were looked at."""

    def __init__(self, loops: Loops):
        self.loops, self.graph = loops, loops.graph
        self.component, self.duties = loops.component, loops.duties
        self.looked_at = 0

    def loop(self, entry: int) -> list[int]:
        """Edges from a state back to it, on which fairness is kept: who is owed to act on the way does so on it."""
        edges: list[int] = []
        paid: set[int] = set()
        owed, here = self.able_in(entry), entry
        while True:
            while owed:
                piece = self.walk(here, partial(self.paying, owed=frozenset(owed)))
                edges += piece
                owed, here = self.after(piece, owed, paid)
            if not edges or here != entry:
                piece = self.walk(here, lambda some: np.asarray(self.graph.target[some] == entry))
                edges += piece
                owed, here = self.after(piece, owed, paid)
            if not owed:
                return edges

    def after(self, piece: list[int], owed: set[int], paid: set[int]) -> tuple[set[int], int]:
        """Who is still owed when one has walked along some edges, and where one is. Under weak fairness who once was
        not able to act is no longer owed; under strong fairness who becomes able on the way is."""
        if self.duties.fairness == NONE:
            return set(), int(self.graph.target[piece[-1]])
        for edge in piece:
            paid.add(int(self.duties.of_action[self.graph.action[edge]]))
            able = self.able_in(int(self.graph.target[edge]))
            owed = (owed & able) if self.duties.fairness == WEAK else (owed | able)
        return owed - paid, int(self.graph.target[piece[-1]])

    def able_in(self, state: int) -> set[int]:
        """The parties that can act in a state."""
        if self.duties.fairness == NONE:
            return set()
        edges = self.graph.edges(state)
        return {int(party) for party in self.duties.of_action[self.graph.action[edges.start : edges.stop]]}

    def paying(self, edges: Numbers, owed: frozenset[int]) -> Mask:
        """The edges on which one of those acts, or that lead where one of those who are owed need not."""
        parties = self.duties.of_action[self.graph.action[edges]]
        found = np.isin(parties, list(owed))
        if self.duties.fairness == WEAK:
            for party in owed:
                found |= ~self.duties.able(party)[self.graph.target[edges]]
        return np.asarray(found)

    def walk(self, first: int, wanted: Callable[[Numbers], Mask]) -> list[int]:
        """A shortest sequence of inner edges whose last one is as wanted (there is one: the component is connected)."""
        target = self.graph.target
        came_by = np.full(len(self.component), -1, np.int64)
        frontier = np.array([first])
        for _ in range(_DEEP):
            edges = self.graph.leaving(frontier)
            edges = edges[self.component[target[edges]] == self.component[first]]
            self.looked_at += len(edges)
            if len(found := np.flatnonzero(wanted(edges))):
                return self.back(first, came_by, int(edges[found[0]]))
            edges = edges[(came_by[target[edges]] < 0) & (target[edges] != first)]
            came_by[target[edges[::-1]]] = edges[::-1]  # Of several into one state, the first one stays.
            frontier = target[edges[came_by[target[edges]] == edges]]
        return self.far(first, wanted)

    def far(self, first: int, wanted: Callable[[Numbers], Mask]) -> list[int]:
        """The same where it is long: the whole component at once, rather than level by level."""
        graph = self.graph
        order, before = reached_from(self.loops.inner, np.array([first]), np.zeros(1, np.int64))
        for begin in range(0, len(order), _PIECE):
            edges = graph.leaving(order[begin : begin + _PIECE])
            edges = edges[self.component[graph.target[edges]] == self.component[first]]
            self.looked_at += len(edges)
            if len(found := np.flatnonzero(wanted(edges))):
                last = int(edges[found[0]])
                return [*graph.edges_along(chain(before, int(graph.source[last]))[::-1]), last]
        raise AssertionError("a fair component is connected")

    def back(self, first: int, came_by: Numbers, last: int) -> list[int]:
        edges = [last]
        while (state := int(self.graph.source[edges[-1]])) != first:
            edges.append(int(came_by[state]))
        return edges[::-1]
