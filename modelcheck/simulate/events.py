"""The event loop: runs jobs through the transition system, where tasks take time and workers are shared.

It never decides what is possible. A job is a run of the system with one instance: the loop only chooses among its
actions and delays them. Immediate actions happen at once; a `start` happens as soon as it is enabled, its call has been
made (overhead, backoff, delivery of the message) and its workers are free, first come first served; its `finish`
happens after the drawn delay, with the drawn outcome. Events at the same time happen in the order finish, request,
arrival, then in the order made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count, islice
from typing import TypeAlias

import numpy as np

from ..errors import ModelError, Problem
from ..expressions import Value
from ..system import State, TransitionSystem
from .draws import Draws
from .inbox import Inbox
from .jobs import Happening, Job, Runs
from .plan import Plan, Task
from .pools import Pool, first_to_wait_for
from .walk import Ask, Flight, Move, Place, Walk

MOST_STARTS, MOST_AT_ONCE, MOST_INITIAL = 10_000, 10_000, 10_000
FINISH, REQUEST, ARRIVE = 0, 1, 2


Request: TypeAlias = tuple[Job, Ask]
# Time, kind, in the order made; the job (None: one arrives); what it asked for, or which task ends with which outcome.
Event: TypeAlias = tuple[float, int, int, Job | None, Ask | None, Flight | None, str]


class EventLoop:
    """One simulation. `together`: jobs arrive and share workers and shared variables; otherwise each is alone.

    `ending` names how a finished job ended, from its state and whether a task failed for good.
    """

    def __init__(
        self,
        system: TransitionSystem,
        plan: Plan,
        ending: Callable[[State, bool], str],
        shared: Sequence[str] = (),
        record: bool = False,
    ):
        self.together = plan.interval is not None
        positions = tuple(system.positions[name] for name in shared) if self.together else ()
        self.walk = Walk(system, positions)
        self.plan, self.ending, self.system = plan, ending, system
        self.pools = {name: Pool[Request](name, size) for name, size in plan.pools.items()}
        self.pools_of = {key: tuple(self.pools[name] for name in task.pools) for key, task in plan.tasks.items()}
        self.starts = dict.fromkeys(plan.tasks, 0)
        self.heap: list[Event] = []
        self.turn = count()
        self.live: dict[int, Job] = {}
        self.shared: tuple[Value, ...] | None = None
        self.changed = False
        self.happenings: list[Happening] | None = [] if record else None
        self.begun: list[State] = []
        self.arrived: list[float] = []
        self.choice = Draws(plan.seed, "", "choice")
        self.initial = list(islice(_initial_states(system), MOST_INITIAL + 1))
        if not self.initial or len(self.initial) > MOST_INITIAL:
            what = "no initial state" if not self.initial else f"more than {MOST_INITIAL} initial states"
            hint = "give its variables initial values that satisfy what it requires"
            raise ModelError([Problem("E409", f"'{system.name}' has {what}: it cannot be simulated", None, hint)])
        self.first = Draws(plan.seed, "", "initial")

    def run(self, jobs: range) -> Runs:
        """These jobs, until nothing more can happen; jobs that share something begin with the first."""
        first, count = jobs.start, len(jobs)
        makespans = np.full(count, np.nan)
        labels: dict[str, int] = {"stuck": 0}
        endings = np.zeros(count, dtype=np.uint8)
        undos, calls, publishes, deliveries = (np.zeros(count) for _ in range(4))
        horizon = 0.0

        def note(job: Job) -> None:
            number = job.number - first
            undos[number], calls[number] = job.undos, job.calls
            publishes[number], deliveries[number] = job.publishes, job.inbox.delivered
            if job.ended is not None:
                makespans[number] = job.ended - job.arrived
                ending = self.ending(job.place.state, job.failed)
                endings[number] = labels.setdefault(ending, len(labels))
            elif job.place.stuck:
                endings[number] = labels.setdefault("out of range", len(labels))

        if self.together:
            horizon = self._run_together(jobs, note)
        else:
            for number in jobs:
                note(self.run_alone(number))
        pools = self.pools.values()
        return Runs(
            makespans, endings, tuple(labels), undos, calls, publishes, deliveries, first, self.starts,
            {pool.name: pool.busy for pool in pools}, {}, {pool.name: pool.longest for pool in pools}, horizon,
            tuple(self.begun), tuple(self.arrived), tuple(self.happenings or ()),
        )  # fmt: skip

    def run_alone(self, number: int) -> Job:
        """One job in an empty system, until nothing more can happen."""
        for pool in self.pools.values():
            pool.free = pool.size
            pool.waiting.clear()
        job = self._new_job(number, 0.0)
        self._advance(job, 0.0)
        self._until_quiet()
        self.live.clear()
        return job

    def _run_together(self, jobs: range, note: Callable[[Job], None]) -> float:
        interval = self.plan.interval
        assert interval is not None
        self.arriving, self.jobs, self.note = 0, len(jobs), note
        if jobs:
            heappush(self.heap, (interval(0), ARRIVE, next(self.turn), None, None, None, ""))
        horizon = self._until_quiet()
        for job in self.live.values():
            note(job)
        return horizon

    def _until_quiet(self) -> float:
        """Lets events happen until there are none; the time of the last."""
        heap, now = self.heap, 0.0
        while heap:
            now, _, _, job, ask, flight, outcome = heappop(heap)
            if job is None:
                self._arrive(now)
            elif flight is not None:
                self._finish(job, flight, outcome, now)
            else:
                if ask is not None:
                    self._request(job, ask, now, now)
                self._advance(job, now)
            while self.changed:
                self.changed = False
                for other in list(self.live.values()):
                    self._advance(other, now)
        return now

    def _new_job(self, number: int, now: float) -> Job:
        state = self.initial[0]
        if len(self.initial) > 1:
            state = self.initial[int(self.first(number) * len(self.initial))]
        place = self.walk.place(state)
        if self.walk.shared:
            if self.shared is None:
                self.shared = self.walk.shared_values(state)
            place = self.walk.with_shared(place, self.shared)
        job = self.live[number] = Job(number, place, now, Inbox(self.plan, number))
        if self.happenings is not None:
            self.begun.append(place.state)
            self.arrived.append(now)
        return job

    def _arrive(self, now: float) -> None:
        number = self.arriving
        self.arriving += 1
        if self.arriving < self.jobs:
            assert self.plan.interval is not None
            later = now + self.plan.interval(self.arriving)
            heappush(self.heap, (later, ARRIVE, next(self.turn), None, None, None, ""))
        self._advance(self._new_job(number, now), now)

    def _advance(self, job: Job, now: float) -> None:
        """All that happens at once, and the requests for what can start."""
        self._see_shared(job)
        at_once = 0
        while True:
            place = job.place
            if place.immediate:
                at_once += 1
                if at_once > MOST_AT_ONCE:
                    raise endless(place.immediate[0].action.name, "does not stop, in no time at all")
                self._fire(job, self._pick(job, place.immediate), now)
                continue
            if not self._ask_for_starts(job, place, now) and not (job.blocked and self._unblock(job, now)):
                break
        if place.finished and job.ended is None:
            job.ended = now
        if job.ended is not None and not place.running and not place.starts and self.together:
            self.live.pop(job.number, None)
            self.note(job)

    def _ask_for_starts(self, job: Job, place: Place, now: float) -> bool:
        """Asks for what can start and was not asked for; whether one has started (so that the place is another)."""
        for ask, moves in place.starts.items():
            if ask in job.asked:
                continue
            key, queue, message, _ = ask
            asked = now
            if queue:
                available = job.inbox.available(queue, message)
                if available is None or available > now:
                    continue  # An event comes when the message is there.
                asked = available
            task = self.plan.tasks[key]
            visit, attempt = job.turn(moves[0].flight)
            pause = task.pause(attempt)
            if task.overhead is not None:
                pause += task.overhead(job.number, visit, attempt)
            job.asked.add(ask)
            if pause > 0:
                heappush(self.heap, (now + pause, REQUEST, next(self.turn), job, ask, None, ""))
            elif self._request(job, ask, asked, now):
                return True
        return False

    def _request(self, job: Job, ask: Ask, asked: float, now: float) -> bool:
        """Starts what was asked for, if it can still start, or lets it wait for the first pool that is full."""
        self._see_shared(job)
        moves = job.place.starts.get(ask)
        if moves is None:
            job.asked.discard(ask)
            return False
        if moves[0].flight not in job.holds:
            pool = first_to_wait_for(self.pools_of[ask[0]])
            if pool is not None:
                pool.wait(asked, next(self.turn), (job, ask))
                return False
        self._start(job, ask, moves, now)
        return True

    def _start(self, job: Job, ask: Ask, moves: tuple[Move, ...], now: float) -> None:
        job.asked.discard(ask)
        move = moves[0] if len(moves) == 1 else self._pick(job, moves)
        (key, queue, message, _), flight = ask, move.flight
        if queue:
            job.inbox.take(queue, message)
        if key[0] == "act":
            job.failed = True  # No handler wanted the message.
            self._fire(job, move, now)
            return
        visit, attempt = job.turns[flight] = job.turn(flight)
        job.visits[key] = visit
        job.again.discard(flight)
        outcome, delay = _draw(self.plan.tasks[key], job.number, visit, attempt)
        for pool in self.pools_of[key]:
            pool.busy += delay
            if flight not in job.holds:
                pool.free -= 1
        job.holds.discard(flight)
        self.starts[key] += 1
        job.calls += 1
        if job.calls > MOST_STARTS:
            raise endless(key[1], f"is started again and again, {MOST_STARTS} times in one job")
        self._fire(job, move, now)
        heappush(self.heap, (now + delay, FINISH, next(self.turn), job, None, flight, outcome))

    def _finish(self, job: Job, flight: Flight, outcome: str, now: float) -> None:
        self._see_shared(job)
        moves = job.place.finishes.get((flight, outcome))
        if not moves:
            job.blocked.append((flight, outcome))
            return
        self._end(job, flight, outcome, moves, now)
        self._advance(job, now)
        self._serve(self.pools_of[flight[0]], now)

    def _end(self, job: Job, flight: Flight, outcome: str, moves: tuple[Move, ...], now: float) -> None:
        """The end of a task: its workers are free, unless it keeps them to try again."""
        move = moves[0] if len(moves) == 1 else self._pick(job, moves)
        then = move.action.label.then
        if then in ("again", "again at once"):
            job.again.add(flight)
        elif outcome != "ok":
            job.failed = True
        if then == "again at once":
            job.holds.add(flight)
        else:
            for pool in self.pools_of[flight[0]]:
                pool.free += 1
        if flight[0][0] == "undo" and outcome == "ok":
            job.undos += 1
        self._fire(job, move, now)

    def _unblock(self, job: Job, now: float) -> bool:
        """Ends what was blocked and no longer is; whether there was such a thing."""
        for index, (flight, outcome) in enumerate(job.blocked):
            moves = job.place.finishes.get((flight, outcome))
            if moves:
                del job.blocked[index]
                self._end(job, flight, outcome, moves, now)
                self._serve(self.pools_of[flight[0]], now)
                return True
        return False

    def _serve(self, pools: tuple[Pool[Request], ...], now: float) -> None:
        """Gives free workers to those who wait: each starts, or waits elsewhere with its old claim, or is void."""
        for pool in pools:
            while pool.free and pool.waiting:
                asked, turn, (job, ask) = pool.next()
                full = next((other for other in self.pools_of[ask[0]] if not other.free), None)
                if full is not None:
                    full.wait(asked, turn, (job, ask))
                    continue
                self._see_shared(job)
                moves = job.place.starts.get(ask)
                if moves is None:
                    job.asked.discard(ask)
                else:
                    self._start(job, ask, moves, now)
                self._advance(job, now)

    def _fire(self, job: Job, move: Move, now: float) -> None:
        job.place = self.walk.follow(move)
        published = move.action.label.publishes
        if published:
            job.publishes += len(published)
            for time in job.inbox.send(published, now):
                heappush(self.heap, (time, REQUEST, next(self.turn), job, None, None, ""))
        if self.walk.shared and self.walk.writes_shared[move.number]:
            self.shared = self.walk.shared_values(job.place.state)
            self.changed = self.walk.reads_shared
        if self.happenings is not None:
            self.happenings.append(Happening(now, job.number, move.number, job.place.state))

    def _pick(self, job: Job, moves: Sequence[Move]) -> Move:
        """Where the model leaves a choice open, each way is as likely: a free choice, an effect that is not known."""
        flight, phase = moves[0].flight, moves[0].action.label.phase
        same = [move for move in moves if move.flight == flight and move.action.label.phase == phase]
        if len(same) == 1:
            return same[0]
        job.choices += 1
        return same[int(self.choice(job.number, job.choices) * len(same))]

    def _see_shared(self, job: Job) -> None:
        if self.shared is not None and self.walk.shared_values(job.place.state) != self.shared:
            job.place = self.walk.with_shared(job.place, self.shared)


def _draw(task: Task, job: int, visit: int, attempt: int) -> tuple[str, float]:
    """The outcome of an attempt and how long it takes."""
    delay = 0.0 if task.delay is None else task.delay(job, visit, attempt)
    outcome = task.shares[0][0]
    if len(task.shares) > 1:
        luck = task.outcome(job, visit, attempt)
        outcome = next(name for name, share in task.shares if luck < share)
    if task.timeout is not None and (delay > task.timeout or outcome == "timeout"):
        return "timeout", task.timeout
    return outcome, delay


def _initial_states(system: TransitionSystem) -> list[State]:
    try:
        return list(islice(system.initial_states(), MOST_INITIAL + 1))
    except ValueError as error:
        raise ModelError([Problem("E409", f"cannot be simulated: {error}")]) from None


def endless(step: str, what: str) -> ModelError:
    """The error for a job that would go on for ever."""
    hint = "limit the attempts, or give what ends the loop a probability"
    return ModelError([Problem("E410", f"a job does not end: '{step}' {what}", None, hint)])
