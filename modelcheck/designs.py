"""What every kind of model has: a name, variables, properties, what is observed and what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .families import Formula


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable: `type` is `bool`, `int`, `real`, a range `0..5`, labels `{idle, busy}`, the name of one of the
    design's `types`, a record `{item: Item, amount: 0..5}`, `list of Item at most 3`, `map from Item to 0..5`.

    `initial` is a value, a range `0..2`, a set `{1, 3}` (each a possible start) or `any`; of a record `{item: book,
    amount: 0..2}`, of a list its items `[book]`, of a map a value for all keys or `{book: 2, pen: 0}`.
    Of several instances each has its own, unless `shared`. `over` makes it indexed: `1..N`.
    """

    type: str
    initial: Formula = "any"
    shared: bool = False
    over: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property: the word of the vocabulary (`always`, `never`, `reachable`, `before`, `leads_to`, ...) and what
    it is about: a formula, or for `before` and `leads_to` a pair. fairness: of `leads_to` and `ends` (None: the
    model's)."""

    word: str
    about: Formula | tuple[Formula, ...]
    fairness: str | None = None


@dataclass(frozen=True, kw_only=True)
class Design:
    """What every kind of model has.

    types: names for types, to be used for variables and payloads. observe: what the outside sees, each by its name
    there, with the formula that it is here. expect: the verdict that is meant, by the name of a property or check.
    states: how many states there are, where that is known. fairness: which executions count, `weak` unless said.
    """

    name: str
    constants: Mapping[str, Formula] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Variable] = field(default_factory=dict)
    properties: Mapping[str, Property] = field(default_factory=dict)
    observe: Mapping[str, Formula] = field(default_factory=dict)
    expect: Mapping[str, str] = field(default_factory=dict)
    states: int | None = None
    fairness: str = "weak"
    description: str = ""

    def _repr_html_(self) -> str:
        from .report.html import render_design

        return render_design(self)
