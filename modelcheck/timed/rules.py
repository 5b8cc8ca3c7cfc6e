"""Within which time things happen: tasks, calls and messages of a plan, with the bounds of their delays."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ..simulate.delays import bounds
from ..simulate.draws import Draws
from ..simulate.plan import Plan, Task
from ..simulate.walk import Ask, Flight
from .clock import Unit, unit_of
from .node import Node, Timer
from .zones import Bound

if TYPE_CHECKING:
    from collections.abc import Mapping

Window = tuple[Bound, Bound]


@dataclass(frozen=True)
class Rules:
    """The bounds of everything in a plan, in whole units of time; `ordered`: the queues that keep their order."""

    plan: Plan
    unit: Unit
    ordered: frozenset[str]

    def outcomes(self, node: Node, flight: Flight) -> Iterator[tuple[str, Window]]:
        """How a task in flight can end, and within which time of its start; nothing where it is blocked."""
        task = self.plan.tasks[flight[0]]
        low, high = self._window(task.delay)
        limit = math.inf if task.timeout is None else self.unit.whole(task.timeout)
        for ended, outcome in node.place.finishes:
            if ended != flight:
                continue
            if outcome == "timeout" and task.timeout is not None:
                yield outcome, (limit, limit)
            elif low <= limit:
                yield outcome, (low, min(high, limit))

    def latest(self, node: Node, timer: Timer) -> Bound:
        """After which time a timer has fired at the latest."""
        kind, what, _, high = timer
        if kind == "task":
            return max((high for _, (_, high) in self.outcomes(node, cast(Flight, what))), default=math.inf)
        return high

    def call(self, ask: Ask, attempt: int) -> Window:
        """What passes between asking for a task and its start, where it has workers."""
        task = self.plan.tasks[ask[0]]
        low, high = self._window(task.overhead)
        pause = self.unit.whole(task.pause(attempt))
        return low + pause, high + pause

    def travel(self, event: str, queue: str) -> Window:
        """What passes between publishing an event and its being in a queue."""
        published = self._window(self.plan.publish.get(event))
        delivered = self._window(self.plan.deliver.get((event, queue)))
        return published[0] + delivered[0], published[1] + delivered[1]

    def _window(self, draws: Draws | None) -> Window:
        low, high = _bounds(draws)
        return self.unit.whole(low), self.unit.whole(high)

    def counted(self, flight: Flight, attempts: int) -> int:
        """So many attempts, or fewer, where more would make no difference."""
        task = self.plan.tasks[flight[0]]
        return attempts if task.backoff and task.factor != 1 else min(attempts, 1)


def rules_of(plan: Plan, *others: float, attempts: int = 64) -> Rules:
    """The rules of a plan, in a unit in which `others` are whole, too."""
    times = [*others]
    for task in plan.tasks.values():
        times += [*_bounds(task.delay), *_bounds(task.overhead), task.timeout or 0.0, *_pauses(task, attempts)]
    for draws in (*plan.publish.values(), *plan.deliver.values()):
        times += _bounds(draws)
    ordered = (each.name for receivers in plan.receivers.values() for each in receivers if each.ordered)
    return Rules(plan, unit_of(times), frozenset(ordered))


def _pauses(task: Task, attempts: int) -> list[float]:
    """The pauses before the first attempts: later ones are longer than anything."""
    if not task.backoff:
        return []
    return [task.pause(attempt) for attempt in range(2, attempts if task.factor != 1 else 3)]


def _bounds(draws: Draws | None) -> tuple[float, float]:
    return (0.0, 0.0) if draws is None or draws.delay is None else bounds(draws.delay)


def crashes(plan: Plan) -> str:
    """Why the longest time is not known where pools may break down, or may just as well not do so for any time."""
    return f"{next(iter(plan.faults))} breaks down, and that takes time" if plan.faults else ""


def obstacle(plan: Plan) -> str:
    """Why there are no rules for a plan; empty where there are. Priorities are no obstacle: any order is looked at."""
    receivers = [each for row in plan.receivers.values() for each in row]
    for names, what in (
        ([name for name, each in plan.faults.items() if math.isfinite(_bounds(each.every)[1])], "must break down"),
        (plan.shared, "shares its work among all who want it"),
        (plan.partitions, "is carried by a partition of its channel"),
        ([event for event, _ in plan.repeats], "may come again"),
        ([key[1] for key, task in plan.tasks.items() if task.desk], "is called by a coordinator's workers"),
        ([key[1] for key in plan.tasks if key[0] == "flow"], "waits for an engine"),
        ([each.name for each in receivers if each.capacity is not None], "may be full"),
    ):
        if names:
            return f"{next(iter(names))} {what}"
    return "a coordinator spends time on each flow" if plan.openings else ""


def unbounded(plan: Plan) -> Mapping[str, str]:
    """The tasks whose delay has no upper bound, and its distribution."""
    found = {}
    for (kind, name), task in plan.tasks.items():
        for draws in (task.delay, task.overhead):
            if draws is not None and draws.delay is not None and math.isinf(_bounds(draws)[1]):
                found[f"undo {name}" if kind == "undo" else name] = draws.delay.distribution
    return found
