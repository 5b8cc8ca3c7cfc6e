"""Estimates from values that depend on their neighbours, as jobs in a queue do: by batches, after the warm-up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..delays import Array
from .estimates import Estimate, between, binomial_ranks, mean_of, percentile_of_ranked, proportion_of, quantile_t
from .series import FIVE, Series
from .sketch import Ranked, Sketch, Sorted

BATCHES = 30
FINER = 10  # batches are judged by ones that are so much shorter
ALIKE = 0.4
SURELY = 3.09  # the normal quantile of 99.9 %


def warm_up(values: Array) -> int:
    """How many of the first values to leave out, by the rule MSER-5 (White 1997; White, Cobb and Spratt 2000).

    Means of five are cut where the standard error of those that remain is smallest; at most the first half goes.
    """
    count = len(values) // FIVE
    return FIVE * cut_of(np.add.reduceat(values, np.arange(0, count * FIVE, FIVE)) / FIVE) if count else 0


def cut_of(means: Array) -> int:
    """How many of the first batch means to leave out, by the rule MSER."""
    count = len(means)
    if count < 10:
        return 0
    away = means - means.mean()
    remaining = np.arange(count, 0, -1, dtype=np.float64)
    sums = np.cumsum(away[::-1])[::-1]
    squares = np.cumsum((away**2)[::-1])[::-1]
    error = (squares - sums**2 / remaining) / remaining**2
    return int(np.argmin(error[: count // 2 + 1]))


def mean_of_queued(values: Array, confidence: float = 0.95, batches: int = BATCHES) -> Estimate:
    """The mean of values that depend on their neighbours: Student's t over the means of consecutive batches.

    (Law and Kelton, Simulation Modeling and Analysis, section 9.5.3: some 20 to 40 batches.) Values that are too few
    for batches are taken as independent.
    """
    parts = batch_means(values, batches)
    if parts is None:
        return mean_of(values, confidence)
    return _over_batches(float(np.mean(values)), parts, confidence)


def mean_of_series(series: Series, first: int, confidence: float = 0.95, batches: int = BATCHES) -> Estimate:
    """The mean of a stream without its first cells, as `mean_of_queued`."""
    parts = batch_means(series.means[first:], batches)
    count, total = series.without(first)
    if parts is None:
        return Estimate(total / count, -math.inf, math.inf, confidence, "too few cells for batches")
    return _over_batches(total / count, parts, confidence)


def _over_batches(value: float, parts: Array, confidence: float) -> Estimate:
    found = mean_of(parts, confidence, "batch means")
    half = (found.high - found.low) / 2
    return Estimate(value, value - half, value + half, confidence, found.method)


def batch_means(values: Array, batches: int = BATCHES) -> Array | None:
    """The means of so many consecutive batches of equal length, up to the end; None where there are too few values."""
    size = len(values) // batches
    if size < 2:
        return None
    found: Array = values[len(values) - size * batches :].reshape(batches, size).mean(axis=1)
    return found


def percentile_of_queued(values: Array, percent: float, confidence: float = 0.95, batches: int = BATCHES) -> Estimate:
    """A percentile of values that depend on their neighbours, by the shares of consecutive batches below it."""
    return percentile_of_batches(Sorted(np.sort(values)), values, percent, confidence, batches)


def percentile_of_batches(
    ranked: Ranked, parts: Array | Sequence[Sketch], percent: float, confidence: float, batches: int = BATCHES
) -> Estimate:
    """A percentile from the share of each batch that lies below it.

    The variance of these shares says how well the share is known, and so between which ranks the percentile lies
    (Woodruff, "Confidence intervals for medians and other position measures", JASA 1952; Heidelberger and Lewis,
    "Quantile estimation in dependent sequences", Operations Research 1984). Unlike percentiles of batches, it has no
    bias where batches are short. It is never tighter than for independent values. `parts`: all values as they came,
    or sketches of consecutive parts of equal size.
    """
    share, count = percent / 100, ranked.count
    at = ranked.at(max(0, math.ceil(count * share) - 1))
    if isinstance(parts, np.ndarray):
        size = count // batches
        if size < 2:
            return percentile_of_ranked(ranked, percent, confidence)
        below = (parts[count - size * batches :].reshape(batches, size) <= at).mean(axis=1)
    else:
        below = _shares_below(parts, at, batches)
    half = quantile_t(confidence, len(below) - 1) * float(np.std(below, ddof=1)) / math.sqrt(len(below))
    low, high = binomial_ranks(count, share, confidence)
    low = min(low, math.floor(count * (share - half)) - 1)
    high = max(high, math.ceil(count * (share + half)))
    method = f"Student t over the shares of {len(below)} batches (Woodruff)"
    return between(ranked, percent, low, high, confidence, method)


def _shares_below(parts: Sequence[Sketch], value: float, batches: int) -> Array:
    """Which share of each batch is not above a value; parts at the beginning that fill no batch are left out."""
    group = max(1, len(parts) // batches)
    used = parts[len(parts) % group :]
    below = np.array([part.up_to(value) for part in used]).reshape(-1, group).sum(axis=1)
    total = np.array([part.count for part in used]).reshape(-1, group).sum(axis=1)
    found: Array = below / total
    return found


def proportion_of_queued(series: Series, successes: int, count: int, confidence: float = 0.95) -> Estimate:
    """A probability of jobs that share something: by batches, but never tighter than for independent jobs."""
    plain = proportion_of(successes, count, confidence)
    parts = batch_means(series.means)
    if parts is None or not 0 < successes < count:
        return plain
    found = _over_batches(plain.value, parts, confidence)
    low, high = max(0.0, min(plain.low, found.low)), min(1.0, max(plain.high, found.high))
    return Estimate(plain.value, low, high, confidence, found.method if found.low < plain.low else plain.method)


def likeness(means: Array) -> float:
    """The correlation of neighbours, from the ratio of von Neumann (1941)."""
    away = means - means.mean()
    squares = float(away @ away)
    if squares == 0:
        return 0.0
    steps = np.diff(means)
    return 1 - float(steps @ steps) / (2 * squares)


def doubt_of(values: Array, size: int = 1, batches: int = BATCHES) -> str:
    """Why the intervals by batches cannot be trusted: empty where they can.

    Batches must be so long that they hardly depend on each other. Ten times as many must have a correlation of
    neighbours below 0.4 (Law and Carson, "A sequential procedure for determining the length of a steady-state
    simulation", Operations Research 1979), and the batches themselves pass von Neumann's test (at 0.1 %).
    values: single ones, or the means of `size`.
    """
    parts = batch_means(values, batches)
    if parts is None:
        return "too few jobs for batch means: the intervals take the jobs as independent, and are too narrow"
    finer = batch_means(values, FINER * batches)
    for means, limit in ((finer, ALIKE), (parts, SURELY * math.sqrt((batches - 2) / (batches**2 - 1)))):
        correlation = 0.0 if means is None else likeness(means)
        if means is not None and correlation >= limit:
            length = len(values) // len(means) * size
            return (
                f"neighbouring batches of {length:,} jobs are alike (correlation {correlation:.2f}): the intervals are"
                " too narrow, simulate more jobs"
            )
    return ""
