"""Exchanging two indices in the names, and where they are values in the values, of a whole system: is it the same?

The test is of the text, modulo normal forms: what passes it is a symmetry (Ip & Dill 1996; Clarke, Emerson, Jha &
Sistla 1998), and a symmetry that is written too differently is not noticed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...expressions import Expr, IntType, Literal, Operation, Ref, Value
from ...system import Action, TransitionSystem
from ..target import Target
from .normal import Forest, domain_of

Place = tuple[str, int]  # A pattern, and which of its numbers.

HOLE = "\0"
_NUMBER = re.compile(r"(?<![0-9])(?:0|[1-9][0-9]*)(?![0-9])")  # 01 is no number: it would be written otherwise.


def pattern_of(name: str) -> tuple[str, tuple[int, ...]]:
    """A name with holes for its numbers, and the numbers: (2, 1) for `order[2].item#1`."""
    return _NUMBER.sub(HOLE, name), tuple(map(int, _NUMBER.findall(name)))


def filled(pattern: str, numbers: Iterable[int]) -> str:
    """The name with these numbers."""
    pieces = pattern.split(HOLE)
    return "".join(piece + number for piece, number in zip(pieces, [*map(str, numbers), ""], strict=True))


@dataclass(frozen=True)
class Exchange:
    """Two indices that change places wherever they stand at one of some places of names, and as values of some
    variables (`valued`)."""

    one: int
    other: int
    places: frozenset[Place]
    valued: frozenset[str]

    def index(self, index: int) -> int:
        """What becomes of an index."""
        return {self.one: self.other, self.other: self.one}.get(index, index)

    def value(self, value: Value) -> Value:
        """What becomes of a value of a valued variable."""
        return self.index(int(value))

    def name(self, name: str) -> str:
        """What becomes of a name."""
        pattern, numbers = pattern_of(name)
        if not numbers:
            return name
        moved = [self.index(number) if (pattern, at) in self.places else number for at, number in enumerate(numbers)]
        return filled(pattern, moved) if tuple(moved) != numbers else name


class Symmetries:
    """A system and what is asked of it in normal form, to try exchanges on."""

    def __init__(self, system: TransitionSystem, targets: Sequence[Target]):
        self.system = system
        self.stays = frozenset(staying(system))
        self.forest = Forest({name: _domain(system, name) for name in self.stays})
        number = self.forest.number
        asked = [target.state for target in targets if target.state is not None]
        asked += [system.finished] if any(target.stuck for target in targets) else []
        self.fixed = [*map(number, asked), number(system.initially)]
        self.wanted = [target.claims for target in targets if target.claims]
        self.keys = [self._key(action) for action in system.actions]
        self.numbers = {key: at for at, key in reversed(list(enumerate(self.keys)))}
        self.touching: dict[str, list[int]] = {}
        for at, key in enumerate(self.keys):
            for name in self._touched(key):
                self.touching.setdefault(name, []).append(at)
        self.at: dict[tuple[Place, int], list[str]] = {}  # The names that have a number at a place.
        for name in dict.fromkeys([*system.positions, *(p.name for a in system.actions for p in a.parameters)]):
            pattern, numbers = pattern_of(name)
            for at, number_there in enumerate(numbers):
                self.at.setdefault(((pattern, at), number_there), []).append(name)

    def _key(self, action: Action) -> tuple[Any, ...]:
        """All that an action means, as numbers; two actions with the same key cannot be told apart."""
        number = self.forest.number
        claims: list[tuple[tuple[bool, ...], int]] = []
        for claim in action.claims:
            asked = tuple((claim.kind, claim.name) in each or (claim.kind, "*") in each for each in self.wanted)
            if any(asked):
                claims.append((asked, number(claim.holds)))
        return (
            number(action.guard),
            frozenset((name, number(value)) for name, value in action.updates.items()),
            tuple(sorted(claims)),
            frozenset((each.name, each.type, each.initial) for each in action.parameters),
        )

    def _touched(self, key: tuple[Any, ...]) -> frozenset[str]:
        """The names that an action with this key mentions."""
        guard, updates, claims, parameters = key
        numbers = [guard, *(number for _, number in updates), *(number for _, number in claims)]
        names = frozenset(name for name, _ in updates) | {name for name, _, _ in parameters}
        return names.union(*(self.forest.names[number] for number in numbers))

    def images(self, exchange: Exchange) -> list[int] | None:
        """What action becomes of each, None where the exchange changes something: then it is no symmetry."""
        return _Walk(self, exchange).run()


class _Walk:
    """One exchange, tried on everything."""

    def __init__(self, known: Symmetries, exchange: Exchange):
        self.known, self.exchange, self.forest = known, exchange, known.forest
        self.seen: dict[tuple[int, bool], int] = {}
        indices = (exchange.one, exchange.other)
        moved = {name for place in exchange.places for index in indices for name in known.at.get((place, index), ())}
        self.names = {name: exchange.name(name) for name in moved}
        self.moved = moved | exchange.valued

    def run(self) -> list[int] | None:
        known = self.known
        try:
            if not all(map(self.agrees, self.moved)) or any(self.image(each) != each for each in known.fixed):
                return None
            found = list(range(len(known.keys)))
            for at in {at for name in self.moved for at in known.touching.get(name, ())}:
                image = known.numbers.get(self.key(known.keys[at]))
                if image is None:
                    return None
                found[at] = image
        except _Different:
            return None
        return found

    def agrees(self, name: str) -> bool:
        """Whether a variable becomes one of the same type and first values."""
        positions, variables = self.known.system.positions, self.known.system.variables
        after = self.name(name)
        if name not in positions:
            return True  # A parameter: that is seen where its action is.
        if after not in positions:
            return False
        variable, other = variables[positions[name]], variables[positions[after]]
        begins = variable.initial_values()
        if name in self.exchange.valued:
            assert begins is not None  # Its values are in a range.
            begins = [self.exchange.value(value) for value in begins]
        return other.type == variable.type and _values(begins) == _values(other.initial_values())

    def name(self, name: str) -> str:
        return self.names.get(name, name)

    def key(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        guard, updates, claims, parameters = key
        return (
            self.image(guard),
            frozenset((self.name(name), self.image(value, name in self.exchange.valued)) for name, value in updates),
            tuple(sorted((asked, self.image(holds)) for asked, holds in claims)),
            frozenset((self.name(name), kind, initial) for name, kind, initial in parameters),
        )

    def image(self, number: int, valued: bool = False) -> int:
        """The tree that another becomes; `valued`: what it gives is an index."""
        if not valued and self.moved.isdisjoint(self.forest.names[number]):
            return number
        found = self.seen.get((number, valued))
        if found is None:
            found = self.seen[number, valued] = self._image(number, valued)
        return found

    def _image(self, number: int, valued: bool) -> int:
        forest, exchange = self.forest, self.exchange
        node = forest.nodes[number]
        match node:
            case ("value", _, value):
                return forest.constant(exchange.value(value)) if valued else number
            case ("variable", name):
                if (name in exchange.valued) != valued:
                    raise _Different
                return forest.add(("variable", self.name(name)))
            case ("within", name, values):
                after = map(exchange.value, values) if name in exchange.valued else values
                return forest.within(self.name(name), after)
            case ("case", name, branches):
                renamed = exchange.value if name in exchange.valued else (lambda value: value)
                return forest.case(self.name(name), ((renamed(v), self.image(n, valued)) for v, n in branches))
            case ("if", condition, then, otherwise):
                return forest.operation(
                    "if", [self.image(condition), self.image(then, valued), self.image(otherwise, valued)]
                )
            case ("==" | "!=", left, right) if self.is_index(left) and self.is_index(right):
                return forest.operation(node[0], [self.image(left, True), self.image(right, True)])
            case (operator, *arguments) if not valued:
                return forest.operation(operator, [self.image(argument) for argument in arguments])
        raise _Different

    def is_index(self, number: int) -> bool:
        node = self.forest.nodes[number]
        return node[0] == "variable" and node[1] in self.exchange.valued


class _Different(Exception):
    """A value that is exchanged is used otherwise than as an index."""


def _values(values: Collection[Value] | None) -> frozenset[Value] | None:
    return None if values is None else frozenset(values)


def _domain(system: TransitionSystem, name: str) -> range:
    found = domain_of(system.variables[system.positions[name]].type)
    assert found is not None  # `staying` names no others.
    return found


def staying(system: TransitionSystem) -> Iterator[str]:
    """The integer variables that never leave their ranges and hold constants or each other's values: what may be
    indices. Their ranges are all that need be looked at where they are compared with constants."""
    kinds: Mapping[str, IntType] = {v.name: v.type for v in system.variables if isinstance(v.type, IntType)}
    held: dict[str, set[str]] = {
        variable.name: set() for variable in system.variables
        if variable.initial is not None and _all_in(domain_of(variable.type), variable.initial)
    }  # fmt: skip
    for action in system.actions:
        for name, value in action.updates.items():
            if name in held:
                for leaf in _results(value):
                    if isinstance(leaf, Ref) and kinds.get(leaf.name) == kinds[name]:
                        held[name].add(leaf.name)
                    elif not (isinstance(leaf, Literal) and _all_in(domain_of(kinds[name]), (leaf.value,))):
                        held.pop(name, None)
                        break
    while wrong := [name for name, others in held.items() if not others <= held.keys()]:
        for name in wrong:
            del held[name]
    yield from held


def _all_in(domain: range | None, values: Collection[Value]) -> bool:
    return domain is not None and all(type(value) is int and value in domain for value in values)


def _results(value: Expr) -> Iterator[Expr]:
    """What a tree may give: itself, or the results of both branches of a choice."""
    if isinstance(value, Operation) and value.operator == "if":
        yield from _results(value.arguments[1])
        yield from _results(value.arguments[2])
    else:
        yield value
