"""What jobs ask for, and what is in progress."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ModelError, Problem
from ..expand.timeouts import HIDDEN
from .plan import Task
from .pools import Pool
from .walk import Ask, Flight

if TYPE_CHECKING:
    from .jobs import Job


@dataclass(slots=True, eq=False)
class Use:
    """How a task is done in one simulation: by workers of which pools, and at which of them not at one pace."""

    task: Task
    pools: tuple[Pool[Request], ...]
    paced: str


@dataclass(slots=True, eq=False)
class Request:
    """What a job asks for. At a coordinator's desk: to be served there for `errand` seconds first."""

    job: Job
    ask: Ask | None
    errand: float = 0.0


@dataclass(slots=True, eq=False)
class Work:
    """A task in flight: how it will end, after how many seconds of work, and when it is given up.

    end: when it ends if nothing changes; left: the work that was left when its workers went down. void: it has ended,
    or goes on under the record that `follows`. late: its outcome where it is given up.
    """

    job: Job
    flight: Flight
    outcome: str
    delay: float
    end: float
    use: Use
    limit: float = math.inf
    left: float = 0.0
    late: str = "timeout"
    void: bool = False
    follows: Work | None = None


def drawn(task: Task, job: int, visit: int, attempt: int) -> tuple[str, float, float]:
    """The outcome of an attempt, how much work it is, and how long it is waited for."""
    delay = 0.0 if task.delay is None else task.delay(job, visit, attempt)
    outcome = task.shares[0][0]
    if len(task.shares) > 1:
        luck = task.outcome(job, visit, attempt)
        outcome = next(name for name, share in task.shares if luck < share)
    if task.timeout is None:
        return outcome, delay, math.inf
    if outcome == "timeout":
        return timed_out(task, job, visit, attempt), task.timeout, task.timeout
    return outcome, delay, task.timeout


def timed_out(task: Task, job: int, visit: int, attempt: int) -> str:
    """The outcome of an attempt that was given up: nothing was done, or it was and nobody heard of it."""
    hidden = task.hidden
    return HIDDEN if hidden is not None and hidden.luck(job, visit, attempt) < hidden.share else "timeout"


def endless(step: str, what: str) -> ModelError:
    """The error for a job that would go on for ever."""
    hint = "limit the attempts, or give what ends the loop a probability"
    return ModelError([Problem("E410", f"a job does not end: '{step}' {what}", None, hint)])
