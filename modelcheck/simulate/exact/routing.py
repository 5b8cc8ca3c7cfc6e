"""How jobs move from queue to queue, read off the chain of a job that is alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ..plan import Plan
from .laws import Constant, Stages
from .process import Edge, Process
from .reason import NotExact
from .state import Finish


@dataclass(frozen=True)
class Queue:
    """A pool as a queue: visits a job, mean and mean square of a service, the ways it goes; rate: where all services
    are exponential. shared: everything in progress goes on at once."""

    name: str
    workers: int
    visits: float
    mean: float
    square: float
    rate: float | None
    ways: tuple[tuple[float, Stages], ...] = ()
    shared: bool = False


def check_last(plan: Plan, process: Process, queue: Queue) -> None:
    """Raises `NotExact` where a job waits for a worker again after it had one of this queue."""
    serving = [pool_in_use(plan, process, number) for number in range(len(process))]
    following: dict[int, list[int]] = {}
    for edge in process.edges:
        following.setdefault(edge.source, []).append(edge.target)
    waiting = [
        target for number, pool in enumerate(serving) if pool == queue.name for target in following.get(number, ())
    ]
    seen: set[int] = set()
    while waiting:
        number = waiting.pop()
        if serving[number]:
            again = "comes back" if serving[number] == queue.name else f"goes on to {serving[number]}"
            raise NotExact(f"a job {again} after {queue.name}, whose services are not exponential, or not of one mean")
        if number not in seen:
            seen.add(number)
            waiting += following.get(number, ())


def pool_in_use(plan: Plan, process: Process, number: int) -> str:
    """The pool whose worker a job has in a standing."""
    for clock in process.standings[number].clocks:
        if isinstance(clock.what, Finish):
            pools = plan.tasks[clock.what.flight[0]].pools
            return pools[0] if pools else ""
    return ""


def check_overtaking(plan: Plan, process: Process, found: list[Queue]) -> None:
    """Raises `NotExact` where the waits of one job may depend on each other.

    They are independent where nobody who comes later can be ahead further on: where jobs come to each queue from one
    queue at most, after the same constant time, queues between the first and the last have one worker each, and none
    is visited twice (Reich 1963; Burke 1969, "The dependence of sojourn times in tandem M/M/s queues", Operations
    Research 17; Walrand and Varaiya 1980, "Sojourn times and the overtaking condition", Adv. Appl. Prob. 12).
    """
    shared = next((queue.name for queue in found if queue.shared), None)
    if shared is not None:
        raise NotExact(f"{shared} shares its work among all who want it: only means are known")
    workers = {queue.name: queue.workers for queue in found}
    before: dict[str, set[tuple[str, Fraction | None]]] = {}
    for source, target, pause in _moves(plan, process):
        before.setdefault(target, set()).add((source, pause if source else None))
    followed = {source for row in before.values() for source, _ in row}
    for name, row in before.items():
        (source, pause), *others = row
        if name == source or others or (source and pause is None):
            raise NotExact("jobs can overtake each other on their way from queue to queue, or come back to one")
        if source and name in followed and workers[name] > 1:
            raise NotExact(f"jobs can overtake each other in {name}, between two other queues")


def _moves(plan: Plan, process: Process) -> Iterator[tuple[str, str, Fraction | None]]:
    """From which queue to which jobs move, and the time between, where it is constant; '' is where they arrive."""
    serving = [pool_in_use(plan, process, number) for number in range(len(process))]
    following: dict[int, list[Edge]] = {}
    for edge in process.edges:
        following.setdefault(edge.source, []).append(edge)
    waiting: list[tuple[str, int, Fraction | None]] = [("", number, Fraction(0)) for number in process.begins]
    for number, name in enumerate(serving):
        if name:
            waiting += [(name, edge.target, Fraction(0)) for edge in following.get(number, ())]
    seen = set()
    while waiting:
        origin = waiting.pop()
        if origin in seen:
            continue
        seen.add(origin)
        source, number, pause = origin
        if serving[number]:
            yield source, serving[number], pause
            continue
        for edge in following.get(number, ()):
            constant = pause is not None and all(isinstance(law, Constant) for law in edge.stages)
            later = sum((law.value for law in edge.stages if isinstance(law, Constant)), pause or Fraction(0))
            waiting.append((source, edge.target, later if constant and len(seen) < 100_000 else None))
