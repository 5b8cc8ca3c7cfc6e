"""Whether workers can keep up with the work that arrives: a queue that cannot has no mean, it grows for ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..errors import ModelError, Problem, position_of
from .beforehand import work_beforehand
from .delays import Array, mean
from .draws import Draws
from .events import EventLoop
from .jobs import Job
from .plan import UNLIMITED, Plan
from .setting import Setting
from .statistics import Estimate, mean_of

PILOT, MOST_PILOTS = 200, 12_800


def saturated(setting: Setting) -> list[str]:
    """Notes on workers who are nearly saturated, from the work that some jobs cause when each runs alone.

    Workers who break down do less. Users who wait for their jobs, and channels that drop what has no room in them, let
    no queue grow without end. Raises `ModelError` where the utilisation would be 1 or more.
    """
    plan = setting.plan
    if plan.interval is None or not (plan.pools or plan.partitions):
        return []
    notes, problems = [], []
    loads, jobs = _loads(setting, PILOT), PILOT
    while jobs < MOST_PILOTS and any(load.low < 1 <= load.high for load in loads.values()):
        jobs *= 8  # Work that few jobs bring, or that varies much, takes many of them to be known.
        loads = _loads(setting, jobs)
    for name, load in loads.items():
        if load.low >= 1:
            message = (
                f"{name} cannot keep up: its utilisation would be {load.value:.3g}, and its queue grows without end"
            )
            hint = "more workers, shorter times or fewer arrivals"
            problems.append(Problem("E413", message, position_of(name), hint))
        elif load.value >= 0.95:
            notes.append(f"{name} is close to saturation (utilisation about {load.value:.2g}): simulate many jobs")
    if problems:
        raise ModelError(problems)
    return notes


def _loads(setting: Setting, jobs: int) -> dict[str, Estimate]:
    """The utilisation of each pool and channel that could grow a queue without end, from the work of so many jobs."""
    plan = setting.plan
    found = {}
    for name, work in (work_beforehand(setting, range(jobs)) or _work_by_events(setting, jobs)).items():
        size = plan.pools.get(name) or next(each.count for each in plan.partitions.values() if each.channel == name)
        available = plan.faults[name].availability if name in plan.faults else 1.0
        if size != UNLIMITED and not _drops(plan, name):
            found[name] = mean_of(work / (plan.mean_interval * size * available), 0.999)
    return found


def _work_by_events(setting: Setting, jobs: int) -> dict[str, Array]:
    plan = setting.plan
    again = {name: faults for name, faults in plan.faults.items() if faults.restarts}
    loop = replace(setting, plan=replace(plan, interval=None, faults=again, shared=frozenset())).loop()
    done = [dict(_work_of_one(loop, number)) for number in range(jobs)]
    return {name: np.array([each.get(name, 0.0) for each in done]) for name in done[0]}


def _work_of_one(loop: EventLoop, number: int) -> Iterator[tuple[str, float]]:
    """The worker-seconds that one job, run alone, needs of each pool: by exact means where that can be said."""
    plan, before = loop.plan, dict(loop.starts)
    busy = {name: pool.busy for name, pool in loop.pools.items()}
    job = loop.run_alone(number)
    starts = {key: count - before[key] for key, count in loop.starts.items()}
    desks = {task.desk for task in plan.tasks.values() if task.desk} | {desk for desk, _ in plan.openings if desk}
    for name, pool in loop.pools.items():
        users = [task for task in plan.tasks.values() if name in task.pools]
        if name in desks:
            called = sum(starts[key] * _mean(task.overhead) for key, task in plan.tasks.items() if task.desk == name)
            yield name, called + sum(_mean(draws) for desk, draws in plan.openings if desk == name)
        elif any(task.key[0] == "flow" for task in users):
            yield name, 0.0 if job.ended is None else job.ended - job.arrived
        elif any(task.timeout is not None for task in users) or name in plan.faults:
            yield name, pool.busy - busy[name]
        else:
            yield name, sum(starts[task.key] * task.mean for task in users)
    yield from _carried(plan, job)


def _carried(plan: Plan, job: Job) -> Iterator[tuple[str, float]]:
    """The seconds for which a job's messages occupy the partitions of their channels."""
    found: dict[str, float] = {}
    for event, shares in plan.partitions.items():
        once = _mean(plan.publish.get(event))
        once += sum(_mean(plan.deliver.get((event, each.name))) for each in plan.receivers.get(event, ()))
        found[shares.channel] = found.get(shares.channel, 0.0) + job.published.get(event, 0) * once
    yield from found.items()


def _mean(draws: Draws | None) -> float:
    return 0.0 if draws is None or draws.delay is None else mean(draws.delay)


def _drops(plan: Plan, pool: str) -> bool:
    """Whether all that a participant's workers get comes through channels that drop what they have no room for."""
    own = [
        each
        for receivers in plan.receivers.values()
        for each in receivers
        if pool in plan.tasks["act", each.participant].pools
    ]
    return bool(own) and all(each.capacity is not None and each.overflow != "block" for each in own)
