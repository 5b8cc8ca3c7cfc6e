"""Writers: how one kind of value becomes plain text, lists and mappings again.

What a writer cannot say raises `CannotWrite`, which learns on its way up where the value stands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

from ..expressions import as_text

Written = str | list["Written"] | dict[str, "Written"]
Write = Callable[[Any], Written]


class CannotWrite(Exception):
    """A value that a form of the text cannot say; `at` are the keys that lead to it."""

    def __init__(self, message: str, at: Iterable[str] = ()):
        self.message, self.at = message, list(at)
        super().__init__(message)


@contextmanager
def within(key: str) -> Iterator[None]:
    """What cannot be written in here stands under this key; so does a value of quite another type."""
    try:
        yield
    except CannotWrite as error:
        error.at.insert(0, key)
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as wrong:
        raise CannotWrite(f"a value of a wrong type stands here ({wrong})", [key]) from None


def write_text(value: Any) -> str:
    """A single value as it is: a text, or a number or truth value that Python code gave for a formula."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float) and not isfinite(value):
        raise CannotWrite(f"{value} is not a number that can be written")
    if isinstance(value, (bool, int, float)):
        return as_text(value)
    raise CannotWrite(f"a value of type {type(value).__name__} stands where a single value is expected")


def write_number(value: Any) -> str:
    """A number so that it reads back exactly, in the shortest form."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise CannotWrite(f"{value!r} is not a number that can be written")
    return _decimal(Decimal(repr(value)))


def _decimal(number: Decimal) -> str:
    """Plain or with an exponent, whichever is shorter; numbers of more than 20 digits are not read."""
    number = number.normalize()
    plain, scientific = f"{number:f}", f"{number:e}"
    return plain if len(plain) <= 12 or len(plain) <= min(20, len(scientific)) else scientific


def write_scaled(value: Any, units: Mapping[str, float], most_digits: int = 17) -> str:
    """A number in the unit in which it is shortest and not below 1; only units in which it reads back exactly count."""
    plain = write_number(value)
    found = []
    for unit, scale in units.items():
        number = Decimal(repr(value)) / Decimal(repr(scale))
        text = _decimal(number)
        if len(number.normalize().as_tuple().digits) <= most_digits and float(text) * scale == value:
            found.append((number < 1, len(text), len(unit), text + unit))
    return min(found)[-1] if found else plain


def brackets(value: Any) -> Written:
    """A text as it is; `{a, b}`, `{a: x, b: y}` and `[a, b]` as the mappings and lists that stand for it in YAML."""
    text = write_text(value)
    opened, closed = text[:1], text[-1:]
    if opened + closed not in ("{}", "[]") or len(text) < 3:
        return text
    parts = [part.strip() for part in _split(text[1:-1], ",")]
    tree: Written
    if opened == "[":
        tree = [brackets(part) for part in parts]
    else:
        pairs = [[*_split(part, ":"), ""][:2] for part in parts]
        tree = {key.strip(): brackets(each.strip()) for key, each in pairs}
    return tree if _in_brackets(tree) == text else text


def _split(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that stand in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _in_brackets(tree: Written) -> str:
    if isinstance(tree, str):
        return tree
    if isinstance(tree, list):
        return f"[{', '.join(map(_in_brackets, tree))}]"
    return f"{{{', '.join(f'{key}: {_in_brackets(each)}' if each else key for key, each in tree.items())}}}"


@dataclass(frozen=True)
class Builds:
    """Makes a dataclass of its fields, as they are or after they were put right."""

    dataclass: Callable[..., Any]
    prepare: Callable[..., Mapping[str, Any]] = lambda values, _node, _problems: values

    def __call__(self, values: dict[str, Any], node: Any, problems: Any) -> Any:
        return self.dataclass(**self.prepare(values, node, problems))


def said(value: Any, required: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The fields of a dataclass that must be written: those that differ from their defaults, and the required ones."""
    if isinstance(value, Mapping):
        return dict(value)
    if not dataclasses.is_dataclass(value):
        raise CannotWrite(f"a value of type {type(value).__name__} stands where a mapping is expected")
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    defaults = {field.name: default_of(field) for field in dataclasses.fields(value)}
    return {name: each for name, each in fields.items() if name in required or not _same(each, defaults[name])}


def default_of(field: dataclasses.Field[Any]) -> Any:
    """What a field is when nothing is said of it; `dataclasses.MISSING` where something must be."""
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _same(value: Any, default: Any) -> bool:
    return isinstance(value, bool) == isinstance(default, bool) and bool(value == default)


def only(field: str) -> Callable[[Any], Any]:
    """For a short form: the one field that is said, where all others have their defaults."""

    def back(value: Any) -> Any:
        if set(said(value)) <= {field}:
            return getattr(value, field)
        raise CannotWrite(f"more than '{field}' is to be said")

    return back
