"""Times as whole numbers: bounds of delays in a unit of which all of them are multiples, so that they stay exact."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .zones import Bound


@dataclass(frozen=True)
class Unit:
    """So many units are a second."""

    per_second: int

    def whole(self, seconds: float) -> Bound:
        """A time in units; exact for the times the unit was made for."""
        return math.inf if math.isinf(seconds) else int(_exact(seconds) * self.per_second)

    def seconds(self, units: Bound) -> float:
        return math.inf if math.isinf(units) else float(Fraction(int(units), self.per_second))


def unit_of(times: Iterable[float]) -> Unit:
    """The largest unit of which all times (seconds, as they are written in decimals) are multiples."""
    return Unit(math.lcm(1, *(_exact(time).denominator for time in times if math.isfinite(time))))


def _exact(seconds: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth."""
    return Fraction(Decimal(repr(float(seconds))))
