"""Ranges of jobs that can be run by themselves, over processes: the same bits as one after the other in this one.

Draws are addressed by the number of a job, so that it does not matter who runs it. What is sent is the design, its seed
and the range; the setting is made anew there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

from ..spread import spread_over
from .back_ends import BACK_ENDS, BackEnd
from .jobs import Runs
from .setting import Setting, Timed, setting_of


@dataclass(frozen=True)
class Range:
    """Some jobs of an expanded design, for the back end at that place of the registry (names may come twice)."""

    design: Timed
    seed: int
    back_end: int
    first: int
    stop: int


def runs_of(
    setting: Setting, chosen: BackEnd, ranges: Iterable[range], hands: Executor | None = None
) -> Iterator[Runs]:
    """The runs of ranges of jobs, in order, by the hands of a crew (`spread.crew`; None: in this process)."""
    if hands is None:
        for jobs in ranges:
            yield from chosen.blocks(setting, jobs)
        return
    seed = setting.plan.seed
    tasks = (Range(setting.design, seed, BACK_ENDS.index(chosen), jobs.start, jobs.stop) for jobs in ranges)
    for _, blocks in spread_over(hands, run_range, tasks, in_order=True):
        yield from blocks


def run_range(each: Range) -> list[Runs]:
    """The runs of one range."""
    return list(BACK_ENDS[each.back_end].blocks(_setting(each.design, each.seed), range(each.first, each.stop)))


_kept = threading.local()  # Draws keep what they drew last: threads must not share them.


def _setting(design: Timed, seed: int) -> Setting:
    """The setting of a design; the last one is kept, since many ranges have the same."""
    known: Setting | None = getattr(_kept, "setting", None)
    if known is None or known.plan.seed != seed or known.design != design:
        known = _kept.setting = setting_of(design, seed)
    return known
