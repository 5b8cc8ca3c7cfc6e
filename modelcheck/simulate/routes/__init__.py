"""Routes: where each job's order of work is known beforehand, only its waiting for workers is simulated, job by job.

It fits whatever a job does that does one thing at a time: retries with backoff, timeouts, choices, loops, compensation
through the queues. Which tasks, how long, with which outcomes is drawn for many jobs at once (`legs`); then a tight
loop lets the jobs wait for each other (`loop`), in exactly the order of the event loop.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..arrival_blocks import arriving
from ..delays import Array
from ..jobs import Endings, Runs
from ..lines import Line, Tie
from ..plan import Key
from ..setting import Setting
from .legs import Legs, Numbers, Travellers
from .loop import DONE, FREE, LATE, PAUSE, Codes, InOrder, Quick
from .map import Obstacle, map_of


def obstacle(setting: Setting) -> str:
    """Why the order of work is not known beforehand; empty where it is."""
    try:
        map_of(setting, setting.loop().acting.initial)
    except Obstacle as found:
        return str(found)
    return ""


@dataclass(frozen=True)
class Names:
    """The tasks and pools by number, and endings as they turn up."""

    tasks: list[Key]
    pools: list[str]
    endings: dict[str, int] = field(default_factory=lambda: {"stuck": 0})


@dataclass(frozen=True)
class Trips:
    """The legs of some jobs one after the other; pauses have places of their own, and so has the end of each job.

    pools, tasks, lasts, begun: by position. first, last: each job's first position, and that of its end.
    """

    first: Numbers
    last: Numbers
    pools: Codes
    tasks: Codes
    lasts: Array
    begun: Array
    arrived: Array
    endings: Endings
    undos: Array
    calls: Array
    ends: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def ended(self) -> Array:
        """When each leg ended."""
        return self.begun + self.lasts

    @cached_property
    def asked(self) -> Array:
        """When each leg was asked for, and each job was done."""
        found = np.empty(len(self.begun))
        found[1:] = self.ended[:-1]
        found[self.first] = self.arrived
        return found

    def part(self, start: int, stop: int) -> Trips:
        """Some consecutive jobs."""
        here = int(self.first[start]) if start < len(self) else len(self.pools)
        there = int(self.first[stop]) if stop < len(self) else len(self.pools)
        legs, jobs = slice(here, there), slice(start, stop)
        return Trips(
            self.first[jobs] - here, self.last[jobs] - here,
            self.pools[legs], self.tasks[legs], self.lasts[legs], self.begun[legs],
            self.arrived[jobs], self.endings[jobs], self.undos[jobs], self.calls[jobs], self.ends[jobs],
        )  # fmt: skip

    def followed_by(self, other: Trips) -> Trips:
        """These jobs and then those."""
        if not len(self):
            return other
        by = len(self.pools)

        def both(name: str, more: int = 0) -> NDArray[np.generic]:
            return np.concatenate((getattr(self, name), getattr(other, name) + more if more else getattr(other, name)))

        names = ("pools", "tasks", "lasts", "begun", "arrived", "endings", "undos", "calls", "ends")
        return Trips(both("first", by), both("last", by), *(both(name) for name in names))  # type: ignore[arg-type]


def blocks(setting: Setting, jobs: range) -> Iterator[Runs]:
    """The runs of jobs that arrive, a block as soon as all of it are done."""
    given = 0
    try:
        for runs in _blocks(setting, jobs, Quick(list(setting.plan.pools.values()))):
            yield runs
            given += 1
    except Tie:
        yield from islice(_blocks(setting, jobs, InOrder(list(setting.plan.pools.values()))), given, None)


def _blocks(setting: Setting, jobs: range, waiting: Quick | InOrder) -> Iterator[Runs]:
    plan, loop = setting.plan, setting.loop()
    travellers = Travellers(setting, map_of(setting, loop.acting.initial), loop.acting.initial, loop.ending)
    numbers = {pool: number for number, pool in enumerate(plan.pools)}
    pools = {key: numbers[task.pools[0]] if task.pools else FREE for key, task in plan.tasks.items()}
    names = Names(list(plan.tasks), list(plan.pools))
    lines = [Line() for _ in plan.pools]
    here, done = _nobody(), _nobody()
    horizon = 0.0
    blocks: deque[range] = deque()
    for block, arrived, until in arriving(plan, jobs):
        new = _laid_out(travellers.legs_of(block), pools, names, arrived)
        first = (new.first + len(here.pools)).tolist()
        here = here.followed_by(new)
        begun = array("d", here.begun.tobytes())
        waiting.run(arrived.tolist(), first, until, here.pools, here.lasts, begun)
        before, here = here.begun, replace(here, begun=np.frombuffer(begun))
        if isinstance(waiting, Quick):
            here.begun[here.last] = here.asked[here.last]
            _look_for_ties(here)
            _grow(lines, here, before, until)
        under_way = np.isnan(here.begun[here.last])
        over = int(under_way.argmax()) if under_way.any() else len(here)
        done, here = done.followed_by(here.part(0, over)), here.part(over, len(here))
        waiting.moved(len(before) - len(here.pools))
        blocks.append(block)
        while blocks and len(done) >= len(blocks[0]):
            block = blocks.popleft()
            ready, done = done.part(0, len(block)), done.part(len(block), len(done))
            horizon = max(horizon, float(ready.begun[ready.last].max()))
            most = waiting.longest if isinstance(waiting, InOrder) else [line.longest for line in lines]
            longest = dict(zip(plan.pools, most, strict=True))
            yield replace(_runs(ready, block.start, names), longest=longest, horizon=horizon)


def _nobody() -> Trips:
    whole, none = np.zeros(0, dtype=np.int64), np.zeros(0)
    codes, truths, endings = np.zeros(0, dtype=np.int16), np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.uint8)
    return Trips(whole, whole, codes, codes, none, none, none, endings, none, none, truths)


def _look_for_ties(trips: Trips) -> None:
    """Raises `Tie` where events at the same time were in no known order; where a job is done, no event matters."""
    events = np.flatnonzero((trips.pools[:-1] != DONE) & (trips.pools[1:] != DONE))
    times = np.sort(trips.ended[events])
    same = times[1:][times[1:] == times[:-1]]
    if len(same):
        events = events[np.isin(trips.ended[events], same)]
        made = np.where(trips.pools[events] == PAUSE, LATE, trips.begun[events])
        if len(set(zip(trips.ended[events].tolist(), made.tolist(), strict=True))) < len(events):
            raise Tie


def _grow(lines: list[Line], trips: Trips, before: Array, until: float) -> None:
    """The lines after another block: of those who have begun now, and had not before."""
    if not lines:
        return
    fresh = np.flatnonzero(np.isnan(before) & ~np.isnan(trips.begun) & (trips.pools >= 0))
    pools = trips.pools[fresh]
    fresh = fresh[np.argsort(pools, kind="stable")]
    bounds = np.cumsum(np.bincount(pools, minlength=len(lines)))[:-1]
    for line, here in zip(lines, np.split(fresh, bounds), strict=True):
        line.grow(np.sort(trips.asked[here]), np.sort(trips.begun[here]), until)


def _laid_out(legs: Legs, pools: dict[Key, int], names: Names, arrived: Array) -> Trips:
    """The legs in one row, job after job."""
    sizes = legs.calls + 1
    for leg in legs.legs:
        if leg.pause is not None:
            sizes[leg.jobs] += leg.pause > 0
    first = np.cumsum(sizes) - sizes
    total = int(sizes.sum())
    codes, tasks = np.full(total, DONE, dtype=np.int16), np.full(total, -1, dtype=np.int16)
    lasts = np.zeros(total)
    at = first.copy()
    for leg in legs.legs:
        if leg.pause is not None:
            paused = leg.pause > 0
            some = leg.jobs[paused]
            codes[at[some]] = PAUSE
            lasts[at[some]] = leg.pause[paused]
            at[some] += 1
        here = at[leg.jobs]
        codes[here] = pools[leg.task.key]
        tasks[here] = names.tasks.index(leg.task.key)
        lasts[here] = leg.delay
        at[leg.jobs] = here + 1
    order = [names.endings.setdefault(label, len(names.endings)) for label in legs.labels]
    return Trips(
        first, at, codes, tasks, lasts, np.full(total, np.nan), arrived, np.array(order, dtype=np.uint8)[legs.endings],
        legs.undos, legs.calls.astype(np.float64), legs.ends,
    )  # fmt: skip


def _runs(trips: Trips, number: int, names: Names) -> Runs:
    """Jobs that are done."""
    limited = trips.pools >= 0
    used = trips.pools[limited]
    busy = np.bincount(used, trips.lasts[limited], len(names.pools))
    waited = np.bincount(used, (trips.begun - trips.asked)[limited], len(names.pools))
    starts = np.bincount(trips.tasks[trips.tasks >= 0], minlength=len(names.tasks))
    makespans = trips.begun[trips.last] - trips.arrived
    makespans[~trips.ends] = np.nan
    none = np.zeros(len(trips))
    return Runs(
        makespans, trips.endings, tuple(names.endings), trips.undos, trips.calls, none, none, number,
        dict(zip(names.tasks, starts.tolist(), strict=True)), dict(zip(names.pools, busy.tolist(), strict=True)),
        dict(zip(names.pools, waited.tolist(), strict=True)), events=len(trips.pools),
    )  # fmt: skip
