"""Graphs in arrays, by scipy's compiled algorithms: who reaches whom, and what is strongly connected.

States are numbers from 0. A graph is a sparse matrix with a row for each state: nothing walks edge by edge in Python.
Its values mean nothing: all of them are one number in memory, of the type that scipy's algorithms would convert to.
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
    if kept is not None and not kept.all():
        source, target = source[kept], target[kept]
    first: Places = np.zeros(size + 1, np.int32 if len(target) < 2**31 else np.int64)
    np.cumsum(np.bincount(source, minlength=size), out=first[1:])
    return _matrix(target, first)


def _matrix(following: Places, first: Places) -> csr_array:
    """The states that follow state s are those from `first[s]` up to `first[s + 1]`."""
    from scipy.sparse import csr_array

    size = len(first) - 1
    return csr_array((np.broadcast_to(np.float64(1), len(following)), following, first), shape=(size, size))


def reversed_of(source: Places, target: Places, size: int) -> csr_array:
    """The edges turned round, as a sparse matrix; they are sorted by their source."""
    from scipy.sparse import csr_array

    matrix = csr_of(source, target, size)
    narrow = csr_array((np.ones(len(target), np.int8), matrix.indices, matrix.indptr), shape=(size, size))
    turned = narrow.T.tocsr()
    return _matrix(turned.indices, turned.indptr)


def strong_components(matrix: csr_array) -> tuple[int, Places]:
    """How many strongly connected components there are, and the number of that of each state."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if not matrix.shape[0]:
        return 0, np.zeros(0, np.int32)
    # Where an edge comes twice scipy's algorithm may never end (1.17). Sums of so narrow values mean nothing, either.
    once = csr_array((np.ones(matrix.nnz, np.int8), matrix.indices, matrix.indptr), shape=matrix.shape, copy=True)
    once.sum_duplicates()
    found: tuple[int, Places] = connected_components(_matrix(once.indices, once.indptr), connection="strong")
    return found


def reached_from(matrix: csr_array, starts: Numbers, distances: Numbers) -> tuple[Places, Places]:
    """The states that can be reached from some starts, nearest first, and the state before each (-1: it is a start).

    distances: how far away each start is, at least 0. A state is reached as soon as from any start: breadth-first, from
    a chain of additional states of which the one at distance d leads to the starts at that distance.
    """
    from scipy.sparse.csgraph import breadth_first_order

    size = matrix.shape[0]
    if not len(starts):
        return np.zeros(0, np.int32), np.full(size, -1, np.int32)
    if len(starts) == 1:
        order, before = breadth_first_order(matrix, int(starts[0]), return_predecessors=True)
        before[before < 0] = -1  # What is not reached has another number below 0.
        return order, before
    by_distance = np.argsort(distances, kind="stable")
    ranks = distances[by_distance] - distances.min()
    links = int(ranks[-1]) + 1
    counts = np.bincount(ranks, minlength=links)
    counts[:-1] += 1  # The last edge of each goes on along the chain.
    first = np.concatenate([matrix.indptr, matrix.indptr[-1] + np.cumsum(counts, dtype=matrix.indptr.dtype)])
    chain = np.insert(
        starts[by_distance], np.cumsum(np.bincount(ranks, minlength=links))[:-1], size + 1 + np.arange(links - 1)
    )
    following = np.concatenate([matrix.indices, chain.astype(matrix.indices.dtype)])
    order, before = breadth_first_order(_matrix(following, first), size, return_predecessors=True)
    before = before[:size]
    before[(before >= size) | (before < 0)] = -1
    return order[order < size], before
