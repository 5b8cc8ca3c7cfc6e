"""Waiting for workers, where the order of work of each job is known: loops that do nothing else.

A job is a position in flat lists, which hold for each leg the number of the pool that it enters and how long it lasts.
Times, order and ties are those of the event loop: at the same time what ends comes before what is asked for after a
pause, and this before what arrives; then in the order made.

`Quick` decides who gets a worker when as soon as he asks: first come first served, he gets the one that is free first
(Kiefer and Wolfowitz 1955). What ends at the same time comes in the order in which it began; where that is the same,
too, its caller sees a tie, and `InOrder` goes through all events one by one.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush, heapreplace
from itertools import chain, repeat
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..delays import Array

Codes: TypeAlias = NDArray[np.int16]

# Instead of a pool: no worker is needed; a pause before something is asked for; the job is done; one arrives; the end.
FREE, PAUSE, DONE, ARRIVAL, STOP = -1, -2, -3, -4, -5
INFINITE = float("inf")
# Instead of when it began: what follows a pause comes after what ends at the same time, and before what arrives.
LATE = 1e300
# Added to the order in which an event was made, for the same reason.
REQUEST, ARRIVE = 1 << 58, 1 << 59

# Time, what decides among events of the same time, position.
Event: TypeAlias = tuple[float, float, int]


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
        codes: Codes, delays: Array, begun: array[float],
    ) -> None:  # fmt: skip
        """Lets jobs arrive at these times, each at its first position, and goes on with all jobs until a time (at which
        the next one arrives). codes, delays, begun: by position, the pool, how long it lasts, and when it begins, which
        is found here. The caller looks for ties."""
        heap, replace, count = self.heap, heapreplace, len(self.free)
        coming, positions = _coming(arrivals, INFINITE, len(codes), until), iter(first)
        # After the last leg nothing is asked for: its pool has another number, but the same workers.
        free = [*self.free, *self.free]
        last = np.append(codes[1:] == DONE, False) & (codes >= 0)
        pools, lasts = [*np.where(last, codes + count, codes).tolist(), ARRIVAL, STOP], delays.tolist()
        heappush(heap, next(coming))
        while True:
            now, _, at = heap[0]
            pool = pools[at]
            if pool < 0:
                if pool == ARRIVAL:
                    heappush(heap, next(coming))
                    at = next(positions)
                    pool = pools[at]
                elif pool == STOP:
                    heappop(heap)
                    break
                if pool == DONE:
                    heappop(heap)
                    continue
                if pool < 0:
                    begun[at] = now
                    if pools[at + 1] == DONE:
                        heappop(heap)
                    else:
                        replace(heap, (now + lasts[at], now if pool == FREE else LATE, at + 1))
                    continue
            workers = free[pool]
            begins = workers[0]
            if begins < now:
                begins = now
            begun[at] = begins
            ends = begins + lasts[at]
            replace(workers, ends)
            if pool < count:
                replace(heap, (ends, begins, at + 1))
            else:
                heappop(heap)


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
        codes: Codes, delays: Array, begun: array[float],
    ) -> None:  # fmt: skip
        """As that of `Quick`, for whatever times; begun: also gets when each job is done."""
        heap, free, lines = self.heap, self.free, self.lines
        pools, lasts = codes.tolist(), delays.tolist()

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

        coming, positions = _coming(arrivals, ARRIVE, len(pools), until), iter(first)
        heappush(heap, next(coming))
        while True:
            now, made, at = heappop(heap)
            if made == ARRIVE:
                if at > len(pools):
                    break
                heappush(heap, next(coming))
                ask(next(positions), now)
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


def _coming(arrivals: Sequence[float], kind: float, place: int, until: float) -> Iterator[Event]:
    """Arrivals, at a place behind all others, and the end, at the next one."""
    return chain(zip(arrivals, repeat(kind), repeat(place)), ((until, kind, place + 1),))
