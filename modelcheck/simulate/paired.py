"""The difference of two simulations of the same jobs."""

from __future__ import annotations

import numpy as np

from ..errors import ModelError, Problem
from .result import SimulationResult
from .statistics import Estimate, paired_difference


def difference(first: SimulationResult, second: SimulationResult) -> Estimate:
    """The mean time of first - second in seconds, job by job on the same draws, with its interval.

    Of the jobs that ended in both, after the longer of the warm-ups; where both have kept single times. Steps of the
    same name, or which name the same `task`, have the same luck, so that the interval is much tighter than that of two
    means. Raises `ModelError`: the simulations have other seeds, or no job ended in both.
    """
    problems = []
    if first.seed != second.seed:
        message = f"the simulations have the seeds {first.seed} and {second.seed}: their jobs have nothing in common"
        problems.append(Problem("E416", message, None, "simulate both with one seed"))
    count = min(len(first.makespans), len(second.makespans))
    ours, theirs = first.makespans[:count], second.makespans[:count]
    both = ~(np.isnan(ours) | np.isnan(theirs))
    both[: max(first.warm_up, second.warm_up)] = False
    if not problems and not both.any():
        problems.append(Problem("E416", "no job ended in both simulations after the warm-up: nothing can be compared"))
    if problems:
        raise ModelError(problems)
    return paired_difference(ours[both], theirs[both], first.mean.confidence, first.queued or second.queued)
