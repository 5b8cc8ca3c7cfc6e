"""Delays as text: `20ms`, `lognormal(mean=20ms, sigma=0.5)`, `5ms + exponential(20ms)`, `mixture(90% 1s, 10% 5s)`."""

from __future__ import annotations

import re
from math import inf
from typing import Any

from .. import model
from ..distributions import COMPOUND, DEEPEST, DISTRIBUTIONS, faults, form_of, names_faults, usage, weight_faults
from ..errors import Located, ModelError, did_you_mean, position_of
from .reader import MISSING, Problems, named, scalar
from .values import NUMBER, TIME, duration, probability, write_duration, write_probability, wrong
from .writing import CannotWrite, write_number, write_text

Text = Located | str

_CALL = re.compile(r"([^\W\d]\w*)\s*\((.*)\)\s*\Z", re.DOTALL)
_PART = re.compile(rf"({NUMBER}\s*%?)\s*:?\s+(?=\S)")
_EXPONENT = re.compile(r"[0-9.][eE]\Z")
_MIXTURE = "write mixture(90% exponential(20ms), 10% 2s)"
_TEXTS = ("file", "column", "condition", "unit", "name")


def read_delay(text: str) -> model.Delay:
    """A delay from text, `20ms` (constant) or `exponential(mean=20ms)`; see `distributions`. Raises `ModelError`."""
    problems: Problems = []
    delay = _delay(text, problems)
    if problems:
        raise ModelError(problems)
    assert isinstance(delay, model.Delay)
    return delay


def _delay(text: Text, problems: Problems, depth: int = 1) -> Any:
    if depth > DEEPEST + 1:
        return wrong(problems, "E029", f"delays are nested deeper than {DEEPEST}", text)
    terms = _split(text, "+", most=1)
    if len(terms) == 2:
        return _shifted(terms[0], terms[1], text, problems, depth)
    match = _CALL.match(text)
    if not match:
        if "(" in text:
            return wrong(problems, "E029", f"'{text[:40]}' is not a delay", text, "write name(key=value, ...)")
        value = duration(text, problems)
        return MISSING if value is MISSING else model.Delay(distribution="constant", parameters={"value": value})
    name, inside = match[1], _split(_piece(text, match.start(2), match.end(2)), ",")
    if name == "mixture":
        return _mixture(inside, text, problems, depth)
    if name not in DISTRIBUTIONS or name in COMPOUND:
        known = [each for each in DISTRIBUTIONS if each != "shifted"]
        hint = "write 5ms + exponential(20ms)" if name == "shifted" else did_you_mean(name, known)
        return wrong(problems, "E029", f"unknown distribution '{name}'", text, hint)
    before = len(problems)
    parameters = _parameters(name, inside, text, problems)
    return MISSING if len(problems) > before else model.Delay(distribution=name, parameters=parameters)


def _piece(text: Text, start: int, end: int) -> Text:
    """A part of a text without the blanks around it, which knows where it stands."""
    piece = text[start:end]
    place = position_of(text)
    start += len(piece) - len(piece.lstrip())
    return Located(piece.strip(), place.shifted(start)) if place else piece.strip()


def _split(text: Text, separator: str, most: int | None = None) -> list[Text]:
    """The parts between separators that stand in no brackets; none of an empty text. A sign is no separator."""
    cuts, depth, begun = [-1], 0, False
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        sign = character == "+" and (not begun or _EXPONENT.match(text[max(0, index - 2) : index]) is not None)
        if character == separator and depth == 0 and not sign and (most is None or len(cuts) <= most):
            cuts.append(index)
        begun = begun or not character.isspace()
    ends = [*cuts[1:], len(text)]
    return [_piece(text, cut + 1, end) for cut, end in zip(cuts, ends, strict=True)] if text else []


def _shifted(first: Text, second: Text, text: Text, problems: Problems, depth: int) -> Any:
    """A fixed time and a delay; the sum of two random ones has no exact distribution here."""
    if "(" in first:
        first, second = second, first
    if "(" in first:
        hint = "write 5ms + exponential(20ms); two delays after each other are two steps"
        return wrong(problems, "E029", "only a fixed time can be added to a delay", text, hint)
    by, delay = duration(first, problems), _delay(second, problems, depth + 1)
    if by is MISSING or delay is MISSING:
        return MISSING
    return model.Delay(distribution="shifted", parameters={"by": by}, parts=(delay,))


def _mixture(parts: list[Text], text: Text, problems: Problems, depth: int) -> Any:
    weights, delays = [], []
    for part in parts:
        match = _PART.match(part)
        if not match:
            wrong(problems, "E029", f"'{part[:40]}' is not a probability and a delay", part, _MIXTURE)
            continue
        number = _piece(part, match.start(1), match.end(1))
        weights.append(probability(number, problems))
        delays.append(_delay(_piece(part, match.end(), len(part)), problems, depth + 1))
    if len(delays) < len(parts) or MISSING in weights or any(delay is MISSING for delay in delays):
        return MISSING
    fault = weight_faults(weights)
    if fault:
        return wrong(problems, "E029", fault, text, _MIXTURE if len(parts) < 2 else "")
    return model.Delay(distribution="mixture", parts=tuple(delays), weights=tuple(weights))


def _parameters(name: str, parts: list[Text], text: Text, problems: Problems) -> dict[str, float | str]:
    """The parameters of a distribution, by name or in order."""
    in_order = [*DISTRIBUTIONS[name].forms[0], *DISTRIBUTIONS[name].optional]
    texts: dict[str, Text] = {}
    places: dict[str, Text] = {"": text}
    for index, part in enumerate(parts):
        key, equals, _ = part.partition("=")
        value = _piece(part, len(key) + 1, len(part))
        key = key.strip()
        if not equals:
            key, value = in_order[index] if index < len(in_order) else "", part
        if key in texts:
            wrong(problems, "E029", f"'{key}' is given twice: {usage(name)}", part)
            return {}
        if not key:
            wrong(problems, "E029", f"too many parameters: {usage(name)}", part)
            return {}
        texts[key], places[key] = value, part
    unnamed = list(names_faults(name, texts))
    for fault in unnamed:
        wrong(problems, "E029", fault.message, places[fault.parameter])
    values: dict[str, Any] = {}
    for key, each in texts.items():
        form = form_of(name, [key])
        number = _parameter(each, form[key], key, problems) if form else MISSING
        if number is not MISSING:
            values[key] = number
    if not unnamed and len(values) == len(texts):
        for fault in faults(name, values):
            wrong(problems, "E029", fault.message, texts.get(fault.parameter, text))
    return values


def _parameter(text: Text, kind: str, key: str, problems: Problems) -> Any:
    """The number or the text that stands for a parameter; whether it may be that is not asked here."""
    if kind in _TEXTS:
        return text
    if kind.startswith("time"):
        return duration(text, problems)
    value = float(text) if re.fullmatch(NUMBER, text) else inf
    return (
        value if value != inf else wrong(problems, "E029", f"'{text[:40]}' is not a number", text, f"{key} has no unit")
    )


def write_delay(value: Any) -> str:
    """A delay as text that is read as the same delay; raises `CannotWrite`."""
    if not isinstance(value, model.Delay):
        raise CannotWrite("expected a Delay")
    name, given = value.distribution, value.parameters
    if name not in DISTRIBUTIONS:
        raise CannotWrite(f"'{name}' is not a distribution")
    fault = next(names_faults(name, given), None)
    if fault is not None:
        raise CannotWrite(fault.message)
    if name == "mixture":
        pairs = zip(value.weights, value.parts, strict=True)
        return f"mixture({', '.join(f'{write_probability(weight)} {write_delay(part)}' for weight, part in pairs)})"
    form = form_of(name, given) or {}
    written = {key: _write_parameter(given[key], kind) for key, kind in form.items()}
    if name == "shifted":
        return f"{written['by']} + {write_delay(value.parts[0])}"
    if name == "constant":
        return written["value"]
    return f"{name}({', '.join(f'{key}={text}' for key, text in written.items())})"


def _write_parameter(value: Any, kind: str) -> str:
    if kind in _TEXTS:
        return write_text(value)
    return write_duration(value) if kind.startswith("time") else write_number(value)


_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "string", "pattern": r"^\s*[^\W\d]\w*\s*\(.*\)"}, *TIME["anyOf"]]}
DELAY = scalar("a delay", _delay, _SCHEMA, "write 20ms or exponential(mean=20ms)", write_delay)
DELAYS = named("delay", DELAY)
