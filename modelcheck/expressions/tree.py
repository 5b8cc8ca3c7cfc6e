"""The typed expression tree: literals, references and operations, and nothing else.

Families, quantifiers, constants and predicates are gone by the time a tree exists (`resolve`), so
that every use (plain Python, numpy columns, z3, printing) is a table from operator to meaning.
Enumeration values are held by their number, so that a state is a tuple of plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

Value = bool | int | Fraction


@dataclass(frozen=True, slots=True)
class BoolType:
    """Truth values."""

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True, slots=True)
class IntType:
    """Mathematical integers; with `low` and `high`, leaving low..high is a finding."""

    low: int | None = None
    high: int | None = None

    def __str__(self) -> str:
        return "int" if self.low is None else f"{self.low}..{self.high}"


@dataclass(frozen=True, slots=True)
class RealType:
    """Exact rationals in checks, floating point in simulations."""

    def __str__(self) -> str:
        return "real"


@dataclass(frozen=True, slots=True)
class EnumType:
    """One of a few named values, held as its position in `labels`."""

    labels: tuple[str, ...]

    def __str__(self) -> str:
        return "{" + ", ".join(self.labels) + "}"


Type = BoolType | IntType | RealType | EnumType
BOOL, INT, REAL = BoolType(), IntType(), RealType()


def domain(kind: Type) -> range | tuple[Value, ...] | None:
    """All values of a type in order, or None where there are infinitely many."""
    match kind:
        case BoolType():
            return (False, True)
        case IntType(low, high) if low is not None and high is not None:
            return range(low, high + 1)
        case EnumType(labels):
            return range(len(labels))
    return None


def show(value: Value, kind: Type) -> str:
    """A value as it is written in a model."""
    if isinstance(kind, EnumType):
        return kind.labels[int(value)] if 0 <= int(value) < len(kind.labels) else f"?{value}"
    if isinstance(kind, BoolType):
        return "true" if value else "false"
    return str(value)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value of a type."""

    value: Value
    type: Type


@dataclass(frozen=True, slots=True)
class Ref:
    """A variable of the transition system (or a parameter of an action)."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator applied to typed arguments; `and or + min max` take any number of them.

    Operators: not and or implies, == != < <= > >=, + - * // % /, neg abs min max, if (condition, then, else),
    given (condition, value): the value, which exists only where the condition holds.
    """

    operator: str
    arguments: tuple[Expr, ...]
    type: Type


Expr = Literal | Ref | Operation

TRUE, FALSE = Literal(True, BOOL), Literal(False, BOOL)


def integer(value: int) -> Literal:
    """A whole number as a tree."""
    return Literal(value, INT)


def label(name: str, kind: EnumType) -> Literal:
    """The value of an enumeration that is called `name`."""
    return Literal(kind.labels.index(name), kind)


def conjunction(parts: Iterable[Expr]) -> Expr:
    """All of them; flattened, without what is trivially true."""
    return _connect("and", parts, neutral=TRUE, absorbing=FALSE)


def disjunction(parts: Iterable[Expr]) -> Expr:
    """At least one of them; flattened, without what is trivially false."""
    return _connect("or", parts, neutral=FALSE, absorbing=TRUE)


def _connect(operator: str, parts: Iterable[Expr], neutral: Literal, absorbing: Literal) -> Expr:
    kept: list[Expr] = []
    for part in parts:
        if isinstance(part, Operation) and part.operator == operator:
            kept.extend(part.arguments)
        elif isinstance(part, Literal):
            if part.value == absorbing.value:
                return absorbing
        else:
            kept.append(part)
    if not kept:
        return neutral
    return kept[0] if len(kept) == 1 else Operation(operator, tuple(kept), BOOL)


def negation(expr: Expr) -> Expr:
    """The opposite; two negations cancel."""
    if isinstance(expr, Literal):
        return Literal(not expr.value, BOOL)
    if isinstance(expr, Operation) and expr.operator == "not":
        return expr.arguments[0]
    return Operation("not", (expr,), BOOL)


def implication(premise: Expr, conclusion: Expr) -> Expr:
    """`premise implies conclusion`."""
    return disjunction([negation(premise), conclusion])


def compare(operator: str, left: Expr, right: Expr) -> Expr:
    """A comparison, decided at once where both sides are known."""
    if isinstance(left, Literal) and isinstance(right, Literal):
        return Literal(COMPARISONS[operator](left.value, right.value), BOOL)
    return Operation(operator, (left, right), BOOL)


COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def equal(left: Expr, right: Expr) -> Expr:
    """`left == right`."""
    return compare("==", left, right)


def conditional(condition: Expr, then: Expr, otherwise: Expr) -> Expr:
    """`then if condition else otherwise`, decided at once where the condition is known or changes nothing."""
    if isinstance(condition, Literal):
        return then if condition.value else otherwise
    if then == otherwise:
        return then
    return Operation("if", (condition, then, otherwise), join_types(then.type, otherwise.type))


def given(condition: Expr, value: Expr) -> Expr:
    """A value that exists only where a condition holds (an item of a list); elsewhere it is as undefined as `x / 0`."""
    if condition == TRUE:
        return value
    return Operation("given", (condition, value), value.type)


def total(parts: Iterable[Expr]) -> Expr:
    """The sum of integers; booleans count 0 or 1."""
    kept: list[Expr] = []
    constant: Value = 0
    for part in parts:
        number = conditional(part, integer(1), integer(0)) if part.type == BOOL else part
        if isinstance(number, Literal):
            constant += number.value
        else:
            kept.append(number)
    if constant or not kept:
        kept.append(Literal(constant, INT if isinstance(constant, int) else REAL))
    if len(kept) == 1:
        return kept[0]
    return Operation("+", tuple(kept), REAL if any(part.type == REAL for part in kept) else INT)


def join_types(left: Type, right: Type) -> Type:
    """The type that holds the values of both (they must be compatible)."""
    if left == right:
        return left
    if isinstance(left, RealType) or isinstance(right, RealType):
        return REAL
    return INT if isinstance(left, IntType) else left


def substitute(expr: Expr, replacements: Mapping[str, Expr]) -> Expr:
    """The tree with references replaced, simplified where that decides something."""
    match expr:
        case Literal():
            return expr
        case Ref(name):
            return replacements.get(name, expr)
        case Operation(operator, arguments, kind):
            changed = tuple(substitute(argument, replacements) for argument in arguments)
            if all(new is old for new, old in zip(changed, arguments, strict=True)):
                return expr
            return rebuild(operator, changed, kind)


def rebuild(operator: str, arguments: tuple[Expr, ...], kind: Type) -> Expr:
    """An operation through the simplifying constructors."""
    match operator:
        case "and":
            return conjunction(arguments)
        case "or":
            return disjunction(arguments)
        case "not":
            return negation(arguments[0])
        case "implies":
            return implication(*arguments)
        case "if":
            return conditional(*arguments)
        case "given":
            return given(*arguments)
        case _ if operator in COMPARISONS:
            return compare(operator, *arguments)
    return Operation(operator, arguments, kind)


def references(expr: Expr) -> frozenset[str]:
    """The names of the variables that a tree reads."""
    return frozenset(node.name for node in walk(expr) if isinstance(node, Ref))


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node of a tree."""
    pending = [expr]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, Operation):
            pending.extend(node.arguments)


def well_defined(expr: Expr) -> Expr:
    """The condition under which evaluating divides nowhere by zero, and takes nothing that is not there.

    `and`, `or`, `implies` and `if` evaluate from left to right and stop early, as in Python: what is not
    evaluated cannot fail.
    """
    if not isinstance(expr, Operation):
        return TRUE
    if not any(isinstance(node, Operation) and node.operator in PARTIAL for node in walk(expr)):
        return TRUE
    parts = [well_defined(argument) for argument in expr.arguments]
    match expr.operator:
        case "and" | "or" | "implies":
            # A later argument matters only while the earlier ones have not decided.
            open_if = negation if expr.operator == "or" else (lambda argument: argument)
            condition = parts[-1]
            for argument, part in reversed(list(zip(expr.arguments[:-1], parts[:-1], strict=True))):
                condition = conjunction([part, implication(open_if(argument), condition)])
            return condition
        case "if":
            test = expr.arguments[0]
            return conjunction([parts[0], implication(test, parts[1]), implication(negation(test), parts[2])])
        case "given":
            return conjunction([parts[0], expr.arguments[0], implication(expr.arguments[0], parts[1])])
        case _ if expr.operator in DIVISIONS:
            return conjunction([*parts, compare("!=", expr.arguments[1], integer(0))])
    return conjunction(parts)


DIVISIONS = frozenset({"//", "%", "/"})
PARTIAL = DIVISIONS | {"given"}
