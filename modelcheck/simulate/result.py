"""What a simulation found: estimates with their intervals, and how they were made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .delays import Array
from .statistics import Estimate


@dataclass(frozen=True)
class SimulationResult:
    """The times of many jobs of one design. Times are in seconds.

    back_end, reason: how it was simulated, and why so. makespans: from a job's arrival to its end, one a job in order
    of arrival (NaN: it never ended). mean, percentiles: of the jobs that ended, without the first `warm_up`. outcomes:
    how many jobs ended how. messages: operations a job by kind (orchestration: a call and a reply for each execution of
    a step; choreography: publishing and delivering are counted apart). utilisation: the busy share of each pool.
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
    utilisation: Mapping[str, float] = field(default_factory=dict)
    warm_up: int = 0
    queued: bool = False
    notes: tuple[str, ...] = ()

    @property
    def message_count(self) -> float:
        """All messages a job, of whatever kind."""
        return sum(self.messages.values())

    def to_dict(self) -> dict[str, object]:
        """Plain data, without the single jobs' times."""
        return {
            "model": self.name,
            "kind": self.kind,
            "back_end": self.back_end,
            "reason": self.reason,
            "jobs": self.jobs,
            "seed": self.seed,
            "seconds": {"mean": self.mean.to_dict()} | {f"p{p}": e.to_dict() for p, e in self.percentiles.items()},
            "success": self.success.to_dict(),
            "undos": self.undos.to_dict(),
            "outcomes": dict(self.outcomes),
            "messages": dict(self.messages),
            "utilisation": dict(self.utilisation),
            "warm_up": self.warm_up,
            "notes": list(self.notes),
        }

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Name, value and interval of each figure."""
        times = {"mean": self.mean} | {f"p{percent}": each for percent, each in self.percentiles.items()}
        for name, found in times.items():
            yield name, show_time(found.value), _interval(found, show_time)
        yield "success", _percent(self.success.value), _interval(self.success, _percent)
        if self.undos.value:
            yield "undos a job", f"{self.undos.value:.4g}", _interval(self.undos, lambda value: f"{value:.4g}")
        for name, count in self.messages.items():
            yield f"{name} a job", f"{count:.4g}", ""
        for name, share in self.utilisation.items():
            yield f"busy {name}", _percent(share), ""

    def __str__(self) -> str:
        rows = list(self.rows())
        width, figures = max(len(row[0]) for row in rows), max(len(row[1]) for row in rows)
        lines = [f"{self.name}: {self.jobs} jobs, seed {self.seed}, by {self.back_end} ({self.reason})"]
        lines += [f"  {name:<{width}}  {value:>{figures}}  {interval}".rstrip() for name, value, interval in rows]
        lines.append("  ended: " + ", ".join(f"{count} {ending}" for ending, count in self.outcomes.items()))
        if self.queued:
            lines.append(f"  warm-up: the first {self.warm_up} jobs left out")
        lines.append(f"  intervals: {self.mean.confidence:.0%}; the mean by {self.mean.method}")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from ..report.html_times import render_simulation

        return render_simulation(self)


def _interval(found: Estimate, show: object) -> str:
    assert callable(show)
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return ""
    return f"[{show(found.low)}, {show(found.high)}]"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def show_time(seconds: float) -> str:
    """A time as people read it: 1.5 s, 20 ms."""
    if not math.isfinite(seconds):
        return "never"
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if abs(seconds) >= size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds:.4g} s"
