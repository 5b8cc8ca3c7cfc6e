"""The event loop: runs jobs through the transition system, where tasks take time and workers are shared.

It never decides what is possible. A job is a run of the system with one instance: the loop only chooses among its
actions and delays them. Immediate actions happen at once; a `start` happens as soon as it is enabled, its call has been
made (overhead, backoff, delivery of the message) and its workers are free, first come first served; its `finish`
happens after the drawn delay, with the drawn outcome. Events at the same time happen in the order finish, request,
arrival, crash or repair, then in the order made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeAlias

from ..system import State, TransitionSystem
from .acting import Acting
from .arriving import Arriving
from .desks import Desks
from .jobs import Job, Runs, joined
from .pacing import FAULT, FINISH, REQUEST, Pacing
from .plan import UNLIMITED, Plan
from .pools import Pool, first_to_wait_for
from .tally import BLOCK, Meter, Tally
from .walk import Ask, Move, Place
from .work import Request, Use, Work, drawn, timed_out
from .work import endless as endless

MOST_STARTS, MOST_AT_ONCE = 10_000, 10_000

# Time, kind, in the order made; what happens then, and to what.
Event: TypeAlias = tuple[float, int, int, Callable[[Any, float], None], Any]


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
        self.together = plan.together
        self.plan, self.ending, self.system = plan, ending, system
        self.acting = Acting(system, plan, shared, record, self._announce, self._leave_engine)
        self.pools = {name: Pool[Request](name, size) for name, size in plan.pools.items()}
        self.starts = dict.fromkeys(plan.tasks, 0)
        self.heap: list[Event] = []
        self.turn = count()
        self.handled = 0
        self.horizon = 0.0
        self.live: dict[int, Job] = {}
        self.arriving = Arriving(plan, self._at, self._come)
        self.desks = Desks(self.pools, self.turn, self._at, self._called)
        self.pacing: Pacing | None = None
        if plan.faults or plan.shared:
            self.pacing = Pacing(
                self.pools, plan.shared, plan.faults, self._at, self._finish, self._serve, self._goes_on
            )
        paced = self.pacing.names if self.pacing is not None else frozenset[str]()
        self.uses = {
            key: Use(
                task, tuple(self.pools[name] for name in task.pools), next((n for n in task.pools if n in paced), "")
            )
            for key, task in plan.tasks.items()
        }
        self.record = record
        self.begun: list[State] = []
        self.arrived: list[float] = []
        self.tally = Tally(range(0), ending)

    def run(self, jobs: range) -> Runs:
        """These jobs, until nothing more can happen; jobs that share something begin with the first."""
        return joined(self.blocks(jobs))

    def blocks(self, jobs: range, size: int = BLOCK) -> Iterator[Runs]:
        """The same in blocks of consecutive jobs, each as soon as all of its jobs have ended."""
        self.tally = Tally(jobs, self.ending, size)
        self.meter = Meter(self.starts, self.pools, UNLIMITED)
        if self.together:
            if self.pacing is not None:
                self.pacing.reset()
            self.arriving.expect(jobs)
            while self.heap:
                self._run_on()
                if self.heap:
                    yield from self.tally.completed(self._measures)
            if self.pacing is not None:
                self.pacing.close(self.horizon)
            self.tally.close(self.live.values(), self.arriving.next)
        else:
            for number in jobs:
                self.tally.note(self.run_alone(number))
                if self.tally.ready and number != jobs[-1]:
                    yield from self.tally.completed(self._measures)
        yield from self.tally.completed(self._measures)

    def _measures(self) -> dict[str, Any]:
        measured = self.meter.look() | {"events": self.handled, "horizon": self.horizon if self.together else 0.0}
        measured |= {"begun": tuple(self.begun), "arrived": tuple(self.arrived)}
        measured["happenings"] = tuple(self.acting.happenings or ())
        self.handled, self.begun, self.arrived = 0, [], []
        if self.record:
            self.acting.happenings = []
        return measured

    def run_alone(self, number: int) -> Job:
        """One job in an empty system, until nothing more can happen."""
        for pool in self.pools.values():
            pool.reset()
        self.acting.channels.reset()
        if self.pacing is not None:
            self.pacing.reset(number)
        job = self._come(number, 0.0)
        self._run_on()
        if self.pacing is not None:
            self.pacing.close(0.0)
        self.live.clear()
        return job

    def _at(self, time: float, kind: int, happen: Callable[[Any, float], None], what: Any) -> None:
        heappush(self.heap, (time, kind, next(self.turn), happen, what))

    def _goes_on(self) -> bool:
        """Whether anything but crashes and repairs is announced."""
        return self.pacing is None or len(self.heap) > self.pacing.announced

    def _run_on(self) -> None:
        """Lets events happen until there are none, or a block of jobs is complete."""
        heap, acting, tally = self.heap, self.acting, self.tally
        while heap:
            now, kind, _, happen, what = heappop(heap)
            self.handled += 1
            happen(what, now)
            if acting.changed or acting.woken:
                self._tell_others(now)
            if kind != FAULT:
                self.horizon = now
            if tally.ready and self.together:
                break

    def _tell_others(self, now: float) -> None:
        """Lets jobs see what others have changed: shared variables, room in a queue, their turn in it."""
        acting = self.acting
        while acting.changed or acting.woken:
            if acting.changed:
                acting.changed = False
                for other in list(self.live.values()):
                    self._advance(other, now)
            else:
                self._advance(acting.woken.pop(0), now)

    # Jobs come and go.

    def _come(self, number: int, now: float) -> Job:
        """A job comes; it begins when its coordinators have done what they do for each flow."""
        place = self.acting.begin(number)
        job = self.live[number] = Job(number, place, now)
        if self.record:
            self.begun.append(place.state)
            self.arrived.append(now)
        job.unpaid = len(self.plan.openings)
        for desk, draws in self.plan.openings:
            self.desks.go(desk, Request(job, None, draws(job.number)), now)
        if not job.unpaid:
            self._advance(job, now)
        return job

    def _leave(self, job: Job, now: float) -> None:
        """A job with nothing more to do, or with which nothing can happen any more."""
        if job.place.stuck:
            self.acting.woken += self.acting.channels.forget(job)
        elif self.together:
            del self.live[job.number]
            self.tally.note(job)
            self.arriving.ended(job.number, now)

    def _advance(self, job: Job, now: float) -> None:
        """All that happens at once, and the requests for what can start."""
        acting = self.acting
        if acting.sharing:
            acting.see_shared(job)
        if job.unpaid:
            return
        at_once = 0
        while True:
            place = job.place
            if place.immediate and (move := acting.at_once(job, place)) is not None:
                at_once += 1
                if at_once > MOST_AT_ONCE:
                    raise endless(place.immediate[0].action.name, "does not stop, in no time at all")
                acting.fire(job, move, now)
            elif not self._ask_for_starts(job, place, now) and not (job.blocked and self._unblock(job, now)):
                break
        if place.finished and job.ended is None:
            job.ended = now
        over = job.ended is not None and not place.running and not place.starts
        if (over or place.stuck) and job.number in self.live:
            self._leave(job, now)

    # A task's way: asked for, called at a desk, waiting for workers, started, finished.

    def _ask_for_starts(self, job: Job, place: Place, now: float) -> bool:
        """Asks for what can start and was not asked for; whether one has started (so that the place is another)."""
        for ask, moves in place.starts.items():
            if ask in job.asked:
                continue
            key, queue, event, _ = ask
            asked = now
            if queue:
                message = self.acting.channels.next(job, queue, event)
                if message is None or message.there > now or message.passed_over:
                    continue  # An event comes when the message is there, and somebody calls when it is its turn.
                asked = message.there
            use = self.uses[key]
            task, pause, overhead = use.task, 0.0, 0.0
            if task.overhead is not None or job.again:
                visit, attempt = job.turn(moves[0].flight)
                pause = task.pause(attempt)
                overhead = 0.0 if task.overhead is None else task.overhead(job.number, visit, attempt)
            job.asked.add(ask)
            if task.desk and overhead > 0:
                request = Request(job, ask, overhead)
                if pause > 0:
                    self._at(now + pause, REQUEST, self._call, request)
                else:
                    self._call(request, now)
            elif pause + overhead > 0:
                self._at(now + (pause + overhead), REQUEST, self._called, Request(job, ask))
            elif self._request(job, ask, asked, now):
                return True
        return False

    def _call(self, request: Request, now: float) -> None:
        assert request.ask is not None
        self.desks.go(self.plan.tasks[request.ask[0]].desk, request, now)

    def _called(self, request: Request, now: float) -> None:
        """A coordinator has done what it does for a flow, or for a call."""
        if request.ask is None:
            request.job.unpaid -= 1
        else:
            self._request(request.job, request.ask, now, now)
        self._advance(request.job, now)

    def _announce(self, time: float, job: Job) -> None:
        """A message will be there for a job."""
        self._at(time, REQUEST, self._advance, job)

    def _request(self, job: Job, ask: Ask, asked: float, now: float) -> bool:
        """Starts what was asked for, if it can still start, or lets it wait for the first pool that is full."""
        if self.acting.sharing:
            self.acting.see_shared(job)
        moves = job.place.starts.get(ask)
        if moves is not None and moves[0].flight not in job.holds:
            use = self.uses[ask[0]]
            pool = first_to_wait_for(use.pools)
            if pool is not None:
                pool.wait(use.task.priority, asked, next(self.turn), asked, Request(job, ask))
                return False
        return self._start_if_possible(job, ask, now)

    def _start_if_possible(self, job: Job, ask: Ask, now: float) -> bool:
        """Starts what was asked for; the request is void where it cannot start, or the message is not the next one."""
        if self.acting.sharing:
            self.acting.see_shared(job)
        moves = job.place.starts.get(ask)
        job.asked.discard(ask)
        if moves is None or (ask[1] and not self.acting.channels.can_take(job, ask[1], ask[2], now)):
            return False
        self._start(job, ask, moves, now)
        return True

    def _start(self, job: Job, ask: Ask, moves: tuple[Move, ...], now: float) -> None:
        key, queue, _, _ = ask
        move = moves[0] if len(moves) == 1 else self.acting.pick(job, moves)
        if queue:
            move = self.acting.take(job, move, job.place.again.get(ask, ()), now)
        flight = move.flight
        if key[0] == "act":
            job.failed = True  # No handler wanted the message.
            self.acting.fire(job, move, now)
            return
        use = self.uses[key]
        pools, paced = use.pools, use.paced
        if flight in job.holds:
            job.holds.discard(flight)
        else:
            for pool in pools:
                pool.free -= 1
        if key[0] == "flow":
            job.engines[key] = pools[0]
            self.acting.fire(job, move, now)
            return
        visit, attempt = job.turns[flight] = job.turn(flight)
        job.visits[key] = visit
        job.again.discard(flight)
        self.starts[key] += 1
        job.calls += 1
        if job.calls > MOST_STARTS:
            raise endless(key[1], f"is started again and again, {MOST_STARTS} times in one job")
        self.acting.fire(job, move, now)
        task = use.task
        outcome, delay, limit = drawn(task, job.number, visit, attempt)
        if not paced and delay > limit:
            outcome, delay = timed_out(task, job.number, visit, attempt), limit
        work = Work(job, flight, outcome, delay, now + delay, use)
        for pool in pools:
            if pool.name != paced:
                pool.busy += delay
        if paced:
            assert self.pacing is not None
            if limit < math.inf:
                work.limit, work.late = now + limit, timed_out(task, job.number, visit, attempt)
            self.pacing.begin(paced, work, now)
        else:
            self._at(work.end, FINISH, self._finish, work)

    def _finish(self, work: Work, now: float) -> None:
        job = work.job
        if self.acting.sharing:
            self.acting.see_shared(job)
        move = self._way_to_end(work)
        if move is None:
            job.blocked.append(work)
            return
        self._end(work, move, now)
        self._advance(job, now)
        self._serve(work.use.pools, now)

    def _way_to_end(self, work: Work) -> Move | None:
        """How a task ends; None: it has to wait for room in a queue."""
        moves = self.acting.with_luck(work.job, work.job.place.finishes.get((work.flight, work.outcome), ()))
        if not moves:
            return None
        move = moves[0] if len(moves) == 1 else self.acting.pick(work.job, moves)
        return self.acting.with_room(work.job, move) if self.acting.channels.bounded else move

    def _end(self, work: Work, move: Move, now: float) -> None:
        """The end of a task: its workers are free, unless it keeps them to try again."""
        job, flight = work.job, work.flight
        then = move.action.label.then
        if then in ("again", "again at once"):
            job.again.add(flight)
        elif work.outcome != "ok":
            job.failed = True
            job.dead_letters += move.dead
        if then == "again at once":
            job.holds.add(flight)
        else:
            for pool in work.use.pools:
                pool.free += 1
        if flight[0][0] == "undo" and work.outcome == "ok":
            job.undos += 1
        self.acting.fire(job, move, now)

    def _unblock(self, job: Job, now: float) -> bool:
        """Ends what was blocked and no longer is; whether there was such a thing."""
        for index, work in enumerate(job.blocked):
            move = self._way_to_end(work)
            if move is not None:
                del job.blocked[index]
                self._end(work, move, now)
                self._serve(work.use.pools, now)
                return True
        return False

    def _serve(self, pools: tuple[Pool[Request], ...], now: float) -> None:
        """Gives free workers to those who wait: each starts, or waits elsewhere with its old claim, or is void."""
        for pool in pools:
            while pool.free > 0 and pool.waiting:
                asked, turn, request = pool.next(now)
                job, ask = request.job, request.ask
                assert ask is not None
                use = self.uses[ask[0]]
                full = next((other for other in use.pools if other.free <= 0), None)
                if full is not None:
                    full.wait(use.task.priority, asked, turn, now, request)
                    continue
                self._start_if_possible(job, ask, now)
                self._advance(job, now)
                if self.acting.woken:
                    self._tell_others(now)

    def _leave_engine(self, pool: Pool[Request], now: float) -> None:
        """A flow that has ended makes room for another."""
        pool.free += 1
        self._at(now, FINISH, self._serve_one, pool)

    def _serve_one(self, pool: Pool[Request], now: float) -> None:
        self._serve((pool,), now)
