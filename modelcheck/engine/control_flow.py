"""Edges of a control-flow graph with data, and what taking one means to z3."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import z3

from ..expressions import TRUE, Expr, Type, conjunction, references, well_defined
from ..expressions.smt import Term, constant, in_type, to_z3

Node = Hashable


@dataclass(frozen=True, eq=False)
class Edge:
    """A move of control: where `guard` holds at `source`, all `updates` happen at once, on the way to `target`.

    `parameters` are values that the environment chooses anew each time; guard and updates may read them.
    """

    source: Node
    target: Node
    guard: Expr = TRUE
    updates: Mapping[str, Expr] = field(default_factory=dict)
    name: str = ""
    parameters: Mapping[str, Type] = field(default_factory=dict)

    @property
    def reads(self) -> frozenset[str]:
        return references(self.guard).union(*(references(update) for update in self.updates.values()))

    def __str__(self) -> str:
        return self.name or f"{self.source} -> {self.target}"


@dataclass(frozen=True)
class Data:
    """The variables of a graph, and what is known to hold at its nodes."""

    variables: Mapping[str, Type]
    invariant: Mapping[Node, Expr]

    def constants(self) -> dict[str, Term]:
        return {name: constant(name, kind) for name, kind in self.variables.items()}

    def known(self, node: Node, terms: Mapping[str, Term]) -> Term:
        """Ranges and invariant at a node: a path ends where it leaves them."""
        ranges = [in_type(terms[name], kind) for name, kind in self.variables.items()]
        return z3.And(*ranges, self.holds(node, terms))

    def holds(self, node: Node, terms: Mapping[str, Term]) -> Term:
        return to_z3(self.invariant.get(node, TRUE), terms)

    def is_plain(self, edge: Edge) -> bool:
        """Whether an edge can always be taken and changes nothing."""
        return edge.guard == TRUE and not edge.updates and self.invariant.get(edge.source, TRUE) == TRUE


@dataclass(frozen=True)
class Walk:
    """Edges taken one after the other, from any state: the condition for that, and the terms before and after."""

    condition: Term
    before: Mapping[str, Term]
    after: Mapping[str, Term]


def walk(edges: Sequence[Edge], data: Data, start: Mapping[str, Term] | None = None) -> Walk:
    """What z3 needs to know to take these edges in order, beginning with `start` (any values, if not given)."""
    before = dict(start or data.constants())
    terms = before
    conditions = [data.known(edges[0].source, terms)]
    for position, edge in enumerate(edges):
        chosen = {name: constant(f"{position}/{name}", kind) for name, kind in edge.parameters.items()}
        full = {**terms, **chosen}
        conditions += [in_type(term, edge.parameters[name]) for name, term in chosen.items()]
        defined = conjunction(map(well_defined, edge.updates.values()))
        conditions.append(to_z3(conjunction([well_defined(edge.guard), edge.guard, defined]), full))
        terms = {**terms, **{name: _cast(to_z3(e, full), terms[name]) for name, e in edge.updates.items()}}
        conditions.append(data.known(edge.target, terms) if edge.updates else data.holds(edge.target, terms))
    return Walk(z3.And(*conditions), before, terms)


def _cast(value: Term, like: Term) -> Term:
    return z3.ToReal(value) if z3.is_real(like) and z3.is_int(value) else value


def names_of(edges: Iterable[Edge], data: Data) -> list[str]:
    """The variables that these edges read or change, or that what is known at their nodes speaks of, in order."""
    used: set[str] = set()
    for edge in edges:
        used |= edge.reads | set(edge.updates) | references(data.invariant.get(edge.source, TRUE))
    return [name for name in data.variables if name in used]
