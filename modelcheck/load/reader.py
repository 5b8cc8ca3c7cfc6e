"""Readers: how one kind of value is read, and the JSON schema of what it accepts, declared together.

A reader never stops at the first problem: it notes what is wrong and gives what can still be used, or
`MISSING`, so that all problems of a file are reported at once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..errors import Located, Problem, did_you_mean, report
from ..source import LocatedList, LocatedMap, Node, Spoiled

Json = dict[str, Any]
Problems = list[Problem]
MISSING: Final = object()


@dataclass(frozen=True)
class Reader:
    """`read` gives the value of a node or MISSING; `definitions` are the named schemas that `schema` refers to."""

    read: Callable[[Node, Problems], Any]
    schema: Json
    definitions: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """One key of a mapping: how its value is read, what it means, and the field it fills (if called otherwise)."""

    reader: Reader
    meaning: str
    field: str = ""
    required: bool = False


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


def scalar(kind: str, parse: Callable[[Located, Problems], Any], schema: Json, hint: str = "") -> Reader:
    """A single value; `kind` says what it is ("a number")."""

    def read(node: Node, problems: Problems) -> Any:
        if not isinstance(node, Located) or not node or isinstance(node, Spoiled):
            return note(problems, "E022", f"expected {kind}, found {found(node)}", node, hint if node else "")
        return parse(node, problems)

    return Reader(read, schema)


def word(*words: str, extra: Mapping[str, str] | None = None) -> Reader:
    """One of a few words; `extra` gives hints for words that people expect here."""

    def parse(text: Located, problems: Problems) -> Any:
        if text in words:
            return text
        close = did_you_mean(text, words, otherwise=" ").strip()
        hint = (extra or {}).get(text) or close
        return note(problems, "E028", f"'{text}' is not one of: {', '.join(words)}", text, hint)

    return scalar(f"one of: {', '.join(words)}", parse, {"enum": list(words)})


def list_of(item: Reader, kind: str = "a list") -> Reader:
    """A list, as a tuple."""

    def read(node: Node, problems: Problems) -> Any:
        if not isinstance(node, LocatedList):
            return note(problems, "E022", f"expected {kind}, found {found(node)}", node, "write [a, b]")
        return _items(node, item, problems)

    return Reader(read, {"type": "array", "items": item.schema}, item.definitions)


def one_or_more(item: Reader, repeats: bool = False) -> Reader:
    """One value or a list of them, as a tuple; `repeats`: the same one may come twice."""

    def read(node: Node, problems: Problems) -> Any:
        if isinstance(node, LocatedList):
            return _items(node, item, problems, repeats)
        value = item.read(node, problems)
        return MISSING if value is MISSING else (value,)

    return Reader(read, {"anyOf": [item.schema, {"type": "array", "items": item.schema}]}, item.definitions)


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

    names = {"propertyNames": name.schema} if "enum" in name.schema or "pattern" in name.schema else {}
    schema = {"type": ["object", "null"], "additionalProperties": item.schema, **names}
    return Reader(read, schema, {**item.definitions, **name.definitions})


def record(kind: str, keys: Keys, build: Build, partial: bool = False, example: str = "") -> Reader:
    """A mapping with known keys; `kind` says what it describes ("a step"); `build` makes the value of the fields.

    `partial`: it can also make something of fields of which required ones are missing. `example` is for hints.
    """
    required = [key for key, entry in keys.items() if entry.required]
    for key in keys:
        _HOMES.setdefault(key, {})[kind] = None

    def read(node: Node, problems: Problems) -> Any:
        if isinstance(node, Located) and not node:
            empty = LocatedMap()
            empty.position = node.position
            node = empty
        if not isinstance(node, LocatedMap):
            message = f"expected {kind} as a mapping, found {found(node)}"
            return note(
                problems, "E022", message, node, f"write {example}" if example else f"its keys: {', '.join(keys)}"
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
    return Reader(read, schema, definitions)


def read_keys(node: LocatedMap, keys: Keys, kind: str, problems: Problems) -> dict[str, Any]:
    """The fields that a mapping gives; notes unknown and missing keys."""
    values = {}
    meant = set()
    for name, child in node.items():
        if name not in keys:
            hint = _key_hint(name, keys)
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


# What keys other people use for what is said here; and, as records are declared, what each key is a key of.
_SYNONYMS = {
    "guard": ("when",),
    "condition": ("when",),
    "if": ("when",),
    "precondition": ("requires",),
    "pre": ("requires",),
    "postcondition": ("ensures",),
    "post": ("ensures",),
    "invariant": ("always",),
    "eventually": ("reachable", "leads_to"),
    "do": ("effect",),
    "then": ("effect",),
    "action": ("effect", "actions"),
    "depends_on": ("after",),
    "needs": ("after",),
    "undo": ("compensation",),
    "goto": ("to",),
    "next": ("to", "transitions"),
    "init": ("initial", "initially"),
    "default": ("initial",),
    "final": ("finished",),
    "invariants": ("properties",),
    "size": ("capacity",),
    "guarantee": ("delivery",),
    "duration": ("time",),
    "latency": ("time",),
    "concurrency": ("workers",),
    "consumers": ("workers",),
    "emits": ("publishes",),
    "sends": ("publishes",),
    "listens": ("subscribes",),
}
_HOMES: dict[str, dict[str, None]] = {}


def _key_hint(name: str, keys: Keys) -> str:
    """What may have been meant by a key that does not stand here: another one, or another place."""
    other = next((key for key in _SYNONYMS.get(name, ()) if key in keys), None)
    if other is not None:
        return f"write '{other}'"
    if difflib.get_close_matches(name, keys, n=1, cutoff=0.85):
        return did_you_mean(name, keys)
    for word in (name, f"{name}s"):
        homes = [
            re.sub("^this (?=([aeiou])?)", lambda at: "an " if at[1] else "a ", home) for home in _HOMES.get(word, ())
        ]
        if homes and word not in ("on", "name"):
            return f"'{word}' is a key of {' or '.join(homes[:3])}"
    return did_you_mean(name, keys)


def either(choose: Callable[[Node], Reader], *readers: Reader) -> Reader:
    """One of several forms; `choose` decides by the shape of the node."""
    definitions = {name: each for reader in readers for name, each in reader.definitions.items()}
    return Reader(
        lambda node, problems: choose(node).read(node, problems),
        {"anyOf": [reader.schema for reader in readers]},
        definitions,
    )


def is_scalar(node: Node) -> bool:
    """Whether a node is a text that is not empty."""
    return isinstance(node, Located) and bool(node)


def short(of_scalar: Reader, otherwise: Reader) -> Reader:
    """A single value as a short form of something longer."""
    return either(lambda node: of_scalar if is_scalar(node) else otherwise, otherwise, of_scalar)


def converted(reader: Reader, convert: Callable[[Any], Any]) -> Reader:
    """What a reader gives, as something else."""

    def read(node: Node, problems: Problems) -> Any:
        value = reader.read(node, problems)
        return MISSING if value is MISSING else convert(value)

    return Reader(read, reader.schema, reader.definitions)


def named(name: str, reader: Reader) -> Reader:
    """A reader whose schema is written once, under a name."""
    return Reader(reader.read, {"$ref": f"#/$defs/{name}"}, {**reader.definitions, name: reader.schema})
