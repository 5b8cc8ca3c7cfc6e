"""Jobs that are in the same place of the transition system, with the same past as far as it matters: one row a job.

What is the same for all of them is kept once (`Past`); what differs are columns: the times of the events to come and of
the messages under way. A group is split where its jobs go different ways, and groups that meet again become one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..delays import Array
from ..plan import Key
from ..walk import Ask, Flight, Place

Numbers: TypeAlias = NDArray[np.int64]
Codes: TypeAlias = NDArray[np.int16]
What: TypeAlias = Flight | Ask | tuple[()]

# What a job has caused, in the order of `Group.counts`.
COUNTS = UNDOS, CALLS, PUBLISHES, DELIVERIES, LOST, DEAD_LETTERS = range(6)
NONE = (0,) * len(COUNTS)


@dataclass(frozen=True, slots=True)
class Past:
    """What the jobs of a group have in common: where they are, and what of their past has a say in their future.

    turns: visit and attempt of the tasks in flight, and of those that ended to be tried again; progress: how many
    visits have begun, and how many of them are over. All else is as in `jobs.Job`.
    """

    place: Place
    visits: dict[Key, int]
    turns: dict[Flight, tuple[int, int]]
    published: dict[str, int]
    again: frozenset[Flight] = frozenset()
    holds: frozenset[Flight] = frozenset()
    blocked: tuple[tuple[Flight, str], ...] = ()
    failed: bool = False
    ended: bool = False
    choices: int = 0
    progress: int = 0

    def turn(self, flight: Flight) -> tuple[int, int]:
        """Visit and attempt of what would start now."""
        if flight in self.again:
            visit, attempt = self.turns[flight]
            return visit, attempt + 1
        return self.visits.get(flight[0], 0) + 1, 1

    def key(self) -> tuple[Any, ...]:
        """The same for equal pasts (a group holds its place, so that its identity is not given to another)."""
        return (
            id(self.place), frozenset(self.visits.items()), frozenset(self.turns.items()),
            frozenset(self.published.items()), self.again, self.holds, self.blocked, self.failed, self.ended,
            self.choices,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pending:
    """An event to come, when it does for each job. what: the task that ends, what was asked for, or nothing (a message
    is there). turn: the order of making, for ties; outcome: of a finish, its place in the task's outcomes."""

    kind: int
    what: What
    times: Array
    turn: int | Numbers
    outcome: int | Codes = 0

    @property
    def identity(self) -> tuple[int, What]:
        return self.kind, self.what

    def rows(self, chosen: Any) -> Pending:
        turn = self.turn if isinstance(self.turn, int) else self.turn[chosen]
        outcome = self.outcome if isinstance(self.outcome, int) else self.outcome[chosen]
        return Pending(self.kind, self.what, self.times[chosen], turn, outcome)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in a queue, and when it is there for each job."""

    event: str
    times: Array


@dataclass(slots=True)
class Group:
    """Some jobs of a block. at: their places in it; now: the time of each, while something happens to them.

    turn: what the next event's order of making is; counts: what each has caused beyond what is noted of it elsewhere;
    most: how many calls each has made at most; probe: from how many calls on one is looked at for an endless loop.
    """

    past: Past
    at: Numbers
    now: Array
    pending: tuple[Pending, ...] = ()
    letters: dict[str, tuple[Letter, ...]] | None = None
    turn: int = 0
    counts: tuple[int, ...] = NONE
    most: int = 0
    probe: int = 64

    def __len__(self) -> int:
        return len(self.at)

    def key(self) -> tuple[Any, ...]:
        """The same for groups that can become one; only for groups whose events are `in_order`."""
        letters = self.letters or {}
        inbox = frozenset((queue, tuple(letter.event for letter in waiting)) for queue, waiting in letters.items())
        return (self.past.key(), tuple(each.identity for each in self.pending), inbox)

    def change(self, **changes: Any) -> None:
        self.past = replace(self.past, **changes)

    def count(self, which: int, by: int = 1) -> None:
        counts = list(self.counts)
        counts[which] += by
        self.counts = tuple(counts)

    def expect(self, kind: int, what: What, times: Array, outcome: int | Codes = 0) -> None:
        """One more event to come."""
        self.pending = (*self.pending, Pending(kind, what, times, self.turn, outcome))
        self.turn += 1

    def rows(self, chosen: Any) -> Group:
        """Some of its jobs."""
        letters = self.letters and {
            queue: tuple(Letter(letter.event, letter.times[chosen]) for letter in waiting)
            for queue, waiting in self.letters.items()
        }
        pending = tuple(each.rows(chosen) for each in self.pending)
        return Group(
            self.past, self.at[chosen], self.now[chosen] if len(self.now) else self.now, pending, letters,
            self.turn, self.counts, self.most, self.probe,
        )  # fmt: skip

    def split(self, codes: Codes) -> Iterator[tuple[int, Group]]:
        """Its jobs by their codes."""
        sizes = np.bincount(codes).tolist()
        if sum(size > 0 for size in sizes) == 1:
            yield len(sizes) - 1, self
            return
        ordered = self.rows(np.argsort(codes, kind="stable"))
        start = 0
        for code, size in enumerate(sizes):
            if size:
                yield code, ordered.rows(slice(start, start + size))
                start += size

    def parted(self, truths: NDArray[np.bool_]) -> tuple[Group | None, Group | None]:
        """Those for which it is true, and the others."""
        if truths.all():
            return self, None
        if not truths.any():
            return None, self
        return self.rows(np.flatnonzero(truths)), self.rows(np.flatnonzero(~truths))

    def in_order(self) -> None:
        """Lists the events to come by what they are, and counts their order of making anew where it can."""
        if all(isinstance(each.turn, int) for each in self.pending):
            made = sorted(self.pending, key=lambda each: each.turn)
            turns = [Pending(e.kind, e.what, e.times, turn, e.outcome) for turn, e in enumerate(made)]
            self.pending = tuple(sorted(turns, key=lambda each: each.identity))
            self.turn = len(turns)
        else:
            self.pending = tuple(sorted(self.pending, key=lambda each: each.identity))

    def next_events(self) -> Iterator[tuple[Pending, Group]]:
        """For each event that can be the next, the jobs for which it is: earliest first, ties by kind, then as made."""
        if len(self.pending) > 1:
            self.pending = tuple(sorted(self.pending, key=_when_made))
            parts = self.split(_first(self.pending))
        else:
            parts = iter([(0, self)])
        for index, part in parts:
            event = part.pending[index]
            part.now = event.times
            part.pending = part.pending[:index] + part.pending[index + 1 :]
            yield event, part


def _when_made(event: Pending) -> tuple[int, int]:
    return event.kind, event.turn if isinstance(event.turn, int) else -1


def _first(pending: Sequence[Pending]) -> Codes:
    """Which event comes first for each job; they are listed so that in a tie it is the earlier in the list, unless
    jobs differ in the order of making."""
    best, rank = pending[0].times, _rank(pending[0])
    who = np.zeros(len(best), dtype=np.int16)
    mixed = any(not isinstance(each.turn, int) for each in pending)
    for index, event in enumerate(pending[1:], start=1):
        earlier = event.times < best
        if mixed:
            mine = _rank(event)
            earlier |= (event.times == best) & (mine < rank)
            rank = np.where(earlier, mine, rank)
        np.putmask(who, earlier, np.int16(index))
        best = np.minimum(best, event.times)
    return who


def _rank(event: Pending) -> Any:
    """For ties: by kind, then as made."""
    return (event.kind << 40) + event.turn


def merged(groups: Sequence[Group]) -> Group:
    """Groups with the same key as one; they must have the same counts."""
    if len(groups) == 1:
        return groups[0]
    first = groups[0]
    pending = []
    for index, event in enumerate(first.pending):
        each = [group.pending[index] for group in groups]
        times = np.concatenate([event.times for event in each])
        turn = _together([event.turn for event in each], each, np.int64)
        outcome = _together([event.outcome for event in each], each, np.int16)
        pending.append(Pending(event.kind, event.what, times, turn, outcome))
    letters = first.letters and {
        queue: tuple(
            Letter(letter.event, np.concatenate([(group.letters or {})[queue][index].times for group in groups]))
            for index, letter in enumerate(waiting)
        )
        for queue, waiting in first.letters.items()
    }
    return Group(
        first.past, np.concatenate([group.at for group in groups]), np.concatenate([group.now for group in groups]),
        tuple(pending), letters, max(group.turn for group in groups), first.counts,
        max(group.most for group in groups), min(group.probe for group in groups),
    )  # fmt: skip


def _together(values: list[Any], events: list[Pending], kind: Any) -> Any:
    """One number where all have the same, else a column."""
    if all(isinstance(value, int) and value == values[0] for value in values):
        return values[0]
    return np.concatenate(
        [
            np.full(len(event.times), value, dtype=kind) if isinstance(value, int) else value
            for value, event in zip(values, events, strict=True)
        ]
    )
