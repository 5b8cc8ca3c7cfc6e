"""The handful of functions that mirror the verbs of the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import model
from .engine.target import Limits, Progress
from .errors import ModelError, Problem, did_you_mean
from .results import CheckReport, Result

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import networkx as nx

    from .calibrate import Calibration, Measurements
    from .check.outcomes import Agreement, Outcomes
    from .compare import Comparison
    from .compare.scalability import Scalability
    from .compare.topologies import Topologies
    from .explore.exploration import Exploration
    from .simulate import Estimate, Seen, SimulationResult
    from .simulate.timeline import Timeline
    from .sweep import Replications, Sweep


def load(source: str | Path, constants: Mapping[str, str] | None = None) -> model.Model:
    """The model in a file, or the packaged model of that name; raises `ModelError` with all problems of the file.

    `constants` replaces declared constants, as `--set N=5` does.
    """
    from .formats import load_file
    from .library import find_model

    path = find_model(str(source))
    try:
        design = load_file(path, constants)
    except ModelError as error:
        places = {str(problem.position) for problem in error.problems}
        more = [problem for problem in _in_formulas(error.partial) if str(problem.position) not in places]
        raise ModelError([*error.problems, *more]) from None
    if problems := _formula_problems(design):  # A loaded model is a good one.
        raise ModelError(problems)
    return design


def _design(source: str | Path | model.Model, constants: Mapping[str, str] | None) -> model.Model:
    """A model as it is, or the one of a file or a name."""
    return load(source, constants) if isinstance(source, (str, Path)) else source


def to_text(design: model.Model) -> str:
    """A model as YAML that `load` reads back as the same model; raises `ModelError` for what text cannot say.

    Comments of a file that it came from are not kept.
    """
    from .load.write import to_text as write

    return write(design)


# What half a model lacks may stand in the other half.
LACKING = frozenset({"E122", "E201", "E202", "E210", "E211", "E215", "E222", "E224"})


def _in_formulas(partial: object) -> list[Problem]:
    """What is wrong in the formulas of a model of which parts are missing, so that all is reported in one go."""
    from .load import Partial

    if not isinstance(partial, Partial):
        return []
    found = _formula_problems(partial.design)
    return [each for each in found if each.code not in LACKING and not _declares(partial.lost, each.unknown)]


def _declares(names: frozenset[str], unknown: str) -> bool:
    """Whether a name, or that of a field or of a participant's variable, stands where names are declared."""
    return unknown in names or unknown.rpartition(".")[2] in names


def _formula_problems(design: model.Model) -> list[Problem]:
    """Everything that typing all formulas of a model brings to light."""
    from .check.properties import property_problems
    from .check.run import expectation_problems
    from .check.skeleton import problems_of_properties
    from .compile import compile_model

    try:
        system = compile_model(design)
    except ModelError as error:
        return [*error.problems, *problems_of_properties(design)]
    return property_problems(design, system) or expectation_problems(design, system)


def check(
    source: str | Path | model.Model,
    *,
    properties: Sequence[str] | None = None,
    limits: Limits | None = None,
    engine: str = "auto",
    reductions: Iterable[str] | None = None,
    fingerprints: bool = False,
    progress: Progress | None = None,
    constants: Mapping[str, str] | None = None,
    fairness: str | None = None,
    coverage: bool = False,
    witnesses: bool = False,
    counterexamples: int = 1,
) -> CheckReport:
    """All checks that apply to a model, and its own properties; `properties` restricts the answer to some names.

    engine, reductions, fingerprints, progress: see `engine.strategy.Strategy`; without `reductions` all may be used.
    fairness: `none`, `weak`, `strong` or `outcomes`, instead of what the model and its properties say. On request:
    coverage of all that can happen, witnesses and vacuous parts of what is proved, and at most so many counterexamples
    of what is not, each of another kind.
    """
    from .check.run import check_model
    from .check.second_look import Asked, look_again
    from .engine.strategy import REDUCTIONS, Strategy
    from .library import find_model

    design = _design(source, constants)
    if fairness is not None:
        design = _under(fairness, design)
    allowed = frozenset(REDUCTIONS if reductions is None else reductions)
    strategy = Strategy(engine, allowed, fingerprints, progress)
    report = check_model(design, properties, limits or Limits(), strategy)
    asked = Asked(coverage, witnesses, counterexamples)
    if asked:
        report = look_again(design, report, asked, limits or Limits())
    return replace(report, file=str(find_model(str(source)))) if isinstance(source, (str, Path)) else report


def _under(fairness: str, design: model.Model) -> model.Model:
    """The design with one notion of fairness for everything."""
    from .engine.fairness import FAIRNESS

    if fairness not in FAIRNESS:
        message = f"'{fairness}' is no notion of fairness: it is one of {', '.join(FAIRNESS)}"
        raise ModelError([Problem("E303", message, hint=did_you_mean(fairness, FAIRNESS))])
    asked = {name: replace(each, fairness=None) for name, each in design.properties.items()}
    return replace(design, fairness=fairness, properties=asked)


def simulate(
    source: str | Path | model.Model,
    *,
    jobs: int | None = None,
    seed: int = 1,
    back_end: str = "auto",
    warmup: int | str | None = None,
    confidence: float = 0.95,
    precision: float | None = None,
    precision_of: str = "mean",
    seconds: float | None = None,
    progress: Callable[[Seen], None] | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    constants: Mapping[str, str] | None = None,
) -> SimulationResult:
    """Simulated times of a design, with confidence intervals.

    jobs: how many (10,000); with `precision`, at most so many (10,000,000): it goes on until half the width of the
    interval of the mean, or of `precision_of` (such as `p99`), relative to the value, is at most `precision`. seconds:
    stop after this time, with what is known by then. warmup: how many of the first jobs to leave out where jobs
    arrive, `none`, or by the rule `MSER-5`. executor, workers: who else works, where each job runs alone. Else see
    `modelcheck.simulate.simulate`.
    """
    from .simulate import simulate as run

    design = _design(source, constants)
    return run(
        design, jobs, seed, back_end, warmup, confidence,
        precision=precision, precision_of=precision_of, seconds=seconds, progress=progress,
        executor=executor, workers=workers,
    )  # fmt: skip


def difference(first: SimulationResult, second: SimulationResult) -> Estimate:
    """The mean of first - second in seconds, job by job on the same draws: see `modelcheck.simulate.difference`."""
    from .simulate import difference as between

    return between(first, second)


def sweep(
    source: str | Path | model.Model,
    parameters: Mapping[str, object] | Iterable[tuple[str, object]],
    *,
    jobs: int = 10_000,
    seed: int = 1,
    measures: object = None,
    mode: str = "grid",
    base: str | Mapping[str, object] | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    constants: Mapping[str, str] | None = None,
) -> Sweep:
    """The simulation of each design that differs from this one in some values, as a table.

    parameters: by name of a constant or path into the model, `{"services.payment.workers": "1..8"}`. executor: any
    `concurrent.futures.Executor`, such as a Dask client's; else `workers` processes. See `modelcheck.sweep`.
    """
    from .sweep import sweep as run

    design = _design(source, constants)
    return run(design, parameters, jobs, seed, measures, mode, base, executor, workers, progress)


def replicate(
    source: str | Path | model.Model,
    *,
    replications: int = 10,
    jobs: int = 10_000,
    seed: int = 1,
    measures: object = None,
    confidence: float = 0.95,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    constants: Mapping[str, str] | None = None,
) -> Replications:
    """Independent replications of a simulation, with the mean of each measure over them; see `modelcheck.sweep`."""
    from .sweep import replicate as run

    design = _design(source, constants)
    return run(design, replications, jobs, seed, measures, confidence, executor, workers, progress)


def timeline(
    source: str | Path | model.Model, *, jobs: int = 1, seed: int = 1, constants: Mapping[str, str] | None = None
) -> Timeline:
    """What a few simulated jobs do, and when: as text, as a Gantt chart, as a trace for Perfetto."""
    from .simulate.timeline import timeline as run

    return run(_design(source, constants), jobs, seed)


def compare(
    orchestration: str | Path | model.Model,
    choreography: str | Path | model.Model,
    *,
    jobs: int = 10_000,
    seed: int = 1,
    constants: Mapping[str, str] | None = None,
) -> Comparison:
    """Formulas and truth about an orchestration and a choreography of the same tasks, side by side."""
    from .compare import compare as run

    first, second = (_design(each, constants) for each in (orchestration, choreography))
    return run(first, second, jobs=jobs, seed=seed)


def topologies(
    source: str | Path | model.Model | Mapping[str, float | model.Delay],
    order: nx.DiGraph[str] | Iterable[tuple[str, str]] | None = None,
    *,
    call: float = 0.0,
    event: float = 0.0,
    jobs: int = 1_000,
    seed: int = 1,
    constants: Mapping[str, str] | None = None,
) -> Topologies:
    """What the same tasks take one after another, side by side, along a graph, as a chain, a star, with one listener.

    source: a design, whose tasks and order are taken, or tasks by name with their times (seconds, or `model.Delay`).
    order: another graph, or its edges: who must end before whom. call, event: what each costs, in seconds.
    """
    from .compare.topologies import topologies as run
    from .compare.topologies import topologies_of

    if isinstance(source, Mapping):
        return run(source, order, call, event, jobs, seed)
    return topologies_of(_design(source, constants), order, call, event, jobs, seed)


def scale(
    source: str | Path | model.Model,
    vary: str,
    values: Iterable[float],
    objective: str,
    *,
    jobs: int = 10_000,
    seed: int = 1,
    constants: Mapping[str, str] | None = None,
) -> Scalability:
    """How far a design scales: Min and Max of what is varied under an objective; see `compare.scalability.scale`."""
    from .compare.scalability import scale as run

    design = _design(source, constants)
    return run(design, vary, list(values), objective, jobs, seed)


def calibrate(
    source: str | Path | model.Model,
    measurements: str | Path | Measurements,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    names: Mapping[str, str] | None = None,
    fit: str = "empirical",
    jobs: int = 10_000,
    seed: int = 1,
    constants: Mapping[str, str] | None = None,
) -> Calibration:
    """A model with the times of measured executions (a CSV file), set beside them; see `calibrate.calibrate`."""
    from .calibrate import calibrate as run

    design = _design(source, constants)
    return run(design, measurements, columns=columns, unit=unit, names=names, fit=fit, jobs=jobs, seed=seed)


def graph(
    source: str | Path | model.Model,
    *,
    states: bool = False,
    property: str | None = None,
    constants: Mapping[str, str] | None = None,
) -> nx.MultiDiGraph[Any]:
    """The flow of an orchestration, the events of a choreography, or the states that a model can be in, as a graph.

    `property`: the counterexample (or witness) of this property is marked. Raises `ModelError`: a system has no flow
    (E904), there are too many states (E906), the property has no trace (E907).
    """
    from .report.diagram import graph_of

    design = _design(source, constants)
    result = _traced(design, property) if property is not None else None
    trace = result.trace if result is not None else None
    if not states:
        from .report.marked import marked

        return graph_of(design) if trace is None else marked(graph_of(design), trace)
    from .check.properties import violations
    from .compile import compile_model
    from .report.states import states_graph

    system = compile_model(design)
    return states_graph(system, design.name, result, violations(design, system))


def _traced(design: model.Model, name: str) -> Result:
    """The result of a property that has a trace."""
    result = check(design, properties=[name])[name]
    if result.trace is None:
        hint = f"without --property {name!r} nothing is marked"
        message = f"'{name}' is {result.verdict}: there is no counterexample to mark"
        raise ModelError([Problem("E907", message, hint=hint)])
    return result


def outcomes(
    source: str | Path | model.Model, *, limits: Limits | None = None, constants: Mapping[str, str] | None = None
) -> Outcomes:
    """What the outside can see of a design when it has ended: the values of its observables (`observe`)."""
    from .check.outcomes import outcomes_of

    return outcomes_of(_design(source, constants), limits)


def same_outcomes(
    first: str | Path | model.Model,
    second: str | Path | model.Model,
    *,
    limits: Limits | None = None,
    constants: Mapping[str, str] | None = None,
) -> Agreement:
    """Whether two designs allow the same observable outcomes, and which only one of them has."""
    from .check.outcomes import compare_outcomes

    one, other = (_design(each, constants) for each in (first, second))
    return compare_outcomes(one, other, limits)


def explore(
    source: str | Path | model.Model,
    *,
    constants: Mapping[str, str] | None = None,
    trace: str | Path | None = None,
    property: str | None = None,
) -> Exploration:
    """A design to step through, in its first initial state; what moves on it returns a new exploration.

    trace: begin at the end of a saved trace (`Exploration.save`, `check --save-trace`), with its constants.
    property: begin at the end of a property's counterexample or witness. Raises `ModelError`.
    """
    from .explore.saved import read
    from .explore.verbs import exploration_of

    saved = None if trace is None else read(trace)
    known = {**({} if saved is None else saved["constants"]), **(constants or {})}
    design = _design(source, known)
    return exploration_of(design, str(source) if isinstance(source, (str, Path)) else "", known, saved, property)
