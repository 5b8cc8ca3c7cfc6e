"""What a user writes about time, as frozen dataclasses: how long something takes, and how jobs arrive. In seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Delay:
    """How long something takes, in seconds: a distribution by name with its parameters; see `distributions`.

    `shifted` is another delay (the only one of `parts`) after a fixed time `by`; `mixture` is one of its `parts`, each
    with the probability that `weights` gives it.
    """

    distribution: str
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    parts: tuple[Delay, ...] = ()
    weights: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bursts:
    """`size` jobs at the same instant, `every` so often; geometric: `size` is the mean of a geometric number from 1."""

    size: float
    every: Delay
    geometric: bool = False


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A file of points in time: numbers of a `unit`, or dates (ISO 8601); in its first column or that of a name.

    where: `column=value`, only lines that have it.
    """

    file: str
    column: str = ""
    where: str = ""
    unit: str = "s"


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """How jobs arrive in a simulation (None: one at a time, each into an empty system), in one of four ways.

    interval: the time between two of them. bursts: several at once. recorded: as in a file, again from its beginning
    when that is used up. users: so many, each of whom waits for the end of a job, and thinks before the next one.
    """

    interval: Delay | None = None
    bursts: Bursts | None = None
    recorded: Recording | None = None
    users: int | None = None
    think: Delay | None = None


@dataclass(frozen=True, kw_only=True)
class Crashes:
    """How somebody breaks down: how long it works until the next crash, and how long a repair takes.

    Meanwhile nothing is taken on. work: what was in progress `waits` until then, or `starts again`.
    """

    every: Delay
    repair: Delay
    work: str = "waits"
