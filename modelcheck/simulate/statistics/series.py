"""A stream as the sums of consecutive cells: what batch means and the end of the warm-up are found from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..delays import Array

FIVE = 5


@dataclass(frozen=True)
class Series:
    """The sums of cells of `size` consecutive values, at most `most` (an even number) of them.

    When there would be more, neighbours are put together and the size doubles: memory does not grow (the collapsing
    batches of Law and Carson 1979). `rest`: values that do not fill a cell yet.
    """

    sums: Array = field(default_factory=lambda: np.zeros(0))
    size: int = FIVE
    rest: Array = field(default_factory=lambda: np.zeros(0))
    most: int = 1 << 18

    @property
    def means(self) -> Array:
        """The mean of each cell."""
        found: Array = self.sums / self.size
        return found

    def plus(self, values: Array) -> Series:
        """With more values."""
        sums, size = self.sums, self.size
        rest = np.concatenate((self.rest, values)) if len(self.rest) else values
        begin = 0
        while len(rest) - begin >= size:
            if len(sums) == self.most:
                sums, size = sums[0::2] + sums[1::2], 2 * size
                continue
            cells = min((len(rest) - begin) // size, self.most - len(sums))
            end = begin + cells * size
            sums = np.concatenate((sums, np.add.reduceat(rest[begin:end], np.arange(0, cells * size, size))))
            begin = end
        return Series(sums, size, rest[begin:].copy(), self.most)

    def beginning_with(self, value: float, count: int) -> Series:
        """The stream that began with so many times the same value, in front of an empty one."""
        size = self.size
        while count // size > self.most:
            size *= 2
        return Series(np.full(count // size, value * size), size, np.full(count % size, value), self.most)

    def without(self, first: int) -> tuple[int, float]:
        """How many values there are after the first cells, and their sum."""
        left = self.sums[first:]
        return len(left) * self.size + len(self.rest), float(left.sum() + self.rest.sum())
