"""Functions about time: simulate, compare, scale, calibrate, sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .. import model
from ..results import Result
from .designs import load

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import networkx as nx

    from ..calibrate import Calibration, Measurements
    from ..compare import Comparison
    from ..compare.scalability import Scalability
    from ..compare.topologies import Topologies
    from ..simulate import Estimate, Seen, SimulationResult
    from ..simulate.timeline import Timeline
    from ..sweep import Replications, Sweep


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
    exact: bool = False,
    executor: Executor | None = None,
    workers: int | None = None,
    constants: Mapping[str, str] | None = None,
) -> SimulationResult:
    """Simulated times of a design, with confidence intervals.

    jobs: how many (10,000); with `precision`, at most so many (10,000,000): it goes on until half the width of the
    interval of the mean, or of `precision_of` (such as `p99`), relative to the value, is at most `precision`. seconds:
    stop after this time, with what is known by then. warmup: how many of the first jobs to leave out where jobs
    arrive, `none`, or by the rule `MSER-5`. exact: set exact values beside, where there are any; with the back end
    `exact` these are all there is. executor, workers: who else works, where each job runs alone. Else see
    `modelcheck.simulate.simulate`.
    """
    from ..simulate import simulate as run

    design = load(source, constants) if isinstance(source, (str, Path)) else source
    return run(
        design, jobs, seed, back_end, warmup, confidence,
        precision=precision, precision_of=precision_of, seconds=seconds, progress=progress, exact=exact,
        executor=executor, workers=workers,
    )  # fmt: skip


def difference(first: SimulationResult, second: SimulationResult) -> Estimate:
    """The mean of first - second in seconds, job by job on the same draws: see `modelcheck.simulate.difference`."""
    from ..simulate import difference as between

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
    **options: object,
) -> Sweep:
    """The simulation of each design that differs from this one in some values, as a table.

    parameters: by name of a constant or path into the model, `{"services.payment.workers": "1..8"}`. executor: any
    `concurrent.futures.Executor`, such as a Dask client's; else `workers` processes. options: of `simulate`. See
    `modelcheck.sweep`.
    """
    from ..sweep import sweep as run

    design = load(source, constants) if isinstance(source, (str, Path)) else source
    return run(design, parameters, jobs, seed, measures, mode, base, executor, workers, progress, **options)


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
    **options: object,
) -> Replications:
    """Independent replications of a simulation, with the mean of each measure over them; see `modelcheck.sweep`."""
    from ..sweep import replicate as run

    design = load(source, constants) if isinstance(source, (str, Path)) else source
    return run(design, replications, jobs, seed, measures, confidence, executor, workers, progress, **options)


def timeline(
    source: str | Path | model.Model | Result,
    *,
    jobs: int = 1,
    seed: int = 1,
    constants: Mapping[str, str] | None = None,
) -> Timeline:
    """What a few simulated jobs do, and when: as text, as a Gantt chart, as a trace for Perfetto.

    source: a design, or the result of a deadline that is refuted, whose counterexample is shown. Raises `ModelError`
    (E419): a result that has no times.
    """
    from ..simulate.timeline import timeline as run
    from ..simulate.timeline import timeline_of_result

    if isinstance(source, Result):
        return timeline_of_result(source)
    return run(load(source, constants) if isinstance(source, (str, Path)) else source, jobs, seed)


def compare(
    orchestration: str | Path | model.Model,
    choreography: str | Path | model.Model,
    *,
    jobs: int = 10_000,
    seed: int = 1,
    constants: Mapping[str, str] | None = None,
) -> Comparison:
    """Formulas and truth about an orchestration and a choreography of the same tasks, side by side."""
    from ..compare import compare as run

    first, second = (
        load(each, constants) if isinstance(each, (str, Path)) else each for each in (orchestration, choreography)
    )
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
    from ..compare.topologies import topologies as run
    from ..compare.topologies import topologies_of

    if isinstance(source, Mapping):
        return run(source, order, call, event, jobs, seed)
    design = load(source, constants) if isinstance(source, (str, Path)) else source
    return topologies_of(design, order, call, event, jobs, seed)


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
    from ..compare.scalability import scale as run

    design = load(source, constants) if isinstance(source, (str, Path)) else source
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
    from ..calibrate import calibrate as run

    design = load(source, constants) if isinstance(source, (str, Path)) else source
    return run(design, measurements, columns=columns, unit=unit, names=names, fit=fit, jobs=jobs, seed=seed)
