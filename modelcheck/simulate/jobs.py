"""A job on its way, and what is kept of all jobs."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..system import State
from .delays import Array
from .inbox import Inbox
from .plan import Key
from .walk import Ask, Flight, Place


@dataclass(frozen=True)
class Happening:
    """One action of a run: when, of which job, its number in the system with one instance, and the state after it."""

    time: float
    job: int
    number: int
    state: State


@dataclass(frozen=True)
class Runs:
    """What happened to each job: how long it took (NaN: it never ended), how it ended, and what it caused.

    endings: one a job, `stuck` where it stopped for ever, `out of range` where a variable left its range.
    starts: how often each task was started; busy: the worker-seconds of each pool; horizon: when the last job ended.
    begun, happenings: the state each job began in and every action, where that was recorded.
    """

    makespans: Array
    endings: tuple[str, ...] | list[str]
    undos: Array
    calls: Array
    publishes: Array
    deliveries: Array
    starts: dict[Key, int] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)
    horizon: float = 0.0
    begun: tuple[State, ...] = ()
    happenings: tuple[Happening, ...] = ()


@dataclass(slots=True, eq=False)
class Job:
    """One job: where it is, what it has asked for, how often it has visited and attempted each task.

    again: what ended to be tried again; holds: of these, what has kept its workers; blocked: what has ended, but must
    wait for room in a queue.
    """

    number: int
    place: Place
    arrived: float
    inbox: Inbox
    ended: float | None = None
    asked: set[Ask] = field(default_factory=set)
    visits: dict[Key, int] = field(default_factory=dict)
    turns: dict[Flight, tuple[int, int]] = field(default_factory=dict)
    again: set[Flight] = field(default_factory=set)
    holds: set[Flight] = field(default_factory=set)
    blocked: list[tuple[Flight, str]] = field(default_factory=list)
    failed: bool = False
    choices: int = 0
    undos: int = 0
    calls: int = 0
    publishes: int = 0

    def turn(self, flight: Flight) -> tuple[int, int]:
        """Visit and attempt of what would start now."""
        if flight in self.again:
            visit, attempt = self.turns[flight]
            return visit, attempt + 1
        return self.visits.get(flight[0], 0) + 1, 1
