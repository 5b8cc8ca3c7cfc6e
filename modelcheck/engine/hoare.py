"""Contracts along a control-flow graph without cycles, for all values (Hoare 1969).

One pass gives every statement its own version of the variables that change (static single assignment), a mark that it
is reached, and for each contract the condition that breaks it along some path. What that condition is simplifies away
where values are known; z3 is asked for all others together: what a model breaks is refuted by it, and when no model is
left the others are proved. A chain of thousands of contracts therefore takes few questions.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import z3

from ..expressions import (
    TRUE,
    Expr,
    IntType,
    Literal,
    Operation,
    Ref,
    Type,
    Value,
    conjunction,
    implication,
    references,
    well_defined,
)
from ..expressions.smt import Irrational, Term, constant, from_z3, in_type, literal, to_z3
from .smt_limits import Clock, exists
from .smt_models import holds, models
from .versions import Stamped, Versions, latest

LARGEST_TERM = 8


@dataclass(frozen=True)
class Statement:
    """What happens at one place: where `guard` holds, all `updates` at once.

    entries: from which statements it is come to (None: from the start), each with a condition on the state there;
    any of them is enough, and where several hold each is possible; with `every` all of them have been passed (a join of
    branches: of what they write, each variable is written by statements of which each comes after the other).
    parameters: values that the environment chooses; guard and updates may read them (a service of which only a promise
    is known). requires, ensures: the contract, on the state before and after. forgets: variables that somebody else may
    have written since: any value of their type.
    """

    name: str
    entries: tuple[tuple[str | None, Expr], ...] = ((None, TRUE),)
    requires: Expr | None = None
    guard: Expr = TRUE
    updates: Mapping[str, Expr] = field(default_factory=dict)
    ensures: Expr | None = None
    parameters: Mapping[str, Type] = field(default_factory=dict)
    every: bool = False
    forgets: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ContractAnswer:
    """Whether one contract of a statement holds on every path to it, for all values.

    kind: `requires`, `ensures`, `division` (nothing divides by zero), `range` (no range is left), `progress` (the
    environment always has a choice that the guard allows). verdict: `proved`, `refuted`, `unknown`. vacuous: nothing
    ever comes to where it is asked (for `ensures`: with `requires` true). counterexample: initial values; `path` the
    statements passed, the last of which breaks the contract; `arrival` the values with which it is come to.
    """

    name: str
    kind: str
    verdict: str
    counterexample: Mapping[str, Value] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    arrival: Mapping[str, Value] = field(default_factory=dict)
    vacuous: bool = False


def verify(
    statements: Sequence[Statement],
    variables: Mapping[str, Type],
    initial: Expr = TRUE,
    rely_on_requires: bool = False,
    seconds: float = 20.0,
) -> list[ContractAnswer]:
    """All contracts of statements that are given in an order in which each comes after those it is entered from.

    A path ends where a variable leaves its range or something divides by zero. As in the transition system it goes on
    after a broken contract; with `rely_on_requires` each `ensures` is asked for states that satisfy the statement's own
    `requires` (the reading {pre} statement {post}). Raises ValueError for statements in another order.
    """
    passed = _Pass(variables, initial, rely_on_requires)
    for statement in statements:
        passed.take(statement)
    clock = Clock(seconds)
    broken = models(passed.solver, [question.broken for question in passed.questions], clock)
    alive = models(passed.solver, [question.alive for question in passed.questions], clock)
    return [passed.answer(*found) for found in zip(passed.questions, broken, alive, strict=True)]


def counterexample(
    premise: Expr, conclusion: Expr, variables: Mapping[str, Type], seconds: float = 20.0
) -> dict[str, Value] | None:
    """Values for which the premise holds and the conclusion does not; None if there are none. Raises `Undecided`."""
    terms = {name: constant(name, kind) for name, kind in variables.items()}
    solver = z3.Solver()
    solver.add(*(in_type(terms[name], kind) for name, kind in variables.items()))
    solver.add(_condition(premise, terms), z3.Not(_condition(conclusion, terms)))
    if not Clock(seconds).check(solver):
        return None
    return _values(solver.model(), terms, variables)


@dataclass(frozen=True)
class _Question:
    """What breaks a contract, and what shows that it is ever asked."""

    statement: Statement
    kind: str
    broken: Term
    alive: Term


@dataclass(frozen=True)
class _Place:
    """A statement in the pass: marks that it is reached and left, the versions of the variables before and after."""

    number: int
    reached: Term
    left: Term
    before: Versions
    after: Versions
    entries: tuple[tuple[str | None, Term], ...]
    every: bool


class _Pass:
    def __init__(self, variables: Mapping[str, Type], initial: Expr, rely_on_requires: bool):
        self.variables, self.rely_on_requires = variables, rely_on_requires
        self.solver = z3.Solver()
        self.places: dict[str, _Place] = {}
        self.questions: list[_Question] = []
        self.speaks_of: dict[str, frozenset[str]] = {}
        self.readings: dict[int, _Reading] = {}
        known = _known(initial)
        self.start = {
            name: literal(known[name], kind) if name in known else constant(name, kind)
            for name, kind in variables.items()
        }
        self.solver.add(*(in_type(term, variables[name]) for name, term in self.start.items()))
        self.solver.add(_condition(initial, self.start))
        self.first = Versions.of(self.start)
        self.always = z3.BoolVal(True)

    def take(self, statement: Statement) -> None:
        """Add a statement: its versions of the variables, its marks, its questions."""
        if statement.name in self.places:
            raise ValueError(f"there are two statements '{statement.name}'")
        self.speaks_of[statement.name] = _speaks_of(statement)
        reached, entries, before = self.enter(statement)
        number = len(self.places) + 1
        chosen = {name: self.fresh(f"{statement.name}/{name}", kind) for name, kind in statement.parameters.items()}
        full: Mapping[str, Term] = ChainMap(chosen, before) if chosen else before  # type: ignore[arg-type]  # only read
        happens = reached
        if chosen or statement.guard != TRUE:
            choices = [in_type(term, statement.parameters[name]) for name, term in chosen.items()]
            happens = self.mark(
                f"{statement.name} happens", z3.And(reached, *choices, _condition(statement.guard, full))
            )
        after, left = before, happens
        if statement.updates:
            after = before.changed(
                {name: self.version(name, each, full) for name, each in statement.updates.items()}, number
            )
            happens, left = self.effect(statement, happens, full, after)
        place = _Place(number, reached, left, before, after, entries, statement.every)
        self.places[statement.name] = place
        self.questions += self.ask(statement, place, happens, full)

    def effect(
        self, statement: Statement, happens: Term, full: Mapping[str, Term], after: Versions
    ) -> tuple[Term, Term]:
        """That the updates have values, and that these are within their ranges: only then it is left."""
        defined = conjunction(map(well_defined, statement.updates.values()))
        if defined != TRUE:
            happens = z3.And(happens, to_z3(defined, full))
        ranged = [in_type(after[name], self.variables[name]) for name in self.ranged(statement)]
        left = z3.simplify(z3.And(happens, *ranged)) if ranged else happens
        return happens, left if left.eq(happens) or z3.is_true(left) else self.mark(f"{statement.name} left", left)

    def forgotten(self, statement: Statement, versions: Versions) -> Versions:
        """The versions with any value for what others may have written, of the variables that a statement speaks of."""
        names = statement.forgets & self.speaks_of[statement.name] if statement.forgets else ()
        if not names:
            return versions
        return versions.changed({name: self.anything(name) for name in sorted(names)}, len(self.places) + 1)

    def anything(self, name: str) -> Term:
        """Any value of a variable's type."""
        term = self.fresh(f"any {name}", self.variables[name])
        self.solver.add(in_type(term, self.variables[name]))
        return term

    def enter(self, statement: Statement) -> tuple[Term, tuple[tuple[str | None, Term], ...], Versions]:
        """The mark that a statement is reached, one for each way in, and the variables as they come in."""
        possible: list[Term] = []
        versions: list[Versions] = []
        for number, (source, condition) in enumerate(statement.entries):
            if source is not None and source not in self.places:
                raise ValueError(f"'{statement.name}' is entered from '{source}', which does not come before it")
            versions.append(self.forgotten(statement, self.first if source is None else self.places[source].after))
            left = self.always if source is None else self.places[source].left
            if condition != TRUE:
                holds = z3.And(left, _condition(condition, versions[-1]))
                left = self.mark(f"{statement.name} entry {number}", holds)
            possible.append(left)
        sources = [source for source, _ in statement.entries]
        if statement.every or len(possible) == 1:
            reached = possible[0] if len(possible) == 1 else self.all_of(statement.name, possible)
            return reached, tuple(zip(sources, possible, strict=True)), latest(versions)
        reached = self.mark(f"{statement.name} reached", z3.Or(*possible))
        taken = [self.choice(entry) for entry in possible]
        self.solver.add(z3.Implies(reached, z3.Or(*taken)))
        entries = tuple(zip(sources, taken, strict=True))
        return reached, entries, self.merge(statement.name, entries, versions)

    def all_of(self, name: str, marks: Sequence[Term]) -> Term:
        different = {mark.get_id(): mark for mark in marks if not z3.is_true(mark)}
        return self.mark(f"{name} reached", z3.And(*different.values())) if different else self.always

    def merge(self, name: str, entries: Sequence[tuple[str | None, Term]], versions: Sequence[Versions]) -> Versions:
        """Each variable as it comes in: from the first way in that is marked as taken."""
        if not versions:
            return self.first
        stamp = len(self.places) + 1

        def choose(variable: str, values: Sequence[Stamped]) -> Stamped:
            if all(value.eq(values[0][1]) for _, value in values):
                return values[0]
            merged = values[-1][1]
            for (_, taken), (_, value) in zip(reversed(entries[:-1]), reversed(values[:-1]), strict=True):
                merged = z3.If(taken, value, merged)
            return stamp, self.named(f"{name}/{variable}", self.variables[variable], merged)

        return versions[0].merged(versions[1:], choose)

    def mark(self, name: str, condition: Term) -> Term:
        """A name for a condition. As all of them are equations, one model tells of every statement that it reaches."""
        mark = self.fresh(name, None)
        self.solver.add(mark == condition)
        return mark

    def choice(self, possible: Term) -> Term:
        """A truth value that a model may make true where it is possible: which of several ways in is taken."""
        taken = self.fresh("taken", None)
        self.solver.add(z3.Implies(taken, possible))
        return taken

    def fresh(self, name: str, kind: Type | None) -> Term:
        sort = z3.BoolSort() if kind is None else constant("sort", kind).sort()
        return z3.FreshConst(sort, name)

    def named(self, name: str, kind: Type, value: Term) -> Term:
        version = self.fresh(name, kind)
        self.solver.add(version == value)
        return version

    def version(self, name: str, update: Expr, terms: Mapping[str, Term]) -> Term:
        """The value of a variable after an update: the term itself where it is small, so that chains stay short."""
        kind = self.variables[name]
        value = to_z3(update, terms)
        if z3.is_real(terms[name]) and z3.is_int(value):
            value = z3.ToReal(value)
        value = z3.simplify(value)
        return value if _size(value, LARGEST_TERM) <= LARGEST_TERM else self.named(name, kind, value)

    def ranged(self, statement: Statement) -> list[str]:
        types = {name: self.variables[name] for name in statement.updates}
        return [name for name, kind in types.items() if isinstance(kind, IntType) and kind.low is not None]

    def ask(self, statement: Statement, place: _Place, happens: Term, full: Mapping[str, Term]) -> Iterator[_Question]:
        """The questions about one statement. `happens`: it is reached, its guard holds and its updates have values."""
        reached = place.reached
        met = self.always if statement.requires is None else _condition(statement.requires, place.before)
        if statement.requires is not None:
            yield _Question(statement, "requires", z3.And(reached, z3.Not(met)), reached)
        needed = [well_defined(e) for e in (statement.guard, *statement.updates.values())]
        if conjunction(needed) != TRUE:
            defined = to_z3(conjunction([needed[0], *(implication(statement.guard, e) for e in needed[1:])]), full)
            yield _Question(statement, "division", z3.And(reached, z3.Not(defined)), reached)
        if ranged := self.ranged(statement):
            stays = z3.And(*(in_type(place.after[name], self.variables[name]) for name in ranged))
            yield _Question(statement, "range", z3.And(happens, z3.Not(stays)), happens)
        if statement.ensures is not None:
            asked = z3.And(happens, met) if self.rely_on_requires else happens
            broken = z3.And(asked, z3.Not(_condition(statement.ensures, place.after)))
            yield _Question(statement, "ensures", broken, z3.And(happens, met))
        if statement.parameters and statement.guard != TRUE:
            yield _Question(statement, "progress", self.without_choice(statement, place, met), z3.And(reached, met))

    def without_choice(self, statement: Statement, place: _Place, met: Term) -> Term:
        """That the environment has no choice which the guard allows, in a state that satisfies `requires`."""
        chosen = {name: constant(f"any {name}", kind) for name, kind in statement.parameters.items()}
        choices = [in_type(term, statement.parameters[name]) for name, term in chosen.items()]
        allowed = z3.And(*choices, _condition(statement.guard, {**place.before, **chosen}))
        return z3.And(place.reached, met, z3.Not(exists(list(chosen.values()), allowed)))

    def answer(self, question: _Question, broken: Term | str | None, alive: Term | str | None) -> ContractAnswer:
        name, kind = question.statement.name, question.kind
        if broken is None:
            return ContractAnswer(name, kind, "proved", vacuous=alive is None)
        if isinstance(broken, str):
            return ContractAnswer(name, kind, "unknown")
        try:
            return self.refutation(question, broken)
        except Irrational:
            return ContractAnswer(name, kind, "refuted")

    def refutation(self, question: _Question, model: Term) -> ContractAnswer:
        name = question.statement.name
        if id(model) not in self.readings:
            self.readings[id(model)] = _Reading(self, model)
        reading = self.readings[id(model)]
        path = reading.path(name)
        used = frozenset[str]().union(*(self.speaks_of[each] for each in path))
        initial = {variable: value for variable, value in reading.initial.items() if variable in used}
        return ContractAnswer(name, question.kind, "refuted", initial, path, reading.arrival(name))


class _Reading:
    """What a model tells, each thing looked up once."""

    def __init__(self, passed: _Pass, model: Term):
        self.passed, self.model = passed, model
        self.initial = _values(model, passed.start, passed.variables)
        self.sources: dict[str, tuple[str | None, ...]] = {}

    def path(self, name: str) -> tuple[str, ...]:
        """The statements that are passed on the way to one, from the first; with all branches where they join."""
        passed: set[str] = set()
        pending: list[str | None] = [name]
        while pending:
            at = pending.pop()
            if at is not None and at not in passed:
                passed.add(at)
                pending += self.came_from(at)
        return tuple(sorted(passed, key=lambda each: self.passed.places[each].number))

    def came_from(self, name: str) -> tuple[str | None, ...]:
        if name not in self.sources:
            place = self.passed.places[name]
            taken = (source for source, taken in place.entries if place.every or holds(self.model, taken))
            self.sources[name] = tuple(taken) if place.every else tuple(islice(taken, 1))
        return self.sources[name]

    def arrival(self, name: str) -> dict[str, Value]:
        """The values with which a statement is come to, of the variables that it speaks of."""
        before, speaks_of = self.passed.places[name].before, self.passed.speaks_of[name]
        terms = {variable: before[variable] for variable in self.passed.variables if variable in speaks_of}
        return _values(self.model, terms, self.passed.variables)


def _speaks_of(statement: Statement) -> frozenset[str]:
    """The variables of a statement, its contract and the conditions on its ways in."""
    parts = [statement.requires, statement.ensures, statement.guard, *statement.updates.values()]
    parts += [condition for _, condition in statement.entries]
    return frozenset(statement.updates).union(*(references(part) for part in parts if part is not None))


def _known(initial: Expr) -> dict[str, Value]:
    """The variables of which the first value is known, from the parts `variable == value` of a condition."""
    parts = initial.arguments if isinstance(initial, Operation) and initial.operator == "and" else (initial,)
    known: dict[str, Value] = {}
    for part in parts:
        match part:
            case Operation("==", (Ref(name), Literal(value))):
                known.setdefault(name, value)
    return known


def _condition(expr: Expr, terms: Mapping[str, Term]) -> Term:
    """A condition, which does not hold where it divides by zero."""
    return to_z3(conjunction([well_defined(expr), expr]), terms)


def _size(term: Term, most: int) -> int:
    """How many parts a term has; counting stops beyond `most`."""
    size, pending = 0, [term]
    while pending and size <= most:
        size += 1
        pending += pending.pop().children()
    return size


def _values(model: Term, terms: Mapping[str, Term], variables: Mapping[str, Type]) -> dict[str, Value]:
    return {n: from_z3(model.eval(term, model_completion=True), variables[n]) for n, term in terms.items()}
