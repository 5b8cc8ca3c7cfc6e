"""What an engine is asked to find, and what it answers: the same for every engine.

An engine is a function (system, targets, limits) -> Answer. Targets are things to be reached; whether
reaching one is good or bad is for the check that asks to say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..expressions import Expr
from ..trace import Trace

# With more variables than this nothing is unrolled for z3.
MOST_UNROLLED = 5_000


@dataclass(frozen=True)
class Target:
    """Something to look for: exactly one of the three.

    state: a reachable state in which this holds. claims: an action fires that breaks a claim of one of these
    (kind, name) pairs (name `*`: any of that kind). stuck: a state, not finished, in which nothing is enabled.
    """

    name: str
    state: Expr | None = None
    claims: frozenset[tuple[str, str]] = frozenset()
    stuck: bool = False


@dataclass(frozen=True)
class Limits:
    """When to give up: states and steps are bounds that make a verdict `bounded`; seconds, and the bytes of memory that
    states may take, make it `unknown`."""

    states: int = 100_000_000
    depth: int | None = None
    seconds: float = 60.0
    memory: int = 4 << 30


@dataclass(frozen=True)
class Seen:
    """How far an engine has come: states seen, states in the level at hand, its depth, seconds spent, bytes held."""

    states: int
    frontier: int
    depth: int
    seconds: float
    bytes: int = 0


Progress = Callable[[Seen], None]


class Meter:
    """Looks at the limits while an engine runs, and says now and then how far that has come."""

    def __init__(self, limits: Limits, progress: Progress | None = None):
        self.limits, self.progress = limits, progress
        self.started = self.reported = time.monotonic()

    @property
    def spent(self) -> float:
        """The seconds since the beginning."""
        return time.monotonic() - self.started

    def used_up(self, states: int, frontier: int, depth: int, held: int) -> str:
        """The limit that is used up, if one is; `held`: bytes."""
        if states > self.limits.states:
            return "states"
        if held > self.limits.memory:
            return "memory"
        now = time.monotonic()
        if now - self.started > self.limits.seconds:
            return "seconds"
        if self.progress and now - self.reported > 0.2:
            self.reported = now
            self.progress(Seen(states, frontier, depth, now - self.started, held))
        return ""


@dataclass(frozen=True)
class Answer:
    """What an engine found: a trace for each target that it reached (by the target's name).

    complete: every reachable state was seen, so that a target without a trace is unreachable.
    stopped: what ended the search otherwise (`states`, `depth`, `seconds`, `memory`, `z3`), empty where complete.
    depth: number of actions up to which everything was seen. bytes: the memory that the states took.
    proved: the targets that are known to be unreachable although not every state was seen, each with how that is known
    (`2-induction`, `invariant x >= 0`). found_by: how a trace was found, where that is not `method`.
    reduced: the reductions that were used, because of which `states` are not all there are; `longer`: the targets whose
    traces need not be shortest ones.
    """

    traces: Mapping[str, Trace]
    complete: bool
    stopped: str = ""
    states: int = 0
    transitions: int = 0
    depth: int = 0
    seconds: float = 0.0
    method: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    bytes: int = 0
    proved: Mapping[str, str] = field(default_factory=dict)
    found_by: Mapping[str, str] = field(default_factory=dict)
    reduced: tuple[str, ...] = ()
    longer: frozenset[str] = frozenset()
