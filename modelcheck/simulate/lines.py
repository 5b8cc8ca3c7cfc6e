"""Lines: how long they grow, from when each asked and when each began."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .delays import Array


class Tie(Exception):
    """Who comes first is not known from times alone."""


@dataclass
class Line:
    """The line for one pool, in blocks. longest: the most that waited at once, for some time."""

    longest: int = 0
    asked: Array = field(default_factory=lambda: np.zeros(0))
    begun: Array = field(default_factory=lambda: np.zeros(0))

    def grow(self, asked: Array, begun: Array, until: float) -> None:
        """More have asked, before `until`. Both in order: first come first served, so that the k-th who asks is
        the k-th who begins."""
        if len(self.asked):
            asked, begun = np.concatenate((self.asked, asked)), np.concatenate((self.begun, begun))
        # When one asks and n - 1 before him have not begun, n wait; where n wait, there were n - 1 before.
        low, high = self.longest, len(asked)
        step = 1
        while low < high:
            tried = min(low + step, high)
            if (begun[: len(begun) - tried + 1] > asked[tried - 1 :]).any():
                low, step = tried, 2 * step
            elif step == 1:
                break
            else:
                high, step = tried - 1, max(1, min(step // 2, tried - 1 - low))
        self.longest = low
        waiting = int(np.searchsorted(begun, until, side="right"))
        self.asked, self.begun = asked[waiting:], begun[waiting:]
