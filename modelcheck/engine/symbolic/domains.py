"""Which values the variables can take, and whether they are finitely many: what the engine needs to know to apply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...expressions import BoolType, EnumType, Expr, IntType, RealType, Ref, Type, Value, domain, references, substitute
from ...expressions.columns import interval
from ...expressions.tree import walk
from ...system import Action, TransitionSystem, Variable
from ..target import Target

MOST_BITS = 2_000  # In all variables together: a diagram has up to so many levels, and the recursions go as deep.
WIDEST = 64  # Bits of one number on the way.
_ROUNDS = 50

Bounds = tuple[int, int]


class NotFiniteError(Exception):
    """The engine does not apply; the message says why, in the names of the model."""


def bounds_of(kind: Type) -> Bounds | None:
    """The least and the largest value of a type, None where there is none."""
    match kind:
        case BoolType():
            return 0, 1
        case EnumType(labels):
            return 0, len(labels) - 1
        case IntType(low, high) if low is not None and high is not None:
            return low, high
    return None


def reachable_bounds(system: TransitionSystem) -> dict[str, Bounds]:
    """For each variable, bounds on every value that it can have in a state, those just outside its range included.

    An integer without a range is bounded where its updates are, whatever the guards say (Cousot & Cousot 1976).
    Raises `NotFiniteError`.
    """
    inside = _inside(system)
    return {variable.name: _outside(system, variable, inside) for variable in system.variables}


def _inside(system: TransitionSystem) -> dict[str, Bounds]:
    """The bounds within which something goes on: the declared ranges, and for integers without one what updates give."""
    found = {variable.name: _first_bounds(variable) for variable in system.variables}
    free = {variable.name for variable in system.variables if bounds_of(variable.type) is None}
    for _ in range(_ROUNDS):
        grown = {name: _union([found[name], *_updates(system, name, found)]) for name in free}
        if all(found[name] == grown[name] for name in free):
            return found
        found |= grown
    name = next(name for name in free if found[name] != _union([found[name], *_updates(system, name, found)]))
    raise NotFiniteError(f"'{name}' is an integer without a range, and may grow without bound")


def _first_bounds(variable: Variable) -> Bounds:
    if isinstance(variable.type, RealType):
        raise NotFiniteError(f"'{variable.name}' is a real number")
    if (declared := bounds_of(variable.type)) is not None:
        return declared
    if not variable.initial:
        raise NotFiniteError(f"'{variable.name}' may begin with any integer")
    return _hull(variable.initial)


def _outside(system: TransitionSystem, variable: Variable, inside: Mapping[str, Bounds]) -> Bounds:
    first = _hull(variable.initial) if variable.initial else inside[variable.name]
    found = _union([inside[variable.name], first, *_updates(system, variable.name, inside)])
    if isinstance(variable.type, BoolType):
        return 0, 1
    if (found[1] - found[0]).bit_length() > WIDEST // 2:
        raise NotFiniteError(f"'{variable.name}' may have {found[1] - found[0] + 1:,} values")
    return found


def _updates(system: TransitionSystem, name: str, inside: Mapping[str, Bounds]) -> Iterable[Bounds]:
    for action in system.actions:
        if name in action.updates:
            bounds = interval(_bounded(action, action.updates[name], inside))
            if bounds is None:
                raise NotFiniteError(f"'{action.name}' may give '{name}' any value")
            yield bounds


def _bounded(action: Action, update: Expr, inside: Mapping[str, Bounds]) -> Expr:
    """An update in which every integer has a range."""
    chosen = {parameter.name for parameter in action.parameters}
    read = references(update) - chosen
    return substitute(update, {name: Ref(name, IntType(*inside[name])) for name in read if name in inside})


def _hull(values: Sequence[Value]) -> Bounds:
    return int(min(values)), int(max(values))


def _union(parts: Sequence[Bounds]) -> Bounds:
    return min(low for low, _ in parts), max(high for _, high in parts)


def check_expressions(system: TransitionSystem, targets: Sequence[Target]) -> None:
    """Raises `NotFiniteError` where a choice has too many values, or a formula uses real numbers."""
    for action in system.actions:
        for parameter in action.parameters:
            values = parameter.initial if parameter.initial is not None else domain(parameter.type)
            if values is None or isinstance(parameter.type, RealType):
                raise NotFiniteError(f"'{action.name}' may choose any {parameter.type} as '{parameter.name}'")
        if any(target.claims for target in targets) and not action_is_listed(system, action):
            raise NotFiniteError(f"'{action.name}' has too many choices to list")
        for formula in (action.guard, *action.updates.values(), *_claims(action, targets)):
            _check(formula, f"'{action.name}'")
    for target in targets:
        if target.state is not None:
            _check(target.state, f"'{target.name}'")
    _check(system.initially, "the first states' condition")
    _check(system.finished, "the condition of having finished")


def action_is_listed(system: TransitionSystem, action: Action) -> bool:
    """Whether its choices of parameters can be listed."""
    return not action.parameters or system.plain[system.actions.index(action)].listed


def _claims(action: Action, targets: Sequence[Target]) -> Iterable[Expr]:
    kinds = {kind for target in targets for kind, _ in target.claims}
    return (claim.holds for claim in action.claims if claim.kind in kinds)


def _check(formula: Expr, where: str) -> None:
    if any(isinstance(node.type, RealType) for node in walk(formula)):
        raise NotFiniteError(f"{where} uses real numbers")


def why_not(system: TransitionSystem, targets: Sequence[Target] = ()) -> str:
    """Why the engine does not apply, in words; empty where it does."""
    try:
        check_expressions(system, targets)
        bounds = reachable_bounds(system)
    except NotFiniteError as reason:
        return str(reason)
    if (bits := sum(width(each) for each in bounds.values())) > MOST_BITS:
        return f"a state takes {bits:,} bits, more than {MOST_BITS:,}"
    return ""


def width(bounds: Bounds) -> int:
    """The bits that a variable within these bounds takes."""
    return (bounds[1] - bounds[0]).bit_length()
