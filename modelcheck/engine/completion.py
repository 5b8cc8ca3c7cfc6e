"""Whether the end can always be reached, what is left behind there, and what never happens, on the state graph.

The parts of soundness (van der Aalst 1997; van der Aalst et al. 2011), asked of any transition system: which states are
ends, and which are ends with something left behind, is for the caller to say. States beyond a limit or outside a range
are given the benefit of the doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..trace import Trace
from .arrays import Mask
from .liveness import before
from .state_graph import StateGraph


@dataclass(frozen=True)
class Completion:
    """A state graph, its ends, and the states in which something is left behind.

    units: what should happen at some time, by name, with the numbers of its actions.
    """

    graph: StateGraph
    ends: Mask
    left: Mask
    units: Mapping[str, Sequence[int]]

    @property
    def whole(self) -> bool:
        return not self.graph.stopped

    def hopeless(self) -> Trace | None:
        """A shortest trace to where the end can no longer be reached, and on to where it is stuck, or round a loop."""
        found = np.flatnonzero(~self.hopeful)
        if not len(found):
            return None
        state = int(found[0])
        first, way = self.graph.way_to(state)
        on, loop = self._onwards(state)
        return self.graph.trace(first, way + on, loop=None if loop is None else len(way) + loop)

    @cached_property
    def hopeful(self) -> Mask:
        """The states from which an end can be reached, as far as is known."""
        hopeful = self.ends | ~self.graph.in_range
        hopeful[self.graph.expanded :] = True
        return before(self.graph, hopeful)

    @cached_property
    def completing(self) -> Mask:
        """The states from which an end is certainly reached in some way: without the benefit of the doubt."""
        return before(self.graph, self.ends)

    def _onwards(self, state: int) -> tuple[list[int], int | None]:
        """Edges from a state to the nearest one without any, or round a loop, with the place where that begins."""
        graph, came_by = self.graph, {state: -1}
        frontier, loop = [state], None
        while frontier:
            following = []
            for here in frontier:
                if not len(graph.edges(here)):
                    return self._back(came_by, here), None
                for edge in graph.edges(here):
                    target = int(graph.target[edge])
                    if target not in came_by:
                        came_by[target] = edge
                        following.append(target)
                    elif loop is None and self._is_before(came_by, target, here):
                        loop = edge
            frontier = following
        assert loop is not None  # What never stops comes back.
        edges = [*self._back(came_by, int(graph.source[loop])), loop]
        return edges, len(self._back(came_by, graph.target[loop]))

    def _back(self, came_by: Mapping[int, int], state: int) -> list[int]:
        edges: list[int] = []
        while (edge := came_by[state]) >= 0:
            edges.append(edge)
            state = int(self.graph.source[edge])
        return edges[::-1]

    def _is_before(self, came_by: Mapping[int, int], first: int, state: int) -> bool:
        while state != first and came_by[state] >= 0:
            state = int(self.graph.source[came_by[state]])
        return state == first

    def behind(self) -> Trace | None:
        """A shortest trace to where something is left behind."""
        return self.to(self.left)

    def end(self) -> Trace | None:
        """A shortest trace to an end."""
        return self.to(self.ends)

    def to(self, mask: Mask) -> Trace | None:
        """A shortest trace to a state of a mask."""
        found = np.flatnonzero(mask)
        if not len(found):
            return None
        first, way = self.graph.way_to(int(found[0]))
        return self.graph.trace(first, way)

    def never(self) -> list[str]:
        """The units none of whose actions was seen to happen."""
        return self._without(np.ones(len(self.graph.source), bool))

    def never_completing(self) -> list[str]:
        """The units that were not seen on any way to an end."""
        return self._without(self.completing[self.graph.target])

    def _without(self, edges: Mask) -> list[str]:
        happened = set(np.unique(self.graph.action[edges]).tolist())
        return [name for name, numbers in self.units.items() if happened.isdisjoint(numbers)]

    @cached_property
    def growth(self) -> tuple[Trace, int] | None:
        """A trace on which a state is followed by a strictly larger one, and the place of the smaller one.

        Of a net that means that tokens pile up without bound: what led there can be repeated (Karp & Miller 1969). In
        a breadth-first tree of infinitely many states there always is one (Dickson's lemma).
        """
        graph = self.graph
        states = np.array(list(graph.states), dtype=object)
        states = states.astype(np.int64) if all(abs(v) < 2**62 for v in states.flat) else states
        parent = graph.parents
        for state in range(graph.initial, len(graph.states)):
            chain = []
            before = parent[state]
            while before >= 0:
                chain.append(before)
                before = parent[before]
            smaller = np.flatnonzero((states[chain] <= states[state]).all(axis=1))
            if len(smaller):
                first, way = graph.way_to(state)
                return graph.trace(first, way), len(chain) - 1 - int(smaller[0])
        return None
