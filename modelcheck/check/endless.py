"""Executions that never end although no state comes back: a way into a closed recurrent set, and one time around.

z3 has shown that whoever goes around once can do so again (`engine.recurrence`). Here is shown that someone does: a
state of the set is reached from an initial one, and the walk is taken from there in the plain system.
"""

from __future__ import annotations

from functools import reduce

from ..engine.blocks import compose
from ..engine.bounded import bounded
from ..engine.fairness import NONE, OUTCOMES, STRONG
from ..engine.recurrence import Recurrence
from ..engine.target import Limits, Target
from ..expressions import conjunction, well_defined
from ..system import State, TransitionSystem
from ..trace import Trace, replay

DEEPEST = 10


def endless_trace(
    system: TransitionSystem, found: Recurrence, limits: Limits, fairness: str = STRONG
) -> tuple[Trace, int] | None:
    """A trace that ends with one time around, and where that begins; None where none is found, or it may not be fair.

    The edges of `found` are named as the actions are. Fair is what everybody to whom fairness is owed has a part in.
    """
    numbers = {action.name: number for number, action in enumerate(system.actions)}
    if any(edge.name not in numbers for edge in found.edges):
        return None
    around = [numbers[edge.name] for edge in found.edges]
    if fairness != NONE:
        party = range(len(system.actions)) if fairness == OUTCOMES else [a.process for a in system.actions]
        if {party[number] for number in around} != set(party):
            return None
    once = reduce(compose, found.edges)
    able = conjunction([found.where, well_defined(once.guard), once.guard])
    reached = bounded(system, [Target("recurrent", state=able)], Limits(seconds=limits.seconds, depth=DEEPEST))
    way = reached.traces.get("recurrent")
    return None if way is None else _around(system, way, around)


def _around(system: TransitionSystem, way: Trace, around: list[int]) -> tuple[Trace, int] | None:
    """The trace with these actions added, all within the ranges; None where they cannot be taken."""
    states: list[State] = list(way.states)
    for number in around:
        following = [after for after in system.plain[number].successors(states[-1]) if system.in_range(after)]
        if not following or not system.in_range(states[-1]):
            return None
        states.append(following[0])
    return replay(Trace(system, tuple(states), (*way.actions, *around))), len(way)
