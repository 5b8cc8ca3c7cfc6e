"""Two simulations of the same jobs, job by job.

Only like is compared with like: where data or failures decide, job 7 may be refused in one design and shipped in the
other. So the jobs are compared in which both designs did the same of the tasks that they share.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..simulate import Estimate, SimulationResult, alone, loop_for, paired_difference
from ..simulate.delays import Array
from ..simulate.maxplus import obstacle
from ..simulate.plan import plan_of
from .outline import Outline, Timed

SAME = 1e-9
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """The jobs that are compared. `difference`: orchestration - choreography, in seconds, with its interval.

    compared: which of all jobs they are (after the warm-up, ended in both, the same tasks in both). all_alike:
    whether nothing but the warm-up is left out.
    """

    orchestration: Array
    choreography: Array
    compared: Mask
    difference: Estimate
    all_alike: bool

    @property
    def faster(self) -> str | None:
        """`orchestration` or `choreography`; None where the interval contains no difference."""
        if not len(self.orchestration):
            return None
        slack = SAME * max(float(self.orchestration.mean()), float(self.choreography.mean()))
        if self.difference.low > slack:
            return "choreography"
        return "orchestration" if self.difference.high < -slack else None

    @property
    def share(self) -> float:
        """Which part of all jobs is compared."""
        return float(self.compared.mean())

    def to_dict(self) -> dict[str, object]:
        count = len(self.orchestration)
        return {
            "jobs": count,
            "share": self.share,
            "orchestration_mean": float(self.orchestration.mean()) if count else None,
            "choreography_mean": float(self.choreography.mean()) if count else None,
            "difference": self.difference.to_dict() if count else None,
        }


def pair(first: Outline, second: Outline, simulated: tuple[SimulationResult, SimulationResult]) -> Pairs:
    """The jobs to compare, of two simulations with one seed."""
    ours, theirs = simulated
    compared = ~(np.isnan(ours.makespans) | np.isnan(theirs.makespans))
    begin = max(ours.warm_up, theirs.warm_up)
    compared[:begin] = False
    alike = _alike(first, second, simulated) & compared
    everything = bool(alike[begin:].all())
    return Pairs(ours.makespans[alike], theirs.makespans[alike], alike, difference_of(ours, theirs, alike), everything)


def difference_of(first: SimulationResult, second: SimulationResult, compared: Mask) -> Estimate:
    """The mean of first - second over some jobs, in seconds."""
    ours, theirs = first.makespans[compared], second.makespans[compared]
    if not len(ours):
        return Estimate(float("nan"), float("-inf"), float("inf"), first.mean.confidence, "no job can be compared")
    return paired_difference(ours, theirs, first.mean.confidence, queued=first.queued or second.queued)


def _alike(first: Outline, second: Outline, simulated: tuple[SimulationResult, SimulationResult]) -> Mask:
    """The jobs in which both did the same of the shared tasks; all of them where nothing branches or fails."""
    jobs, seed = simulated[0].jobs, simulated[0].seed
    if not any(_branches(outline.design, seed) for outline in (first, second)):
        return np.ones(jobs, dtype=bool)
    ours, theirs = (_done(outline.design, jobs, seed) for outline in (first, second))
    shared = set().union(*ours.values()) & set().union(*theirs.values())
    nothing: set[str] = set()
    return np.array([ours.get(job, nothing) & shared == theirs.get(job, nothing) & shared for job in range(jobs)])


def _branches(design: Timed, seed: int) -> bool:
    """Whether not all jobs do the same."""
    return bool(obstacle(design, plan_of(design, seed), alone(design)))


def _done(design: Timed, jobs: int, seed: int) -> dict[int, set[str]]:
    """Which tasks with a duration each job did."""
    system, plan = alone(design), plan_of(design, seed)
    tasks = {name: task.outcome.task for (kind, name), task in plan.tasks.items() if kind == "step" and task.delay}
    done: dict[int, set[str]] = defaultdict(set)
    for happening in loop_for(design, system, plan, record=True).run(range(jobs)).happenings:
        label = system.actions[happening.number].label
        if label.phase == "start" and label.step in tasks:
            done[happening.job].add(tasks[label.step])
    return done
