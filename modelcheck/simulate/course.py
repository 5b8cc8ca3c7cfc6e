"""How long a simulation goes on: until all jobs are done, until it is precise enough, or until it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise

from .back_ends import BackEnd
from .jobs import Runs
from .ledger import Ledger
from .measures import Measures
from .ranges import runs_of
from .setting import Setting
from .statistics import Estimate

FIRST_LOOK = 1_000
LEAST_GROWTH, MOST_GROWTH = 1.25, 4.0
PIECE, PIECE_OF_EVENTS = 1 << 16, 1 << 13
PRECISION, SECONDS, INTERRUPTED = "precision", "seconds", "interrupted"


@dataclass(frozen=True)
class Goal:
    """When a simulation ends: after so many jobs, seconds, or when an interval is tight enough.

    precision: half the width of the interval of `precision_of` (`mean`, `p99`), relative to the value.
    """

    jobs: int
    confidence: float = 0.95
    mser: bool = True
    precision: float | None = None
    precision_of: str = "mean"
    seconds: float | None = None

    def estimate(self, ledger: Ledger) -> tuple[Estimate, str]:
        """What is to be precise, as it is known so far; and why it cannot be trusted."""
        measures = Measures(ledger, self.mser)
        if self.precision_of == "mean":
            return measures.mean(self.confidence), measures.doubt
        return measures.percentile(float(self.precision_of[1:]), self.confidence), measures.doubt


@dataclass(frozen=True)
class Seen:
    """How far a simulation has come: jobs that are done, of at most so many, in so many seconds; their mean time."""

    jobs: int
    of: int
    seconds: float
    mean: float


Progress = Callable[[Seen], None]


def follow(
    setting: Setting,
    chosen: BackEnd,
    ledger: Ledger,
    goal: Goal,
    progress: Progress | None = None,
    hands: Executor | None = None,
) -> tuple[Ledger, str]:
    """The ledger of a simulation, and what stopped it: `precision`, `seconds`, `interrupted`; empty: all jobs are done.

    hands: who else works, on ranges of jobs that can be run by themselves (`spread.crew`; None: nobody).
    Raises `KeyboardInterrupt` where nothing is known yet.
    """
    started = time.monotonic()
    course = _Course(goal)
    try:
        for runs in _blocks(setting, chosen, course, hands):
            ledger = ledger.plus(runs)
            spent = time.monotonic() - started
            if progress is not None:
                progress(Seen(ledger.jobs, goal.jobs, spent, ledger.times.mean))
            if course.precise(ledger):
                return ledger, PRECISION
            if goal.seconds is not None and spent >= goal.seconds and ledger.jobs < goal.jobs:
                return ledger, SECONDS
    except KeyboardInterrupt:
        if not ledger.jobs:
            raise
        return ledger, INTERRUPTED
    return ledger, ""


class _Course:
    """When to look next whether the goal is reached.

    Sequential stopping (Chow and Robbins 1965) with a relative half width of precision / (1 + precision), which is then
    at most `precision` of the true value (Law and Kelton, Simulation Modeling and Analysis, section 9.4.1). The number
    of jobs grows by a factor between looks, as many as seem to be needed: looking at every job would stop too early.
    """

    def __init__(self, goal: Goal):
        self.goal = goal
        self.look = goal.jobs if goal.precision is None else min(goal.jobs, FIRST_LOOK)

    def precise(self, ledger: Ledger) -> bool:
        """Whether the goal is reached; if not, it is looked at later again."""
        goal = self.goal
        if goal.precision is None or ledger.jobs < self.look:
            return False
        target = goal.precision / (1 + goal.precision)
        found, doubt = goal.estimate(ledger)
        if found.precision <= target and not doubt:
            return True
        growth = min(MOST_GROWTH, max(LEAST_GROWTH, 1.05 * (found.precision / target) ** 2))
        self.look = min(goal.jobs, int(ledger.jobs * growth))
        return False


def _blocks(setting: Setting, chosen: BackEnd, course: _Course, hands: Executor | None) -> Iterator[Runs]:
    """The runs in blocks; ranges that can be run by themselves end where it is looked whether the goal is reached."""
    jobs = course.goal.jobs
    if not separable(setting, chosen):
        yield from chosen.blocks(setting, range(jobs))
        return
    done = 0
    while done < jobs:
        until = course.look if course.look > done else jobs
        ranges = pieces(range(done, until), PIECE if chosen.independent else PIECE_OF_EVENTS)
        yield from runs_of(setting, chosen, ranges, hands if len(ranges) > 1 else None)
        done = until


def pieces(jobs: range, size: int) -> list[range]:
    """The jobs, cut at the multiples of a size: however much is run at once, the cuts are the same."""
    cuts = [jobs.start, *range(jobs.start - jobs.start % size + size, jobs.stop, size), jobs.stop]
    return [range(first, last) for first, last in pairwise(cuts)]


def separable(setting: Setting, chosen: BackEnd) -> bool:
    """Whether any range of jobs can be run by itself."""
    return chosen.independent or not setting.plan.together
