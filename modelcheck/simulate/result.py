"""What a simulation found: estimates with their intervals, and how they were made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .delays import Array
from .statistics import Estimate

if TYPE_CHECKING:
    from .exact import Value


class Row(NamedTuple):
    """One figure as people read it: its name, its value, its interval, and the exact value where that is known."""

    name: str
    value: str
    interval: str = ""
    exactly: str = ""


@dataclass(frozen=True)
class PoolFigures:
    """How the workers of one kind were used: the busy share of their time; the mean wait for one, in seconds, over all
    starts; how many waited, on average over time and at most; the share of the time that they were broken down. None:
    not known, or there is none."""

    busy: float
    wait: float | None = None
    queue: float | None = None
    longest: int | None = None
    down: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        """Plain data."""
        return {"busy": self.busy, "wait": self.wait, "queue": self.queue, "longest": self.longest, "down": self.down}


@dataclass(frozen=True)
class SimulationResult:
    """The times of many jobs of one design. Times are in seconds.

    back_end, reason: how it was simulated, and why so. makespans: from a job's arrival to its end, one a job in order
    of arrival (NaN: it never ended), of the first 2^20 jobs (1,048,576) only, so that memory does not grow with their
    number; all other figures are of all jobs. mean, percentiles: of the jobs that ended, without the first `warm_up`,
    which were left out by `warm_up_rule` (`MSER-5`, `given`, `none`). outcomes: how many jobs ended how. messages:
    operations a job by kind (orchestration: a call and a reply for each execution of a step; choreography: publishing
    and delivering are counted apart); losses: messages lost and dead letters a job, where there are any. by_outcome:
    the mean times of jobs that ended in one way, where there are several; a job whose message was lost has ended then.
    pools: where jobs arrive, how workers were used. throughput: jobs that ended a
    second. exact: exact values, where they were asked for and are known (see `exact.Exact`): `mean`, `p95`, `success`,
    `undos`, messages by kind, `busy NAME`, `wait NAME`, `queue NAME`; with the back end `exact` there are no jobs, and
    all is exact. stopped: what ended it before all jobs were done (`precision`, `seconds`, `interrupted`). precision,
    precision_of: what was asked for. events: what the event
    loop has handled. elapsed: seconds that the simulation took, which no comparison regards.
    """

    name: str
    kind: str
    back_end: str
    reason: str
    jobs: int
    seed: int
    makespans: Array
    mean: Estimate
    percentiles: Mapping[int, Estimate]
    success: Estimate
    undos: Estimate
    outcomes: Mapping[str, int]
    messages: Mapping[str, float]
    losses: Mapping[str, float] = field(default_factory=dict)
    by_outcome: Mapping[str, Estimate] = field(default_factory=dict)
    pools: Mapping[str, PoolFigures] = field(default_factory=dict)
    throughput: float | None = None
    warm_up: int = 0
    warm_up_rule: str = "none"
    queued: bool = False
    exact: Mapping[str, Value] = field(default_factory=dict)
    stopped: str = ""
    precision: float | None = None
    precision_of: str = "mean"
    notes: tuple[str, ...] = ()
    events: int = 0
    elapsed: float = field(default=0.0, compare=False)

    @property
    def message_count(self) -> float:
        """All messages a job, of whatever kind."""
        return sum(self.messages.values())

    @property
    def utilisation(self) -> dict[str, float]:
        """The busy share of each pool."""
        return {pool: figures.busy for pool, figures in self.pools.items()}

    @property
    def measured(self) -> Array:
        """The single times that are kept of jobs that ended, after the warm-up."""
        import numpy as np

        times = np.asarray(self.makespans, dtype=np.float64)[self.warm_up :]
        found: Array = times[np.isfinite(times)]
        return found

    @property
    def sought(self) -> Estimate:
        """The estimate that was to be precise."""
        return self.mean if self.precision_of == "mean" else self.percentiles[int(self.precision_of[1:])]

    @property
    def incomplete(self) -> bool:
        """Whether less was done than was asked for: stopped early, or not as precise as it should be."""
        if self.back_end == "exact":
            return False
        return self.stopped not in ("", "precision") or (self.precision is not None and self.stopped != "precision")

    def to_dict(self) -> dict[str, object]:
        """Plain data, without the single jobs' times."""
        return {
            "model": self.name,
            "kind": self.kind,
            "back_end": self.back_end,
            "reason": self.reason,
            "jobs": self.jobs,
            "seed": self.seed,
            "stopped": self.stopped,
            "precision": None if self.precision is None else {"asked": self.precision, "of": self.precision_of},
            "seconds": {"mean": self.mean.to_dict()} | {f"p{p}": e.to_dict() for p, e in self.percentiles.items()},
            "by_outcome": {outcome: found.to_dict() for outcome, found in self.by_outcome.items()},
            "exact": {name: value.to_dict() for name, value in self.exact.items()},
            "success": self.success.to_dict(),
            "undos": self.undos.to_dict(),
            "outcomes": dict(self.outcomes),
            "messages": dict(self.messages),
            "losses": dict(self.losses),
            "throughput": self.throughput,
            "pools": {pool: figures.to_dict() for pool, figures in self.pools.items()},
            "warm_up": self.warm_up,
            "warm_up_rule": self.warm_up_rule,
            "notes": list(self.notes),
        }

    def rows(self) -> Iterator[Row]:
        """The figures of a job, as people read them."""
        times = {"mean": self.mean} | {f"p{percent}": each for percent, each in self.percentiles.items()}
        for name, found in times.items():
            yield Row(name, show_time(found.value), interval_of(found, show_time), self.exactly(name, show_time))
        for outcome, found in self.by_outcome.items():
            yield Row(f"mean if {outcome}", show_time(found.value), interval_of(found, show_time))
        exact = self.exactly("success", show_share)
        yield Row("success", show_share(self.success.value), interval_of(self.success, show_share), exact)
        if self.undos.value:
            exact = self.exactly("undos", show_number)
            yield Row("undos a job", show_number(self.undos.value), interval_of(self.undos, show_number), exact)
        for name, count in self.messages.items():
            yield Row(f"{name} a job", show_number(count), "", self.exactly(name, show_number))
        for name, count in self.losses.items():
            yield Row(f"{name} a job", show_number(count))

    def exactly(self, name: str, show: object) -> str:
        """An exact value as people read it; empty where it is not known, or where nothing was simulated beside it."""
        assert callable(show)
        return str(show(self.exact[name].value)) if name in self.exact and self.jobs else ""

    def __str__(self) -> str:
        from .shown import lines_of

        return "\n".join(lines_of(self))

    def _repr_html_(self) -> str:
        from ..report.html_times import render_simulation

        return render_simulation(self)


def interval_of(found: Estimate, show: object) -> str:
    """An interval as people read it; an end that is not known is left open."""
    assert callable(show)
    if not (math.isfinite(found.low) or math.isfinite(found.high)):
        return ""
    if found.confidence == 1 and show(found.low) == show(found.value) == show(found.high):
        return ""
    low = f"[{show(found.low)}" if math.isfinite(found.low) else "(?"
    high = f"{show(found.high)}]" if math.isfinite(found.high) else "?)"
    return f"{low}, {high}"


def show_number(value: float) -> str:
    """A number with four digits."""
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def show_share(share: float) -> str:
    """A share in percent."""
    return f"{100 * share:.4g} %"


def show_time(seconds: float) -> str:
    """A time as people read it: 20 ms, 1.5 s, 5 min."""
    if not math.isfinite(seconds):
        return "never"
    if abs(seconds) >= 10_800:
        return f"{show_number(seconds / 3_600)} h"
    if abs(seconds) >= 180:
        return f"{seconds / 60:.4g} min"
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if abs(seconds) >= size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds:.4g} s"
