"""Names that stand for two things: which one a formula means would be a matter of luck."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from . import model
from .errors import Problem, position_of

WORDS = frozenset({"bool", "int", "real", "list", "map"})
_OTHER = "give one of them another name"


def name_problems(design: model.Model) -> Iterator[Problem]:
    """Everything that formulas can speak of has a name of its own: constants, variables, and the labels of
    enumerations, within the design and within each participant. (Two enumerations may share a label.)"""
    types = dict.fromkeys(design.types, "a type")
    for name in design.types:
        if name in WORDS:
            yield Problem(
                "E142", f"a type cannot be called '{name}'", position_of(name), "it is a word of types already"
            )
    yield from _clashes(design.constants, "a constant", types)
    constants = {**types, **dict.fromkeys(design.constants, "a constant")}
    yield from _types_labels(design.types, {**constants, **dict.fromkeys(design.variables, "a variable")})
    yield from _clashes(design.variables, "a variable", constants)
    known = {**constants, **dict.fromkeys(design.variables, "a variable")}
    yield from _labels(design.variables, known)
    if not isinstance(design, model.Choreography):
        return
    for name, participant in design.participants.items():
        if name == "event":
            hint = "handlers call the event they react to by this name"
            yield Problem("E142", "a participant cannot be called 'event'", position_of(name), hint)
        yield from _clashes(participant.variables, f"a variable of '{name}'", known)
        yield from _labels(participant.variables, {**known, **dict.fromkeys(participant.variables, "a variable")})


def _clashes(names: Mapping[str, object], what: str, known: Mapping[str, str]) -> Iterator[Problem]:
    for name in names:
        if name in known:
            message = f"'{name}' is {known[name]} and {what}"
            yield Problem(
                "E142", message.replace("a variable and", "a variable of the design and"), position_of(name), _OTHER
            )


def _labels(variables: Mapping[str, model.Variable], known: Mapping[str, str]) -> Iterator[Problem]:
    yield from _types_labels({name: variable.type for name, variable in variables.items()}, known)


def _types_labels(types: Mapping[str, str], known: Mapping[str, str]) -> Iterator[Problem]:
    for name, text in types.items():
        for offset, label in labels_of(text):
            if label in known:
                place = position_of(text)
                message = f"'{label}' is {known[label]} and a value of '{name}'"
                yield Problem("E142", message, place.shifted(offset) if place else None, _OTHER)


def labels_of(text: str) -> Iterator[tuple[int, str]]:
    """The labels of `{idle, busy}`, also within other types, each with its offset."""
    for found in _LABELS.finditer(text):
        offset = found.start() + 1
        for part in found.group()[1:-1].split(","):
            yield offset + len(part) - len(part.lstrip()), part.strip()
            offset += len(part) + 1


_LABELS = re.compile(r"\{[^{}:]*\}")
