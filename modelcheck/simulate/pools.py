"""Workers that jobs share: who has one, and who waits for one: by priority, and then first come first served."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")
# So many workers are taken away while a pool is down: none is free then, and those at work come back as usual.
DOWN = 1 << 40


@dataclass(slots=True)
class Pool(Generic[T]):
    """Some workers, and the requests that wait for one of them.

    A request of higher priority goes before others, but interrupts nobody; those of one priority go in order of time,
    ties in order of asking. busy: seconds of work; waited: seconds that those who have started had waited; longest: the
    longest line; down: seconds in which it was down.
    """

    name: str
    size: int
    free: int = 0
    busy: float = 0.0
    waited: float = 0.0
    longest: int = 0
    down: float = 0.0
    down_since: float | None = None
    waiting: list[tuple[int, float, int, float, T]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free = self.size

    def wait(self, priority: int, asked: float, turn: int, since: float, request: T) -> None:
        """Lets a request wait here that was made at a time, and is in this line since another."""
        heappush(self.waiting, (-priority, asked, turn, since, request))
        if len(self.waiting) > self.longest:
            self.longest = len(self.waiting)

    def next(self, now: float) -> tuple[float, int, T]:
        """Takes the one whose turn it is out of the line: when it asked, its turn, and what it asked for."""
        _, asked, turn, since, request = heappop(self.waiting)
        self.waited += now - since
        return asked, turn, request

    def break_down(self, now: float) -> None:
        """From now on nobody gets a worker."""
        self.free -= DOWN
        self.down_since = now

    def come_back(self, now: float) -> None:
        """It works again."""
        assert self.down_since is not None
        self.free += DOWN
        self.down += now - self.down_since
        self.down_since = None

    def reset(self) -> None:
        """Empty and up, as at the beginning; what was measured stays."""
        self.free, self.down_since = self.size, None
        self.waiting.clear()


def first_to_wait_for(pools: tuple[Pool[T], ...]) -> Pool[T] | None:
    """The first pool without a free worker, or where others wait already."""
    for pool in pools:
        if pool.free <= 0 or pool.waiting:
            return pool
    return None
