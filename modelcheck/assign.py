"""Assignments: what may stand before the colon of an effect, and the new values that it means.

A target is a variable, a member of an indexed one `rm[i]`, or a part of a record, list or map `queue[1].amount`; where
an index is computed, every member that it may stand for gets a conditional value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .errors import Problem, did_you_mean, position_of
from .expressions import (
    FALSE,
    INT,
    TRUE,
    BrokenDeclarationError,
    Expr,
    ExpressionError,
    Literal,
    Ref,
    Resolver,
    Scope,
    Value,
    conditional,
    conjunction,
    disjunction,
    equal,
    integer,
    parse,
    resolve,
)
from .expressions.composite import COMPOSITES, LENGTH, AnyType, List, Map, MapType, Tree, is_there, leaves
from .expressions.meaning import field, kind_of, wrong_indices
from .expressions.paths import is_path, members_of, pieces, written
from .expressions.syntax import Index, Name, Part, Syntax
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


def variables_of(names: Sequence[str], scope: Scope, resolver: Resolver) -> list[tuple[str, Tree]]:
    """The variables that names stand for, `paid`, `slot[1]` or a whole list; an index must be constant here."""
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
            one = len(target.members) == 1
            hint = (
                "an item may not be there: name the whole list" if one else "name the member that is meant: 'slot[1]'"
            )
            resolver.problems.append(Problem("E131", f"'{name}' is not constant", position_of(name), hint))
    return found


@dataclass(frozen=True)
class Target:
    """The variables, or parts of them, that a target may stand for, each with its condition; `exists`: one of the
    conditions holds."""

    members: tuple[tuple[Expr, Tree], ...]
    exists: Expr = TRUE

    @property
    def type(self) -> AnyType:
        return self.members[0][1].type


def find_target(syntax: Syntax, targets: Scope, scope: Scope) -> Target:
    """What stands before the colon of an assignment; raises `ExpressionError`."""
    match syntax:
        case Name(name, offset) if name in targets.families:
            raise ExpressionError("E122", f"'{name}' is indexed", offset, f"write '{name}[...]'")
        case Name(name, offset):
            return _named(name, offset, targets)
        case Index(name, arguments, offset) if name in targets.families:
            return _indexed(targets, name, arguments, scope, offset)
        case Index(name, arguments, offset):
            if not isinstance(targets.names.get(name.split(".")[0]), COMPOSITES):
                variables = (each for each, value in targets.names.items() if isinstance(value, COMPOSITES))
                hint = did_you_mean(name, (*targets.families, *variables), f"there is no indexed '{name}'")
                raise _unknown(name, f"'{name}' is not an indexed variable", offset, hint, targets)
            return _items(_named(name, offset, targets), arguments, scope)
        case Part() if is_path(syntax, targets) and (family := members_of(syntax, targets.names, targets.families)):
            indices = [resolve(argument, scope, INT) for argument in pieces(syntax)[1]]
            return _among(family, indices, written(syntax), syntax.offset)
        case Part() if is_path(syntax, targets) and (
            targets.is_broken(written(syntax).partition("[")[0])
            or members_of(syntax, dict.fromkeys(targets.broken), {})
        ):
            raise BrokenDeclarationError("E140", f"the declaration of '{written(syntax)}' is wrong", syntax.offset)
        case Part(of, "", arguments):
            return _items(find_target(of, targets, scope), arguments, scope)
        case Part(of, name, _, offset):
            return _field(find_target(of, targets, scope), name, offset)
    raise ExpressionError("E140", "only variables can be assigned", syntax.offset, "write 'name' or 'name[index]'")


def _named(name: str, offset: int, targets: Scope) -> Target:
    """A variable, or a field of a record: `paid`, `line.amount`."""
    words = name.split(".")
    for count in range(len(words), 0, -1):
        value = targets.names.get(known := ".".join(words[:count]))
        if value is not None and is_variable(value):
            target = Target(((TRUE, value),))
            at = offset + len(known) + 1
            for word in words[count:]:
                target, at = _field(target, word, at), at + len(word) + 1
            return target
    if name in targets.names:
        raise ExpressionError("E140", f"'{name}' is a constant, which cannot be assigned", offset)
    variables = (each for each, value in targets.names.items() if is_variable(value))
    hint = did_you_mean(name, (*variables, *targets.families))
    raise _unknown(name, f"unknown variable '{name}'", offset, hint, targets)


def _unknown(name: str, message: str, offset: int, hint: str, targets: Scope) -> ExpressionError:
    kind = BrokenDeclarationError if targets.is_broken(name) else ExpressionError
    return kind("E140", message, offset, hint, unknown=name)


def is_variable(value: Tree) -> bool:
    """Whether a name means variables that can be assigned, rather than a constant or a formula."""
    return all(isinstance(leaf, Ref) for _, leaf in leaves(value))


def _field(target: Target, name: str, offset: int) -> Target:
    if name == LENGTH and any(isinstance(value, List) for _, value in target.members):
        hint = "assign the list: 'append(list, item)', 'rest(list)' or []"
        raise ExpressionError("E140", "the length of a list is not assigned by itself", offset, hint)
    return Target(tuple((here, field(value, name, offset)) for here, value in target.members), target.exists)


def _items(target: Target, arguments: Sequence[Syntax], scope: Scope) -> Target:
    """The items of lists, or the values of maps, at an index that may be computed."""
    for argument in arguments:
        members: list[tuple[Expr, Tree]] = []
        exists: list[Expr] = []
        key = target.type.key if isinstance(target.type, MapType) else INT
        index = resolve(argument, scope, key)
        for here, value in target.members:
            for place, item, there in _places(value, argument.offset):
                chosen = conjunction([here, equal(index, Literal(place, key))])
                if chosen != FALSE:
                    members.append((chosen, item))
                    exists.append(conjunction([chosen, there]))
        if not members:
            raise ExpressionError("E127", "this item does not exist", argument.offset)
        sure = isinstance(target.type, MapType) and _surely_inside([index], [(int(k),) for k in target.type.keys])
        target = Target(tuple(members), target.exists if sure else conjunction([target.exists, disjunction(exists)]))
    return target


def _places(value: Tree, offset: int) -> Iterator[tuple[Value, Tree, Expr]]:
    """The places of a list or map: the index, what is there, and whether there is something."""
    match value:
        case List(_, _, items):
            yield from ((at, each, is_there(value, at)) for at, each in enumerate(items, start=1))
        case Map(_, entries):
            yield from ((key, each, TRUE) for key, each in entries.items())
        case _:
            raise ExpressionError("E145", f"{kind_of(value.type)} has no items", offset)


def _indexed(targets: Scope, name: str, arguments: Sequence[Syntax], scope: Scope, offset: int) -> Target:
    """The members of a family that `name[arguments]` may stand for."""
    family = targets.families[name]
    if not family:  # What is wrong with its range has been said.
        raise _unknown(name, f"'{name}' has no members", offset, "", targets)
    dimensions = len(next(iter(family)))
    if len(arguments) != dimensions:
        raise ExpressionError("E126", wrong_indices(name, dimensions, len(arguments)), offset)
    indices = [resolve(argument, scope, INT) for argument in arguments]
    return _among(family, indices, name, offset)


def _among(family: Mapping[tuple[int, ...], Tree], indices: list[Expr], name: str, offset: int) -> Target:
    """The members that indices may mean."""
    chosen = family.get(tuple(int(index.value) for index in indices if isinstance(index, Literal)))
    if chosen is not None and is_variable(chosen):  # Not all members need to be looked at.
        return Target(((TRUE, chosen),))
    members = []
    for key, member in family.items():
        here = conjunction(equal(index, integer(k)) for index, k in zip(indices, key, strict=True))
        if here != FALSE and is_variable(member):
            members.append((here, member))
    if not members:
        raise ExpressionError("E127", f"this member of '{name}' does not exist", offset)
    exists = TRUE if _surely_inside(indices, list(family)) else disjunction(here for here, _ in members)
    return Target(tuple(members), exists)


def _values(target: Target, text: str | bool | int | float, scope: Scope, resolver: Resolver) -> dict[str, Expr]:
    """The new values of all that a target may stand for; where it does not stand for a member, that one stays."""
    found: dict[str, Expr] = {}
    if not target.members:
        return found
    value = resolver.value(text, scope, target.type)
    for condition, member in target.members if value is not None else ():
        assert value is not None
        for (_, part), (_, new) in zip(leaves(member), leaves(value), strict=True):
            assert isinstance(part, Ref)
            found[part.name] = conditional(condition, new, part)
    return found


def _surely_inside(indices: list[Expr], keys: list[tuple[int, ...]]) -> bool:
    """Whether the indices cannot leave a family, by interval arithmetic (families are boxes)."""
    from .expressions.columns import interval

    bounds = [interval(index) for index in indices]
    return all(
        each is not None and keys[0][dimension] <= each[0] and each[1] <= keys[-1][dimension]
        for dimension, each in enumerate(bounds)
    )
