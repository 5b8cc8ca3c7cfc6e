"""What all kinds of model have: variables, properties, expectations, times."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .. import model
from ..errors import Located
from ..source import LocatedMap, Node
from .reader import (
    MISSING,
    Key,
    Problems,
    Reader,
    converted,
    either,
    list_of,
    mapping_of,
    named,
    note,
    one_or_more,
    record,
    scalar,
    short,
    word,
)
from .values import COUNT, DELAY, FORMULA, INITIAL, LABELS, NAME, TEXT, TRUTH, TYPE

NAMES = one_or_more(NAME)
DELAYS = named("delay", DELAY)


def plain(dataclass: Callable[..., Any]) -> Callable[[dict[str, Any], LocatedMap, Problems], Any]:
    """Builds a dataclass from its fields as they are."""
    return lambda values, _node, _problems: dataclass(**values)


def with_outcomes(dataclass: Callable[..., Any]) -> Callable[[dict[str, Any], LocatedMap, Problems], Any]:
    """`outcomes: {ok: ...}` is another way to write `effect`."""

    def build(values: dict[str, Any], _node: LocatedMap, problems: Problems) -> Any:
        outcomes = dict(values.get("outcomes", {}))
        if "ok" in outcomes:
            if "effect" in values:
                key = next(name for name in outcomes if name == "ok")
                note(problems, "E031", "'effect' and 'outcomes: ok' say the same thing twice", key, "keep one of them")
            values = {**values, "effect": outcomes.pop("ok"), "outcomes": outcomes}
        return dataclass(**values)

    return build


def _variable(values: dict[str, Any], node: LocatedMap, problems: Problems) -> Any:
    kinds = [key for key in ("range", "values", "type") if key in node]
    if not kinds and any(key not in VARIABLE_KEYS for key in node):
        return MISSING  # The kind may stand under the key that is misspelled.
    if len(kinds) != 1:
        what = "several of" if kinds else "none of"
        message = f"a variable needs one of range, values and type; found {what} them"
        return note(problems, "E031", message, next((key for key in node if key == kinds[-1]), node) if kinds else node)
    kind = values.pop(kinds[0], MISSING)
    return MISSING if kind is MISSING else model.Variable(type=kind, **values)


def _short_variable(text: Located, problems: Problems) -> Any:
    if text in ("true", "false"):
        return model.Variable(type="bool", initial=text)
    if re.fullmatch(r"-?\d+", text):
        return model.Variable(type="int", initial=text)
    if re.fullmatch(r"-?\d+\.\d+", text):
        return model.Variable(type="real", initial=text)
    if ".." in text or text in ("bool", "int", "real"):
        return model.Variable(type=text)
    hint = "write false, 0, 0..5 or {values: [idle, busy], initial: idle}"
    return note(problems, "E022", f"'{text[:40]}' does not say what kind of variable this is", text, hint)


VARIABLE_KEYS = {
    "range": Key(TEXT, "its smallest and largest value: 0..5"),
    "values": Key(LABELS, "its possible values by name: [idle, busy]"),
    "type": Key(TYPE, "bool, int, real, a range 0..5 or values {idle, busy}"),
    "initial": Key(INITIAL, "the first value; a range or set of possible first values; any"),
    "shared": Key(TRUTH, "shared by all instances instead of one for each"),
    "over": Key(one_or_more(TEXT, repeats=True), "indexed: one variable for each index in a range 1..N"),
}
VARIABLE = named(
    "variable",
    short(
        scalar("a variable", _short_variable, {"type": ["boolean", "number", "string"]}),
        record("a variable", VARIABLE_KEYS, _variable),
    ),
)
VARIABLES = mapping_of(VARIABLE, NAME, "variables as a mapping")


def _pair(node: Node, problems: Problems) -> Any:
    values = list_of(FORMULA, "a pair [first, second]").read(node, problems)
    if values is MISSING or len(values) == 2:
        return values
    return note(problems, "E022", f"expected a pair [first, second], found {len(values)} of them", node)


def _later(node: Node, problems: Problems) -> Any:
    return note(problems, "E033", "'deadline' is not supported yet", node, "look at the times that simulate prints")


def _property(values: dict[str, Any], node: LocatedMap, problems: Problems) -> Any:
    known = [key for key in node if key in PROPERTY_KEYS]
    if len(known) > 1:
        message = f"a property is one word and what it is about; this is '{known[0]}' already"
        return note(problems, "E031", message, known[1], "make another property of it")
    if not node:
        return note(problems, "E031", "a property is one word and what it is about", node, "write {always: ...}")
    return next((model.Property(word=key, about=values[key]) for key in values), MISSING)


PROPERTY_KEYS = {
    "always": Key(FORMULA, "holds in every state of every execution"),
    "never": Key(FORMULA, "holds in no state of any execution"),
    "reachable": Key(FORMULA, "holds in some state of some execution"),
    "possible": Key(FORMULA, "from every reachable state it can still come to hold"),
    "leads_to": Key(Reader(_pair, {"type": "array", "minItems": 2, "maxItems": 2}), "[p, q]: p is followed by q"),
    "before": Key(
        Reader(_pair, {"type": "array", "minItems": 2, "maxItems": 2}),
        "[a, b]: a has finished whenever b starts",
    ),
    "ends": Key(TEXT, "flow: every execution ends"),
    "compensated": Key(TEXT, "flow: a failed flow leaves nothing behind and undoes nothing that did not happen"),
    "outcome": Key(FORMULA, "holds whenever the flow has ended"),
    "deadline": Key(Reader(_later, {}), "(not supported yet)"),
}
PROPERTY = record("a property", PROPERTY_KEYS, _property, example="{always: ...}")
_NOTHING = Reader(lambda _node, _problems: "", {"type": "null"})
DESIGN = {
    "description": Key(
        either(lambda node: TEXT if node else _NOTHING, TEXT, _NOTHING),
        "what this is, for people",
    ),
    "constants": Key(mapping_of(FORMULA, NAME), "named numbers; --set N=5 replaces one"),
    "variables": Key(VARIABLES, "the state"),
    "properties": Key(mapping_of(PROPERTY, TEXT), "what should hold, by name"),
    "expect": Key(
        mapping_of(
            word(
                "proved", "refuted", "bounded", "unknown", extra={"true": "write 'proved'", "false": "write 'refuted'"}
            ),
            TEXT,
        ),
        "the verdict that is meant, for properties and checks by name",
    ),
    "states": Key(COUNT, "how many states there are, where that is known"),
}
INSTANCES = Key(FORMULA, "how many copies run at once")
ARRIVALS = Key(
    short(
        converted(DELAYS, lambda delay: model.Arrivals(interval=delay)),
        record(
            "arrivals", {"interval": Key(DELAYS, "the time between two arrivals", required=True)}, plain(model.Arrivals)
        ),
    ),
    "how jobs arrive in a simulation; without it each runs alone",
)
