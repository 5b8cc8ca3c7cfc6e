"""Names that stand for two things: which one a formula means would be a matter of luck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from . import model
from .errors import Problem, position_of

_OTHER = "give one of them another name"


def name_problems(design: model.Model) -> Iterator[Problem]:
    """Everything that formulas can speak of has a name of its own: constants, variables, and the labels of
    enumerations, within the design and within each participant. (Two enumerations may share a label.)"""
    constants = dict.fromkeys(design.constants, "a constant")
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
    for name, variable in variables.items():
        text = variable.type.strip()
        if not (text.startswith("{") and text.endswith("}")):
            continue
        for offset, label in labels_of(variable.type):
            if label in known:
                place = position_of(variable.type)
                message = f"'{label}' is {known[label]} and a value of '{name}'"
                yield Problem("E142", message, place.shifted(offset) if place else None, _OTHER)


def labels_of(text: str) -> Iterator[tuple[int, str]]:
    """The labels of `{idle, busy}`, each with its offset."""
    inside = text.strip().strip("{}")
    offset = text.find(inside) if inside else 0
    for part in inside.split(","):
        yield offset + len(part) - len(part.lstrip()), part.strip()
        offset += len(part) + 1
