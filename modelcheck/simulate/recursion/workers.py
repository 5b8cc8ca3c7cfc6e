"""First come, first served, by some workers: when each customer begins, as arrays.

With one worker the n-th customer ends at C_n = max(A_n, C_{n-1}) + S_n (Lindley 1952); with several, each takes the
worker that is free first, and the sorted vector of the times when they become free moves on (Kiefer and Wolfowitz
1955). Both go customer by customer. To do it on arrays, the customers are cut into stretches that run side by side,
each from assumed workers (first: all idle); a stretch that was assumed wrong, because the one before it ends otherwise,
is run again until it meets what was found before, and so on until nothing changes: then, stretch after stretch, all is
as if done one by one, to the last bit (time-parallel simulation: Heidelberger and Stone 1990; Greenberg, Lubachevsky
and Mitrani 1991). Idle workers forget: after an idle moment it no longer matters what was assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heapreplace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..delays import Array

# A stretch is this long, and compared with what was found before every so many customers.
STRETCH, COMPARE = 256, 32
FEW, MOST_ROUNDS = 2_000, 8
# With more workers than this, the one that is free first is looked up, not kept in front.
SORTED = 16


@dataclass
class Workers:
    """So many workers, and when each becomes free."""

    count: int
    free: Array = field(init=False)

    def __post_init__(self) -> None:
        self.free = np.zeros(self.count)

    def serve(self, ready: Array, delay: Array) -> Array:
        """When each of these customers begins, who come in this order (`ready` does not fall), after those before."""
        columns = len(ready) // STRETCH
        if len(ready) < FEW or columns < 2:
            return self._one_by_one(ready, delay)
        many = columns * STRETCH
        begun = np.empty(len(ready))
        done = self._side_by_side(ready[:many], delay[:many], begun)
        begun[done:] = self._one_by_one(ready[done:], delay[done:])
        return begun

    def _one_by_one(self, ready: Array, delay: Array) -> Array:
        workers = self.free.tolist()
        heapify(workers)
        begun = []
        for asks, lasts in zip(ready.tolist(), delay.tolist(), strict=True):
            begins = workers[0]
            if begins < asks:
                begins = asks
            heapreplace(workers, begins + lasts)
            begun.append(begins)
        self.free = np.array(sorted(workers))
        return np.array(begun)

    def _side_by_side(self, ready: Array, delay: Array, begun: Array) -> int:
        """Finds when customers begin; of how many this is known now. The others are too crowded for stretches."""
        table = _Table(
            np.ascontiguousarray(ready.reshape(-1, STRETCH).T), np.ascontiguousarray(delay.reshape(-1, STRETCH).T)
        )
        first = table.ready[0]
        assumed = np.repeat(first[np.newaxis], self.count, axis=0)
        assumed[:, 0] = np.maximum(self.free, first[0])
        ends = table.run(assumed)
        for _ in range(MOST_ROUNDS):
            actual = np.maximum(ends[:, :-1], first[1:])
            wrong = np.flatnonzero((actual != assumed[:, 1:]).any(axis=0)) + 1
            if not len(wrong):
                break
            assumed[:, 1:] = actual
            ends = table.run_again(assumed, ends)
        actual = np.maximum(ends[:, :-1], first[1:])
        wrong = np.flatnonzero((actual != assumed[:, 1:]).any(axis=0)) + 1
        right = int(wrong[0]) if len(wrong) else len(first)
        self.free = ends[:, right - 1].copy()
        begun[: right * STRETCH] = table.begun[:, :right].T.ravel()
        return right * STRETCH


class _Table:
    """Stretches as columns: row after row, all columns move on by one customer."""

    def __init__(self, ready: Array, delay: Array):
        self.ready, self.delay = ready, delay
        self.begun = np.empty_like(ready)
        self.marks: list[Array] = []

    def run(self, state: Array) -> Array:
        """All columns, from these workers; how they are at the end."""
        for row in range(0, len(self.ready), COMPARE):
            state = np.maximum(state, self.ready[row])
            self.marks.append(state)
            rows = slice(row, row + COMPARE)
            state = _move_on(state.copy(), self.ready[rows], self.delay[rows], self.begun[rows])
        return state

    def run_again(self, state: Array, ends: Array) -> Array:
        """All columns from these workers, each until it meets what was found before; how they are at the end."""
        ends = ends.copy()
        columns: NDArray[np.intp] | slice = slice(None)
        for row, mark in zip(range(0, len(self.ready), COMPARE), self.marks, strict=True):
            state = np.maximum(state, self.ready[row, columns])
            apart = (state != mark[:, columns]).any(axis=0)
            if 2 * np.count_nonzero(apart) <= len(apart):
                some = np.flatnonzero(apart)
                if not len(some):
                    return ends
                state, columns = state[:, some], some if isinstance(columns, slice) else columns[some]
            mark[:, columns] = state
            rows = slice(row, row + COMPARE)
            begun = self.begun[rows, columns]
            state = _move_on(state.copy(), self.ready[rows, columns], self.delay[rows, columns], begun)
            self.begun[rows, columns] = begun
        ends[:, columns] = state
        return ends


def _move_on(state: Array, ready: Array, delay: Array, begun: Array) -> Array:
    """Some rows of customers; each column of `state` is sorted, before and after."""
    count = len(state)
    if count > SORTED:
        return _look_up(state, ready, delay, begun)
    workers = list(state)
    if count == 1:
        for asks, lasts, begins in zip(ready, delay, begun, strict=True):
            np.maximum(asks, workers[0], out=begins)
            np.add(begins, lasts, out=workers[0])
        return state
    ended = np.empty_like(workers[0])
    pairs = list(pairwise(workers))
    maximum, minimum, add, first, last = np.maximum, np.minimum, np.add, workers[0], workers[-1]
    for asks, lasts, begins in zip(ready, delay, begun, strict=True):
        maximum(asks, first, out=begins)
        add(begins, lasts, out=ended)
        # Its worker, free at `ended` now, goes back to where it belongs.
        for one, next_ in pairs:
            minimum(next_, ended, out=one)
            maximum(next_, ended, out=ended)
        last[:] = ended
    return state


def _look_up(state: Array, ready: Array, delay: Array, begun: Array) -> Array:
    columns = np.arange(state.shape[1])
    for asks, lasts, begins in zip(ready, delay, begun, strict=True):
        first = state.argmin(axis=0)
        np.maximum(asks, state[first, columns], out=begins)
        state[first, columns] = begins + lasts
    return np.sort(state, axis=0)
