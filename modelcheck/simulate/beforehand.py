"""The work of jobs, where it is known before anything is simulated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .delays import Array
from .maxplus import static_obstacle
from .plan import Task
from .recursion.network import all_succeed, fixed
from .routes.legs import Numbers, Travellers
from .routes.map import Obstacle, map_of
from .setting import Setting


def work_beforehand(setting: Setting, jobs: range) -> dict[str, Array] | None:
    """The worker-seconds that each of these jobs needs of each pool: by mean durations, where no task of the pool has a
    timeout. None where the order of work is not known beforehand."""
    plan = setting.plan
    if plan.only_by_events:
        return None
    found = {pool: np.zeros(len(jobs)) for pool in plan.pools}
    cut = {pool for task in plan.tasks.values() if task.timeout is not None for pool in task.pools}
    try:
        for task, some, delay in _tasks(setting, jobs):
            for pool in task.pools:
                found[pool][some] += delay if pool in cut else task.mean
    except Obstacle:
        return None
    return found


def _tasks(setting: Setting, jobs: range) -> Iterator[tuple[Task, Numbers, Array]]:
    if not static_obstacle(setting.design, setting.plan, setting.system) and all_succeed(setting.plan):
        for _, customers in fixed(setting).work(jobs).customers:
            yield setting.plan.tasks[customers.task], customers.jobs, customers.delay
        return
    loop = setting.loop()
    initial = loop.acting.initial
    for leg in Travellers(setting, map_of(setting, initial), initial, loop.ending).legs_of(jobs).legs:
        yield leg.task, leg.jobs, leg.delay
