"""Time: what a design takes, by the back end that fits; see `simulate`."""

from __future__ import annotations

import time
from concurrent.futures import Executor
from dataclasses import replace

import numpy as np

from .. import model
from ..errors import ModelError, Problem, position_of
from ..spread import check_workers, crew
from .asked import check_size, goal_of
from .back_ends import choose
from .combined import combined
from .course import Progress, Seen, follow
from .events import EventLoop
from .ledger import Ledger
from .paired import difference
from .possible import simulable
from .result import SimulationResult
from .setting import Setting, alone, loop_for, setting_of
from .statistics import Estimate, mean_of, paired_difference
from .summary import summary_of

__all__ = [
    "Estimate",
    "Progress",
    "Seen",
    "SimulationResult",
    "alone",
    "combined",
    "difference",
    "loop_for",
    "paired_difference",
    "simulate",
]

PILOT = 200


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
    executor: Executor | None = None,
    workers: int | None = None,
) -> SimulationResult:
    """The times of many jobs of an orchestration or a choreography, one instance each.

    Without `arrivals` each job runs alone, in an empty system; with them, jobs share workers and shared variables.
    jobs: how many (10,000); with `precision`, at most so many (10,000,000).
    back_end: `max-plus` (only where nothing queues), `events` (anything), or `auto`.
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
    notes = [*setting.plan.notes, *_loads(setting)]
    check_size(goal.jobs)
    chosen, reason = choose(setting, back_end)
    ledger = Ledger(queued=setting.plan.together and not chosen.independent, skip=skip)
    with crew(executor, workers) as hands:
        ledger, stopped = follow(setting, chosen, ledger, goal, progress, hands)
    return summary_of(setting, chosen, reason, ledger, goal, stopped, notes, elapsed=time.monotonic() - started)


def _loads(setting: Setting) -> list[str]:
    """Whether the workers can keep up, from the work that some jobs cause when each runs alone.

    A queue whose utilisation is 1 or more has no mean: it grows as long as the simulation lasts.
    """
    plan = setting.plan
    if plan.interval is None or not plan.pools:
        return []
    loop = replace(setting, plan=replace(plan, interval=None)).loop()
    done = np.array([_work_of_one(loop, number) for number in range(PILOT)])
    notes, problems = [], []
    for index, (pool, size) in enumerate(plan.pools.items()):
        load = mean_of(done[:, index] / (plan.mean_interval * size), 0.999)
        if load.low >= 1:
            message = (
                f"{pool} cannot keep up: its utilisation would be {load.value:.3g}, and its queue grows without end"
            )
            hint = "more workers, shorter times or fewer arrivals"
            problems.append(Problem("E413", message, position_of(pool), hint))
        elif load.value >= 0.95:
            notes.append(f"{pool} is close to saturation (utilisation about {load.value:.2g}): simulate many jobs")
    if problems:
        raise ModelError(problems)
    return notes


def _work_of_one(loop: EventLoop, number: int) -> list[float]:
    """The worker-seconds that one job, run alone, needs of each pool: by exact means where no task has a timeout."""
    starts, busy = dict(loop.starts), {name: pool.busy for name, pool in loop.pools.items()}
    loop.run_alone(number)
    needed = []
    for name, pool in loop.pools.items():
        users = [task for task in loop.plan.tasks.values() if name in task.pools]
        if any(task.timeout is not None for task in users):
            needed.append(pool.busy - busy[name])
        else:
            needed.append(sum((loop.starts[task.key] - starts[task.key]) * task.mean for task in users))
    return needed
