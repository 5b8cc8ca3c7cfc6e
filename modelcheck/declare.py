"""Declarations to typed variables: what every compiler does first with constants and variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product

from . import model
from .datatypes import MOST_MEMBERS, Initial, declare_types, empty_range, read_initials, read_type, size_of
from .errors import Problem, position_of
from .expand.indices import declare_constants
from .expressions import (
    INT,
    Expr,
    IntType,
    Literal,
    Ref,
    Resolver,
    Scope,
    Type,
    as_text,
    compare,
    conjunction,
    integer,
)
from .expressions.composite import COMPOSITE_TYPES, AnyType, Tree, build
from .system import Claim, Variable, Whole


def declare_names(design: model.Design, resolver: Resolver) -> Scope:
    """The scope of a design's constants and named types."""
    return declare_types(design.types, declare_constants(design.constants, resolver), resolver)


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
    names: dict[str, Tree] = {}
    families: dict[str, dict[tuple[int, ...], Tree]] = {}
    broken: set[str] = set()
    for name, declaration in declared.items():
        kind = read_type(declaration.type, scope, resolver)
        if kind is None:
            broken.add(name)
            continue
        initial = read_initials(declaration.initial, kind, name, scope.with_names(names), resolver)
        if not declaration.over:
            names[name] = _declare(f"{prefix}{name}", kind, initial, name, instance, found)
            continue
        families[name] = {}
        keys = list(_members(declaration, scope, resolver))
        if len(keys) * size_of(kind) > MOST_MEMBERS:
            message = f"'{name}' stands for more than {MOST_MEMBERS} variables, with all parts of its members"
            resolver.problems.append(Problem("E148", message, position_of(name)))
            keys = []
        for key in keys:
            member = f"{prefix}{name}[{','.join(map(str, key))}]"
            families[name][key] = _declare(member, kind, initial, name, instance, found)
        if not families[name]:
            broken.add(name)
    broken |= scope.broken - names.keys() - families.keys()
    return found, replace(
        scope,
        names={**scope.names, **names},
        families={**scope.families, **families},
        broken=frozenset(broken),
    )


def shared_among(design: model.Orchestration | model.Choreography, names: Iterable[str]) -> set[str]:
    """Those of some variables of a system that all instances share: what is declared so, with its members and parts."""
    declared = {name for name, each in design.variables.items() if each.shared}
    for who, participant in design.participants.items() if isinstance(design, model.Choreography) else ():
        declared |= {f"{who}.{name}" for name, each in participant.variables.items() if each.shared}
    return {name for name in names if not declared.isdisjoint(_wholes_of(name))}


def _wholes_of(name: str) -> Iterator[str]:
    """A name and the names of all that it may be a part of: of `stock[1].left` also `stock[1]` and `stock`."""
    yield name
    yield from (name[: each.start()] for each in re.finditer(r"[.\[]", name))


def _declare(
    full: str, kind: AnyType, initial: Mapping[str, Initial], short: str, instance: int | None, found: list[Variable]
) -> Tree:
    """The variables of one value, added to those found; `initial` knows its parts under the short name."""
    suffix = "" if instance is None else f"#{instance}"
    whole = Whole(f"{full}{suffix}", kind) if isinstance(kind, COMPOSITE_TYPES) else None

    def leaf(part: str, scalar: Type) -> Ref:
        begins = initial.get(short + part.removeprefix(full))
        in_list = None if whole is None else whole.list_with(part)
        variable = Variable(f"{part}{suffix}", scalar, begins, instance=instance, whole=whole, in_list=in_list)
        found.append(variable)
        return variable.ref

    return build(kind, full, leaf)


def _members(declaration: model.Variable, scope: Scope, resolver: Resolver) -> Iterator[tuple[int, ...]]:
    ranges = []
    for text in declaration.over:
        bounds = resolver.bounds(text, scope)
        if bounds is None:
            return
        if bounds[0] > bounds[1]:
            empty_range(text, bounds).note(resolver)
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
    """The bounds that the model states, as assumptions of its verdicts; instances count once."""
    found: dict[str, None] = {}
    for variable in variables:
        if variable.role == "data" and variable.whole is not None:
            found[f"{variable.whole.name.split('#')[0]}: {variable.whole.type}"] = None
        elif variable.role == "data" and str(variable.type)[:1].isdigit():
            found[f"{variable.name.split('#')[0]} in {variable.type}"] = None
    return tuple(found)
