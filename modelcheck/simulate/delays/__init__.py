"""Delays: how to draw each distribution, and what is known of it exactly. Times are in seconds.

Drawing is by inversion (Devroye 1986, chapter II.2): one uniform number gives one delay, monotonically, so that
the same luck means the same thing under every distribution and every back end; `compound.mixture` says how mixtures do.

Every function raises `ModelError`: E401 and E402 for a delay built in Python that is none, E403 for a file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...distributions import COMPOUND, DEEPEST, DISTRIBUTIONS, faults, percentile_of, usage, weight_faults
from ...errors import ModelError, Problem, did_you_mean, position_of
from ...model import Delay
from . import compound, laws
from .laws import Array, Law, Transform
from .measured import Recorded, measured, stamps

__all__ = [
    "Array", "Law", "Recorded", "Sampler", "bounds", "capped_mean", "cdf", "law_of", "mean", "measured", "quantile",
    "rows_of", "sampler", "squared_variation", "stamps", "survival", "variance",
]  # fmt: skip

Sampler = Transform


def sampler(delay: Delay) -> Sampler:
    """A function from uniform numbers in (0, 1) to delays, element by element."""
    law = law_of(delay)
    return law.draw or law.quantile


def mean(delay: Delay) -> float:
    """The exact mean; infinite where there is none (a Pareto delay with a shape of 1 or less)."""
    return law_of(delay).mean


def variance(delay: Delay) -> float:
    """The exact variance, in square seconds; infinite where there is none."""
    return law_of(delay).variance


def squared_variation(delay: Delay) -> float:
    """The squared coefficient of variation, variance / mean²: 0 for a constant, 1 for an exponential delay."""
    law = law_of(delay)
    if math.isinf(law.variance):
        return math.inf
    return law.variance / law.mean**2 if law.mean else 0.0


def cdf(delay: Delay) -> Transform:
    """The distribution function: P(delay <= t) of an array of times."""
    return law_of(delay).cdf


def survival(delay: Delay) -> Transform:
    """P(delay > t) of an array of times; exact far out in the tail, where 1 - cdf is not."""
    return law_of(delay).survival


def quantile(delay: Delay) -> Transform:
    """The least time t with P(delay <= t) >= p, of an array of probabilities in (0, 1)."""
    return law_of(delay).quantile


def capped_mean(delay: Delay, limit: float) -> float:
    """E[min(delay, limit)], exact: what is waited on average for something that a timeout cuts off."""
    law = law_of(delay)
    return law.mean if limit >= law.high else law.capped_mean(max(limit, 0.0))


def bounds(delay: Delay) -> tuple[float, float]:
    """The least and the largest delay that is possible; infinite where there is no largest one."""
    law = law_of(delay)
    return law.low, law.high


def law_of(delay: Delay) -> Law:
    """All that is known of a delay."""
    problems = list(_problems(delay, 1))
    if problems:
        raise ModelError(problems)
    return _law(delay)


def _law(delay: Delay) -> Law:
    given = delay.parameters
    number = {name: float(value) for name, value in given.items() if not isinstance(value, str)}
    match delay.distribution:
        case "constant":
            return laws.constant(number["value"])
        case "exponential":
            return laws.exponential(number["mean"])
        case "uniform":
            return laws.uniform(number["low"], number["high"])
        case "lognormal":
            return _lognormal(number)
        case "gamma" | "erlang":
            return laws.gamma(number["mean"], number["shape"])
        case "weibull":
            return laws.weibull(number["scale"], number["shape"])
        case "pareto":
            shape = number["shape"]
            return laws.pareto(number["scale"] if "scale" in number else number["mean"] * (shape - 1) / shape, shape)
        case "triangular":
            return laws.triangular(number["low"], number["mode"], number["high"])
        case "shifted":
            return compound.shifted(number["by"], _law(delay.parts[0]))
        case "mixture":
            return compound.mixture(delay.weights, [_law(part) for part in delay.parts])
    values = measured(**_texts(delay))
    law = compound.empirical(np.sort(values))
    return replace(law, draw=lambda u: compound.line(values, u)) if "rows" in given else law


def _texts(delay: Delay) -> dict[str, str]:
    """Where the times of an empirical delay stand."""
    return {name: value for name, value in delay.parameters.items() if isinstance(value, str) and name != "rows"}


def rows_of(delay: Delay) -> tuple[str, int] | None:
    """The name of the rows that a delay is drawn from together with others, and how many there are."""
    rows = delay.parameters.get("rows") if delay.distribution == "empirical" else None
    return None if rows is None else (str(rows), len(measured(**_texts(delay))))


def _lognormal(number: dict[str, float]) -> Law:
    """By mean and sigma, or by the median and another percentile."""
    from scipy import special

    if "mean" in number:
        sigma = number["sigma"]
        if sigma == 0:
            return laws.constant(number["mean"])
        return laws.lognormal(math.log(number["mean"]) - sigma * sigma / 2, sigma, number["mean"])
    name, high = next((name, value) for name, value in number.items() if name != "median")
    mu = math.log(number["median"])
    sigma = (math.log(high) - mu) / float(special.ndtri(percentile_of(name) or 0.5))
    with np.errstate(over="ignore"):
        return laws.lognormal(mu, sigma, float(np.exp(mu + sigma * sigma / 2)))


def _problems(delay: Delay, depth: int) -> Iterator[Problem]:
    """What is wrong with a delay, apart from files."""
    name = delay.distribution
    place = position_of(name)
    if name not in DISTRIBUTIONS:
        yield Problem("E401", f"unknown distribution '{name}'", place, did_you_mean(name, DISTRIBUTIONS))
        return
    for fault in faults(name, delay.parameters):
        given = next((key for key in delay.parameters if key == fault.parameter), None)
        where = position_of(delay.parameters.get(fault.parameter)) or position_of(given) or place
        message = fault.message if f"'{name}'" in fault.message else f"'{name}': {fault.message}"
        yield Problem("E402", message, where, f"write {usage(name)}")
    wrong = _wrong_parts(delay, depth)
    if wrong:
        yield Problem("E402", f"'{name}': {wrong}", place)
        return
    for part in delay.parts:
        yield from _problems(part, depth + 1)


def _wrong_parts(delay: Delay, depth: int) -> str:
    count, name = len(delay.parts), delay.distribution
    if any(part.parameters.get("rows") for part in delay.parts):
        return "what is drawn by 'rows' cannot be a part of another delay"
    if name not in COMPOUND:
        return "it is not made of parts" if count or delay.weights else ""
    if depth > DEEPEST:
        return f"delays are nested deeper than {DEEPEST}"
    if name == "shifted":
        return "" if count == 1 and not delay.weights else "one delay is shifted"
    return weight_faults(delay.weights) if count == len(delay.weights) else "each part needs a probability"
