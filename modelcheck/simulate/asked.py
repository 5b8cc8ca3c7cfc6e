"""What is asked of a simulation, in numbers that make sense."""

from __future__ import annotations

from ..errors import ModelError, Problem, did_you_mean
from .back_ends import NAMES
from .course import Goal
from .measures import MSER

BACK_ENDS = (*NAMES, "exact")
JOBS, MOST_PRECISE_JOBS, MOST_JOBS = 10_000, 10_000_000, 1_000_000_000
NONE = "none"


def goal_of(
    jobs: int | None = None,
    back_end: str = "auto",
    warmup: int | str | None = None,
    confidence: float = 0.95,
    precision: float | None = None,
    precision_of: str = "mean",
    seconds: float | None = None,
) -> tuple[Goal, int]:
    """When a simulation ends, and how many of the first jobs are left out for certain.

    Raises `ModelError` with all that is wrong in these numbers; a number of jobs above `MOST_JOBS` is left to
    `check_size`.
    """
    if jobs is None:
        jobs = JOBS if precision is None else MOST_PRECISE_JOBS
    skip = warmup if isinstance(warmup, int) else 0
    problems = []
    if jobs < 1:
        problems.append(Problem("E411", f"{jobs} jobs cannot be simulated", None, "give at least 1"))
    if back_end not in BACK_ENDS:
        hint = did_you_mean(back_end, BACK_ENDS) or f"one of {', '.join(BACK_ENDS)}"
        problems.append(Problem("E411", f"unknown back end '{back_end}'", None, hint))
    if isinstance(warmup, str) and warmup.upper() != MSER and warmup != NONE:
        hint = f"give a number of jobs, '{MSER}' or '{NONE}'"
        problems.append(Problem("E411", f"unknown rule '{warmup}' for the warm-up", None, hint))
    elif skip and not 0 <= skip < jobs:
        problems.append(Problem("E411", f"a warm-up of {skip} of {jobs} jobs leaves nothing to measure"))
    if not 0 < confidence < 1:
        problems.append(Problem("E411", f"a confidence of {confidence:g} is not between 0 and 1", None, "give 0.95"))
    if precision is not None and not 0 < precision < 1:
        problems.append(Problem("E411", f"a precision of {precision:g} is not between 0 and 1", None, "give 0.01"))
    if precision_of != "mean" and not (precision_of[:1] == "p" and precision_of[1:] in map(str, range(1, 100))):
        problems.append(Problem("E411", f"'{precision_of}' is no mean and no percentile", None, "give mean, or p99"))
    if seconds is not None and not seconds > 0:
        problems.append(Problem("E411", f"{seconds:g} seconds leave no time to simulate"))
    if problems:
        raise ModelError(problems)
    mser = warmup is None or (isinstance(warmup, str) and warmup != NONE)
    return Goal(jobs, confidence, mser, precision, precision_of, seconds), skip


def check_size(jobs: int) -> None:
    """Raises `ModelError` for more jobs than anybody can wait for."""
    if jobs > MOST_JOBS:
        raise ModelError([Problem("E411", f"{jobs:,} jobs are too many", None, f"give at most {MOST_JOBS:,}")])
