"""The time of a job whose delays have no memory, as a distribution of phase type.

(Neuts, Matrix-Geometric Solutions in Stochastic Models, 1981, chapter 2.) Computed by uniformisation (Jensen 1953;
Grassmann 1977, Computers and Operations Research 4): a chain that moves at the instants of one Poisson process; only
positive numbers are added up. Where some delays are very short beside others, by the exponential of the generator.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..delays import Array
from .distribution import Function
from .laws import Exponential, Stages
from .process import Process
from .reason import NotExact

DENSE, MOST_PHASES, MOST_WORK, LEFT = 250, 20_000, 300_000_000, 1e-14


def phases_of(process: Process, ended: float, mean: float) -> Function:
    """The distribution of the time of jobs that end. Raises `NotExact` where there are too many phases."""
    generator, begin, over = _generator(process)
    method = f"a Markov chain of {len(begin) - 1} phases in continuous time"
    rate = float(-generator.diagonal().min(initial=0.0))
    reached = _after_each_move(generator, begin, over, rate, ended)
    if reached is not None:
        return Function(lambda time: _at(reached, rate * time), mean, method)
    if len(begin) > DENSE:
        raise NotExact("some delays are very short beside others")
    dense = generator.T.toarray()

    @lru_cache(maxsize=256)
    def cdf(time: float) -> float:
        from scipy.linalg import expm

        return float((expm(dense * time) @ begin)[over]) / ended

    return Function(cdf, mean, method)


def _after_each_move(generator: Any, begin: Array, over: int, rate: float, ended: float) -> Array | None:
    """The share of jobs that are over after each number of moves, as far as some are not; nothing where that is far."""
    from scipy.sparse import identity

    if rate == 0:
        return np.ones(1)
    moves = (identity(len(begin)) + generator / rate).T.tocsr()
    here, found = begin, [begin[over] / ended]
    while found[-1] < 1 - LEFT and len(found) * (moves.nnz + 1000) < MOST_WORK:
        here = moves @ here
        found.append(float(here[over]) / ended)
        if found[-1] == found[-2] and found[-1] > 1 - 1e-12:
            break
    return np.array(found) if found[-1] > 1 - 1e-11 else None


def _at(reached: Array, expected: float) -> float:
    """The share of jobs that are over after a Poisson number of moves."""
    from scipy.stats import poisson

    low, high = (int(each) for each in poisson.interval(1 - 1e-15, expected))
    low, high = max(0, low - 2), high + 2
    counts = np.arange(low, min(high, len(reached) - 1) + 1)
    known = float(poisson.pmf(counts, expected) @ reached[counts]) if len(counts) else 0.0
    return min(1.0, known + float(poisson.sf(len(reached) - 1, expected)))


def _generator(process: Process) -> tuple[Any, Array, int]:
    """The rates between phases, where jobs begin, and the phase in which the time is over."""
    from scipy.sparse import csr_matrix, identity, lil_matrix
    from scipy.sparse.linalg import spsolve

    timed = [edge for edge in process.edges if not process.ended[edge.source]]
    rows: dict[tuple[int, Stages], int] = {}
    count = 0
    for edge in timed:
        if edge.stages and (edge.source, edge.stages) not in rows:
            rows[edge.source, edge.stages] = count
            count += len(edge.stages)
    if count > MOST_PHASES:
        raise NotExact(f"more than {MOST_PHASES:,} phases")
    over, standings = count, len(process)
    # Where a job that comes to a standing goes on: at once to other standings, or into the first phase of an edge.
    at_once, enter = lil_matrix((standings, standings)), lil_matrix((standings, count + 1))
    shares: dict[tuple[int, Stages], float] = {}
    for edge in timed:
        if edge.stages:
            shares[edge.source, edge.stages] = shares.get((edge.source, edge.stages), 0.0) + edge.share
        else:
            at_once[edge.source, edge.target] += edge.share
    for (source, stages), share in shares.items():
        enter[source, rows[source, stages]] = share
    for number in np.flatnonzero(process.ended).tolist():
        enter[number, over] = 1.0
    entry = csr_matrix(enter)
    if at_once.nnz:
        entry = csr_matrix(spsolve((identity(standings) - at_once).tocsc(), entry.tocsc()))
    leave = lil_matrix((count + 1, standings))
    inner = lil_matrix((count + 1, count + 1))
    for (_, stages), row in rows.items():
        for index, law in enumerate(stages):
            assert isinstance(law, Exponential)
            inner[row + index, row + index] = -law.rate
            if index + 1 < len(stages):
                inner[row + index, row + index + 1] = law.rate
    for edge in timed:
        if edge.stages:
            last = edge.stages[-1]
            assert isinstance(last, Exponential)
            row = rows[edge.source, edge.stages] + len(edge.stages) - 1
            leave[row, edge.target] += last.rate * edge.share / shares[edge.source, edge.stages]
    generator = csr_matrix(inner) + csr_matrix(leave) @ entry
    begins = np.zeros(standings)
    for number, share in process.begins.items():
        begins[number] = share
    return generator.tocsr(), np.asarray(entry.T @ begins), over
