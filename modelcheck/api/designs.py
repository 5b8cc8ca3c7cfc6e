"""The handful of functions that mirror the verbs of the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import model
from ..engine.target import Limits, Progress
from ..errors import ModelError, Problem, did_you_mean
from ..results import CheckReport, Result

if TYPE_CHECKING:
    import networkx as nx

    from ..check.outcomes import Agreement, Outcomes
    from ..explore.exploration import Exploration


def load(source: str | Path, constants: Mapping[str, str] | None = None) -> model.Model:
    """The model in a file, or the packaged model of that name; raises `ModelError` with all problems of the file.

    `constants` replaces declared constants, as `--set N=5` does.
    """
    from ..formats import load_file
    from ..library import find_model

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


def to_text(design: model.Model) -> str:
    """A model as YAML that `load` reads back as the same model; raises `ModelError` for what text cannot say.

    Comments of a file that it came from are not kept.
    """
    from ..load.write import to_text as write

    return write(design)


# What half a model lacks may stand in the other half.
LACKING = frozenset({"E122", "E201", "E202", "E210", "E211", "E215", "E222", "E224"})


def _in_formulas(partial: object) -> list[Problem]:
    """What is wrong in the formulas of a model of which parts are missing, so that all is reported in one go."""
    from ..load import Partial

    if not isinstance(partial, Partial):
        return []
    found = _formula_problems(partial.design)
    return [each for each in found if each.code not in LACKING and not _declares(partial.lost, each.unknown)]


def _declares(names: frozenset[str], unknown: str) -> bool:
    """Whether a name, or that of a field or of a participant's variable, stands where names are declared."""
    return unknown in names or unknown.rpartition(".")[2] in names


def _formula_problems(design: model.Model) -> list[Problem]:
    """Everything that typing all formulas of a model brings to light."""
    from ..check.properties import property_problems
    from ..check.run import expectation_problems
    from ..check.skeleton import problems_of_properties
    from ..compile import compile_model

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
    from ..check.run import check_model
    from ..check.second_look import Asked, look_again
    from ..engine.strategy import REDUCTIONS, Strategy
    from ..library import find_model

    design = load(source, constants) if isinstance(source, (str, Path)) else source
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
    from ..engine.fairness import FAIRNESS

    if fairness not in FAIRNESS:
        message = f"'{fairness}' is no notion of fairness: it is one of {', '.join(FAIRNESS)}"
        raise ModelError([Problem("E303", message, hint=did_you_mean(fairness, FAIRNESS))])
    asked = {name: replace(each, fairness=None) for name, each in design.properties.items()}
    return replace(design, fairness=fairness, properties=asked)


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
    from ..report.diagram import graph_of

    design = load(source, constants) if isinstance(source, (str, Path)) else source
    result = _traced(design, property) if property is not None else None
    trace = result.trace if result is not None else None
    if not states:
        from ..report.marked import marked

        return graph_of(design) if trace is None else marked(graph_of(design), trace)
    from ..check.properties import violations
    from ..compile import compile_model
    from ..report.states import states_graph

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
    from ..check.outcomes import outcomes_of

    return outcomes_of(load(source, constants) if isinstance(source, (str, Path)) else source, limits)


def same_outcomes(
    first: str | Path | model.Model,
    second: str | Path | model.Model,
    *,
    limits: Limits | None = None,
    constants: Mapping[str, str] | None = None,
) -> Agreement:
    """Whether two designs allow the same observable outcomes, and which only one of them has."""
    from ..check.outcomes import compare_outcomes

    one, other = (load(each, constants) if isinstance(each, (str, Path)) else each for each in (first, second))
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
    from ..explore.saved import read
    from ..explore.verbs import exploration_of

    saved = None if trace is None else read(trace)
    known = {**({} if saved is None else saved["constants"]), **(constants or {})}
    design = load(source, known) if isinstance(source, (str, Path)) else source
    return exploration_of(design, str(source) if isinstance(source, (str, Path)) else "", known, saved, property)
