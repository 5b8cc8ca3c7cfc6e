"""Scalability under a declared objective: the fewest participants with which it works at all, the most with which it
meets the objective, and their ratio.

The seed document's Max/Min is undefined for Min = 0 and for a Max without bound; and the design with the greater ratio
may be the one with the smaller capacity (5/4 against 3/2), so both are said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .. import model
from ..engine.target import Limits
from ..errors import ModelError, Problem, did_you_mean
from ..simulate import SimulationResult, simulate
from ..simulate.result import show_time
from .loads import UNSTABLE, Timed, with_rate, with_workers
from .objective import Judged, Objective, judge, objective_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_VALUES = 200
SECONDS = 10.0  # for the question whether a job can succeed
# What says that there are too few workers for anything to happen.
NOTHING_STARTS = "E406"


@dataclass(frozen=True)
class Point:
    """A design with one value of what is varied. possible: whether a job can succeed; problem: why it was not simulated
    to the end; met: the objective, by the estimates; sure: by their intervals, too."""

    value: float
    possible: bool
    problem: str
    result: SimulationResult | None
    judged: tuple[Judged, ...]

    @property
    def met(self) -> bool:
        return self.result is not None and self.possible and all(each.met for each in self.judged)

    @property
    def sure(self) -> bool:
        return self.result is None or all(each.sure for each in self.judged)

    def to_dict(self) -> dict[str, object]:
        return {
            "value": self.value,
            "possible": self.possible,
            "met": self.met,
            "sure": self.sure,
            "problem": self.problem,
            "mean": self.result.mean.to_dict() if self.result else None,
            "measures": {each.clause.text: each.found.to_dict() for each in self.judged},
        }


@dataclass(frozen=True)
class Scalability:
    """How far a design scales in what is varied (`vary`), under an objective.

    least: the smallest value tried with which a job can succeed. most: the largest that meets the objective. Both are
    None where there is none; `bounded`: whether a larger value was tried and does not.
    """

    name: str
    vary: str
    objective: Objective
    points: tuple[Point, ...]

    @property
    def least(self) -> float | None:
        return next((each.value for each in self.points if each.possible), None)

    @property
    def most(self) -> float | None:
        return next((each.value for each in reversed(self.points) if each.met), None)

    @property
    def bounded(self) -> bool:
        return not self.points[-1].met

    @property
    def ratio(self) -> float | None:
        """Max / Min; None where one of them is missing."""
        return None if self.least is None or self.most is None else self.most / self.least

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A row for each value."""
        yield self.vary, "mean", *(clause.text for clause in self.objective.clauses), "objective"
        for point in self.points:
            said = ("met" if point.met else "missed") + ("" if point.sure else ", not for sure")
            if point.result is None:
                yield f"{point.value:g}", "-", *("-" for _ in self.objective.clauses), point.problem
            else:
                shown = (_shown(each) for each in point.judged)
                yield f"{point.value:g}", show_time(point.result.mean.value), *shown, said

    def sentences(self) -> Iterator[str]:
        """Min, Max and their ratio."""
        least, most = self.least, self.most
        if least is None:
            yield "Min: with none of these values does any job succeed, so there is neither Min nor ratio."
            return
        yield f"Min = {least:g}: the smallest of these with which a job can succeed."
        if most is None:
            yield "Max: none of these values meets the objective."
            return
        if self.bounded:
            yield f"Max = {most:g}: the largest of these that meets the objective. Max / Min = {most / least:.4g}."
        else:
            yield (
                f"Max is at least {most:g}, the largest that was tried; the ratio is at least {most / least:.4g}, and "
                "undefined if there is no limit."
            )
        missed = [point.value for point in self.points if point.value < most and not point.met]
        if missed and min(missed) > least:
            yield f"Mind that some values below {most:g} miss the objective: {', '.join(f'{v:g}' for v in missed[:5])}."

    def __str__(self) -> str:
        from .text import render_sections

        title = f"{self.name} as {self.vary} varies; objective: {self.objective.text}"
        return render_sections([(title, list(self.rows()), list(self.sentences()))])

    def _repr_html_(self) -> str:
        from ..report.html_times import render_scalability

        return render_scalability(self)

    def to_dict(self) -> dict[str, object]:
        return {
            "model": self.name,
            "vary": self.vary,
            "objective": self.objective.text,
            "min": self.least,
            "max": self.most,
            "max_is_a_limit": self.bounded,
            "ratio": self.ratio,
            "points": [point.to_dict() for point in self.points],
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """The measures against what is varied, with their bounds."""
        from ..plot.scalability import draw_scalability

        return draw_scalability(self, ax)


def scale(
    design: model.Model,
    vary: str,
    values: Sequence[float],
    objective: str | Objective,
    jobs: int = 10_000,
    seed: int = 1,
) -> Scalability:
    """Simulates a design for each value of what is varied, and finds Min and Max under the objective.

    vary: a constant of the model; `workers` (of every service or participant), `workers of NAME`, `listeners`; `rate`
    (jobs a second that arrive). Raises `ModelError` (E425: no objective; E426: nothing to vary, or wrong values).
    """
    wanted = objective_of(objective) if isinstance(objective, str) else objective
    change = changed(design, vary)
    if vary != "rate" and getattr(design, "arrivals", None) is None:
        _needs_arrivals(wanted)
    ordered = sorted(set(values))
    if not 0 < len(ordered) <= MOST_VALUES:
        raise ModelError([Problem("E426", f"{len(ordered)} values are to be tried: from 1 to {MOST_VALUES}")])
    if ordered[0] <= 0 and vary not in getattr(design, "constants", {}):
        raise ModelError([Problem("E426", f"'{vary}' cannot be {ordered[0]:g}", None, "give values above 0")])
    points = tuple(_point(change, value, wanted, jobs, seed) for value in ordered)
    return Scalability(design.name, vary, wanted, points)


def _needs_arrivals(objective: Objective) -> None:
    """Jobs that run alone keep nobody busy: there is no utilisation to meet."""
    for clause in objective.clauses:
        if clause.measure == "utilisation":
            message = f"'{clause.text}' means nothing where each job runs alone"
            raise ModelError([Problem("E425", message, None, "vary the rate, or give the model arrivals")])


def changed(design: model.Model, vary: str) -> Callable[[float], model.Model]:
    """The design for each value of what is varied."""
    constants = design.constants if not isinstance(design, model.Net) else {}
    if vary in constants:
        return lambda value: replace(design, constants={**constants, vary: _whole(value, vary)})
    if isinstance(design, model.Orchestration | model.Choreography):
        timed: Timed = design
        if vary == "rate":
            return lambda value: with_rate(timed, value)
        if vary in ("workers", "listeners"):
            only = vary if vary == "listeners" else None
            return lambda value: with_workers(timed, _whole(value, vary), only)
        if found := re.fullmatch(r"workers of (\w+)", vary):
            return lambda value: with_workers(timed, _whole(value, vary), found.group(1))
    known = [*constants, "workers", "workers of NAME", "listeners", "rate"]
    hint = did_you_mean(vary, known, otherwise=f"one of {', '.join(known)}")
    raise ModelError([Problem("E426", f"'{design.name}' has nothing called '{vary}' to vary", None, hint)])


def _whole(value: float, what: str) -> int:
    if value != int(value):
        raise ModelError([Problem("E426", f"'{what}' is a whole number, not {value:g}")])
    return int(value)


def _point(change: Callable[[float], model.Model], value: float, objective: Objective, jobs: int, seed: int) -> Point:
    try:
        result = simulate(change(value), jobs, seed)
    except ModelError as error:
        codes = {problem.code for problem in error.problems}
        if codes <= {UNSTABLE, NOTHING_STARTS}:
            what = "the queue grows without end" if UNSTABLE in codes else "nothing would ever start"
            return Point(value, UNSTABLE in codes, what, None, ())
        raise
    possible = result.success.value > 0 or _can_succeed(change(value))
    return Point(value, possible, "", result, judge(objective, result))


def _can_succeed(design: model.Model) -> bool:
    """Whether some run completes although no simulated one did: the state space is asked. Of a choreography, and of
    several flows, what was simulated is all that is known."""
    from ..check.run import check_model
    from ..results import Verdict

    if not isinstance(design, model.Orchestration) or design.flows:
        return False
    asked = model.Property(word="reachable", about=f"completed({design.flow.name})")
    report = check_model(replace(design, properties={"it can": asked}, expect={}), ["it can"], Limits(seconds=SECONDS))
    return report["it can"].verdict == Verdict.PROVED


def _shown(judged: Judged) -> str:
    value = judged.found.value
    return f"{100 * value:.4g} %" if judged.clause.measure in ("utilisation", "success") else show_time(value)


def set_beside(first: Scalability, second: Scalability) -> str:
    """Which of two designs scales better: by capacity (Max) and by ratio (Max / Min), and whether these disagree."""
    if first.most is None or second.most is None or first.ratio is None or second.ratio is None:
        missing = [each.name for each in (first, second) if each.most is None or each.ratio is None]
        return f"They cannot be compared: {' and '.join(missing)} never meets the objective."
    capacity = _better(first.name, second.name, first.most, second.most)
    ratio = _better(first.name, second.name, first.ratio, second.ratio)
    figures = (
        f"capacity {first.most:g} against {second.most:g}, ratio {first.most:g}/{first.least:g} = {first.ratio:.4g} "
        f"against {second.most:g}/{second.least:g} = {second.ratio:.4g}"
    )
    if capacity and ratio and capacity != ratio:
        return f"Ratio and capacity DISAGREE ({figures}): {capacity} takes more, and {ratio} has the greater ratio."
    both = capacity or ratio
    return f"Ratio and capacity do not disagree ({figures}): {f'{both} scales further' if both else 'they are equal'}."


def _better(first: str, second: str, ours: float, theirs: float) -> str:
    return "" if ours == theirs else first if ours > theirs else second
