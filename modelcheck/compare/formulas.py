"""The time formulas of the seed document for two designs, and when one is faster than the other, exactly.

Time(O) = sum + coordination overhead and Time(Ch) = max + event overhead hold only under hypotheses (see
`hypotheses`). What holds always, with unlimited workers: max <= longest causal path <= sum. And where the
orchestration is sequential and durations are constant, the choreography is faster exactly when sum - longest path >
event overhead - coordination overhead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .. import model
from .outline import Outline

MOST_TURNS = 1000


@dataclass(frozen=True)
class Formulas:
    """Both formulas with their parts, and the exact condition. Times are in seconds, of the mean durations.

    orchestration_sum, choreography_sum: each task once. calls, hops: overheads on the longest path. participants:
    each one's longest causal chain of its own tasks. orchestration_path, choreography_path: the longest causal paths.
    causal: what the choreography takes without overheads: its longest path, or the sum with one inline listener.
    orchestration_time, choreography_time: with overheads, along the longest path.
    """

    orchestration_sum: float
    orchestration_path: tuple[str, ...]
    orchestration_path_length: float
    orchestration_time: float
    calls: int
    coordination_overhead: float
    choreography_sum: float
    choreography_max: float
    participants: Mapping[str, float]
    choreography_path: tuple[str, ...]
    choreography_path_length: float
    choreography_time: float
    causal: float
    hops: int
    event_overhead: float
    sequential: bool
    inline: bool

    @property
    def seed_orchestration(self) -> float:
        """Time(O) as the seed document has it."""
        return self.orchestration_sum + self.coordination_overhead

    @property
    def seed_choreography(self) -> float:
        """Time(Ch) as the seed document has it."""
        return self.choreography_max + self.event_overhead

    @property
    def law_holds(self) -> bool:
        """Whether max <= longest path <= sum, as it must."""
        slack = 1e-9 * self.choreography_sum
        return self.choreography_max <= self.choreography_path_length + slack <= self.choreography_sum + 2 * slack

    @property
    def saved(self) -> float:
        """Sum - longest path: what working at the same time saves."""
        return self.orchestration_sum - self.causal

    @property
    def paid(self) -> float:
        """Event overhead - coordination overhead."""
        return self.event_overhead - self.coordination_overhead

    @property
    def choreography_faster(self) -> bool | None:
        """What the exact condition says; None where the orchestration is not sequential, so that it does not apply."""
        return self.saved > self.paid if self.sequential else None

    def to_dict(self) -> dict[str, object]:
        return {
            "orchestration": {
                "sum": self.orchestration_sum,
                "calls": self.calls,
                "coordination_overhead": self.coordination_overhead,
                "formula": self.seed_orchestration,
                "longest_path": {"tasks": list(self.orchestration_path), "seconds": self.orchestration_path_length},
                "along_the_longest_path": self.orchestration_time,
                "sequential": self.sequential,
            },
            "choreography": {
                "sum": self.choreography_sum,
                "max": self.choreography_max,
                "participants": dict(self.participants),
                "hops": self.hops,
                "event_overhead": self.event_overhead,
                "formula": self.seed_choreography,
                "longest_path": {"tasks": list(self.choreography_path), "seconds": self.choreography_path_length},
                "along_the_longest_path": self.choreography_time,
                "one_inline_listener": self.inline,
            },
            "condition": {
                "applies": self.sequential,
                "sum_minus_longest_path": self.saved,
                "event_overhead_minus_coordination_overhead": self.paid,
                "choreography_faster": self.choreography_faster,
            },
        }


def formulas_of(orchestration: Outline, choreography: Outline) -> Formulas:
    """Both formulas, evaluated on the mean durations of the complete runs."""
    orchestration_time, calls = orchestration.with_overhead()
    if orchestration.sequential:
        calls = len(orchestration.works)
    coordination = _coordination(orchestration)
    choreography_time, hops = choreography.with_overhead()
    assert isinstance(choreography.design, model.Choreography)
    shares = {name: choreography.share_of(name) for name in choreography.design.participants}
    return Formulas(
        orchestration_sum=orchestration.total,
        orchestration_path=orchestration.path,
        orchestration_path_length=orchestration.path_length,
        orchestration_time=orchestration_time,
        calls=calls,
        coordination_overhead=coordination,
        choreography_sum=choreography.total,
        choreography_max=max(shares.values(), default=0.0),
        participants=shares,
        choreography_path=choreography.path,
        choreography_path_length=choreography.path_length,
        choreography_time=choreography_time,
        causal=choreography.causal,
        hops=hops,
        event_overhead=choreography_time - choreography.causal,
        sequential=orchestration.sequential,
        inline=choreography.inline,
    )


def _coordination(outline: Outline) -> float:
    """What the flow and all calls of the complete run cost: one for each task, as the formula has it."""
    costs = [
        max((edge["overhead"] for *_, edge in outline.order.in_edges(n, data=True)), default=0.0) for n in outline.works
    ]
    return math.fsum((outline.once, *costs))


def overhead_for(outline: Outline, target: float) -> float | None:
    """The overhead of each call or event at which a design takes this long; None where there is none from 0 on.

    The time is the maximum over all paths of its work plus edges * overhead: convex and piecewise linear, so that
    Newton's method from above ends at the solution after finitely many turns.
    """
    at_zero, _ = outline.with_overhead(0.0)
    if target < at_zero - 1e-12 * max(at_zero, 1e-12):
        return None
    overhead = max(target, 1e-9)
    for _ in range(MOST_TURNS):
        time, edges = outline.with_overhead(overhead)
        if edges == 0:
            return None
        following = max(0.0, overhead - (time - target) / edges)
        if abs(following - overhead) <= 1e-15 * max(overhead, 1e-9) or following == overhead:
            return following
        overhead = following
    return overhead
