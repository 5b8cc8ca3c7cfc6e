"""Jobs that are in the same place of the transition system, with the same past as far as it matters: one row a job.

What is the same for all of them is kept once (`Past`); what differs is on the block's board, and the times of the
messages under way are columns. A group is split where its jobs go different ways, and those that meet again become one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..delays import Array
from ..walk import Flight, Place
from .board import VARIES, Board, Codes, Name, Numbers, Pending, What

# What a job has caused, in the order of `Group.counts`.
COUNTS = UNDOS, CALLS, PUBLISHES, DELIVERIES, LOST, DEAD_LETTERS = range(6)
NONE = (0,) * len(COUNTS)


class Table(dict[Any, Any]):
    """A dictionary that is not changed any more, so that it can be part of a key."""

    __slots__ = ("_hash",)

    def __init__(self, items: Mapping[Any, Any] | None = None):
        super().__init__(items or {})
        self._hash: int | None = None

    def __hash__(self) -> int:  # type: ignore[override]
        if self._hash is None:
            self._hash = hash(frozenset(self.items()))
        return self._hash


@dataclass(frozen=True, slots=True)
class Past:
    """What the jobs of a group have in common: where they are, and what of their past has a say in their future.

    turns: visit and attempt of the tasks in flight, and of those that ended to be tried again; progress: how many
    visits have begun, and how many of them are over. All else is as in `jobs.Job`.
    """

    place: Place
    visits: Table
    turns: Table
    published: Table
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
            id(self.place), self.visits, self.turns, self.published, self.again, self.holds, self.blocked,
            self.failed, self.ended, self.choices,
        )  # fmt: skip


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

    board: Board
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
        """The same for groups that can become one."""
        letters = self.letters or {}
        inbox = frozenset((queue, tuple(letter.event for letter in waiting)) for queue, waiting in letters.items())
        return (self.past.key(), frozenset([each[:3] for each in self.pending]), inbox)

    def change(self, **changes: Any) -> None:
        self.past = replace(self.past, **changes)

    def count(self, which: int, by: int = 1) -> None:
        counts = list(self.counts)
        counts[which] += by
        self.counts = tuple(counts)

    def expect(self, kind: int, what: What, times: Array, outcome: int | Codes = 0) -> None:
        """One more event to come."""
        slot = sum(each.what == what for each in self.pending if each.kind == kind)
        event = Pending(kind, what, slot, self.turn)
        self.pending = (*self.pending, self.board.note(event, self.at, times, outcome))
        self.turn += 1

    def rows(self, chosen: Any) -> Group:
        """Some of its jobs."""
        letters = self.letters and {
            queue: tuple(Letter(letter.event, letter.times[chosen]) for letter in waiting)
            for queue, waiting in self.letters.items()
        }
        return Group(
            self.board, self.past, self.at[chosen], self.now[chosen] if len(self.now) else self.now, self.pending,
            letters, self.turn, self.counts, self.most, self.probe,
        )  # fmt: skip

    def split(self, codes: Codes) -> Iterator[tuple[int, Group]]:
        """Its jobs by their codes."""
        sizes = np.bincount(codes).tolist()
        if sizes[-1] == len(codes):
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

    def settle(self) -> None:
        """Nothing more happens now. Events are listed by kind, then as made: new ones come later in the list."""
        self.now = self.now[:0]
        if len(self.pending) > 1:
            self.pending = tuple(sorted(self.pending, key=_kind))

    def next_events(self) -> Iterator[tuple[Pending, int | Codes, Group]]:
        """Each event that can be the next, its outcome, and the jobs for which it is; ties by kind, then as made."""
        if len(self.pending) > 1:
            parts = self.split(self._look_for_first())
        else:
            self.now = self.board.times(self.pending[0], self.at)
            parts = iter([(0, self)])
        for index, part in parts:
            event = part.pending[index]
            part.pending = part.pending[:index] + part.pending[index + 1 :]
            outcome = self.board.outcomes(event, part.at)
            part._close_up(event)
            yield event, outcome, part

    def _look_for_first(self) -> Codes:
        """Which event comes first for each job, and `now` is when. They are listed so that in a tie it is the earlier
        in the list, unless jobs differ in the order of making."""
        board, at = self.board, self.at
        best = board.times(self.pending[0], at)
        rank = self._rank(self.pending[0])
        who = np.zeros(len(best), dtype=np.int16)
        mixed = any(each.turn == VARIES for each in self.pending)
        for index, event in enumerate(self.pending[1:], start=1):
            times = board.times(event, at)
            earlier = times < best
            if mixed:
                mine = self._rank(event)
                earlier |= (times == best) & (mine < rank)
                rank = np.where(earlier, mine, rank)
            np.putmask(who, earlier, np.int16(index))
            best = np.minimum(best, times)
        self.now = best
        return who

    def _rank(self, event: Pending) -> Any:
        """For ties: by kind, then as made."""
        return (event.kind << 40) + self.board.turns(event, self.at)

    def _close_up(self, taken: Pending) -> None:
        """Events that are alike (messages that arrive, a step that a jump began twice) have the first slots."""
        last = taken
        for each in self.pending:
            if each.what == taken.what and each.kind == taken.kind and each.slot > last.slot:
                last = each
        if last is not taken:
            moved = self.board.move(last, taken.slot, self.at)
            self.pending = tuple([moved if each is last else each for each in self.pending])


def _kind(event: Pending) -> int:
    return event[0]


def merged(groups: Sequence[Group]) -> Group:
    """Groups with the same key as one; they must have the same counts."""
    first = groups[0]
    if len(groups) == 1:
        return first
    pending = _pending_of_all(groups)
    letters = first.letters and {
        queue: tuple(
            Letter(letter.event, np.concatenate([(group.letters or {})[queue][index].times for group in groups]))
            for index, letter in enumerate(waiting)
        )
        for queue, waiting in first.letters.items()
    }
    return Group(
        first.board, first.past, np.concatenate([group.at for group in groups]), first.now, tuple(pending), letters,
        max(group.turn for group in groups), first.counts,
        max(group.most for group in groups), min(group.probe for group in groups),
    )  # fmt: skip


def _pending_of_all(groups: Sequence[Group]) -> tuple[Pending, ...]:
    """The events that all these groups expect; the order of making is on the board where it is not the same."""
    first, found = groups[0].pending, []
    same_order = all(
        len(group.pending) == 1 or [each[:3] for each in group.pending] == [each[:3] for each in first]
        for group in groups
    )
    mixed = any(each.turn == VARIES for group in groups for each in group.pending)
    tables = [group.pending if same_order else tuple(sorted(group.pending, key=_name)) for group in groups]
    for events in zip(*tables, strict=True):
        one = events[0]
        turn = not same_order or (mixed and any(each.turn != one.turn for each in events))
        outcome = any(each.outcome != one.outcome for each in events)
        if turn or outcome:
            for group, each in zip(groups, events, strict=True):
                group.board.spread(each, group.at, turn, outcome)
        turns, outcomes = VARIES if turn else one.turn, VARIES if outcome else one.outcome
        found.append(Pending(one.kind, one.what, one.slot, turns, outcomes))
    return tuple(found)


def _name(event: Pending) -> Name:
    return event[:3]
