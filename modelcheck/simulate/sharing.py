"""Work that is shared among workers: everything that is in progress goes on at once, the slower the more there is.

With n tasks on m workers each goes on at the rate min(1, m/n) (processor sharing, Kleinrock 1967). Since all go on at
the same rate, a clock that runs at this rate says when each is done: the one that began at clock time c and needs s
seconds of work is done when the clock shows c + s, however many come and go meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from .work import Work


@dataclass(slots=True)
class Sharing:
    """The work in progress at a pool that is shared. `turn`: which of the announced ends is still valid.

    done: worker-seconds of work so far.
    """

    workers: int
    clock: float = 0.0
    since: float = 0.0
    up: bool = True
    turn: int = 0
    done: float = 0.0
    count: int = 0
    works: list[tuple[float, int, Work]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """How fast each task goes on; 1 where there are enough workers."""
        if not self.up:
            return 0.0
        return 1.0 if self.count <= self.workers else self.workers / self.count

    def catch_up(self, now: float) -> None:
        """Lets the clock run until now."""
        passed = self.rate * (now - self.since)
        self.clock += passed
        self.done += passed * self.count
        self.since = now

    def add(self, work: Work, number: int, now: float) -> None:
        """A task begins; `number` decides between those that end at the same time."""
        self.catch_up(now)
        heappush(self.works, (self.clock + work.delay, number, work))
        self.count += 1

    def first(self) -> Work | None:
        """The task that is done next; those that were given up are forgotten."""
        while self.works and self.works[0][2].void:
            heappop(self.works)
        return self.works[0][2] if self.works else None

    def next_end(self) -> float | None:
        """When the next task is done if nothing changes; None: never."""
        if self.first() is None or not self.up:
            return None
        return self.since + max(self.works[0][0] - self.clock, 0.0) / self.rate

    def finish(self, now: float) -> Work:
        """The task that is done now."""
        self.catch_up(now)
        tag, _, work = heappop(self.works)
        self.clock = max(self.clock, tag)
        self.count -= 1
        work.void = True
        return work

    def give_up(self, work: Work, now: float) -> None:
        """A task ends before it is done."""
        self.catch_up(now)
        work.void = True
        self.count -= 1

    def set_up(self, up: bool, restarts: bool, now: float) -> None:
        """Nothing goes on while it is down; what was in progress goes on afterwards, or begins again."""
        self.catch_up(now)
        self.up = up
        if not up and restarts:
            self.works = [(self.clock + each.delay, number, each) for _, number, each in self.works]
            heapify(self.works)
