"""z3 terms as typed trees again: how an invariant that z3 found is told in the model's own names.

Comparisons of linear terms are put as one would write them: what has a negative weight stands on the other side. A
comparison about one enumeration becomes the values that satisfy it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TypeGuard

import z3

from .smt import Term
from .tree import (
    BOOL,
    INT,
    REAL,
    TRUE,
    BoolType,
    EnumType,
    Expr,
    Literal,
    Operation,
    RealType,
    Ref,
    compare,
    conjunction,
    disjunction,
    equal,
    integer,
    negation,
)

_COMPARISONS: dict[int, str] = {z3.Z3_OP_LE: "<=", z3.Z3_OP_GE: ">=", z3.Z3_OP_LT: "<", z3.Z3_OP_GT: ">"}
_OPPOSITE = {"<=": ">", ">=": "<", "<": ">=", ">": "<=", "==": "!=", "!=": "=="}
_MIRRORED = {"<=": ">=", ">=": "<=", "<": ">", ">": "<", "==": "==", "!=": "!="}
_HOLDS: dict[str, Callable[[Fraction, int], bool]] = {
    "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class Unreadable(ValueError):
    """A term that the expression language has no words for (a quantifier, a sum of enumerations)."""


def read_condition(term: Term, variables: Mapping[str, Ref]) -> Expr:
    """The tree of a condition, where `variables` gives the variable for the name of each constant.

    Raises `Unreadable`.
    """
    return _condition(term, variables, True)


def _condition(term: Term, variables: Mapping[str, Ref], positive: bool) -> Expr:
    """The condition, or its opposite; negations end at the comparisons."""
    if z3.is_true(term) or z3.is_false(term):
        return Literal(z3.is_true(term) == positive, BOOL)
    if z3.is_not(term):
        return _condition(term.arg(0), variables, not positive)
    if z3.is_and(term) or z3.is_or(term):
        parts = [_condition(part, variables, positive) for part in term.children()]
        return conjunction(parts) if z3.is_and(term) == positive else disjunction(parts)
    if z3.is_implies(term):
        return _condition(z3.Or(z3.Not(term.arg(0)), term.arg(1)), variables, positive)
    if z3.is_const(term) and term.decl().name() in variables:
        ref = variables[term.decl().name()]
        return ref if positive else negation(ref)
    if z3.is_app(term) and term.decl().kind() == z3.Z3_OP_ITE:
        test, then, otherwise = (_condition(part, variables, True) for part in term.children())
        chosen: Expr = Operation("if", (test, then, otherwise), BOOL)
        return chosen if positive else negation(chosen)
    return _comparison(term, variables, positive)


def _comparison(term: Term, variables: Mapping[str, Ref], positive: bool) -> Expr:
    if z3.is_eq(term) or z3.is_distinct(term):
        if term.num_args() != 2:
            raise Unreadable(str(term))
        symbol = "==" if z3.is_eq(term) == positive else "!="
        if z3.is_bool(term.arg(0)):
            left, right = (_condition(part, variables, True) for part in term.children())
            return compare(symbol, left, right)
    elif z3.is_app(term) and term.decl().kind() in _COMPARISONS:
        symbol = _COMPARISONS[term.decl().kind()]
        symbol = symbol if positive else _OPPOSITE[symbol]
    else:
        raise Unreadable(str(term))
    first, second = (_linear(part, variables) for part in term.children())
    return _written(first.plus(second, -1), symbol)


@dataclass(frozen=True)
class _Linear:
    """A sum of weighted terms and a constant."""

    weights: Mapping[Expr, Fraction]
    constant: Fraction = Fraction(0)

    def plus(self, other: _Linear, times: int = 1) -> _Linear:
        weights = dict(self.weights)
        for term, weight in other.weights.items():
            weights[term] = weights.get(term, Fraction(0)) + times * weight
        return _Linear({term: w for term, w in weights.items() if w}, self.constant + times * other.constant)

    def times(self, factor: Fraction) -> _Linear:
        return _Linear({term: factor * weight for term, weight in self.weights.items()}, factor * self.constant)


def _linear(term: Term, variables: Mapping[str, Ref]) -> _Linear:
    if z3.is_int_value(term) or z3.is_rational_value(term):
        return _Linear({}, Fraction(str(term.as_fraction() if z3.is_rational_value(term) else term.as_long())))
    if not z3.is_app(term):
        raise Unreadable(str(term))
    if z3.is_const(term) and term.decl().name() in variables:
        return _Linear({variables[term.decl().name()]: Fraction(1)})
    kind, parts = term.decl().kind(), term.children()
    if kind == z3.Z3_OP_TO_REAL:
        return _linear(parts[0], variables)
    if kind in (z3.Z3_OP_ADD, z3.Z3_OP_SUB):
        total = _linear(parts[0], variables)
        for part in parts[1:]:
            total = total.plus(_linear(part, variables), 1 if kind == z3.Z3_OP_ADD else -1)
        return total
    if kind == z3.Z3_OP_UMINUS:
        return _linear(parts[0], variables).times(Fraction(-1))
    if kind == z3.Z3_OP_MUL:
        return _product([_linear(part, variables) for part in parts], term)
    if kind in (z3.Z3_OP_IDIV, z3.Z3_OP_MOD):
        return _division(parts, variables, "//" if kind == z3.Z3_OP_IDIV else "%")
    raise Unreadable(str(term))


def _product(factors: list[_Linear], term: Term) -> _Linear:
    """A product in which at most one factor is not a number."""
    product = _Linear({}, Fraction(1))
    for factor in factors:
        if product.weights and factor.weights:
            raise Unreadable(str(term))
        product = factor.times(product.constant) if not product.weights else product.times(factor.constant)
    return product


def _division(parts: list[Term], variables: Mapping[str, Ref], symbol: str) -> _Linear:
    """z3 rounds as Python does where the divisor is a positive number: only that is read."""
    divisor = parts[1]
    if not z3.is_int_value(divisor) or divisor.as_long() <= 0:
        raise Unreadable(f"division by {divisor}")
    inner = _linear(parts[0], variables)
    if any(isinstance(part.type, EnumType) for part in inner.weights):
        raise Unreadable(f"division of a value of an enumeration by {divisor}")
    left = _sum(dict(inner.weights), inner.constant)
    return _Linear({Operation(symbol, (left, integer(divisor.as_long())), INT): Fraction(1)})


def _written(difference: _Linear, symbol: str) -> Expr:
    """`difference symbol 0` as one would write it."""
    if not difference.weights:
        return Literal(_HOLDS[symbol](difference.constant, 0), BOOL)
    enumerations = [term for term in difference.weights if _is_enumeration(term)]
    if enumerations:
        return _of_enumerations(difference, symbol, enumerations)
    difference = _whole(difference)
    if all(weight < 0 for weight in difference.weights.values()):
        difference, symbol = difference.times(Fraction(-1)), _MIRRORED[symbol]
    if not any(isinstance(term.type, RealType) for term in difference.weights):
        difference, symbol = _rounded(difference, symbol)
    left = {term: weight for term, weight in difference.weights.items() if weight > 0}
    right = {term: -weight for term, weight in difference.weights.items() if weight < 0}
    constant = -difference.constant
    if right and constant < 0:
        return compare(symbol, _sum(left, -constant), _sum(right, Fraction(0)))
    return compare(symbol, _sum(left, Fraction(0)), _sum(right, constant))


def _is_enumeration(term: Expr) -> TypeGuard[Ref]:
    return isinstance(term, Ref) and isinstance(term.type, EnumType)


def _of_enumerations(difference: _Linear, symbol: str, enumerations: list[Ref]) -> Expr:
    first = enumerations[0]
    assert isinstance(first.type, EnumType)
    if len(difference.weights) == 1:
        weight = difference.weights[first]
        values = [Literal(number, first.type) for number in range(len(first.type.labels))]
        fits = [v for v in values if _HOLDS[symbol](weight * int(v.value) + difference.constant, 0)]
        if len(fits) == len(values):
            return TRUE
        if len(fits) > 1 and len(fits) == len(values) - 1:
            return next(compare("!=", first, value) for value in values if value not in fits)
        return disjunction(equal(first, value) for value in fits)
    same = len(difference.weights) == len(enumerations) == 2 and enumerations[0].type == enumerations[1].type
    if same and symbol in ("==", "!=") and not difference.constant and not sum(difference.weights.values()):
        return compare(symbol, *enumerations)
    raise Unreadable("a sum with the values of enumerations")


def _whole(difference: _Linear) -> _Linear:
    """The same up to a positive factor, with whole weights without a common divisor."""
    scale = lcm(*(weight.denominator for weight in difference.weights.values()))
    shared = gcd(*(int(weight * scale) for weight in difference.weights.values()))
    return difference.times(Fraction(scale, shared))


def _rounded(difference: _Linear, symbol: str) -> tuple[_Linear, str]:
    """Among integers: a bound that is no fraction, as `<=` or `>=` where that makes no constant larger."""
    constant = difference.constant
    if constant.denominator != 1:
        match symbol:
            case "<=" | "<":
                return _Linear(difference.weights, Fraction(-(-constant // 1))), "<="
            case ">=" | ">":
                return _Linear(difference.weights, Fraction(constant // 1)), ">="
        return difference, symbol
    single = all(weight > 0 for weight in difference.weights.values())
    if symbol == ">" and (single or constant < 0):
        return _Linear(difference.weights, constant - 1), ">="
    if symbol == "<" and (single or constant > 0):
        return _Linear(difference.weights, constant + 1), "<="
    if symbol == ">=" and not single and constant == -1:
        return _Linear(difference.weights, Fraction(0)), ">"
    if symbol == "<=" and not single and constant == 1:
        return _Linear(difference.weights, Fraction(0)), "<"
    return difference, symbol


def _sum(weights: Mapping[Expr, Fraction], constant: Fraction) -> Expr:
    """weights * terms + constant as a tree; subtraction where a weight is negative."""
    up = [_times(weight, term) for term, weight in weights.items() if weight > 0]
    down = [_times(-weight, term) for term, weight in weights.items() if weight < 0]
    if constant > 0 or not up:
        up.append(_number(constant))
    elif constant < 0:
        down.append(_number(-constant))
    kind = REAL if any(part.type == REAL for part in (*up, *down)) else INT
    total = up[0] if len(up) == 1 else Operation("+", tuple(up), kind)
    for part in down:
        total = Operation("-", (total, part), kind)
    return total


def _times(weight: Fraction, term: Expr) -> Expr:
    if isinstance(term.type, BoolType | EnumType):
        raise Unreadable("a sum with what is no number")
    return term if weight == 1 else Operation("*", (_number(weight), term), term.type)


def _number(value: Fraction) -> Expr:
    return integer(int(value)) if value.denominator == 1 else Literal(value, REAL)
