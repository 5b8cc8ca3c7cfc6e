"""Several simulations of one design with different seeds as one: replications."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields, replace

import numpy as np

from ..errors import ModelError, Problem
from .ledger import KEPT, SUCCESS
from .result import PoolFigures, SimulationResult
from .statistics import Estimate, mean_of, proportion_of

NOTHING = Estimate(math.nan, -math.inf, math.inf)


def combined(results: Sequence[SimulationResult]) -> SimulationResult:
    """Independent replications as one result: each is one observation of the mean, of a percentile, of every figure.

    The intervals are Student's t over the replications, each without its own warm-up (Law and Kelton, Simulation
    Modeling and Analysis, section 9.4), whatever happens within one. `makespans` are the measured times, one
    replication after the other. Raises `ModelError`: there are none, of different designs, or with the same seed.
    """
    if len({result.name for result in results}) != 1:
        what = "several designs" if results else "nothing"
        raise ModelError([Problem("E416", f"replications of {what} cannot be put together")])
    if len({result.seed for result in results}) < len(results):
        hint = "give each a seed of its own"
        raise ModelError([Problem("E416", "replications with the same seed are the same jobs", None, hint)])
    first = results[0]
    if len(results) == 1:
        return first
    jobs = sum(result.jobs for result in results)
    outcomes: Counter[str] = Counter()
    for result in results:
        outcomes.update(result.outcomes)
    removed = [result.warm_up for result in results]
    notes = list(dict.fromkeys(note for result in results for note in result.notes))
    if any(removed):
        notes.append(f"each replication without its warm-up of {min(removed):,} to {max(removed):,} jobs")
    return replace(
        first,
        jobs=jobs,
        replications=len(results),
        makespans=np.concatenate([result.measured for result in results])[:KEPT],
        mean=_over(results, lambda result: result.mean),
        percentiles={percent: _over(results, _percentile(percent)) for percent in first.percentiles},
        success=_success(results, outcomes, jobs),
        undos=_over(results, lambda result: result.undos),
        outcomes=dict(outcomes.most_common()),
        messages=_per_job(results, "messages", jobs),
        losses=_per_job(results, "losses", jobs),
        by_outcome={outcome: _over(results, _mean_if(outcome)) for result in results for outcome in result.by_outcome},
        pools={pool: _pool([result.pools[pool] for result in results if pool in result.pools]) for pool in first.pools},
        throughput=None if first.throughput is None else _average(results, lambda result: result.throughput or 0.0),
        warm_up=0,
        stopped=next((result.stopped for result in results if result.incomplete), first.stopped),
        notes=tuple(notes),
        events=sum(result.events for result in results),
        elapsed=sum(result.elapsed for result in results),
    )


def _over(results: Sequence[SimulationResult], figure: Callable[[SimulationResult], Estimate]) -> Estimate:
    """A figure over the replications that know it."""
    values = np.array([figure(result).value for result in results])
    return mean_of(values[np.isfinite(values)], results[0].mean.confidence, "replications")


def _percentile(percent: int) -> Callable[[SimulationResult], Estimate]:
    return lambda result: result.percentiles[percent]


def _mean_if(outcome: str) -> Callable[[SimulationResult], Estimate]:
    return lambda result: result.by_outcome.get(outcome, result.mean if outcome in result.outcomes else NOTHING)


def _per_job(results: Sequence[SimulationResult], kind: str, jobs: int) -> dict[str, float]:
    """Messages or losses a job, by kind, over all jobs."""
    counts = [(getattr(each, kind), each.jobs) for each in results]
    names = dict.fromkeys(name for found, _ in counts for name in found)
    return {name: math.fsum(found.get(name, 0.0) * count for found, count in counts) / jobs for name in names}


def _average(results: Sequence[SimulationResult], figure: Callable[[SimulationResult], float]) -> float:
    return math.fsum(map(figure, results)) / len(results)


def _success(results: Sequence[SimulationResult], outcomes: Counter[str], jobs: int) -> Estimate:
    """Of independent jobs the binomial interval; else at least as wide as the replications make it."""
    confidence = results[0].mean.confidence
    pooled = proportion_of(sum(outcomes[ending] for ending in SUCCESS), jobs, confidence)
    if not results[0].queued:
        return pooled
    found = _over(results, lambda result: result.success)
    low, high = max(0.0, min(pooled.low, found.low)), min(1.0, max(pooled.high, found.high))
    return Estimate(pooled.value, low, high, confidence, found.method)


def _pool(figures: Sequence[PoolFigures]) -> PoolFigures:
    """The average of each figure, and the longest of the longest queues."""
    found: dict[str, float | None] = {}
    for each in fields(PoolFigures):
        values = [value for one in figures if (value := getattr(one, each.name)) is not None]
        found[each.name] = math.fsum(values) / len(values) if values else None
    longest = [one.longest for one in figures if one.longest is not None]
    return PoolFigures(found["busy"] or 0.0, found["wait"], found["queue"], max(longest, default=None), found["down"])
