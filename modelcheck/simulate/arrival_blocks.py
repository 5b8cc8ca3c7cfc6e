"""Jobs that arrive, in blocks: when each does, and when the next block's first one does."""

from __future__ import annotations

from collections.abc import Iterator

from .delays import Array
from .plan import Plan

BLOCK = 65_536


def arrives_not(plan: Plan) -> str:
    """Why jobs do not arrive at times that are known beforehand; empty where they do."""
    if plan.users is not None:
        return "users wait for their jobs"
    return "each job runs alone" if plan.interval is None else ""


def arriving(plan: Plan, jobs: range) -> Iterator[tuple[range, Array, float]]:
    """Blocks of jobs, when they arrive, and when the next block's first job does: never, after the last."""
    assert plan.interval is not None
    for start in range(jobs.start, jobs.stop, BLOCK):
        block = range(start, min(start + BLOCK, jobs.stop))
        times = plan.interval.times(block)
        until = float(plan.interval.times(range(block.stop, block.stop + 1))[0]) if block.stop < jobs.stop else None
        yield block, times, float("inf") if until is None else until
