"""Termination of control-flow graphs with data, by ranks.

First the graph is taken apart: only strongly connected parts can run for ever. Each of these gets a lexicographic
linear ranking function (Podelski & Rybalchenko 2004; Bradley, Manna & Sipma 2005; Ben-Amram & Genaim 2014): a measure
that no edge increases and that some edges decrease; without those edges the same is asked of what is still strongly
connected. Where that fails, the cycle that is left is shown (z3's unsat core), with a state that recurs,
if there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import networkx as nx
import z3

from ..expressions import Expr, Operation, Type, compare, conjunction, integer
from ..expressions.text import to_text
from .control_flow import Data, Edge, Node, walk
from .linear_rank import linear_measure, phase_measure
from .recurrence import Recurrence, recurrence, unrankable_core
from .smt_limits import Clock, Undecided

MOST_PHASES = 3
_Part = tuple[list[Edge], tuple[Mapping[Expr, int], ...]]  # edges, and the measures whose phases are over

__all__ = ["Edge", "LoopRank", "RankResult", "Recurrence", "rank"]


@dataclass(frozen=True)
class LoopRank:
    """A strongly connected part, and why it ends or does not.

    measures: for each node the lexicographic measure, most significant first; every way around the part decreases it.
    core: without measures, the cycle that stays unranked. recurrence: an endless walk, once it is reached.
    reason: why there is neither, in words.
    """

    nodes: tuple[Node, ...]
    measures: Mapping[Node, tuple[Expr, ...]] = field(default_factory=dict)
    core: tuple[Edge, ...] = ()
    recurrence: Recurrence | None = None
    reason: str = ""

    @property
    def ranked(self) -> bool:
        return not self.core and not self.reason

    def measure(self, node: Node) -> tuple[str, ...]:
        """The measure at a node as text: `("2 - attempts",)`."""
        return tuple(to_text(part) for part in self.measures.get(node, ()))


@dataclass(frozen=True)
class RankResult:
    """ranks: for each node how many parts control may still pass (the longest path); loops: parts with a cycle.

    removed: edges within those parts that no state can take. `proved`: every execution ends.
    """

    ranks: Mapping[Node, int]
    loops: tuple[LoopRank, ...]
    removed: tuple[Edge, ...] = ()
    seconds: float = 0.0

    @property
    def proved(self) -> bool:
        return all(loop.ranked for loop in self.loops)


def rank(
    nodes: Iterable[Node],
    edges: Sequence[Edge],
    variables: Mapping[str, Type] | None = None,
    invariant: Mapping[Node, Expr] | None = None,
    seconds: float = 20.0,
) -> RankResult:
    """Whether a control-flow graph always comes to an end, with the ranks that show it.

    `invariant` gives what is known to hold at a node (it is believed, not checked). A path ends where a variable leaves
    its range. Time is linear in the size of what has no cycles.
    """
    clock, data = Clock(seconds), Data(variables or {}, invariant or {})
    loops: list[LoopRank] = []
    removed: list[Edge] = []
    for part in looping_parts(edges):
        kept, impossible = _possible(part, data, clock)
        removed += impossible
        loops += (_rank_loop(rest, data, clock) for rest in looping_parts(kept))
    return RankResult(_longest_paths(nodes, edges), tuple(loops), tuple(removed), clock.spent)


def looping_parts(edges: Iterable[Edge]) -> Iterator[list[Edge]]:
    """The edges within each strongly connected part that has a cycle."""
    edges = list(edges)
    graph: nx.DiGraph[Node] = nx.DiGraph()
    graph.add_edges_from((edge.source, edge.target) for edge in edges)
    parts: dict[Node, int] = {}
    for number, nodes in enumerate(nx.strongly_connected_components(graph)):
        parts.update(dict.fromkeys(nodes, number))
    inside: dict[int, list[Edge]] = {}
    for edge in edges:
        if parts[edge.source] == parts[edge.target]:
            inside.setdefault(parts[edge.source], []).append(edge)
    yield from inside.values()


def _longest_paths(nodes: Iterable[Node], edges: Sequence[Edge]) -> dict[Node, int]:
    """For each node the length of the longest path from its strongly connected part to an end."""
    graph: nx.DiGraph[Node] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((edge.source, edge.target) for edge in edges)
    part_of: dict[Node, int] = {}
    longest: list[int] = []
    for number, part in enumerate(nx.strongly_connected_components(graph)):  # Tarjan's order: successors come first
        part_of.update(dict.fromkeys(part, number))
        beyond = (part_of[following] for node in part for following in graph.successors(node))
        longest.append(max((1 + longest[other] for other in beyond if other != number), default=0))
    return {node: longest[part_of[node]] for node in graph}


def _possible(edges: list[Edge], data: Data, clock: Clock) -> tuple[list[Edge], list[Edge]]:
    """The edges that some state can take, and those that none can."""
    kept: list[Edge] = []
    impossible: list[Edge] = []
    for edge in edges:
        (kept if data.is_plain(edge) or _may_be_taken(edge, data, clock) else impossible).append(edge)
    return kept, impossible


def _may_be_taken(edge: Edge, data: Data, clock: Clock) -> bool:
    solver = z3.Solver()
    solver.add(walk([edge], data).condition)
    try:
        return clock.check(solver)
    except Undecided:
        return True


def _rank_loop(edges: list[Edge], data: Data, clock: Clock) -> LoopRank:
    nodes = tuple(dict.fromkeys(node for edge in edges for node in (edge.source, edge.target)))
    measures: dict[Node, list[Expr]] = {node: [] for node in nodes}
    try:
        left = _unranked(edges, data, clock, measures)
        if not left:
            return LoopRank(nodes, {node: tuple(parts) for node, parts in measures.items()})
    except Undecided as undecided:
        return LoopRank(nodes, reason=_words(undecided))
    core: tuple[Edge, ...] = ()
    try:
        core = unrankable_core(left, clock)
        found = recurrence(left, data, clock)
    except Undecided as undecided:
        return LoopRank(nodes, core=core, reason=_words(undecided))
    reason = "" if found else "no linear ranking function with small coefficients, and no state that recurs"
    return LoopRank(nodes, core=found.edges if found else core, recurrence=found, reason=reason)


def _unranked(edges: list[Edge], data: Data, clock: Clock, measures: dict[Node, list[Expr]]) -> list[Edge]:
    """The edges of a part that no measure decreases, if any; measures that are found are noted at their nodes."""
    pending: list[_Part] = [(edges, ())]
    while pending:
        part, phases = pending.pop()
        measure = linear_measure(part, data, clock)
        if measure is not None:
            values: Mapping[Node, Expr] = measure.at
            left = [edge for i, edge in enumerate(part) if i not in measure.strict]
        else:
            measure = phase_measure(part, data, clock, phases) if len(phases) < MOST_PHASES else None
            if measure is None:
                return edges if phases else part
            # It goes down as long as it is at least 1: what is left to rank begins where it is less.
            values = {node: _at_least_0(value) for node, value in measure.at.items()}
            left = [_below(edge, measure.at, i in measure.strict) for i, edge in enumerate(part)]
            phases = (*phases, measure.weights)
        for node, value in values.items():
            measures[node].append(value)
        pending += [(rest, phases) for rest in looping_parts(left)]
    return []


def _at_least_0(value: Expr) -> Expr:
    return Operation("max", (value, integer(0)), value.type)


def _below(edge: Edge, at: Mapping[Node, Expr], strict: bool) -> Edge:
    """A strict edge, where it is taken after its phase."""
    if not strict:
        return edge
    return replace(edge, guard=conjunction([edge.guard, compare("<", at[edge.source], integer(1))]))


def _words(undecided: Undecided) -> str:
    return "the time was up" if undecided.reason == "seconds" else "z3 gave no answer"
