"""The text of a place/transition net: places with their tokens, transitions with what they take and give."""

from __future__ import annotations

import re
from typing import Any

from .. import model
from ..errors import Located, Position, Problem, did_you_mean, report
from ..source import LocatedList, LocatedMap, Node
from .design import DESIGN, plain
from .reader import (
    MISSING,
    Key,
    Problems,
    Reader,
    converted,
    either,
    mapping_of,
    note,
    one_or_more,
    record,
    scalar,
    short,
)
from .values import COUNT, NAME, TEXT
from .writing import CannotWrite, Written, only


def _tokens(text: Located, problems: Problems) -> Any:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        return note(problems, "E025", f"expected a number of tokens, found '{text[:40]}'", text)
    return int(text)


def _write_tokens(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise CannotWrite(f"{value!r} is not a number of tokens")
    return str(value)


_NUMBER = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+$"}]}
TOKENS = scalar("a number of tokens", _tokens, _NUMBER, write=_write_tokens)
_TITLE = Key(TEXT, "what another tool calls it")
PLACE = short(
    converted(TOKENS, lambda tokens: model.Place(tokens=tokens), only("tokens")),
    record("a place", {"tokens": Key(TOKENS, "how many tokens lie there at the start"), "title": _TITLE},
           plain(model.Place)),
)  # fmt: skip


def _once_each(names: tuple[str, ...]) -> dict[str, int]:
    return dict.fromkeys(names, 1)


def _names(marking: Any) -> tuple[str, ...]:
    if any(number != 1 for number in marking.values()):
        raise CannotWrite("some number is not 1")
    return tuple(marking)


_LISTED = converted(one_or_more(NAME), _once_each, _names)
_WEIGHTED = mapping_of(COUNT, NAME, "places with a number of tokens each")
# `a`, `[a, b]` and `{a: 2, b: 1}`.
MARKING = either(
    lambda node: _WEIGHTED if isinstance(node, LocatedMap) else _LISTED,
    _LISTED,
    _WEIGHTED,
)
TRANSITION = record(
    "a transition of a net",
    {
        "takes": Key(MARKING, "the places that it takes tokens from: `a`, `[a, b]` for one each, or `{a: 2, b: 1}`"),
        "gives": Key(MARKING, "the places that it gives tokens to"),
        "title": _TITLE,
    },
    plain(model.NetTransition),
)


def _several(node: Node, problems: Problems) -> Any:
    if isinstance(node, LocatedList) and any(isinstance(each, LocatedMap) for each in node):
        found = [MARKING.read(each, problems) for each in node]
        return MISSING if MISSING in found else tuple(found)
    one = MARKING.read(node, problems)
    return one if one is MISSING else (one,)


def _write_several(value: Any) -> Written:
    if len(value) == 1:
        return MARKING.write(value[0])
    return [_WEIGHTED.write(each) for each in value]


FINAL = Reader(
    _several,
    {"anyOf": [MARKING.schema, {"type": "array", "items": _WEIGHTED.schema}]},
    MARKING.definitions,
    _write_several,
    MARKING.about,
)
NET = {
    **{key: entry for key, entry in DESIGN.items() if key not in ("constants", "types", "variables")},
    "places": Key(
        mapping_of(PLACE, NAME), "where tokens lie, each with how many there are at the start", required=True
    ),
    "transitions": Key(mapping_of(TRANSITION, NAME), "what moves tokens", required=True),
    "final": Key(
        FINAL,
        "where it has ended: a place, places, a marking `{a: 2}`, or a list of several markings; without it: tokens lie"
        " on sinks only, at least one and on none more than one",
    ),
}


def check_places(net: model.Net, declared: tuple[str, ...], problems: Problems) -> None:
    """Notes every name of a place that means nothing."""
    marking = [*net.final, *(m for each in net.transitions.values() for m in (each.takes, each.gives))]
    for name in (name for each in marking for name in each if name not in declared):
        place: Position | None = getattr(name, "position", None)
        hint = did_you_mean(name, declared, otherwise="this net declares no places")
        report(problems, Problem("E030", f"unknown place '{name}'", place, hint))
