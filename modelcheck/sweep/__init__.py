"""Sweeps: the same simulation of many designs that differ in some values, over as many processes as one likes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from itertools import product
from math import prod
from typing import TypeAlias

from .. import model
from ..errors import Located, ModelError, Problem, position_of
from ..load.write import to_text
from ..simulate import simulate
from ..spread import check_workers, spread
from .measures import Times, measures_of, times_of
from .paths import with_value
from .replicate import Replications, replicate
from .table import Row, Sweep
from .values import number_of, values_of
from .work import Answer, Part, Values, answers, check_options, with_values

__all__ = ["Replications", "Row", "Sweep", "replicate", "sweep"]

Told: TypeAlias = Callable[[int, int], None]

MOST_DESIGNS = 100_000
MOST_WRONG = 10  # values of a parameter that are complained about
LARGEST_PART = 16  # designs that a worker is given at once
PARTS_A_WORKER = 8


def sweep(
    design: model.Model,
    parameters: Mapping[str, object] | Iterable[tuple[str, object]],
    jobs: int = 10_000,
    seed: int = 1,
    measures: object = None,
    mode: str = "grid",
    base: str | Mapping[str, object] | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Told | None = None,
    **options: object,
) -> Sweep:
    """The simulation of each design that differs from this one in the values of some parameters, as a table.

    parameters: a constant, or a path such as `services.payment.workers`, with its values: `1..8`, `10ms,20ms`, a list
    (see `values`). mode: `grid` (each value with each) or `zip` (first with first, second with second). All designs
    see the same draws, so that rows can be compared job by job. measures: names (`mean`, `p95`, `busy payment`), or
    functions of a `SimulationResult` by name. base: `model` (as it stands), `first` (row) or values by path: the paired
    difference of each row from it is measured, too. executor, workers: see `spread`; the answer does not depend on
    them, to the last bit. progress: called with how many designs are done, and how many there are. options: of
    `simulate`.

    A design that cannot be simulated is a row with its error. Ctrl-C gives the rows known by then; so does the death
    of a worker. Raises `ModelError`: a parameter, value or measure is wrong, there are too many designs, or no design
    can be simulated.
    """
    check_workers(executor, workers)
    check_options(options)
    names, rows = _designs(design, parameters, mode)
    wanted = measures_of(design, measures)
    compared = _base(design, base, rows, jobs, seed, options)
    size = _part_size(len(rows), executor, workers)
    parts = [
        Part(design, tuple((values, seed) for values in rows[first : first + size]), jobs, options, wanted, compared)
        for first in range(0, len(rows), size)
    ]
    found: dict[int, Answer] = {}
    stopped = ""
    problem: tuple[Problem, ...] = ()
    try:
        if progress:
            progress(0, len(rows))
        for number, answered in spread(answers, parts, executor, workers):
            found.update(enumerate(answered, start=number * size))
            if progress:
                progress(len(found), len(rows))
    except KeyboardInterrupt:
        stopped = "interrupted"
    except ModelError as error:
        if not found:
            raise
        stopped, problem = "a worker has died", error.problems
    lost = Answer(problems=problem)
    table = tuple(
        Row(tuple(str(text) for _, text in values), found.get(number, lost), number in found)
        for number, values in enumerate(rows)
    )
    _raise_if_hopeless(table)
    return Sweep(
        design.name, model.kind_of(design), names, table, jobs, seed, stopped, tuple(wanted), compared is not None
    )


def _designs(
    design: model.Model, parameters: Mapping[str, object] | Iterable[tuple[str, object]], mode: str
) -> tuple[tuple[str, ...], list[Values]]:
    """The names of the parameters, and the values of each design; all that is wrong with them is raised at once."""
    given = list(parameters.items() if isinstance(parameters, Mapping) else parameters)
    problems = []
    if not given:
        problems.append(Problem("E444", "nothing is varied", hint="give a parameter and its values"))
    if mode not in ("grid", "zip"):
        problems.append(Problem("E444", f"there is no mode '{mode}'", hint="it is grid or zip"))
    names = tuple(str(name) for name, _ in given)
    problems += [
        Problem("E444", f"'{name}' is given twice", hint="give all of its values at once")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if problems:
        raise ModelError(problems)
    columns = [_read(name, each, problems) for name, (_, each) in zip(names, given, strict=True)]
    counts = [len(column) for column in columns]
    if not problems and mode == "grid" and prod(counts) > MOST_DESIGNS:
        size = f"{' x '.join(f'{count:,}' for count in counts)} = {prod(counts):,}"
        hint = f"at most {MOST_DESIGNS:,}: take fewer values or larger steps, or vary together (zip)"
        raise ModelError([Problem("E446", f"{size} designs are too many", hint=hint)])
    for name, column in zip(names, columns, strict=True):
        _check_values(design, name, column, problems)
    if problems:
        raise ModelError(problems)
    if mode == "zip":
        return names, _together(names, columns)
    return names, [tuple(zip(names, values, strict=True)) for values in product(*columns)]


def _read(name: str, given: object, problems: list[Problem]) -> tuple[Located, ...]:
    try:
        return values_of(name, given)
    except ModelError as error:
        problems += error.problems
        return ()


def _check_values(design: model.Model, name: str, values: Sequence[Located], problems: list[Problem]) -> None:
    """Sees that the model can have each value; notes what is wrong, until it is enough."""
    before = len(problems)
    for value in values:
        try:
            changed = with_value(design, name, value)
            if number_of(value) is None:
                _check_names(design, changed, value)
        except ModelError as error:
            problems += error.problems
            if len(problems) - before > MOST_WRONG or any(problem.code == "E443" for problem in error.problems):
                return


def _check_names(design: model.Model, changed: model.Model, value: Located) -> None:
    """A word may name a service or a step that there is not, which only a whole text shows."""
    try:
        to_text(design)
    except ModelError:
        return  # It cannot be said as text anyway.
    try:
        to_text(changed)
    except ModelError as error:
        raise ModelError(
            replace(problem, position=position_of(value)) for problem in error.problems if problem.code != "E039"
        ) from None


def _together(names: Sequence[str], columns: Sequence[Sequence[Located]]) -> list[Values]:
    """The first values together, the second together, and so on; a single value goes with all."""
    longest = max(len(column) for column in columns)
    for name, column in zip(names, columns, strict=True):
        if len(column) not in (1, longest):
            message = f"'{name}' has {len(column)} values, another parameter {longest}"
            raise ModelError([Problem("E445", message, hint="with zip all have as many values, or one")])
    return [
        tuple((name, column[row % len(column)]) for name, column in zip(names, columns, strict=True))
        for row in range(longest)
    ]


def _base(
    design: model.Model,
    base: str | Mapping[str, object] | None,
    rows: Sequence[Values],
    jobs: int,
    seed: int,
    options: Mapping[str, object],
) -> Times | None:
    """The times that those of all designs are compared with."""
    if base is None:
        return None
    if isinstance(base, Mapping):
        compared = with_values(design, tuple((name, values_of(name, value)[0]) for name, value in base.items()))
    elif base in ("model", "first"):
        compared = design if base == "model" else with_values(design, rows[0])
    else:
        raise ModelError([Problem("E444", f"'{base}' is no base", hint="it is model, first, or values by path")])
    return times_of(simulate(compared, jobs, seed, **options))  # type: ignore[arg-type]


def _part_size(designs: int, executor: Executor | None, workers: int | None) -> int:
    """How many designs a worker is given at once: few enough that all have work to the end, and that little is lost."""
    if executor is None and (workers or 1) == 1:
        return 1
    return max(1, min(LARGEST_PART, designs // (PARTS_A_WORKER * (workers or PARTS_A_WORKER))))


def _raise_if_hopeless(table: Sequence[Row]) -> None:
    """Where the same is wrong with every design, it is the model that is wrong, or what is asked."""
    wrong = {row.answer.problems for row in table}
    if len(wrong) == 1 and all(row.known for row in table) and (problems := wrong.pop()):
        raise ModelError(problems)
