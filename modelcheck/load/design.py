"""What all kinds of model have: variables, properties, expectations, times."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .. import model
from ..errors import Located, Position
from ..expressions import as_text
from ..source import LocatedMap, Node
from .reader import (
    MISSING,
    About,
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
from .values import COUNT, DURATION, FORMULA, INITIAL, LABELS, NAME, PROBABILITY, TEXT, TRUTH, TYPE
from .writing import Builds, CannotWrite, brackets, said

NAMES = one_or_more(NAME)


def plain(dataclass: Callable[..., Any]) -> Builds:
    """Builds a dataclass from its fields as they are."""
    return Builds(dataclass)


def outcomes_apart(values: dict[str, Any], _node: LocatedMap, problems: Problems) -> dict[str, Any]:
    """`outcomes: {ok: ...}` is another way to write `effect`."""
    outcomes = dict(values.get("outcomes", {}))
    if "ok" in outcomes:
        if "effect" in values:
            key = next(name for name in outcomes if name == "ok")
            note(problems, "E031", "'effect' and 'outcomes: ok' say the same thing twice", key, "keep one of them")
        return {**values, "effect": outcomes.pop("ok"), "outcomes": outcomes}
    return values


def with_outcomes(dataclass: Callable[..., Any]) -> Builds:
    """Builds a dataclass whose effect may stand among its outcomes."""
    return Builds(dataclass, outcomes_apart)


def said_with_outcomes(value: Any) -> dict[str, Any]:
    """What is to be written of something with outcomes: where there are others, its effect stands among them."""
    fields = said(value)
    if "outcomes" in fields and "ok" not in fields["outcomes"] and "effect" in fields:
        fields["outcomes"] = {"ok": fields.pop("effect"), **fields["outcomes"]}
    return fields


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


def _said_variable(value: Any) -> dict[str, Any]:
    fields = said(value)
    kind = fields.pop("type")
    tree = brackets(kind)
    if isinstance(tree, dict) and not any(tree.values()):
        return {"values": kind, **fields}
    plain_range = ".." in kind and not re.match(r"\{|\w+ (of|from)\b", kind)
    return {"range" if plain_range else "type": kind, **fields}


def _short_text(value: model.Variable) -> str:
    """The first value or the type, where that says all of a variable."""
    as_read = replace(value, initial=as_text(value.initial))
    for text in (as_text(value.initial), value.type):
        if _short_variable(Located(text, Position("", 1, 1)), []) == as_read:
            return text
    raise CannotWrite("its first value does not say all of it")


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


_SHORT = r"^(true|false|bool|int|real|-?\d+(\.\d+)?)$|\.\."
VARIABLE_KEYS = {
    "range": Key(
        TEXT,
        "its smallest and largest value, `0..5`; leaving the range is a finding",
        python="Variable.type",
    ),
    "values": Key(LABELS, "its possible values by name: `[idle, busy]`", python="Variable.type"),
    "type": Key(
        TYPE,
        "`bool`, `int`, `real`, `0..5`, `{idle, busy}`, a name of `types`, a record "
        "`{item: Item, amount: 0..5}`, `list of Item at most 3`, `map from Item to 0..5`",
    ),
    "initial": Key(INITIAL, "the first value: one, a range `0..2` or a set `{1, 3}` (each a possible start), or `any`"),
    "shared": Key(TRUTH, "one variable for all instances instead of one for each"),
    "over": Key(
        one_or_more(TEXT, repeats=True),
        "indexed: one variable for each value of an index, `1..N`, or of several, `[1..N, 0..1]`",
    ),
}
VARIABLE = named(
    "variable",
    short(
        scalar(
            "a first value or a type",
            _short_variable,
            {"anyOf": [{"type": ["boolean", "number"]}, {"type": "string", "pattern": _SHORT}]},
            write=_short_text,
        ),
        record("a variable", VARIABLE_KEYS, _variable, _said_variable, model.Variable),
    ),
)
VARIABLES = mapping_of(VARIABLE, NAME, "variables as a mapping")


def _pair(node: Node, problems: Problems) -> Any:
    values = list_of(FORMULA, "a pair [first, second]").read(node, problems)
    if values is MISSING or len(values) == 2:
        return values
    return note(problems, "E022", f"expected a pair [first, second], found {len(values)} of them", node)


def _one_time(value: Any) -> Any:
    if isinstance(value, tuple):
        raise CannotWrite("a deadline with a probability is a mapping")
    return value


def _property(values: dict[str, Any], node: LocatedMap, problems: Problems) -> Any:
    known = [key for key in node if key in PROPERTY_KEYS and key != "fairness"]
    if len(known) > 1:
        message = f"a property is one word and what it is about; this is '{known[0]}' already"
        return note(problems, "E031", message, known[1], "make another property of it")
    if not node:
        return note(problems, "E031", "a property is one word and what it is about", node, "write {always: ...}")
    fairness = values.pop("fairness", None)
    if known and "fairness" in node and known[0] not in FAIR:
        message = f"'{known[0]}' does not depend on fairness"
        key = next(key for key in node if key == "fairness")
        return note(problems, "E031", message, key, f"only {' and '.join(FAIR)} do")
    if not known and set(node) == {"fairness"}:
        return note(problems, "E031", "fairness alone is no property", node, "write {leads_to: [p, q], fairness: ...}")
    return next((model.Property(word=key, about=values[key], fairness=fairness) for key in values), MISSING)


_PAIR = Reader(
    _pair,
    {"type": "array", "minItems": 2, "maxItems": 2, "items": FORMULA.schema},
    write=list_of(FORMULA).write,
    about=About("a pair [first, second]"),
)
FAIRNESS = word(
    meanings={
        "none": "every execution counts, also one in which somebody who could act all the time never does",
        "weak": "each actor who can act all the time acts at some time; nothing is assumed of outcomes",
        "strong": "each actor who can act again and again acts again and again; nothing is assumed of outcomes",
        "outcomes": "each action that is possible again and again happens again and again, also each outcome of a step",
    },
)
FAIR = ("leads_to", "ends")  # What depends on fairness.
_LIKELY = record(
    "a deadline",
    {
        "within": Key(DURATION, "the time that is allowed", required=True, python="Property.about"),
        "probability": Key(PROBABILITY, "how many of the jobs must keep to it", required=True, python="Property.about"),
    },
    lambda values, _node, _problems: (values["within"], values["probability"]),
    lambda value: {"within": value[0], "probability": value[1]},
    example="{within: 2s, probability: 95%}",
)
DEADLINE = short(converted(DURATION, lambda seconds: seconds, _one_time), _LIKELY)
PROPERTY_KEYS = {
    "always": Key(FORMULA, "holds in every state of every execution", python="Property.about"),
    "never": Key(FORMULA, "holds in no state of any execution", python="Property.about"),
    "reachable": Key(FORMULA, "holds in some state of some execution", python="Property.about"),
    "possible": Key(
        FORMULA,
        "from every state that can be reached, a state can be reached in which it holds (AG EF)",
        python="Property.about",
    ),
    "leads_to": Key(
        _PAIR, "`[p, q]`: whenever p holds, q holds then or later, in every fair execution", python="Property.about"
    ),
    "before": Key(
        _PAIR,
        "`[a, b]`: a step, handler, event or action b never happens unless a has happened, in the same instance",
        python="Property.about",
    ),
    "ends": Key(TEXT, "`flow` (or `system`): every fair execution ends", python="Property.about"),
    "compensated": Key(
        TEXT,
        "`flow`: at each failed end exactly the steps that had an effect are undone, once each, in order",
        python="Property.about",
    ),
    "outcome": Key(FORMULA, "holds whenever the flow (or the whole) has ended", python="Property.about"),
    "fairness": Key(
        FAIRNESS,
        "which executions count, for `leads_to` and `ends`, if not those that the model says",
        python="Property.fairness",
    ),
    "sound": Key(
        word(
            meanings={
                "classical": "the end can be reached from everywhere, nothing is left behind, everything can happen",
                "weak": "the end can be reached from everywhere, and nothing is left behind",
                "relaxed": "everything can happen on some way to the end",
                "easy": "the end can be reached",
            }
        ),
        "the soundness that is asked for: it can complete, cleanly, and nothing in it is dead",
        python="Property.about",
    ),
    "deadline": Key(
        DEADLINE,
        "a job is over within this time whatever its delays are, or with a probability",
        python="Property.about",
    ),
}
PROPERTY = record(
    "a property",
    PROPERTY_KEYS,
    _property,
    lambda value: {value.word: value.about, **({} if value.fairness is None else {"fairness": value.fairness})},
    model.Property,
    example="{always: ...}",
)
_NOTHING = Reader(lambda _node, _problems: "", {"type": "null"}, about=About("nothing"))
DESIGN = {
    "description": Key(
        either(lambda node: TEXT if node else _NOTHING, TEXT, _NOTHING),
        "what this design is, for people",
    ),
    "constants": Key(
        mapping_of(FORMULA, NAME), "numbers by name, which formulas and ranges may use; `--set N=5` replaces one"
    ),
    "types": Key(mapping_of(TYPE, NAME), "names for types: `Item: {book, pen}`, `Line: {item: Item, amount: 0..5}`"),
    "variables": Key(VARIABLES, "the state: what the design knows and changes"),
    "properties": Key(mapping_of(PROPERTY, TEXT), "what should hold, by name"),
    "observe": Key(
        mapping_of(FORMULA, NAME),
        "what the outside sees of this design: {name outside: formula here}; designs are compared by these names",
    ),
    "fairness": Key(
        FAIRNESS,
        "which executions count where it is asked what happens sooner or later (`leads_to`, `ends`, termination)",
    ),
    "expect": Key(
        mapping_of(
            word(
                extra={"true": "write 'proved'", "false": "write 'refuted'"},
                meanings={
                    "proved": "holds in every execution",
                    "refuted": "there is a counterexample (for `reachable`: nothing like it can be reached)",
                    "bounded": "no counterexample up to a bound that the engine chose",
                    "unknown": "the limits of time or memory came first, or z3 gave up",
                },
            ),
            TEXT,
        ),
        "the verdict that is meant, by the name of a property or check; without it `proved` is meant",
    ),
    "states": Key(COUNT, "how many states there are, where that is known: another number is a finding"),
}
INSTANCES = Key(FORMULA, "how many copies run at once; they share services, channels and what is `shared`")
