"""Queues in closed form, in the long run: waiting times, loss, response times.

arrivals, service: rates, a second. Every function that needs a queue which does not grow for ever raises `NotExact`
where the utilisation is 1 or more. Sources: Kleinrock, Queueing Systems, volume 1 (1975); Gross and Harris,
Fundamentals of Queueing Theory (1998).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .. import delays
from .reason import NotExact


def utilisation(arrivals: float, service: float, workers: int) -> float:
    """The busy share of each worker. Raises `NotExact` where it is 1 or more."""
    found = arrivals / (service * workers)
    if found >= 1:
        raise NotExact(
            f"the workers cannot keep up: their utilisation would be {found:.4g}, and the queue never settles"
        )
    return found


def erlang_b(load: float, workers: int) -> float:
    """The share of arrivals that find all workers busy where nobody waits (Erlang 1917), by its recursion."""
    found = 1.0
    for each in range(1, workers + 1):
        found = load * found / (each + load * found)
    return found


def erlang_c(load: float, workers: int) -> float:
    """The probability that an arrival has to wait (Erlang 1917); load: arrivals / service."""
    busy = utilisation(load, 1.0, workers)
    lost = erlang_b(load, workers)
    return lost / (1 - busy * (1 - lost))


def wait_mmc(arrivals: float, service: float, workers: int) -> float:
    """The mean wait for one of several workers, with exponential services and Poisson arrivals."""
    return erlang_c(arrivals / service, workers) / (workers * service - arrivals)


def response_mmc(arrivals: float, service: float, workers: int) -> Callable[[float], float]:
    """P(wait + service <= t) for first come first served (Gross and Harris, section 2.3)."""
    waits = erlang_c(arrivals / service, workers)
    spare = workers * service - arrivals

    def cdf(time: float) -> float:
        if math.isclose(spare, service, rel_tol=1e-9):
            return 1 - math.exp(-service * time) * (1 + waits * service * time)
        later = service * math.exp(-spare * time) - spare * math.exp(-service * time)
        return (1 - waits) * -math.expm1(-service * time) + waits * (1 - later / (service - spare))

    return cdf


def wait_mg1(arrivals: float, mean: float, square: float) -> float:
    """The mean wait for one worker, with services of this mean and mean square (Pollaczek 1930, Khinchine 1932)."""
    busy = utilisation(arrivals, 1 / mean, 1) if mean else 0.0
    return arrivals * square / (2 * (1 - busy))


def rate_gm1(transform: Callable[[float], float], interval: float, service: float) -> tuple[float, float]:
    """For one worker with exponential services and any independent intervals between arrivals: the probability sigma
    to wait, and the rate of the response time, which is exponential.

    sigma is the root of sigma = A*(service (1 - sigma)) below 1, A* the Laplace transform of the intervals (Kendall
    1953; Kleinrock, section 6.4).
    """
    from scipy.optimize import brentq

    busy = utilisation(1 / interval, service, 1)

    def gap(sigma: float) -> float:
        return transform(service * (1 - sigma)) - sigma

    # gap is convex, positive at 0 and falls through the root, before the other root 1.
    high = 1 - (1 - busy) * 1e-9
    while gap(high) > 0 and high < 1 - 1e-15:
        high = 1 - (1 - high) / 10
    low = 0.5
    while gap(low) < 0:
        low /= 2
        if low < 1e-300:
            return 0.0, service
    least = low
    for step in np.linspace(low, high, 64):
        if gap(float(step)) < 0:
            high = float(step)
            break
        least = float(step)
    sigma = float(brentq(gap, least, high, xtol=1e-15, rtol=1e-14))
    return sigma, service * (1 - sigma)


def transform_of(law: delays.Law) -> Callable[[float], float]:
    """The Laplace transform of a delay: E[exp(-s X)] = 1 - s times the integral of exp(-s t) P(X > t)."""
    from scipy.integrate import quad

    if law.low == law.high:
        return lambda s: math.exp(-s * law.low)
    shares = np.array([0.001, 0.25, 0.5, 0.75, 0.99, 0.999999])
    points = sorted({0.0, law.low, *law.quantile(shares).tolist()})
    ends = (*points[1:], law.high)

    def transform(s: float) -> float:
        def integrand(time: float) -> float:
            return math.exp(-s * time) * float(law.survival(np.array([time]))[0])

        whole = sum(
            quad(integrand, low, high, limit=200, epsabs=1e-14, epsrel=1e-12, full_output=1)[0]
            for low, high in zip(points, ends, strict=True)
            if high > low
        )
        return 1 - s * float(whole)

    return transform


def loss_mmck(arrivals: float, service: float, workers: int, room: int) -> tuple[float, float]:
    """The share of arrivals that is lost, and the mean response time of the others, where only `room` jobs fit, those
    in service among them: Poisson arrivals, exponential services (Gross and Harris, section 2.4)."""
    rates = service * np.minimum(np.arange(1, room + 1), workers)
    weights = np.concatenate(([1.0], np.cumprod(arrivals / rates)))
    shares = weights / weights.sum()
    lost = float(shares[-1])
    return lost, float(np.arange(room + 1) @ shares) / (arrivals * (1 - lost))


def fork_join_of_two(arrivals: float, service: float) -> float:
    """The mean response time of jobs that are done by two equal workers at once, each with its own queue: Poisson
    arrivals, exponential services (Flatto and Hahn 1984, SIAM J. Appl. Math. 44; Nelson and Tantawi 1988)."""
    busy = utilisation(arrivals, service, 1)
    return (12 - busy) / (8 * (service - arrivals))


def fork_join(arrivals: float, service: float, width: int) -> float:
    """An approximation of the same for more than two workers (Nelson and Tantawi 1988, IEEE Trans. Computers 37)."""
    busy = utilisation(arrivals, service, 1)
    harmonic = sum(1 / each for each in range(1, width + 1))
    return (harmonic / 1.5 + 4 / 11 * (1 - harmonic / 1.5) * busy) * fork_join_of_two(arrivals, service)
