"""Jobs that arrive, in blocks: when each does, and when the next block's first one does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .delays import Array
from .plan import Plan

BLOCK = 65_536


def arriving(plan: Plan, jobs: range) -> Iterator[tuple[range, Array, float]]:
    """Blocks of jobs, when they arrive (summed up one after the other, as the event loop does), and when the next
    block's first job does: never, after the last."""
    assert plan.interval is not None
    block, times = jobs[:0], np.zeros(0)
    before = 0.0
    for start in range(jobs.start, jobs.stop, BLOCK):
        following = range(start, min(start + BLOCK, jobs.stop))
        later = np.cumsum(np.concatenate(([before], plan.interval.of_jobs(following))))[1:]
        if len(block):
            yield block, times, float(later[0])
        block, times, before = following, later, float(later[-1])
    if len(block):
        yield block, times, float("inf")
