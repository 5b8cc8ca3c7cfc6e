"""Linear ranking functions for a loop, found by counterexamples.

Candidates with small integer coefficients come from z3, each is verified on every edge for all values, and what
refutes it becomes an example for the next (counterexample-guided synthesis; Podelski & Rybalchenko 2004 for the
functions, Bradley, Manna & Sipma 2005 for bounding them only where they decrease).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import z3

from ..expressions import (
    INT,
    REAL,
    BoolType,
    EnumType,
    Expr,
    IntType,
    Literal,
    Operation,
    RealType,
    Ref,
    compare,
    conditional,
    equal,
    integer,
    negation,
)
from ..expressions.smt import Term, to_z3
from .control_flow import Data, Edge, Node, Walk, names_of, walk
from .smt_limits import Clock

LARGEST_WEIGHTS, LARGEST_OF_A_PHASE, MOST_LABELS, LARGEST_BOUND, MOST_ROUNDS = (1, 2, 4, 8), 2, 8, 2**40, 400


@dataclass(frozen=True)
class Measure:
    """A function that no edge of a loop increases, and that `strict` edges decrease by at least 1, from at least 0.

    For a phase they do not stop at 0; `weights` tells such functions apart.
    """

    at: Mapping[Node, Expr]
    strict: frozenset[int]
    weights: Mapping[Expr, int]


@dataclass(frozen=True)
class _Candidate:
    weights: tuple[int, ...]
    offsets: Mapping[Node, int]
    strict: frozenset[int]


def linear_measure(edges: Sequence[Edge], data: Data, clock: Clock) -> Measure | None:
    """A measure that is strict on at least one of these edges (by index); None if there is none with small weights.

    Weights sum to at most 8. Raises `Undecided`.
    """
    if not names_of(edges, data) or all(map(data.is_plain, edges)):
        return None
    return _Synthesis(edges, data, clock).run()


def phase_measure(
    edges: Sequence[Edge], data: Data, clock: Clock, before: Sequence[Mapping[Expr, int]]
) -> Measure | None:
    """A measure whose strict edges decrease it without end: a loop whose first phase lasts until it is below 1.

    Not a multiple of those `before`. Multiphase ranking functions: Ben-Amram & Genaim 2017. Raises `Undecided`.
    """
    if not names_of(edges, data) or all(map(data.is_plain, edges)):
        return None
    return _Synthesis(edges, data, clock, before).run()


class _Synthesis:
    def __init__(
        self, edges: Sequence[Edge], data: Data, clock: Clock, before: Sequence[Mapping[Expr, int]] | None = None
    ):
        self.edges, self.clock, self.phase = edges, clock, before is not None
        self.features = [f for name in names_of(edges, data) for f in _features(Ref(name, data.variables[name]))]
        self.walks: dict[int, Walk] = {i: walk([e], data) for i, e in enumerate(edges) if not data.is_plain(e)}
        self.values = {i: (self._terms(w.before), self._terms(w.after)) for i, w in self.walks.items()}
        self.verifiers = {i: _solver(w.condition) for i, w in self.walks.items()}
        self.nodes = list(dict.fromkeys(node for edge in edges for node in (edge.source, edge.target)))
        self.weights = [z3.Int(f"weight {i}") for i in range(len(self.features))]
        self.offsets = {node: z3.Int(f"offset {i}") for i, node in enumerate(self.nodes)}
        self.strict = [z3.Bool(f"strict {i}") for i in range(len(edges))]
        self.examples = z3.Solver()
        self._constrain()
        for weights in before or ():
            self._differ_from(weights)

    def _terms(self, terms: Mapping[str, Term]) -> list[Term]:
        return [to_z3(feature, terms) for feature in self.features]

    def _constrain(self) -> None:
        """What every candidate satisfies; plain edges change only the offset, and bound nothing."""
        self.examples.add(z3.Or(*self.strict))
        for offset in self.offsets.values():
            self.examples.add(offset >= 0, offset <= len(self.nodes))
        for i, edge in enumerate(self.edges):
            if i not in self.walks:
                self.examples.add(self.offsets[edge.source] >= self.offsets[edge.target], z3.Not(self.strict[i]))

    def _differ_from(self, weights: Mapping[Expr, int]) -> None:
        """No multiple of a measure that was used up."""
        old = [weights.get(feature, 0) for feature in self.features]
        pairs = list(zip(self.weights, old, strict=True))
        self.examples.add(z3.Or(*(w * k != v * n for i, (w, n) in enumerate(pairs) for v, k in pairs[:i])))

    def run(self) -> Measure | None:
        if not self.features:
            return None
        for largest in LARGEST_WEIGHTS:
            if self.phase and largest > LARGEST_OF_A_PHASE:
                return None
            for flat in (True, False):
                found = self.within(largest, flat)
                if found is not None:
                    return self.measure(found)
        return None

    def within(self, largest: int, flat: bool) -> _Candidate | None:
        """A verified candidate whose weights sum to at most `largest`; `flat`: with the same offset everywhere."""
        self.examples.push()
        sizes = [z3.If(weight >= 0, weight, -weight) for weight in self.weights]
        self.examples.add(z3.Sum(*sizes) <= largest)
        if flat:
            self.examples.add(*(offset == 0 for offset in self.offsets.values()))
        seen: list[Term] = []
        verified = None
        for _ in range(MOST_ROUNDS):
            if not self.clock.check(self.examples):
                break
            candidate = self.candidate(self.examples.model())
            found = list(self.refutations(candidate))
            if not found:
                verified = candidate
                break
            self.examples.add(*found)
            seen += found
        self.examples.pop()
        self.examples.add(*seen)  # An example refutes candidates of any size.
        return verified

    def candidate(self, model: Term) -> _Candidate:
        def value(term: Term) -> int:
            return int(model.eval(term, model_completion=True).as_long())

        strict = (i for i, mark in enumerate(self.strict) if z3.is_true(model.eval(mark, model_completion=True)))
        offsets = {node: value(offset) for node, offset in self.offsets.items()}
        lowest = min(offsets.values())
        offsets = {node: offset - lowest for node, offset in offsets.items()}
        return _Candidate(tuple(map(value, self.weights)), offsets, frozenset(strict))

    def refutations(self, candidate: _Candidate) -> Iterator[Term]:
        """For each edge on which a candidate fails: what the step that shows it demands of other candidates."""
        for i in self.walks:
            before, after = self.at(candidate, i)
            strict = i in candidate.strict
            wrong = before - after < (1 if strict else 0)
            if strict and not self.phase:
                wrong = z3.Or(wrong, before < -2 * LARGEST_BOUND)  # far beyond, so that no offset mends it
            model = self.counterexample(i, wrong)
            if model is not None:
                yield self.demand(i, model)

    def demand(self, i: int, model: Term) -> Term:
        """The constraint that one step along an edge puts on weights and offsets."""
        edge = self.edges[i]
        old, new = ([model.eval(t, model_completion=True) for t in terms] for terms in self.values[i])
        source, target = self.offsets[edge.source], self.offsets[edge.target]
        before = z3.Sum(*(w * v for w, v in zip(self.weights, old, strict=True)), source)
        after = z3.Sum(*(w * v for w, v in zip(self.weights, new, strict=True)), target)
        decreases = z3.And(before - after >= 1, self.phase or before >= -LARGEST_BOUND)
        return z3.And(before >= after, z3.Implies(self.strict[i], decreases))

    def at(self, candidate: _Candidate, i: int) -> tuple[Term, Term]:
        """A candidate's value before and after an edge."""
        edge = self.edges[i]

        def value(terms: list[Term], offset: int) -> Term:
            weighted = [w * t for w, t in zip(candidate.weights, terms, strict=True) if w]
            return z3.Sum(*weighted, z3.IntVal(offset))

        before, after = self.values[i]
        return value(before, candidate.offsets[edge.source]), value(after, candidate.offsets[edge.target])

    def counterexample(self, i: int, wrong: Term) -> Term | None:
        """A step along an edge for which this holds."""
        solver = self.verifiers[i]
        solver.push()
        solver.add(wrong)
        model = solver.model() if self.clock.check(solver) else None
        solver.pop()
        return model

    def measure(self, candidate: _Candidate) -> Measure:
        """The candidate with every strict edge that it has, raised by the least number that keeps it from below 0."""
        strict, bound = set(), 1 if self.phase else 0
        for i in self.walks:
            before, after = self.at(candidate, i)
            wrong = z3.Or(before - after < 1, z3.And(not self.phase, before < -2 * LARGEST_BOUND))
            if i in candidate.strict or self.counterexample(i, wrong) is None:
                strict.add(i)
                bound = bound if self.phase else self.least_bound(i, before, bound)
        shown = {node: self.expression(candidate, offset + bound) for node, offset in candidate.offsets.items()}
        return Measure(shown, frozenset(strict), dict(zip(self.features, candidate.weights, strict=True)))

    def least_bound(self, i: int, before: Term, least: int) -> int:
        """The smallest number, at least `least`, with which the value before an edge is never negative."""
        high = least
        while self.counterexample(i, before < -high) is not None:
            least, high = high + 1, max(1, 2 * high)
        while least < high:
            middle = (least + high) // 2
            if self.counterexample(i, before < -middle) is None:
                high = middle
            else:
                least = middle + 1
        return high

    def expression(self, candidate: _Candidate, constant: int) -> Expr:
        """weights * features + constant, as it would be written."""
        up = [_times(w, f) for w, f in zip(candidate.weights, self.features, strict=True) if w > 0]
        # What counts down from 1 to 0 when something becomes true reads better as its opposite, which is larger by 1.
        up += [
            _times(-w, o)
            for w, f in zip(candidate.weights, self.features, strict=True)
            if w < 0 and (o := _opposite(f))
        ]
        down = [
            _times(-w, f) for w, f in zip(candidate.weights, self.features, strict=True) if w < 0 and not _opposite(f)
        ]
        if constant > 0 or not up:
            up = [*up, integer(constant)]
        kind = REAL if any(part.type == REAL for part in (*up, *down)) else INT
        value = up[0] if len(up) == 1 else Operation("+", tuple(up), kind)
        for part in down:
            value = Operation("-", (value, part), kind)
        return value


def _solver(condition: Term) -> Term:
    solver = z3.Solver()
    solver.add(condition)
    return solver


def _features(variable: Ref) -> list[Expr]:
    """The numbers that a variable gives: itself, or 1 for each value that it may have and 0 for the others."""
    match variable.type:
        case IntType() | RealType():
            return [variable]
        case BoolType():
            return [conditional(variable, integer(1), integer(0))]
        case EnumType(labels) if len(labels) <= MOST_LABELS:
            values = (Literal(number, variable.type) for number in range(len(labels)))
            return [conditional(equal(variable, value), integer(1), integer(0)) for value in values]
    return []


def _opposite(feature: Expr) -> Expr | None:
    """For a feature that is 1 or 0, the one that is 0 or 1."""
    if not isinstance(feature, Operation) or feature.operator != "if":
        return None
    test = feature.arguments[0]
    if isinstance(test, Operation) and test.operator == "==":
        return conditional(compare("!=", *test.arguments), integer(1), integer(0))
    return conditional(negation(test), integer(1), integer(0))


def _times(weight: int, feature: Expr) -> Expr:
    return feature if weight == 1 else Operation("*", (integer(weight), feature), feature.type)
