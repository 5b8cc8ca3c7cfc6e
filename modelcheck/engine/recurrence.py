"""Loops without end: a state that a loop returns to, and the edges that no integer rank can go down along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, islice, product

import networkx as nx
import z3

from ..expressions import TRUE, BoolType, Expr, IntType, RealType, Ref, Value, compare, integer
from ..expressions.smt import Irrational, Term, from_z3, to_z3
from .control_flow import Data, Edge, Node, names_of, walk
from .smt_limits import Clock, Undecided

MOST_CYCLES, LONGEST_CYCLE, MOST_SIGNS, LARGEST_CORE_QUESTION = 60, 24, 6, 300
SMALL_VALUES = (0, 1, 2, 10, 100)


@dataclass(frozen=True)
class Recurrence:
    """A walk that comes back to where it began and can be taken again, for ever, once it is reached with `state`.

    returns: whether the state itself comes back; otherwise every state that allows the walk leads to another that does
    (a closed recurrent set: Gupta, Henzinger, Majumdar, Rybalchenko & Xu 2008); `where` is what is asked of it besides.
    """

    edges: tuple[Edge, ...]
    state: Mapping[str, Value]
    returns: bool
    where: Expr = TRUE


def recurrence(edges: Sequence[Edge], data: Data, clock: Clock) -> Recurrence | None:
    """An endless walk among these edges, the shortest cycles first; None where none is found (there may be one).

    Raises `Undecided` only where the time is up.
    """
    for cycle in _closed_walks(edges):
        if all(map(data.is_plain, cycle)):
            return Recurrence(cycle, {}, True)
        if sum(not data.is_plain(edge) for edge in cycle) > LONGEST_CYCLE:
            continue
        for around in (cycle, cycle * 2):
            try:
                found = _returning(around, data, clock) or _closed(around, data, clock)
            except Undecided as undecided:
                if undecided.reason == "seconds":
                    raise
                continue
            except Irrational:
                continue
            if found:
                return found
    return None


def _closed_walks(edges: Sequence[Edge]) -> Iterator[tuple[Edge, ...]]:
    """Simple cycles, then two of them that meet, one after the other."""
    simple = list(islice(cycles(edges), MOST_CYCLES))
    yield from simple
    pairs = ((_from(a, b[0].source), b) for a, b in combinations(simple, 2))
    yield from islice((first + second for first, second in pairs if first), MOST_CYCLES)


def _from(cycle: tuple[Edge, ...], node: Node) -> tuple[Edge, ...]:
    """The same cycle, begun at a node; nothing where it does not pass there."""
    for position, edge in enumerate(cycle):
        if edge.source == node:
            return cycle[position:] + cycle[:position]
    return ()


def cycles(edges: Sequence[Edge]) -> Iterator[tuple[Edge, ...]]:
    """Cycles that pass no node twice, with each choice of parallel edges; one shortest first, then up to a length."""
    between: dict[tuple[Node, Node], list[Edge]] = {}
    for edge in edges:
        between.setdefault((edge.source, edge.target), []).append(edge)
    graph: nx.DiGraph[Node] = nx.DiGraph(list(between))
    first = some_cycle(edges)
    yield first
    for nodes in sorted(islice(nx.simple_cycles(graph, LONGEST_CYCLE), 10 * MOST_CYCLES), key=len):
        pairs = zip(nodes, [*nodes[1:], nodes[0]], strict=True)
        for chosen in islice(product(*(between[pair] for pair in pairs)), MOST_CYCLES):
            if set(chosen) != set(first):
                yield chosen


def some_cycle(edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """A cycle among edges of which every node that is entered is left: found by walking on."""
    leaving: dict[Node, Edge] = {}
    for edge in edges:
        leaving.setdefault(edge.source, edge)
    path: dict[Node, Edge] = {}
    node = edges[0].source
    while node not in path:
        path[node] = leaving[node]
        node = leaving[node].target
    nodes = list(path)
    return tuple(path[each] for each in nodes[nodes.index(node) :])


def _returning(cycle: tuple[Edge, ...], data: Data, clock: Clock) -> Recurrence | None:
    """A state from which the cycle leads back to that state."""
    once = walk(cycle, data)
    names = names_of(cycle, data)
    solver = z3.Solver()
    solver.add(once.condition, *(once.after[name] == once.before[name] for name in names))
    if not clock.check(solver):
        return None
    return Recurrence(cycle, _smallest(solver, once.before, names, data, clock), True)


def _closed(cycle: tuple[Edge, ...], data: Data, clock: Clock) -> Recurrence | None:
    """That the cycle can be taken again wherever it can be taken, or wherever, besides, some number has a sign."""
    if any(edge.parameters for edge in cycle):
        return None
    once = walk(cycle, data)
    again = walk(cycle, data, once.after)
    names = names_of(cycle, data)
    for where in (TRUE, *_signs(names, data)):
        restrict = partial(to_z3, where)
        solver = z3.Solver()
        solver.add(once.condition, restrict(once.before))
        if not clock.check(solver):
            continue
        solver.push()
        solver.add(z3.Not(z3.And(again.condition, restrict(once.after))))
        escapes = clock.check(solver)
        solver.pop()
        if not escapes:
            return Recurrence(cycle, _smallest(solver, once.before, names, data, clock), False, where)
    return None


def _signs(names: list[str], data: Data) -> Iterator[Expr]:
    """Conditions on the sign of one number."""
    for name in [name for name in names if isinstance(data.variables[name], (IntType, RealType))][:MOST_SIGNS]:
        for symbol in ("<", "<=", ">=", ">"):
            yield compare(symbol, Ref(name, data.variables[name]), integer(0))


def _smallest(solver: Term, terms: Mapping[str, Term], names: list[str], data: Data, clock: Clock) -> dict[str, Value]:
    """A model of what the solver holds, with small numbers where there is one."""
    numbers = [terms[name] for name in names if not isinstance(data.variables[name], BoolType)]
    for bound in SMALL_VALUES:
        solver.push()
        solver.add(*(z3.And(-bound <= number, number <= bound) for number in numbers))
        found = _values(solver.model(), terms, names, data) if clock.check(solver) else None
        solver.pop()
        if found is not None:
            return found
    clock.check(solver)
    return _values(solver.model(), terms, names, data)


def _values(model: Term, terms: Mapping[str, Term], names: list[str], data: Data) -> dict[str, Value]:
    return {name: from_z3(model.eval(terms[name], model_completion=True), data.variables[name]) for name in names}


def unrankable_core(edges: Sequence[Edge], clock: Clock) -> tuple[Edge, ...]:
    """A minimal set of these edges along which no integer rank can go down at each: a cycle, in its order.

    The core is z3's, of one constraint an edge (which takes too long for large graphs: there it is some cycle, which
    is minimal as it passes no node twice). Raises `Undecided`.
    """
    if len(edges) > LARGEST_CORE_QUESTION and len(edges := some_cycle(edges)) > LARGEST_CORE_QUESTION:
        return tuple(edges)
    solver = z3.Solver()
    solver.set("unsat_core", True)
    ranks = {node: z3.Int(f"rank {i}") for i, node in enumerate({n: 0 for e in edges for n in (e.source, e.target)})}
    solver.add(*(rank >= 0 for rank in ranks.values()))
    marks = [z3.Bool(f"edge {i}") for i in range(len(edges))]
    for edge, mark in zip(edges, marks, strict=True):
        solver.assert_and_track(ranks[edge.source] > ranks[edge.target], mark)
    if clock.check(solver):
        return ()
    core = _cut_down(edges, {str(mark) for mark in solver.unsat_core()})
    return some_cycle(core)


def _cut_down(edges: Sequence[Edge], names: set[str]) -> list[Edge]:
    """The core without what it does not need: what remains without an edge must still hold a cycle."""
    core = [edge for i, edge in enumerate(edges) if f"edge {i}" in names]
    for edge in list(core):
        rest = [other for other in core if other is not edge]
        graph: nx.DiGraph[Node] = nx.DiGraph([(other.source, other.target) for other in rest])
        if not nx.is_directed_acyclic_graph(graph):
            core = rest
    return core
