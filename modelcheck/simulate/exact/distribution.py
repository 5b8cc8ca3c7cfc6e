"""Distributions of the time of a job: as steps, as a function, or between two bounds on a grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from ..delays import Array

SAME = 1e-12
# A grid is made anew for what lies closer to 0 than this part of it, or is known less well.
CLOSE, FINE = 0.02, 2e-3


@dataclass(frozen=True)
class Bounded:
    """A value that lies between two bounds for certain; where it is exact, both are the value."""

    value: float
    low: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> Bounded:
        """The value, to the precision of the numbers."""
        return cls(value, value, value)


class Distribution(Protocol):
    """Of the time of jobs that end. method: how it was found."""

    @property
    def method(self) -> str:
        """How it was found, in words."""
        ...

    def within(self, time: float) -> Bounded:
        """P(T <= t)."""
        ...

    def percentile(self, percent: float) -> Bounded:
        """The least time t with P(T <= t) >= percent / 100."""
        ...


@dataclass(frozen=True)
class Steps:
    """A distribution with finitely many values; `missing` is the probability of what was left out."""

    times: Array
    cumulative: Array
    method: str
    missing: float = 0.0

    def within(self, time: float) -> Bounded:
        """P(T <= t)."""
        index = int(np.searchsorted(self.times, time * (1 + SAME), side="right"))
        found = float(self.cumulative[index - 1]) if index else 0.0
        return Bounded(found, found, min(1.0, found + self.missing))

    def percentile(self, percent: float) -> Bounded:
        """The least time t with P(T <= t) >= percent / 100."""
        index = int(np.searchsorted(self.cumulative, percent / 100 - SAME, side="left"))
        found = float(self.times[index]) if index < len(self.times) else float("inf")
        return Bounded.exactly(found)


@dataclass(frozen=True)
class Function:
    """A continuous distribution by its distribution function; `scale`: a time that is not far from the usual ones."""

    cdf: Callable[[float], float]
    scale: float
    method: str

    def within(self, time: float) -> Bounded:
        """P(T <= t)."""
        return Bounded.exactly(self.cdf(time) if time >= 0 else 0.0)

    def percentile(self, percent: float) -> Bounded:
        """The least time t with P(T <= t) >= percent / 100."""
        from scipy.optimize import brentq

        share = percent / 100
        if self.cdf(0.0) >= share:
            return Bounded.exactly(0.0)
        high = self.scale or 1.0
        while self.cdf(high) < share:
            high *= 2
            if high > 1e30:
                return Bounded.exactly(float("inf"))
        return Bounded.exactly(float(brentq(lambda t: self.cdf(t) - share, 0.0, high, xtol=1e-13 * high, rtol=1e-14)))


@dataclass(frozen=True)
class Grid:
    """A distribution function between two others, at 0, step, 2 step, ...: of the times rounded up, and down.

    Rounding goes half a step further down than up (what is rounded up to a multiple of the step is at most that), so
    the middle between the two is best taken as the value half a step later.
    """

    step: float
    low: Array
    high: Array
    method: str

    def within(self, time: float) -> Bounded:
        """P(T <= t)."""
        index = int(np.floor(time / self.step * (1 + SAME)))
        if index < 0:
            return Bounded.exactly(0.0)
        if index >= len(self.low):
            return Bounded((float(self.low[-1]) + 1) / 2, float(self.low[-1]), 1.0)
        low, high = float(self.low[index]), float(self.high[index])
        between = float(np.interp(time / self.step - 0.5, np.arange(len(self.low)), (self.low + self.high) / 2))
        return Bounded(min(max(between, low), high), low, high)

    def percentile(self, percent: float) -> Bounded:
        """The least time t with P(T <= t) >= percent / 100."""
        share = percent / 100
        first, last = (_crossing(column, share) * self.step for column in (self.high, self.low))
        middle = (self.low + self.high) / 2
        index = int(_crossing(middle, share)) if np.isfinite(last) else 0
        if index == 0:
            return Bounded((first + last) / 2, first, last)
        rise = float(middle[index] - middle[index - 1])
        found = (index - 0.5 + (share - float(middle[index - 1])) / rise) * self.step
        return Bounded(min(max(found, first), last), first, last)


class Grids:
    """A distribution on grids that reach as far as is asked for; `make` gives the one that reaches up to a time."""

    def __init__(self, make: Callable[[float], Grid], reach: float):
        self.make = lru_cache(maxsize=8)(make)
        self.reach = reach

    @property
    def method(self) -> str:
        """How it was found, in words."""
        return self.make(self.reach).method

    def within(self, time: float) -> Bounded:
        """P(T <= t)."""
        if time <= 0 or CLOSE * self.reach <= time < self.reach:
            return self.make(self.reach).within(time)
        return self.make(2.0 ** np.ceil(np.log2(1.01 * time))).within(time)

    def percentile(self, percent: float) -> Bounded:
        """The least time t with P(T <= t) >= percent / 100."""
        reach = self.reach
        found = self.make(reach).percentile(percent)
        while not np.isfinite(found.high) and reach < 1e6 * self.reach:
            reach *= 4
            found = self.make(reach).percentile(percent)
        for _ in range(8):
            if found.high - found.low <= FINE * found.value or not np.isfinite(found.high) or found.high > reach / 2:
                break
            reach = 1.05 * found.high
            found = self.make(reach).percentile(percent)
        return found


def _crossing(cumulative: Array, share: float) -> float:
    index = int(np.searchsorted(cumulative, share - SAME, side="left"))
    return float(index) if index < len(cumulative) else float("inf")
