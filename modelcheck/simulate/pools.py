"""Workers that jobs share: who has one, and who waits for one, first come first served."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Pool(Generic[T]):
    """Some workers, and the requests that wait for one of them: in order of time, ties in order of asking."""

    name: str
    size: int
    free: int = 0
    busy: float = 0.0
    waiting: list[tuple[float, int, T]] = field(default_factory=list)
    longest: int = 0

    def __post_init__(self) -> None:
        self.free = self.size

    def wait(self, time: float, turn: int, request: T) -> None:
        heappush(self.waiting, (time, turn, request))
        self.longest = max(self.longest, len(self.waiting))

    def next(self) -> tuple[float, int, T]:
        """Takes the one whose turn it is out of the line."""
        return heappop(self.waiting)


def first_to_wait_for(pools: tuple[Pool[T], ...]) -> Pool[T] | None:
    """The first pool without a free worker, or where others wait already."""
    for pool in pools:
        if not pool.free or pool.waiting:
            return pool
    return None
