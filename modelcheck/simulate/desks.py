"""Coordinators' desks: what they do for a flow or a call takes time, and perhaps one of few workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

from .acting import At
from .pools import Pool, first_to_wait_for
from .work import Request

REQUEST = 1


class Desks:
    """The desks of one simulation; `done` goes on with what was asked for."""

    def __init__(
        self, pools: Mapping[str, Pool[Request]], turn: count[int], at: At, done: Callable[[Request, float], None]
    ):
        self.pools, self.turn, self.at, self.done = pools, turn, at, done

    def go(self, desk: str, request: Request, now: float) -> None:
        """Lets a coordinator do something for a job as soon as one of its workers is free; without a desk, at once."""
        pool = self.pools[desk] if desk else None
        if pool is None:
            self.at(now + request.errand, REQUEST, self._served, (None, request))
        elif first_to_wait_for((pool,)) is not None:
            pool.wait(0, now, next(self.turn), now, request)
        else:
            self._serve(pool, request, now)

    def _serve(self, pool: Pool[Request], request: Request, now: float) -> None:
        pool.free -= 1
        pool.busy += request.errand
        self.at(now + request.errand, REQUEST, self._served, (pool, request))

    def _served(self, what: tuple[Pool[Request] | None, Request], now: float) -> None:
        pool, request = what
        if pool is not None:
            pool.free += 1
            if pool.free > 0 and pool.waiting:
                self._serve(pool, pool.next(now)[2], now)
        self.done(request, now)
