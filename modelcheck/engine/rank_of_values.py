"""Termination of systems with finite control, without a look at their states: a number for each value.

Each value of an enumeration, a truth value or a small range weighs something, and integers with a range have a
coefficient; the sum is a rank where every action makes it smaller. Guards say from which values an action starts,
updates where it leads, so that the weights are the solution of a linear programme (as in Colón & Sipma 2001; here over
values, as potentials of Petri nets are). What some actions only do not increase is the first part of a lexicographic
rank, and the others are asked again (Bradley, Manna & Sipma 2005). The weights are then verified exactly, by z3, for
every action and all values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import lcm, prod
from typing import Any

import z3

from ..expressions import (
    Expr,
    IntType,
    Literal,
    Operation,
    Ref,
    Value,
    compile_expression,
    conditional,
    conjunction,
    domain,
    equal,
    integer,
    references,
    show,
    total,
    well_defined,
)
from ..expressions.smt import to_z3
from ..system import Action, State, TransitionSystem, Variable
from .control_flow import Data, Edge, walk
from .smt_limits import Clock, Undecided

MOST_VALUES, MOST_COMBINATIONS, MOST_ACTIONS, LARGEST_DENOMINATOR = 32, 256, 5_000, 1_000


@dataclass(frozen=True)
class ValueRank:
    """One part of a rank: the sum of `weights[variable][value]` and `coefficients[variable] * variable`.

    No action that is still to be ranked increases it, and those that are `strict` (by number) decrease it by 1 or more.
    """

    weights: Mapping[str, Mapping[Value, int]]
    coefficients: Mapping[str, int]
    strict: frozenset[int]
    variables: Mapping[str, Variable] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        """The weights as text, members of a family told once: `every order(idle 1, done 0) - stock`."""
        told: dict[tuple[str, str, str], list[str]] = {}
        for name, weight in self.weights.items():
            ordered = sorted(weight.items(), key=lambda each: -each[1])
            text = ", ".join(f"{show(value, self.variables[name].type)} {number}" for value, number in ordered)
            told.setdefault(("+", _family(name), f"({text})"), []).append(name)
        for name, number in self.coefficients.items():
            times = "" if abs(number) == 1 else f"{abs(number)} * "
            told.setdefault(("+" if number > 0 else "-", f"{times}{name}", ""), []).append(f"{times}{name}")
        parts = [
            f"{sign} {f'every {family}' if len(names) > 1 else family if family in names else names[0]}{text}"
            for (sign, family, text), names in told.items()
        ]
        return " ".join(parts).removeprefix("+ ")

    def of(self, name: str, value: Expr) -> Expr:
        """What a variable adds to the rank when it has a value."""
        if name in self.coefficients:
            return Operation("*", (integer(self.coefficients[name]), value), IntType())
        found: Expr = integer(0)
        for each, weight in self.weights.get(name, {}).items():
            found = conditional(equal(value, Literal(each, self.variables[name].type)), integer(weight), found)
        return found


def rank_of_values(system: TransitionSystem, seconds: float = 10.0) -> tuple[ValueRank, ...]:
    """A lexicographic rank that every action decreases, most significant part first; () where there is none such.

    It shows that every execution ends, whatever the scheduler does. Time is about linear in the actions.
    """
    if not system.actions or len(system.actions) > MOST_ACTIONS:
        return ()
    moves = {number: _move(system, action) for number, action in enumerate(system.actions)}
    left = {number: move for number, move in moves.items() if move is not None}
    found: list[tuple[ValueRank, list[int]]] = []
    while left:
        part = _Programme(system, left).solve()
        if part is None:
            return ()
        found.append((part, list(left)))
        left = {number: move for number, move in left.items() if number not in part.strict}
    clock = Clock(seconds)
    verified = all(_verified(system, part, numbers, clock) for part, numbers in found)
    return tuple(part for part, _ in found) if verified else ()


def _family(name: str) -> str:
    return name.partition("[")[0] if "[" in name else name.partition("#")[0]


@dataclass(frozen=True)
class _Move:
    """What an action does: for each variable that it writes the pairs of value before and value after, or by how much
    it changes (None where that is not known)."""

    pairs: Mapping[str, frozenset[tuple[Value, Value]]]
    changes: Mapping[str, frozenset[int] | None]


def _move(system: TransitionSystem, action: Action) -> _Move | None:
    """None where the guard cannot hold in values within their ranges."""
    kinds = {variable.name: variable for variable in system.variables}
    parts = action.guard.arguments if isinstance(action.guard, Operation) and action.guard.operator == "and" else ()
    of_one: dict[str, list[Expr]] = {}
    for part in parts or (action.guard,):
        if len(read := references(part)) == 1:
            of_one.setdefault(next(iter(read)), []).append(part)
    before: dict[str, list[Value]] = {}
    for name in {*of_one, *action.updates} & kinds.keys():
        values = _listed(kinds[name])
        if values is not None:
            fits = _predicate(conjunction(of_one.get(name, [])), (name,))
            before[name] = [value for value in values if fits((value,))]
            if not before[name]:
                return None
    pairs: dict[str, frozenset[tuple[Value, Value]]] = {}
    changes: dict[str, frozenset[int] | None] = {}
    for name, update in action.updates.items():
        if name in before:
            pairs[name] = frozenset(_pairs(name, update, before, kinds))
        if isinstance(kinds[name].type, IntType):
            changes[name] = _changes(name, update)
    return _Move(pairs, changes)


def _listed(variable: Variable) -> Sequence[Value] | None:
    values = domain(variable.type)
    return values if values is not None and len(values) <= MOST_VALUES else None


def _predicate(condition: Expr, names: Sequence[str]) -> Callable[[State], Any]:
    """A condition as a function of the values of these variables; false where it divides by zero."""
    return compile_expression(conjunction([well_defined(condition), condition]), _places(names))


def _places(names: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def _pairs(
    name: str, update: Expr, before: Mapping[str, Sequence[Value]], kinds: Mapping[str, Variable]
) -> Iterator[tuple[Value, Value]]:
    """Value before and value after, within the range: beyond it nothing goes on."""
    read = [other for other in references(update) if other != name]
    possible = {other: before.get(other) or (_listed(kinds[other]) if other in kinds else None) for other in read}
    within = _listed(kinds[name]) or ()
    known = {other: values for other, values in possible.items() if values is not None}
    combined = len(known) == len(read) and prod(map(len, known.values())) <= MOST_COMBINATIONS
    if not combined:
        yield from product(before[name], within)
        return
    names = (name, *known)
    defined, value = _predicate(well_defined(update), names), compile_expression(update, _places(names))
    for state in product(before[name], *known.values()):
        if defined(state) and (new := value(state)) in within:
            yield state[0], new


def _changes(name: str, update: Expr) -> frozenset[int] | None:
    """By how much an update changes an integer, whatever its value; None where that is not known."""
    match update:
        case Ref(read) if read == name:
            return frozenset({0})
        case Operation("+" | "-", arguments):
            rest = [each for each in arguments if each != Ref(name, each.type)]
            first_stays = update.operator == "+" or arguments[0] not in rest
            if len(rest) == len(arguments) - 1 and first_stays and all(isinstance(each, Literal) for each in rest):
                amount = sum(int(each.value) for each in rest if isinstance(each, Literal))
                return frozenset({amount if update.operator == "+" else -amount})
            if update.operator == "-" and isinstance(arguments[1], Literal):
                inner = _changes(name, arguments[0])
                return None if inner is None else frozenset(each - int(arguments[1].value) for each in inner)
        case Operation("if", (_, then, otherwise)):
            one, other = _changes(name, then), _changes(name, otherwise)
            return None if one is None or other is None else one | other
    return None


_Sum = dict[object, float]  # factors of unknowns, by their keys


class _Programme:
    """The linear programme of one part: weights that no action increases and as many as can be decrease.

    Unknowns: ("weight", name, value), all at least 0; ("up", name) and ("down", name), whose difference is a
    coefficient; ("strict", action) between 0 and 1; ("most", action, name), the most that a variable adds.
    """

    def __init__(self, system: TransitionSystem, moves: Mapping[int, _Move]):
        self.moves, self.variables = moves, {variable.name: variable for variable in system.variables}
        self.columns: dict[object, int] = {("strict", number): index for index, number in enumerate(moves)}
        self.rows: list[_Sum] = []  # each at most 0
        written = dict.fromkeys(name for move in moves.values() for name in (*move.pairs, *move.changes))
        self.linear = {name for name in written if self.is_linear(name)}
        for number, move in moves.items():
            self.constrain(number, move)

    def is_linear(self, name: str) -> bool:
        """Whether a variable has a range and every action changes it by a known amount."""
        kind = self.variables[name].type
        known = all(move.changes[name] is not None for move in self.moves.values() if name in move.changes)
        return isinstance(kind, IntType) and kind.low is not None and known

    def constrain(self, number: int, move: _Move) -> None:
        """What the variables add at most, and what the action is to lose, is not above 0 together."""
        row: _Sum = {("strict", number): 1.0}
        for name in {**move.pairs, **move.changes}:
            if name in self.linear:
                sums = [_by(name, change) for change in move.changes[name] or ()]
            else:
                sums = [_from_to(name, old, new) for old, new in sorted(move.pairs.get(name, ()))]
            sums = [each for number, each in enumerate(sums) if each not in sums[:number]]
            if len(sums) == 1:
                row |= sums[0]
            elif sums:
                most = ("most", number, name)
                row[most] = 1.0
                self.rows += [{**each, most: -1.0} for each in sums]
        self.rows.append(row)

    def solve(self) -> ValueRank | None:
        """As many strict actions as there can be, then the smallest weights; None if no action can be strict."""
        for row in self.rows:
            for key in row:
                self.columns.setdefault(key, len(self.columns))
        marks: list[object] = [("strict", number) for number in self.moves]
        most = self.minimise(dict.fromkeys(marks, -1.0), {})
        strict = {mark: float(most[mark] > 0.5) for mark in marks} if most else {}
        if not any(strict.values()):
            return None
        sizes = [key for key in self.columns if isinstance(key, tuple) and key[0] in ("weight", "up", "down")]
        smallest = self.minimise(dict.fromkeys(sizes, 1.0), strict)
        return (
            None if smallest is None else self.read(smallest, frozenset(n for n in self.moves if strict["strict", n]))
        )

    def minimise(self, costs: Mapping[object, float], fixed: Mapping[object, float]) -> dict[object, float] | None:
        """A solution as scipy finds it (HiGHS), in floating point: `read` and z3 make it exact."""
        import numpy as np
        from scipy.optimize import linprog
        from scipy.sparse import coo_array

        entries = [(r, self.columns[key], factor) for r, row in enumerate(self.rows) for key, factor in row.items()]
        rows, columns, factors = zip(*entries, strict=True)
        shape = (len(self.rows), len(self.columns))
        matrix: Any = coo_array((factors, (rows, columns)), shape=shape).tocsr()  # the stubs know no sparse programmes
        limits = {"strict": (0.0, 1.0), "most": (None, None)}
        bounds = [
            (fixed[key], fixed[key]) if key in fixed else limits.get(str(key[0]), (0.0, None))
            for key in self.columns
            if isinstance(key, tuple)
        ]
        cost = [costs.get(key, 0.0) for key in self.columns]
        done = linprog(cost, A_ub=matrix, b_ub=np.zeros(len(self.rows)), bounds=bounds)
        return None if done.x is None else dict(zip(self.columns, map(float, done.x), strict=True))

    def read(self, solution: Mapping[object, float], strict: frozenset[int]) -> ValueRank:
        """The solution in whole numbers."""

        def exact(key: object) -> Fraction:
            return Fraction(solution.get(key, 0.0)).limit_denominator(LARGEST_DENOMINATOR)

        coefficients = {name: exact(("up", name)) - exact(("down", name)) for name in self.linear}
        weights: dict[str, dict[Value, Fraction]] = {}
        for name in self.variables:
            if name not in self.linear and (values := _listed(self.variables[name])) is not None:
                each = {value: exact(("weight", name, value)) for value in values}
                least = min(each.values(), default=Fraction(0))
                weights[name] = {value: weight - least for value, weight in each.items()}
        numbers = [*coefficients.values(), *(w for each in weights.values() for w in each.values())]
        scale = lcm(*(number.denominator for number in numbers))
        whole = {
            name: {v: int(w * scale) for v, w in each.items()} for name, each in weights.items() if any(each.values())
        }
        kept = {name: int(number * scale) for name, number in coefficients.items() if number}
        return ValueRank(whole, kept, strict, self.variables)


def _by(name: str, change: int) -> _Sum:
    return {("up", name): float(change), ("down", name): -float(change)} if change else {}


def _from_to(name: str, old: Value, new: Value) -> _Sum:
    return {("weight", name, new): 1.0, ("weight", name, old): -1.0} if old != new else {}


def _verified(system: TransitionSystem, part: ValueRank, numbers: Sequence[int], clock: Clock) -> bool:
    """Whether z3 finds no step of these actions that increases the rank, or that keeps it although it is strict."""
    try:
        return not any(_fails(system, system.actions[n], part, 1 if n in part.strict else 0, clock) for n in numbers)
    except Undecided:
        return False


def _fails(system: TransitionSystem, action: Action, part: ValueRank, least: int, clock: Clock) -> bool:
    """Whether some step decreases the rank by less than that; what the action does not write cancels out."""
    edge = Edge("", "", action.guard, action.updates, action.name, {p.name: p.type for p in action.parameters})
    used = edge.reads | set(action.updates)
    step = walk([edge], Data({v.name: v.type for v in system.variables if v.name in used}, {}))
    names = [name for name in action.updates if name in part.weights or name in part.coefficients]
    value = total(part.of(name, Ref(name, part.variables[name].type)) for name in names)
    solver = z3.Solver()
    solver.add(step.condition, to_z3(value, step.before) - to_z3(value, step.after) < least)
    return clock.check(solver)
