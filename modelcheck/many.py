"""The functions that mirror the verbs for many simulations: sweeps and replications."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from . import model
from .api import load

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from .sweep import Replications, Sweep


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
    from .sweep import sweep as run

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
    from .sweep import replicate as run

    design = load(source, constants) if isinstance(source, (str, Path)) else source
    return run(design, replications, jobs, seed, measures, confidence, executor, workers, progress, **options)
