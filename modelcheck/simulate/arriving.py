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
        self.sent_by: dict[int, tuple[int, int]] = {}

    def expect(self, jobs: range) -> None:
        """The first of them is announced, or the first of each user."""
        self.next, self.stop = jobs.start, jobs.stop
        if self.plan.users is not None:
            for user in range(min(self.plan.users.count, len(jobs))):
                self._think(user, 1, 0.0)
        elif jobs and self.plan.interval is not None:
            self.at(self.plan.interval(jobs.start), ARRIVE, self._arrive, None)

    def _arrive(self, _: None, now: float) -> None:
        number = self.next
        self.next += 1
        if self.next < self.stop:
            assert self.plan.interval is not None
            self.at(now + self.plan.interval(self.next), ARRIVE, self._arrive, None)
        self.come(number, now)

    def _think(self, user: int, turn: int, now: float) -> None:
        assert self.plan.users is not None
        self.at(now + self.plan.users.pause(user, turn), ARRIVE, self._send, (user, turn))

    def _send(self, sent_by: tuple[int, int], now: float) -> None:
        if self.next < self.stop:
            number = self.next
            self.next += 1
            self.sent_by[number] = sent_by
            self.come(number, now)

    def ended(self, number: int, now: float) -> None:
        """A job has ended; if it was a user's, he thinks about the next one."""
        if self.sent_by:
            user, turn = self.sent_by.pop(number)
            self._think(user, turn + 1, now)
