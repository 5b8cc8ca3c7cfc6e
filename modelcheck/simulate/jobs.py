"""A job on its way, and what is kept of all jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..system import State
from .delays import Array
from .plan import Key
from .pools import Pool
from .walk import Ask, Flight, Place

if TYPE_CHECKING:
    from .channels import Message
    from .work import Request, Work

Endings: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True)
class Happening:
    """One action of a run: when, of which job, its number in the system with one instance, and the state after it."""

    time: float
    job: int
    number: int
    state: State


@dataclass(frozen=True)
class Runs:
    """What happened to consecutive jobs, the first of number `first`: how long each took (NaN: it never ended), how it
    ended, and what it caused.

    endings: one number a job, into `labels`; `stuck` where it stopped for ever, `out of range` where a variable left
    its range. starts: how often each task was started; busy, waited: the worker-seconds that each pool was used, and
    that was waited for it; longest: its longest queue; horizon: the end of the last of them.
    begun, arrived, happenings: the state each job began in, when it arrived, and every action, where that was recorded.
    """

    makespans: Array
    endings: Endings
    labels: tuple[str, ...]
    undos: Array
    calls: Array
    publishes: Array
    deliveries: Array
    first: int = 0
    starts: Mapping[Key, int] = field(default_factory=dict)
    busy: Mapping[str, float] = field(default_factory=dict)
    waited: Mapping[str, float] = field(default_factory=dict)
    longest: Mapping[str, int] = field(default_factory=dict)
    horizon: float = 0.0
    lost: Array = field(default_factory=lambda: np.zeros(0))
    dead_letters: Array = field(default_factory=lambda: np.zeros(0))
    down: Mapping[str, float] = field(default_factory=dict)
    events: int = 0
    begun: tuple[State, ...] = ()
    arrived: tuple[float, ...] = ()
    happenings: tuple[Happening, ...] = ()

    def __post_init__(self) -> None:
        for name in ("lost", "dead_letters"):
            if len(getattr(self, name)) != len(self):
                object.__setattr__(self, name, np.zeros(len(self)))

    def __len__(self) -> int:
        return len(self.makespans)

    def outcomes(self) -> Counter[str]:
        """How many jobs ended how."""
        if len(self.labels) == 1:
            return Counter({self.labels[0]: len(self)} if len(self) else {})
        counts = [int(np.count_nonzero(self.endings == code)) for code in range(len(self.labels))]
        return Counter({label: count for label, count in zip(self.labels, counts, strict=True) if count})


def joined(blocks: Iterable[Runs]) -> Runs:
    """The runs of blocks of jobs that follow each other."""
    parts = list(blocks)
    if len(parts) == 1:
        return parts[0]
    labels = tuple(dict.fromkeys(label for part in parts for label in part.labels))
    codes = [np.array([labels.index(label) for label in part.labels], dtype=np.uint8) for part in parts]

    endings = np.concatenate([code[part.endings] for code, part in zip(codes, parts, strict=True)])

    def column(name: str) -> Array:
        return np.concatenate([getattr(part, name) for part in parts])

    def total(name: str) -> dict[Any, Any]:
        found: Counter[Any] = Counter()
        for part in parts:
            found.update(getattr(part, name))
        return dict(found)

    return Runs(
        column("makespans"), endings, labels,
        column("undos"), column("calls"), column("publishes"), column("deliveries"), parts[0].first,
        total("starts"), total("busy"), total("waited"),
        {pool: max(part.longest.get(pool, 0) for part in parts) for pool in parts[0].longest},
        max(part.horizon for part in parts), column("lost"), column("dead_letters"), total("down"),
        sum(part.events for part in parts),
        tuple(state for part in parts for state in part.begun),
        tuple(time for part in parts for time in part.arrived),
        tuple(each for part in parts for each in part.happenings),
    )  # fmt: skip


@dataclass(slots=True, eq=False)
class Job:
    """One job: where it is, what it has asked for, how often it has visited and attempted each task.

    again: what ended to be tried again; holds: of these, what has kept its workers; blocked: what has ended, but must
    wait for room in a queue; engines: those that its flows run on, by the flow; inbox: its messages in each queue;
    published: how often each event was; unpaid: what its coordinators have still to do before it begins.
    """

    number: int
    place: Place
    arrived: float
    ended: float | None = None
    asked: set[Ask] = field(default_factory=set)
    visits: dict[Key, int] = field(default_factory=dict)
    turns: dict[Flight, tuple[int, int]] = field(default_factory=dict)
    again: set[Flight] = field(default_factory=set)
    holds: set[Flight] = field(default_factory=set)
    blocked: list[Work] = field(default_factory=list)
    engines: dict[Key, Pool[Request]] = field(default_factory=dict)
    inbox: dict[str, list[Message]] = field(default_factory=dict)
    published: dict[str, int] = field(default_factory=dict)
    failed: bool = False
    unpaid: int = 0
    user: int = -1
    choices: int = 0
    undos: int = 0
    calls: int = 0
    publishes: int = 0
    deliveries: int = 0
    lost: int = 0
    dead_letters: int = 0

    def turn(self, flight: Flight) -> tuple[int, int]:
        """Visit and attempt of what would start now."""
        if flight in self.again:
            visit, attempt = self.turns[flight]
            return visit, attempt + 1
        return self.visits.get(flight[0], 0) + 1, 1
