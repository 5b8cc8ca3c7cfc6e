"""Exit codes: 0 all as it should be, 1 something is not, 2 wrong usage or a wrong model, 3 undecided or bounded."""

from __future__ import annotations

from collections.abc import Sequence

GOOD, WRONG, UNUSABLE, OPEN, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 3, 130, 141
_WORST_FIRST = (UNUSABLE, WRONG, OPEN, GOOD)


def worst(codes: Sequence[int]) -> int:
    """The exit code of several models together."""
    return min(codes, key=_WORST_FIRST.index, default=GOOD)
