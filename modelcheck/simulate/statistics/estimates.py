"""Estimates from independent values, with their confidence intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..delays import Array
from .moments import Moments, moments_of
from .sketch import Ranked, Sorted


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

    @property
    def precision(self) -> float:
        """Half the width of the interval, relative to the value."""
        half = max(self.high - self.value, self.value - self.low)
        if half == 0 or not math.isfinite(half):
            return half
        return half / abs(self.value) if self.value else math.inf

    def to_dict(self) -> dict[str, float | str | None]:
        """Plain data; what could not be estimated is null."""
        value, low, high = (each if math.isfinite(each) else None for each in (self.value, self.low, self.high))
        return {"value": value, "low": low, "high": high, "confidence": self.confidence, "method": self.method}


def mean_of(values: Array, confidence: float = 0.95, what: str = "jobs") -> Estimate:
    """The mean of independent values, with Student's t (for many values the central limit theorem allows it)."""
    return mean_of_moments(moments_of(values), confidence, what)


def mean_of_moments(found: Moments, confidence: float = 0.95, what: str = "jobs") -> Estimate:
    """The mean of independent values, from how many there were, their mean and their variance."""
    if not found.count:
        return Estimate(math.nan, -math.inf, math.inf, confidence, f"there are no {what}")
    if found.count < 2:
        return Estimate(found.mean, -math.inf, math.inf, confidence, "one value has no interval")
    half = quantile_t(confidence, found.count - 1) * found.deviation / math.sqrt(found.count)
    method = f"Student t over {found.count:,} {what}"
    return Estimate(found.mean, found.mean - half, found.mean + half, confidence, method)


def percentile_of(values: Array, percent: float, confidence: float = 0.95) -> Estimate:
    """A percentile of independent values; the interval lies between order statistics, by the binomial distribution.

    It makes no assumption on the distribution (David and Nagaraja, Order Statistics, section 7.1).
    """
    return percentile_of_ranked(Sorted(np.sort(values)), percent, confidence)


def percentile_of_ranked(ranked: Ranked, percent: float, confidence: float = 0.95) -> Estimate:
    """A percentile of independent values that are in order, or in the bins of a sketch."""
    low, high = binomial_ranks(ranked.count, percent / 100, confidence)
    return between(ranked, percent, low, high, confidence, "binomial order statistics")


def between(ranked: Ranked, percent: float, low: int, high: int, confidence: float, method: str) -> Estimate:
    """A percentile with an interval from rank to rank; there is no end where a rank is none."""
    count = ranked.count
    value = ranked.at(max(0, math.ceil(count * percent / 100) - 1))
    lowest = ranked.at(low) * (1 - ranked.error) if low >= 0 else -math.inf
    highest = ranked.at(high) * (1 + ranked.error) if high < count else math.inf
    if ranked.error:
        method += f", from bins {200 * ranked.error:.1g} % wide"
    return Estimate(value, lowest, highest, confidence, method)


@lru_cache(1024)
def binomial_ranks(count: int, share: float, confidence: float) -> tuple[int, int]:
    """The ranks (from 0) between which a quantile of independent values lies; -1 and `count`: there is no bound."""
    tail = (1 - confidence) / 2
    return binomial_quantile(tail, count, share) - 1, binomial_quantile(1 - tail, count, share)


def binomial_quantile(level: float, count: int, share: float) -> int:
    """The smallest number of successes that is not exceeded with at least this probability."""
    from scipy.special import bdtr, bdtrik

    found = math.ceil(float(bdtrik(level, count, share)))
    return found - 1 if found > 0 and float(bdtr(found - 1, count, share)) >= level else found


def jobs_for(percent: float, confidence: float) -> int:
    """How many independent jobs it takes before the interval of a high percentile has an upper end."""
    return math.ceil(math.log((1 - confidence) / 2) / math.log(percent / 100))


def proportion_of(successes: int, count: int, confidence: float = 0.95) -> Estimate:
    """A probability, with the exact binomial interval (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, count - successes + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, count - successes, 1 - tail)) if successes < count else 1.0
    return Estimate(successes / count, low, high, confidence, "exact binomial (Clopper-Pearson)")


def paired_difference(first: Array, second: Array, confidence: float = 0.95, queued: bool = False) -> Estimate:
    """The mean of first - second, job by job on the same draws: much tighter than the difference of two means."""
    from .batches import mean_of_queued

    if len(first) != len(second):
        raise ValueError("paired differences need the same jobs on both sides")
    return (mean_of_queued if queued else mean_of)(first - second, confidence)


def quantile_t(confidence: float, freedom: int) -> float:
    """Student's t that is exceeded on either side with a probability of 1 - confidence."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))
