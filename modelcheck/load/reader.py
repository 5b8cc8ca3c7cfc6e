"""Readers: how one kind of value is read and written, the JSON schema of what is accepted, and what the language
reference says of it, declared together.

A reader never stops at the first problem: it notes what is wrong and gives what can still be used, or
`MISSING`, so that all problems of a file are reported at once. What a reader reads it also writes (`write`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..errors import Located, Problem, did_you_mean, report
from ..source import LocatedList, LocatedMap, Node, Spoiled
from .hints import key_hint, remember
from .writing import CannotWrite, Write, Written, said, within, write_text

Json = dict[str, Any]
Problems = list[Problem]
MISSING: Final = object()


@dataclass(frozen=True)
class About:
    """What a reader takes, for people.

    text: in words, with {0}, {1}, ... for its `parts`. words: those it accepts, with their meanings. keys: those of
    a mapping, which describes a `kind` ("a step") and fills the dataclass `fills`. named: it is a mapping from names
    (the second part) to values (the first).
    """

    text: str = "a value"
    parts: tuple[Reader, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    keys: Mapping[str, Key] = field(default_factory=dict)
    fills: type | None = None
    named: bool = False


@dataclass(frozen=True)
class Reader:
    """`read` gives the value of a node or MISSING; `definitions` are the named schemas that `schema` refers to.

    `write` gives what stands in the text for a value, or raises `CannotWrite`; `about` describes it for people.
    """

    read: Callable[[Node, Problems], Any]
    schema: Json
    definitions: Mapping[str, Json] = field(default_factory=dict)
    write: Write = write_text
    about: About = About()


@dataclass(frozen=True)
class Key:
    """One key of a mapping: how its value is read, what it means, and the field it fills (if called otherwise).

    `python` names the field of a dataclass in Python that the reference gives, where it is yet another one.
    """

    reader: Reader
    meaning: str
    field: str = ""
    required: bool = False
    python: str = ""


Keys = Mapping[str, Key]
Build = Callable[[dict[str, Any], LocatedMap, Problems], Any]


def note(problems: Problems, code: str, message: str, node: Node, hint: str = "") -> object:
    """Notes a problem where a value stands, unless one with it was noted when it was read; gives MISSING."""
    if not isinstance(node, Spoiled):
        report(problems, Problem(code, message, node.position, hint))
    return MISSING


def found(node: Node) -> str:
    """What was found, in words."""
    if isinstance(node, LocatedMap):
        return "a mapping"
    if isinstance(node, LocatedList):
        return "a list"
    return f"'{node[:40]}'" if node else "nothing"


def scalar(
    kind: str,
    parse: Callable[[Located, Problems], Any],
    schema: Json,
    hint: str = "",
    write: Write = write_text,
) -> Reader:
    """A single value; `kind` says what it is ("a number")."""

    def read(node: Node, problems: Problems) -> Any:
        if not isinstance(node, Located) or not node or isinstance(node, Spoiled):
            return note(problems, "E022", f"expected {kind}, found {found(node)}", node, hint if node else "")
        return parse(node, problems)

    return Reader(read, schema, write=write, about=About(kind))


def word(*words: str, extra: Mapping[str, str] | None = None, meanings: Mapping[str, str] | None = None) -> Reader:
    """One of a few words, or of those that `meanings` explains; `extra` gives hints for words that people expect."""
    explained = meanings or {}
    words = words or tuple(explained)

    def write(value: Any) -> str:
        if value not in words:
            raise CannotWrite(f"{value!r} is not one of: {', '.join(words)}")
        return str(value)

    def parse(text: Located, problems: Problems) -> Any:
        if text in words:
            return text
        close = did_you_mean(text, words, otherwise=" ").strip()
        hint = (extra or {}).get(text) or close
        return note(problems, "E028", f"'{text}' is not one of: {', '.join(words)}", text, hint)

    schema: Json = {"enum": list(words)}
    if explained:
        schema["enumDescriptions"] = [explained.get(each, "") for each in words]
    reader = scalar(f"one of: {', '.join(words)}", parse, schema, write=write)
    about = About("one of: " + ", ".join(f"`{each}`" for each in words), words={w: explained.get(w, "") for w in words})
    return replace(reader, about=about)


def list_of(item: Reader, kind: str = "a list") -> Reader:
    """A list, as a tuple."""

    def read(node: Node, problems: Problems) -> Any:
        if not isinstance(node, LocatedList):
            return note(problems, "E022", f"expected {kind}, found {found(node)}", node, "write [a, b]")
        return _items(node, item, problems)

    def write(value: Any) -> Written:
        return _written_items(value, item)

    schema = {"type": "array", "items": item.schema}
    return Reader(read, schema, item.definitions, write, About("a list, each item {0}", (item,)))


def one_or_more(item: Reader, repeats: bool = False) -> Reader:
    """One value or a list of them, as a tuple; `repeats`: the same one may come twice."""

    def read(node: Node, problems: Problems) -> Any:
        if isinstance(node, LocatedList):
            return _items(node, item, problems, repeats)
        value = item.read(node, problems)
        return MISSING if value is MISSING else (value,)

    def write(value: Any) -> Written:
        items = _written_items(value, item)
        return items[0] if len(items) == 1 else items

    schema = {"anyOf": [item.schema, {"type": "array", "items": item.schema}]}
    return Reader(read, schema, item.definitions, write, About("{0}, or a list of them", (item,)))


def _written_items(value: Any, item: Reader) -> list[Written]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise CannotWrite(f"a value of type {type(value).__name__} stands where a list is expected")
    found = []
    for number, each in enumerate(value, start=1):
        with within(str(number)):
            found.append(item.write(each))
    return found


def _items(nodes: LocatedList, item: Reader, problems: Problems, repeats: bool = False) -> tuple[Any, ...]:
    values = []
    seen = set()
    for node in nodes:
        value = item.read(node, problems)
        if isinstance(node, Located) and node in seen and not repeats:
            note(problems, "E012", f"'{node}' is listed twice", node)
        elif value is not MISSING:
            values.append(value)
        if isinstance(node, Located):
            seen.add(node)
    return tuple(values)


def mapping_of(item: Reader, name: Reader, kind: str = "a mapping") -> Reader:
    """Names with a value each, in the order written."""

    def read(node: Node, problems: Problems) -> Any:
        if isinstance(node, Located) and not node:
            return {}
        if not isinstance(node, LocatedMap):
            return note(problems, "E022", f"expected {kind}, found {found(node)}", node, "write 'name: value' lines")
        values = {}
        for key, child in node.items():
            checked, value = name.read(key, problems), item.read(child, problems)
            if checked is not MISSING and value is not MISSING:
                values[key] = value
        return values

    def write(value: Any) -> Written:
        if not isinstance(value, Mapping):
            raise CannotWrite(f"a value of type {type(value).__name__} stands where a mapping is expected")
        written: dict[str, Written] = {}
        for key, each in value.items():
            with within(str(key)):
                written[write_text(name.write(key))] = item.write(each)
        return written

    names = {"propertyNames": name.schema} if "enum" in name.schema or "pattern" in name.schema else {}
    schema = {"type": ["object", "null"], "additionalProperties": item.schema, **names}
    about = About("a mapping from {1} to {0}", (item, name), named=True)
    return Reader(read, schema, {**item.definitions, **name.definitions}, write, about)


def record(
    kind: str,
    keys: Keys,
    build: Build,
    fields: Callable[[Any], Mapping[str, Any]] | None = None,
    fills: type | None = None,
    partial: bool = False,
    example: str = "",
) -> Reader:
    """A mapping with known keys; `kind` says what it describes ("a step"); `build` makes the value of the fields.

    `fields` gives the fields of a value that must be written: without it those of a dataclass that differ from its
    defaults. `fills` is the dataclass that the reference names; a `Builds` knows its own.
    `partial`: it can also make something of fields of which required ones are missing. `example` is for hints.
    """
    required = [key for key, entry in keys.items() if entry.required]
    needed = frozenset(keys[key].field or key for key in required)
    given = fields or (lambda value: said(value, needed))
    remember(kind, keys)

    def read(node: Node, problems: Problems) -> Any:
        if isinstance(node, Located) and not node:
            empty = LocatedMap()
            empty.position = node.position
            node = empty
        if not isinstance(node, LocatedMap):
            message = f"expected {kind} as a mapping, found {found(node)}"
            shown = [
                key for key in keys if "_" not in key or key.replace("_", " ") not in keys
            ]  # One spelling will do.
            return note(
                problems, "E022", message, node, f"write {example}" if example else f"its keys: {', '.join(shown)}"
            )
        values = read_keys(node, keys, kind, problems)
        if not partial and any((keys[key].field or key) not in values for key in required):
            return MISSING
        return build(values, node, problems)

    schema: Json = {
        "type": "object" if required else ["object", "null"],
        "properties": {
            key: {"description": entry.meaning, **entry.reader.schema}
            if "$ref" not in entry.reader.schema
            else {"description": entry.meaning, "allOf": [entry.reader.schema]}
            for key, entry in keys.items()
        },
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    definitions = {name: each for entry in keys.values() for name, each in entry.reader.definitions.items()}
    about = About(kind, kind=kind, keys=keys, fills=fills or getattr(build, "dataclass", None))
    return Reader(read, schema, definitions, lambda value: _written_keys(given(value), keys, kind), about)


def _written_keys(fields: Mapping[str, Any], keys: Keys, kind: str) -> dict[str, Written]:
    """The fields of a value under their keys, in the order of the table."""
    remaining = dict(fields)
    written: dict[str, Written] = {}
    for key, entry in keys.items():
        name = entry.field or key
        if name in remaining:
            with within(key):
                written[key] = entry.reader.write(remaining.pop(name))
    if remaining:
        raise CannotWrite(f"{kind} has no key for: {', '.join(remaining)}")
    return written


def read_keys(node: LocatedMap, keys: Keys, kind: str, problems: Problems) -> dict[str, Any]:
    """The fields that a mapping gives; notes unknown and missing keys."""
    values = {}
    meant = set()
    for name, child in node.items():
        if name not in keys:
            hint = key_hint(name, keys)
            meant |= {key for key in keys if f"'{key}'" in hint}
            note(problems, "E020", f"unknown key '{name}' in {kind}", name, hint)
            continue
        value = keys[name].reader.read(child, problems)
        if value is not MISSING:
            values[keys[name].field or name] = value
    for wanted, entry in keys.items():
        if entry.required and wanted not in node and wanted not in meant:
            note(problems, "E021", f"{kind} needs '{wanted}': {entry.meaning}", node)
    return values


def either(choose: Callable[[Node], Reader], *readers: Reader) -> Reader:
    """One of several forms; `choose` decides by the shape of the node. Written is the first form that can say it."""
    definitions = {name: each for reader in readers for name, each in reader.definitions.items()}

    def write(value: Any) -> Written:
        errors: list[CannotWrite] = []
        for reader in readers:
            try:
                return reader.write(value)
            except CannotWrite as error:
                errors.insert(0, error)
        raise max(errors, key=lambda error: len(error.at))  # The form that came furthest says best what is wrong.

    return Reader(
        lambda node, problems: choose(node).read(node, problems),
        {"anyOf": [reader.schema for reader in readers]},
        definitions,
        write,
        About(" or ".join(f"{{{number}}}" for number in range(len(readers))), readers),
    )


def is_scalar(node: Node) -> bool:
    """Whether a node is a text that is not empty."""
    return isinstance(node, Located) and bool(node)


def short(of_scalar: Reader, otherwise: Reader) -> Reader:
    """A single value as a short form of something longer."""
    return either(lambda node: of_scalar if is_scalar(node) else otherwise, of_scalar, otherwise)


def converted(reader: Reader, convert: Callable[[Any], Any], back: Callable[[Any], Any] | None = None) -> Reader:
    """What a reader gives, as something else; `back` finds what it was, or raises `CannotWrite` (as without it)."""

    def read(node: Node, problems: Problems) -> Any:
        value = reader.read(node, problems)
        return MISSING if value is MISSING else convert(value)

    def write(value: Any) -> Written:
        if back is None:
            raise CannotWrite("this form is not written")
        return reader.write(back(value))

    return replace(reader, read=read, write=write)


def named(name: str, reader: Reader) -> Reader:
    """A reader whose schema is written once, under a name."""
    return replace(reader, schema={"$ref": f"#/$defs/{name}"}, definitions={**reader.definitions, name: reader.schema})
