"""What a job does between two delays: the event loop's rules for one job alone, with all the ways that chance can go.

The same rules as in `events`, on a state that can be compared: where two histories lead to the same state, what
follows has the same law. Nothing here knows how long a delay takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...model import Delay
from ...system import State
from ..plan import Key
from ..walk import Ask, Flight, Move, Place
from .laws import Constant, Stages, constant, ways_of
from .losing import losing
from .reason import NotExact
from .state import Called, Clock, Coming, Dice, Finish, Left, Message, Opening, Standing, World, most_attempts

MOST_AT_ONCE = 10_000


class Journey:
    """A job on its way from one standing to the next."""

    def __init__(self, world: World, dice: Dice, place: Place):
        self.world, self.dice, self.place = world, dice, place
        self.ended = self.failed = self.dead = self.lost = False
        self.unpaid = 0
        self.asked: set[Ask] = set()
        self.again: set[Flight] = set()
        self.holds: set[Flight] = set()
        self.engines: set[Key] = set()
        self.attempts: dict[Flight, int] = {}
        self.blocked: list[tuple[Flight, str]] = []
        self.free = dict(world.plan.pools)
        self.waiting: dict[str, list[tuple[int, int, Ask]]] = {name: [] for name in world.pools}
        self.queues: dict[str, list[Message]] = {}
        self.clocks: list[Clock] = []
        self.now = 0
        self.counted: Counter[str | Key] = Counter()

    @classmethod
    def resume(cls, world: World, standing: Standing, dice: Dice, clocks: tuple[Clock, ...], later: bool) -> Journey:
        """A job that goes on from a standing, with these clocks; `later`: some time has passed."""
        job = cls(world, dice, world.places[standing.place])
        job.ended, job.failed, job.dead, job.lost = standing.ended, standing.failed, standing.dead, standing.lost
        job.now, job.unpaid = standing.now + later, standing.unpaid
        job.asked, job.again, job.holds = set(standing.asked), set(standing.again), set(standing.holds)
        job.engines = set(standing.engines)
        job.attempts, job.blocked = dict(standing.attempts), list(standing.blocked)
        job.free = dict(zip(world.pools, standing.free, strict=True))
        job.waiting = {name: list(line) for name, line in zip(world.pools, standing.waiting, strict=True)}
        job.queues = {name: list(messages) for name, messages in standing.queues}
        job.clocks = list(clocks)
        for index, clock in enumerate(clocks):
            if isinstance(clock.what, Coming) and not clock.stages:
                job._come(clock.what.messages)
                left = tuple(each for each in clock.what.messages if each[1])
                job.clocks[index] = Clock(Coming(left), ())
        return job

    def fire(self, clock: Clock) -> None:
        """What happens when a delay is over."""
        if isinstance(clock.what, Coming) and not clock.stages:
            self._come(clock.what.messages)
        match clock.what:
            case Finish(flight, outcomes):
                outcome = outcomes[self.dice.choose([share for _, share in outcomes])][0]
                self._finish(flight, outcome)
                return
            case Called(ask):
                self._request(ask, self.now)
            case Coming(messages):
                self._deliver(messages)
            case Opening():
                self.unpaid -= 1
            case Left(pool):
                self._serve((pool,))
                return
        self.advance()

    def begin(self) -> None:
        """The job comes; it begins when its coordinators have done what they do for each flow."""
        for _, draws in self.world.plan.openings:
            self.clocks.append(Clock(Opening(), self._one_way(draws.delay)))
        self.unpaid = len(self.clocks)
        self.advance()

    def advance(self) -> None:
        """All that happens at once, and the requests for what can start."""
        at_once = 0
        while not self.unpaid:
            place = self.place
            if place.immediate:
                at_once += 1
                if at_once > MOST_AT_ONCE:
                    raise NotExact(f"'{place.immediate[0].action.name}' does not stop, in no time at all")
                self._go(self._pick(place.immediate))
            elif not self._ask_for_starts(place) and not (self.blocked and self._unblock()):
                break
        self.ended = self.ended or self.place.finished

    def _ask_for_starts(self, place: Place) -> bool:
        for ask, moves in place.starts.items():
            if ask in self.asked:
                continue
            key, queue, message, _ = ask
            asked = self.now
            if queue:
                there = self._next(queue, message)
                if there is None:
                    continue
                asked = there[0]
            self.asked.add(ask)
            pause = self._pause(key, moves[0].flight)
            if pause:
                self.clocks.append(Clock(Called(ask), pause))
            elif self._request(ask, asked):
                return True
        return False

    def _pause(self, key: Key, flight: Flight) -> Stages:
        task = self.world.plan.tasks[key]
        attempt = self.attempts.get(flight, 1) + 1 if flight in self.again else 1
        ways = self.world.calls[key]
        way = ways[self.dice.choose([each.share for each in ways])]
        return (*constant(task.pause(attempt)), *way.stages)

    def _request(self, ask: Ask, asked: int) -> bool:
        moves = self._still_possible(ask)
        if moves is None:
            return False
        if moves[0].flight not in self.holds:
            for pool in self.world.plan.tasks[ask[0]].pools:
                if not self.free[pool] or self.waiting[pool]:
                    turn = 1 + max((turn for line in self.waiting.values() for _, turn, _ in line), default=0)
                    self._wait(pool, asked, turn, ask)
                    return False
        self._start(ask, moves)
        return True

    def _still_possible(self, ask: Ask) -> tuple[Move, ...] | None:
        """The ways in which what was asked for can start; the request is void where there is none."""
        moves = self.place.starts.get(ask)
        if moves is not None and ask[1] and self._next(ask[1], ask[2]) is None:
            moves = None
        if moves is None:
            self.asked.discard(ask)
        return moves

    def _wait(self, pool: str, asked: int, turn: int, ask: Ask) -> None:
        self.waiting[pool].append((asked, turn, ask))
        self.waiting[pool].sort(key=lambda each: each[:2])

    def _start(self, ask: Ask, moves: tuple[Move, ...]) -> None:
        self.asked.discard(ask)
        move = self._pick(moves)
        (key, queue, message, _), flight = ask, move.flight
        if queue:
            self._take(queue, message)
        if key[0] == "act":
            self.failed = True
            self.counted[key] += 1
            self._go(move)
            return
        if key[0] == "flow":
            self.free[self.world.plan.tasks[key].pools[0]] -= 1
            self.engines.add(key)
            self._go(move)
            return
        attempt = self.attempts.get(flight, 1) + 1 if flight in self.again else 1
        if attempt >= most_attempts(self.world.plan.tasks[key]):
            raise NotExact(f"the pauses of '{key[1]}' grow as fast as they get rare: their mean may be infinite")
        self.attempts[flight] = min(attempt, self.world.attempts[key])
        self.again.discard(flight)
        ways = self.world.begins[key]
        _, stages, shares = ways[self.dice.choose([share for share, _, _ in ways])]
        if flight not in self.holds:
            for pool in self.world.plan.tasks[key].pools:
                self.free[pool] -= 1
        self.holds.discard(flight)
        self.counted["calls"] += 1
        self.counted[key] += 1
        self._go(move)
        self.clocks.append(Clock(Finish(flight, shares), stages))

    def _finish(self, flight: Flight, outcome: str) -> None:
        moves = self.place.finishes.get((flight, outcome))
        if not moves:
            self.blocked.append((flight, outcome))
            return
        self._end(flight, outcome, moves)
        self.advance()
        self._serve(self.world.plan.tasks[flight[0]].pools)

    def _end(self, flight: Flight, outcome: str, moves: tuple[Move, ...]) -> None:
        move = self._pick(moves)
        then = move.action.label.then
        if then in ("again", "again at once"):
            self.again.add(flight)
        else:
            self.attempts.pop(flight, None)
            if outcome != "ok":
                self.failed, self.dead = True, self.dead or move.dead
                self.counted["dead letters"] += move.dead
        if then == "again at once":
            self.holds.add(flight)
        else:
            for pool in self.world.plan.tasks[flight[0]].pools:
                self.free[pool] += 1
        if flight[0][0] == "undo" and outcome == "ok":
            self.counted["undos"] += 1
        self._go(move)

    def _unblock(self) -> bool:
        for index, (flight, outcome) in enumerate(self.blocked):
            moves = self.place.finishes.get((flight, outcome))
            if moves:
                del self.blocked[index]
                self._end(flight, outcome, moves)
                self._serve(self.world.plan.tasks[flight[0]].pools)
                return True
        return False

    def _serve(self, pools: tuple[str, ...]) -> None:
        for pool in pools:
            while self.free[pool] and self.waiting[pool]:
                asked, turn, ask = self.waiting[pool].pop(0)
                full = next((other for other in self.world.plan.tasks[ask[0]].pools if not self.free[other]), None)
                if full is not None:
                    self._wait(full, asked, turn, ask)
                    continue
                moves = self._still_possible(ask)
                if moves is not None:
                    self._start(ask, moves)
                self.advance()

    def _go(self, move: Move) -> None:
        before = self.place.state
        self.place = self.world.walk.follow(move)
        if move.action.label.publishes:
            self._publish(before, move)
        for key in sorted(self.engines):
            if self.world.walk.has_ended(key[1], self.place.state):
                (pool,) = self.world.plan.tasks[key].pools
                self.engines.discard(key)
                self.free[pool] += 1
                self.clocks.append(Clock(Left(pool), ()))

    def _pick(self, moves: Sequence[Move]) -> Move:
        flight, phase = moves[0].flight, moves[0].action.label.phase
        same = [move for move in moves if move.flight == flight and move.action.label.phase == phase]
        if not self.world.lossy:
            return same[self.dice.choose([1 / len(same)] * len(same))]
        return losing(self.world.plan, self.dice, same)

    def _publish(self, before: State, move: Move) -> None:
        """Puts what an action publishes under way; what has no room in the state after it is lost."""
        states, receivers, label = self.world.walk.queues, self.world.receivers, move.action.label
        fits = {}
        for queue in label.puts:
            put = states.count(move.state, queue) - states.count(before, queue)
            fits[queue] = len(label.publishes) if receivers[queue].overflow == "drop oldest" else put
        for place, event in enumerate(label.publishes):
            self.counted["publishes"] += 1
            self._send(event, fits, {queue for each, queue in label.loses if each == place})
        for queue in label.puts:
            while receivers[queue].overflow == "drop oldest" and len(self.queues.get(queue, ())) > states.count(
                move.state, queue
            ):
                self._lose(self.queues[queue].pop(0))

    def _lose(self, message: Message) -> None:
        """A message that was to make room: it may still be under way."""
        self.lost = True
        self.counted["lost"] += 1
        for index, clock in enumerate(self.clocks):
            if isinstance(clock.what, Coming) and message.there is None:
                left = tuple(each for each in clock.what.messages if each[0] != message.number)
                self.clocks[index] = Clock(Coming(left), clock.stages)
        self.clocks = [clock for clock in self.clocks if not isinstance(clock.what, Coming) or clock.what.messages]

    def _send(self, event: str, fits: dict[str, int], lost: set[str]) -> None:
        plan = self.world.plan
        published = plan.publish.get(event)
        sent: list[tuple[int, Stages]] = []
        for queue in plan.receivers.get(event, ()):
            if fits.get(queue.name, 0) <= 0 or queue.name in lost:
                self.lost = True
                self.counted["lost"] += 1
                continue
            fits[queue.name] -= 1
            number = 1 + max((each.number for line in self.queues.values() for each in line), default=0)
            cost = plan.deliver.get((event, queue.name))
            sent.append((number, self._one_way(cost.delay if cost else None)))
            self.queues.setdefault(queue.name, []).append(Message(event, number, None))
            self.counted["deliveries"] += 1
        first = self._one_way(published.delay if published else None)
        if len(sent) == 1 or all(isinstance(law, Constant) for law in first):
            # One clock from here to each receiver, so that of those that come at one time the first sent is first.
            for number, stages in sent:
                if first or stages:
                    self.clocks.append(Clock(Coming(((number, ()),)), (*first, *stages)))
                else:
                    self._deliver(((number, ()),))
        elif first and sent:
            self.clocks.append(Clock(Coming(tuple(sent)), first))
        else:
            self._deliver(tuple(sent))

    def _one_way(self, delay: Delay | None) -> Stages:
        ways = ways_of(delay)
        return ways[self.dice.choose([each.share for each in ways])].stages

    def _deliver(self, messages: tuple[tuple[int, Stages], ...]) -> None:
        for number, stages in messages:
            if stages:
                self.clocks.append(Clock(Coming(((number, ()),)), stages))
        self._come(messages)

    def _come(self, messages: Sequence[tuple[int, Stages]]) -> None:
        """Those of which nothing is left to wait for are there, also for what else happens at this instant."""
        arrived = {number for number, stages in messages if not stages}
        for line in self.queues.values():
            for index, each in enumerate(line):
                if each.number in arrived and each.there is None:
                    line[index] = Message(each.event, each.number, self.now)

    def _next(self, queue: str, message: str) -> tuple[int, int] | None:
        """Since which instant the next message of this kind is there, and its place in the line.

        In an ordered queue no message is there before the one in front of it.
        """
        found: list[tuple[int, int]] = []
        latest = 0
        for index, each in enumerate(self.queues.get(queue, ())):
            if self.world.receivers[queue].ordered:
                if each.there is None:
                    break
                latest = max(latest, each.there)
            elif each.there is not None:
                latest = each.there
            if each.event == message and each.there is not None:
                found.append((latest, index))
        return min(found, default=None)

    def _take(self, queue: str, message: str) -> None:
        found = self._next(queue, message)
        assert found is not None
        del self.queues[queue][found[1]]

    def standing(self) -> Standing:
        """Where the job stands now."""
        place = self.place
        key = (place.state, place.running)
        self.world.places[key] = place
        rank = self._ranks()
        numbers = {each.number: i for i, each in enumerate(m for _, line in sorted(self.queues.items()) for m in line)}
        turns = sorted({turn for line in self.waiting.values() for _, turn, _ in line})
        return Standing(
            key, self.ended, self.failed, self.dead, self.lost, self.unpaid,
            frozenset(self.asked),
            frozenset(self.again), frozenset(self.holds), frozenset(self.engines),
            frozenset((flight, attempt) for flight, attempt in self.attempts.items() if attempt > 1),
            tuple(self.blocked), tuple(self.free.values()),
            tuple(
                tuple((rank[asked], turns.index(turn), ask) for asked, turn, ask in line)
                for line in self.waiting.values()
            ),
            tuple(
                (name, tuple(Message(m.event, numbers[m.number], rank.get(m.there)) for m in line))
                for name, line in sorted(self.queues.items())
                if line
            ),
            tuple(_renumbered(clock, numbers) for clock in self.clocks),
            rank[self.now],
        )  # fmt: skip

    def _ranks(self) -> dict[int | None, int]:
        """The instants that matter, numbered from 0 in their order; without pools none does."""
        instants = {asked for line in self.waiting.values() for asked, _, _ in line} | {self.now}
        instants |= {m.there for line in self.queues.values() for m in line if m.there is not None}
        if not self.world.pools:
            return dict.fromkeys(instants, 0)
        return {instant: rank for rank, instant in enumerate(sorted(instants))}


def _renumbered(clock: Clock, numbers: dict[int, int]) -> Clock:
    if not isinstance(clock.what, Coming):
        return clock
    return Clock(Coming(tuple((numbers[number], stages) for number, stages in clock.what.messages)), clock.stages)
