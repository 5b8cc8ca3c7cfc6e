"""How times are spread: all of them in order, or counts in bins whose width is a fixed share of the time.

The bins are those of an HDR histogram (Tene 2012), the log-linear mapping of DDSketch (Masson, Rim and Lee, "DDSketch:
a fast and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019): each octave is cut into 512
equal parts, which is where the first bits of a floating point number put it. Any percentile is within `ERROR` of the
true one, in whatever order the values came; sketches of parts add up to the sketch of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..delays import Array

PARTS_BITS = 9
ERROR = 2.0 ** -(PARTS_BITS + 1)  # half the width of a bin, relative to its lower end
SHIFT = 52 - PARTS_BITS
SMALLEST = 2.0**-80  # what is smaller counts as 0

Counts = NDArray[np.int64]


class Ranked(Protocol):
    """Values of which any can be asked for by its rank, from 0."""

    @property
    def count(self) -> int: ...

    @property
    def error(self) -> float:
        """How far off a value may be, relative to it."""

    def at(self, rank: int) -> float: ...


@dataclass(frozen=True)
class Sorted:
    """All values, in order: exact."""

    values: Array
    error: float = 0.0

    @property
    def count(self) -> int:
        return len(self.values)

    def at(self, rank: int) -> float:
        return float(self.values[rank])


@dataclass(frozen=True)
class Sketch:
    """Values of at least 0, counted in bins: how many were 0, and how many in the bins from number `first` on."""

    zeros: int = 0
    first: int = 0
    counts: Counts = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    error: float = ERROR

    @property
    def count(self) -> int:
        return self.zeros + int(self.counts.sum())

    def at(self, rank: int) -> float:
        """The value of that rank, but for the error."""
        if rank < self.zeros:
            return 0.0
        place = int(np.searchsorted(np.cumsum(self.counts), rank - self.zeros, side="right"))
        return _middle(self.first + min(place, len(self.counts) - 1))

    def up_to(self, value: float) -> int:
        """How many are at most as large as the bin of this value reaches."""
        if value < SMALLEST:
            return self.zeros
        number = int(_numbers(np.array([value]))[0])
        return self.zeros + int(self.counts[: max(0, number + 1 - self.first)].sum())

    def merged(self, other: Sketch) -> Sketch:
        """Of both together."""
        if not len(self.counts) or not len(other.counts):
            longer = self if len(self.counts) else other
            return Sketch(self.zeros + other.zeros, longer.first, longer.counts)
        first = min(self.first, other.first)
        counts = np.zeros(max(each.first + len(each.counts) for each in (self, other)) - first, dtype=np.int64)
        for each in (self, other):
            counts[each.first - first : each.first - first + len(each.counts)] += each.counts
        return Sketch(self.zeros + other.zeros, first, counts)


def sketch_of(values: Array) -> Sketch:
    """The sketch of an array of numbers of at least 0."""
    positive = values[values >= SMALLEST]
    if not len(positive):
        return Sketch(len(values))
    numbers = _numbers(positive)
    first = int(numbers.min())
    numbers -= first
    return Sketch(len(values) - len(positive), first, np.bincount(numbers).astype(np.int64))


def together(sketches: Iterable[Sketch]) -> Sketch:
    """The sketch of all values of some sketches."""
    found = Sketch()
    for each in sketches:
        found = found.merged(each)
    return found


def _numbers(values: Array) -> Counts:
    """Which bin each value is in: the exponent and the first bits of the mantissa."""
    numbers: Counts = np.ascontiguousarray(values, dtype=np.float64).view(np.int64) >> SHIFT
    return numbers


def _middle(number: int) -> float:
    low, high = (float(np.array([each << SHIFT], dtype=np.int64).view(np.float64)[0]) for each in (number, number + 1))
    return (low + high) / 2 if math.isfinite(high) else low


@dataclass(frozen=True)
class Spread:
    """A stream as sketches of consecutive parts of equal size, at most `most` (an even number) of them.

    When there would be more, neighbours are put together: memory does not grow, and what came first can be left out.
    """

    parts: tuple[Sketch, ...] = ()
    size: int = 1 << 13
    rest: Array = field(default_factory=lambda: np.zeros(0))
    most: int = 128

    def plus(self, values: Array) -> Spread:
        """With more values."""
        parts, size = self.parts, self.size
        rest = np.concatenate((self.rest, values)) if len(self.rest) else values
        begin = 0
        while len(rest) - begin >= size:
            if len(parts) == self.most:
                parts = tuple(parts[i].merged(parts[i + 1]) for i in range(0, self.most, 2))
                size *= 2
                continue
            parts = (*parts, sketch_of(rest[begin : begin + size]))
            begin += size
        return Spread(parts, size, rest[begin:].copy(), self.most)

    def without(self, first: int) -> tuple[Sketch, ...]:
        """The sketches of the whole parts after the first values, and of what fills no part yet."""
        return (*self.parts[-(-first // self.size) :], sketch_of(self.rest))
