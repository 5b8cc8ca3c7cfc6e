"""Objectives that a design is to meet: `p95 <= 2s`, `mean < 300ms and utilisation <= 80%`, `success >= 99.9%`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from ..distributions import SECONDS
from ..errors import ModelError, Problem, did_you_mean
from ..simulate import Estimate, SimulationResult
from ..simulate.statistics import percentile_of, percentile_of_queued

MEASURES = ("mean", "p50", "p95", "p99", "utilisation", "success")
USAGE = "write p95 <= 2s, mean < 300ms, utilisation <= 80% or success >= 99%, several joined by 'and'"

_CLAUSE = re.compile(r"\s*([a-z]+[0-9.]*)\s*(<=|>=|<|>)\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*([a-z%]*)\s*\Z")
_PERCENTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]+)?)\Z")


@dataclass(frozen=True)
class Clause:
    """One measure with its bound: `mean` and `p95` in seconds, `utilisation` (of the busiest pool) and `success` as
    shares."""

    measure: str
    relation: str
    bound: float
    text: str

    def meets(self, value: float) -> bool:
        """Whether a value is within the bound; NaN is not."""
        match self.relation:
            case "<=":
                return value <= self.bound
            case "<":
                return value < self.bound
            case ">=":
                return value >= self.bound
        return value > self.bound


@dataclass(frozen=True)
class Objective:
    """All of these clauses."""

    text: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class Judged:
    """What a simulation says about a clause. met: by the estimate itself; sure: by its whole interval, too."""

    clause: Clause
    found: Estimate
    met: bool
    sure: bool


def objective_of(text: str) -> Objective:
    """Reads an objective. Raises `ModelError` (E425) for what is none."""
    clauses, problems = [], []
    for part in re.split(r"\band\b|&&?|,", text):
        try:
            clauses.append(_clause(part))
        except ValueError as error:
            problems.append(Problem("E425", f"'{part.strip()[:60]}' is no objective: {error}", None, USAGE))
    if problems:
        raise ModelError(problems)
    return Objective(" and ".join(clause.text for clause in clauses), tuple(clauses))


def _clause(part: str) -> Clause:
    match = _CLAUSE.match(part)
    if not match:
        raise ValueError("a measure, <=, <, >= or >, and a bound")
    measure, relation, number, unit = match.groups()
    is_time = measure == "mean" or _PERCENTILE.match(measure) is not None
    if not is_time and measure not in MEASURES:
        raise ValueError(f"unknown measure '{measure}', {did_you_mean(measure, MEASURES)}")
    try:
        bound = float(number)
    except ValueError:
        raise ValueError(f"'{number}' is not a number") from None
    if is_time:
        if unit and unit not in SECONDS:
            raise ValueError(f"unknown unit '{unit}': one of {', '.join(SECONDS)}")
        bound *= SECONDS[unit or "s"]
        if _PERCENTILE.match(measure) and not 0 < float(measure[1:]) < 100:
            raise ValueError(f"'{measure}' is no percentile between 0 and 100")
    elif unit not in ("", "%"):
        raise ValueError(f"'{measure}' is a share, such as 0.8 or 80%")
    elif unit == "%":
        bound /= 100
    if not math.isfinite(bound):
        raise ValueError(f"'{number}' is too large")
    return Clause(measure, relation, bound, " ".join(part.split()))


def judge(objective: Objective, result: SimulationResult) -> tuple[Judged, ...]:
    """What a simulation says about each clause."""
    found = []
    for clause in objective.clauses:
        estimate = measured(clause.measure, result)
        met = clause.meets(estimate.value)
        sure = clause.meets(estimate.low) == clause.meets(estimate.high) == met
        found.append(Judged(clause, estimate, met, sure))
    return tuple(found)


def measured(measure: str, result: SimulationResult) -> Estimate:
    """A measure of a simulation, with its interval (utilisation has none)."""
    if measure == "mean":
        return result.mean
    if measure == "success":
        return result.success
    if measure == "utilisation":
        busiest = max(result.utilisation.values(), default=0.0)
        return Estimate(busiest, busiest, busiest, result.mean.confidence, "the busiest pool")
    percent = float(measure[1:])
    if percent in result.percentiles:
        return result.percentiles[int(percent)]
    times = result.makespans[result.warm_up :]
    times = times[~np.isnan(times)]
    if not len(times):
        return Estimate(math.nan, -math.inf, math.inf, result.mean.confidence, "no job ended")
    return (percentile_of_queued if result.queued else percentile_of)(times, percent, result.mean.confidence)
