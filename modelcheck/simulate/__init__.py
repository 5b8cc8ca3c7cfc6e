"""Time: what a design takes, by the back end that fits; see `simulate`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .. import model
from ..errors import ModelError, Problem, position_of
from .back_ends import NAMES, BackEnd, choose
from .events import EventLoop
from .jobs import Runs, joined
from .possible import simulable
from .result import SimulationResult
from .setting import Setting, alone, loop_for, setting_of
from .statistics import (
    Estimate,
    mean_of,
    mean_of_queued,
    paired_difference,
    percentile_of,
    percentile_of_queued,
    proportion_of,
    warm_up,
)

__all__ = ["Estimate", "SimulationResult", "alone", "loop_for", "paired_difference", "simulate"]

PERCENTILES = (50, 95, 99)
MOST_JOBS = 10_000_000
PILOT = 200
SUCCESS = ("completed", "finished")


def simulate(
    design: model.Model,
    jobs: int = 10_000,
    seed: int = 1,
    back_end: str = "auto",
    warmup: int | None = None,
    confidence: float = 0.95,
) -> SimulationResult:
    """The times of many jobs of an orchestration or a choreography, one instance each.

    Without `arrivals` each job runs alone, in an empty system; with them, jobs share workers and shared variables.
    back_end: `max-plus` (only where nothing queues, fails or branches), `events` (anything), or `auto`.
    warmup: how many of the first jobs to leave out; None: by the rule MSER-5 where jobs arrive, else 0.
    Raises `ModelError`: nothing has a duration, a delay is wrong, or work arrives faster than it can be done.
    """
    design = simulable(design)
    _check_numbers(jobs, back_end, warmup, confidence)
    setting = setting_of(design, seed)
    notes = [*setting.plan.notes, *_loads(setting)]
    if jobs > MOST_JOBS:
        raise ModelError([Problem("E411", f"{jobs:,} jobs are too many", None, f"give at most {MOST_JOBS:,}")])
    chosen, reason = choose(setting, back_end)
    runs = joined(chosen.blocks(setting, range(jobs)))
    return _summary(setting, runs, chosen, reason, warmup, confidence, notes)


def _check_numbers(jobs: int, back_end: str, warmup: int | None, confidence: float) -> None:
    problems = []
    if jobs < 1:
        problems.append(Problem("E411", f"{jobs} jobs cannot be simulated", None, "give at least 1"))
    if back_end not in NAMES:
        problems.append(Problem("E411", f"unknown back end '{back_end}'", None, f"one of {', '.join(NAMES)}"))
    if warmup is not None and not 0 <= warmup < jobs:
        problems.append(Problem("E411", f"a warm-up of {warmup} of {jobs} jobs leaves nothing to measure"))
    if not 0 < confidence < 1:
        problems.append(Problem("E411", f"a confidence of {confidence:g} is not between 0 and 1", None, "give 0.95"))
    if problems:
        raise ModelError(problems)


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


def _summary(
    setting: Setting,
    runs: Runs,
    chosen: BackEnd,
    reason: str,
    warmup: int | None,
    confidence: float,
    notes: list[str],
) -> SimulationResult:
    design, plan = setting.design, setting.plan
    jobs = len(runs.makespans)
    queued = plan.together and not chosen.independent
    ended = ~np.isnan(runs.makespans)
    removed = warmup or 0
    if warmup is None and queued and ended.any():
        removed = int(np.flatnonzero(ended)[warm_up(runs.makespans[ended])])
    measured = runs.makespans[removed:][ended[removed:]]
    if len(measured):
        mean = (mean_of_queued if queued else mean_of)(measured, confidence)
        percentile = percentile_of_queued if queued else percentile_of
        percentiles = {each: percentile(measured, each, confidence) for each in PERCENTILES}
    else:
        mean = Estimate(float("nan"), float("-inf"), float("inf"), confidence, "no job ended")
        percentiles = dict.fromkeys(PERCENTILES, mean)
    outcomes = dict(runs.outcomes().most_common())
    if not ended.all():
        notes.append(f"{int((~ended).sum())} jobs never ended; times are of those that did")
    messages = {"calls and replies": 2 * float(runs.calls.mean())}
    if isinstance(design, model.Choreography):
        messages = {"publishes": float(runs.publishes.mean()), "deliveries": float(runs.deliveries.mean())}
    utilisation = {}
    if queued and runs.horizon > 0:
        utilisation = {pool: busy / (plan.pools[pool] * runs.horizon) for pool, busy in runs.busy.items()}
    successes = sum(outcomes.get(ending, 0) for ending in SUCCESS)
    return SimulationResult(
        name=design.name,
        kind=model.kind_of(design),
        back_end=chosen.name,
        reason=reason,
        jobs=jobs,
        seed=plan.seed,
        makespans=runs.makespans,
        mean=mean,
        percentiles=percentiles,
        success=proportion_of(successes, jobs, confidence),
        undos=mean_of(runs.undos, confidence),
        outcomes=outcomes,
        messages=messages,
        utilisation=utilisation,
        warm_up=removed,
        queued=queued,
        notes=tuple(notes),
    )
