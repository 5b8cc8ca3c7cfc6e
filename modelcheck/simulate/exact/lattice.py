"""Sums and maxima of delays on a grid, with bounds: every delay is rounded down for the one, and up for the other.

A time that is built from delays by sums and maxima grows with each of them, so the true distribution function lies
between those of the two roundings. A semi-Markov process is solved at each frequency of the transform; what would come
round again at the end of the grid is damped (Grübel and Hermesmeier 1999, "Computation of compound distributions I:
aliasing errors and exponential tilting", ASTIN Bulletin 29).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from ..delays import Array
from . import laws
from .distribution import Grid, Grids
from .laws import Law, Stages
from .process import Edge, Process, loops_of
from .rounding import LARGEST, SMALLEST, rounded

# Damping keeps a millionth of what comes round, and costs six of the sixteen digits.
DAMPING, ROUND_OFF = 14.0, 1e-8
BLOCK, MOST_WORK = 1024, 60_000_000


def grids_of(process: Process, mean: float, deviation: float) -> Grids:
    """The distribution of the time of jobs that end. First a coarse grid finds out how far a finer one has to reach."""
    edges = [edge for edge in process.edges if not process.ended[edge.source]]
    count = LARGEST
    while count > SMALLEST and count * len(edges) > MOST_WORK:
        count //= 2
    reach = mean + 12 * deviation
    if not np.isfinite(reach):
        reach = sum({law: laws.quantile(law, 0.5) for edge in edges for law in edge.stages}.values())
    enough = float("inf")
    while not np.isfinite(enough):
        enough = _both(process, edges, SMALLEST, reach).percentile(99.7).high
        reach = 8 * reach if not np.isfinite(enough) else min(reach, 1.02 * enough)
    return Grids(partial(_both, process, edges, count), reach)


def _both(process: Process, edges: list[Edge], count: int, reach: float) -> Grid:
    step = reach / count
    low, high = (_cumulative(process, edges, step, count, up) for up in (True, False))
    method = f"transform of the semi-Markov process on a grid of {count:,} steps; the bounds hold for certain"
    # What comes round again at the end of the grid, and the precision of numbers.
    doubt = ROUND_OFF + float(np.exp(-DAMPING)) * (1 - float(low[-1]))
    return Grid(step, np.clip(low - doubt, 0.0, 1.0), np.clip(high + doubt, 0.0, 1.0), method)


def _cumulative(process: Process, edges: list[Edge], step: float, count: int, up: bool) -> Array:
    damping = np.exp(-DAMPING / count * np.arange(count))
    stages = {edge.stages for edge in edges}
    transforms = {
        law: np.fft.rfft(rounded(law, step, count, up) * damping) for each in stages for law in each
    }  # fmt: skip
    found = np.zeros(count // 2 + 1, dtype=np.complex128)
    parts = _parts(process, edges)
    for begin in range(0, len(found), BLOCK):
        block = slice(begin, begin + BLOCK)
        size = len(found[block])
        here = {each: _product(each, {law: transforms[law][block] for law in each}, size) for each in stages}
        solved = _solve(process, parts, here, size)
        for number, share in process.begins.items():
            found[block] += share * solved[number]
    masses = np.fft.irfft(found, count) / damping
    total = _ended(process, edges, parts)
    return np.maximum.accumulate(np.cumsum(masses)) / total


def _product(stages: Stages, transforms: Mapping[Law, Any], size: int) -> Any:
    found = np.ones(size, dtype=np.complex128)
    for law in stages:
        found = found * transforms[law]
    return found


def _ended(process: Process, edges: list[Edge], parts: list[tuple[list[int], dict[int, list[Edge]]]]) -> float:
    """The probability that a job ends in time: the transform at frequency 0, without damping."""
    ones = {edge.stages: np.ones(1, dtype=np.complex128) for edge in edges}
    solved = _solve(process, parts, ones, 1)
    return float(sum(share * solved[number].real[0] for number, share in process.begins.items()))


def _parts(process: Process, edges: list[Edge]) -> list[tuple[list[int], dict[int, list[Edge]]]]:
    """The standings in groups that can reach each other, what comes last first, each with the edges that leave it."""
    leaving: dict[int, list[Edge]] = {}
    for edge in edges:
        leaving.setdefault(edge.source, []).append(edge)
    return [(group, {number: leaving.get(number, []) for number in group}) for group in loops_of(len(process), edges)]


def _solve(
    process: Process, parts: list[tuple[list[int], dict[int, list[Edge]]]], stages: Mapping[Stages, Any], size: int
) -> dict[int, Any]:
    """The transform of the time that is left, in each standing: phi = sum p X phi', 1 where it is over."""
    solved: dict[int, Any] = {}
    weigh = partial(_weighed, stages)
    for group, leaving in parts:
        inside = {number: index for index, number in enumerate(group)}
        known: Any = np.zeros((len(group), size), dtype=np.complex128)
        loop = np.zeros((size, len(group), len(group)), dtype=np.complex128) if _loops(group, leaving) else None
        for number, index in inside.items():
            if process.ended[number]:
                known[index] = 1.0
            for edge in leaving[number]:
                if edge.target in inside:
                    assert loop is not None
                    loop[:, index, inside[edge.target]] += weigh(edge)
                else:
                    known[index] += weigh(edge) * solved[edge.target]
        if loop is not None:
            known = np.linalg.solve(np.eye(len(group)) - loop, known.T[:, :, None])[:, :, 0].T
        solved.update({number: known[index] for number, index in inside.items()})
    return solved


def _weighed(stages: Mapping[Stages, Any], edge: Edge) -> Any:
    return edge.share * stages[edge.stages]


def _loops(group: list[int], leaving: Mapping[int, list[Edge]]) -> bool:
    return any(edge.target in leaving for number in group for edge in leaving[number])
