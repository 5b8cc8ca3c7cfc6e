"""Typed trees as text that reads back to the same tree."""

from __future__ import annotations

from .tree import EnumType, Expr, Literal, Operation, Ref, show

# How tightly each operator binds, loosest first: the levels of the grammar in `parse`.
LEVELS = {
    "if": 0, "implies": 1, "or": 2, "and": 3, "not": 4,
    "==": 5, "!=": 5, "<": 5, "<=": 5, ">": 5, ">=": 5,
    "+": 6, "-": 6, "*": 7, "//": 7, "%": 7, "/": 7, "neg": 8,
}  # fmt: skip
_ATOM = 9


def to_text(expr: Expr) -> str:
    """The text of a tree in the expression language, with no more parentheses than needed."""
    return _text(expr)[0]


def _text(expr: Expr) -> tuple[str, int]:
    match expr:
        case Literal(value, kind):
            if isinstance(kind, EnumType) or isinstance(value, bool):
                return show(value, kind), _ATOM
            if "/" in (text := str(value)):
                return text, LEVELS["/"]
            return text, _ATOM if value >= 0 else LEVELS["neg"]
        case Ref(name):
            return name, _ATOM
        case Operation(operator, arguments):
            return _operation(operator, arguments)


def _operation(operator: str, arguments: tuple[Expr, ...]) -> tuple[str, int]:
    if operator in ("min", "max", "abs"):
        return f"{operator}({', '.join(to_text(argument) for argument in arguments)})", _ATOM
    if operator == "given":
        return _text(arguments[1])
    level = LEVELS[operator]
    if operator == "if":
        condition, then, otherwise = arguments
        return f"{_at(then, 1)} if {_at(condition, 1)} else {_at(otherwise, 0)}", level
    if operator == "not":
        return f"not {_at(arguments[0], level)}", level
    if operator == "neg":
        return f"-{_at(arguments[0], level)}", level
    if operator == "implies":
        return f"{_at(arguments[0], level + 1)} implies {_at(arguments[1], level)}", level
    # Left to right: only later arguments need parentheses at the same level; comparisons do not chain.
    first = _at(arguments[0], level + 1 if level == 5 else level)
    return f" {operator} ".join([first, *(_at(argument, level + 1) for argument in arguments[1:])]), level


def _at(expr: Expr, level: int) -> str:
    text, own = _text(expr)
    return text if own >= level else f"({text})"
