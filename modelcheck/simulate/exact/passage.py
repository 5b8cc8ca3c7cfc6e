"""The distribution of the time of a job, by the way that fits its delays."""

from __future__ import annotations

import numpy as np

from .distribution import Distribution
from .lattice import grids_of
from .laws import Constant, Exponential
from .markov import Solution
from .phases import phases_of
from .process import Process
from .reason import NotExact
from .steps import steps_of


def distribution_of(process: Process, solution: Solution) -> Distribution:
    """All constants: all values; all without memory: phases; else on a grid. Raises `NotExact`."""
    laws = {law for edge in process.edges if not process.ended[edge.source] for law in edge.stages}
    try:
        if all(isinstance(law, Constant) for law in laws):
            return steps_of(process, solution.ended)
        if all(isinstance(law, Exponential) for law in laws):
            return phases_of(process, solution.ended, solution.mean)
    except NotExact:
        pass
    return grids_of(process, solution.mean, float(np.sqrt(solution.variance)))
