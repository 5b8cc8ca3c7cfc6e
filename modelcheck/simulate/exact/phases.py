"""The time of a job whose delays have no memory, as a distribution of phase type: exponentials of its generator.

(Neuts, Matrix-Geometric Solutions in Stochastic Models, 1981, chapter 2; the exponential by scaling and squaring, or
for many phases its product with a vector: Al-Mohy and Higham 2011, SIAM J. Sci. Comput. 33.)
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

DENSE, MOST_PHASES, STIFF = 250, 20_000, 50_000.0


def phases_of(process: Process, ended: float, mean: float) -> Function:
    """The distribution of the time of jobs that end. Raises `NotExact` where there are too many phases."""
    generator, begin, over = _generator(process)
    rates = -generator.diagonal()
    small = generator.shape[0] <= DENSE
    if not small and float(rates.max(initial=0.0)) * mean > STIFF:
        raise NotExact("some delays are very short beside others")
    dense = generator.T.toarray() if small else None
    transposed = generator.T.tocsc()

    @lru_cache(maxsize=256)
    def cdf(time: float) -> float:
        from scipy.linalg import expm
        from scipy.sparse.linalg import expm_multiply

        if dense is not None:
            later = expm(dense * time) @ begin
        else:
            later = expm_multiply(transposed * time, begin, traceA=float(-rates.sum()) * time)
        return float(later[over]) / ended

    return Function(cdf, mean, f"a matrix exponential of {len(begin)} phases")


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
