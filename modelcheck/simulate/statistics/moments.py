"""Count, mean and variance of a stream."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..delays import Array


@dataclass(frozen=True)
class Moments:
    """How many values there were, their mean, and the sum of the squared distances from it."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation, as estimated from a sample."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else math.nan

    def plus(self, values: Array) -> Moments:
        """With more values (Chan, Golub and LeVeque 1983: no digits are lost, however many there are)."""
        count = len(values)
        if not count:
            return self
        if not values.any():
            return self.merged(Moments(count))
        mean = float(values.mean())
        away = values - mean
        away *= away
        return self.merged(Moments(count, mean, float(away.sum())))

    def merged(self, other: Moments) -> Moments:
        """Of both streams together."""
        if not self.count or not other.count:
            return self if self.count else other
        count, apart = self.count + other.count, other.mean - self.mean
        mean = self.mean + apart * other.count / count
        squares = self.squares + other.squares + apart * apart * self.count * other.count / count
        return Moments(count, mean, squares)


def moments_of(values: Array) -> Moments:
    """The moments of an array."""
    return Moments().plus(np.asarray(values, dtype=np.float64))
