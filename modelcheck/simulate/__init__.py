"""Time: what a design takes, by the back end that fits; see `simulate`."""

from __future__ import annotations

import time
from concurrent.futures import Executor

from .. import model
from ..spread import check_workers, crew
from .asked import check_size, goal_of
from .back_ends import choose
from .course import Progress, Seen, follow
from .exactly import result_exactly, values_beside
from .ledger import Ledger
from .paired import difference
from .possible import simulable
from .result import SimulationResult
from .setting import alone, loop_for, setting_of
from .stability import saturated
from .statistics import Estimate, paired_difference
from .summary import summary_of, wanted

__all__ = [
    "Estimate",
    "Progress",
    "Seen",
    "SimulationResult",
    "alone",
    "difference",
    "loop_for",
    "paired_difference",
    "simulate",
]


def simulate(
    design: model.Model,
    jobs: int | None = None,
    seed: int = 1,
    back_end: str = "auto",
    warmup: int | str | None = None,
    confidence: float = 0.95,
    *,
    precision: float | None = None,
    precision_of: str = "mean",
    seconds: float | None = None,
    progress: Progress | None = None,
    exact: bool = False,
    executor: Executor | None = None,
    workers: int | None = None,
) -> SimulationResult:
    """The times of many jobs of an orchestration or a choreography, one instance each.

    Without `arrivals` each job runs alone, in an empty system; with them, jobs share workers and shared variables.
    jobs: how many (10,000); with `precision`, at most so many (10,000,000).
    back_end: `auto` takes the first that applies of `max-plus` (nothing queues), `queues` (no job comes back), `routes`
    (work that is known beforehand) and `events` (anything): they say the same of each job. `exact` simulates nothing,
    and gives the exact values where there is a method for them.
    exact: set exact values beside the simulated ones, and say where both do not fit; that may take a second.
    warmup: how many of the first jobs to leave out, or `none`; else by the rule `MSER-5` where jobs arrive.
    precision: go on until the interval of the mean (or of `precision_of`, such as `p99`) is this narrow: half its
    width, relative to the value. seconds: stop after this time, with what is known by then; so does an interruption
    (Ctrl-C) once something is known. progress: is told now and then how far it has come.
    executor, workers: others, or processes, who run ranges of jobs where each job runs alone (see `spread`); the bits
    are the same however many there are.
    Raises `ModelError`: nothing has a duration, a delay is wrong, or work arrives faster than it can be done.
    """
    started = time.monotonic()
    check_workers(executor, workers)
    design = simulable(design)
    goal, skip = goal_of(jobs, back_end, warmup, confidence, precision, precision_of, seconds)
    setting = setting_of(design, seed)
    notes = [*setting.plan.notes, *saturated(setting)]
    check_size(goal.jobs)
    if back_end == "exact":
        return result_exactly(setting, wanted(goal), notes)
    chosen, reason = choose(setting, back_end)
    ledger = Ledger(queued=setting.plan.together and not chosen.independent, skip=skip)
    with crew(executor, workers) as hands:
        ledger, stopped = follow(setting, chosen, ledger, goal, progress, hands)
    beside = values_beside(setting, wanted(goal)) if exact else {}
    return summary_of(setting, chosen, reason, ledger, goal, stopped, notes, beside, elapsed=time.monotonic() - started)
