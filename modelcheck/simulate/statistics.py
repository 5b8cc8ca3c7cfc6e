"""Estimates with intervals that can fail: means, percentiles, proportions, differences; and where the warm-up ends."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .delays import Array

BATCHES = 30


@dataclass(frozen=True)
class Estimate:
    """A value with its confidence interval; `method` says how the interval was made."""

    value: float
    low: float
    high: float
    confidence: float = 0.95
    method: str = ""

    def __contains__(self, other: object) -> bool:
        return isinstance(other, int | float) and self.low <= other <= self.high

    def to_dict(self) -> dict[str, float | str | None]:
        """Plain data; what could not be estimated is null."""
        value, low, high = (each if math.isfinite(each) else None for each in (self.value, self.low, self.high))
        return {"value": value, "low": low, "high": high, "confidence": self.confidence, "method": self.method}


def mean_of(values: Array, confidence: float = 0.95) -> Estimate:
    """The mean of independent values, with Student's t (for many values the central limit theorem allows it)."""
    count = len(values)
    centre = float(np.mean(values))
    if count < 2:
        return Estimate(centre, -math.inf, math.inf, confidence, "one value has no interval")
    half = _quantile_t(confidence, count - 1) * float(np.std(values, ddof=1)) / math.sqrt(count)
    return Estimate(centre, centre - half, centre + half, confidence, f"Student t over {count} jobs")


def mean_of_queued(values: Array, confidence: float = 0.95, batches: int = BATCHES) -> Estimate:
    """The mean of values that depend on their neighbours: Student's t over the means of consecutive batches.

    (Law and Kelton, Simulation Modeling and Analysis, section 9.5.3: some 20 to 40 batches.)
    """
    parts = _batches(values, batches)
    if parts is None:
        return mean_of(values, confidence)
    found = mean_of(parts.mean(axis=1), confidence)
    return Estimate(float(np.mean(values)), found.low, found.high, confidence, f"Student t over {batches} batch means")


def percentile_of(values: Array, percent: float, confidence: float = 0.95) -> Estimate:
    """A percentile of independent values; the interval lies between order statistics, by the binomial distribution.

    It makes no assumption on the distribution (David and Nagaraja, Order Statistics, section 7.1).
    """
    from scipy.stats import binom

    share, count = percent / 100, len(values)
    ordered = np.sort(values)
    value = float(np.quantile(ordered, share, method="inverted_cdf"))
    tail = (1 - confidence) / 2
    lower = int(binom.ppf(tail, count, share)) - 1
    upper = int(binom.ppf(1 - tail, count, share))
    low = float(ordered[lower]) if lower >= 0 else -math.inf
    high = float(ordered[upper]) if upper < count else math.inf
    return Estimate(value, low, high, confidence, "binomial order statistics")


def percentile_of_queued(values: Array, percent: float, confidence: float = 0.95, batches: int = BATCHES) -> Estimate:
    """A percentile of values that depend on their neighbours: Student's t over the batches' percentiles."""
    parts = _batches(values, batches)
    if parts is None:
        return percentile_of(values, percent, confidence)
    found = mean_of(np.quantile(parts, percent / 100, axis=1), confidence)
    value = float(np.quantile(values, percent / 100))
    half = (found.high - found.low) / 2
    return Estimate(value, value - half, value + half, confidence, f"Student t over {batches} batch percentiles")


def proportion_of(successes: int, count: int, confidence: float = 0.95) -> Estimate:
    """A probability, with the exact binomial interval (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, successes, count - successes + 1)) if successes else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, count - successes)) if successes < count else 1.0
    return Estimate(successes / count, low, high, confidence, "exact binomial (Clopper-Pearson)")


def paired_difference(first: Array, second: Array, confidence: float = 0.95, queued: bool = False) -> Estimate:
    """The mean of first - second, job by job on the same draws: much tighter than the difference of two means."""
    if len(first) != len(second):
        raise ValueError("paired differences need the same jobs on both sides")
    return (mean_of_queued if queued else mean_of)(first - second, confidence)


def warm_up(values: Array) -> int:
    """How many of the first values to leave out, by the rule MSER-5 (White 1997; White, Cobb and Spratt 2000).

    Means of five are cut where the standard error of those that remain is smallest; at most the first half goes.
    """
    count = len(values) // 5
    if count < 10:
        return 0
    fives = values[: count * 5].reshape(count, 5).mean(axis=1)
    fives = fives - fives.mean()
    remaining = np.arange(count, 0, -1, dtype=np.float64)
    sums = np.cumsum(fives[::-1])[::-1]
    squares = np.cumsum((fives**2)[::-1])[::-1]
    error = (squares - sums**2 / remaining) / remaining**2
    return 5 * int(np.argmin(error[: count // 2 + 1]))


def _batches(values: Array, batches: int) -> Array | None:
    size = len(values) // batches
    if size < 2:
        return None
    found: Array = values[len(values) - size * batches :].reshape(batches, size)
    return found


def _quantile_t(confidence: float, freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))
