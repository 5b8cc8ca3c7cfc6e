"""Where a job stands between two delays, as a value that can be compared, and the ways that chance can go."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from ...expand.timeouts import HIDDEN
from ..plan import Key, Plan, Receiver, Task
from ..walk import Ask, Flight, Place, Walk
from .laws import Stages, Way, constant, ways_of, within
from .reason import NotExact

MOST_CHOICES, MOST_BRANCHES = 24, 4096
NOTHING_LEFT = 1e-17

T = TypeVar("T")
Shares: TypeAlias = tuple[tuple[str, float], ...]
PlaceKey: TypeAlias = tuple[object, tuple[Flight, ...]]


@dataclass(frozen=True, slots=True)
class Finish:
    """A task ends, with one of some outcomes."""

    flight: Flight
    outcomes: Shares


@dataclass(frozen=True, slots=True)
class Called:
    """A call has been made: it wants a worker."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class Coming:
    """Messages, by number, have been published, or have come where nothing is left of their way."""

    messages: tuple[tuple[int, Stages], ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """A coordinator has done what it does before a flow begins."""


@dataclass(frozen=True, slots=True)
class Left:
    """A flow has left its engine, which may begin with another."""

    pool: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A delay that is running. Of two that end at once, the one of a task goes first."""

    what: Finish | Called | Coming | Opening | Left
    stages: Stages


@dataclass(frozen=True, slots=True)
class Message:
    """A message under way, or there since an instant."""

    event: str
    number: int
    there: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the future of a job depends on, when nothing more happens at once.

    now: which of the instants that matter this is; asks that wait for a worker keep the instant in which they came.
    """

    place: PlaceKey
    ended: bool
    failed: bool
    dead: bool
    lost: bool
    unpaid: int
    asked: frozenset[Ask]
    again: frozenset[Flight]
    holds: frozenset[Flight]
    engines: frozenset[Key]
    attempts: frozenset[tuple[Flight, int]]
    blocked: tuple[tuple[Flight, str], ...]
    free: tuple[int, ...]
    waiting: tuple[tuple[tuple[int, int, Ask], ...], ...]
    queues: tuple[tuple[str, tuple[Message, ...]], ...]
    clocks: tuple[Clock, ...]
    now: int

    def later(self) -> int:
        """An instant after all those that matter."""
        asked = [asked for line in self.waiting for asked, _, _ in line]
        there = [each.there for _, line in self.queues for each in line if each.there is not None]
        return 1 + max((*asked, *there), default=-1) if self.free else 0


class Dice:
    """Takes one way at each choice, as a script says, then the first; knows how likely that was."""

    def __init__(self, script: tuple[int, ...]):
        self.script, self.taken, self.sizes = script, list[int](), list[int]()
        self.probability = 1.0

    def choose(self, shares: Sequence[float]) -> int:
        """The number of the way that is taken."""
        if len(shares) == 1:
            return 0
        if len(self.taken) >= MOST_CHOICES:
            raise NotExact("choices are made again and again in no time at all")
        way = self.script[len(self.taken)] if len(self.taken) < len(self.script) else 0
        self.taken.append(way)
        self.sizes.append(len(shares))
        self.probability *= shares[way]
        return way


def all_ways(run: Callable[[Dice], T]) -> Iterator[tuple[float, T]]:
    """Everything that can come of a run, with its probability."""
    scripts: list[tuple[int, ...]] = [()]
    branches = 0
    while scripts:
        dice = Dice(scripts.pop())
        found = run(dice)
        branches += 1
        if branches > MOST_BRANCHES:
            raise NotExact(f"more than {MOST_BRANCHES} ways to go on at one time")
        yield dice.probability, found
        for depth in range(len(dice.script), len(dice.taken)):
            scripts += (((*dice.taken[:depth], way)) for way in range(1, dice.sizes[depth]))


@dataclass(frozen=True)
class World:
    """What is the same for all jobs: the places, the plan, and how each task can go."""

    walk: Walk
    plan: Plan
    pools: tuple[str, ...]
    receivers: Mapping[str, Receiver]
    lossy: bool
    begins: Mapping[Key, tuple[tuple[float, Stages, Shares], ...]]
    calls: Mapping[Key, tuple[Way, ...]]
    attempts: Mapping[Key, int]
    places: dict[PlaceKey, Place] = field(default_factory=dict)


def world_of(walk: Walk, plan: Plan) -> World:
    """The tables of a plan. Nobody waits for workers who share all work."""
    tasks = {
        key: replace(task, pools=tuple(pool for pool in task.pools if pool not in plan.shared))
        for key, task in plan.tasks.items()
    }
    plan = replace(plan, tasks=tasks, pools={name: n for name, n in plan.pools.items() if name not in plan.shared})
    begins = {key: tuple(beginnings(task)) for key, task in plan.tasks.items()}
    calls = {key: ways_of(task.overhead.delay if task.overhead else None) for key, task in plan.tasks.items()}
    attempts = {key: _attempts_that_matter(task) for key, task in plan.tasks.items()}
    lossy = any(action.label.loses for action in walk.system.actions)
    receivers = {each.name: each for row in plan.receivers.values() for each in row}
    return World(walk, plan, tuple(plan.pools), receivers, lossy, begins, calls, attempts)


def beginnings(task: Task) -> Iterator[tuple[float, Stages, Shares]]:
    """How a task can go: probability, delay, and the outcomes after it."""
    shares = tuple((name, high - low) for (name, high), low in zip(
        task.shares, (0.0, *(high for _, high in task.shares)), strict=False))  # fmt: skip
    ways = ways_of(task.delay.delay if task.delay else None)
    if task.timeout is None:
        yield from ((way.share, way.stages, shares) for way in ways)
        return
    lost = sum(share for name, share in shares if name == "timeout")
    others = tuple((name, share / (1 - lost)) for name, share in shares if name != "timeout")
    too_late = lost
    for way in ways:
        in_time, stages = within(way, task.timeout)
        too_late += way.share * (1 - lost) * (1 - in_time)
        if others and in_time > 0:
            yield way.share * (1 - lost) * in_time, stages, others
    if too_late > 0:
        hidden = task.hidden.share if task.hidden is not None else 0.0
        outcomes = (("timeout", 1 - hidden), (HIDDEN, hidden))
        yield too_late, constant(task.timeout), tuple((name, share) for name, share in outcomes if share > 0)


def _attempts_that_matter(task: Task) -> int:
    """Up to which attempt pauses grow; beyond it a job comes with a probability that a number cannot hold."""
    if task.backoff == 0 or task.factor == 1:
        return 1
    ok = sum(
        share * weight
        for share, _, outcomes in beginnings(task)
        for name, weight in outcomes
        if name == "ok"
    )  # fmt: skip
    left, growth = 1 - ok, max(1.0, task.factor)
    count, reached = 1, 1.0
    while reached > NOTHING_LEFT and count < most_attempts(task):
        count, reached = count + 1, reached * left * growth
    return count


def most_attempts(task: Task) -> int:
    """Attempts beyond which pauses are too large for numbers."""
    return int(min(1000.0, 280 / math.log10(task.factor))) if task.factor > 1 else 1000
