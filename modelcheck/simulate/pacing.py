"""Work that does not go on at one pace: at workers who share all there is, and at workers who break down.

While workers are down they take nothing, and what they have in progress stands still: afterwards it goes on where it
stopped, or begins again with the same amount of work. A timeout does not stand still.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from .plan import Faults
from .pools import Pool
from .sharing import Sharing
from .work import Request, Work

FINISH, REQUEST, ARRIVE, FAULT = 0, 1, 2, 3
At: TypeAlias = Callable[[float, int, Callable[[Any, float], None], Any], None]


class Pacing:
    """The pools of one simulation whose work is shared or interrupted.

    at: announces an event; finish: ends a task; serve: gives free workers to those who wait; goes_on: whether anything
    but crashes and repairs is still to happen. All jobs see the same crashes, or each its own where it runs alone.
    """

    def __init__(
        self,
        pools: Mapping[str, Pool[Request]],
        shared: frozenset[str],
        faults: Mapping[str, Faults],
        at: At,
        finish: Callable[[Work, float], None],
        serve: Callable[[tuple[Pool[Request], ...], float], None],
        goes_on: Callable[[], bool],
    ):
        self.pools, self.faults = pools, faults
        self.shared = shared
        self.at, self.finish, self.serve, self.goes_on = at, finish, serve, goes_on
        self.names = shared | frozenset(faults)
        self.announced = 0

    def reset(self, job: int | None = None) -> None:
        """All pools are up and empty; their first crashes are announced."""
        self.sharings = {name: Sharing(self.pools[name].size) for name in self.shared}
        self.in_flight: dict[str, dict[Work, None]] = {name: {} for name in self.faults if name not in self.shared}
        self.count = 0
        self.crashes = dict.fromkeys(self.faults, 0)
        self.job = job
        for name in self.shared:
            self.pools[name].free = 1 << 30
        self.announced = 0
        for name in self.faults:
            self._announce_crash(name, 0.0)

    def begin(self, name: str, work: Work, now: float) -> None:
        """A task begins at a pool."""
        work.left = work.delay
        if work.limit < float("inf"):
            self.at(work.limit, FINISH, self._time_out, (name, work))
        sharing = self.sharings.get(name)
        if sharing is None:
            self._let_run(name, work, now, work.delay)
        else:
            self.count += 1
            sharing.add(work, self.count, now)
            self._announce_end(name, sharing)

    def _let_run(self, name: str, work: Work, now: float, left: float) -> None:
        work.end = now + left
        self.in_flight[name][work] = None
        if work.end < work.limit:
            self.at(work.end, FINISH, self._end, (name, work))

    def _end(self, what: tuple[str, Work], now: float) -> None:
        name, work = what
        if not work.void:
            del self.in_flight[name][work]
            self.pools[name].busy += work.left
            work.void = True
            self.finish(work, now)

    def _time_out(self, what: tuple[str, Work], now: float) -> None:
        """A task is given up: what was done of it was in vain. Records of it are told apart by who is void."""
        name, work = what
        while work.follows is not None:
            work = work.follows
        if work.void:
            return
        sharing = self.sharings.get(name)
        if sharing is None:
            del self.in_flight[name][work]
            if self.pools[name].down_since is None:
                self.pools[name].busy += work.left - (work.end - now)
            work.void = True
        else:
            sharing.give_up(work, now)
            self._announce_end(name, sharing)
        work.outcome = work.late
        self.finish(work, now)

    def _announce_end(self, name: str, sharing: Sharing) -> None:
        sharing.turn += 1
        end = sharing.next_end()
        if end is not None:
            self.at(end, FINISH, self._shared_end, (name, sharing, sharing.turn))

    def _shared_end(self, what: tuple[str, Sharing, int], now: float) -> None:
        name, sharing, turn = what
        if turn == sharing.turn and sharing is self.sharings[name]:
            work = sharing.finish(now)
            self._announce_end(name, sharing)
            self.finish(work, now)

    def _announce_crash(self, name: str, now: float) -> None:
        self.crashes[name] += 1
        self.announced += 1
        self.at(now + self._draw(self.faults[name].every, name), FAULT, self._crash, name)

    def _draw(self, draws: Callable[..., float], name: str) -> float:
        """The draw for this crash of a pool: of all jobs, or of the one that runs alone."""
        number = self.crashes[name]
        return draws(number - 1) if self.job is None else draws(self.job, number)

    def _crash(self, name: str, now: float) -> None:
        self.announced -= 1
        if not self._matters():
            return
        pool, faults = self.pools[name], self.faults[name]
        pool.break_down(now)
        sharing = self.sharings.get(name)
        if sharing is not None:
            sharing.set_up(False, faults.restarts, now)
            self._announce_end(name, sharing)
        else:
            for work in list(self.in_flight[name]):
                self._interrupt(name, work, now, faults.restarts)
        self.announced += 1
        self.at(now + self._draw(faults.repair, name), FAULT, self._repair, name)

    def _interrupt(self, name: str, work: Work, now: float, restarts: bool) -> None:
        """The record of the work until here is closed; another one stands for what is left of it."""
        left = max(work.end - now, 0.0)
        self.pools[name].busy += work.left - left
        del self.in_flight[name][work]
        work.void = True
        work.follows = replace(work, left=work.delay if restarts else left, void=False, follows=None)
        self.in_flight[name][work.follows] = None

    def _repair(self, name: str, now: float) -> None:
        self.announced -= 1
        if not self._matters():
            return
        pool = self.pools[name]
        pool.come_back(now)
        sharing = self.sharings.get(name)
        if sharing is not None:
            sharing.set_up(True, False, now)
            self._announce_end(name, sharing)
        else:
            for work in list(self.in_flight[name]):
                self._let_run(name, work, now, work.left)
        self._announce_crash(name, now)
        self.serve((pool,), now)

    def _matters(self) -> bool:
        """Whether anything can still happen: something else is announced, or waits for workers to come back."""
        if self.goes_on():
            return True
        for name in self.faults:
            pool, sharing = self.pools[name], self.sharings.get(name)
            stopped = self.in_flight[name] if sharing is None else sharing.count
            if pool.down_since is not None and (pool.waiting or stopped):
                return True
        return False

    def close(self, horizon: float) -> None:
        """Counts what is still under way when nothing happens any more."""
        for name in self.faults:
            since = self.pools[name].down_since
            if since is not None:
                self.pools[name].down += max(horizon - since, 0.0)
        for name, sharing in self.sharings.items():
            self.pools[name].busy += sharing.done
            sharing.done = 0.0
