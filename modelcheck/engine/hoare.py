"""Contracts along a control-flow graph without cycles, for all values (Hoare 1969).

One pass gives every statement its own version of the variables that change (static single assignment), a mark that it
is reached, and for each contract the condition that breaks it along some path. z3 is asked for all of them
together: what a model breaks is refuted by it, and when no model is left the others are proved. A chain of thousands
of contracts therefore takes few questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import z3

from ..expressions import TRUE, Expr, IntType, Type, Value, conjunction, implication, references, well_defined
from ..expressions.smt import Irrational, Term, constant, from_z3, in_type, to_z3
from .smt_limits import Clock, Undecided, exists

LARGEST_TERM, MOST_HURRIED = 8, 0.05


@dataclass(frozen=True)
class Statement:
    """What happens at one place: where `guard` holds, all `updates` at once.

    entries: from which statements it is come to (None: from the start), each with a condition on the state there;
    any of them is enough, and where several hold each is possible. parameters: values that the environment chooses;
    guard and updates may read them (a service of which only a promise is known). requires, ensures: the contract,
    on the state before and after.
    """

    name: str
    entries: tuple[tuple[str | None, Expr], ...] = ((None, TRUE),)
    requires: Expr | None = None
    guard: Expr = TRUE
    updates: Mapping[str, Expr] = field(default_factory=dict)
    ensures: Expr | None = None
    parameters: Mapping[str, Type] = field(default_factory=dict)


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
    broken = _models(passed.solver, [question.broken for question in passed.questions], clock)
    alive = _models(passed.solver, [question.alive for question in passed.questions], clock)
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

    reached: Term
    left: Term
    before: Mapping[str, Term]
    after: Mapping[str, Term]
    entries: tuple[tuple[str | None, Term], ...]


class _Pass:
    def __init__(self, variables: Mapping[str, Type], initial: Expr, rely_on_requires: bool):
        self.variables, self.rely_on_requires = variables, rely_on_requires
        self.solver = z3.Solver()
        self.places: dict[str, _Place] = {}
        self.questions: list[_Question] = []
        self.speaks_of: dict[str, frozenset[str]] = {}
        self.readings: dict[int, _Reading] = {}
        self.start = {name: constant(name, kind) for name, kind in variables.items()}
        self.solver.add(*(in_type(term, variables[name]) for name, term in self.start.items()))
        self.solver.add(_condition(initial, self.start))

    def take(self, statement: Statement) -> None:
        """Add a statement: its versions of the variables, its marks, its questions."""
        if statement.name in self.places:
            raise ValueError(f"there are two statements '{statement.name}'")
        self.speaks_of[statement.name] = _speaks_of(statement)
        reached, entries, before = self.enter(statement)
        chosen = {name: self.fresh(f"{statement.name}/{name}", kind) for name, kind in statement.parameters.items()}
        full = {**before, **chosen}
        choices = [in_type(term, statement.parameters[name]) for name, term in chosen.items()]
        happens = z3.And(reached, *choices, _condition(statement.guard, full))
        defined = to_z3(conjunction(map(well_defined, statement.updates.values())), full)
        after = before
        if statement.updates:
            after = {**before, **{name: self.version(name, e, full) for name, e in statement.updates.items()}}
        ranged = z3.And(*(in_type(after[name], self.variables[name]) for name in self.ranged(statement)))
        left = self.mark(f"{statement.name} left", z3.And(happens, defined, ranged))
        self.places[statement.name] = place = _Place(reached, left, before, after, entries)
        self.questions += self.ask(statement, place, z3.And(happens, defined), full)

    def enter(self, statement: Statement) -> tuple[Term, tuple[tuple[str | None, Term], ...], Mapping[str, Term]]:
        """The mark that a statement is reached, one for each way in, and the variables as they come in."""
        possible: list[Term] = []
        versions: list[Mapping[str, Term]] = []
        for number, (source, condition) in enumerate(statement.entries):
            if source is not None and source not in self.places:
                raise ValueError(f"'{statement.name}' is entered from '{source}', which does not come before it")
            versions.append(self.start if source is None else self.places[source].after)
            left = z3.BoolVal(True) if source is None else self.places[source].left
            possible.append(
                self.mark(f"{statement.name} entry {number}", z3.And(left, _condition(condition, versions[-1])))
            )
        reached = possible[0] if len(possible) == 1 else self.mark(f"{statement.name} reached", z3.Or(*possible))
        taken = possible if len(possible) == 1 else [self.choice(entry) for entry in possible]
        self.solver.add(z3.Implies(reached, z3.Or(*taken)))
        entries = tuple((source, way) for (source, _), way in zip(statement.entries, taken, strict=True))
        return reached, entries, self.merge(statement.name, entries, versions)

    def merge(
        self, name: str, entries: Sequence[tuple[str | None, Term]], versions: Sequence[Mapping[str, Term]]
    ) -> Mapping[str, Term]:
        """Each variable as it comes in: from the first way in that is marked as taken."""
        if not versions or all(version is versions[0] for version in versions):
            return versions[0] if versions else self.start
        merged = dict(versions[-1])
        for variable, last in versions[-1].items():
            if all(version[variable].eq(last) for version in versions):
                continue
            value = last
            for (_, taken), version in zip(reversed(entries[:-1]), reversed(versions[:-1]), strict=True):
                value = z3.If(taken, version[variable], value)
            merged[variable] = self.named(f"{name}/{variable}", self.variables[variable], value)
        return merged

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
        met = z3.BoolVal(True) if statement.requires is None else _condition(statement.requires, place.before)
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
        self.sources: dict[str, str | None] = {}

    def path(self, name: str) -> tuple[str, ...]:
        """The statements that are passed on the way to one, from the first."""
        path = []
        at: str | None = name
        while at is not None:
            path.append(at)
            if at not in self.sources:
                entries = self.passed.places[at].entries
                self.sources[at] = next((source for source, taken in entries if _holds(self.model, taken)), None)
            at = self.sources[at]
        return tuple(reversed(path))

    def arrival(self, name: str) -> dict[str, Value]:
        """The values with which a statement is come to, of the variables that it speaks of."""
        place, speaks_of = self.passed.places[name], self.passed.speaks_of[name]
        terms = {variable: term for variable, term in place.before.items() if variable in speaks_of}
        return _values(self.model, terms, self.passed.variables)


def _models(solver: Term, conditions: Sequence[Term], clock: Clock) -> list[Term | str | None]:
    """For each condition a model, None where there is none, or why z3 does not know."""
    found: list[Term | str | None] = [None] * len(conditions)
    marks = [z3.FreshConst(z3.BoolSort(), "asked") for _ in conditions]
    solver.add(*(z3.Implies(mark, condition) for mark, condition in zip(marks, conditions, strict=True)))
    pending = list(range(len(conditions)))
    try:
        while pending and (model := _model(solver, z3.Or(*(marks[i] for i in pending)), clock)) is not None:
            for i in [i for i in pending if _holds(model, conditions[i])]:
                found[i] = model
                pending.remove(i)
    except Undecided:
        again = Clock(clock.seconds)
        for i in pending:
            found[i] = _alone(solver, marks[i], again, max(MOST_HURRIED, clock.seconds / len(pending)))
    return found


def _model(solver: Term, condition: Term, clock: Clock) -> Term | None:
    solver.push()
    try:
        solver.add(condition)
        return solver.model() if clock.check(solver) else None
    finally:
        solver.pop()


def _alone(solver: Term, condition: Term, clock: Clock, share: float) -> Term | str | None:
    """The answer for one condition, where all together were too hard, in its share of as much time again."""
    try:
        return _model(solver, condition, Clock(min(share, clock.seconds - clock.spent)))
    except Undecided as undecided:
        return undecided.reason


def _speaks_of(statement: Statement) -> frozenset[str]:
    """The variables of a statement, its contract and the conditions on its ways in."""
    parts = [statement.requires, statement.ensures, statement.guard, *statement.updates.values()]
    parts += [condition for _, condition in statement.entries]
    return frozenset(statement.updates).union(*(references(part) for part in parts if part is not None))


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


def _holds(model: Term, term: Term) -> bool:
    return bool(z3.is_true(model.eval(term, model_completion=True)))


def _values(model: Term, terms: Mapping[str, Term], variables: Mapping[str, Type]) -> dict[str, Value]:
    return {n: from_z3(model.eval(term, model_completion=True), variables[n]) for n, term in terms.items()}
