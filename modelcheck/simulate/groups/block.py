"""A block of jobs, moved in groups: the event loop's rules (`events.EventLoop`), each for many jobs at once.

Of the groups that wait for their next event the least advanced moves first, so that those which will be in the same
place meet there and become one: a choice, a retry, the order in which parallel steps end then cost no more than the
places they lead through. Where a job would have to wait for a worker, and where a group has become tiny, the event
loop itself goes on from there, job by job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Any

import numpy as np

from .. import events
from ..delays import Array
from ..draws import Draws
from ..events import EventLoop
from ..jobs import Runs
from ..pacing import FINISH, REQUEST
from ..plan import Key, Task
from ..tally import COLUMNS, label_of
from ..walk import Ask, Flight, Move, Place
from ..work import endless
from .board import Board, Codes, Numbers, Pending
from .group import CALLS, COUNTS, DEAD_LETTERS, LOST, NONE, UNDOS, Group, Past, Table, merged
from .handover import go_on, job_of
from .letters import available, send, take

# Below this, the event loop is as fast.
FEW = 6
# When something goes on at once for so long, one job is looked at for an endless loop.
LONG = 64


class Block:
    """Jobs that begin at the times `arrived`. alone: the event loop for single jobs; the groups walk with it."""

    def __init__(self, alone: EventLoop, jobs: range, arrived: Array):
        self.alone, self.acting, self.walk, self.plan = alone, alone.acting, alone.acting.walk, alone.plan
        self.first, self.arrived = jobs.start, arrived
        self.makespans = np.full(len(jobs), np.nan)
        self.labels: dict[str, int] = {"stuck": 0}
        self.endings = np.zeros(len(jobs), dtype=np.uint8)
        self.caused = np.zeros((len(COUNTS), len(jobs)), dtype=np.int64)
        self.starts: dict[Key, int] = dict.fromkeys(self.plan.tasks, 0)
        self.outcomes = {key: outcomes_of(task) for key, task in self.plan.tasks.items()}
        self.waited_for = ""
        self.happened = 0
        self._meeting: dict[Any, list[Group]] = {}
        self._order: list[tuple[int, int, Any]] = []
        self._turn = count()

    def run(self) -> Runs:
        """All jobs, until nothing more can happen."""
        before, self.alone.handled = dict(self.alone.starts), 0
        for group in self._beginning():
            self._advance([group])
        while self._order:
            self._next(self._together(self._meeting.pop(heappop(self._order)[2])))
        for key, already in before.items():
            self.starts[key] += self.alone.starts[key] - already
        caused: dict[str, Any] = dict(zip(COLUMNS, self.caused.astype(np.float64), strict=True))
        return Runs(
            self.makespans, self.endings, tuple(self.labels), **caused, first=self.first, starts=self.starts,
            events=self.happened + self.alone.handled,
        )  # fmt: skip

    def _beginning(self) -> Iterator[Group]:
        at = np.arange(len(self.arrived))
        initial = self.acting.initial
        everyone = Group(Board(len(at)), Past(self.walk.place(initial[0]), Table(), Table(), Table()), at, self.arrived)
        if len(initial) == 1:
            yield everyone
            return
        chosen = (self._drawn(self.acting.first, at) * len(initial)).astype(np.int16)
        for number, part in everyone.split(chosen):
            part.change(place=self.walk.place(initial[number]))
            yield part

    def _drawn(self, draws: Draws, at: Numbers, visit: int = 1, attempt: int = 1) -> Array:
        return draws.of_jobs(at + self.first, visit, attempt)

    # Groups that wait for their next event.

    def _settle(self, group: Group) -> None:
        """Nothing more happens at this time."""
        if not group.pending:
            self._note(group)
            return
        group.settle()
        key = group.key()
        here = self._meeting.setdefault(key, [])
        if not here:
            heappush(self._order, (group.past.progress, next(self._turn), key))
        here.append(group)

    def _together(self, groups: list[Group]) -> Group:
        if any(group.counts != groups[0].counts for group in groups):
            for group in groups:
                self._note_counts(group)
        return merged(groups)

    def _note_counts(self, group: Group) -> None:
        for which, by in enumerate(group.counts):
            if by:
                self.caused[which, group.at] += by
        group.most += group.counts[CALLS]
        group.counts = NONE

    def _note(self, group: Group) -> None:
        """What became of jobs to which nothing more can happen."""
        self._note_counts(group)
        self._note_ending(group.at, group.past.place, group.past.ended, group.past.failed)

    def _alone(self, group: Group, ask: Ask | None = None) -> None:
        """The rest of each of these jobs by the event loop; `ask`: it begins with the request for that."""
        self._note_counts(group)
        for row, at in enumerate(group.at.tolist()):
            caused, uses = self.caused[:, at].tolist(), self.alone.uses
            job = job_of(group, row, at + self.first, float(self.arrived[at]), caused, uses)
            go_on(self.alone, job, group, row, self.outcomes, ask)
            self.caused[:, at] = [getattr(job, name) for name in COLUMNS]
            ended = job.ended is not None
            if job.ended is not None and not group.past.ended:
                self.makespans[at] = job.ended - job.arrived
            self._note_ending(np.array([at]), job.place, ended, job.failed)

    def _note_ending(self, at: Numbers, place: Place, ended: bool, failed: bool) -> None:
        ending = self.alone.ending(place.state, failed) if ended else "out of range" if place.stuck else "stuck"
        for lost in (False, True):
            for dead in (False, True):
                label = label_of(ending, lost, dead)
                rows = at[((self.caused[LOST, at] > 0) == lost) & ((self.caused[DEAD_LETTERS, at] > 0) == dead)]
                if len(rows):
                    self.endings[rows] = self.labels.setdefault(label, len(self.labels))

    def _look_at_one(self, group: Group) -> Group | None:
        """One job goes on alone, to see whether it ends; the others, if there are any."""
        self._alone(group.rows(slice(0, 1)))
        return group.rows(slice(1, None)) if len(group) > 1 else None

    # What can happen.

    def _next(self, group: Group) -> None:
        if len(group) <= FEW:
            self._alone(group)
            return
        if group.most + group.counts[CALLS] >= group.probe:
            group.probe *= 2
            others = self._look_at_one(group)
            if others is None:
                return
            group = others
        self.happened += len(group)
        for event, outcome, part in group.next_events():
            if event.kind == FINISH:
                self._finish(part, event, outcome)
            elif event.what:
                ask: Any = event.what
                moves = part.past.place.starts.get(ask)
                if moves is None:
                    self._advance([part])
                elif ask[1] or self._must_wait(part, moves[0].flight):
                    self._alone(part, ask)
                else:
                    self._advance(self._start(part, ask, moves))
            else:
                self._advance([part])

    def _advance(self, groups: Iterable[Group]) -> None:
        """All that happens at once, and the requests for what can start."""
        todo = [(group, 0, 0) for group in groups]
        while todo:
            group, at_once, asked = todo.pop()
            immediate = group.past.place.immediate
            if not immediate:
                todo += self._ask_for_starts(group, at_once, asked)
                continue
            if at_once == LONG:
                others = self._look_at_one(group)
                if others is None:
                    continue
                group = others
            if at_once >= events.MOST_AT_ONCE:
                raise endless(immediate[0].action.name, "does not stop, in no time at all")
            for move, part in self._picked(group, immediate):
                self._fire(part, move)
                todo.append((part, at_once + 1, 0))

    def _ask_for_starts(self, group: Group, at_once: int, asked: int) -> Iterator[tuple[Group, int, int]]:
        """Asks for what can start and was not asked for; the groups for which this goes on, and from which on."""
        place = group.past.place
        already = {each.what for each in group.pending if each.kind == REQUEST}
        for index, (ask, moves) in enumerate(place.starts.items()):
            if index < asked or ask in already:
                continue
            if ask[1]:
                times = available(group, ask[1], ask[2])
                if not times:
                    continue  # An event comes when the message is there.
                there, not_yet = group.parted(np.minimum.reduce(times) <= group.now)
                if there is None:
                    continue
                if not_yet is not None:
                    yield not_yet, at_once, index + 1
                group = there
                receiver = self.acting.channels.receivers[ask[1]]
                if len(times) > 1 and receiver.overflow == "drop oldest" and not receiver.ordered:
                    self._alone(group)  # Which of them is taken decides which will be the oldest.
                    return
            now, later = self._paused(group, ask, moves[0].flight)
            if now is None and later is not None:
                group = later
                continue
            if later is not None:
                yield later, at_once, index + 1
            assert now is not None
            if self._must_wait(now, moves[0].flight):
                self._alone(now)
                return
            yield from ((part, at_once, 0) for part in self._start(now, ask, moves))
            return
        for flight, outcome in group.past.blocked:
            ways = place.finishes.get((flight, outcome))
            if ways:
                blocked = list(group.past.blocked)
                blocked.remove((flight, outcome))
                group.change(blocked=tuple(blocked))
                yield from ((part, at_once, 0) for part in self._end(group, flight, outcome, ways))
                return
        if place.finished and not group.past.ended:
            group.change(ended=True)
            self.makespans[group.at] = group.now - self.arrived[group.at]
        self._settle(group)

    def _paused(self, group: Group, ask: Ask, flight: Flight) -> tuple[Group | None, Group | None]:
        """Those who start at once, and those whose call takes time: their request comes later."""
        task, (visit, attempt) = self.plan.tasks[ask[0]], group.past.turn(flight)
        pause = task.pause(attempt)
        if task.overhead is None:
            if not pause > 0:
                return group, None
            group.expect(REQUEST, ask, group.now + pause)
            return None, group
        pauses = pause + self._drawn(task.overhead, group.at, visit, attempt)
        waits = pauses > 0
        later, now = group.parted(waits)
        if later is not None:
            later.expect(REQUEST, ask, later.now + (pauses if now is None else pauses[np.flatnonzero(waits)]))
        return now, later

    def _must_wait(self, group: Group, flight: Flight) -> bool:
        """Whether there is no worker for a task because the job itself has them all."""
        pools = self.plan.tasks[flight[0]].pools
        if not pools or flight in group.past.holds:
            return False
        busy = [self.plan.tasks[key].pools for key, _ in (*group.past.place.running, *group.past.holds)]
        for pool in pools:
            if sum(pool in each for each in busy) >= self.plan.pools[pool]:
                self.waited_for = pool
                return True
        return False

    def _start(self, group: Group, ask: Ask, moves: tuple[Move, ...]) -> Iterator[Group]:
        key, queue, message, _ = ask
        for move, part in self._picked(group, moves):
            if queue:
                take(part, queue, message)
            if key[0] == "act":
                self._fire(part, move, failed=True)  # No handler wanted the message.
                yield part
                continue
            past, flight = part.past, move.flight
            visit, attempt = past.turn(flight)
            outcome, delays = self._draw(self.plan.tasks[key], part, visit, attempt)
            self.starts[key] += len(part)
            part.count(CALLS)
            if part.most + part.counts[CALLS] > events.MOST_STARTS:
                self._check_calls(part, key[1])
            self._fire(
                part,
                move,
                visits=Table({**past.visits, key: visit}),
                turns=Table({**past.turns, flight: (visit, attempt)}),
                again=past.again - {flight},
                holds=past.holds - {flight},
                progress=past.progress + (flight not in past.again),
            )
            part.expect(FINISH, flight, part.now + delays, outcome)
            yield part

    def _check_calls(self, group: Group, step: str) -> None:
        self._note_counts(group)
        group.most = int(self.caused[CALLS, group.at].max())
        if group.most > events.MOST_STARTS:
            raise endless(step, f"is started again and again, {events.MOST_STARTS} times in one job")

    def _draw(self, task: Task, group: Group, visit: int, attempt: int) -> tuple[int | Codes, Array]:
        """The outcome of an attempt (its place in `outcomes_of` the task) and how long it takes, for each job."""
        at, outcome = group.at, 0
        codes: Codes | None = None
        delays = np.zeros(len(at)) if task.delay is None else self._drawn(task.delay, at, visit, attempt)
        if len(task.shares) > 1:
            bounds = [share for _, share in task.shares[:-1]]
            luck = self._drawn(task.outcome, at, visit, attempt)
            codes = np.searchsorted(bounds, luck, side="right").astype(np.int16)
        if task.timeout is not None:
            late = self.outcomes[task.key].index("timeout")
            hit = delays > task.timeout
            if codes is not None:
                hit |= codes == late
            elif late == 0:
                hit[:] = True
            codes = np.where(hit, np.int16(late), np.int16(0) if codes is None else codes)
            delays = np.where(hit, task.timeout, delays)
        return (outcome if codes is None else codes), delays

    def _finish(self, group: Group, event: Pending, outcomes: int | Codes) -> None:
        flight: Any = event.what
        parts = [(outcomes, group)] if isinstance(outcomes, int) else group.split(outcomes)
        for code, part in parts:
            outcome = self.outcomes[flight[0]][code]
            moves = part.past.place.finishes.get((flight, outcome))
            if moves:
                self._advance(self._end(part, flight, outcome, moves))
            else:
                part.change(blocked=(*part.past.blocked, (flight, outcome)))
                self._settle(part)

    def _end(self, group: Group, flight: Flight, outcome: str, moves: tuple[Move, ...]) -> Iterator[Group]:
        """The end of a task: its workers are free, unless it keeps them to try again."""
        for move, part in self._picked(group, moves):
            past, then = part.past, move.action.label.then
            if flight[0][0] == "undo" and outcome == "ok":
                part.count(UNDOS)
            if then in ("again", "again at once"):
                holds = past.holds | {flight} if then == "again at once" else past.holds
                self._fire(part, move, again=past.again | {flight}, holds=holds)
            else:
                turns = Table(past.turns)
                if flight not in move.running and flight not in past.again:  # A jump may have begun it twice.
                    turns.pop(flight, None)
                failed = past.failed or outcome != "ok"
                if move.dead and outcome != "ok":
                    part.count(DEAD_LETTERS)
                self._fire(part, move, turns=turns, failed=failed, progress=past.progress + 1)
            yield part

    def _fire(self, group: Group, move: Move, **changes: Any) -> None:
        before = group.past.place.state
        group.change(place=self.walk.follow(move), **changes)
        if move.action.label.publishes:
            send(group, before, move, self.acting.channels, self.first)

    def _picked(self, group: Group, moves: tuple[Move, ...]) -> Iterator[tuple[Move, Group]]:
        """Where the model leaves a choice open, each way is as likely."""
        if len(moves) > 1:  # Where losing a message has a probability, the event loop does it.
            moves = tuple(move for move in moves if not move.action.label.loses)
        flight, phase = moves[0].flight, moves[0].action.label.phase
        same = [move for move in moves if move.flight == flight and move.action.label.phase == phase]
        if len(same) == 1:
            yield same[0], group
            return
        choices = group.past.choices + 1
        group.change(choices=choices)
        lucks = self._drawn(self.acting.choice, group.at, choices)
        for index, part in group.split((lucks * len(same)).astype(np.int16)):
            yield same[index], part


def outcomes_of(task: Task) -> tuple[str, ...]:
    """How a task can end."""
    names = tuple(name for name, _ in task.shares)
    return names if task.timeout is None or "timeout" in names else (*names, "timeout")
