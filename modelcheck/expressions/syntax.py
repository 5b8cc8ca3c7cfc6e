"""The syntax tree of an expression: what was written, each node with its offset in the text."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Number:
    """A number or a truth value as written."""

    value: bool | int | Fraction
    offset: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name: a variable, a constant, a label."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator with its arguments, spelled as in `tree.Operation`."""

    operator: str
    arguments: tuple[Syntax, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Index:
    """A member of a family: `rm[i]`."""

    name: str
    arguments: tuple[Syntax, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function or predicate with its arguments: `min(a, b)`."""

    name: str
    arguments: tuple[Syntax, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a value that has no name of its own: a field `queue[1].amount`, an item `first(orders)[2]`."""

    of: Syntax
    field: str
    arguments: tuple[Syntax, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Quantified:
    """`forall`, `exists`, `sum` or `count` of a body over low..high."""

    kind: str
    variable: str
    low: Syntax
    high: Syntax
    body: Syntax
    offset: int


@dataclass(frozen=True, slots=True)
class QuantifiedOver:
    """`forall`, `exists`, `sum` or `count` of a body over the values of a type, the items of a list, the keys of a map
    or the members of a set."""

    kind: str
    variable: str
    over: Syntax
    body: Syntax
    offset: int


@dataclass(frozen=True, slots=True)
class Contains:
    """Whether a list has an item, or a map a key: `x in queue`."""

    item: Syntax
    within: Syntax
    offset: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list, written out: `[1, 2]`; with `is_set` a set `{1, 2}`."""

    arguments: tuple[Syntax, ...]
    offset: int
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """A record or a map, written out: `{item: book, amount: 1}`."""

    words: tuple[str, ...]
    arguments: tuple[Syntax, ...]
    offset: int


Syntax = Number | Name | Apply | Index | Call | Part | Quantified | QuantifiedOver | Contains | Items | Fields


def parts_of(node: Syntax) -> tuple[Syntax, ...]:
    """What a node is made of."""
    match node:
        case Apply(_, arguments) | Index(_, arguments) | Call(_, arguments):
            return arguments
        case Items(arguments) | Fields(_, arguments):
            return arguments
        case Part(of, _, arguments):
            return (of, *arguments)
        case Quantified(_, _, low, high, body):
            return (low, high, body)
        case QuantifiedOver(_, _, first, second) | Contains(first, second):
            return (first, second)
    return ()
