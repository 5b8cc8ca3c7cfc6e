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
from .process import Process
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
    """Solves the equations. Raises `NotExact` where a job may go on for ever, or a mean is infinite."""
    from scipy.sparse import csr_matrix, identity
    from scipy.sparse.linalg import splu

    _check_that_jobs_end(process)
    count = len(process)
    sources, targets, shares = columns(process)
    chain = csr_matrix((shares, (sources, targets)), shape=(count, count))
    equations: Any = splu((identity(count) - chain).tocsc())
    begins = np.zeros(count)
    for number, share in process.begins.items():
        begins[number] = share
    visits = equations.solve(begins, trans="T")
    endings: dict[str, float] = {}
    for number, name in process.endings.items():
        endings[name] = endings.get(name, 0.0) + float(visits[number])
    counts = Counter(process.first)
    for number, counted in process.counts.items():
        for what, each in counted.items():
            counts[what] += float(visits[number]) * each  # type: ignore[assignment]
    ended, mean, square = _times(process, equations, begins)
    return Solution(visits, ended, mean, max(0.0, square - mean * mean), endings, counts)


def columns(process: Process) -> tuple[Any, Any, Array]:
    """Sources, targets and probabilities of all edges."""
    sources = np.array([edge.source for edge in process.edges], dtype=np.int64)
    targets = np.array([edge.target for edge in process.edges], dtype=np.int64)
    return sources, targets, np.array([edge.share for edge in process.edges])


def _times(process: Process, equations: Any, begins: Array) -> tuple[float, float, float]:
    """The probability to end in time, and the mean and mean square of the time where a job does.

    With h the probability to end, m = E[T; ends] solves m = sum p (E[X] h' + m'), and so for the square.
    """
    count = len(process)
    over = np.array(process.ended)
    certain = np.where(over, 1.0, 0.0)
    reach, first, square = np.zeros(count), np.zeros(count), np.zeros(count)
    timed = [edge for edge in process.edges if not over[edge.source]]
    for edge in process.edges:
        laws.finite(edge.stages)
    # From where the time is over, nothing more is added: h = 1 there, although the job may still move.
    for edge in timed:
        if over[edge.target]:
            reach[edge.source] += edge.share
    hits = np.where(over, 1.0, equations.solve(np.where(over, 0.0, reach)))
    moments = {stages: (laws.mean(stages), laws.variance(stages)) for stages in {edge.stages for edge in timed}}
    for edge in timed:
        mean, _ = moments[edge.stages]
        first[edge.source] += edge.share * mean * hits[edge.target]
    firsts = equations.solve(first)
    for edge in timed:
        mean, variance = moments[edge.stages]
        square[edge.source] += edge.share * (
            (variance + mean * mean) * hits[edge.target] + 2 * mean * firsts[edge.target]
        )
    squares = equations.solve(square)
    ended = float(begins @ np.where(over, certain, hits))
    if ended <= 0:
        return 0.0, float("nan"), float("nan")
    return ended, float(begins @ firsts) / ended, float(begins @ squares) / ended


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
