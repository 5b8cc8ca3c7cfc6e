"""Who may follow a path: `worker[i].busy` is private to that worker, like every state of a participant."""

from __future__ import annotations

from collections.abc import Sequence

from ..expressions import INT, ExpressionError, Literal, Ref, Scope, parse, resolve
from ..expressions.composite import Tree, leaves
from ..expressions.paths import filled, is_path, members_of, pieces, written
from ..expressions.syntax import Part, Syntax, parts_of


def foreign_paths(text: str, scope: Scope, everywhere: Scope, others: Sequence[str]) -> list[str]:
    """The paths in a formula that lead, or may lead, to the state of one of these other participants; `scope` is the
    formula's, `everywhere` knows all state by full names."""
    prefixes = tuple(f"{name}." for name in others)
    try:
        pending: list[Syntax] = [parse(text)]
    except ExpressionError:
        return []  # What is wrong with it is said where it is typed.
    found = []
    while pending:
        node = pending.pop()
        if isinstance(node, Part) and is_path(node, scope):
            found += _foreign(node, scope, everywhere, prefixes)
        pending.extend(parts_of(node))
    return found


def _foreign(path: Part, scope: Scope, everywhere: Scope, prefixes: tuple[str, ...]) -> list[str]:
    members = members_of(path, everywhere.names, everywhere.families)
    indices = [_constant(argument, scope) for argument in pieces(path)[1]]
    known = [index for index in indices if index is not None]
    if len(known) == len(indices):
        member = members.get(tuple(known))
        chosen = {filled(path, known): member} if member is not None else {}
    else:
        chosen = {written(path): member for member in members.values() if _belongs(member, prefixes)}
    return [name for name, member in chosen.items() if _belongs(member, prefixes)]


def _belongs(member: Tree, prefixes: tuple[str, ...]) -> bool:
    return any(isinstance(leaf, Ref) and leaf.name.startswith(prefixes) for _, leaf in leaves(member))


def _constant(argument: Syntax, scope: Scope) -> int | None:
    try:
        value = resolve(argument, scope, INT)
    except ExpressionError:
        return None  # It depends on a quantifier.
    return int(value.value) if isinstance(value, Literal) else None
