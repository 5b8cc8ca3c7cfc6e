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

# Three points in each step integrate a survival function that is smooth there to the last digits.
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(3)


@dataclass(frozen=True, eq=False)
class Rest(General):
    """The rest of a delay `of` that runs at a random time: its distribution function is the integral of P(of > t),
    divided by the mean."""

    of: General | None = None

    @cached_property
    def moments(self) -> tuple[float, float]:
        """The mean and the mean square: E[X^2] / 2 E[X] and E[X^3] / 3 E[X]."""
        from scipy.integrate import quad

        assert self.of is not None
        mean, square = self.of.moments
        highest = min(self.of.law.high, self.of.most or np.inf)
        cube = quad(lambda t: 3 * t * t * self._survival(np.array([t]))[0], 0, highest, limit=500, full_output=1)[0]
        return square / (2 * mean), float(cube) / (3 * mean)

    def cdf(self, times: Array) -> Array:
        """P(rest <= t) for each time, in ascending order from 0."""
        assert self.of is not None
        steps = np.diff(times, prepend=min(0.0, float(times[0])))
        ends = np.maximum(times, 0.0)
        found = np.zeros(len(times))
        for point, weight in zip(POINTS, WEIGHTS, strict=True):
            found += weight / 2 * steps * self._survival(ends - steps * (1 - point) / 2)
        return np.clip(np.cumsum(found) / self.of.moments[0], 0.0, 1.0)

    def _survival(self, times: Array) -> Array:
        assert self.of is not None
        return 1 - self.of.cdf(times)


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
