"""What is left of a service at a random time while it runs: the wait in M/G/1 is a geometric number of such rests.

(Kleinrock, Queueing Systems, volume 1, section 5.2 for the rest of life, section 5.7 for the wait: with probability
1 - rho it is over, else it is a rest and then a wait again, which is how the formula of Pollaczek and Khinchine reads.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .. import delays
from ..delays import Array
from . import laws
from .laws import Constant, General, Law, Stages

EXACT = 1024
# Three points in each step integrate a survival function that is smooth there to the last digits.
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(3)


@dataclass(frozen=True, eq=False)
class Rest(General):
    """The rest of a delay `of` that runs at a random time: its distribution function is the integral of P(of > t),
    divided by the mean."""

    of: General | None = None

    @cached_property
    def moments(self) -> tuple[float, float]:  # type: ignore[override]
        """The mean and the mean square: E[X^2] / 2 E[X] and E[X^3] / 3 E[X]."""
        from scipy.integrate import quad

        assert self.of is not None
        mean, square = self.of.moments
        highest = min(self.of.law.high, self.of.most or np.inf)
        if self.of.most is None and _has_no_cube(self.of.law):
            return square / (2 * mean), float("inf")
        cube = quad(lambda t: 3 * t * t * self._survival(np.array([t]))[0], 0, highest, limit=500, full_output=1)[0]
        return square / (2 * mean), float(cube) / (3 * mean)

    def cdf(self, times: Array) -> Array:
        """P(rest <= t) for each time, in ascending order from 0."""
        assert self.of is not None
        exact = np.unique(np.concatenate((np.arange(min(EXACT, len(times))), np.arange(0, len(times), EXACT // 8))))
        known = np.array([self._integral(float(time)) for time in np.maximum(times[exact], 0.0)])
        steps = np.diff(times, prepend=min(0.0, float(times[0])))
        between = np.zeros(len(times))
        for point, weight in zip(POINTS, WEIGHTS, strict=True):
            between += weight / 2 * steps * self._survival(np.maximum(times - steps * (1 - point) / 2, 0.0))
        summed = np.cumsum(between)
        # From one exact value to the next the sums are stretched to what they should be.
        found = np.interp(summed, np.maximum.accumulate(summed[exact]), known)
        return np.asarray(np.clip(found / self.of.moments[0], 0.0, 1.0))

    def _integral(self, time: float) -> float:
        """The integral of P(of > t) from 0 to a time."""
        assert self.of is not None
        law, most = self.of.law, self.of.most
        if most is None:
            return _capped(law, time)
        late = float(law.survival(np.array([most]))[0])
        time = min(time, most)
        return (_capped(law, time) - time * late) / (1 - late)

    def _survival(self, times: Array) -> Array:
        assert self.of is not None
        return 1 - self.of.cdf(times)


def _has_no_cube(law: delays.Law) -> bool:
    """Whether t^3 P(X > t) does not fall in the end, so that the third moment is infinite."""
    times = np.array([1e80, 1e90])
    with np.errstate(divide="ignore", under="ignore"):
        first, second = 3 * np.log(times) + np.log(law.survival(times))
    return bool(np.isfinite(second) and second >= first)


def _capped(law: delays.Law, time: float) -> float:
    """E[min(X, t)]."""
    return law.mean if time >= law.high else law.capped_mean(time)


def rests_of(ways: Sequence[tuple[float, Stages]]) -> Iterator[tuple[float, Stages]]:
    """The rest of a service that goes one of some ways: it is found in a stage in proportion to the stage's mean."""
    whole = sum(share * laws.mean(stages) for share, stages in ways)
    for share, stages in ways:
        for index, law in enumerate(stages):
            mean = laws.mean((law,))
            if mean > 0:
                yield share * mean / whole, (_rest(law), *stages[index + 1 :])


def _rest(law: Law) -> Law:
    match law:
        case Constant(value):
            return General("uniform", delays.laws.uniform(0.0, float(value)))
        case General():
            return Rest(f"rest of {law.name}", law.law, of=law)
    return law
