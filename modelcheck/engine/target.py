"""What an engine is asked to find, and what it answers: the same for every engine.

An engine is a function (system, targets, limits) -> Answer. Targets are things to be reached; whether
reaching one is good or bad is for the check that asks to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..expressions import Expr
from ..trace import Trace

# Values held at once, in all states together: about two gigabytes.
MOST_VALUES_HELD = 250_000_000
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
    """When to give up: states and steps are bounds that make a verdict `bounded`, seconds make it `unknown`."""

    states: int = 2_000_000
    depth: int | None = None
    seconds: float = 60.0


@dataclass(frozen=True)
class Answer:
    """What an engine found: a trace for each target that it reached (by the target's name).

    complete: every reachable state was seen, so that a target without a trace is unreachable.
    stopped: what ended the search otherwise (`states`, `depth`, `seconds`, `memory`, `z3`), empty where complete.
    depth: number of actions up to which everything was seen.
    proved: the targets that are known to be unreachable although not every state was seen, each with how that is known
    (`2-induction`, `invariant x >= 0`). longer: the traces that may not be shortest ones.
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
    proved: Mapping[str, str] = field(default_factory=dict)
    longer: frozenset[str] = frozenset()
