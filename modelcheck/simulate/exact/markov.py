"""The solution of a semi-Markov process: probabilities, means and counts by sparse linear equations.

(Kemeny and Snell, Finite Markov Chains, 1960, chapter III, for the absorbing chain; Howard, Dynamic Probabilistic
Systems, 1971, for the times between its steps.)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..delays import Array
from ..plan import Key
from . import laws
from .process import Process, loops_of
from .reason import NotExact


@dataclass(frozen=True)
class Solution:
    """visits: how often a job stands in each standing. ended: the probability that it ends in time; mean, variance:
    of the time of jobs that do. endings: the probability of each ending. counts: what happens, a job."""

    visits: Array
    ended: float
    mean: float
    variance: float
    endings: dict[str, float]
    counts: Counter[str | Key]


def solve(process: Process) -> Solution:
    """Solves the equations. Raises `NotExact` where a job may go on for ever."""
    _check_that_jobs_end(process)
    equations = _Equations(process)
    begins = np.zeros(len(process))
    for number, share in process.begins.items():
        begins[number] = share
    visits = equations.solve(begins, "T")
    endings: dict[str, float] = {}
    for number, name in process.endings.items():
        endings[name] = endings.get(name, 0.0) + float(visits[number])
    counts = Counter(process.first)
    for number, counted in process.counts.items():
        for what, each in counted.items():
            counts[what] += float(visits[number]) * each  # type: ignore[assignment]
    ended, mean, variance = _times(process, equations, begins, visits)
    return Solution(visits, ended, mean, variance, endings, counts)


class _Equations:
    """The equations x = P x + b of the chain, in an order in which they are triangular but for loops."""

    def __init__(self, process: Process):
        from scipy.sparse import csc_matrix, identity
        from scipy.sparse.linalg import splu

        count = len(process)
        order = [number for group in loops_of(count, process.edges) for number in group]
        self.rank = np.empty(count, dtype=np.int64)
        self.rank[order] = np.arange(count)
        sources = self.rank[[edge.source for edge in process.edges]]
        targets = self.rank[[edge.target for edge in process.edges]]
        chain = csc_matrix(([edge.share for edge in process.edges], (sources, targets)), shape=(count, count))
        # No pivoting: the diagonal of I - P is never smaller than the rest of its row.
        self.factors: Any = splu(identity(count, format="csc") - chain, permc_spec="NATURAL", diag_pivot_thresh=0.0)

    def solve(self, given: Array, trans: str = "N") -> Array:
        """x for a vector b; with trans "T", of the transposed equations."""
        ordered = np.empty(len(given))
        ordered[self.rank] = given
        found: Array = self.factors.solve(ordered, trans=trans)[self.rank]
        return found


def _times(process: Process, equations: _Equations, begins: Array, visits: Array) -> tuple[float, float, float]:
    """The probability to end in time, and mean and variance of the time where a job does; infinite where they are.

    With h the probability to end, m = E[T; ends] solves m = sum p (E[X] h' + m'), and so for the square.
    """
    over = np.array(process.ended)
    reach, first, square = np.zeros(len(process)), np.zeros(len(process)), np.zeros(len(process))
    # From where the time is over, nothing more is added: h = 1 there, although the job may still move.
    for edge in process.edges:
        if over[edge.target] and not over[edge.source]:
            reach[edge.source] += edge.share
    hits = np.where(over, 1.0, equations.solve(reach))
    ended = float(begins @ hits)
    if ended <= 0:
        return 0.0, float("nan"), float("nan")
    timed = [e for e in process.edges if not over[e.source] and visits[e.source] > 0 and hits[e.target] > 0]
    moments = {stages: (laws.mean(stages), laws.variance(stages)) for stages in {edge.stages for edge in timed}}
    if any(not np.isfinite(mean) for mean, _ in moments.values()):
        return ended, float("inf"), float("inf")
    for edge in timed:
        first[edge.source] += edge.share * moments[edge.stages][0] * hits[edge.target]
    firsts = equations.solve(first)
    mean = float(begins @ firsts) / ended
    if any(not np.isfinite(variance) for _, variance in moments.values()):
        return ended, mean, float("inf")
    for edge in timed:
        each, variance = moments[edge.stages]
        square[edge.source] += edge.share * (
            (variance + each * each) * hits[edge.target] + 2 * each * firsts[edge.target]
        )
    return ended, mean, max(0.0, float(begins @ equations.solve(square)) / ended - mean * mean)


def _check_that_jobs_end(process: Process) -> None:
    """Raises `NotExact` where there is a standing from which a job can no longer come to rest."""
    before: dict[int, list[int]] = {}
    for edge in process.edges:
        before.setdefault(edge.target, []).append(edge.source)
    reached, waiting = set(process.endings), list(process.endings)
    while waiting:
        for source in before.get(waiting.pop(), ()):
            if source not in reached:
                reached.add(source)
                waiting.append(source)
    if len(reached) < len(process):
        raise NotExact("a job may go on for ever")
