"""Laws of delays as the exact solvers need them: constant, exponential, or anything else with its moments and bounds.

A delay is a row of stages, one after the other: an Erlang delay is a row of exponential ones, a shifted one a constant
and the rest; a mixture is several ways, each with its probability. Constants are exact fractions, so that things that
happen at the same time are seen to do so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np

from ...model import Delay
from .. import delays
from ..delays import Array
from .reason import NotExact

MOST_STAGES = 64
MOST_ATOMS = 24


@dataclass(frozen=True)
class Constant:
    """Always the same time."""

    value: Fraction


@dataclass(frozen=True)
class Exponential:
    """Exponential with this rate: what remains of it does not depend on how long it has lasted."""

    rate: float


class Other:
    """Any other law: its name, its mean and mean square, and its values where they are only a few."""

    name: str
    moments: tuple[float, float]
    atoms: Mapping[float, float] | None = None


@dataclass(frozen=True, eq=False)
class General(Other):
    """Any distribution, or that of its values up to `most`; `atoms`: its values, where they are only a few."""

    name: str
    law: delays.Law
    most: float | None = None
    atoms: Mapping[float, float] | None = None

    @cached_property
    def moments(self) -> tuple[float, float]:  # type: ignore[override]
        """The mean and the mean square."""
        if self.most is None:
            return self.law.mean, self.law.variance + self.law.mean**2
        late = self._late
        first = (self.law.capped_mean(self.most) - self.most * late) / (1 - late)
        return first, (_capped_square(self.law, self.most) - self.most**2 * late) / (1 - late)

    def cdf(self, times: Array) -> Array:
        """P(delay <= t) for each time."""
        found = self.law.cdf(times)
        return found if self.most is None else np.where(times >= self.most, 1.0, found / (1 - self._late))

    def beyond(self, time: float) -> float:
        """E[(delay - t)+], or more."""
        if self.most is not None:
            return max(0.0, self.most - time)
        return 0.0 if time >= self.law.high else max(0.0, self.law.mean - self.law.capped_mean(time))

    @cached_property
    def _late(self) -> float:
        assert self.most is not None
        return float(self.law.survival(np.array([self.most]))[0])


Law: TypeAlias = Constant | Exponential | Other
Stages: TypeAlias = tuple[Law, ...]


@dataclass(frozen=True)
class Way:
    """One way that a delay goes, with its probability."""

    share: float
    stages: Stages
    delay: Delay | None = None


def fraction(value: float) -> Fraction:
    """The number as it is written in decimals: 0.1 is a tenth."""
    return Fraction(repr(float(value)))


def ways_of(delay: Delay | None) -> tuple[Way, ...]:
    """The ways of a delay; one without stages where there is no delay."""
    if delay is None:
        return (Way(1.0, ()),)
    if delay.distribution == "mixture":
        parts = zip(delay.weights, delay.parts, strict=True)
        return tuple(replace(way, share=weight * way.share) for weight, part in parts for way in ways_of(part))
    if delay.distribution == "shifted":
        before = constant(float(delay.parameters["by"]))
        return tuple(
            Way(way.share, before + way.stages, replace(delay, parts=(way.delay,)))
            for way in ways_of(delay.parts[0])
            if way.delay is not None
        )
    return (Way(1.0, _stages_of(delay), delay),)


def _stages_of(delay: Delay) -> Stages:
    given, law = delay.parameters, delays.law_of(delay)
    if law.low == law.high:
        return constant(law.low)
    if delay.distribution == "exponential":
        return (Exponential(1 / law.mean),)
    if delay.distribution == "erlang" and float(given["shape"]) <= MOST_STAGES:
        return (Exponential(float(given["shape"]) / law.mean),) * int(given["shape"])
    return (General(delay.distribution, law, None, _atoms(delay)),)


def constant(value: float) -> Stages:
    """A pause; no stage where it is 0."""
    return (Constant(fraction(value)),) if value else ()


def within(way: Way, timeout: float) -> tuple[float, Stages]:
    """The probability that a delay does not exceed a timeout, and its law where it does not."""
    if way.delay is None:
        return 1.0, way.stages
    law = delays.law_of(way.delay)
    late = float(law.survival(np.array([timeout]))[0])
    if late == 0 or law.low == law.high:
        return 1 - late, way.stages
    atoms = {value: share for value, share in _atoms(way.delay).items() if value <= timeout}
    atoms = {value: share / sum(atoms.values()) for value, share in atoms.items()}
    return 1 - late, (General(f"{way.delay.distribution} up to its timeout", law, timeout, atoms),)


def mean(stages: Iterable[Law]) -> float:
    """The mean of all stages together."""
    return float(sum(moments(law)[0] for law in stages))


def variance(stages: Iterable[Law]) -> float:
    """The variance of all stages together; they are independent; infinite where one is."""
    found = [moments(law) for law in stages]
    if any(not np.isfinite(square) for _, square in found):
        return float("inf")
    return float(sum(square - first * first for first, square in found))


def moments(law: Law) -> tuple[float, float]:
    """The mean and the mean square of a law."""
    match law:
        case Constant(value):
            return float(value), float(value) ** 2
        case Exponential(rate):
            return 1 / rate, 2 / rate**2
    return law.moments


def cdf(law: Law, times: Array) -> Array:
    """P(delay <= t) for each time, in ascending order."""
    match law:
        case Constant(value):
            return np.asarray(times >= float(value), dtype=np.float64)
        case Exponential(rate):
            return np.asarray(-np.expm1(-rate * np.maximum(times, 0.0)), dtype=np.float64)
        case General():
            return law.cdf(times)
    raise NotExact(f"the distribution function of a {law.name} is not known")


def beyond(law: Law, time: float) -> float:
    """E[(delay - t)+], the mean of what exceeds a time of at least 0; or more."""
    match law:
        case Constant(value):
            return max(0.0, float(value) - time)
        case Exponential(rate):
            return float(np.exp(-rate * time)) / rate
        case General():
            return law.beyond(time)
    return law.moments[0]


def finite(stages: Iterable[Law]) -> None:
    """Raises `NotExact` where there is no mean."""
    for law in stages:
        if not np.isfinite(moments(law)[0]):
            raise NotExact(f"a {describe(law)} delay has an infinite mean")


def quantile(law: Law, share: float) -> float:
    """A time that a delay exceeds with about the probability 1 - share."""
    if isinstance(law, General):
        return float(law.law.quantile(np.array([share]))[0])
    return moments(law)[0]


def describe(law: Law) -> str:
    """The law in a word."""
    match law:
        case Constant(_):
            return "constant"
        case Exponential(_):
            return "exponential"
    return law.name


def _capped_square(law: delays.Law, most: float) -> float:
    """E[min(delay, most)^2], the integral of 2 t P(delay > t)."""
    from scipy.integrate import quad

    def integrand(time: float) -> float:
        return 2 * time * float(law.survival(np.array([time]))[0])

    breaks = [law.low] if 0 < law.low < most else None
    return float(quad(integrand, 0, most, points=breaks, limit=500, epsabs=0, epsrel=1e-11)[0])


def _atoms(delay: Delay) -> dict[float, float]:
    """The values of measured times with their shares, where they are only a few."""
    if delay.distribution != "empirical":
        return {}
    texts = {name: str(value) for name, value in delay.parameters.items()}
    values, counts = np.unique(delays.measured(**texts), return_counts=True)
    if len(values) > MOST_ATOMS:
        return {}
    return dict(zip(values.tolist(), (counts / counts.sum()).tolist(), strict=True))
