"""Which actions accord, which can enable which, and which a target can notice: what stubborn sets are made of.

Two actions accord if, wherever both can happen, each still can after the other, and both orders lead to one state
(Valmari 1989; Godefroid 1996). Guards are taken apart into conditions, so that what keeps an action from happening is
one false condition, and what can change that are the actions that may make just this one true (necessary enabling
sets; Laarman, Pater, van de Pol & Hansen 2016). Sets of actions are bits of an integer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import product
from math import prod

from ...expressions import (
    TRUE,
    BoolType,
    EnumType,
    Expr,
    IntType,
    Literal,
    Operation,
    Ref,
    compare,
    conjunction,
    disjunction,
    domain,
    equal,
    integer,
    negation,
    references,
    substitute,
    well_defined,
)
from ...system import Action, TransitionSystem
from ..search import breaks_wanted
from ..target import Target
from .proofs import Proofs

MOST_CLAUSES = 1_000

Allowed = Mapping[str, frozenset[object]]


class Dependence:
    """The relations between the actions of a system, worked out when asked for.

    leaving: the actions that are known to take a variable out of its range. As nothing goes on from there, they accord
    with none. All others are taken to stay within the ranges; whoever searches has to look (`search.reduced_search`).
    """

    def __init__(self, system: TransitionSystem, leaving: int = 0):
        self.system, self.actions, self.leaving = system, system.actions, leaving
        self.all = (1 << len(self.actions)) - 1
        self.bits = {variable.name: 1 << at for at, variable in enumerate(system.variables)}
        self.proofs = Proofs()
        self.conditions: list[Expr | int] = []  # A number: that this action, with parameters, can happen.
        self.needs = [self._needs(number) for number in range(len(self.actions))]
        self.reads = [self._mask(self._read_by(action)) for action in self.actions]
        self.writes = [self._mask(action.updates) for action in self.actions]
        self._conflicts: dict[int, int] = {}
        self._enablers: dict[int, int] = {}

    @cached_property
    def _number_of(self) -> dict[Expr, int]:
        return {}

    def _needs(self, number: int) -> tuple[int, ...]:
        """The numbers of the conditions of an action, all of which must hold for it to happen."""
        action = self.actions[number]
        if action.parameters:
            self.conditions.append(number)
            return (len(self.conditions) - 1,)
        found = []
        for part in conditions_of(action):
            at = self._number_of.setdefault(part, len(self.conditions))
            if at == len(self.conditions):
                self.conditions.append(part)
            found.append(at)
        return tuple(found)

    def _mask(self, names: Iterable[str]) -> int:
        found = 0
        for name in names:
            found |= self.bits.get(name, 0)
        return found

    @staticmethod
    def _read_by(action: Action) -> Iterator[str]:
        for expr in (action.guard, *action.updates.values()):
            yield from references(expr)

    @cached_property
    def allowed(self) -> list[Allowed]:
        """For each action, the values that its guard allows variables with labels, truth values or simple numbers."""
        return [
            {name: values for name, values in allowed_by(conditions_of(action)).items() if name in self.bits}
            for action in self.actions
        ]

    @cached_property
    def _guards(self) -> list[Expr]:
        return [
            conjunction([well_defined(action.guard), action.guard, action.updates_defined]) for action in self.actions
        ]

    def conflicts(self, number: int) -> int:
        """The other actions that an action does not accord with."""
        found = self._conflicts.get(number)
        if found is None:
            found = self.leaving if not self.leaving >> number & 1 else self.all
            for other in bits_of(self._meeting(number) & ~found & ~(1 << number)):
                if not self.accord(number, other):
                    found |= 1 << other
            self._conflicts[number] = found = found & ~(1 << number)
        return found

    def _meeting(self, number: int) -> int:
        """The actions that use what an action writes, or write what it reads."""
        found = 0
        for at in bits_of(self.reads[number]):
            found |= self._writers[at]
        for at in bits_of(self.writes[number]):
            found |= self._writers[at] | self._readers[at]
        return found

    @cached_property
    def _readers(self) -> list[int]:
        return self._by_variable(self.reads)

    @cached_property
    def _writers(self) -> list[int]:
        return self._by_variable(self.writes)

    def _by_variable(self, masks: Sequence[int]) -> list[int]:
        """For each variable the actions whose mask names it."""
        found = [0] * len(self.bits)
        for number, mask in enumerate(masks):
            for at in bits_of(mask):
                found[at] |= 1 << number
        return found

    def accord(self, one: int, other: int) -> bool:
        """Whether two actions accord, as far as the text of both or z3 can tell."""
        if not self._meeting(one) >> other & 1 or excluded(self.allowed[one], self.allowed[other]):
            return True
        first, second = self.actions[one], _renamed(self.actions[other])
        guard, guard_of_other = self._guards[one], self._guards[other]
        if second is not self.actions[other]:
            guard_of_other = conjunction([well_defined(second.guard), second.guard, second.updates_defined])
        differs = [negation(second.after(guard)), negation(first.after(guard_of_other))]
        for name in {**first.updates, **second.updates}:
            ref = self.system.variables[self.system.positions[name]].ref
            one_first = first.after(second.updates.get(name, ref))
            other_first = second.after(first.updates.get(name, ref))
            if one_first != other_first:
                differs.append(negation(equal(one_first, other_first)))
        return not self.proofs.possible(conjunction([guard, guard_of_other, disjunction(differs)]))

    def enablers(self, condition: int) -> int:
        """The actions that may make a false condition true."""
        found = self._enablers.get(condition)
        if found is None:
            expr = self.conditions[condition]
            found = 0
            read = self.reads[expr] if isinstance(expr, int) else self._mask(references(expr))
            for number in range(len(self.actions)):
                if self.writes[number] & read and (isinstance(expr, int) or self._may_enable(number, expr)):
                    found |= 1 << number
            self._enablers[condition] = found
        return found

    def _may_enable(self, number: int, condition: Expr) -> bool:
        after = self.actions[number].after(condition)
        if isinstance(after, Literal):
            return bool(after.value)
        return self.proofs.possible(conjunction([self._guards[number], negation(condition), after]))

    def visible(self, targets: Sequence[Target]) -> int:
        """The actions that can take the system from where a target is seen to where it is not."""
        seen = list(self.observed(targets))
        found = 0
        for number, writes in enumerate(self.writes):
            watched = (each for mask, each in seen if mask & writes)
            if any(self._may_falsify(number, each) for each in watched):
                found |= 1 << number
        return found

    def observed(self, targets: Sequence[Target]) -> Iterator[tuple[int, Expr]]:
        """The conditions on states that the targets ask for, each with the variables it reads.

        A claim that z3 shows never to break is none.
        """
        wanted = frozenset(pair for target in targets for pair in target.claims)
        asked = [conjunction([well_defined(each.state), each.state]) for each in targets if each.state is not None]
        asked += [breaks_wanted(_renamed(action), wanted) for action in self.actions] if wanted else []
        for each in asked:
            for part in _split(each, "or"):
                if self.proofs.possible(part):
                    yield self._mask(references(part)), part

    def _may_falsify(self, number: int, seen: Expr) -> bool:
        after = negation(self.actions[number].after(seen))
        return self.proofs.possible(conjunction([self._guards[number], seen, after]))

    def may_leave(self, number: int) -> bool:
        """Whether an action may take a variable out of its range."""
        outside = []
        for name, value in self.actions[number].updates.items():
            kind = self.system.variables[self.system.positions[name]].type
            if isinstance(kind, IntType) and kind.low is not None and kind.high is not None:
                outside += [compare("<", value, integer(kind.low)), compare(">", value, integer(kind.high))]
        return self.proofs.possible(conjunction([self._guards[number], disjunction(outside)]))


def bits_of(numbers: int) -> Iterator[int]:
    """The places of the bits of a number, lowest first."""
    while numbers:
        lowest = numbers & -numbers
        yield lowest.bit_length() - 1
        numbers ^= lowest


def conditions_of(action: Action) -> list[Expr]:
    """The conditions all of which must hold for an action to happen and to have a result; each has a value in every
    state."""
    defined = action.updates_defined
    if well_defined(action.guard) != TRUE or defined != TRUE:
        return [conjunction([well_defined(action.guard), action.guard, defined])]
    return list(dict.fromkeys(clause for part in _split(action.guard, "and") for clause in _clauses(part)))


def _clauses(condition: Expr) -> list[Expr]:
    """A condition `a or (b and c)` as `a or b` and `a or c`: what is false of it is then told more exactly."""
    choices = [list(_split(part, "and")) for part in _split(condition, "or")]
    if len(choices) < 2 or not 1 < prod(map(len, choices)) <= MOST_CLAUSES:
        return [condition]
    return [disjunction(chosen) for chosen in product(*choices)]


def _split(expr: Expr, operator: str) -> Iterator[Expr]:
    """The parts of a conjunction or disjunction, with negations pushed inwards as far as that gives more of them."""
    opposite = "or" if operator == "and" else "and"
    match expr:
        case Literal(value) if bool(value) == (operator == "and"):
            return
        case Operation(found, arguments) if found == operator:
            for argument in arguments:
                yield from _split(argument, operator)
        case Operation("not", (Operation(found, arguments),)) if found == opposite:
            for argument in arguments:
                yield from _split(negation(argument), operator)
        case _:
            yield expr


def allowed_by(conditions: Iterable[Expr]) -> dict[str, frozenset[object]]:
    """The values that conditions leave to the variables of which they speak simply."""
    found: dict[str, frozenset[object]] = {}
    for condition in conditions:
        simple = _values(condition)
        if simple is not None:
            name, values = simple
            found[name] = found[name] & values if name in found else values
    return found


def _values(condition: Expr) -> tuple[str, frozenset[object]] | None:
    match condition:
        case Ref(name):
            return name, frozenset({True})
        case Operation("not", (inner,)):
            simple, everything = _values(inner), None if _kind(inner) is None else _labels(_kind(inner))
            return None if simple is None or everything is None else (simple[0], everything - simple[1])
        case Operation("==", (Ref(name, kind), Literal(value)) | (Literal(value), Ref(name, kind))):
            return name, frozenset({value})
        case Operation("!=", (Ref(name, kind), Literal(value)) | (Literal(value), Ref(name, kind))):
            everything = _labels(kind)
            return None if everything is None else (name, everything - {value})
        case Operation("or", arguments):
            parts = [_values(argument) for argument in arguments]
            known = [part for part in parts if part is not None]
            if len(known) == len(parts) and len({name for name, _ in known}) == 1:
                return known[0][0], frozenset().union(*(values for _, values in known))
    return None


def _kind(condition: Expr) -> object:
    """The type of the variable that a simple condition speaks of."""
    while isinstance(condition, Operation):
        condition = next((a for a in condition.arguments if not isinstance(a, Literal)), TRUE)
    return condition.type if isinstance(condition, Ref) else None


def _labels(kind: object) -> frozenset[object] | None:
    """All values of a type that nothing can leave: truth values and labels."""
    return frozenset(domain(kind) or ()) if isinstance(kind, BoolType | EnumType) else None


def excluded(one: Allowed, other: Allowed) -> bool:
    """Whether no state allows both."""
    if len(one) > len(other):
        one, other = other, one
    return any(name in other and values.isdisjoint(other[name]) for name, values in one.items())


def _renamed(action: Action) -> Action:
    """The action with parameters of other names, so that another action's choice is not mixed up with its own."""
    if not action.parameters:
        return action
    fresh = {each.name: Ref(f"{each.name} of the other", each.type) for each in action.parameters}
    return replace(
        action,
        guard=substitute(action.guard, fresh),
        updates={name: substitute(value, fresh) for name, value in action.updates.items()},
        claims=tuple(replace(claim, holds=substitute(claim.holds, fresh)) for claim in action.claims),
        parameters=tuple(replace(each, name=fresh[each.name].name) for each in action.parameters),
    )
