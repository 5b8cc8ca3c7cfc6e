"""Where an orchestration and a choreography are equally fast: the overhead of a call, or of an event, that makes them
so.

By the formula where it applies, and by simulation: the overhead is varied on the same draws until the paired
difference of the means is zero (Brent 1973, chapter 4); the interval is the difference's, divided by the slope there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from .. import model
from ..simulate import Estimate, SimulationResult, simulate
from ..simulate.plan import coordinator_of
from .formulas import Formulas, overhead_for
from .outline import Outline
from .pairs import Mask, Pairs, difference_of

MOST_DOUBLINGS = 40
EVENT_LOOP_JOBS = 2_000


@dataclass(frozen=True)
class Crossover:
    """The overhead at which both are equally fast, in seconds. `of`: a `call` of the coordinator, or an `event`.

    formula: from the mean durations (None: there is none from 0 on; `formula_exact`: whether its hypotheses hold).
    simulated: with its interval, None where there is none, and `reason` says why. now: what it costs in the design,
    on average. jobs: how many were simulated for it.
    """

    of: str
    now: float
    formula: float | None
    formula_exact: bool
    simulated: Estimate | None
    reason: str
    jobs: int

    def to_dict(self) -> dict[str, object]:
        return {
            "of": self.of,
            "now": self.now,
            "formula": self.formula,
            "formula_exact": self.formula_exact,
            "simulated": self.simulated.to_dict() if self.simulated is not None else None,
            "reason": self.reason,
            "jobs": self.jobs,
        }


def with_call_overhead(design: model.Orchestration, seconds: float) -> model.Orchestration:
    """The orchestration whose coordinator spends this on each call, whatever single steps say."""
    found = coordinator_of(design)
    name, declared = found if found is not None else ("coordinator", model.Coordinator())
    coordinators = {**design.coordinators, name: replace(declared, overhead=_constant(seconds))}
    steps = {key: replace(step, overhead=None) for key, step in design.flow.steps.items()}
    return replace(design, coordinators=coordinators, flow=replace(design.flow, coordinator=name, steps=steps))


def with_event_overhead(design: model.Choreography, seconds: float) -> model.Choreography:
    """The choreography in which each event takes this from its publication to its delivery."""
    from ..graph.events import DEFAULT_CHANNEL

    channels = dict(design.channels) or {DEFAULT_CHANNEL: model.Channel()}
    deliver = _constant(seconds)
    return replace(design, channels={n: replace(c, publish=None, deliver=deliver) for n, c in channels.items()})


def crossovers_of(
    orchestration: Outline,
    choreography: Outline,
    formulas: Formulas,
    simulated: tuple[SimulationResult, SimulationResult],
    pairs: Pairs,
    exact: bool,
) -> tuple[Crossover, Crossover]:
    """The crossovers in the overhead of a call and in that of an event."""
    flow, events = orchestration.design, choreography.design
    assert isinstance(flow, model.Orchestration)
    assert isinstance(events, model.Choreography)
    first, second = simulated
    jobs = first.jobs if {first.back_end, second.back_end} == {"max-plus"} else min(first.jobs, EVENT_LOOP_JOBS)
    if jobs != first.jobs:
        first, second = simulate(flow, jobs, first.seed), simulate(events, jobs, second.seed)
    compared = pairs.compared[:jobs]
    scale = max(orchestration.total, choreography.total) or 1.0

    def more_calls(seconds: float) -> Estimate:
        return difference_of(simulate(with_call_overhead(flow, seconds), jobs, first.seed), second, compared)

    def more_events(seconds: float) -> Estimate:
        return difference_of(simulate(with_event_overhead(events, seconds), jobs, second.seed), first, compared)

    now = formulas.seed_orchestration if formulas.sequential else formulas.orchestration_time
    return (
        _crossover(
            "call", "the choreography", orchestration, formulas.choreography_time, root(more_calls, scale), exact, jobs
        ),
        _crossover("event", "the orchestration", choreography, now, root(more_events, scale), exact, jobs),
    )


def _crossover(
    of: str, other: str, outline: Outline, target: float, found: Estimate | str, exact: bool, jobs: int
) -> Crossover:
    costs = [edge["overhead"] for *_, edge in outline.order.edges(data=True)]
    average = math.fsum(costs) / len(costs) if costs else 0.0
    simulated, reason = (found, "") if isinstance(found, Estimate) else (None, f"{other} {found}")
    return Crossover(of, average, overhead_for(outline, target), exact, simulated, reason, jobs)


def root(difference: Callable[[float], Estimate], scale: float) -> Estimate | str:
    """The overhead at which a growing difference is zero, with the interval that the difference's gives it.

    What is the matter, where it is above zero from the start, or never gets there.
    """
    from scipy.optimize import brentq

    run = cache(difference)
    if math.isnan(run(0.0).value):
        return "cannot be compared: no job did the same tasks in both"
    if run(0.0).value > 1e-9 * scale:
        return "is faster even where this costs nothing"
    high = scale / 8
    for _ in range(MOST_DOUBLINGS):
        if run(high).value > 0:
            break
        high *= 2
    else:
        return "is slower whatever this costs"
    at = float(brentq(lambda seconds: run(seconds).value, 0.0, high, xtol=1e-7 * scale, rtol=1e-10))
    step = max(at / 10, scale / 100)
    slope = (run(at + step).value - run(max(0.0, at - step)).value) / (at + step - max(0.0, at - step))
    here = run(at)
    half = max(0.0, (here.high - here.low) / 2) / slope if slope > 0 else math.inf
    method = f"paired runs, {here.method}"
    return Estimate(at, max(0.0, at - half), at + half, here.confidence, method)


def _constant(seconds: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": seconds})


@dataclass(frozen=True)
class Sweep:
    """Both designs' mean times while the overhead of each call, or of each event, grows; all in seconds."""

    of: str
    overheads: tuple[float, ...]
    orchestration: tuple[float, ...]
    choreography: tuple[float, ...]


def sweep(
    orchestration: model.Orchestration,
    choreography: model.Choreography,
    of: str,
    overheads: Sequence[float],
    jobs: int = 1_000,
    seed: int = 1,
    compared: Mask | None = None,
) -> Sweep:
    """Simulates both for each overhead of a `call` or an `event`, on the same draws; `compared`: which jobs count."""

    def average(design: model.Model) -> float:
        makespans = simulate(design, jobs, seed).makespans
        return float(np.nanmean(makespans if compared is None else makespans[compared[:jobs]]))

    if of == "call":
        still = average(choreography)
        moving = tuple(average(with_call_overhead(orchestration, seconds)) for seconds in overheads)
        return Sweep(of, tuple(overheads), moving, (still,) * len(overheads))
    still = average(orchestration)
    moving = tuple(average(with_event_overhead(choreography, seconds)) for seconds in overheads)
    return Sweep(of, tuple(overheads), (still,) * len(overheads), moving)
