"""The laws of delays that are made of others or of measurements: shifts, mixtures, empirical distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from .laws import Array, Law, constant

# The least and the largest uniform number that is drawn.
LEAST, MOST = 2.0**-53, 1 - 2.0**-53
MOST_HALVINGS = 200


def empirical(values: Array) -> Law:
    """One of some measured values, each as likely; `values` are sorted."""
    if values[0] == values[-1]:
        return constant(float(values[0]))
    count = len(values)
    mean = float(np.mean(values))
    sums = np.concatenate(([0.0], np.cumsum(values)))

    def capped_mean(limit: float) -> float:
        below = int(np.searchsorted(values, limit, side="right"))
        return float(sums[below] + (count - below) * limit) / count if below < count else mean

    def until(t: Array) -> Array:
        return np.searchsorted(values, t, side="right").astype(np.float64)

    return Law(
        mean, float(np.var(values)),
        quantile=lambda p: line(values, p),
        cdf=lambda t: until(t) / count,
        survival=lambda t: (count - until(t)) / count,
        capped_mean=capped_mean,
        low=float(values[0]), high=float(values[-1]),
    )  # fmt: skip


def line(values: Array, p: Array) -> Array:
    """The values that stand so far down the list."""
    last = len(values) - 1  # p * count may round up to the count
    return values[np.minimum((p * len(values)).astype(np.int64), last)]


def shifted(by: float, law: Law) -> Law:
    """A fixed time, and then a delay."""
    if law.low == law.high:
        return constant(_sum(by, law.low))
    draw = law.draw
    return replace(
        law,
        mean=by + law.mean,
        quantile=lambda p: by + law.quantile(p),
        cdf=lambda t: law.cdf(t - by),
        survival=lambda t: law.survival(t - by),
        capped_mean=lambda limit: by + law.capped_mean(limit - by) if limit > by else limit,
        low=_sum(by, law.low),
        high=_sum(by, law.high),
        draw=None if draw is None else lambda u: by + draw(u),
    )


def _sum(first: float, second: float) -> float:
    """The sum of two numbers as they are written: 0.1 + 0.2 is 0.3, which bounds that must be met exactly need."""
    return float(Decimal(repr(first)) + Decimal(repr(second)))


def mixture(weights: Sequence[float], laws: Sequence[Law]) -> Law:
    """One of some delays, each with its probability.

    It is drawn with one uniform number by composition: where the number falls decides on the part, and how far into
    that part's interval it falls is the luck within it (Devroye 1986, chapter II.4). This is exact and costs no more
    than its parts; inverting the mixture's distribution function would need some sixty evaluations a draw, and be as
    good as its tolerance. The parts lie in the order of their means, so that the largest numbers give the slow
    part: luck still means about the same as under other distributions, though it is monotone only within parts.
    """
    order = sorted(range(len(laws)), key=lambda index: laws[index].mean)
    laws, total = [laws[index] for index in order], math.fsum(weights)
    weights = [weights[index] / total for index in order]
    ends = np.cumsum(weights)
    mean = math.fsum(weight * law.mean for weight, law in zip(weights, laws, strict=True))
    variance = math.inf
    if math.isfinite(mean) and all(math.isfinite(law.variance) for law in laws):
        spread = (law.variance + (law.mean - mean) ** 2 for law in laws)
        variance = math.fsum(weight * each for weight, each in zip(weights, spread, strict=True))

    def draw(uniform: Array) -> Array:
        part = np.minimum(np.searchsorted(ends, uniform, side="right"), len(laws) - 1)
        found = np.empty(uniform.shape)
        for index, law in enumerate(laws):
            here = part == index
            luck = (uniform[here] - (ends[index - 1] if index else 0.0)) / weights[index]
            found[here] = (law.draw or law.quantile)(np.clip(luck, LEAST, MOST))
        return found

    def sum_of(values: Sequence[Array]) -> Array:
        total: Array = np.sum([weight * each for weight, each in zip(weights, values, strict=True)], axis=0)
        return total

    def cdf(t: Array) -> Array:
        capped: Array = np.minimum(sum_of([law.cdf(t) for law in laws]), 1.0)
        return capped

    def survival(t: Array) -> Array:
        capped: Array = np.minimum(sum_of([law.survival(t) for law in laws]), 1.0)
        return capped

    def quantile(p: Array) -> Array:
        """By halving between the parts' quantiles, between which it lies, until neighbouring numbers are reached."""
        bounds = np.array([law.quantile(p) for law in laws])
        low, high = bounds.min(axis=0), bounds.max(axis=0)
        for _ in range(MOST_HALVINGS):
            middle = low + (high - low) / 2
            enough = cdf(middle) >= p
            if not np.any((middle > low) & (middle < high)):
                break
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        found: Array = np.where(cdf(low) >= p, low, high)
        return found

    return Law(
        mean, variance, quantile, cdf,
        survival=survival,
        capped_mean=lambda limit: math.fsum(w * law.capped_mean(limit) for w, law in zip(weights, laws, strict=True)),
        low=min(law.low for law in laws), high=max(law.high for law in laws),
        draw=draw,
    )  # fmt: skip
