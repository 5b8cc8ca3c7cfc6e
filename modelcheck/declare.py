"""Declarations to typed variables: what every compiler does first with constants and variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import product

from . import model
from .errors import Located, Problem, did_you_mean, position_of
from .expressions import (
    BOOL,
    INT,
    REAL,
    BoolType,
    EnumType,
    Expr,
    IntType,
    Literal,
    RealType,
    Ref,
    Resolver,
    Scope,
    Type,
    Value,
    as_text,
    compare,
    conjunction,
    domain,
    integer,
)
from .names import labels_of
from .system import Claim, Variable

MOST_MEMBERS = 10_000
_LABEL = re.compile(r"[^\W\d]\w*\Z")


def declare_constants(constants: Mapping[str, model.Formula], resolver: Resolver) -> Scope:
    """The scope of the constants; a later one may use the ones before it."""
    scope = Scope()
    for name, text in constants.items():
        before = len(resolver.problems)
        value = resolver.expression(as_text(text), scope)
        for index, problem in enumerate(resolver.problems[before:], before):
            if problem.unknown in constants:
                resolver.problems[index] = replace(problem, hint="a constant can use those that are written before it")
        if isinstance(value, Literal):
            scope = scope.with_names({name: value})
        else:
            if value is not None:
                resolver.problems.append(Problem("E131", f"'{name}' is not constant", position_of(name)))
            scope = replace(scope, broken=scope.broken | {name})  # So that one mistake is one problem.
    return scope


def declare_variables(
    declared: Mapping[str, model.Variable],
    scope: Scope,
    resolver: Resolver,
    prefix: str = "",
    instance: int | None = None,
) -> tuple[list[Variable], Scope]:
    """The variables and the scope in which their short names mean them.

    In the system a variable is called prefix + name, `[i]` for a member of a family, and `#k` in the k-th of
    several instances.
    """
    found: list[Variable] = []
    names: dict[str, Expr] = {}
    families: dict[str, dict[tuple[int, ...], Expr]] = {}
    broken: set[str] = set()
    suffix = "" if instance is None else f"#{instance}"
    for name, declaration in declared.items():
        kind = read_type(declaration.type, scope, resolver)
        if kind is None:
            broken.add(name)
            continue
        initial = read_initial(declaration.initial, kind, scope.with_names(names), resolver)
        if not declaration.over:
            variable = Variable(f"{prefix}{name}{suffix}", kind, initial, instance=instance)
            names[name] = variable.ref
            found.append(variable)
            continue
        families[name] = {}
        for key in _members(declaration, scope, resolver):
            index = ",".join(map(str, key))
            member = Variable(f"{prefix}{name}[{index}]{suffix}", kind, initial, instance=instance)
            families[name][key] = member.ref
            found.append(member)
        if not families[name]:
            broken.add(name)
    return found, Scope(
        {**scope.names, **names},
        {**scope.families, **families},
        scope.predicates,
        broken=(scope.broken - names.keys() - families.keys()) | broken,
    )


def _members(declaration: model.Variable, scope: Scope, resolver: Resolver) -> Iterator[tuple[int, ...]]:
    ranges = []
    for text in declaration.over:
        bounds = resolver.bounds(text, scope)
        if bounds is None:
            return
        if bounds[0] > bounds[1]:
            resolver.problems.append(_empty(text, bounds))
            return
        ranges.append(range(bounds[0], bounds[1] + 1))
    size = 1
    for each in ranges:
        size *= len(each)
    if not 0 < size <= MOST_MEMBERS:
        message = f"an indexed variable with {size} members (1 to {MOST_MEMBERS} are possible)"
        resolver.problems.append(Problem("E132", message, position_of(declaration.over[0])))
        return
    yield from product(*ranges)


def read_type(text: str, scope: Scope, resolver: Resolver) -> Type | None:
    """The type that a text names: `bool`, `int`, `real`, `low..high`, `{label, ...}`."""
    simple: dict[str, Type] = {"bool": BOOL, "int": INT, "real": REAL}
    if text.strip() in simple:
        return simple[text.strip()]
    if text.strip().startswith("{") and text.strip().endswith("}"):
        return _read_labels(text, resolver)
    if ".." in text:
        bounds = resolver.bounds(text, scope)
        if bounds and bounds[0] > bounds[1]:
            resolver.problems.append(_empty(text, bounds))
            return None
        return IntType(*bounds) if bounds else None
    hint = did_you_mean(text, simple, otherwise="types are bool, int, real, a range 0..5, labels {idle, busy}")
    resolver.problems.append(Problem("E134", f"'{text}' is not a type", position_of(text), hint))
    return None


def _empty(text: str, bounds: tuple[int, int]) -> Problem:
    message = f"the range {bounds[0]}..{bounds[1]} is empty"
    return Problem("E133", message, position_of(text), "the lower end comes first")


def _read_labels(text: str, resolver: Resolver) -> EnumType | None:
    labels: list[str] = []
    place = position_of(text)
    for offset, label in labels_of(text):
        here = place.shifted(offset) if place else None
        if not _LABEL.match(label):
            message = f"'{label}' cannot be the name of a value" if label else "a value without a name"
            resolver.problems.append(Problem("E135", message, here))
            return None
        if label in labels:
            resolver.problems.append(Problem("E136", f"'{label}' is listed twice", here))
            return None
        labels.append(label)
    return EnumType(tuple(labels))


def read_initial(text: model.Formula, kind: Type, scope: Scope, resolver: Resolver) -> tuple[Value, ...] | None:
    """The possible first values: of a value, a range, a set, or `any` (None where those are infinitely many)."""
    source = as_text(text)
    stripped = source.strip()
    if stripped == "any":
        values = domain(kind)
        return tuple(values) if values is not None and len(values) <= MOST_MEMBERS else None
    if ".." in stripped and not stripped.startswith("{"):
        bounds = resolver.bounds(source, scope)
        if bounds is None:
            return None
        if bounds[0] > bounds[1]:
            resolver.problems.append(_empty(source, bounds))
            return None
        if bounds[1] - bounds[0] >= MOST_MEMBERS:
            message = f"{stripped} are more than {MOST_MEMBERS} first values"
            resolver.problems.append(Problem("E133", message, position_of(source), "write 'any', or fewer of them"))
            return None
        values_in_range: tuple[Value, ...] = tuple(range(bounds[0], bounds[1] + 1))
        return _checked(values_in_range, kind, source, resolver)
    parts: list[str] = [source]
    if stripped.startswith("{") and stripped.endswith("}"):
        parts = [_piece(source, offset, part) for offset, part in labels_of(source)]
    found: list[Value] = []
    for part in parts:
        value = resolver.expression(part, scope, kind)
        if value is None:
            return None
        if not isinstance(value, Literal):
            hint = "a first value does not depend on others: say in `initially` or `requires` how they go together"
            resolver.problems.append(Problem("E131", f"'{part.strip()}' is not constant", position_of(part), hint))
            return None
        one = Fraction(value.value) if isinstance(kind, RealType) else value.value
        if _checked((one,), kind, part, resolver) is None:
            return None
        found.append(one)
    return tuple(dict.fromkeys(found))


def _piece(source: str, offset: int, part: str) -> str:
    """A part of a text, with its place where that is known."""
    place = position_of(source)
    return Located(part, place.shifted(offset)) if place else part


def _checked(values: tuple[Value, ...], kind: Type, source: str, resolver: Resolver) -> tuple[Value, ...] | None:
    possible = domain(kind)
    if isinstance(kind, BoolType) and not all(isinstance(value, bool) for value in values):
        resolver.problems.append(Problem("E121", f"'{source}' is no truth value", position_of(source)))
        return None
    for value in values:
        if possible is not None and value not in possible:
            message = f"the initial value {value} is outside {kind}"
            resolver.problems.append(Problem("E137", message, position_of(source)))
            return None
    return values


def count_instances(text: model.Formula, scope: Scope, resolver: Resolver, most: int = 1000) -> int:
    """How many instances a design has: a constant, at least 1."""
    value = resolver.expression(as_text(text), scope, INT)
    if value is None:
        return 1
    if not isinstance(value, Literal) or not 1 <= int(value.value) <= most:
        message = f"instances must be a constant from 1 to {most}"
        resolver.problems.append(Problem("E138", message, position_of(text)))
        return 1
    return int(value.value)


def read_effect(
    effect: Mapping[str, model.Formula], targets: Mapping[str, Expr], scope: Scope, resolver: Resolver
) -> dict[str, Expr]:
    """The assignments of an effect, by the full names of the variables; `targets` are those that may be assigned."""
    updates: dict[str, Expr] = {}
    for name, text in effect.items():
        target = targets.get(name)
        if name.partition("[")[0].strip() in scope.broken:
            continue
        if isinstance(target, Literal):
            message = f"'{name}' is a constant, which cannot be assigned"
            resolver.problems.append(Problem("E140", message, position_of(name)))
            continue
        if not isinstance(target, Ref):
            hint = did_you_mean(name, (each for each, value in targets.items() if isinstance(value, Ref)))
            problem = Problem("E140", f"unknown variable '{name}'", position_of(name), hint, unknown=name)
            resolver.problems.append(problem)
            continue
        value = resolver.expression(text, scope, target.type)
        if value is None:
            continue
        if target.name in updates:
            resolver.problems.append(Problem("E141", f"'{name}' is assigned twice", position_of(name)))
        updates[target.name] = value
    return updates


def range_claims(updates: Mapping[str, Expr], types: Mapping[str, Type], about: object = None) -> tuple[Claim, ...]:
    """The claims that no update leaves its variable's range, where interval arithmetic cannot tell."""
    from .expressions.columns import interval

    claims = []
    for name, value in updates.items():
        kind = types[name]
        if not isinstance(kind, IntType) or kind.low is None or kind.high is None:
            continue
        bounds = interval(value)
        if bounds and kind.low <= bounds[0] and bounds[1] <= kind.high:
            continue
        low, high = integer(kind.low), integer(kind.high)
        holds = conjunction([compare("<=", low, value), compare("<=", value, high)])
        message = f"{name} leaves its range {kind}"
        claims.append(Claim("range", name, holds, message, position_of(about)))
    return tuple(claims)


def range_assumptions(variables: Iterable[Variable]) -> tuple[str, ...]:
    """The ranges that the model states, as assumptions of its verdicts; instances count once."""
    found = {v.name.split("#")[0]: str(v.type) for v in variables if v.role == "data" and str(v.type)[:1].isdigit()}
    return tuple(f"{name} in {kind}" for name, kind in found.items())
