"""What is measured of each design of a sweep: figures by name, with intervals where there are some."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .. import model
from ..errors import ModelError, Problem, did_you_mean
from ..simulate import Estimate, SimulationResult, paired_difference
from ..simulate.delays import Array
from ..simulate.result import show_time
from ..simulate.statistics import percentile_of, percentile_of_queued

Figure: TypeAlias = Estimate | float
Measure: TypeAlias = str | Callable[[SimulationResult], Figure]

PLAIN = ("mean", "p50", "p95", "p99", "success", "undos", "calls and replies", "publishes", "deliveries", "throughput")
_MEANS = ("mean", "difference")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,6})?)")


def is_time(name: str) -> bool:
    """Whether a measure is in seconds."""
    return name in _MEANS or name.startswith("wait ") or _PERCENTILE.fullmatch(name) is not None


def is_share(name: str) -> bool:
    """Whether a measure is a part of a whole."""
    return name == "success" or name.startswith("busy ")


def show(name: str, figure: Figure | None) -> str:
    """A figure as people read it; a mean with the half of its interval."""
    if figure is None:
        return ""
    value = figure.value if isinstance(figure, Estimate) else figure
    if is_time(name):
        text = show_time(value)
        if isinstance(figure, Estimate) and name in _MEANS and math.isfinite(figure.high - figure.low):
            text += f" ± {show_time((figure.high - figure.low) / 2)}"
        return text
    return f"{100 * value:.4g} %" if is_share(name) else f"{value:.4g}"


@dataclass(frozen=True)
class Times:
    """How long each job of a design took, to be compared with another's, job by job."""

    makespans: Array
    warm_up: int
    queued: bool


def times_of(result: SimulationResult) -> Times:
    """The times of a simulation."""
    return Times(result.makespans, result.warm_up, result.queued)


def difference(times: Times, base: Times, confidence: float) -> Estimate:
    """How much longer jobs take than in the base, on the same draws: of the jobs that ended in both."""
    removed = max(times.warm_up, base.warm_up)
    one, other = times.makespans[removed:], base.makespans[removed:]
    both = ~np.isnan(one) & ~np.isnan(other)
    if not both.any():
        return Estimate(float("nan"), float("-inf"), float("inf"), confidence, "no job ended in both")
    return paired_difference(one[both], other[both], confidence, times.queued or base.queued)


def figures(result: SimulationResult, wanted: Mapping[str, Measure]) -> dict[str, Figure]:
    """All figures of a simulation, or those that are wanted. Raises `ModelError`: a function failed (E447)."""
    known: dict[str, Figure] = {"mean": result.mean}
    known |= {f"p{percent}": found for percent, found in result.percentiles.items()}
    known |= {"success": result.success, "undos": result.undos, **result.messages}
    for pool, used in result.pools.items():
        known[f"busy {pool}"] = used.busy
        known |= {f"wait {pool}": used.wait} if used.wait is not None else {}
        known |= {f"queue {pool}": used.queue} if used.queue is not None else {}
    known |= {"throughput": result.throughput} if result.throughput is not None else {}
    if not wanted:
        return known
    return {
        name: found for name, measure in wanted.items() if (found := _figure(name, measure, result, known)) is not None
    }


def _figure(name: str, measure: Measure, result: SimulationResult, known: Mapping[str, Figure]) -> Figure | None:
    """One figure; None for one that this design does not have."""
    if callable(measure):
        try:
            found = measure(result)
            return found if isinstance(found, Estimate) else float(found)
        except MemoryError:
            raise
        except Exception as error:
            message = f"the measure '{name}' failed: {type(error).__name__}: {error}"
            raise ModelError([Problem("E447", message)]) from None
    if measure in known:
        return known[measure]
    percent = _PERCENTILE.fullmatch(measure)
    if percent is None:
        return None
    measured = result.makespans[result.warm_up :]
    measured = measured[~np.isnan(measured)]
    if not len(measured):
        return Estimate(float("nan"), float("-inf"), float("inf"), result.mean.confidence, "no job ended")
    return (percentile_of_queued if result.queued else percentile_of)(
        measured, float(percent[1]), result.mean.confidence
    )


def measures_of(design: model.Model, wanted: object) -> dict[str, Measure]:
    """The measures that are wanted, by name; none: the usual. Raises `ModelError` (E447) for one that there is not.

    wanted: names, or functions of a `SimulationResult` by name.
    """
    if wanted is None:
        return {}
    if isinstance(wanted, str):
        wanted = [part.strip() for part in wanted.split(",") if part.strip()]
    if isinstance(wanted, Mapping):
        found = dict(wanted)
    elif isinstance(wanted, Iterable):
        found = {name: name for name in wanted}
    else:
        raise ModelError([Problem("E447", f"'{wanted}' is no measure", hint=f"give names: {', '.join(PLAIN)}")])
    known = (*PLAIN, *(f"{what} {pool}" for what in ("busy", "wait", "queue") for pool in _pools(design)))
    for name, measure in found.items():
        if callable(measure) or measure in known or (isinstance(measure, str) and _PERCENTILE.fullmatch(measure)):
            continue
        raise ModelError([Problem("E447", f"there is no measure '{name}'", hint=did_you_mean(str(name), known))])
    if not found:
        raise ModelError([Problem("E447", "no measure is given", hint=f"give names: {', '.join(PLAIN)}")])
    return found


def _pools(design: model.Model) -> list[str]:
    """Whatever may have workers."""
    if isinstance(design, model.Orchestration):
        return [*design.services, *design.coordinators]
    return ["listeners", *design.participants] if isinstance(design, model.Choreography) else []
