"""`compare`: two designs of the same tasks, by formula and by simulation on the same draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .. import model
from ..complexity import Complexity, compare_complexity, complexity_of
from ..errors import ModelError, Problem, position_of
from ..expand import expand
from ..simulate import Estimate, SimulationResult, simulate
from .arrange import MOST_TASKS
from .crossover import Crossover, crossovers_of
from .formulas import Formulas, formulas_of
from .growth import Growth, growth_of
from .hypotheses import Hypothesis, event_delays, flow_delays, hypotheses_of, only_in
from .outline import Outline, Work, outlines
from .pairs import Pairs, pair
from .scaling import message_growth
from .topologies import JOBS, Topologies, tasks_and_order, topologies

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Comparison:
    """What is true of an orchestration and a choreography. Times are in seconds.

    outlines: the complete run of each, on which the formulas are evaluated. simulated: all jobs of each, on the same
    draws. pairs: the jobs that are compared one by one; their `difference` is orchestration - choreography, so that
    it is above 0 where the choreography is faster. crossovers: in the overhead of a call, and in that of an event.
    """

    orchestration: model.Orchestration
    choreography: model.Choreography
    jobs: int
    seed: int
    outlines: tuple[Outline, Outline]
    formulas: Formulas
    hypotheses: tuple[Hypothesis, ...]
    simulated: tuple[SimulationResult, SimulationResult]
    pairs: Pairs
    crossovers: tuple[Crossover, Crossover]
    complexities: tuple[Complexity, Complexity]

    @property
    def difference(self) -> Estimate:
        return self.pairs.difference

    @property
    def faster(self) -> str | None:
        """`orchestration` or `choreography`; None where no difference can be told."""
        return self.pairs.faster

    @property
    def complexity_order(self) -> int | None:
        """-1, 0, 1 as the orchestration's complexity is below, equal to or above the choreography's; None:
        undefined."""
        return compare_complexity(*self.complexities)

    @property
    def shared(self) -> tuple[Work, ...]:
        """The orchestration's tasks that the choreography does as well."""
        first, second = (outline.works.values() for outline in self.outlines)
        there = {work.task for work in second if work.mean is not None}
        return tuple(work for work in first if work.mean is not None and work.task in there)

    @property
    def alone(self) -> tuple[tuple[Work, ...], tuple[Work, ...]]:
        """The tasks that only the orchestration, and only the choreography does."""
        first, second = (tuple(outline.works.values()) for outline in self.outlines)
        return only_in(first, second), only_in(second, first)

    @property
    def broken(self) -> tuple[Hypothesis, ...]:
        """The hypotheses that do not hold."""
        return tuple(hypothesis for hypothesis in self.hypotheses if not hypothesis.holds)

    @cached_property
    def topologies(self) -> Topologies | None:
        """The orchestration's tasks in each topology, with the calls and events as they cost on average; along the
        graph of the choreography, where that does all of them, else along their own. None: nothing has a duration."""
        first, second = self.outlines
        tasks, own = tasks_and_order(first, flow_delays(self.orchestration))
        if not 0 < len(tasks) <= MOST_TASKS:
            return None
        _, other = tasks_and_order(second, event_delays(self.choreography))
        graph = other.subgraph(tasks) if set(tasks) <= set(other) else own
        together = len(tasks) * (len(tasks) - 1) // 2 - graph.number_of_edges()  # pairs that nothing keeps apart
        order = graph if graph.number_of_edges() and together else None  # else it is a chain, or a star
        call, event = (each.now for each in self.crossovers)
        return topologies(tasks, order, call, event, min(self.jobs, JOBS), self.seed)

    def growth(self) -> Growth:
        """How times grow with the number of services, with the load and with overheads."""
        return growth_of(self)

    def __str__(self) -> str:
        from .text import render

        return render(self)

    def _repr_html_(self) -> str:
        from ..report.html_times import render_comparison

        return render_comparison(self)

    def to_dict(self) -> dict[str, object]:
        """Plain data, without the single jobs' times."""
        from .text import in_short

        first, second = self.outlines
        return {
            "orchestration": self.orchestration.name,
            "choreography": self.choreography.name,
            "jobs": self.jobs,
            "seed": self.seed,
            "tasks": {
                "orchestration": [_work(work) for work in first.works.values()],
                "choreography": [_work(work) for work in second.works.values()],
                "shared": [work.task for work in self.shared],
                "only_orchestration": [work.task for work in self.alone[0]],
                "only_choreography": [work.task for work in self.alone[1]],
            },
            "formulas": self.formulas.to_dict(),
            "hypotheses": [hypothesis.to_dict() for hypothesis in self.hypotheses],
            "simulated": {"orchestration": self.simulated[0].to_dict(), "choreography": self.simulated[1].to_dict()},
            "paired": self.pairs.to_dict(),
            "faster": self.faster,
            "crossovers": {f"overhead_of_{each.of}": each.to_dict() for each in self.crossovers},
            "complexity": {
                "orchestration": self.complexities[0].to_dict(),
                "choreography": self.complexities[1].to_dict(),
                "order": self.complexity_order,
                "messages_grow_like_services_to_the": {each.kind: each.message_exponent for each in message_growth()},
            },
            "topologies": self.topologies.to_dict() if self.topologies is not None else None,
            "in_short": in_short(self),
        }

    def plot(self, path: str | Path | None = None) -> Figure:
        """Four pictures: time against services, load, and overhead with the crossover; the distributions.

        Written to a .png, .svg or .pdf file where a path is given.
        """
        from ..plot.comparison import plot_comparison

        return plot_comparison(self, path)


def compare(orchestration: model.Model, choreography: model.Model, jobs: int = 10_000, seed: int = 1) -> Comparison:
    """Formulas and truth about an orchestration and a choreography, side by side.

    Both are simulated with one seed: steps and handlers of the same `task` see the same durations.
    Raises `ModelError`: the models are not of these two kinds, or cannot be simulated.
    """
    if not isinstance(orchestration, model.Orchestration) or not isinstance(choreography, model.Choreography):
        raise ModelError(_wrong_kinds(orchestration, choreography))
    orchestration, choreography = expand(orchestration), expand(choreography)
    if problem := _without_formula(orchestration):
        raise ModelError([problem])
    simulated = simulate(orchestration, jobs, seed), simulate(choreography, jobs, seed)
    both = outlines(orchestration, choreography)
    formulas = formulas_of(*both)
    hypotheses = hypotheses_of(*both, simulated)
    pairs = pair(*both, simulated)
    decisive = [h for h in hypotheses if h.name not in ("durations are constant", "every reaction starts at once")]
    exact = formulas.sequential and all(h.holds for h in decisive) and not _maxima_of_varying(*both, hypotheses)
    return Comparison(
        orchestration,
        choreography,
        jobs,
        seed,
        both,
        formulas,
        hypotheses,
        simulated,
        pairs,
        crossovers_of(*both, formulas, simulated, pairs, exact),
        (complexity_of(orchestration), complexity_of(choreography)),
    )


def _maxima_of_varying(first: Outline, second: Outline, hypotheses: tuple[Hypothesis, ...]) -> bool:
    """Whether a mean of maxima enters: something runs at once, and durations vary."""
    constant = all(h.holds for h in hypotheses if h.name == "durations are constant")
    return not constant and not (first.sequential and (second.sequential or second.inline))


def _without_formula(design: model.Orchestration) -> Problem | None:
    """The formulas speak of one flow whose steps all take time; other designs can be simulated, each by itself."""
    hint = "simulate both designs by themselves"
    if design.flows:
        message = f"'{design.name}' has several flows: the formulas to compare it by speak of one"
        return Problem("E424", message, position_of(design.name), hint)
    if any(step.origin.instant for step in design.flow.steps.values()):
        message = f"'{design.name}' has a step that runs a flow: the formulas to compare it by speak of single steps"
        return Problem("E424", message, position_of(design.name), hint)
    return None


def _wrong_kinds(orchestration: model.Model, choreography: model.Model) -> list[Problem]:
    swapped = isinstance(orchestration, model.Choreography) and isinstance(choreography, model.Orchestration)
    turned = "the other way round: first the orchestration, then the choreography"
    problems = []
    for which, found, wanted in (
        ("first", orchestration, "an orchestration"),
        ("second", choreography, "a choreography"),
    ):
        kind = model.kind_of(found)
        if not wanted.endswith(kind):
            message = f"the {which} model must be {wanted}; '{found.name}' is a model of kind '{kind}'"
            hint = turned if swapped else f"give {wanted} of the same tasks"
            problems.append(Problem("E420", message, position_of(found.name), hint))
    return problems


def _work(work: Work) -> dict[str, object]:
    return {"name": work.name, "task": work.task, "by": work.owner, "mean": work.mean, "visits": work.visits}
