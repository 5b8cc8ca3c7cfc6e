"""The handful of functions that mirror the verbs of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import model
from .engine.target import Limits
from .errors import ModelError, Problem
from .results import CheckReport

if TYPE_CHECKING:
    from .compare import Comparison
    from .simulate import SimulationResult


def load(source: str | Path, constants: Mapping[str, str] | None = None) -> model.Model:
    """The model in a file, or the packaged model of that name; raises `ModelError` with all problems of the file.

    `constants` replaces declared constants, as `--set N=5` does.
    """
    from .library import find_model
    from .load import load_file

    path = find_model(str(source))
    try:
        design = load_file(path, constants)
    except ModelError as error:
        places = {problem.position for problem in error.problems}
        more = [problem for problem in _in_formulas(error.partial) if problem.position not in places]
        raise ModelError([*error.problems, *more]) from None
    if problems := _formula_problems(design):  # A loaded model is a good one.
        raise ModelError(problems)
    return design


# What half a model lacks may stand in the other half.
LACKING = frozenset({"E122", "E201", "E202", "E210", "E211", "E215"})


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
    constants: Mapping[str, str] | None = None,
) -> CheckReport:
    """All checks that apply to a model, and its own properties; `properties` restricts the answer to some names."""
    from .check.run import check_model
    from .library import find_model

    design = load(source, constants) if isinstance(source, (str, Path)) else source
    report = check_model(design, properties, limits or Limits(), engine)
    return replace(report, file=str(find_model(str(source)))) if isinstance(source, (str, Path)) else report


def simulate(
    source: str | Path | model.Model, *, jobs: int = 10_000, seed: int = 1, constants: Mapping[str, str] | None = None
) -> SimulationResult:
    """Simulated times of a design, with confidence intervals."""
    from .simulate import simulate as run

    return run(load(source, constants) if isinstance(source, (str, Path)) else source, jobs=jobs, seed=seed)


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

    first, second = (
        load(each, constants) if isinstance(each, (str, Path)) else each for each in (orchestration, choreography)
    )
    return run(first, second, jobs=jobs, seed=seed)
