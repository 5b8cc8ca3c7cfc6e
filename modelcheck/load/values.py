"""The single values of a model: names, formulas, types, numbers, durations, probabilities."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from math import inf
from typing import Any

from ..distributions import SECONDS
from ..errors import Located, Position, Problem, position_of, report
from ..expressions.parse import KEYWORDS, QUANTIFIERS
from ..source import JoinedPosition, LocatedList, LocatedMap, Node
from .reader import MISSING, About, Problems, Reader, either, found, mapping_of, note, scalar, short, word
from .writing import CannotWrite, Written, brackets, write_number, write_scaled, write_text

RESERVED = frozenset({*KEYWORDS, *QUANTIFIERS, "min", "max", "abs", "any"})
FAILURES = {
    "error": "something went wrong on the way; trying again may help, and is what `retry` does without `on`",
    "failed": "the service did its work and the answer is no; trying again would give the same answer",
    "timeout": "no answer came in time: whether the effect happened is what the outcome's own effect says",
}
OUTCOME_MEANINGS = {"ok": "it ended well", **FAILURES}
# What else people call units.
UNITS = {
    "us": ("µs", "μs", "usec", "microsecond", "microseconds"),
    "ms": ("msec", "msecs", "millis", "millisecond", "milliseconds"),
    "s": ("sec", "secs", "second", "seconds"),
    "min": ("m", "mins", "minute", "minutes"),
    "h": ("hr", "hrs", "hour", "hours"),
}

_NAME = re.compile(r"[^\W\d]\w*\Z")
_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*\s*(\[.*[\]\w])?\s*\Z")
# Long enough for every number that a computer holds; what is too large for one is refused.
NUMBER = r"[-+]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][-+]?[0-9]{1,3})?"
_DURATION = re.compile(rf"({NUMBER})\s*([^\W\d]+)?\Z")
_PERCENTAGE = re.compile(rf"({NUMBER})\s*(%)?\Z")


def _name(text: Located, problems: Problems) -> Any:
    if not _NAME.match(text):
        suggestion = re.sub(r"\W+", "_", text).strip("_")
        hint = f"write '{suggestion}'" if _NAME.match(suggestion) else "a name begins with a letter"
        return note(problems, "E023", f"'{text[:40]}' is not a name: letters, digits and _", text, hint)
    if text in RESERVED:
        return note(problems, "E024", f"'{text}' is a word of the language and cannot be a name", text)
    return text


def _step_name(text: Located, problems: Problems) -> Any:
    if text in ("end", "abort"):
        hint = "it is what a transition can go to instead of a step"
        return note(problems, "E024", f"a step cannot be called '{text}'", text, hint)
    return _name(text, problems)


def _target(text: Located, problems: Problems) -> Any:
    if not _TARGET.match(text):
        hint = "write 'stock' or 'stock[i]'; the new value stands after the colon"
        return note(problems, "E023", f"'{text[:40]}' is not a variable", text, hint)
    return text


def _truth(text: Located, problems: Problems) -> Any:
    if text not in ("true", "false"):
        return note(problems, "E025", f"expected true or false, found '{text}'", text)
    return text == "true"


def _count(text: Located, problems: Problems) -> Any:
    if not re.fullmatch(r"[1-9][0-9]{0,11}", text):
        return note(problems, "E025", f"expected a whole number from 1 on, found '{text[:40]}'", text)
    return int(text)


def _priority(text: Located, problems: Problems) -> Any:
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        return note(problems, "E025", f"expected a whole number, found '{text[:40]}'", text)
    return int(text)


def _factor(text: Located, problems: Problems) -> Any:
    if not re.fullmatch(NUMBER, text) or not 1 <= float(text) < inf:
        return note(problems, "E025", f"expected a number from 1 on, found '{text[:40]}'", text)
    return float(text)


def duration(text: Located | str, problems: Problems) -> Any:
    """A time in seconds from a number and a unit, or MISSING."""
    match = _DURATION.match(text.strip())
    unit = match.group(2) or "s" if match else ""
    if match and unit in SECONDS:
        value = float(match.group(1)) * SECONDS[unit]
        if 0 <= value < inf:
            return value
        what = "cannot be negative" if value < 0 else "is too long"
        return wrong(problems, "E026", f"a duration {what}: '{text}'", text)
    message = f"'{text[:40]}' is not a duration"
    if not match:
        return wrong(problems, "E026", message, text, "write a number and a unit: 20ms, 1.5s, 2min, 1h")
    meant = next((right for right, names in UNITS.items() if unit.lower() in (right, *names)), None)
    hint = f"write {match.group(1)}{meant}" if meant else f"units are {', '.join(SECONDS)}"
    return wrong(problems, "E026", message, text, hint, offset=text.index(match.group(0)) + match.start(2))


def probability(text: Located | str, problems: Problems) -> Any:
    """A number above 0 and below 1 from `5%` or `0.05`, or MISSING."""
    match = _PERCENTAGE.match(text.strip())
    if not match:
        return wrong(problems, "E027", f"'{text[:40]}' is not a probability", text, "write 5% or 0.05")
    value = float(match.group(1)) / (100 if match.group(2) else 1)
    if value == 0:
        return wrong(problems, "E027", "an outcome of probability 0 does not exist", text, "leave it out")
    if not 0 < value < 1:
        forgotten = 1 < value < 100 and not match.group(2)
        hint = f"write {match.group(1)}%" if forgotten else "between 0% and 100%, both excluded"
        return wrong(problems, "E027", f"'{text}' is not the probability of something that may happen", text, hint)
    return value


def wrong(problems: Problems, code: str, message: str, text: str, hint: str = "", offset: int = 0) -> object:
    """Notes a problem inside a text that may not come from a file; gives MISSING."""
    place = position_of(text)
    report(problems, Problem(code, message, place.shifted(offset) if place else None, hint))
    return MISSING


def write_probability(value: Any) -> str:
    """A probability as the percentage or number that reads back exactly."""
    plain = write_number(value)
    percentage = write_number(float(Decimal(plain) * 100))
    return f"{percentage}%" if value >= 1e-4 and float(percentage) / 100 == value else plain


def write_duration(value: Any) -> str:
    """A time in seconds with the unit in which it is shortest: 0.02 is `20ms`."""
    return write_scaled(value, SECONDS) if value != 0 else "0"


def _write_truth(value: Any) -> str:
    if not isinstance(value, bool):
        raise CannotWrite(f"{value!r} is neither true nor false")
    return write_text(value)


def _write_count(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CannotWrite(f"{value!r} is not a whole number")
    return str(value)


_FORMULA: dict[str, Any] = {"type": ["string", "number", "boolean"]}
TIME: dict[str, Any] = {"anyOf": [{"type": "string", "pattern": r"^\s*[+.\d]"}, {"type": "number", "minimum": 0}]}
_COUNT: dict[str, Any] = {
    "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^0*[1-9][0-9]*$"}]
}
_WHOLE: dict[str, Any] = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^-?[0-9]+$"}]}
_FACTOR: dict[str, Any] = {"anyOf": [{"type": "number", "minimum": 1}, {"type": "string", "pattern": r"^\s*[+.\d]"}]}
_TRUTH: dict[str, Any] = {"enum": [True, False, "true", "false"]}
NAME = scalar("a name", _name, {"type": "string", "pattern": r"^[^\W\d]\w*$"})
STEP_NAME = scalar("a name", _step_name, {"type": "string", "pattern": r"^[^\W\d]\w*$"})
TEXT = scalar(
    "text",
    lambda text, _: Located(text.strip(), text.position),
    _FORMULA,
    write=lambda value: write_text(value).strip(),
)
FORMULA = scalar(
    "a formula", lambda text, _: text, _FORMULA, "quote a formula that contains ': ' or begins with { or ["
)
TARGET = scalar("a variable", _target, {"type": "string"})
TRUTH = scalar("true or false", _truth, _TRUTH, write=_write_truth)
COUNT = scalar("a whole number", _count, _COUNT, write=_write_count)
PRIORITY = scalar("a whole number, 0 or negative too", _priority, _WHOLE, write=str)
FACTOR = scalar("a number", _factor, _FACTOR, write=write_number)
DURATION = scalar("a duration", duration, TIME, "write 20ms, 1.5s, 2min, 1h", write_duration)
PROBABILITY = scalar("a probability", probability, TIME, "write 5%", write_probability)


def unlimited(number: Reader) -> Reader:
    """A number, or the word `unlimited` (None)."""
    read = number.read
    return Reader(
        lambda node, problems: None if node == "unlimited" else read(node, problems),
        {"anyOf": [number.schema, {"const": "unlimited"}]},
        write=lambda value: "unlimited" if value is None else number.write(value),
        about=About("{0}, or `unlimited`", (number,), {"unlimited": "no limit"}),
    )


def _written(node: Node) -> Located:
    """A record `{a: x, b: y}`, a set `{a, b}` or a list `[a, b]` as the text that it stands for."""
    if isinstance(node, Located):
        return node
    if isinstance(node, LocatedList):
        return _joined("[", [(_written(each),) for each in node], "]", node.position)
    items = [(key,) if each == "" else (key, _written(each)) for key, each in node.items()]
    return _joined("{", items, "}", node.position)


def _joined(opened: str, items: Sequence[tuple[Located, ...]], closed: str, place: Position) -> Located:
    """The text `{a, b}` or `{a: x, b: y}`, which knows where each of its pieces stands."""
    text, pieces = opened, []
    for number, item in enumerate(items):
        text += ", " if number else ""
        for index, piece in enumerate(item):
            text += ": " if index else ""
            pieces.append((len(text), piece.position))
            text += piece
    position = JoinedPosition(place.file, place.line, place.column, place.text, tuple(pieces))
    return Located(text + closed, position)


def _several(node: Node, problems: Problems) -> Any:
    """What is written in brackets or braces, with no item twice and none empty."""
    items = list(node) if not isinstance(node, Located) else []
    plain = [item for item in items if isinstance(item, Located)]
    if isinstance(node, Located) or any(item == "" for item in plain):
        return note(problems, "E022", f"expected values, found {found(node)}", node, "write [a, b]")
    repeated = [item for index, item in enumerate(plain) if item in plain[:index]]
    if repeated and isinstance(node, LocatedMap):
        return note(problems, "E012", f"'{repeated[0]}' is listed twice", repeated[0])
    return _written(node)


def _labels(node: Node, problems: Problems) -> Any:
    """Labels `[idle, busy]` or `{idle, busy}` as the text `{idle, busy}`."""
    if isinstance(node, LocatedMap) and any(value != "" for value in node.values()):
        return note(problems, "E022", "expected a set {a, b}, found a mapping", node)
    if isinstance(node, Located) or not list(node):
        return note(problems, "E022", f"expected a set of values, found {found(node)}", node, "write [a, b]")
    names = [NAME.read(item, problems) for item in node]
    repeated = [name for index, name in enumerate(names) if name is not MISSING and name in names[:index]]
    if repeated:
        return note(problems, "E012", f"'{repeated[0]}' is listed twice", repeated[0])
    return MISSING if MISSING in names else _joined("{", [(name,) for name in names], "}", node.position)


def _labels_or_record(node: Node, problems: Problems) -> Any:
    """Labels, or a record's fields with their types `{item: Item}` as the text of that type."""
    if not isinstance(node, LocatedMap) or all(value == "" for value in node.values()):
        return _labels(node, problems)
    names = [NAME.read(key, problems) for key in node]
    kinds = [TYPE.read(value, problems) for value in node.values()]
    if MISSING in (*names, *kinds):
        return MISSING
    return _joined("{", list(zip(names, kinds, strict=True)), "}", node.position)


def _write_labels(value: Any) -> Written:
    """`{a, b}` as the list [a, b]."""
    tree = brackets(value)
    if isinstance(tree, dict) and not any(tree.values()):
        return list(tree)
    raise CannotWrite(f"{value!r} is not a set of names")


_MANY = {"type": ["array", "object"]}
_MANY_NAMES: dict[str, Any] = {
    "anyOf": [{"type": "array", "minItems": 1, "items": _FORMULA}, {"type": "object", "minProperties": 1}]
}
LABELS = Reader(_labels, _MANY_NAMES, write=_write_labels, about=About("names [a, b]"))
TYPE = replace(short(TEXT, Reader(_labels_or_record, _MANY)), write=brackets, about=About("a type"))
_VALUES = About("a set of values {a, b}, a record {field: value} or a list [a, b]")
INITIAL = replace(short(FORMULA, Reader(_several, _MANY, about=_VALUES)), write=brackets)
_WRITTEN_OUT = About("a record or map {field: value}, a list [a, b]")
_LISTED = Reader(_several, _MANY, about=_WRITTEN_OUT)
VALUE = replace(
    either(lambda node: FORMULA if isinstance(node, Located) else _LISTED, FORMULA, _LISTED), write=brackets
)
EFFECT = mapping_of(VALUE, TARGET, "an effect as a mapping from variables to new values")


def _write_fails(value: Any) -> Written:
    return PROBABILITY.write(value["error"]) if set(value) == {"error"} else _FAILURE_RATES.write(value)


def _fails(node: Node, problems: Problems) -> Any:
    if isinstance(node, Located):
        value = PROBABILITY.read(node, problems)
        return MISSING if value is MISSING else {"error": value}
    values = _FAILURE_RATES.read(node, problems)
    if values is not MISSING and sum(values.values()) >= 1:
        return note(problems, "E027", "the probabilities of failing leave nothing for ok", node)
    return values


_FAILURE_RATES = mapping_of(PROBABILITY, word(meanings=FAILURES))
FAILS = Reader(
    _fails,
    {"anyOf": [TIME, _FAILURE_RATES.schema]},
    write=_write_fails,
    about=About("{0} of `error`, or {1}", (PROBABILITY, _FAILURE_RATES)),
)
OUTCOMES = mapping_of(EFFECT, word(meanings=OUTCOME_MEANINGS), "outcomes as a mapping")
