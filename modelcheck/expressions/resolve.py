"""From a syntax tree to a typed tree: names get their meaning, families and quantifiers are written out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ..errors import Problem, did_you_mean, position_of
from . import tree
from .foreign import NAMES
from .parse import Apply, Call, ExpressionError, Index, Name, Number, Quantified, Syntax, parse, parse_range, parts_of
from .tree import BOOL, INT, REAL, BoolType, EnumType, Expr, IntType, Literal, Operation, RealType, Type

MOST_CASES = 10_000


@dataclass(frozen=True)
class Scope:
    """What names mean at one place of a model.

    `names`: variables, constants and definitions, each as a typed tree.
    `families`: indexed variables, from the tuple of indices to the member.
    `predicates`: `done(charge)` is `predicates["done"]["charge"]`; the argument is a name, not a value.
    `instances`: one scope for each of several instances, for `count(paid)`, `exists(paid)`, `sum(total)`.
    `cases`: how often what stands here is written out already, by the quantifiers around it.
    `broken`: names whose declarations are wrong, which has been said: formulas with them are not looked at.
    """

    names: Mapping[str, Expr] = field(default_factory=dict)
    families: Mapping[str, Mapping[tuple[int, ...], Expr]] = field(default_factory=dict)
    predicates: Mapping[str, Mapping[str, Expr]] = field(default_factory=dict)
    instances: tuple[Scope, ...] = ()
    cases: int = 1
    broken: frozenset[str] = frozenset()

    def with_names(self, names: Mapping[str, Expr]) -> Scope:
        """This scope with more names; a new meaning wins over an old one."""
        return replace(
            self,
            names={**self.names, **names},
            instances=tuple(replace(each, names={**each.names, **names}) for each in self.instances),
        )


class BrokenDeclarationError(ExpressionError):
    """A formula cannot be judged, because the declaration of a name in it is wrong."""


class Resolver:
    """Collects the problems of many expressions, so that all of them are reported at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def expression(self, text: str | bool | int | float, scope: Scope, expected: Type | None = None) -> Expr | None:
        """The typed tree of a text, or None with a problem noted at its column."""
        source = as_text(text)
        try:
            return resolve(parse(source), scope, expected)
        except ExpressionError as error:
            self.note(error, source)
            return None

    def bounds(self, text: str, scope: Scope) -> tuple[int, int] | None:
        """The ends of a range `low..high` of constants."""
        try:
            low, high = parse_range(text)
            return _constant(low, scope), _constant(high, scope)
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


def resolve(syntax: Syntax, scope: Scope, expected: Type | None = None) -> Expr:
    """The typed tree; raises `ExpressionError` where a name is unknown or types do not fit.

    `expected` gives the type that is wanted: it decides what a bare enumeration value means, and a
    tree of another type is an error.
    """
    value = _resolve(syntax, scope, expected)
    if expected is not None and not _fits(value, expected):
        raise ExpressionError("E121", f"expected {_kind(expected)}, found {_kind(value.type)}", syntax.offset)
    return value


def _fits(value: Expr, expected: Type) -> bool:
    match expected:
        case IntType():
            return isinstance(value.type, IntType)
        case RealType():
            return isinstance(value.type, (IntType, RealType))
        case EnumType(labels):
            return isinstance(value.type, EnumType) and value.type.labels == labels
    return isinstance(value.type, BoolType)


def _kind(kind: Type) -> str:
    match kind:
        case BoolType():
            return "a truth value (bool)"
        case IntType():
            return "an integer"
        case RealType():
            return "a number"
    return f"one of {kind}"


def _resolve(syntax: Syntax, scope: Scope, expected: Type | None) -> Expr:
    match syntax:
        case Number(value):
            kind = BOOL if isinstance(value, bool) else INT if isinstance(value, int) else REAL
            return Literal(value, kind)
        case Name():
            return _name(syntax, scope, expected)
        case Apply():
            return _apply(syntax, scope, expected)
        case Index():
            return _index(syntax, scope)
        case Call():
            return _call(syntax, scope)
        case Quantified():
            return _quantified(syntax, scope)


def _name(syntax: Name, scope: Scope, expected: Type | None) -> Expr:
    if isinstance(expected, EnumType) and syntax.text in expected.labels:
        return tree.label(syntax.text, expected)
    if syntax.text in scope.names:
        return scope.names[syntax.text]
    if syntax.text in scope.families:
        raise ExpressionError("E122", f"'{syntax.text}' is indexed", syntax.offset, f"write '{syntax.text}[...]'")
    _must_be_whole(syntax, syntax.text, scope)
    known = [*scope.names, *scope.families]
    if isinstance(expected, EnumType):
        known += expected.labels
    hint = NAMES.get(syntax.text) or _meant(syntax.text, scope) or did_you_mean(syntax.text, known)
    raise ExpressionError("E120", f"unknown name '{syntax.text}'", syntax.offset, hint, unknown=syntax.text)


def _meant(text: str, scope: Scope) -> str:
    """What to write for a name that means something in another form: a predicate, a step, a field, private state."""
    if text in scope.predicates:
        return f"write '{text}(name)'"
    asked = [predicate for predicate, meanings in scope.predicates.items() if text in meanings]
    if asked:
        return f"write '{'done' if 'done' in asked else asked[0]}({text})'"
    full = [name for name in (*scope.names, *scope.families) if name.endswith(f".{text}")]
    return f"did you mean '{full[0]}'?" if full else ""


def _must_be_whole(syntax: Syntax, name: str, scope: Scope) -> None:
    if name in scope.broken:
        raise BrokenDeclarationError("E120", f"the declaration of '{name}' is wrong", syntax.offset)


def _apply(syntax: Apply, scope: Scope, expected: Type | None) -> Expr:
    operator, arguments = syntax.operator, syntax.arguments
    if operator in ("and", "or", "not", "implies"):
        parts = tuple(resolve(argument, scope, BOOL) for argument in arguments)
        return tree.rebuild(operator, parts, BOOL)
    if operator == "if":
        condition = resolve(arguments[0], scope, BOOL)
        then, otherwise = _pair(arguments[1], arguments[2], scope, expected)
        _same_kind(then, otherwise, syntax)
        return tree.conditional(condition, then, otherwise)
    if operator in tree.COMPARISONS:
        return _compare(syntax, scope)
    values = [_number(argument, scope) for argument in arguments]
    return arithmetic(operator, values, syntax.offset)


def _compare(syntax: Apply, scope: Scope) -> Expr:
    left, right = _pair(syntax.arguments[0], syntax.arguments[1], scope, None)
    _same_kind(left, right, syntax)
    if syntax.operator not in ("==", "!=") and not isinstance(left.type, (IntType, RealType)):
        raise ExpressionError("E123", f"'{syntax.operator}' orders numbers, not {_kind(left.type)}", syntax.offset)
    return tree.compare(syntax.operator, left, right)


def _pair(first: Syntax, second: Syntax, scope: Scope, expected: Type | None) -> tuple[Expr, Expr]:
    """Two values of one kind; a bare enumeration value takes its type from the other side."""
    try:
        left = _resolve(first, scope, expected)
    except ExpressionError:
        if expected is not None or not _may_be_label(first):
            raise
        right = _resolve(second, scope, None)
        return _resolve(first, scope, right.type), right
    return left, _resolve(second, scope, expected or left.type)


def _may_be_label(syntax: Syntax) -> bool:
    """Whether this could be a bare enumeration value, or a choice between some."""
    match syntax:
        case Name():
            return True
        case Apply("if", (_, then, otherwise)):
            return _may_be_label(then) or _may_be_label(otherwise)
    return False


def _same_kind(left: Expr, right: Expr, syntax: Apply) -> None:
    numbers = (IntType, RealType)
    if isinstance(left.type, numbers) and isinstance(right.type, numbers):
        return
    if not _fits(right, left.type):
        raise ExpressionError("E121", f"{_kind(left.type)} and {_kind(right.type)} do not go together", syntax.offset)


def _number(syntax: Syntax, scope: Scope) -> Expr:
    value = _resolve(syntax, scope, None)
    if isinstance(value.type, BoolType):
        raise ExpressionError(
            "E121", "expected a number, found a truth value (bool)", syntax.offset, "write '1 if ... else 0'"
        )
    if isinstance(value.type, EnumType):
        raise ExpressionError("E121", f"expected a number, found {_kind(value.type)}", syntax.offset)
    return value


def arithmetic(operator: str, values: list[Expr], offset: int = 0) -> Expr:
    """A typed arithmetic operation; constants are computed at once (so `N - 1` is a number)."""
    real = operator == "/" or any(value.type == REAL for value in values)
    if operator in ("//", "%") and real:
        raise ExpressionError("E124", f"'{operator}' is for integers", offset, "use '/' for reals")
    if all(isinstance(value, Literal) for value in values):
        from .python import evaluate

        operation = Operation(operator, tuple(values), REAL if real else INT)
        if operator in tree.DIVISIONS and evaluate(values[1]) == 0:
            raise ExpressionError("E125", "division by zero", offset)
        result = evaluate(operation)
        if not -(10**40) <= result <= 10**40:
            raise ExpressionError("E113", "a constant of more than 40 digits", offset)
        return Literal(result, REAL if real else INT)
    if operator == "+":
        return tree.total(values)
    return Operation(operator, tuple(values), REAL if real else INT)


def _index(syntax: Index, scope: Scope) -> Expr:
    family = scope.families.get(syntax.name)
    _must_be_whole(syntax, syntax.name, scope)
    if family is None:
        hint = did_you_mean(syntax.name, scope.families, f"there is no indexed '{syntax.name}'")
        message = f"'{syntax.name}' is not an indexed name"
        raise ExpressionError("E120", message, syntax.offset, hint, unknown=syntax.name)
    if not family:
        raise ExpressionError("E127", f"'{syntax.name}' has no members", syntax.offset)
    indices = [_number(argument, scope) for argument in syntax.arguments]
    dimensions = len(next(iter(family)))
    if len(indices) != dimensions:
        raise ExpressionError("E126", wrong_indices(syntax.name, dimensions, len(indices)), syntax.offset)
    if all(isinstance(index, Literal) for index in indices):
        key = tuple(int(index.value) for index in indices if isinstance(index, Literal))
        if key not in family:
            shown = ", ".join(map(str, key))
            raise ExpressionError("E127", f"'{syntax.name}[{shown}]' does not exist", syntax.offset)
        return family[key]
    return _member(indices, sorted(family.items(), key=lambda member: member[0]))


def wrong_indices(name: str, wanted: int, found: int) -> str:
    """That an indexed variable takes another number of indices, in words."""
    return f"'{name}' takes {wanted} {'index' if wanted == 1 else 'indices'}, found {found}"


def _member(indices: list[Expr], members: list[tuple[tuple[int, ...], Expr]]) -> Expr:
    """The member at computed indices, by halving. An index outside the family reads a member at its edge; ranges
    guard against it."""
    if len(members) == 1:
        return members[0][1]
    dimension = next(at for at in range(len(indices)) if members[0][0][at] != members[-1][0][at])
    values = sorted({key[dimension] for key, _ in members})
    middle = values[len(values) // 2]
    below = [member for member in members if member[0][dimension] < middle]
    above = [member for member in members if member[0][dimension] >= middle]
    here = tree.compare("<", indices[dimension], tree.integer(middle))
    return tree.conditional(here, _member(indices, below), _member(indices, above))


def _call(syntax: Call, scope: Scope) -> Expr:
    name, arguments = syntax.name, syntax.arguments
    if name in ("min", "max", "abs"):
        values = [_number(argument, scope) for argument in arguments]
        if name == "abs" and len(values) != 1:
            raise ExpressionError("E126", "'abs' takes one value", syntax.offset)
        return arithmetic(name, values, syntax.offset)
    if name in ("count", "exists", "sum", "forall"):
        return _over_instances(syntax, scope)
    if name in scope.predicates:
        return _predicate(syntax, scope)
    known = ["min", "max", "abs", "count", "exists", "sum", "forall", *scope.predicates]
    hint = NAMES.get(name) or did_you_mean(name, known)
    raise ExpressionError("E120", f"unknown function '{name}'", syntax.offset, hint, unknown=name)


def _predicate(syntax: Call, scope: Scope) -> Expr:
    meanings = scope.predicates[syntax.name]
    argument = syntax.arguments[0]
    if len(syntax.arguments) != 1 or not isinstance(argument, Name):
        raise ExpressionError("E126", f"'{syntax.name}' takes one name", syntax.offset)
    if argument.text not in meanings:
        hint = did_you_mean(argument.text, meanings)
        message = f"'{syntax.name}' does not know '{argument.text}'"
        raise ExpressionError("E128", message, argument.offset, hint, unknown=argument.text)
    return meanings[argument.text]


def _over_instances(syntax: Call, scope: Scope) -> Expr:
    if len(syntax.arguments) != 1:
        raise ExpressionError("E126", f"'{syntax.name}' takes one expression", syntax.offset)
    body = syntax.arguments[0]
    scopes = scope.instances or (scope,)
    scopes = tuple(replace(each, cases=_cases(len(scopes), scope, syntax)) for each in scopes)
    return _combine(syntax.name, [(body, each) for each in scopes])


def _quantified(syntax: Quantified, scope: Scope) -> Expr:
    if syntax.variable in scope.names or syntax.variable in scope.families:
        message = f"the index '{syntax.variable}' has the name of something else"
        raise ExpressionError("E142", message, syntax.offset, "give it another name")
    low, high = _constant(syntax.low, scope), _constant(syntax.high, scope)
    scope = replace(scope, cases=_cases(high - low + 1, scope, syntax))
    cases = [(syntax.body, scope.with_names({syntax.variable: tree.integer(index)})) for index in range(low, high + 1)]
    return _combine(syntax.kind, cases)


def _cases(number: int, scope: Scope, syntax: Syntax) -> int:
    """How many cases there are with those of the quantifiers around."""
    cases = max(1, number) * scope.cases
    if cases > MOST_CASES:
        raise ExpressionError("E129", f"{cases} cases are too many to write out", syntax.offset)
    return cases


def _combine(kind: str, cases: list[tuple[Syntax, Scope]]) -> Expr:
    if kind == "sum":
        return tree.total(_number(body, scope) for body, scope in cases)
    parts = (resolve(body, scope, BOOL) for body, scope in cases)
    if kind == "count":
        return tree.total(parts)
    return tree.conjunction(parts) if kind == "forall" else tree.disjunction(parts)


def _constant(syntax: Syntax, scope: Scope) -> int:
    value = _number(syntax, scope)
    if not isinstance(value, Literal) or not isinstance(value.value, int):
        raise ExpressionError("E130", "expected a constant integer", syntax.offset)
    return value.value


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
