"""Graphs in arrays, by scipy's compiled algorithms: who reaches whom, and what is strongly connected.

States are numbers from 0. A graph is a sparse matrix with a row for each state: nothing walks edge by edge in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.signedinteger[Any]]  # As wide as it takes.


def csr_of(source: Places, target: Places, size: int, kept: Mask | None = None) -> csr_array:
    """The edges that are kept (None: all) as a sparse matrix; they are sorted by their source."""
    from scipy.sparse import csr_array

    if kept is not None:
        source, target = source[kept], target[kept]
    first = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(source, minlength=size), out=first[1:])
    return csr_array((np.ones(len(target), np.int8), target, first), shape=(size, size))


def strong_components(matrix: csr_array) -> Numbers:
    """The number of the strongly connected component of each state."""
    from scipy.sparse.csgraph import connected_components

    if not matrix.shape[0]:
        return np.zeros(0, np.int64)
    labels: npt.NDArray[Any] = connected_components(matrix, connection="strong")[1]
    return labels.astype(np.int64)


def reached_from(matrix: csr_array, starts: Numbers, distances: Numbers) -> tuple[Numbers, Numbers]:
    """The states that can be reached from some starts, nearest first, and the state before each (-1: it is a start).

    distances: how far away each start is, at least 0. A state is reached as soon as from any start: breadth-first, from
    a chain of additional states of which the one at distance d leads to the starts at that distance.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order

    size = matrix.shape[0]
    if not len(starts):
        return np.zeros(0, np.int64), np.full(size, -1, np.int64)
    by_distance = np.argsort(distances, kind="stable")
    ranks = distances[by_distance] - distances.min()
    links = int(ranks[-1]) + 1
    counts = np.bincount(ranks, minlength=links)
    counts[:-1] += 1  # The last edge of each goes on along the chain.
    first = np.concatenate([matrix.indptr, matrix.indptr[-1] + np.cumsum(counts)])
    chain = np.insert(
        starts[by_distance], np.cumsum(np.bincount(ranks, minlength=links))[:-1], size + 1 + np.arange(links - 1)
    )
    following = np.concatenate([matrix.indices, chain])
    whole = csr_array((np.ones(len(following), np.int8), following, first), shape=(size + links, size + links))
    order, before = breadth_first_order(whole, size, return_predecessors=True)
    before = before[:size]
    before[before >= size] = -1
    return np.asarray(order[order < size], np.int64), np.asarray(before, np.int64)
