"""From the ledger of a simulation to its result."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from .. import model
from .back_ends import BackEnd
from .course import Goal
from .delays import variance
from .exact import Value
from .ledger import KEPT, SUCCESS, Ledger
from .measures import MSER, Measures
from .plan import Plan
from .result import PoolFigures, SimulationResult, show_number, show_share, show_time
from .setting import Setting
from .statistics import Estimate, jobs_for, mean_of_moments, mean_of_series, proportion_of, proportion_of_queued

PERCENTILES = (50, 95, 99)
SURE = 0.999
FEW = 1_000  # jobs of a kind that are taken as independent: they are seldom neighbours
SAME = 1e-9


def summary_of(
    setting: Setting,
    chosen: BackEnd,
    reason: str,
    ledger: Ledger,
    goal: Goal,
    stopped: str = "",
    notes: Sequence[str] = (),
    exact: Mapping[str, Value] | None = None,
    elapsed: float = 0.0,
) -> SimulationResult:
    """The result of a simulation. exact: exact values, by the names of the figures."""
    measures = Measures(ledger, goal.mser)
    percentiles = {percent: measures.percentile(percent, goal.confidence) for percent in wanted(goal)}
    rule = "none"
    if ledger.skip:
        rule = "given"
    elif ledger.queued and goal.mser:
        size = ledger.series.size
        rule = MSER if size == 5 else f"{MSER} over batches of {size:,}"
    return SimulationResult(
        name=setting.design.name,
        kind=model.kind_of(setting.design),
        back_end=chosen.name,
        reason=reason,
        jobs=ledger.jobs,
        seed=setting.plan.seed,
        makespans=ledger.kept,
        mean=measures.mean(goal.confidence),
        percentiles=percentiles,
        by_outcome=_by_outcome(measures, goal.confidence),
        success=_success(ledger, goal.confidence),
        undos=mean_of_moments(ledger.undos, goal.confidence),
        outcomes=dict(sorted(ledger.endings.items(), key=lambda item: -item[1])),
        messages=_messages(setting, ledger),
        losses=_losses(ledger),
        pools=_pools(setting.plan, ledger) if ledger.queued else {},
        throughput=(ledger.jobs - ledger.never) / ledger.horizon if ledger.queued and ledger.horizon > 0 else None,
        warm_up=measures.warm_up,
        warm_up_rule=rule,
        queued=ledger.queued,
        exact=exact or {},
        stopped=stopped,
        precision=goal.precision,
        precision_of=goal.precision_of,
        notes=(*notes, *_doubts(setting.plan, measures, percentiles, goal.confidence), *_misses(measures, exact or {})),
        events=ledger.events,
        elapsed=elapsed,
    )


def _by_outcome(measures: Measures, confidence: float) -> dict[str, Estimate]:
    """The mean times of the jobs that ended in the same way, where there are several ways.

    Where jobs are queued, of each kind the same share is left out as warm-up.
    """
    ledger, found = measures.ledger, {}
    share = measures.warm_up / ledger.jobs if measures.cells else 0.0
    for ending, each in sorted(ledger.by_ending.items(), key=lambda item: -item[1].times.count):
        if not ledger.queued or each.times.count < FEW:
            found[ending] = mean_of_moments(each.times, confidence)
        else:
            found[ending] = mean_of_series(each.series, round(share * len(each.series.sums)), confidence)
    return found if len(found) > 1 else {}


def wanted(goal: Goal) -> list[int]:
    """The percentiles that are shown: the usual ones, and the one that is to be precise."""
    return sorted({*PERCENTILES, *([] if goal.precision_of == "mean" else [int(goal.precision_of[1:])])})


def _success(ledger: Ledger, confidence: float) -> Estimate:
    successes = sum(ledger.endings.get(ending, 0) for ending in SUCCESS)
    if ledger.successes is not None:
        return proportion_of_queued(ledger.successes, successes, ledger.jobs, confidence)
    return proportion_of(successes, ledger.jobs, confidence)


def _messages(setting: Setting, ledger: Ledger) -> dict[str, float]:
    if isinstance(setting.design, model.Choreography):
        found = {"publishes": ledger.sums["publishes"], "deliveries": ledger.sums["deliveries"]}
    else:
        found = {"calls and replies": 2 * ledger.sums["calls"]}
    return {name: count / ledger.jobs for name, count in found.items()}


def _losses(ledger: Ledger) -> dict[str, float]:
    names = (("lost", "messages lost"), ("dead_letters", "dead letters"))
    return {what: ledger.sums[name] / ledger.jobs for name, what in names if ledger.sums.get(name)}


def _pools(plan: Plan, ledger: Ledger) -> dict[str, PoolFigures]:
    """How workers were used; the mean queue is what was waited in all a second (Little 1961)."""
    if ledger.horizon <= 0:
        return {}
    found = {}
    for pool, size in plan.pools.items():
        if pool not in ledger.busy:
            continue
        starts = sum(count for key, count in ledger.starts.items() if pool in plan.tasks[key].pools)
        waited = ledger.waited.get(pool)
        found[pool] = PoolFigures(
            ledger.busy[pool] / (size * ledger.horizon),
            waited / starts if waited is not None and starts else None,
            waited / ledger.horizon if waited is not None else None,
            ledger.longest.get(pool),
            ledger.down[pool] / ledger.horizon if pool in ledger.down else None,
        )
    return found


def _doubts(plan: Plan, measures: Measures, percentiles: Mapping[int, Estimate], confidence: float) -> Iterator[str]:
    """Why figures should not be trusted, or not as they stand."""
    ledger = measures.ledger
    if ledger.never:
        yield f"{ledger.never:,} jobs never ended; times are of those that did"
    if not ledger.times.count:
        return
    if ledger.jobs > KEPT:
        yield f"single times are kept of the first {KEPT:,} jobs only; percentiles come from bins 0.2 % wide"
    yield from _thin_tails(measures, percentiles, confidence)
    if measures.doubt:
        yield measures.doubt
    yield from _heavy_tails(plan, ledger.queued)


def _thin_tails(measures: Measures, percentiles: Mapping[int, Estimate], confidence: float) -> Iterator[str]:
    open_ended = [percent for percent, found in percentiles.items() if math.isinf(found.high)]
    if open_ended:
        names = ", ".join(f"p{percent}" for percent in open_ended)
        count, needed = measures.ranked.count, jobs_for(open_ended[-1], confidence)
        more = f"at least {needed:,} jobs" if needed > count else "more jobs"
        yield f"{count:,} jobs are too few to say how large {names} may be: simulate {more}"


def _heavy_tails(plan: Plan, queued: bool) -> Iterator[str]:
    """A delay without a variance: means of samples do not settle, and a queue that it is served in has no mean."""
    for (_, name), task in plan.tasks.items():
        for draws in (task.delay, task.overhead):
            if draws is None or (draws is task.delay and task.timeout is not None) or draws.delay is None:
                continue
            if math.isinf(variance(draws.delay)):
                what = "a queue behind it has no mean, and the" if queued and task.pools else "the"
                yield f"the time of {name} has no variance: {what} mean's interval cannot be trusted"


def _misses(measures: Measures, exact: Mapping[str, Value]) -> Iterator[str]:
    """Exact values outside of intervals that miss the truth once in a thousand times: one of both is wrong."""
    shows = {"success": show_share, "undos": show_number}
    for name, value in exact.items():
        found = _surely(measures, name)
        if found is None or (found.low * (1 - SAME) <= value.high and value.low <= found.high * (1 + SAME)):
            continue
        show = shows.get(name, show_time)
        where = f"[{show(found.low)}, {show(found.high)}]"
        then = "that is no wonder where batches are too short" if measures.doubt else "if other seeds say so, report it"
        yield f"the exact {name}, {show(value.value)}, is outside of the simulated 99.9 % interval {where}: {then}"


def _surely(measures: Measures, name: str) -> Estimate | None:
    """An estimate by its name with an interval that can be relied on; None for what is not estimated."""
    ledger = measures.ledger
    if name == "mean":
        return measures.mean(SURE)
    if name[:1] == "p" and name[1:].isdigit():
        return measures.percentile(int(name[1:]), SURE)
    if name == "success":
        return _success(ledger, SURE)
    if name == "undos":
        return mean_of_moments(ledger.undos, SURE)
    return None
