"""The laws of single delays: quantiles, distribution functions and moments, in closed form. Times are in seconds.

Formulas as in Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions (1994). The mean of a delay that is
cut at a limit, E[min(X, limit)], is the integral of the survival function from 0 to the limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Transform: TypeAlias = Callable[[Array], Array]


@dataclass(frozen=True)
class Law:
    """A distribution of delays between `low` and `high`.

    mean, variance: exact; infinite where there is none. quantile: of probabilities in (0, 1). cdf, survival:
    P(X <= t) and P(X > t). capped_mean: E[min(X, limit)], for a limit from 0 on. draw: delays from uniform numbers in
    (0, 1), one each; None: the quantiles.
    """

    mean: float
    variance: float
    quantile: Transform
    cdf: Transform
    survival: Transform
    capped_mean: Callable[[float], float]
    low: float = 0.0
    high: float = math.inf
    draw: Transform | None = None


def constant(value: float) -> Law:
    """Always the same."""
    return Law(
        value, 0.0,
        quantile=lambda p: np.full(p.shape, value),
        cdf=lambda t: np.where(t >= value, 1.0, 0.0),
        survival=lambda t: np.where(t >= value, 0.0, 1.0),
        capped_mean=lambda limit: min(value, limit),
        low=value, high=value,
    )  # fmt: skip


def exponential(mean: float) -> Law:
    """Without memory."""
    return Law(
        mean, mean * mean,
        quantile=lambda p: -mean * np.log1p(-p),
        cdf=lambda t: -np.expm1(-np.maximum(t, 0.0) / mean),
        survival=lambda t: np.exp(-np.maximum(t, 0.0) / mean),
        capped_mean=lambda limit: -mean * math.expm1(-limit / mean),
    )  # fmt: skip


def uniform(low: float, high: float) -> Law:
    """Evenly between two times."""
    width = high - low
    if width == 0:
        return constant(low)

    def capped_mean(limit: float) -> float:
        inside = min(max(limit, low), high)
        return min(limit, low) + (inside - low) * ((high - low) + (high - inside)) / (2 * width)

    return Law(
        low + width / 2, width * width / 12,
        quantile=lambda p: low + width * p,
        cdf=lambda t: np.clip((t - low) / width, 0.0, 1.0),
        survival=lambda t: np.clip((high - t) / width, 0.0, 1.0),
        capped_mean=capped_mean,
        low=low, high=high,
    )  # fmt: skip


def lognormal(mu: float, sigma: float, mean: float) -> Law:
    """The exponential of a normal variable with mean mu and deviation sigma above 0."""
    from scipy import special

    def standard(t: Array) -> Array:
        with np.errstate(divide="ignore"):
            return (np.log(np.maximum(t, 0.0)) - mu) / sigma

    def capped_mean(limit: float) -> float:
        if limit <= 0:
            return 0.0
        z = (math.log(limit) - mu) / sigma
        below = math.exp(mu + sigma * sigma / 2 + special.log_ndtr(z - sigma))
        return float(below + limit * special.ndtr(-z))

    return Law(
        mean, square(mean) * float(special.expm1(sigma * sigma)),
        quantile=lambda p: np.exp(mu + sigma * special.ndtri(p)),
        cdf=lambda t: special.ndtr(standard(t)),
        survival=lambda t: special.ndtr(-standard(t)),
        capped_mean=capped_mean,
    )  # fmt: skip


def gamma(mean: float, shape: float) -> Law:
    """With a whole shape the sum of so many exponential stages (Erlang)."""
    from scipy import special

    scale = mean / shape

    def capped_mean(limit: float) -> float:
        x = limit / scale
        return float(mean * special.gammainc(shape + 1, x) + limit * special.gammaincc(shape, x))

    return Law(
        mean, mean * scale,
        quantile=lambda p: np.asarray(scale * special.gammaincinv(shape, p), dtype=np.float64),
        cdf=lambda t: np.asarray(special.gammainc(shape, np.maximum(t, 0.0) / scale)),
        survival=lambda t: np.asarray(special.gammaincc(shape, np.maximum(t, 0.0) / scale)),
        capped_mean=capped_mean,
    )  # fmt: skip


def weibull(scale: float, shape: float) -> Law:
    """The power `1 / shape` of an exponential variable."""
    from scipy import special

    power = 1 / shape
    first, second = float(special.gamma(1 + power)), float(special.gamma(1 + 2 * power))
    variance = scale * scale * max(second - first * first, 0.0) if math.isfinite(second) else math.inf
    return Law(
        scale * first, variance,
        quantile=lambda p: scale * np.power(-np.log1p(-p), power),
        cdf=lambda t: -np.expm1(-np.power(np.maximum(t, 0.0) / scale, shape)),
        survival=lambda t: np.exp(-np.power(np.maximum(t, 0.0) / scale, shape)),
        capped_mean=lambda limit: float(scale * first * special.gammainc(power, (limit / scale) ** shape)),
    )  # fmt: skip


def pareto(scale: float, shape: float) -> Law:
    """From `scale` on, with P(X > x) = (scale / x) ** shape."""
    mean = scale * shape / (shape - 1) if shape > 1 else math.inf
    variance = square(scale / (shape - 1)) * shape / (shape - 2) if shape > 2 else math.inf

    def capped_mean(limit: float) -> float:
        if limit <= scale:
            return limit
        log = math.log(limit / scale)
        return scale + scale * (log if shape == 1 else math.expm1((1 - shape) * log) / (1 - shape))

    return Law(
        mean, variance,
        quantile=lambda p: scale * np.exp(-np.log1p(-p) / shape),
        cdf=lambda t: -np.expm1(-shape * np.log(np.maximum(t, scale) / scale)),
        survival=lambda t: np.exp(-shape * np.log(np.maximum(t, scale) / scale)),
        capped_mean=capped_mean,
        low=scale,
    )  # fmt: skip


def triangular(low: float, mode: float, high: float) -> Law:
    """Rising from `low` to `mode`, falling to `high`."""
    width, left, right = high - low, mode - low, high - mode
    if width == 0:
        return constant(low)
    mean = low + (width + left) / 3

    def cdf(t: Array) -> Array:
        rising = np.square(np.clip(t - low, 0.0, left)) / (width * left) if left else np.zeros(t.shape)
        return np.where(t < mode, rising, 1 - falling(t))

    def falling(t: Array) -> Array:
        return np.square(np.clip(high - t, 0.0, right)) / (width * right) if right else np.zeros(t.shape)

    def survival(t: Array) -> Array:
        return np.where(t < mode, 1 - cdf(t), falling(t))

    def quantile(p: Array) -> Array:
        return np.where(p < left / width, low + np.sqrt(p * width * left), high - np.sqrt((1 - p) * width * right))

    def capped_mean(limit: float) -> float:
        if limit < mode:
            return limit - max(limit - low, 0.0) ** 3 / (3 * width * left) if left else limit
        return mean - (high - limit) ** 3 / (3 * width * right) if limit < high else mean

    variance = (width * width - left * right) / 18
    return Law(mean, variance, quantile, cdf, survival, capped_mean, low, high)


def square(value: float) -> float:
    """A square that may be too large for a number: then it is infinite."""
    return value * value
