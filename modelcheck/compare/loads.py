"""Time against load: the same designs while jobs arrive ever faster, with a limited number of workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import model
from ..errors import ModelError, Problem, did_you_mean
from ..simulate import Estimate, simulate
from ..simulate.delays import mean
from .arrange import Times, arrange

JOBS = 2_000
UNSTABLE = "E413"

Timed = model.Orchestration | model.Choreography


@dataclass(frozen=True)
class Load:
    """A design at one rate of arrivals (jobs a second). Times in seconds; busiest: the utilisation of its busiest pool.

    mean, late: the mean and the 95th percentile; None where jobs arrive faster than they can be served. success: the
    share of jobs that succeed.
    """

    rate: float
    mean: Estimate | None
    late: Estimate | None
    busiest: float
    success: float | None = None

    def to_dict(self) -> dict[str, object]:
        return {
            "rate": self.rate,
            "mean": self.mean.to_dict() if self.mean else None,
            "p95": self.late.to_dict() if self.late else None,
            "utilisation": self.busiest,
            "success": self.success,
        }


@dataclass(frozen=True)
class Loads:
    """A design at several rates of arrivals."""

    name: str
    points: tuple[Load, ...]

    def to_dict(self) -> dict[str, object]:
        return {"name": self.name, "points": [each.to_dict() for each in self.points]}


def with_rate(design: Timed, rate: float) -> Timed:
    """The design to which jobs come at this rate (a second): at random (Poisson), or evenly or in bursts where they do
    so in it.

    Raises `ModelError` (E426): a rate that is none, or arrivals whose rate is not free (recorded ones, and users).
    """
    if not 0 < rate < float("inf"):
        raise ModelError([Problem("E426", f"jobs cannot come at a rate of {rate:g} a second", None, "above 0")])
    old = design.arrivals or model.Arrivals()
    if old.recorded is not None or old.users is not None:
        what = "are recorded" if old.recorded is not None else "come from users who wait for them"
        hint = "leave the model's arrivals out, or scale something else"
        raise ModelError([Problem("E426", f"jobs of '{design.name}' {what}: their rate is not free", None, hint)])
    if old.bursts is not None:
        bursts = replace(old.bursts, every=_every(old.bursts.every, old.bursts.size / rate))
        return replace(design, arrivals=replace(old, bursts=bursts))
    return replace(design, arrivals=model.Arrivals(interval=_every(old.interval, 1 / rate)))


def _every(old: model.Delay | None, seconds: float) -> model.Delay:
    if old is not None and old.distribution == "constant":
        return model.Delay(distribution="constant", parameters={"value": seconds})
    return model.Delay(distribution="exponential", parameters={"mean": seconds})


def with_workers(design: Timed, workers: int, only: str | None = None) -> Timed:
    """The design in which each service (each participant) has so many workers; `only` this one, `listeners` where one
    pool of listeners serves all. Raises `ModelError` (E426): there is no such one."""
    places = design.services if isinstance(design, model.Orchestration) else design.participants
    if isinstance(design, model.Choreography) and (only == "listeners" or (only is None and design.listeners)):
        return replace(design, listeners=workers)
    if only is not None and only not in places:
        message = f"'{design.name}' has no '{only}' that could have workers"
        raise ModelError([Problem("E426", message, None, did_you_mean(only, places))])
    if isinstance(design, model.Orchestration):
        services = {n: replace(s, workers=workers) if only in (None, n) else s for n, s in design.services.items()}
        return replace(design, services=services)
    parties = {n: replace(p, workers=workers) if only in (None, n) else p for n, p in design.participants.items()}
    return replace(design, participants=parties)


def loads(design: Timed, rates: Sequence[float], jobs: int = JOBS, seed: int = 1) -> Loads:
    """The times of a design at these rates. Raises `ModelError` for anything but a rate that is too high."""
    return Loads(design.name, tuple(_load(design, rate, jobs, seed) for rate in rates))


def _load(design: Timed, rate: float, jobs: int, seed: int) -> Load:
    try:
        result = simulate(with_rate(design, rate), jobs, seed)
    except ModelError as error:
        if {problem.code for problem in error.problems} != {UNSTABLE}:
            raise
        return Load(rate, None, None, 1.0)
    busiest = max(result.utilisation.values(), default=0.0)
    return Load(rate, result.mean, result.percentiles[95], busiest, result.success.value)


SHAPES = ("sequence", "parallel", "chain", "star", "one listener")


def loads_of_shapes(
    tasks: Times,
    utilisations: Sequence[float] = (0.2, 0.5, 0.8, 0.9),
    workers: int = 1,
    call: float = 0.0,
    event: float = 0.0,
    jobs: int = JOBS,
    seed: int = 1,
) -> tuple[Loads, ...]:
    """The tasks in each shape, each with so many workers, at rates that keep the busiest so busy.

    One inline listener does the work of all: it is at its limit at a fraction of the rate.
    """
    busiest = max(mean(time) for time in tasks.values())
    rates = [share * workers / busiest for share in utilisations]
    return tuple(
        loads(with_workers(arrange(shape, tasks, None, call, event), workers), rates, jobs, seed) for shape in SHAPES
    )
