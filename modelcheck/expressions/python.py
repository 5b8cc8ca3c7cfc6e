"""Plain evaluation: typed trees become Python functions over a state, exactly and fast.

The code objects are built from our own typed trees (never from text), and can contain nothing but
numbers, positions in a state and the operators below.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from .tree import Expr, Literal, Operation, Ref, Value, references

_COMPARE: dict[str, ast.cmpop] = {
    "==": ast.Eq(), "!=": ast.NotEq(), "<": ast.Lt(), "<=": ast.LtE(), ">": ast.Gt(), ">=": ast.GtE(),
}  # fmt: skip
_ARITHMETIC: dict[str, ast.operator] = {
    "+": ast.Add(), "-": ast.Sub(), "*": ast.Mult(), "//": ast.FloorDiv(), "%": ast.Mod(),
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "Fraction": Fraction,
    "divide": lambda a, b: Fraction(a) / Fraction(b),
}
_BALANCED = 64
LONG_RUN = 16


def evaluate(expr: Expr, values: Mapping[str, Value] | None = None) -> Value:
    """The value of a tree where `values` gives the variables. Raises ZeroDivisionError."""
    names = sorted(references(expr))
    function = compile_expression(expr, {name: index for index, name in enumerate(names)})
    result: Value = function(tuple((values or {})[name] for name in names))
    return result


def compile_expression(expr: Expr, positions: Mapping[str, int]) -> Callable[[Sequence[Value]], Any]:
    """A function from a state (a sequence of values) to the value of the tree."""
    return _function(to_ast(expr, positions))


def compile_update(
    changes: Mapping[int, Expr], width: int, positions: Mapping[str, int]
) -> Callable[[Sequence[Value]], tuple[Value, ...]]:
    """A function from a state to the state with some of its `width` values changed."""
    return _function(ast.Tuple(update_elements(changes, width, positions, _element), ast.Load()))


def _element(index: int) -> ast.expr:
    return ast.Subscript(ast.Name("s", ast.Load()), ast.Constant(index), ast.Load())


def update_elements(
    changes: Mapping[int, Expr], width: int, positions: Mapping[str, int | str], element: Callable[[int], ast.expr]
) -> list[ast.expr]:
    """The elements of the changed tuple; long runs of what stays are slices of `s`, so that wide states cost little.

    `element` is how a single value that stays is written.
    """
    elements: list[ast.expr] = []
    begin = 0
    for index in (*sorted(changes), width):
        if index - begin > LONG_RUN:
            kept = ast.Slice(ast.Constant(begin), ast.Constant(index))
            elements.append(ast.Starred(ast.Subscript(ast.Name("s", ast.Load()), kept, ast.Load()), ast.Load()))
        else:
            elements += map(element, range(begin, index))
        if index < width:
            elements.append(to_ast(changes[index], positions))
        begin = index + 1
    return elements


def _function(body: ast.expr) -> Callable[[Sequence[Value]], Any]:
    arguments = ast.arguments([], [ast.arg("s")], None, [], [], None, [])
    module = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
    function: Callable[[Sequence[Value]], Any] = eval(  # our own tree, not a user's text
        compile(module, "<expression>", "eval"), {"__builtins__": {}, **FUNCTIONS}
    )
    return function


def to_ast(expr: Expr, positions: Mapping[str, int | str]) -> ast.expr:
    """The Python syntax tree that computes a typed tree from the state `s`.

    `positions` says where each variable is: its index in `s`, or the name of a local variable that holds it."""
    match expr:
        case Literal(value):
            if isinstance(value, Fraction):
                return _call("Fraction", [ast.Constant(value.numerator), ast.Constant(value.denominator)])
            return ast.Constant(value)
        case Ref(name):
            where = positions[name]
            if isinstance(where, str):
                return ast.Name(where, ast.Load())
            return ast.Subscript(ast.Name("s", ast.Load()), ast.Constant(where), ast.Load())
        case Operation(operator, arguments):
            return _operation(operator, [to_ast(argument, positions) for argument in arguments])


def _operation(operator: str, arguments: list[ast.expr]) -> ast.expr:
    match operator:
        case "and":
            return ast.BoolOp(ast.And(), arguments)
        case "or":
            return ast.BoolOp(ast.Or(), arguments)
        case "not":
            return ast.UnaryOp(ast.Not(), arguments[0])
        case "neg":
            return ast.UnaryOp(ast.USub(), arguments[0])
        case "implies":
            return ast.BoolOp(ast.Or(), [ast.UnaryOp(ast.Not(), arguments[0]), arguments[1]])
        case "if":
            return ast.IfExp(*arguments)
        case "given":
            return arguments[1]
        case "/":
            return _call("divide", arguments)
        case "min" | "max":
            return arguments[0] if len(arguments) == 1 else _call(operator, arguments)
        case "abs":
            return _call(operator, arguments)
    if operator in _COMPARE:
        return ast.Compare(arguments[0], [_COMPARE[operator]], [arguments[1]])
    return _fold(_ARITHMETIC[operator], arguments)


def _fold(operator: ast.operator, arguments: list[ast.expr]) -> ast.expr:
    """Left to right; long sums as a balanced tree, so that the depth stays small."""
    if operator is _ARITHMETIC["+"] and len(arguments) > _BALANCED:
        half = len(arguments) // 2
        return ast.BinOp(_fold(operator, arguments[:half]), operator, _fold(operator, arguments[half:]))
    value = arguments[0]
    for argument in arguments[1:]:
        value = ast.BinOp(value, operator, argument)
    return value


def _call(name: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), arguments, [])
