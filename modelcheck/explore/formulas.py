"""Formulas of the property language, read in one state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import model
from ..check.properties import each_instance
from ..errors import ModelError
from ..expressions import (
    BoolType,
    EnumType,
    Expr,
    Resolver,
    Value,
    compile_expression,
    conjunction,
    disjunction,
    show,
    well_defined,
)
from ..expressions.composite import COMPOSITES, Tree, leaves, show_composite
from ..system import State, TransitionSystem

UNDEFINED = "undefined: it divides by zero, or takes an item that is not there"


class Text(str):
    """A text that shows itself as it is, also as the value of a cell."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class PropertyHere:
    """A property of the design in one state.

    holds: whether what it says of states is true here (for `never`: whether the condition is false; for `reachable` and
    `possible`: whether it is reached; for `outcome`: true as long as nothing has ended), None where it says
    nothing of a single state. text: its condition as written, or how it is about paths.
    """

    name: str
    word: str
    text: str
    holds: bool | None


def conditions(text: str, system: TransitionSystem) -> Expr:
    """A condition, of several instances in any of them; raises `ModelError`."""
    resolver = Resolver()
    meanings = each_instance(text, system, resolver)
    if resolver.problems:
        raise ModelError(dict.fromkeys(resolver.problems))
    return disjunction(meanings)


def shown_value(text: str, system: TransitionSystem, state: State) -> object:
    """The value of a formula in a state: a value, or a mapping from instances to values; raises `ModelError`."""
    scopes = system.scope.instances or (system.scope,)
    resolver = Resolver()
    found = [resolver.value(text, replace(scope, instances=scopes)) for scope in scopes]
    if resolver.problems:
        raise ModelError(dict.fromkeys(resolver.problems))
    trees = [tree for tree in found if tree is not None]
    values = [_value(tree, system, state) for tree in trees]
    if all(tree == trees[0] for tree in trees):
        return values[0]
    return dict(enumerate(values, start=1))


def _value(tree: Tree, system: TransitionSystem, state: State) -> object:
    if isinstance(tree, COMPOSITES):
        parts = [_value(part, system, state) for _, part in leaves(tree)]
        if UNDEFINED in parts:
            return UNDEFINED
        return Text(show_composite(tree, lambda part: compile_expression(part, system.positions)(state)))
    if not compile_expression(well_defined(tree), system.positions)(state):
        return UNDEFINED
    value: Value = compile_expression(tree, system.positions)(state)
    if isinstance(tree.type, EnumType):
        return show(value, tree.type)
    return bool(value) if isinstance(tree.type, BoolType) else value


def properties_here(design: model.Model, system: TransitionSystem, state: State) -> list[PropertyHere]:
    """All properties of a design in one state."""
    return [_property(name, asked, system, state) for name, asked in design.properties.items()]


def _property(name: str, asked: model.Property, system: TransitionSystem, state: State) -> PropertyHere:
    about: Sequence[model.Formula] = asked.about if isinstance(asked.about, tuple) else (asked.about,)
    text = " then ".join(map(str, about))
    if asked.word not in ("always", "never", "reachable", "possible", "outcome"):
        return PropertyHere(name, asked.word, text, None)
    meanings = each_instance(about[0], system, Resolver())
    if asked.word in ("always", "outcome"):
        holds = bool(system.predicate(conjunction(meanings))(state))
        if asked.word == "outcome" and not system.is_finished(state):
            holds = True
    else:
        holds = bool(system.predicate(disjunction(meanings))(state)) != (asked.word == "never")
    return PropertyHere(name, asked.word, text, holds)
