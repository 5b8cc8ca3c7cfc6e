"""From the texts of types and first values to what they mean: scalars, records, bounded lists and maps.

bool   int   real   0..5   {idle, busy}   Name            a scalar, or a type that the model gives a name
{item: Item, amount: 0..5}                                a record
list of Item at most 3                                    a list
map from Item to 0..5                                     a map: a value for each key
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from .errors import Located, Problem, did_you_mean, position_of
from .expressions import (
    BOOL,
    INT,
    REAL,
    BoolType,
    EnumType,
    IntType,
    Literal,
    RealType,
    Resolver,
    Scope,
    Type,
    Value,
    as_text,
    domain,
    show,
)
from .expressions.composite import COMPOSITE_TYPES, AnyType, ListType, MapType, RecordType, build, rest_value
from .model import Formula

MOST_MEMBERS = 10_000
MOST_PARTS = 1_000  # Of one value: whoever computes an index looks at all of them.
DEEPEST_TYPE = 8
_LABEL = re.compile(r"[^\W\d]\w*\Z")
_LIST = re.compile(r"\s*list\s+of\s+(.+)\s+at\s+most\s+(\S.*?)\s*\Z", re.DOTALL)
_MAP = re.compile(r"\s*map\s+from\s+(.+?)\s+to\s+(.+?)\s*\Z", re.DOTALL)
_SIMPLE: Mapping[str, Type] = {"bool": BOOL, "int": INT, "real": REAL}
_TYPES = "types are bool, int, real, a range 0..5, labels {idle, busy}, list of T at most N, map from K to T"

Initial = tuple[Value, ...] | None  # None: any value of the type


def declare_types(types: Mapping[str, str], scope: Scope, resolver: Resolver) -> Scope:
    """The scope with a model's named types; a later one may use those before it."""
    for name, text in types.items():
        before = len(resolver.problems)
        kind = read_type(text, scope, resolver)
        for index, problem in enumerate(resolver.problems[before:], before):
            if problem.unknown in types:
                resolver.problems[index] = replace(problem, hint="a type can use those that are written before it")
        if kind is None:
            scope = replace(scope, broken=scope.broken | {name})  # So that one mistake is one problem.
        else:
            scope = replace(scope, types={**scope.types, name: kind})
    return scope


def read_type(text: str, scope: Scope, resolver: Resolver) -> AnyType | None:
    """The type that a text names; None with a problem noted where it names none."""
    try:
        return _type(text, scope, resolver, 0)
    except Wrong as wrong:
        wrong.note(resolver)
        return None


def _type(text: str, scope: Scope, resolver: Resolver, depth: int) -> AnyType:
    source = _slice(text, 0, len(text))
    if depth > DEEPEST_TYPE:
        raise _wrong("E148", f"a type more than {DEEPEST_TYPE} levels deep", source)
    kind: AnyType
    if source in _SIMPLE:
        kind = _SIMPLE[source]
    elif source in scope.types:
        kind = scope.types[source]
    elif source in scope.broken:
        raise Wrong
    elif match := _LIST.match(source):
        kind = _read_list(_slice(source, *match.span(1)), _slice(source, *match.span(2)), scope, resolver, depth)
    elif match := _MAP.match(source):
        kind = _read_map(_slice(source, *match.span(1)), _slice(source, *match.span(2)), scope, resolver, depth)
    elif source.startswith("{") and source.endswith("}"):
        kind = _read_braces(source, scope, resolver, depth)
    elif ".." in source and not re.match(r"(list|map|set)\b", source):
        kind = _read_range(source, scope, resolver)
    else:
        hint = did_you_mean(source, (*_SIMPLE, *scope.types), otherwise=_TYPES)
        raise _wrong("E134", f"'{source[:80]}' is not a type", source, hint, unknown=source)
    if size_of(kind) > MOST_PARTS:
        raise _wrong("E148", f"a value of more than {MOST_PARTS} parts", source)
    return kind


def size_of(kind: AnyType) -> int:
    """How many scalar parts a value of a type has."""
    match kind:
        case RecordType(fields):
            return sum(size_of(each) for _, each in fields)
        case ListType(of, most):
            return 1 + most * size_of(of)
        case MapType(_, to):
            return len(kind.keys) * size_of(to)
    return 1


def _slice(text: str, start: int, end: int) -> str:
    """A part of a text without the space around it, which knows its place."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    place = position_of(text)
    return Located(piece.strip(), place.shifted(start)) if place else piece.strip()


class Wrong(Exception):
    """A type or first value that cannot be read any further; `problem` is None where it is noted already."""

    def __init__(self, problem: Problem | None = None):
        self.problem = problem

    def note(self, resolver: Resolver) -> None:
        if self.problem is not None:
            resolver.problems.append(self.problem)


def _wrong(code: str, message: str, text: str, hint: str = "", unknown: str = "") -> Wrong:
    return Wrong(Problem(code, message, position_of(text), hint, unknown))


def _read_range(text: str, scope: Scope, resolver: Resolver) -> IntType:
    bounds = resolver.bounds(text, scope)
    if bounds is None:
        raise Wrong
    if bounds[0] > bounds[1]:
        raise empty_range(text, bounds)
    return IntType(*bounds)


def empty_range(text: str, bounds: tuple[int, int]) -> Wrong:
    """The mistake of a range whose ends are the wrong way around."""
    return _wrong("E133", f"the range {bounds[0]}..{bounds[1]} is empty", text, "the lower end comes first")


def _read_list(of: str, most: str, scope: Scope, resolver: Resolver, depth: int) -> ListType:
    kind = _type(of, scope, resolver, depth + 1)
    bound = resolver.expression(most, scope, INT)
    if bound is None:
        raise Wrong
    if not isinstance(bound, Literal) or not 1 <= int(bound.value) < MOST_PARTS:
        raise _wrong("E148", f"a list holds at most 1 to {MOST_PARTS - 1} items, by a constant", most)
    return ListType(kind, int(bound.value))


def _read_map(key: str, to: str, scope: Scope, resolver: Resolver, depth: int) -> MapType:
    kind, value = (_type(each, scope, resolver, depth + 1) for each in (key, to))
    keys = None if isinstance(kind, COMPOSITE_TYPES) else domain(kind)
    if keys is None or len(keys) > MOST_MEMBERS:
        hint = "keys are truth values, a range 0..5 or labels {idle, busy}"
        raise _wrong("E148", f"'{key}' has no keys that can be listed", key, hint)
    assert not isinstance(kind, COMPOSITE_TYPES)
    return MapType(kind, value)


def _read_braces(text: str, scope: Scope, resolver: Resolver, depth: int) -> AnyType:
    """`{idle, busy}` or `{item: Item, amount: 0..5}`."""
    pieces = list(_pieces(text))
    if not pieces:
        raise _wrong("E135", "a value without a name", text)
    if not any(":" in piece for piece in pieces):
        return _read_labels(pieces)
    fields: dict[str, AnyType] = {}
    for piece in pieces:
        at = piece.find(":")
        name = _slice(piece, 0, max(at, 0))
        if at < 0 or not _LABEL.match(name):
            raise _wrong("E135", f"'{piece[:40]}' is not 'field: type'", piece)
        if name in fields:
            raise _wrong("E136", f"'{name}' is listed twice", name)
        fields[name] = _type(_slice(piece, at + 1, len(piece)), scope, resolver, depth + 1)
    return RecordType(tuple(fields.items()))


def _read_labels(labels: list[str]) -> EnumType:
    for label in labels:
        if not _LABEL.match(label):
            message = f"'{label}' cannot be the name of a value" if label else "a value without a name"
            raise _wrong("E135", message, label)
    for at, label in enumerate(labels):
        if label in labels[:at]:
            raise _wrong("E136", f"'{label}' is listed twice", label)
    return EnumType(tuple(str(label) for label in labels))


def _pieces(text: str) -> Iterator[str]:
    """What stands between the outermost brackets, at the commas that are in no others."""
    depth, start = 0, 1
    end = len(text) - 1 if text[-1:] in "]}" else len(text)
    for at in range(1, end):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if text[at] == "," and depth == 0:
            yield _slice(text, start, at)
            start = at + 1
    if _slice(text, start, end) or start > 1:
        yield _slice(text, start, end)


# First values.


def read_initials(text: Formula, kind: AnyType, name: str, scope: Scope, resolver: Resolver) -> dict[str, Initial]:
    """The possible first values of each scalar part of a variable, by the part's full name; nothing, with a problem
    noted, where something is wrong."""
    try:
        return _initials(as_text(text), kind, name, scope, resolver)
    except Wrong as wrong:
        wrong.note(resolver)
        return {}


def _initials(source: str, kind: AnyType, name: str, scope: Scope, resolver: Resolver) -> dict[str, Initial]:
    source = _slice(source, 0, len(source))
    match kind:
        case RecordType(fields):
            given = _fields(source, dict(fields), "a record {field: value, ...} or any")
            return _each_initial(given, {field: (f"{name}.{field}", each) for field, each in fields}, scope, resolver)
        case MapType(key, to):
            texts = [show(value, key) for value in kind.keys]
            by_key = source.startswith("{") and _names_keys(source, texts, to)
            form = "a value for all keys, or {key: value, ...}"
            given = _fields(source, texts, form) if by_key else dict.fromkeys(texts, source)
            return _each_initial(given, {each: (f"{name}[{each}]", to) for each in texts}, scope, resolver)
        case ListType():
            return _list_initial(source, kind, name, scope, resolver)
    return {name: _initial(source, kind, scope, resolver)}


def _names_keys(source: str, keys: list[str], to: AnyType) -> bool:
    """Whether a text in braces gives each key a value, rather than all keys one record or one set of values."""
    if isinstance(to, COMPOSITE_TYPES):
        return any(piece.split(":")[0].strip() in keys for piece in _pieces(source))
    return ":" in source


def _each_initial(
    given: Mapping[str, str], parts: Mapping[str, tuple[str, AnyType]], scope: Scope, resolver: Resolver
) -> dict[str, Initial]:
    found: dict[str, Initial] = {}
    for key, (name, kind) in parts.items():
        if key in given:
            found |= _initials(given[key], kind, name, scope, resolver)
    return found


def _fields(source: str, wanted: Collection[str], form: str) -> dict[str, str]:
    """The texts of `{field: value, ...}`; `any` is any value for each."""
    if source == "any":
        return dict.fromkeys(wanted, source)
    if not source.startswith("{"):
        raise _wrong("E137", f"expected {form}, found '{source[:40]}'", source)
    given: dict[str, str] = {}
    for piece in _pieces(source):
        at = piece.find(":")
        key = _slice(piece, 0, max(at, 0))
        if at < 0:
            raise _wrong("E137", f"expected {form}, found '{piece[:40]}'", piece)
        if key not in wanted:
            raise _wrong("E144", f"there is no '{key[:40]}' in it", key, did_you_mean(key, wanted))
        given[key] = _slice(piece, at + 1, len(piece))
    if missing := [key for key in wanted if key not in given]:
        hint = f"all of them: {', '.join(wanted)}"[:200]
        raise _wrong("E147", f"'{missing[0]}' has no first value", source, hint)
    return given


def _list_initial(source: str, kind: ListType, name: str, scope: Scope, resolver: Resolver) -> dict[str, Initial]:
    if not source.startswith("["):
        raise _wrong("E137", f"a list begins with the items it has, not with '{source[:40]}'", source, "write []")
    items = list(_pieces(source))
    if len(items) > kind.most:
        raise _wrong("E137", f"{len(items)} items in a list of at most {kind.most}", source)
    found: dict[str, Initial] = {f"{name}.length": (len(items),)}
    for at in range(1, kind.most + 1):
        if at <= len(items):
            found |= _initials(items[at - 1], kind.of, f"{name}[{at}]", scope, resolver)
        else:
            found |= at_rest(kind.of, f"{name}[{at}]")
    return found


def at_rest(kind: AnyType, name: str) -> dict[str, Initial]:
    """The first values of a place that holds nothing."""
    found: dict[str, Initial] = {}

    def leaf(part: str, scalar: Type) -> Literal:
        found[part] = (rest_value(scalar),)
        return Literal(rest_value(scalar), scalar)

    build(kind, name, leaf)
    return found


def _initial(source: str, kind: Type, scope: Scope, resolver: Resolver) -> Initial:
    """The possible first values: of a value, a range, a set, or `any` (None where those are infinitely many)."""
    if source == "any":
        values = domain(kind)
        return tuple(values) if values is not None and len(values) <= MOST_MEMBERS else None
    if ".." in source and source[:1] not in ("{", "["):
        bounds = resolver.bounds(source, scope)
        if bounds is None:
            raise Wrong
        if bounds[0] > bounds[1]:
            raise empty_range(source, bounds)
        if bounds[1] - bounds[0] >= MOST_MEMBERS:
            message = f"{source} are more than {MOST_MEMBERS} first values"
            raise _wrong("E133", message, source, "write 'any', or fewer of them")
        return _checked(tuple(range(bounds[0], bounds[1] + 1)), kind, source)
    several = source[:1] in ("{", "[") and source[-1:] in ("}", "]")
    values_found: list[Value] = []
    read: list[str] = []
    for part in _pieces(source) if several else (source,):
        value = resolver.expression(part, scope, kind)
        if value is None:
            raise Wrong
        if not isinstance(value, Literal):
            hint = "a first value does not depend on others: say in `initially` or `requires` how they go together"
            raise _wrong("E131", f"'{part}' is not constant", part, hint)
        one = Fraction(value.value) if isinstance(kind, RealType) else value.value
        _checked((one,), kind, part)
        if part in read:
            raise _wrong("E012", f"'{part}' is listed twice", part)
        read.append(part)
        values_found.append(one)
    if not values_found:
        raise _wrong("E137", "a set of first values must have one", source)
    return tuple(dict.fromkeys(values_found))


def _checked(values: tuple[Value, ...], kind: Type, source: str) -> Initial:
    possible = domain(kind)
    if isinstance(kind, BoolType) and not all(isinstance(value, bool) for value in values):
        raise _wrong("E121", f"'{source}' is no truth value", source)
    for value in values:
        if possible is not None and value not in possible:
            raise _wrong("E137", f"the initial value {value} is outside {kind}", source)
    return values
