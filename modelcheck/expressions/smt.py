"""Typed trees as z3 terms. Enumerations are integers in their range; reals are exact.

Division by zero is guarded by `well_defined` before a term is used: SMT-LIB leaves its value open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import z3

from .tree import BoolType, EnumType, Expr, IntType, Literal, Operation, RealType, Ref, Type, Value

Term = Any  # z3 ships no types of its own.


class Irrational(ValueError):
    """z3 found a real number that plain evaluation cannot hold exactly."""


def constant(name: str, kind: Type) -> Term:
    """A fresh z3 constant for a variable of a type."""
    match kind:
        case BoolType():
            return z3.Bool(name)
        case RealType():
            return z3.Real(name)
    return z3.Int(name)


def in_type(term: Term, kind: Type) -> Term:
    """The constraint that a term lies in the declared range of its type."""
    match kind:
        case IntType(low, high) if low is not None and high is not None:
            return z3.And(low <= term, term <= high)
        case EnumType(labels):
            return z3.And(term >= 0, term < len(labels))
    return z3.BoolVal(True)


def literal(value: Value, kind: Type) -> Term:
    """A value as a constant of z3."""
    match kind:
        case BoolType():
            return z3.BoolVal(bool(value))
        case RealType():
            return z3.RealVal(str(value))
    return z3.IntVal(int(value))


def _floor_divide(left: Term, right: Term) -> Term:
    """Python's `//`: z3's `div` rounds so that the remainder is not negative, which differs for divisors < 0."""
    return z3.If(right > 0, left / right, (-left) / (-right))


def _remainder(left: Term, right: Term) -> Term:
    return left - right * _floor_divide(left, right)


def _extreme(choose: Callable[[Term, Term], Term]) -> Callable[..., Term]:
    def fold(first: Term, *others: Term) -> Term:
        for other in others:
            first = z3.If(choose(first, other), first, other)
        return first

    return fold


def _real(term: Term) -> Term:
    return z3.ToReal(term) if z3.is_int(term) else term


_MEANING: dict[str, Callable[..., Term]] = {
    "and": lambda *parts: z3.And(*parts),
    "or": lambda *parts: z3.Or(*parts),
    "not": z3.Not,
    "implies": z3.Implies,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "+": lambda *parts: z3.Sum(*parts),
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": _floor_divide,
    "%": _remainder,
    "/": lambda a, b: _real(a) / _real(b),
    "neg": lambda a: -a,
    "abs": lambda a: z3.If(a >= 0, a, -a),
    "min": _extreme(lambda a, b: a <= b),
    "max": _extreme(lambda a, b: a >= b),
    "if": z3.If,
    "given": lambda _, value: value,
}


def to_z3(expr: Expr, terms: Mapping[str, Term]) -> Term:
    """The z3 term of a tree where `terms` gives the variables."""
    match expr:
        case Literal(value, kind):
            return literal(value, kind)
        case Ref(name):
            return terms[name]
        case Operation(operator, arguments):
            return _MEANING[operator](*(to_z3(argument, terms) for argument in arguments))


def from_z3(term: Term, kind: Type) -> Value:
    """The Python value of a z3 value. Raises `Irrational` for a root, which no fraction is."""
    if z3.is_algebraic_value(term):
        raise Irrational(f"{term} is no fraction")
    match kind:
        case BoolType():
            return bool(z3.is_true(term))
        case RealType():
            return Fraction(term.numerator_as_long(), term.denominator_as_long())
    return int(term.as_long())
