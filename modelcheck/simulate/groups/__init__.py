"""Max-plus for what retries, times out, chooses, undoes, loops or goes in parallel: jobs move in groups, on arrays.

Jobs that are in the same place of the transition system have the same things to come and differ only in their times.
So the event loop's rules are applied to a whole group at once, with the same additions in the same order: each job gets
the same bits as in the event loop, which remains the definition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...expressions import references
from ..delays import Array
from ..draws import Draws
from ..events import EventLoop
from ..jobs import Runs
from ..setting import Setting
from .block import Block

__all__ = ["blocks", "obstacle"]

SIZE = 2**17
PILOT = 64


def obstacle(setting: Setting) -> str:
    """Why jobs cannot move in groups; empty where they can: nothing ties one job to another, none waits for itself."""
    plan = setting.plan
    if plan.interval is not None:
        if plan.pools:
            return "jobs arrive and share workers"
        shared = _shared(setting)
        if shared:
            return f"jobs arrive and share {shared}"
    if plan.pools:
        pilot = Block(_loop(setting), range(PILOT), np.zeros(PILOT))
        pilot.run()
        if pilot.waited_for:
            return f"several tasks of a job may wait for a worker of {pilot.waited_for}"
    return ""


def blocks(setting: Setting, jobs: range) -> Iterator[Runs]:
    """The runs of these jobs, a block at a time."""
    loop = _loop(setting)
    begin, ends = jobs.start, 0.0
    if setting.plan.interval is not None and jobs:
        ends = _last_arrival(setting.plan.interval, begin)
    for first in range(begin, jobs.stop, SIZE):
        block = range(first, min(first + SIZE, jobs.stop))
        arrived = np.zeros(len(block))
        if setting.plan.interval is not None:
            arrived = _arrivals(setting.plan.interval, block, ends)
            ends = float(arrived[-1])
        yield Block(loop, block, arrived).run()


def _loop(setting: Setting) -> EventLoop:
    """An event loop for jobs that are alone."""
    return replace(setting, plan=replace(setting.plan, interval=None)).loop()


def _arrivals(interval: Draws, jobs: range, before: float) -> Array:
    """When they arrive, added up one after another as they come."""
    steps = interval.of_jobs(jobs)
    return np.cumsum(np.concatenate([[before], steps]))[1:] if jobs.start else np.cumsum(steps)


def _last_arrival(interval: Draws, first: int) -> float:
    """When the job before the first arrives."""
    ends = 0.0
    for start in range(0, first, SIZE):
        ends = float(_arrivals(interval, range(start, min(start + SIZE, first)), ends)[-1])
    return ends


def _shared(setting: Setting) -> str:
    """A shared variable through which one job can tell what another did."""
    system, names = setting.system, setting.shared
    for action in system.actions:
        read = references(action.guard) & names
        for target, update in action.updates.items():
            if target not in names:
                read |= references(update) & names
            elif any(claim.kind == "range" for claim in action.claims):
                read |= {target}
        if read:
            return min(read)
    return ""
