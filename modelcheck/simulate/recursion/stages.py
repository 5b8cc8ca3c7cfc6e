"""Queues one after the other: a stage serves all customers of a block of jobs before the next stage does.

That is possible where no job comes back to a stage. Between blocks a stage holds back who is not ready before the next
block's first job arrives: from then on somebody else might be ready earlier.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..delays import Array
from ..lines import Line
from ..plan import Key
from .ties import in_order
from .workers import Workers

Numbers: TypeAlias = NDArray[np.int64]
# The order of customers at a stage, and of stages, in one number.
STAGE = 1 << 44


@dataclass(frozen=True)
class Customers:
    """Those of some jobs (given by their place in the window) for whom a task is done, when what is in the columns
    `before` has ended and then the pauses are over. It ends in `column`."""

    task: Key
    column: int
    before: tuple[int, ...]
    jobs: Numbers
    pauses: tuple[Array, ...]
    delay: Array

    def part(self, chosen: NDArray[np.bool_] | Numbers) -> Customers:
        """Some of them."""
        pauses = tuple(pause[chosen] for pause in self.pauses)
        return replace(self, jobs=self.jobs[chosen], pauses=pauses, delay=self.delay[chosen])

    def moved(self, by: int) -> Customers:
        """The same, where their jobs are in another place of the window."""
        return replace(self, jobs=self.jobs + by)


@dataclass
class Window:
    """The jobs that are under way. By column and job: when a task ended (NaN: not known yet), when it began, in which
    order it began among those of its stage. Column 0 is the arrival. left: how many tasks of a job are to come."""

    ended: Array
    begun: Array
    order: Numbers
    left: Numbers

    @staticmethod
    def of(arrived: Array, first: int, columns: int, left: Numbers) -> Window:
        """Jobs that arrive."""
        shape = (columns, len(arrived))
        found = Window(np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, dtype=np.int64), left)
        found.ended[0] = arrived
        found.order[0] = np.arange(first, first + len(arrived))
        return found

    def __len__(self) -> int:
        return len(self.left)

    def part(self, jobs: slice) -> Window:
        """Some consecutive jobs."""
        return Window(self.ended[:, jobs], self.begun[:, jobs], self.order[:, jobs], self.left[jobs])

    def followed_by(self, other: Window) -> Window:
        """These jobs and then those."""
        if not len(self):
            return other
        columns = max(len(self.ended), len(other.ended))
        pairs = ((self.ended, other.ended, np.nan), (self.begun, other.begun, 0.0), (self.order, other.order, 0))
        ended, begun, order = (
            np.concatenate((_taller(one, columns, fill), _taller(two, columns, fill)), axis=1)
            for one, two, fill in pairs
        )
        return Window(ended, begun, order, np.concatenate((self.left, other.left)))


def _taller(table: NDArray[np.generic], rows: int, fill: float) -> NDArray[np.generic]:
    if len(table) == rows:
        return table
    return np.concatenate((table, np.full((rows - len(table), table.shape[1]), fill, dtype=table.dtype)))


@dataclass
class Stage:
    """A queue with its workers; without workers nobody waits. watched: whether the order here matters to a later one.

    waiting: who has not been served. waited: the seconds that all have waited.
    """

    number: int
    workers: Workers | None
    watched: bool
    waiting: list[Customers] = field(default_factory=list)
    served: int = 0
    waited: float = 0.0
    line: Line = field(default_factory=Line)

    def serve(self, window: Window, until: float) -> None:
        """Serves all who are ready before a time; raises `Tie` where it is not known who is first."""
        going, asked = self._ready(window, until)
        if not going:
            return
        if self.workers is None and not self.watched:
            for group, ready in zip(going, asked, strict=True):
                window.ended[group.column, group.jobs] = ready + group.delay
                window.left[group.jobs] -= 1
            return
        order = in_order(window, going, asked)
        ready, delay = _joined(asked, order), _joined([group.delay for group in going], order)
        begun = ready if self.workers is None else self.workers.serve(ready, delay)
        self._note(ready, begun, until)
        self._write(window, going, order, begun, begun + delay)

    def _ready(self, window: Window, until: float) -> tuple[list[Customers], list[Array]]:
        going, asked, waiting = [], [], []
        for group in self.waiting:
            ready = window.ended[group.before[0], group.jobs]
            for column in group.before[1:]:
                ready = np.maximum(ready, window.ended[column, group.jobs])
            for pause in group.pauses:
                ready = ready + pause
            chosen = ready < until
            if not chosen.all():
                waiting.append(group.part(~chosen))
                group, ready = group.part(chosen), ready[chosen]
            if len(ready):
                going.append(group)
                asked.append(ready)
        self.waiting = waiting
        return going, asked

    def _note(self, ready: Array, begun: Array, until: float) -> None:
        if self.workers is not None:
            self.waited += float((begun - ready).sum())
            self.line.grow(ready, begun, until)

    def _write(self, window: Window, going: list[Customers], order: Numbers | None, begun: Array, ended: Array) -> None:
        place = np.arange(self.served, self.served + len(begun)) + self.number * STAGE
        self.served += len(begun)
        if order is not None:
            back = np.empty(len(order), dtype=np.int64)
            back[order] = np.arange(len(order))
        start = 0
        for group in going:
            stop = start + len(group.jobs)
            mine = slice(start, stop) if order is None else back[start:stop]
            window.ended[group.column, group.jobs] = ended[mine]
            if self.watched:
                window.begun[group.column, group.jobs] = begun[mine]
                window.order[group.column, group.jobs] = place[mine]
            window.left[group.jobs] -= 1
            start = stop


def _joined(parts: list[Array], order: Numbers | None) -> Array:
    column = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return column if order is None else column[order]
