"""Why a value cannot be given exactly: said instead of a wrong or approximate one."""

from __future__ import annotations

from dataclasses import MISSING, fields

from ..delays import law_of
from ..plan import Plan, Receiver, Task

_PLAN = "seed tasks pools interval mean_interval publish deliver receivers notes users shared openings losses"
_TASK = "key delay mean outcome shares overhead pools timeout backoff factor priority desk hidden"
KNOWN: dict[type, frozenset[str]] = {
    Plan: frozenset(_PLAN.split()),
    Task: frozenset(_TASK.split()),
    Receiver: frozenset(("name", "participant", "ordered", "capacity", "overflow")),
}


class NotExact(Exception):
    """No exact value; `reason` says why, in words for the reader."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def check_known(plan: Plan) -> None:
    """Raises `NotExact` where a plan says something about time that the exact back end has no rule for."""
    if plan.correlation:
        raise NotExact("the durations of a job depend on each other")
    receivers = [each for row in plan.receivers.values() for each in row]
    parts: list[Plan | Task | Receiver] = [plan, *plan.tasks.values(), *receivers]
    for part in parts:
        for field in fields(part):
            if field.name in KNOWN[type(part)]:
                continue
            usual = field.default_factory() if field.default_factory is not MISSING else field.default
            if getattr(part, field.name) != usual:
                raise NotExact(f"there is no closed form and no chain for '{field.name.replace('_', ' ')}'")


def check_alone(plan: Plan) -> None:
    """Raises `NotExact` where several things that a job does at once may be in each other's way by more than waiting
    for a worker in the order of asking."""
    users = [task for task in plan.tasks.values() if task.pools]
    desk = next((task.desk for task in plan.tasks.values() if task.desk), "")
    if plan.shared:
        raise NotExact(f"a job does several things at once, and {min(plan.shared)} shares its work among them")
    if desk or (len(plan.openings) > 1 and any(place for place, _ in plan.openings)):
        raise NotExact(f"a job does several things at once, and they may wait for the coordinator's workers ({desk})")
    if len({task.priority for task in users}) > 1:
        raise NotExact("a job does several things at once, which have priorities")


def check_channels(plan: Plan) -> None:
    """Raises `NotExact` where messages of other jobs may be in the way of those of a job."""
    ways: dict[str, set[float]] = {}
    for event, row in plan.receivers.items():
        for each in row:
            if each.capacity is not None:
                raise NotExact(f"{each.name} may be full of other jobs' messages")
            costs = (plan.publish.get(event), plan.deliver.get((event, each.name)))
            known = [law_of(cost.delay) for cost in costs if cost is not None and cost.delay is not None]
            if each.ordered:
                ways.setdefault(each.name, set()).add(sum(law.low for law in known))
                ways[each.name] |= {sum(law.high for law in known)}
    for name, times in ways.items():
        if len(times) > 1:
            raise NotExact(f"{name} keeps the order of messages of several jobs, which take different times")


def check_queued(plan: Plan) -> None:
    """Raises `NotExact` where jobs do not wait in the order of asking."""
    engine = next((key[1] for key in plan.tasks if key[0] == "flow"), None)
    if engine is not None:
        raise NotExact(f"{engine} waits for an engine")
    users = [task for task in plan.tasks.values() if task.pools]
    if len({task.priority for task in users}) > 1:
        raise NotExact("what waits for workers has priorities")
    if any(task.desk for task in plan.tasks.values()) or any(desk for desk, _ in plan.openings):
        raise NotExact("calls wait for the coordinator's workers")
