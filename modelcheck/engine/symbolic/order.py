"""In which order the diagrams ask for the variables: what belongs together stands together.

The order of variables decides how large a diagram is, and a best one is hard to find (Bollig & Wegener 1996). Variables
that an action reads and writes are pulled together by FORCE (Aloul, Markov & Sakallah 2003); what nearly every
process shares comes last, so that the others stay close to their own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ...expressions import references
from ...system import Action, TransitionSystem

_ROUNDS = 60
_SHARED = 3  # What so many groups of actions use, and a third of all groups, is shared.


def order_variables(system: TransitionSystem) -> list[str]:
    """The names of all variables, first to last."""
    names = [variable.name for variable in system.variables]
    edges = list({frozenset(touched(action)): None for action in system.actions})
    shared = _shared(system, names)
    own = [name for name in names if name not in shared]
    edges = [edge for edge in ([name for name in edge if name not in shared] for edge in edges) if len(edge) > 1]
    return [*_force(own, edges), *(name for name in names if name in shared)]


def touched(action: Action) -> set[str]:
    """The variables of the system that an action reads or writes."""
    parameters = {parameter.name for parameter in action.parameters}
    read = references(action.guard).union(*(references(update) for update in action.updates.values()))
    return (read | set(action.updates)) - parameters


def _shared(system: TransitionSystem, names: Sequence[str]) -> set[str]:
    groups: dict[str, set[str]] = {}
    for action in system.actions:
        groups.setdefault(action.process or action.name, set()).update(touched(action))
    least = max(_SHARED, len(groups) / 3)
    counts = {name: sum(name in group for group in groups.values()) for name in names}
    found = {name for name, count in counts.items() if count >= least}
    return found if 2 * len(found) <= len(names) else set()


def _force(names: Sequence[str], edges: Sequence[Collection[str]]) -> list[str]:
    """The names, each moved to the middle of what it is used with until the edges get no shorter."""
    best = order = list(names)
    shortest = _span(_places(order), edges)
    of_name: dict[str, list[int]] = {name: [] for name in names}
    for number, edge in enumerate(edges):
        for name in edge:
            of_name[name].append(number)
    for _ in range(_ROUNDS):
        place = _places(order)
        centre = [sum(place[name] for name in edge) / len(edge) for edge in edges]
        pull = {name: _mean([centre[n] for n in of_name[name]], place[name]) for name in names}
        order = sorted(names, key=lambda name: (pull[name], place[name]))  # used within the round
        if (span := _span(_places(order), edges)) < shortest:
            best, shortest = order, span
        elif order == best:
            break
    return best


def _places(order: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(order)}


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _span(place: Mapping[str, int], edges: Sequence[Collection[str]]) -> int:
    return sum(max(place[name] for name in edge) - min(place[name] for name in edge) for edge in edges)
