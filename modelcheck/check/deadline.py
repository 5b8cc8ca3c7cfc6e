"""Deadlines: is a job over in time, whatever its delays are, or with a probability.

In the worst case by a search through zones (`timed.search`), for a job that is alone. With a probability exactly, where
that can be computed (`simulate.exact`), else by simulating until an interval decides: then a deadline that is met is
`bounded`, since more jobs might say otherwise.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .. import model
from ..engine.target import Limits
from ..errors import ModelError, Problem, position_of
from ..results import Result, Verdict
from ..simulate.back_ends import choose
from ..simulate.course import separable
from ..simulate.delays import Array
from ..simulate.jobs import joined
from ..simulate.plan import plan_of
from ..simulate.possible import simulable
from ..simulate.result import show_time
from ..simulate.setting import Setting, setting_of
from ..simulate.statistics import Estimate, mean_of_queued, proportion_of, warm_up

if TYPE_CHECKING:
    from ..timed.search import WorstCase

Compute = Callable[[], Result]

CONFIDENCE = 0.999
SEED = 1
FIRST_JOBS, MOST_JOBS = 10_000, 2_560_000
MOST_TOLD = 4
MOST_STANDINGS = 2_000  # A simulation that decides takes a second or two: a chain should not take longer.
NEVER = ("ended stuck", "ended out of range", "ended lost")


def deadline_problems(design: model.Model) -> Iterator[Problem]:
    """What is wrong with deadlines: nothing has a duration (E404), or the times of the design are wrong."""
    asked = [name for name, each in design.properties.items() if each.word == "deadline"]
    for name in asked:
        about = design.properties[name].about
        values = about if isinstance(about, tuple) else (about,)
        good = [isinstance(value, int | float) and not isinstance(value, bool) for value in values]
        if not all(good) or len(values) > 2 or not _in_range(values):
            message = f"'{name}' needs seconds from 0 on, or a pair of seconds and a probability between 0 and 1"
            yield Problem("E310", message, position_of(name), "write {deadline: 2s}")
    if asked:
        try:
            plan_of(simulable(design), SEED)
        except ModelError as error:
            yield from error.problems


def _in_range(values: tuple[model.Formula, ...]) -> bool:
    seconds, *shares = (float(value) for value in values)
    return 0 <= seconds < math.inf and all(0 < share < 1 for share in shares)


def deadline_results(design: model.Model, limits: Limits) -> Iterator[tuple[str, Compute]]:
    """The name of each deadline with the function that decides it."""
    for name, asked in design.properties.items():
        if asked.word != "deadline":
            continue
        within, *share = asked.about if isinstance(asked.about, tuple) else (asked.about,)
        if share:
            yield name, _likely(name, design, float(within), float(share[0]), limits)
        else:
            yield name, _certain(name, design, float(within), limits)


def _certain(name: str, design: model.Model, within: float, limits: Limits) -> Compute:
    def compute() -> Result:
        from ..timed.rules import crashes, obstacle
        from ..timed.search import Blocked, worst_case

        setting = setting_of(simulable(design), SEED)
        result = Result(
            name, "deadline", Verdict.UNKNOWN, "search through zones", shortest=False, position=position_of(name),
            assumptions=_alone(setting),
        )  # fmt: skip
        if reason := obstacle(setting.plan):
            return replace(result, reason=f"{reason}, which the search through zones does not know")
        try:
            found = worst_case(setting, within, limits.seconds)
        except Blocked as error:
            return replace(result, reason=f"{error} waits for what other jobs do, and this is asked of a job alone")
        statistics: Mapping[str, float | int | str] = {"zones": found.nodes}
        if found.exceeded is not None and math.isfinite(found.after):
            statistics = {**statistics, "lasts": found.after}
        result = replace(result, statistics=statistics)
        if found.exceeded is not None:
            reason = _late(setting, found, within)
            return replace(result, verdict=Verdict.REFUTED, reason=reason, trace=found.exceeded, times=found.times)
        if found.stopped:
            return replace(result, reason=f"the limit came first: {found.stopped}")
        if reason := crashes(setting.plan):
            return replace(result, reason=f"{reason}; without crashes it takes at most {show_time(found.longest)}")
        return replace(result, verdict=Verdict.PROVED, reason=f"it takes at most {show_time(found.longest)}")

    return compute


def _alone(setting: Setting) -> tuple[str, ...]:
    found = ["each delay keeps to its bounds"]
    if setting.plan.together or setting.design.instances != 1:
        found.append("a job alone: others may make it wait")
    return tuple(found)


def _late(setting: Setting, found: WorstCase, within: float) -> str:
    from ..timed.rules import unbounded

    if found.never:
        return "it may never be over"
    if math.isfinite(found.after):
        allowed = f"after {show_time(found.after)} it may not be over, and {show_time(within)} are allowed"
        return ": ".join(filter(None, (allowed, ", ".join(_lasting(found)))))
    named = [f"{task} is {kind}" for task, kind in unbounded(setting.plan).items()]
    more = f" and {len(named) - MOST_TOLD} more" if len(named) > MOST_TOLD else ""
    return f"nothing bounds how long it takes: {', '.join(named[:MOST_TOLD])}{more}"


def _lasting(found: WorstCase) -> Iterator[str]:
    """How long the tasks of a late run take that have ended by then, the longest in all first."""
    assert found.exceeded is not None
    begun: dict[str, float] = {}
    lasted: dict[str, list[float]] = {}
    for number, time_of in zip(found.exceeded.actions, found.times, strict=False):
        label = found.exceeded.system.actions[number].label
        name = f"undo {label.step}" if label.phase.startswith("undo") else label.step
        if label.phase in ("start", "undo start"):
            begun[name] = time_of
        elif label.phase in ("finish", "undo finish") and name in begun:
            lasted.setdefault(name, []).append(time_of - begun.pop(name))
    longest = sorted(lasted.items(), key=lambda each: -sum(each[1]))
    for name, times in longest[:MOST_TOLD]:
        yield f"{name} takes {' + '.join(show_time(each) for each in times[:MOST_TOLD])}"
    if len(longest) > MOST_TOLD:
        yield "..."


def _likely(name: str, design: model.Model, within: float, share: float, limits: Limits) -> Compute:
    def compute() -> Result:
        setting = setting_of(simulable(design), SEED)
        result = Result(name, "deadline", Verdict.UNKNOWN, "", position=position_of(name))
        wanted = f"within {show_time(within)}, {_percent(share)} are asked for"
        exact = _exactly(setting, within)
        if exact is not None and not exact.low < share <= exact.high:
            reason = f"{_percent(exact.value)} of the jobs are over {wanted}"
            verdict = Verdict.PROVED if exact.low >= share else Verdict.REFUTED
            return replace(result, verdict=verdict, method=exact.method, reason=reason)
        chance, jobs, method = _chance(setting, within, share, limits)
        interval = f"[{_percent(chance.low)}, {_percent(chance.high)}] at {CONFIDENCE:.1%} confidence"
        verdict = Verdict.REFUTED if chance.high < share else Verdict.UNKNOWN
        return replace(
            result,
            verdict=Verdict.BOUNDED if chance.low >= share else verdict,
            method=method,
            reason=f"{_percent(chance.value)} of the jobs {interval} are over {wanted}",
            statistics={"jobs": jobs},
            assumptions=(f"{jobs:,} simulated jobs are like all others",),
        )

    return compute


def _exactly(setting: Setting, within: float) -> Estimate | None:
    """The probability of being in time, with the bounds in which it lies for certain, where it can be computed."""
    from ..simulate.exact import NotExact, exact_of

    try:
        exact = exact_of(setting, (), MOST_STANDINGS)
        found = exact.within(within)
    except (NotExact, KeyError):
        return None
    endings = {name: value for name, value in exact.values.items() if name.startswith("ended ")}
    never = sum(value.value for name, value in endings.items() if name in NEVER)
    low, high = (bound * (1 - never) for bound in (found.low, found.high))
    return Estimate(found.value * (1 - never), low, high, 1.0, found.method)


def _chance(setting: Setting, within: float, share: float, limits: Limits) -> tuple[Estimate, int, str]:
    """The probability of being in time, from as many jobs as it takes to decide."""
    until = time.monotonic() + limits.seconds
    chosen, _ = choose(setting)
    jobs = FIRST_JOBS
    while True:
        makespans = joined(chosen.blocks(setting, range(jobs))).makespans
        chance = _in_time(makespans, within, separable(setting, chosen))
        if share not in chance or jobs >= MOST_JOBS or time.monotonic() > until:
            return chance, jobs, f"simulation by {chosen.name}"
        jobs *= 4


def _in_time(makespans: Array, within: float, independent: bool) -> Estimate:
    """The share of the jobs that were over in time; one that never ended was not."""
    in_time = makespans <= within
    if independent:
        return proportion_of(int(in_time.sum()), len(in_time), CONFIDENCE)
    ended = np.flatnonzero(~np.isnan(makespans))
    begin = int(ended[warm_up(makespans[ended])]) if len(ended) else 0
    return mean_of_queued(in_time[begin:].astype(np.float64), CONFIDENCE)


def _percent(value: float) -> str:
    return f"{100 * value:.4g} %"
