"""Why a condition is false: the smallest part of it that is, as a condition of its own.

For a condition that is false in a state, `false_part` gives one that follows from it and is false there, too: of a
conjunction only the false parts, of a disjunction all alternatives, each made as small as it goes. So whatever makes
the condition true must make the part true first; tests hold it to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard

from ..expressions import (
    BOOL,
    Expr,
    Literal,
    Operation,
    Ref,
    Value,
    compile_expression,
    conjunction,
    disjunction,
    implication,
    negation,
)

LOGICAL = frozenset({"and", "or", "not", "implies", "if"})


class Truth:
    """Reads conditions in states: true, false, or None where they divide by zero."""

    def __init__(self, positions: Mapping[str, int]):
        self.positions = positions
        self._compiled: dict[Expr, Callable[[Sequence[Value]], Any]] = {}

    def value(self, expr: Expr, state: Sequence[Value]) -> bool | None:
        """Whether a condition holds; it is read from left to right and no further than needed, as in Python."""
        if isinstance(expr, Literal):
            return bool(expr.value)
        if isinstance(expr, Ref):
            return bool(state[self.positions[expr.name]])
        if not _is_logical(expr):
            return self._atom(expr, state)
        first, *rest = expr.arguments
        match expr.operator:
            case "not":
                held = self.value(first, state)
                return None if held is None else not held
            case "implies":
                held = self.value(first, state)
                return self.value(rest[0], state) if held else None if held is None else True
            case "if":
                held = self.value(first, state)
                return None if held is None else self.value(rest[0] if held else rest[1], state)
        decisive = expr.operator == "or"
        for argument in expr.arguments:
            held = self.value(argument, state)
            if held is None or held == decisive:
                return held
        return not decisive

    def _atom(self, expr: Expr, state: Sequence[Value]) -> bool | None:
        function = self._compiled.get(expr)
        if function is None:
            function = self._compiled[expr] = compile_expression(expr, self.positions)
        try:
            return bool(function(state))
        except ZeroDivisionError:
            return None

    def false_part(self, expr: Expr, state: Sequence[Value]) -> Expr:
        """A condition that follows from a false one and is false in the state: why it is false."""
        if not _is_logical(expr):
            return expr
        first, *rest = expr.arguments
        match expr.operator:
            case "and":
                return conjunction(self.false_part(part, state) for part in self._those(expr, state, False))
            case "or":
                return disjunction(self.false_part(part, state) for part in expr.arguments)
            case "not":
                return negation(self.true_part(first, state))
            case "implies":
                return implication(self.true_part(first, state), self.false_part(rest[0], state))
        if self.value(first, state):
            return implication(self.true_part(first, state), self.false_part(rest[0], state))
        return disjunction([self.false_part(first, state), self.false_part(rest[1], state)])

    def true_part(self, expr: Expr, state: Sequence[Value]) -> Expr:
        """A condition that a true one follows from and that is true in the state: why it is true."""
        if not _is_logical(expr):
            return expr
        first, *rest = expr.arguments
        match expr.operator:
            case "and":
                return conjunction(self.true_part(part, state) for part in expr.arguments)
            case "or":
                return disjunction(self.true_part(part, state) for part in self._those(expr, state, True))
            case "not":
                return negation(self.false_part(first, state))
            case "implies":
                if self.value(first, state):
                    return self.true_part(rest[0], state)
                return negation(self.false_part(first, state))
        if self.value(first, state):
            return conjunction([self.true_part(first, state), self.true_part(rest[0], state)])
        return conjunction([negation(self.false_part(first, state)), self.true_part(rest[1], state)])

    def _those(self, expr: Operation, state: Sequence[Value], wanted: bool) -> list[Expr]:
        return [argument for argument in expr.arguments if self.value(argument, state) is wanted]


def _is_logical(expr: Expr) -> TypeGuard[Operation]:
    return isinstance(expr, Operation) and expr.operator in LOGICAL and expr.type == BOOL


def conjuncts(expr: Expr) -> tuple[Expr, ...]:
    """The conditions that a condition asks for, all of them."""
    return expr.arguments if isinstance(expr, Operation) and expr.operator == "and" else (expr,)
