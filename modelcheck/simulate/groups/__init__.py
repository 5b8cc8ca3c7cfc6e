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
    if plan.only_by_events:
        return plan.only_by_events
    if any(action.label.loses for action in setting.system.actions):
        for receivers in plan.receivers.values():
            for each in receivers:
                if each.overflow == "block":
                    return f"{each.name} may lose messages, or let those wait who send them"
    if plan.together:
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
    loop, interval = _loop(setting), setting.plan.interval
    for first in range(jobs.start, jobs.stop, SIZE):
        block = range(first, min(first + SIZE, jobs.stop))
        if interval is None:
            yield Block(loop, block, np.zeros(len(block))).run()
        else:
            runs = Block(loop, block, interval.times(block)).run()
            yield replace(runs, events=runs.events + len(block))  # Each arrival is one.


def _loop(setting: Setting) -> EventLoop:
    """An event loop for jobs that are alone."""
    return replace(setting, plan=replace(setting.plan, interval=None)).loop()


def _shared(setting: Setting) -> str:
    """A queue or a variable through which one job can tell what another did."""
    for receivers in setting.plan.receivers.values():
        for each in receivers:
            if each.ordered or each.capacity is not None:
                return f"the queue {each.name}"
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
