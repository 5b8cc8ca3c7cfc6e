"""Constants, and the indices of families: what `for each i in 1..N` stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from .. import model
from ..errors import Located, Problem, position_of
from ..expressions import INT, ExpressionError, Literal, Resolver, Scope, as_text, integer, parse, resolve
from ..expressions.syntax import Index

MOST_COPIES = 10_000


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


def with_indices(scope: Scope, values: Mapping[str, int]) -> Scope:
    """The scope in which indices have these values."""
    return scope.with_names({name: integer(value) for name, value in values.items()}) if values else scope


def constant(text: model.Formula, scope: Scope, resolver: Resolver) -> int | None:
    """The value of a formula that must not depend on the state; None with a problem noted (E131)."""
    value = resolver.expression(as_text(text), scope, INT)
    if value is None:
        return None
    if not isinstance(value, Literal):
        resolver.problems.append(Problem("E131", f"'{text}' is not constant", position_of(text)))
        return None
    return int(value.value)


def combinations(indices: Sequence[model.Index], scope: Scope, resolver: Resolver) -> Iterator[dict[str, int]]:
    """The values of the indices in order; the range of one may depend on those before it."""
    if not indices:
        yield {}
        return
    first, *rest = indices
    low, high = (constant(end, scope, resolver) for end in (first.low, first.high))
    if low is None or high is None:
        return
    for value in range(low, high + 1):
        for others in combinations(rest, with_indices(scope, {first.name: value}), resolver):
            yield {first.name: value, **others}


def copies(
    name: str, indices: Sequence[model.Index], scope: Scope, resolver: Resolver, taken: Sequence[str] = ()
) -> list[dict[str, int]]:
    """The copies that a family stands for, each as the values of its indices; `taken` are names an index cannot have.

    Notes an index that hides something (E142) and a family of too many copies (E143).
    """
    for position, index in enumerate(indices):
        others = (*scope.names, *scope.families, *scope.types, *taken, *(each.name for each in indices[:position]))
        if index.name in others:
            message, hint = f"the index '{index.name}' has the name of something else", "give it another name"
            resolver.problems.append(Problem("E142", message, position_of(index.name), hint))
    found = list(islice(combinations(indices, scope, resolver), MOST_COPIES + 1))
    if len(found) > MOST_COPIES:
        message = f"'{name}' stands for more than {MOST_COPIES} copies"
        resolver.problems.append(Problem("E143", message, position_of(name)))
        return found[:1]  # What else is wrong with it is wrong with the first one.
    return found


def member_name(name: str, values: Mapping[str, int]) -> str:
    """What a copy is called: `reserve[2]`, `move[1,3]`; it remembers where the family was written."""
    if not values:
        return name
    return located(f"{name}[{','.join(map(str, values.values()))}]", name)


def located(text: str, like: object) -> str:
    """A text that was made of another one, at the place of that one."""
    place = position_of(like)
    return Located(text, place) if place else text


def member_named(reference: str, scope: Scope, resolver: Resolver, what: str) -> tuple[str, tuple[int, ...]] | None:
    """The family and the indices that `reserve[i + 1]` names; None with a problem noted where it names no member.

    what: what it should name, in words (E120 where it does not; E131 where an index is not constant).
    """
    try:
        match parse(reference):
            case Index(name, arguments, _):
                values = [resolve(argument, scope, INT) for argument in arguments]
            case _:
                raise ExpressionError("E120", f"'{reference}' names no {what}", 0, "write name[index]")
    except ExpressionError as error:
        resolver.note(error, reference)
        return None
    key = tuple(int(value.value) for value in values if isinstance(value, Literal))
    if len(key) < len(values):
        resolver.problems.append(Problem("E131", f"'{reference}' is not constant", position_of(reference)))
        return None
    return name, key
