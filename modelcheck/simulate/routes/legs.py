"""What each of a block of jobs does, one leg after the other: which task, after what pause, for how long.

Jobs that are in the same place, and have the same visits and attempts behind them, move together on arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...system import State
from .. import events
from ..delays import Array
from ..draws import Draws
from ..plan import Key, Task
from ..setting import Setting
from ..walk import Flight, Move, Place
from .map import Map, same_choice

Numbers: TypeAlias = NDArray[np.int64]


class Memory(NamedTuple):
    """What a job remembers: how often it has visited what may come again, what it tries again, how often it chose."""

    visits: tuple[tuple[Key, int], ...] = ()
    again: tuple[tuple[Flight, int, int], ...] = ()
    choices: int = 0
    failed: bool = False


@dataclass(frozen=True)
class Leg:
    """One task of some jobs (given by their number in the block), the n-th that each of them does (from 0)."""

    jobs: Numbers
    turn: int
    place: int
    task: Task
    pause: Array | None
    delay: Array


@dataclass
class Legs:
    """The legs of a block of jobs: those of one job in the order in which it does them."""

    jobs: range
    legs: list[Leg] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=lambda: {"stuck": 0})
    starts: Counter[Key] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        count = len(self.jobs)
        self.undos, self.calls = np.zeros(count), np.zeros(count, dtype=np.int64)
        self.endings = np.zeros(count, dtype=np.uint8)
        self.ends = np.ones(count, dtype=bool)


class Travellers:
    """Finds the legs of jobs on a map."""

    def __init__(self, setting: Setting, found: Map, initial: Sequence[State], ending: Callable[[State, bool], str]):
        self.plan, self.map, self.ending = setting.plan, found, ending
        self.initial = [found.walk.place(state) for state in initial]
        self.first = Draws(self.plan.seed, "", "initial")
        self.choice = Draws(self.plan.seed, "", "choice")

    def legs_of(self, jobs: range) -> Legs:
        """Raises `ModelError` where a job goes on for ever."""
        legs = Legs(jobs)
        here = self._begin(jobs)
        turn = 0
        while here:
            arrived: dict[tuple[int, Memory], tuple[Place, list[Numbers]]] = {}
            for memory, (place, parts) in ((key[1], each) for key, each in here.items()):
                who = parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts))
                for settled, remembered, some in self._at_once(place, memory, who):
                    if not settled.starts:
                        self._end(legs, settled, remembered, some)
                        continue
                    for other, later, those in self._work(legs, settled, remembered, some, turn):
                        pruned = self._prune(other, later)
                        arrived.setdefault((id(other), pruned), (other, []))[1].append(those)
            here = arrived
            turn += 1
        return legs

    def _begin(self, jobs: range) -> dict[tuple[int, Memory], tuple[Place, list[Numbers]]]:
        numbers = np.arange(jobs.start, jobs.stop)
        if len(self.initial) == 1:
            return {(0, Memory()): (self.initial[0], [numbers])}
        drawn = (self.first.of_jobs(jobs) * len(self.initial)).astype(np.int64)
        parts = ((place, numbers[drawn == index]) for index, place in enumerate(self.initial))
        return {(id(place), Memory()): (place, [part]) for place, part in parts if len(part)}

    def _prune(self, place: Place, memory: Memory) -> Memory:
        """Visits of what cannot come again are forgotten, so that jobs that come by different ways move on together."""
        later = self.map.later[id(place)]
        if all(key in later for key, _ in memory.visits):
            return memory
        return memory._replace(visits=tuple(each for each in memory.visits if each[0] in later))

    def _choose(self, moves: Sequence[Move], memory: Memory, who: Numbers) -> Iterator[tuple[Move, Memory, Numbers]]:
        same = same_choice(moves)
        if len(same) == 1:
            yield same[0], memory, who
            return
        memory = memory._replace(choices=memory.choices + 1)
        drawn = (self.choice.of_jobs(who, memory.choices) * len(same)).astype(np.int64)
        for index, move in enumerate(same):
            some = who[drawn == index]
            if len(some):
                yield move, memory, some

    def _at_once(self, place: Place, memory: Memory, who: Numbers) -> Iterator[tuple[Place, Memory, Numbers]]:
        """Follows what happens at once, to where a job asks for something or nothing more happens."""
        todo = [(place, memory, who, 0)]
        while todo:
            place, memory, who, done = todo.pop()
            if not place.immediate:
                yield place, memory, who
                continue
            if done >= events.MOST_AT_ONCE:
                raise events.endless(place.immediate[0].action.name, "does not stop, in no time at all")
            for move, later, some in self._choose(place.immediate, memory, who):
                todo.append((self.map.walk.follow(move), later, some, done + 1))

    def _work(
        self, legs: Legs, place: Place, memory: Memory, who: Numbers, turn: int
    ) -> Iterator[tuple[Place, Memory, Numbers]]:
        """Does the task that is asked for in a place; where that leads to."""
        ((ask, moves),) = place.starts.items()
        task = self.plan.tasks[ask[0]]
        visit, attempt, memory = _turn(memory, task.key, moves[0].flight)
        if turn >= events.MOST_STARTS:
            raise events.endless(task.key[1], f"is started again and again, {events.MOST_STARTS} times in one job")
        delay, ended = drawn(task, who, visit, attempt)
        index = who - legs.jobs.start
        legs.legs.append(Leg(index, turn, id(place), task, pauses(task, who, visit, attempt), delay))
        legs.starts[task.key] += len(who)
        legs.calls[index] += 1
        for start, chosen, some in self._choose(moves, memory, who):
            working = self.map.walk.follow(start)
            outcomes = ended if isinstance(ended, str) or len(some) == len(who) else ended[np.isin(who, some)]
            for outcome, part in _apart(task, outcomes, some):
                if task.key[0] == "undo" and outcome == "ok":
                    legs.undos[part - legs.jobs.start] += 1
                for end, later, those in self._choose(working.finishes[start.flight, outcome], chosen, part):
                    if end.action.label.then == "again":
                        later = later._replace(again=(*later.again, (start.flight, visit, attempt)))
                    elif outcome != "ok":
                        later = later._replace(failed=True)
                    yield self.map.walk.follow(end), later, those

    def _end(self, legs: Legs, place: Place, memory: Memory, who: Numbers) -> None:
        index = who - legs.jobs.start
        label = (
            self.ending(place.state, memory.failed) if place.finished else "out of range" if place.stuck else "stuck"
        )
        legs.endings[index] = legs.labels.setdefault(label, len(legs.labels))
        if not place.finished:
            legs.ends[index] = False


def _turn(memory: Memory, key: Key, flight: Flight) -> tuple[int, int, Memory]:
    """Visit and attempt of what starts now, and what is remembered then."""
    for tried, visit, attempt in memory.again:
        if tried == flight:
            rest = tuple(each for each in memory.again if each[0] != flight)
            return visit, attempt + 1, memory._replace(again=rest)
    visits = dict(memory.visits)
    visits[key] = visits.get(key, 0) + 1
    return visits[key], 1, memory._replace(visits=tuple(sorted(visits.items())))


def pauses(task: Task, who: Numbers | range, visit: int, attempt: int) -> Array | None:
    """How long each waits before it asks; nothing where none waits."""
    pause = task.pause(attempt)
    if task.overhead is None:
        return np.full(len(who), pause) if pause > 0 else None
    return pause + task.overhead.of_jobs(who, visit, attempt)


def drawn(task: Task, who: Numbers | range, visit: int, attempt: int) -> tuple[Array, NDArray[np.int64] | str]:
    """How long an attempt takes, and what it ends as: by the number in `_endings`, or one outcome for all."""
    delay = np.zeros(len(who)) if task.delay is None else task.delay.of_jobs(who, visit, attempt)
    names = _endings(task)
    if len(names) == 1:
        return delay, names[0]
    if len(task.shares) > 1:
        luck = task.outcome.of_jobs(who, visit, attempt)
        bounds = np.array([share for _, share in task.shares])
        ended = np.searchsorted(bounds, luck, side="right") if len(bounds) > 2 else (luck >= bounds[0]).astype(np.int64)
    else:
        ended = np.zeros(len(who), dtype=np.int64)
    if task.timeout is not None:
        late = names.index("timeout")
        over = (delay > task.timeout) | (ended == late)
        ended = np.where(over, late, ended)
        delay = np.where(over, task.timeout, delay)
    return delay, ended


def _endings(task: Task) -> list[str]:
    names = [name for name, _ in task.shares]
    return names if task.timeout is None or "timeout" in names else [*names, "timeout"]


def _apart(task: Task, ended: NDArray[np.int64] | str, who: Numbers) -> Iterator[tuple[str, Numbers]]:
    """The jobs by outcome."""
    if isinstance(ended, str):
        yield ended, who
        return
    for number, name in enumerate(_endings(task)):
        some = who[ended == number]
        if len(some):
            yield name, some
