"""How models are mutated: their bytes, their structure, their formulas. Every case follows from its number alone."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from modelcheck.catalogue import catalogue

ROOT = Path(__file__).parent.parent.parent
LONGEST = 20_000

Mutation = Callable[[random.Random, str], str]

# Words that a model or a formula may have in it, and some that it may not.
_TOKENS = (
    "and or not implies => if else in true false forall exists sum count min max abs any done skipped aborted ended "
    "running event.amount == != < <= > >= + - * // % / .. ( ) [ ] { } , : = ! & | ** 0 1 2 -1 1000000 0.5 1e9 x y i N "
    "stock paid order end abort flow otherwise ok error failed timeout unlimited 5% 20ms 1h exponential(mean=20ms) "
    "lognormal(20ms,sigma=0.5) 0..5 1..N 1..0 {a,b} [a,b] orchestration: choreography: system: variables: steps: "
    "after: after:[] when: await: requires: ensures: effect: check: outcomes: retry: timeout: compensation: "
    "transitions: modifies: restores: input: output: services: events: participants: routes: subscribes: handlers: "
    "on: publishes: starts: channels: capacity: delivery: instances: range: values: type: initial: over: shared: "
    "constants: properties: always: never: before: leads_to: possible: compensated: ends: outcome: expect: states: "
    "for_each: actor: finished: initially: policies: order: lifo reverse parallel join: choice: free fails: time: "
    "workers: arrivals: None True null ~ *a &a !!int \t \r\n ' \" # - ? | > % @ ` \x00 \x1b \u202e \ud7ff é ∧ 1:30 "
    "0x1F 1_000 lambda"
)
TOKENS = tuple(_TOKENS.split(" "))
_OPERATORS = ("and", "or", "implies", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "//", "%", "/", "=>", "in")
VALUES: tuple[Any, ...] = (
    "", "0", "-1", "1", "2", "5..0", "0..5", "0..100000000000", "1.5", "x", "true", "any", "{}", "{a, b}", "not x",
    "x + 1", "5%", "20ms", "-1s", "unlimited", "stock", "end", "1 // 0", "x // x", "1000000", "10 ** 9", [], {}, ["a"],
    ["a", "a"], {"x": "1"}, {"a": {}}, [["a"]], [{}], {"event": "E"}, "exists i in 0..3: x == i",
    "forall i in 1..3: true",
)  # fmt: skip


@cache
def _good() -> tuple[str, ...]:
    """Models without a mistake: the packaged ones, those of the tests, the catalogue's remedies."""
    texts = [path.read_text("utf-8") for folder in ("models", "tests/good") for path in _files(folder)]
    return (*texts, *(entry.remedy for entry in catalogue().values() if entry.remedy))


@cache
def _broken() -> tuple[str, ...]:
    """What is wrong already."""
    texts = [path.read_text("utf-8", "replace") for path in _files("tests/broken")]
    return (*(text[:LONGEST] for text in texts), *(entry.example for entry in catalogue().values() if entry.example))


def _files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).glob("*.yaml"))


@cache
def _parsed() -> tuple[Any, ...]:
    """The good models as trees of dictionaries, lists and texts."""
    return tuple(yaml.load(text, Loader=yaml.BaseLoader) for text in _good())


def _tree(draw: random.Random) -> Any:
    """One of the good models, to be changed."""
    return _copied(draw.choice(_parsed()))


def case(number: int) -> str:
    """The text of a case."""
    draw = random.Random(number)
    kind = draw.choice(("bytes", "structure", "structure", "formulas", "formulas"))
    if kind == "bytes":
        text = draw.choice(_good() if draw.random() < 0.8 else _broken())
        for _ in range(draw.choice((1, 1, 2, 4, 8))):
            text = draw.choice(BYTES)(draw, text)
        return text[: 2 * LONGEST]
    tree = _tree(draw)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 5))):
        if kind == "structure" or draw.random() < 0.1:
            tree = _mutated_structure(draw, tree)
        else:
            _mutate_formula(draw, tree)
    return yaml.safe_dump(tree, sort_keys=False, default_flow_style=draw.choice((None, False)), width=120)


# --- Bytes and tokens -----------------------------------------------------------------------------------------


def _place(draw: random.Random, text: str) -> int:
    return draw.randrange(len(text) + 1)


def _span(draw: random.Random, text: str) -> tuple[int, int]:
    first = _place(draw, text)
    return first, min(len(text), first + draw.choice((1, 2, 5, 20, 100)))


def _flip(draw: random.Random, text: str) -> str:
    if not text:
        return text
    at = draw.randrange(len(text))
    return text[:at] + chr(ord(text[at]) ^ (1 << draw.randrange(7))) + text[at + 1 :]


def _delete(draw: random.Random, text: str) -> str:
    first, last = _span(draw, text)
    return text[:first] + text[last:]


def _duplicate(draw: random.Random, text: str) -> str:
    first, last = _span(draw, text)
    return text[:last] + text[first:last] * draw.choice((1, 1, 3, 30)) + text[last:]


def _splice(draw: random.Random, text: str) -> str:
    other = draw.choice(_good())
    first, last = _span(draw, other)
    at = _place(draw, text)
    return draw.choice((text[:at] + other[_place(draw, other) :], text[:at] + other[first:last] + text[at:]))


def _insert_token(draw: random.Random, text: str) -> str:
    at = draw.choice([0, *(found.start() for found in re.finditer(r"\b", text))])
    return f"{text[:at]}{draw.choice(('', ' '))}{draw.choice(TOKENS)}{draw.choice(('', ' '))}{text[at:]}"


def _replace_token(draw: random.Random, text: str) -> str:
    words = list(re.finditer(r"\w+|[^\w\s]+", text))
    if not words:
        return text
    word = draw.choice(words)
    other = draw.choice((draw.choice(TOKENS), draw.choice(words).group()))
    return text[: word.start()] + other + text[word.end() :]


def _swap_lines(draw: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    if len(lines) > 1:
        first, second = draw.randrange(len(lines)), draw.randrange(len(lines))
        lines[first], lines[second] = lines[second], lines[first]
    return "".join(lines)


def _indent(draw: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    if lines:
        at = draw.randrange(len(lines))
        lines[at] = draw.choice(("  " + lines[at], "\t" + lines[at], lines[at].lstrip()))
    return "".join(lines)


BYTES: tuple[Mutation, ...] = (
    _flip, _delete, _duplicate, _splice, _insert_token, _insert_token, _replace_token, _replace_token, _swap_lines,
    _indent,
)  # fmt: skip


# --- Structure ------------------------------------------------------------------------------------------------


def _nodes(tree: Any) -> list[tuple[Any, Any]]:
    """Every place of a tree as a container with a key or an index."""
    found: list[tuple[Any, Any]] = []
    pending = [tree]
    while pending:
        node = pending.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        found += [(node, key) for key in keys]
        pending += [node[key] for key in keys]
    return found


def _mutated_structure(draw: random.Random, tree: Any) -> Any:
    """A subtree exchanged for one alike, deleted, swapped, retyped, renamed, taken from another model, or added."""
    nodes = _nodes(tree)
    if not nodes:
        return _tree(draw)
    container, key = draw.choice(nodes)
    kind = draw.choice(("delete", "swap", "value", "rename", "graft", "add", "wrap", "copy", *["alike"] * 8))
    if kind == "alike":  # What stands under the same key elsewhere has the right shape.
        others = [*nodes, *_nodes(_tree(draw))]
        container[key] = _copied(draw.choice([node[its] for node, its in others if its == key]))
    elif kind == "delete":
        del container[key]
    elif kind == "swap":
        other, its = draw.choice(nodes)
        with suppress(KeyError, IndexError):  # The one may have stood in the other.
            container[key], other[its] = _copied(other[its]), _copied(container[key])
    elif kind == "value":
        container[key] = _copied(draw.choice(VALUES))
    elif kind == "rename" and isinstance(container, dict):
        _, name = draw.choice(nodes)
        renamed = {(str(name) if each == key else each): value for each, value in container.items()}
        container.clear()
        container.update(renamed)
    elif kind == "graft":
        other, its = draw.choice(_nodes(_tree(draw)))
        container[key] = other[its]
    elif kind == "add" and isinstance(container, dict):
        other, its = draw.choice(_nodes(_tree(draw)))
        container[str(its)] = other[its]
    elif kind == "wrap":
        container[key] = draw.choice(([container[key]], {"x": container[key]}))
    else:
        other, its = draw.choice(nodes)
        container[key] = _copied(other[its])
    return tree


def _copied(tree: Any) -> Any:
    """A copy, so that no tree stands in itself."""
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    return [_copied(value) for value in tree] if isinstance(tree, list) else tree


# --- Formulas -------------------------------------------------------------------------------------------------


def _mutate_formula(draw: random.Random, tree: Any) -> None:
    """Exchanges tokens of one scalar, or puts a random formula of the model's own words in its place."""
    places = [(node, key) for node, key in _nodes(tree) if isinstance(node[key], str)]
    if not places:
        return
    container, key = draw.choice(places)
    words = _words(tree)
    if draw.random() < 0.4:
        container[key] = _formula(draw, words, draw.randrange(1, 5))
    elif draw.random() < 0.3:
        container[key] = " ".join(draw.choice(TOKENS) for _ in range(draw.randrange(1, 12)))
    else:
        pieces = re.findall(r"\w+|[^\w\s]+|\s+", container[key]) or [""]
        pieces[draw.randrange(len(pieces))] = draw.choice((*TOKENS, *words))
        container[key] = "".join(pieces)


def _words(tree: Any) -> list[str]:
    """The names that a model is made of."""
    found = {str(key) for _, key in _nodes(tree) if isinstance(key, str) and key.isidentifier()}
    return [*sorted(found), "x"]


def _formula(draw: random.Random, words: list[str], depth: int) -> str:
    if depth == 0:
        return draw.choice((draw.choice(words), draw.choice(words), draw.choice("0123"), "true", "1.5", "-1", "(0)"))
    one, two = (_formula(draw, words, draw.randrange(depth)) for _ in range(2))
    operator = draw.choice(_OPERATORS)
    forms = (
        f"{one} {operator} {two}",
        f"({one} {operator} {two})",
        f"not {one}",
        f"-{one}",
        f"{one} if {two} else {one}",
        f"{draw.choice(('min', 'max', 'abs', 'count', 'sum', 'exists', 'done', 'running'))}({one})",
        f"{draw.choice(('forall', 'exists', 'sum', 'count'))} i in 0..2: {one}",
        f"{draw.choice(words)}[{one}]",
        f"{one} in {{{two}, {one}}}",
        f"{one} in {two}..{one}",
    )
    return draw.choice(forms)
