"""Evaluation over whole numpy columns: one array a variable, one row a state.

Integers are exact: columns are 64-bit where interval arithmetic shows that nothing can overflow, and
Python integers in object arrays otherwise. Reals are exact fractions in object arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from .tree import BoolType, EnumType, Expr, IntType, Literal, Operation, RealType, Ref, Type, walk

Column = npt.NDArray[Any]
_FITS = 1 << 62


def evaluate_columns(expr: Expr, columns: Mapping[str, Column]) -> Column | Any:
    """The value of a tree in each row. `and`, `or` and `if` evaluate all their parts: a division by zero
    in a row whose value is not used gives an arbitrary value there, and no warning."""
    return compile_columns(expr)(columns)


def compile_columns(expr: Expr) -> Callable[[Mapping[str, Column]], Column | Any]:
    """`evaluate_columns` for many columns: what depends on the tree alone is found out once."""
    exact = needs_objects(expr)

    def evaluate(columns: Mapping[str, Column]) -> Column | Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return _evaluate(expr, columns, exact)

    return evaluate


def needs_objects(expr: Expr) -> bool:
    """Whether some value on the way may leave 64 bits or is a fraction."""
    if any(isinstance(node.type, RealType) for node in walk(expr)):
        return True
    for node in walk(expr):
        if isinstance(node.type, IntType):
            bounds = interval(node)
            if bounds is None or max(-bounds[0], bounds[1]) >= _FITS:
                return True
    return False


def interval(expr: Expr) -> tuple[int, int] | None:
    """Integer bounds of a tree from the ranges of its variables (Moore 1966), None where unbounded."""
    match expr:
        case Literal(value):
            return (int(value), int(value)) if not isinstance(value, Fraction) else None
        case Ref(_, kind):
            return _type_bounds(kind)
        case Operation(operator, arguments, kind):
            if isinstance(kind, BoolType):
                return (0, 1)
            if operator in ("if", "given"):
                arguments = arguments[1:]
            parts = [interval(argument) for argument in arguments]
            if any(part is None for part in parts):
                return None
            return _combine(operator, [part for part in parts if part is not None])


def _type_bounds(kind: Type) -> tuple[int, int] | None:
    match kind:
        case BoolType():
            return (0, 1)
        case IntType(low, high) if low is not None and high is not None:
            return (low, high)
        case EnumType(labels):
            return (0, len(labels) - 1)
    return None


def _combine(operator: str, parts: list[tuple[int, int]]) -> tuple[int, int] | None:
    lows, highs = [part[0] for part in parts], [part[1] for part in parts]
    match operator:
        case "+":
            return sum(lows), sum(highs)
        case "-":
            return lows[0] - highs[1], highs[0] - lows[1]
        case "neg":
            return -highs[0], -lows[0]
        case "*":
            corners = [a * b for a in parts[0] for b in parts[1]]
            return min(corners), max(corners)
        case "//":
            largest = max(abs(lows[0]), abs(highs[0]))
            return -largest - 1, largest
        case "%":
            return min(0, lows[1]), max(0, highs[1])
        case "min":
            return min(lows), min(highs)
        case "max":
            return max(lows), max(highs)
        case "if" | "given":
            return min(lows), max(highs)
        case "abs":
            return 0, max(abs(lows[0]), abs(highs[0]))
    return None


def _divide(left: Any, right: Any) -> Any:
    return np.frompyfunc(lambda a, b: Fraction(a) / Fraction(b) if b else Fraction(0), 2, 1)(left, right)


def _safe(function: Any) -> Callable[[Any, Any], Any]:
    """Floor division and remainder where a divisor may be zero in rows that nobody looks at."""
    return lambda a, b: function(a, np.where(b == 0, 1, b))


_MEANING: dict[str, Callable[..., Any]] = {
    "not": np.logical_not,
    "implies": lambda a, b: np.logical_or(np.logical_not(a), b),
    "==": np.equal, "!=": np.not_equal,
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
    "-": np.subtract, "*": np.multiply, "//": _safe(np.floor_divide), "%": _safe(np.remainder),
    "/": _divide, "neg": np.negative, "abs": np.absolute, "if": np.where,
    "given": lambda _, value: value,
}  # fmt: skip
_FOLDED: dict[str, Callable[[Any, Any], Any]] = {
    "and": np.logical_and, "or": np.logical_or, "+": np.add, "min": np.minimum, "max": np.maximum,
}  # fmt: skip


def _evaluate(expr: Expr, columns: Mapping[str, Column], exact: bool) -> Any:
    match expr:
        case Literal(value):
            return value
        case Ref(name, kind):
            column = columns[name]
            if isinstance(kind, BoolType) or column.dtype == object:
                return column
            return column.astype(object if exact else np.int64, copy=False)
        case Operation(operator, arguments, kind):
            values = [_evaluate(argument, columns, exact) for argument in arguments]
            result = reduce(_FOLDED[operator], values) if operator in _FOLDED else _MEANING[operator](*values)
            if isinstance(kind, BoolType):
                return np.asarray(result, dtype=bool)
            # What `if` makes of two literals would have 64 bits.
            return np.asarray(result, dtype=object) if exact and operator == "if" else result
