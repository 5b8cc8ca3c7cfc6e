"""Zones: sets of clock values given by bounds on clocks and on their differences, as difference bound matrices.

Dill, "Timing assumptions and verification of finite-state concurrent systems" (1989); Bengtsson and Yi, "Timed
automata: semantics, algorithms and tools" (2004). Bounds are whole numbers of some unit and are never strict, so that
they are exact. Matrices are canonical: each bound is the tightest that the others imply.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

Bound: TypeAlias = int | float  # A float is infinite.
# Row i, column j: how much clock i may be ahead of clock j. Clock 0 is always 0.
Zone: TypeAlias = tuple[tuple[Bound, ...], ...]

ORIGIN: Zone = ((0, 0), (0, 0))  # One clock, at 0.


def with_clock(zone: Zone) -> Zone:
    """The zone with one more clock, at the end, which is 0."""
    rows = [(*row, row[0]) for row in zone]
    return (*rows, (*zone[0], 0))


def without_clock(zone: Zone, clock: int) -> Zone:
    """The zone for all other clocks."""
    return tuple(row[:clock] + row[clock + 1 :] for place, row in enumerate(zone) if place != clock)


def later(zone: Zone) -> Zone:
    """The zone with everything that is reached by letting time pass."""
    return (zone[0], *((math.inf, *row[1:]) for row in zone[1:]))


def at_most(zone: Zone, clock: int, bound: Bound) -> Zone | None:
    """The part of the zone in which a clock is at most this; None where there is none."""
    return _constrained(zone, clock, 0, bound)


def at_least(zone: Zone, clock: int, bound: Bound) -> Zone | None:
    """The part of the zone in which a clock is at least this; None where there is none."""
    return _constrained(zone, 0, clock, -bound)


def _constrained(zone: Zone, first: int, second: int, bound: Bound) -> Zone | None:
    """The part in which the first clock is at most `bound` ahead of the second."""
    if bound >= zone[first][second]:
        return zone
    if zone[second][first] + bound < 0:
        return None
    after = [each + bound for each in zone[second]]
    after[second] = min(after[second], bound)
    rows = []
    for row in zone:
        ahead = row[first]
        rows.append(row if ahead == math.inf else tuple(map(min, row, [ahead + each for each in after])))
    return tuple(rows)


def includes(outer: Zone, inner: Zone) -> bool:
    """Whether every point of one zone is in another one of the same clocks."""
    return all(a >= b for ours, theirs in zip(outer, inner, strict=True) for a, b in zip(ours, theirs, strict=True))


def upper(zone: Zone, clock: int) -> Bound:
    """The largest value of a clock."""
    return zone[clock][0]


def latest_times(count: int, bounds: Sequence[tuple[int, int, Bound]]) -> list[Bound]:
    """The latest time of each of some moments, all at once, where moment 0 is at 0.

    bounds: (a, b, most): moment b comes at most so much after moment a (negative: at least so much before). The latest
    times of difference constraints are shortest distances (Bellman 1958), and they satisfy all constraints together.
    """
    times: list[Bound] = [0, *([math.inf] * (count - 1))]
    for _ in range(count):
        changed = False
        for first, second, most in bounds:
            if times[first] + most < times[second]:
                times[second] = times[first] + most
                changed = True
        if not changed:
            break
    return times
