"""The states that were seen: all of them in one growing array in the order of discovery, and an index to tell new ones.

The index is a bitmap where the packed domain is small; otherwise sorted runs of keys, merged geometrically (as in a
log-structured merge tree, O'Neil et al. 1996), so that each key is moved a logarithmic number of times. The key of a
state of one word is the word itself. That of several words is a hash of them, and the words are compared, so that the
search stays exact: two states with one hash raise `Collision`, and the search begins anew with another hash. Where only
fingerprints are asked for, two states with one hash count as one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .layout import Column, Layout, Numbers, Rows

Places = npt.NDArray[np.int32]

BITMAP_BITS = 31
_SIX, _ONE, _LOW = np.uint64(6), np.uint64(1), np.uint64(63)


class Collision(Exception):
    """Two states have one hash."""


class Index(Protocol):
    """What tells new states from known ones."""

    by_place: bool  # Whether it answers at once, and faster for states in order.

    def fresh(self, rows: Rows, distinct: bool) -> Rows:
        """Those of these states that were not seen before, each once; they count as seen from now on.

        distinct: no two of these states are equal.
        """

    def known(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Which of these states were seen before."""

    def keys(self, rows: Rows) -> Column:
        """A number for each of these states, another one for each state that was seen."""

    @property
    def bytes(self) -> int:
        """The memory that it takes."""


@dataclass
class Store:
    """All states that were seen, in one array that grows by half, in the order in which they were found.

    The first `forgotten` of them are not kept any more.
    """

    words: int
    size: int = 0
    forgotten: int = 0
    rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.rows = np.empty((self.words, 0), np.uint64)

    def append(self, rows: Rows) -> None:
        """Keep more states."""
        kept = self.size - self.forgotten
        size = kept + rows.shape[1]
        if size > self.rows.shape[1]:
            grown = np.empty((self.words, max(1024, size, self.rows.shape[1] * 3 // 2)), np.uint64)
            grown[:, :kept] = self.rows[:, :kept]
            self.rows = grown
        self.rows[:, kept:size] = rows
        self.size += rows.shape[1]

    def sort(self, first: int) -> None:
        """Put the states of one word from a place on in order."""
        self.part(first, self.size)[0].sort()

    def forget(self, last: int) -> None:
        """Keep the states up to a place no longer."""
        self.rows = self.part(last, self.size).copy()
        self.forgotten = last

    def part(self, first: int, last: int) -> Rows:
        """The states from one place up to another."""
        return self.rows[:, first - self.forgotten : last - self.forgotten]


def places_by_key(index: Index, store: Store) -> tuple[Column, Places]:
    """The keys of all states that were seen, sorted, and the place of each in the store."""
    keys = index.keys(store.part(0, store.size))
    order = np.argsort(keys)
    return keys[order], order.astype(np.int32)


def _word(rows: Rows) -> Column:
    return np.asarray(rows[0])


class Bitmap:
    """One bit for each state that there could be, for one word of few bits."""

    by_place = True
    keys = staticmethod(_word)

    def __init__(self, bits: int):
        self.seen = np.zeros(max(1, (1 << bits) >> 6), np.uint64)  # Pages are taken when they are first written.

    @property
    def bytes(self) -> int:
        return self.seen.nbytes

    def known(self, rows: Rows) -> npt.NDArray[np.bool_]:
        places = rows[0]
        return np.asarray(self.seen[places >> _SIX] >> (places & _LOW) & _ONE, dtype=bool)

    def fresh(self, rows: Rows, distinct: bool) -> Rows:
        new = rows[0][~self.known(rows)]
        found = new if distinct else _unique(new)
        np.bitwise_or.at(self.seen, found >> _SIX, _ONE << (found & _LOW))
        return found.reshape(1, -1)


def _unique(keys: Column) -> Column:
    ordered = np.sort(keys)
    return ordered[_firsts(ordered)]


def _firsts(ordered: Column) -> npt.NDArray[np.bool_]:
    """Which of sorted keys are not equal to the one before."""
    first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


class SortedRuns:
    """Sorted runs of states of one word, each run more than twice as long as the next."""

    by_place = False
    keys = staticmethod(_word)

    def __init__(self) -> None:
        self.runs: list[Column] = []

    @property
    def bytes(self) -> int:
        return sum(run.nbytes for run in self.runs)

    def known(self, rows: Rows) -> npt.NDArray[np.bool_]:
        found = np.zeros(rows.shape[1], bool)
        for run in self.runs:
            found |= _among(run, rows[0])
        return found

    def fresh(self, rows: Rows, distinct: bool) -> Rows:
        found = np.sort(rows[0]) if distinct else _unique(rows[0])
        for run in self.runs:
            found = found[~_among(run, found)]
        if len(found):
            self.add(found)
        return found.reshape(1, -1)

    def add(self, run: Column) -> None:
        """One more run; runs that are not more than twice as long are merged into it."""
        while self.runs and len(self.runs[-1]) <= 2 * len(run):
            run = np.concatenate([self.runs.pop(), run])
            run.sort(kind="stable")  # Two runs: numpy's merge sort finds them.
        self.runs.append(run)


def _among(run: Column, keys: Column) -> npt.NDArray[np.bool_]:
    """Which keys a sorted run holds."""
    places = np.searchsorted(run, keys)
    places[places == len(run)] = 0
    return np.asarray(run[places] == keys)


class HashedRuns:
    """Sorted runs of hashes of states of several words, with the places of these states in the store."""

    by_place = False

    def __init__(self, store: Store, seed: int, exact: bool = True):
        self.store, self.exact = store, exact
        numbers = np.random.default_rng(seed).integers(1, 1 << 63, store.words, dtype=np.uint64)
        self.factors = (numbers << _ONE) | _ONE
        self.runs: list[tuple[Column, Numbers]] = []

    @property
    def bytes(self) -> int:
        return sum(keys.nbytes + places.nbytes for keys, places in self.runs)

    def keys(self, rows: Rows) -> Column:
        """A hash of each state: multiply, shift and add a word at a time."""
        key = np.zeros(rows.shape[1], np.uint64)
        for word, factor in zip(rows, self.factors, strict=True):
            key ^= word
            key *= factor
            key ^= key >> np.uint64(29)
        key *= self.factors[0]
        return np.asarray(key ^ (key >> np.uint64(32)))

    def known(self, rows: Rows) -> npt.NDArray[np.bool_]:
        return self._known(self.keys(rows), rows)

    def _known(self, keys: Column, rows: Rows) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(keys), bool)
        for run, places in self.runs:
            at = np.searchsorted(run, keys)
            at[at == len(run)] = 0
            hit = run[at] == keys
            if self.exact and hit.any() and not np.array_equal(self.store.rows[:, places[at[hit]]], rows[:, hit]):
                raise Collision
            found |= hit
        return found

    def fresh(self, rows: Rows, distinct: bool) -> Rows:
        return rows[:, self.fresh_places(rows, distinct)]

    def fresh_places(self, rows: Rows, distinct: bool) -> Numbers:
        """The places among these states of those that `fresh` gives."""
        keys = self.keys(rows)
        order = np.argsort(keys)
        keys = keys[order]
        first = _firsts(keys)
        if self.exact:
            again = np.flatnonzero(~first)
            if (distinct and len(again)) or not np.array_equal(rows[:, order[again]], rows[:, order[again - 1]]):
                raise Collision
        keys, order = keys[first], order[first]
        fresh = ~self._known(keys, rows[:, order])
        keys, order = keys[fresh], order[fresh]
        if len(keys):
            self.add(keys, np.arange(self.store.size, self.store.size + len(keys)))
        return order

    def add(self, keys: Column, places: Numbers) -> None:
        """One more run; runs that are not more than twice as long are merged into it."""
        while self.runs and len(self.runs[-1][0]) <= 2 * len(keys):
            older, older_places = self.runs.pop()
            at = np.searchsorted(older, keys) + np.arange(len(keys))
            old = np.ones(len(older) + len(keys), bool)
            old[at] = False
            merged, merged_places = np.empty(len(old), np.uint64), np.empty(len(old), np.int64)
            merged[at], merged[old] = keys, older
            merged_places[at], merged_places[old] = places, older_places
            keys, places = merged, merged_places
        self.runs.append((keys, places))


def index_of(layout: Layout, store: Store, seed: int = 1) -> Index:
    """The index that suits a layout."""
    if layout.words > 1:
        return HashedRuns(store, seed)
    return Bitmap(layout.bits) if layout.bits <= BITMAP_BITS else SortedRuns()
