"""What is known exactly of a design's times: values by name, each with how it was found and the bounds it lies in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..result import show_time
from .distribution import Distribution

TIMES = ("mean", "standard deviation")


@dataclass(frozen=True)
class Value:
    """A value, how it was found, and the bounds between which it lies for certain (the value itself where it is exact
    to the precision of the numbers)."""

    value: float
    method: str
    low: float = math.nan
    high: float = math.nan

    def __post_init__(self) -> None:
        if math.isnan(self.low):
            object.__setattr__(self, "low", self.value)
            object.__setattr__(self, "high", self.value)

    def to_dict(self) -> dict[str, float | str | None]:
        """Plain data; what is infinite is null."""
        value, low, high = (each if math.isfinite(each) else None for each in (self.value, self.low, self.high))
        return {"value": value, "low": low, "high": high, "method": self.method}


@dataclass(frozen=True)
class Exact:
    """Exact values of a design, by name. Times are in seconds; other values are a job.

    mean, standard deviation, p50, p95, p99: of the time of jobs that end. success: the probability to end well.
    `ended NAME`: the probability of each ending. undos, `visits NAME`, messages by kind: expected numbers. `busy NAME`,
    `wait NAME`, `queue NAME`: utilisation of workers, mean wait for one, mean length of the queue.
    assumptions: what the values hold under. missing: why other values are not given. approximations: values that are
    not exact, whose method says so.
    """

    name: str
    values: Mapping[str, Value]
    assumptions: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    approximations: Mapping[str, Value] = field(default_factory=dict)
    distribution: Distribution | None = field(default=None, repr=False, compare=False)

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def within(self, seconds: float) -> Value:
        """The probability that a job that ends has ended after this time. Raises `KeyError` where it is not known."""
        if self.distribution is None:
            raise KeyError(self.missing.get("percentiles", "the distribution is not known"))
        found = self.distribution.within(seconds)
        return Value(found.value, self.distribution.method, found.low, found.high)

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {
            "model": self.name,
            "values": {name: value.to_dict() for name, value in self.values.items()},
            "approximations": {name: value.to_dict() for name, value in self.approximations.items()},
            "assumptions": list(self.assumptions),
            "missing": dict(self.missing),
        }

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Name, value and bounds of each figure, without visits."""
        for name, value in self.values.items():
            if not name.startswith("visits "):
                yield name, _show(name, value.value), _bounds(name, value)
        for name, value in self.approximations.items():
            yield name, f"about {_show(name, value.value)}", value.method

    def __str__(self) -> str:
        rows = list(self.rows())
        width, figures = max(len(row[0]) for row in rows), max(len(row[1]) for row in rows)
        lines = [f"{self.name}: exact values"]
        lines += [f"  {name:<{width}}  {value:>{figures}}  {bounds}".rstrip() for name, value, bounds in rows]
        visits = {name: value.value for name, value in self.values.items() if name.startswith("visits ")}
        if any(count != 1 for count in visits.values()):
            lines.append("  visits: " + ", ".join(f"{name[7:]} {count:.4g}" for name, count in visits.items()))
        lines += [f"  {', '.join(names)}: {method}" for method, names in self._methods().items()]
        lines += [f"  assumed: {each}" for each in self.assumptions]
        lines += [f"  no {name}: {reason}" for name, reason in self.missing.items()]
        return "\n".join(lines)

    def _methods(self) -> dict[str, list[str]]:
        """Which values of time were found how."""
        found: dict[str, list[str]] = {}
        for name, value in self.values.items():
            if _is_time(name):
                found.setdefault(value.method, []).append(name)
        return found


def _is_time(name: str) -> bool:
    return name in TIMES or name.startswith("wait ") or (name.startswith("p") and name[1:].replace(".", "").isdigit())


def _show(name: str, value: float) -> str:
    if _is_time(name):
        return show_time(value)
    if name == "success" or name.startswith(("ended ", "busy ")):
        return f"{100 * value:.6g} %"
    return f"{value:.6g}"


def _bounds(name: str, value: Value) -> str:
    """The bounds, where they can be told from the value."""
    low, middle, high = (_show(name, each) for each in (value.low, value.value, value.high))
    return "" if low == middle == high else f"[{low}, {high}]"
