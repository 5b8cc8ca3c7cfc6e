"""Actions that no execution can take for ever: they bring a variable to where nothing brings it back.

The values of a variable and what the actions make of them are a graph; an action whose every step leads from one
strongly connected part of it to another happens finitely often. Such steps need no other proviso: after them the sum of
how far the variables have come is larger, and it never becomes smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...expressions import BoolType, EnumType, Expr, Literal, Operation, Ref, domain
from ...system import TransitionSystem
from .dependence import Allowed


def progressing(system: TransitionSystem, allowed: Sequence[Allowed]) -> int:
    """The actions, as bits, that only lead onwards; `allowed` is what each guard leaves to which variable."""
    found = 0
    for variable in system.variables:
        if isinstance(variable.type, BoolType | EnumType):
            values = frozenset(domain(variable.type) or ())
            steps = {
                number: [
                    (before, after)
                    for before in known.get(variable.name, values)
                    for after in _results(action.updates[variable.name], variable.name, before, values)
                ]
                for number, (action, known) in enumerate(zip(system.actions, allowed, strict=True))
                if variable.name in action.updates
            }
            part = _parts([step for each in steps.values() for step in each])
            for number, taken in steps.items():
                if all(part[before] != part[after] for before, after in taken):
                    found |= 1 << number
    return found


def _results(value: Expr, name: str, before: object, values: frozenset[object]) -> Iterator[object]:
    """What an update may make of a value."""
    match value:
        case Literal(result):
            yield result
        case Ref(read) if read == name:
            yield before
        case Operation("if", (_, then, otherwise)):
            yield from _results(then, name, before, values)
            yield from _results(otherwise, name, before, values)
        case _:
            yield from values


def _parts(steps: Sequence[tuple[object, object]]) -> dict[object, int]:
    """The strongly connected part that each value lies in."""
    import networkx as nx

    graph = nx.DiGraph(steps)
    return {value: at for at, part in enumerate(nx.strongly_connected_components(graph)) for value in part}
