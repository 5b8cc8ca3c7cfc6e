"""Assignments: what may stand before the colon of an effect, and the new values that it means.

A target is a variable or a member of an indexed one, `rm[i]`; where the index is computed, every member that it may
stand for gets a conditional value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .errors import Problem, did_you_mean, position_of
from .expressions import (
    FALSE,
    INT,
    TRUE,
    Expr,
    ExpressionError,
    Ref,
    Resolver,
    Scope,
    conditional,
    conjunction,
    disjunction,
    equal,
    integer,
    parse,
    resolve,
)
from .expressions.parse import Index, Name, Path, Syntax
from .expressions.paths import members_of, pieces, written
from .model import Effect
from .system import Claim


@dataclass(frozen=True)
class Assignment:
    """One line of an effect: what stands before the colon, the text after it, and the new values by full names.

    missing: the claim that the member exists, where that is not certain.
    """

    name: str
    text: str | bool | int | float
    updates: Mapping[str, Expr]
    missing: Claim | None = None


def assignments(effect: Effect, targets: Scope, scope: Scope, resolver: Resolver) -> Iterator[Assignment]:
    """The assignments of an effect; `targets` are the variables that may be assigned, `scope` is for the values.

    Notes unknown targets (E140) and what is assigned twice (E141).
    """
    seen: set[str] = set()
    for name, text in effect.items():
        try:
            target = find_target(parse(name), targets, scope)
        except ExpressionError as error:
            resolver.note(error, name)
            continue
        updates = _values(target, text, scope, resolver)
        for repeated in sorted(seen & updates.keys()):
            resolver.problems.append(Problem("E141", f"'{repeated}' is assigned twice", position_of(name)))
        seen |= updates.keys()
        missing = None
        if target.exists != TRUE:
            missing = Claim("range", name, target.exists, f"{name} does not exist", position_of(name))
        yield Assignment(name, text, updates, missing)


def read_effect(
    effect: Effect, targets: Scope, scope: Scope, resolver: Resolver
) -> tuple[dict[str, Expr], tuple[Claim, ...]]:
    """All new values of an effect by full names, and the claims that the members it speaks of exist."""
    updates: dict[str, Expr] = {}
    claims = []
    for each in assignments(effect, targets, scope, resolver):
        updates |= each.updates
        if each.missing is not None:
            claims.append(each.missing)
    return updates, tuple(claims)


def variables_of(names: Sequence[str], scope: Scope, resolver: Resolver) -> list[tuple[str, Ref]]:
    """The variables that names stand for, `paid` or `slot[1]`; an index must be constant here."""
    found = []
    for name in names:
        try:
            target = find_target(parse(name), scope, scope)
        except ExpressionError as error:
            resolver.note(error, name)
            continue
        if len(target.members) == 1 and target.exists == TRUE:
            found.append((name, target.members[0][1]))
        else:
            hint = "name the member that is meant: 'slot[1]'"
            resolver.problems.append(Problem("E131", f"'{name}' is not constant", position_of(name), hint))
    return found


@dataclass(frozen=True)
class Target:
    """The variables that a target may stand for, each with its condition; `exists`: one of the conditions holds."""

    members: tuple[tuple[Expr, Ref], ...]
    exists: Expr = TRUE


def find_target(syntax: Syntax, targets: Scope, scope: Scope) -> Target:
    """What stands before the colon of an assignment; raises `ExpressionError`."""
    match syntax:
        case Name(name, offset) if name in targets.families:
            raise ExpressionError("E122", f"'{name}' is indexed", offset, f"write '{name}[...]'")
        case Name(name, offset):
            variables = {each: ref for each, ref in targets.names.items() if isinstance(ref, Ref)}
            if name in variables:
                return Target(((TRUE, variables[name]),))
            hint = did_you_mean(name, (*variables, *targets.families))
            raise ExpressionError("E140", f"unknown variable '{name}'", offset, hint)
        case Index(name, arguments, offset) if name in targets.families:
            return _indexed(targets.families[name], name, arguments, scope, offset)
        case Index(name, _, offset):
            hint = did_you_mean(name, targets.families, f"there is no indexed '{name}'")
            raise ExpressionError("E140", f"'{name}' is not an indexed variable", offset, hint)
        case Path():
            family = members_of(syntax, targets.names, targets.families)
            indices = [resolve(argument, scope, INT) for argument in pieces(syntax)[1]]
            return _among(family, indices, written(syntax), syntax.offset)
    raise ExpressionError("E140", "only variables can be assigned", syntax.offset, "write 'name' or 'name[index]'")


def _indexed(
    family: Mapping[tuple[int, ...], Expr], name: str, arguments: Sequence[Syntax], scope: Scope, offset: int
) -> Target:
    """The members of a family that `name[arguments]` may stand for."""
    if not family:
        return Target(())  # What is wrong with its range has been said.
    dimensions = len(next(iter(family)))
    if len(arguments) != dimensions:
        raise ExpressionError("E126", f"'{name}' takes {dimensions} indices, found {len(arguments)}", offset)
    indices = [resolve(argument, scope, INT) for argument in arguments]
    return _among(family, indices, name, offset)


def _among(family: Mapping[tuple[int, ...], Expr], indices: list[Expr], name: str, offset: int) -> Target:
    """The members that computed indices may mean."""
    members = []
    for key, member in family.items():
        here = conjunction(equal(index, integer(k)) for index, k in zip(indices, key, strict=True))
        if here != FALSE and isinstance(member, Ref):
            members.append((here, member))
    if not members:
        raise ExpressionError("E127", f"this member of '{name}' does not exist", offset)
    exists = TRUE if _surely_inside(indices, list(family)) else disjunction(here for here, _ in members)
    return Target(tuple(members), exists)


def _values(target: Target, text: str | bool | int | float, scope: Scope, resolver: Resolver) -> dict[str, Expr]:
    """The new values of all that a target may stand for; where it does not stand for a member, that one stays."""
    found = {}
    for condition, member in target.members:
        value = resolver.expression(text, scope, member.type)
        if value is None:
            break  # The other members would repeat the problem.
        found[member.name] = conditional(condition, value, member)
    return found


def _surely_inside(indices: list[Expr], keys: list[tuple[int, ...]]) -> bool:
    """Whether the indices cannot leave a family, by interval arithmetic (families are boxes)."""
    from .expressions.columns import interval

    bounds = [interval(index) for index in indices]
    return all(
        each is not None and keys[0][dimension] <= each[0] and each[1] <= keys[-1][dimension]
        for dimension, each in enumerate(bounds)
    )
