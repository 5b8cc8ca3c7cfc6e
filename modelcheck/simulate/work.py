"""What jobs ask for, and what is in progress."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .walk import Ask, Flight

if TYPE_CHECKING:
    from .jobs import Job


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
    or goes on under the record that `follows`.
    """

    job: Job
    flight: Flight
    outcome: str
    delay: float
    end: float
    limit: float = math.inf
    left: float = 0.0
    void: bool = False
    follows: Work | None = None
