"""Values that are made of others: records, bounded lists and maps, over the scalar trees of `tree`.

A transition system has scalar variables only. A record `line` is the variables `line.item` and `line.amount`; a list
`queue` of at most 3 is `queue.length` and `queue[1]` to `queue[3]`; a map `stock` is `stock[book]`, `stock[pen]`. Here
is what such a group of trees means together: equality, choice, taking an item, appending. What is beyond a list's
length rests at a fixed value, so that equal lists are equal states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from . import tree
from .tree import (
    FALSE,
    BoolType,
    EnumType,
    Expr,
    IntType,
    Literal,
    RealType,
    Type,
    Value,
    compare,
    conditional,
    conjunction,
    disjunction,
    equal,
    given,
    integer,
    show,
)

LENGTH = "length"


@dataclass(frozen=True, slots=True)
class RecordType:
    """Named fields, each of a type of its own."""

    fields: tuple[tuple[str, AnyType], ...]

    def __str__(self) -> str:
        return "{" + ", ".join(f"{name}: {kind}" for name, kind in self.fields) + "}"


@dataclass(frozen=True, slots=True)
class ListType:
    """At most `most` items of one type, in order."""

    of: AnyType
    most: int

    def __str__(self) -> str:
        return f"list of {self.of} at most {self.most}"


@dataclass(frozen=True, slots=True)
class MapType:
    """A value for each of finitely many keys."""

    key: Type
    to: AnyType

    def __str__(self) -> str:
        return f"map from {self.key} to {self.to}"

    @property
    def keys(self) -> tuple[Value, ...]:
        return tuple(tree.domain(self.key) or ())


AnyType = Type | RecordType | ListType | MapType


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a record by name."""

    type: RecordType
    fields: Mapping[str, Tree]


@dataclass(frozen=True, slots=True)
class List:
    """A list: its length, and all its slots."""

    type: ListType
    length: Expr
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """A map: the value of each key."""

    type: MapType
    entries: Mapping[Value, Tree]


Composite = Record | List | Map
Tree = Expr | Composite
COMPOSITES = (Record, List, Map)
COMPOSITE_TYPES = (RecordType, ListType, MapType)


def build(kind: AnyType, name: str, leaf: Callable[[str, Type], Expr]) -> Tree:
    """The value of a type under a name, where `leaf` gives each scalar part by its full name."""
    match kind:
        case RecordType(fields):
            return Record(kind, {field: build(each, f"{name}.{field}", leaf) for field, each in fields})
        case ListType(of, most):
            length = leaf(f"{name}.{LENGTH}", IntType(0, most))
            return List(kind, length, tuple(build(of, f"{name}[{at}]", leaf) for at in range(1, most + 1)))
        case MapType(key, to):
            return Map(kind, {value: build(to, f"{name}[{show(value, key)}]", leaf) for value in kind.keys})
    return leaf(name, kind)


def parts(value: Tree, name: str = "") -> Iterator[tuple[str, Tree]]:
    """The parts of a composite, one level down, by their full names."""
    match value:
        case Record(_, fields):
            yield from ((f"{name}.{field}", part) for field, part in fields.items())
        case List(_, length, items):
            yield f"{name}.{LENGTH}", length
            yield from ((f"{name}[{at}]", item) for at, item in enumerate(items, start=1))
        case Map(kind, entries):
            yield from ((f"{name}[{show(key, kind.key)}]", entry) for key, entry in entries.items())


def leaves(value: Tree, name: str = "") -> Iterator[tuple[str, Expr]]:
    """The scalar parts by their full names, in the order of `build`."""
    if isinstance(value, COMPOSITES):
        for inner, part in parts(value, name):
            yield from leaves(part, inner)
    else:
        yield name, value


def resting(kind: AnyType) -> Tree:
    """What a place holds while it has nothing to hold."""
    return build(kind, "", lambda _, scalar: Literal(rest_value(scalar), scalar))


def rest_value(kind: Type) -> bool | int:
    """What a variable holds while it has nothing to hold."""
    match kind:
        case BoolType():
            return False
        case IntType(low, high) if low is not None and high is not None:
            return min(max(low, 0), high)
    return 0


def joined(combine: Callable[[Expr, Expr], Expr], left: Tree, right: Tree) -> Tree:
    """Two values, combined part by part in a shape that holds both."""
    kind = _common(left.type, right.type)
    return _zipped(combine, to_shape(left, kind), to_shape(right, kind))


def _common(left: AnyType, right: AnyType) -> AnyType:
    """A type of which values of both types are: of two bounds of a list the larger one."""
    match left, right:
        case RecordType(fields), RecordType(others):
            pairs = zip(fields, others, strict=True)
            return RecordType(tuple((name, _common(kind, other)) for (name, kind), (_, other) in pairs))
        case ListType(of, most), ListType(other, larger):
            return ListType(_common(of, other), max(most, larger))
        case MapType(key, to), MapType(_, other):
            return MapType(key, _common(to, other))
    return left


def _zipped(combine: Callable[[Expr, Expr], Expr], left: Tree, right: Tree) -> Tree:
    match left, right:
        case Record(kind, fields), Record(_, others):
            return Record(kind, {name: _zipped(combine, part, others[name]) for name, part in fields.items()})
        case List(kind, length, items), List(_, other, more):
            pairs = zip(items, more, strict=True)
            return List(kind, combine(length, other), tuple(_zipped(combine, one, two) for one, two in pairs))
        case Map(kind, entries), Map(_, others):
            return Map(kind, {key: _zipped(combine, part, others[key]) for key, part in entries.items()})
    assert not isinstance(left, COMPOSITES)
    assert not isinstance(right, COMPOSITES)
    return combine(left, right)


def choose(condition: Expr, then: Tree, otherwise: Tree) -> Tree:
    """`then if condition else otherwise`."""
    return joined(lambda a, b: conditional(condition, a, b), then, otherwise)


def same(left: Tree, right: Tree) -> Expr:
    """`left == right`: the same in every part."""
    both = joined(equal, left, right)
    return conjunction(part for _, part in leaves(both))


def only_where(condition: Expr, value: Tree) -> Tree:
    """The value, which exists only where the condition holds: elsewhere it is as undefined as `x / 0`."""
    match value:
        case Record(kind, fields):
            return Record(kind, {name: only_where(condition, part) for name, part in fields.items()})
        case List(kind, length, items):
            return List(kind, given(condition, length), tuple(only_where(condition, item) for item in items))
        case Map(kind, entries):
            return Map(kind, {key: only_where(condition, part) for key, part in entries.items()})
    return given(condition, value)


def fits(value: AnyType, wanted: AnyType) -> bool:
    """Whether a value of one type may stand where another is wanted (ranges are claims, not types)."""
    match value, wanted:
        case RecordType(fields), RecordType(others):
            pairs = zip(fields, others, strict=False)
            return len(fields) == len(others) and all(a[0] == b[0] and fits(a[1], b[1]) for a, b in pairs)
        case ListType(of), ListType(other):
            return fits(of, other)
        case MapType(key, to), MapType(other_key, other_to):
            return key == other_key and fits(to, other_to)
        case EnumType(), EnumType():
            return value == wanted
        case IntType(), IntType() | RealType():
            return True
    return type(value) is type(wanted) and not isinstance(value, COMPOSITE_TYPES)


def to_shape(value: Tree, kind: AnyType) -> Tree:
    """A value in the shape of a type that it fits: a list with as many slots as the type has, which rest as its do.

    What is longer loses its last items, and keeps its length, which then is outside the range of the length.
    """
    if value.type == kind:
        return value
    match value, kind:
        case Record(_, fields), RecordType(wanted):
            return Record(kind, {name: to_shape(fields[name], each) for name, each in wanted})
        case List(_, length, items), ListType(of, most):
            kept = [to_shape(item, of) for item in items[:most]]
            if not _rests_as(value.type.of, of):  # 0 rests among 0..3, 1 among 1..3.
                kept = [choose(is_there(value, at), item, resting(of)) for at, item in enumerate(kept, start=1)]
            return List(kind, length, (*kept, *(resting(of) for _ in range(most - len(kept)))))
        case Map(_, entries), MapType(_, to):
            return Map(kind, {key: to_shape(entry, to) for key, entry in entries.items()})
    return value


def _rests_as(kind: AnyType, wanted: AnyType) -> bool:
    """Whether what rests in a place of one type, put into the shape of another, rests there too."""
    pairs = zip(leaves(to_shape(resting(kind), wanted)), leaves(resting(wanted)), strict=True)
    return all(isinstance(a, Literal) and isinstance(b, Literal) and a.value == b.value for (_, a), (_, b) in pairs)


# Lists.


def item(value: List, index: Expr) -> Tree:
    """The item at an index from 1 to the length; elsewhere there is none."""
    there = conjunction([compare("<=", integer(1), index), compare("<=", index, value.length)])
    if isinstance(index, Literal):
        at = int(index.value)
        chosen = value.items[at - 1] if 1 <= at <= len(value.items) else resting(value.type.of)
        return only_where(there, chosen)
    chosen = value.items[-1]
    for at, each in reversed(list(enumerate(value.items[:-1], start=1))):
        chosen = choose(equal(index, integer(at)), each, chosen)
    return only_where(there, chosen)


def first(value: List) -> Tree:
    """The first item, where there is one."""
    return item(value, integer(1))


def last(value: List) -> Tree:
    """The last item, where there is one."""
    return item(value, value.length)


def rest(value: List) -> List:
    """The list without its first item, where it has one."""
    some = compare("<=", integer(1), value.length)
    shifted = (*value.items[1:], resting(value.type.of))
    return List(value.type, given(some, plus(value.length, -1)), shifted)


def front(value: List) -> List:
    """The list without its last item, where it has one."""
    some = compare("<=", integer(1), value.length)
    empty = resting(value.type.of)
    kept = tuple(choose(equal(value.length, integer(at)), empty, each) for at, each in enumerate(value.items, start=1))
    return List(value.type, given(some, plus(value.length, -1)), kept)


def append(value: List, added: Tree) -> List:
    """The list with another item at its end. A full list becomes longer than its bound allows: out of range."""
    added = to_shape(added, value.type.of)
    items = tuple(
        choose(equal(value.length, integer(at)), added, each) for at, each in enumerate(value.items)
    )  # fmt: skip
    return List(value.type, plus(value.length, 1), items)


def is_there(value: List, at: int) -> Expr:
    """Whether the slot (from 1 on) holds an item."""
    return compare("<=", integer(at), value.length)


def contains(value: List, wanted: Tree) -> Expr:
    """Whether some item equals a value."""
    pairs = enumerate(value.items, start=1)
    return disjunction(conjunction([is_there(value, at), same(each, wanted)]) for at, each in pairs)


def plus(value: Expr, number: int) -> Expr:
    """A length, changed by a constant."""
    return tree.total([value, integer(number)])


def tidy(value: Tree) -> Expr:
    """What always holds of a value: all that is beyond the length of a list rests."""
    found = [tidy(part) for _, part in parts(value)]
    if isinstance(value, List):
        pairs = enumerate(value.items, start=1)
        found += [disjunction([is_there(value, at), same(each, resting(value.type.of))]) for at, each in pairs]
    return conjunction(found)


# Maps.


def entry(value: Map, key: Expr) -> Tree:
    """The value of a key; a number outside the keys has none."""
    if isinstance(key, Literal):
        if key.value in value.entries:
            return value.entries[key.value]
        return only_where(FALSE, resting(value.type.to))
    keys = list(value.entries)
    chosen = value.entries[keys[-1]]
    for each in reversed(keys[:-1]):
        chosen = choose(equal(key, Literal(each, value.type.key)), value.entries[each], chosen)
    if isinstance(value.type.key, IntType):
        bounds = [compare("<=", integer(int(keys[0])), key), compare("<=", key, integer(int(keys[-1])))]
        return only_where(conjunction(bounds), chosen)
    return chosen


def has_key(value: Map, key: Expr) -> Expr:
    """Whether a value is one of the keys."""
    return disjunction(equal(key, Literal(each, value.type.key)) for each in value.entries)


def show_composite(value: Tree, known: Callable[[Expr], Value]) -> str:
    """A value as it is written in a model, where `known` gives its scalar parts."""
    match value:
        case Record(_, fields):
            return "{" + ", ".join(f"{name}: {show_composite(part, known)}" for name, part in fields.items()) + "}"
        case List(_, length, items):
            held = items[: max(0, int(known(length)))]
            return "[" + ", ".join(show_composite(item, known) for item in held) + "]"
        case Map(kind, entries):
            pairs = (f"{show(key, kind.key)}: {show_composite(part, known)}" for key, part in entries.items())
            return "{" + ", ".join(pairs) + "}"
    return show(known(value), value.type)
