"""From the texts of a model to typed trees, with the problems of all of them collected."""

from __future__ import annotations

from decimal import Decimal

from ..errors import Problem, position_of
from .composite import COMPOSITES, AnyType, Tree
from .meaning import kind_of
from .parse import BrokenDeclarationError, ExpressionError, parse, parse_range
from .resolve import constant, value_of
from .scope import Scope
from .syntax import Index, Name, parts_of
from .tree import Expr, Type


class Resolver:
    """Collects the problems of many expressions, so that all of them are reported at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def expression(self, text: str | bool | int | float, scope: Scope, expected: Type | None = None) -> Expr | None:
        """The typed tree of a text, or None with a problem noted at its column."""
        value = self.value(text, scope, expected)
        if isinstance(value, COMPOSITES):
            error = ExpressionError("E121", f"expected a single value, found {kind_of(value.type)}", 0)
            self.note(error, as_text(text))
            return None
        return value

    def value(self, text: str | bool | int | float, scope: Scope, expected: AnyType | None = None) -> Tree | None:
        """Like `expression`, for a value that may be a record, a list or a map."""
        source = as_text(text)
        try:
            return value_of(parse(source), scope, expected)
        except ExpressionError as error:
            self.note(error, source)
            return None

    def bounds(self, text: str, scope: Scope) -> tuple[int, int] | None:
        """The ends of a range `low..high` of constants."""
        try:
            low, high = parse_range(text)
            return constant(low, scope), constant(high, scope)
        except ExpressionError as error:
            self.note(error, text)
            return None

    def note(self, error: ExpressionError, source: str) -> None:
        place = position_of(source)
        where = place.shifted(error.offset) if place else None
        message = error.message if where else f"{error.message} in '{source}' at column {error.offset + 1}"
        if not isinstance(error, BrokenDeclarationError):
            self.problems.append(Problem(error.code, message, where, error.hint, error.unknown))


def as_text(value: str | bool | int | float) -> str:
    """The text of a value that Python code may have given as a number or a truth value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")  # never with an exponent
    return str(value)


def names_in(text: str) -> frozenset[str]:
    """The bare names that an expression mentions (for deciding whom it speaks of); empty if it does not parse."""
    try:
        found, pending = set(), [parse(text)]
    except ExpressionError:
        return frozenset()
    while pending:
        node = pending.pop()
        if isinstance(node, Name):
            found.add(node.text)
        elif isinstance(node, Index):
            found.add(node.name)
        pending.extend(parts_of(node))
    return frozenset(found)
