"""What is to come for each job of a block: when, with which outcome, and in which order of making.

It is kept by job, one column for each kind of event, so that groups which split or become one only have to say which
jobs are theirs.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..delays import Array
from ..walk import Ask, Flight

Numbers: TypeAlias = NDArray[np.int64]
Codes: TypeAlias = NDArray[np.int16]
What: TypeAlias = Flight | Ask | tuple[()]
Name: TypeAlias = tuple[int, What, int]

# The jobs of a group differ in it: it is on the board.
VARIES = -1


class Pending(NamedTuple):
    """An event to come. what: the task that ends, what was asked for, or nothing (a message is there); slot: which of
    several that are alike. turn: the order of making, for ties; outcome: of a finish, its place in the task's outcomes.
    """

    kind: int
    what: What
    slot: int
    turn: int
    outcome: int = 0

    @property
    def name(self) -> Name:
        return self[:3]


class Board:
    """The columns of a block of jobs."""

    def __init__(self, count: int):
        self.count = count
        self._times: dict[Name, Array] = {}
        self._turns: dict[Name, Numbers] = {}
        self._outcomes: dict[Name, Codes] = {}

    def times(self, event: Pending, at: Numbers) -> Array:
        """When the event comes for these jobs."""
        return self._times[event[:3]][at]

    def turns(self, event: Pending, at: Numbers) -> int | Numbers:
        """The order of making."""
        return event.turn if event.turn != VARIES else self._turns[event[:3]][at]

    def outcomes(self, event: Pending, at: Numbers) -> int | Codes:
        """How the task ends."""
        return event.outcome if event.outcome != VARIES else self._outcomes[event[:3]][at]

    def note(self, event: Pending, at: Numbers, times: Array, outcome: int | Codes) -> Pending:
        """Notes when the event comes for these jobs, and with which outcome."""
        self._set(self._times, event, at, times, np.float64)
        if isinstance(outcome, int):
            return event._replace(outcome=outcome)
        self._set(self._outcomes, event, at, outcome, np.int16)
        return event._replace(outcome=VARIES)

    def spread(self, event: Pending, at: Numbers, turn: bool, outcome: bool) -> None:
        """Notes for each of these jobs what their group has in common: the turn of an event, its outcome."""
        if turn and event.turn != VARIES:
            self._set(self._turns, event, at, event.turn, np.int64)
        if outcome and event.outcome != VARIES:
            self._set(self._outcomes, event, at, event.outcome, np.int16)

    def move(self, event: Pending, slot: int, at: Numbers) -> Pending:
        """The same event in another slot."""
        moved = event._replace(slot=slot)
        self._set(self._times, moved, at, self.times(event, at), np.float64)
        if event.turn == VARIES:
            self._set(self._turns, moved, at, self.turns(event, at), np.int64)
        if event.outcome == VARIES:
            self._set(self._outcomes, moved, at, self.outcomes(event, at), np.int16)
        return moved

    def _set(self, table: dict[Name, Any], event: Pending, at: Numbers, values: Any, kind: Any) -> None:
        column = table.get(event[:3])
        if column is None:
            column = table[event[:3]] = np.zeros(self.count, dtype=kind)
        column[at] = values
