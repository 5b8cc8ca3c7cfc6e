"""When jobs come: one after the other, or as their users send them."""

from __future__ import annotations

from collections.abc import Callable

from .acting import At
from .pacing import ARRIVE
from .plan import Plan


class Arriving:
    """The arrivals of a range of jobs; `come` lets one begin. Jobs are numbered in the order in which they come."""

    def __init__(self, plan: Plan, at: At, come: Callable[[int, float], object]):
        self.plan, self.at, self.come = plan, at, come
        self.next, self.stop = 0, 0

    def expect(self, jobs: range) -> None:
        """The first of them is announced."""
        assert self.plan.interval is not None
        self.next, self.stop = jobs.start, jobs.stop
        if jobs:
            self.at(self.plan.interval(jobs.start), ARRIVE, self._arrive, None)

    def _arrive(self, _: None, now: float) -> None:
        number = self.next
        self.next += 1
        if self.next < self.stop:
            assert self.plan.interval is not None
            self.at(now + self.plan.interval(self.next), ARRIVE, self._arrive, None)
        self.come(number, now)
