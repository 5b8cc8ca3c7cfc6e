"""Waiting for workers, where the order of work of each job is known: loops that do nothing else.

A job is a position in flat lists, which hold for each leg the number of the pool that it enters and how long it lasts.
Times, order and ties are those of the event loop: at the same time what ends comes before what is asked for after a
pause, and this before what arrives; then in the order made.

`Quick` decides who gets a worker when as soon as he asks: first come first served, he gets the one that is free first
(Kiefer and Wolfowitz 1955). What ends at the same time comes in the order in which it began; where that is the same,
too, it gives up, and `InOrder` goes through all events one by one.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush, heapreplace
from itertools import chain, repeat
from typing import TypeAlias

# Instead of a pool: no worker is needed; a pause before something is asked for; the job is done.
FREE, PAUSE, DONE = -1, -2, -3
INFINITE, NEVER = float("inf"), 1 << 60
# Instead of when it began: what follows a pause comes after what ends at the same time, and before what arrives.
LATE = 1e300
# Added to the order in which an event was made, for the same reason.
REQUEST, ARRIVE = 1 << 58, 1 << 59

# Time, what decides among events of the same time, position.
Event: TypeAlias = tuple[float, float, int]


class Tie(Exception):
    """What comes first is not known from times alone."""


@dataclass
class Quick:
    """When the workers of some pools will be free, and who asks for what is next, when: time, when what ends then
    began, position. Positions are in lists that the caller keeps; he says by `moved` when they have moved."""

    sizes: Sequence[int]
    heap: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free = [[0.0] * size for size in self.sizes]

    def moved(self, by: int) -> None:
        """All positions are smaller by so much now."""
        self.heap = [(time, began, at - by) for time, began, at in self.heap]

    def run(
        self, arrivals: Sequence[float], first: Sequence[int], until: float,
        pools: Sequence[int], lasts: Sequence[float], begun: array[float],
    ) -> None:  # fmt: skip
        """Lets jobs arrive at these times, each at its first position, and goes on with all jobs until a time (at which
        the next one arrives). begun: gets when each leg begins, and when each job is done. Raises `Tie`."""
        heap, free = self.heap, self.free
        coming = _coming(arrivals, INFINITE, first, until)
        heappush(heap, next(coming))
        last, last_began = -1.0, -1.0
        while True:
            now, began, at = heap[0]
            if now == last and began == last_began < INFINITE:
                raise Tie
            last, last_began = now, began
            if began == INFINITE:
                if at == NEVER:
                    heappop(heap)
                    break
                heappush(heap, next(coming))
            pool = pools[at]
            if pool >= 0:
                workers = free[pool]
                begins = workers[0]
                if begins < now:
                    begins = now
                begun[at] = begins
                ends = begins + lasts[at]
                heapreplace(workers, ends)
                at += 1
                if pools[at] == DONE:
                    begun[at] = ends
                    heappop(heap)
                else:
                    heapreplace(heap, (ends, begins, at))
            elif pool == DONE:
                begun[at] = now
                heappop(heap)
            else:
                begun[at] = now
                heapreplace(heap, (now + lasts[at], now if pool == FREE else LATE, at + 1))


@dataclass
class InOrder:
    """How many workers of some pools are free, who waits for one, and what ends when: time, in the order made,
    position."""

    sizes: Sequence[int]
    heap: list[Event] = field(default_factory=list)
    made: int = 0

    def __post_init__(self) -> None:
        self.free = list(self.sizes)
        self.lines: list[deque[int]] = [deque() for _ in self.sizes]
        self.longest = [0] * len(self.free)

    def moved(self, by: int) -> None:
        """All positions are smaller by so much now."""
        self.heap = [(time, made, at - by) for time, made, at in self.heap]
        self.lines = [deque(at - by for at in line) for line in self.lines]

    def run(
        self, arrivals: Sequence[float], first: Sequence[int], until: float,
        pools: Sequence[int], lasts: Sequence[float], begun: array[float],
    ) -> None:  # fmt: skip
        """As that of `Quick`, for whatever times."""
        heap, free, lines = self.heap, self.free, self.lines

        def begin(at: int, now: float) -> None:
            begun[at] = now
            self.made += 1
            heappush(heap, (now + lasts[at], self.made + (REQUEST if pools[at] == PAUSE else 0), at))

        def ask(at: int, now: float) -> None:
            pool = pools[at]
            if pool == DONE:
                begun[at] = now
            elif pool < 0:
                begin(at, now)
            elif free[pool] and not lines[pool]:
                free[pool] -= 1
                begin(at, now)
            else:
                lines[pool].append(at)
                self.longest[pool] = max(self.longest[pool], len(lines[pool]))

        coming = _coming(arrivals, ARRIVE, first, until)
        heappush(heap, next(coming))
        while True:
            now, made, at = heappop(heap)
            if made == ARRIVE:
                if at == NEVER:
                    break
                heappush(heap, next(coming))
                ask(at, now)
                continue
            pool = pools[at]
            if pool < 0:
                ask(at + 1, now)
                continue
            # The job asks for what is next before others get the worker that it has left, but behind them.
            free[pool] += 1
            ask(at + 1, now)
            if free[pool] and lines[pool]:
                free[pool] -= 1
                begin(lines[pool].popleft(), now)


def _coming(arrivals: Sequence[float], kind: float, first: Sequence[int], until: float) -> Iterator[Event]:
    return chain(zip(arrivals, repeat(kind), first, strict=False), ((until, kind, NEVER),))
