"""Queues: jobs that arrive and wait, first come first served, where no job comes back to where it was.

Each stage is served by recursion (Lindley 1952; Kiefer and Wolfowitz 1955) for a whole block of jobs at once
(`workers`), stage after stage (`stages`), in the order that the event loop would have (`ties`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from .. import arrival_blocks
from ..arrival_blocks import arriving
from ..delays import Array
from ..jobs import Runs
from ..lines import Tie
from ..plan import Plan
from ..routes.map import Obstacle
from ..setting import Setting
from .network import Network, Work, network_of
from .stages import Stage, Window
from .workers import Workers


def obstacle(setting: Setting) -> str:
    """Why these recursions do not apply to a setting; empty where they do."""
    try:
        network_of(setting)
    except Obstacle as found:
        return str(found)
    return ""


def blocks(setting: Setting, jobs: range) -> Iterator[Runs]:
    """The runs of jobs that arrive, a block as soon as all of it are done.

    Where several are ready at the same time and nothing says who is first, the event loop goes on: with all of them.
    """
    given = 0
    try:
        for runs in _blocks(setting, jobs):
            yield runs
            given += 1
    except Tie:
        yield from islice(setting.loop().blocks(jobs, arrival_blocks.BLOCK), given, None)


@dataclass(frozen=True)
class _Block:
    """What is kept of a block until all its jobs are done."""

    jobs: range
    arrived: Array
    work: Work


def _blocks(setting: Setting, jobs: range) -> Iterator[Runs]:
    plan, network = setting.plan, network_of(setting)
    stages = [
        Stage(number + 1, Workers(plan.pools[pool]) if pool else None, watched)
        for number, (pool, watched) in enumerate(zip(network.pools, network.watched, strict=True))
    ]
    window = Window.of(np.zeros(0), 0, 1, np.zeros(0, dtype=np.int64))
    pending: deque[_Block] = deque()
    horizon = 0.0
    for block, arrived, until in arriving(plan, jobs):
        work = network.work(block)
        for number, customers in work.customers:
            stages[number].waiting.append(customers.moved(len(window)) if len(window) else customers)
        columns = 1 + max((customers.column for _, customers in work.customers), default=0)
        window = window.followed_by(Window.of(arrived, block.start, columns, work.calls.copy()))
        for stage in stages:
            stage.serve(window, until)
        pending.append(_Block(block, arrived, work))
        while pending and not window.left[: len(pending[0].jobs)].any():
            ready = pending.popleft()
            count = len(ready.jobs)
            ended = np.fmax.reduce(window.ended[:, :count])
            window = window.part(slice(count, None))
            for stage in stages:
                stage.waiting = [customers.moved(-count) for customers in stage.waiting]
            horizon = max(horizon, float(ended.max()))
            yield replace(_runs(ready, ended, network, stages, plan), horizon=horizon)


def _runs(block: _Block, ended: Array, network: Network, stages: list[Stage], plan: Plan) -> Runs:
    work, count = block.work, len(block.jobs)
    makespans = ended - block.arrived
    if work.ends is not None:
        makespans[~work.ends] = np.nan
    starts, pools = dict.fromkeys(plan.tasks, 0), plan.pools
    busy, waited, longest = dict.fromkeys(pools, 0.0), dict.fromkeys(pools, 0.0), dict.fromkeys(pools, 0)
    for number, customers in work.customers:
        starts[customers.task] += len(customers.jobs)
        if pool := network.pools[number]:
            busy[pool] += float(customers.delay.sum())
    for pool, stage in zip(network.pools, stages, strict=True):
        if pool:
            waited[pool], longest[pool] = stage.waited, stage.line.longest
            stage.waited = 0.0
    return Runs(
        makespans, work.endings, work.labels, work.undos, work.calls.astype(np.float64),
        np.full(count, work.publishes), np.full(count, work.deliveries), block.jobs.start,
        starts, busy, waited, longest, events=count + sum(starts.values()),
    )  # fmt: skip
