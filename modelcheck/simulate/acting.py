"""What an action does when it happens: to its job, to what jobs share, to queues; and which of several it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, TypeAlias

from ..errors import ModelError, Problem
from ..expressions import Value
from ..system import State, TransitionSystem
from .channels import Channels
from .draws import Draws
from .jobs import Happening, Job
from .plan import Plan
from .pools import Pool
from .walk import Move, Place, Walk
from .work import Request

MOST_INITIAL = 10_000
At: TypeAlias = Callable[[float, int, Callable[[Any, float], None], Any], None]


class Acting:
    """Lets actions happen. changed: a shared variable has another value; woken: jobs that have something to do now
    because of what others did.

    arrive: announces when a message will be there; leave: a flow no longer needs its engine.
    """

    def __init__(
        self,
        system: TransitionSystem,
        plan: Plan,
        shared: Sequence[str],
        record: bool,
        arrive: Callable[[float, Job], None],
        leave: Callable[[Pool[Request], float], None],
    ):
        together = plan.together
        positions = tuple(system.positions[name] for name in shared) if together else ()
        queues = dict.fromkeys(each.name for receivers in plan.receivers.values() for each in receivers)
        self.walk = Walk(system, positions, queues)
        self.sharing = bool(positions)
        self.channels = Channels(plan, self.walk.queues, together)
        self.lossy = any(action.label.loses for action in system.actions)
        self.arrive, self.leave = arrive, leave
        self.shared: tuple[Value, ...] | None = None
        self.changed = False
        self.woken: list[Job] = []
        self.happenings: list[Happening] | None = [] if record else None
        self.choice = Draws(plan.seed, "", "choice")
        self.first = Draws(plan.seed, "", "initial")
        self.initial = list(islice(_initial_states(system), MOST_INITIAL + 1))
        if not self.initial or len(self.initial) > MOST_INITIAL:
            what = "no initial state" if not self.initial else f"more than {MOST_INITIAL} initial states"
            hint = "give its variables initial values that satisfy what it requires"
            raise ModelError([Problem("E409", f"'{system.name}' has {what}: it cannot be simulated", None, hint)])

    def begin(self, number: int) -> Place:
        """Where a job begins; shared variables are as the jobs before it have left them."""
        state = self.initial[0]
        if len(self.initial) > 1:
            state = self.initial[int(self.first(number) * len(self.initial))]
        place = self.walk.place(state)
        if self.walk.shared:
            if self.shared is None:
                self.shared = self.walk.shared_values(state)
            place = self.walk.with_shared(place, self.shared)
        return place

    def see_shared(self, job: Job) -> None:
        """Lets a job see what others have written to shared variables."""
        if self.shared is not None and self.walk.shared_values(job.place.state) != self.shared:
            job.place = self.walk.with_shared(job.place, self.shared)

    def fire(self, job: Job, move: Move, now: float) -> None:
        """Lets an action happen."""
        before = job.place.state
        job.place = self.walk.follow(move) if move.place is None else move.place
        if move.action.label.publishes:
            self._publish(job, before, move, now)
        if self.sharing and self.walk.writes_shared[move.number]:
            self.shared = self.walk.shared_values(job.place.state)
            self.changed = self.walk.reads_shared
        if self.happenings is not None:
            self.happenings.append(Happening(now, job.number, move.number, job.place.state))
        if job.engines:
            for key, pool in list(job.engines.items()):
                if self.walk.has_ended(key[1], job.place.state):
                    del job.engines[key]
                    self.leave(pool, now)

    def _publish(self, job: Job, before: State, move: Move, now: float) -> None:
        times, evicted, woken = self.channels.send(job, before, move, now)
        self.woken += woken
        for time in times:
            self.arrive(time, job)
        for message in evicted:
            owner = message.job
            owner.lost += 1
            if owner is not job:
                owner.place = self.walk.without_message(owner.place, message.queue, message.event)
                self.woken.append(owner)

    def at_once(self, job: Job, place: Place) -> Move | None:
        """An action that takes no time; None: there is none, or it has to wait for room in a queue."""
        found = self.with_luck(job, place.immediate)
        if self.channels.bounded:
            found = [move for each in found if (move := self.with_room(job, each)) is not None]
        return self.pick(job, found) if found else None

    def with_luck(self, job: Job, moves: Sequence[Move]) -> Sequence[Move]:
        """Of several ways to publish, those that lose the messages that are lost now."""
        return [move for move in moves if self.channels.loses_now(job, move)] if self.lossy else moves

    def with_room(self, job: Job, move: Move) -> Move | None:
        """The move as it is with the messages of other jobs in its queues; None: it has to wait for room."""
        if not self.channels.bounded or not move.action.label.puts:
            return move
        crowds = self.channels.crowds(job, move)
        if not crowds:
            return move
        found = self.walk.crowded(job.place, move, crowds)
        if found is None:
            self.channels.wait_for_room(job, move)
        return found

    def take(self, job: Job, move: Move, again: Sequence[Move], now: float) -> Move:
        """Takes the message of a move out of its queue, unless it stays there to come again: the move that does so."""
        label = move.action.label
        message = self.channels.next(job, label.queue, label.message)
        assert message is not None
        later = self.channels.stays(message) if again else None
        message.taken += 1
        if later is None:
            self.woken += self.channels.take(message)
            return move
        message.there = now + later
        self.arrive(message.there, job)
        return self.pick(job, again)

    def pick(self, job: Job, moves: Sequence[Move]) -> Move:
        """Where the model leaves a choice open, each way is as likely: a free choice, an effect that is not known."""
        if len(moves) == 1:
            return moves[0]
        flight, phase = moves[0].flight, moves[0].action.label.phase
        same = [move for move in moves if move.flight == flight and move.action.label.phase == phase]
        if len(same) == 1:
            return same[0]
        job.choices += 1
        return same[int(self.choice(job.number, job.choices) * len(same))]


def _initial_states(system: TransitionSystem) -> list[State]:
    try:
        return list(islice(system.initial_states(), MOST_INITIAL + 1))
    except ValueError as error:
        raise ModelError([Problem("E409", f"cannot be simulated: {error}")]) from None
