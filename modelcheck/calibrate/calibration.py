"""`calibrate`: a model with measured times, and how well it says what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import model
from ..errors import ModelError, Problem, did_you_mean, position_of
from ..expand import expand
from ..graph.flow import undo_node
from ..simulate import Estimate, SimulationResult, simulate
from ..simulate.delays import Array
from ..simulate.setting import setting_of
from ..simulate.statistics import percentile_of
from .fit import FITS, calibrated, hidden
from .gaps import Link, Parts, links_of, parts_of
from .matching import Timed, match, waiting_for, written
from .measured import Measurements, read_measurements

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PERCENTILES = (50, 95, 99)
RESAMPLES = 2_000
MOST_RESAMPLED = 2_000
PILOT = 200
FEWEST = 4


@dataclass(frozen=True)
class Agreement:
    """Simulated percentiles beside measured ones, in seconds; `inside` the intervals of the measured ones or not.

    calibrated_on, measured_on: how many executions the model learnt from, and how many it is set beside.
    """

    calibrated_on: int
    measured_on: int
    measured: Mapping[int, Estimate]
    simulated: Mapping[int, float]

    def inside(self, percent: int) -> bool:
        """Whether a simulated percentile lies in the interval of the measured one."""
        return self.simulated[percent] in self.measured[percent]

    def to_dict(self) -> dict[str, object]:
        return {
            "calibrated_on": self.calibrated_on,
            "measured_on": self.measured_on,
            "percentiles": {
                f"p{percent}": {
                    "measured": estimate.to_dict(),
                    "simulated": self.simulated[percent],
                    "inside": self.inside(percent),
                }
                for percent, estimate in self.measured.items()
            },
        }


@dataclass(frozen=True)
class Calibration:
    """A model with the times that were measured (`design`), and what came of it.

    parts: the durations of tasks and the gaps before them. links: which of them go together. simulated: the calibrated
    model, `times` its jobs as they were measured (from the first beginning to the last end). whole: beside all
    executions; halves: calibrated on a random half, beside the other half; body: with lognormals that are fitted to the
    body of each measured quantity instead. runs: how often a task runs in a measured execution and in a simulated job.
    """

    design: Timed
    fit: str
    measured: Measurements
    parts: Parts
    links: tuple[Link, ...]
    simulated: SimulationResult
    times: Array
    whole: Agreement
    halves: Agreement
    body: Agreement
    runs: Mapping[str, tuple[float, float]]
    notes: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether the simulated median and 95th percentile lie in the intervals of the measured ones."""
        return self.whole.inside(50) and self.whole.inside(95)

    def __str__(self) -> str:
        from .text import render

        return render(self)

    def _repr_html_(self) -> str:
        from ..report.html_times import render_calibration

        return render_calibration(self)

    def to_dict(self) -> dict[str, object]:
        """Plain data, without the single times."""
        from .text import task_data

        return {
            "model": self.design.name,
            "measurements": self.measured.source,
            "executions": len(self.measured),
            "seed": self.simulated.seed,
            "fit": self.fit,
            "share_between_tasks": self.parts.between,
            "tasks": task_data(self),
            "links": [
                {"first": each.first, "second": each.second, "rank_correlation": each.correlation}
                for each in self.links
            ],
            "all": self.whole.to_dict(),
            "half_beside_half": self.halves.to_dict(),
            "lognormals_fitted_to_the_body": self.body.to_dict(),
            "agrees": self.agrees,
            "notes": list(self.notes),
        }

    def save(self, path: str | Path) -> list[Path]:
        """Writes the calibrated model (.yaml), and its measured times into a folder beside it; returns the files.

        Raises `ModelError` (E902): it cannot be written.
        """
        from .saved import save

        return save(self.design, Path(path))

    def plot(self, path: str | Path | None = None) -> Figure:
        """The distributions of measured and simulated times; written to a .png, .svg or .pdf file if one is named."""
        from ..plot.calibration import plot_calibration

        return plot_calibration(self, path)


def calibrate(
    design: model.Model,
    measurements: str | Path | Measurements,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    names: Mapping[str, str] | None = None,
    fit: str = "empirical",
    jobs: int = 10_000,
    seed: int = 1,
    confidence: float = 0.95,
) -> Calibration:
    """The model with the durations and gaps of measured executions, set beside them.

    columns, unit: see `read_measurements`. names: the model's task for a name of the file ('' leaves it out), where
    they differ. fit: `empirical`, the measured times themselves; `executions`, the same, with those of one execution
    drawn together; `lognormal`, fitted to the body of each; or `mixture`, a lognormal for the body and the measured
    times for what lies far above it.
    The time between the end of what a task waits for and its own beginning becomes the overhead of its call; in a
    choreography the delivery on its channel. Raises `ModelError`.
    """
    if not isinstance(design, model.Orchestration | model.Choreography):
        message = f"'{design.name}' is a {model.kind_of(design)}: nothing in it has a duration"
        hint = "calibrate an orchestration or a choreography"
        raise ModelError([Problem("E404", message, position_of(design.name), hint)])
    if fit not in FITS:
        raise ModelError([Problem("E452", f"unknown fit '{fit}'", None, did_you_mean(fit, FITS))])
    read = measurements if isinstance(measurements, Measurements) else read_measurements(measurements, columns, unit)
    measured = read.renamed(match(design, read.tasks, names))
    if len(measured) < FEWEST:
        message = f"{len(measured)} executions are too few to calibrate by"
        raise ModelError([Problem("E452", message, None, f"measure at least {FEWEST}; some dozens say something")])
    if fit == "executions" and (problem := _not_together(design, measured)):
        raise ModelError([problem])
    waiting = waiting_for(design)
    half, other = measured.halves(seed)
    parts = parts_of(measured, waiting)
    whole, result, times = _beside(design, measured, measured, waiting, fit, jobs, seed, confidence)
    runs = _runs(result[0], measured)
    return Calibration(
        design=result[0],
        fit=fit,
        measured=measured,
        parts=parts,
        links=links_of(measured, waiting),
        simulated=result[1],
        times=times,
        whole=whole,
        halves=_beside(design, half, other, waiting, fit, jobs, seed, confidence)[0],
        body=_beside(design, measured, measured, waiting, "lognormal", jobs, seed, confidence)[0],
        runs=runs,
        notes=tuple(_notes(design, parts, waiting, runs)),
    )


def _not_together(design: Timed, measured: Measurements) -> Problem | None:
    """Why the times of one execution cannot be drawn together: lines of different executions would be mixed up."""
    hint = "fit 'empirical' draws each by itself"
    if isinstance(design, model.Choreography):
        return Problem("E452", "the gaps of a channel are those of several events: no line has them all", None, hint)
    everything = len(measured.tasks)
    odd = sum(
        len(each) != everything or len({span.task for span in each}) != everything for each in measured.executions
    )
    if odd:
        message = f"{odd} of {len(measured)} executions do not do everything once, so they are no lines of one table"
        return Problem("E452", message, None, hint)
    return None


def _beside(
    design: Timed,
    learnt: Measurements,
    shown: Measurements,
    waiting: Mapping[str, frozenset[str]],
    fit: str,
    jobs: int,
    seed: int,
    confidence: float,
) -> tuple[Agreement, tuple[Timed, SimulationResult], Array]:
    """The model calibrated on some executions, set beside some."""
    made = calibrated(design, parts_of(learnt, waiting), waiting, FITS[fit])
    result = simulate(replace(made, arrivals=None), jobs, seed, confidence=confidence)
    times = _as_measured(made, result)
    agreement = Agreement(
        len(learnt),
        len(shown),
        {percent: percentile(shown.makespans, percent, seed, confidence) for percent in PERCENTILES},
        {percent: float(np.quantile(times, percent / 100)) for percent in PERCENTILES},
    )
    return agreement, (made, result), times


def percentile(values: Array, percent: float, seed: int = 1, confidence: float = 0.95) -> Estimate:
    """A percentile of measured values; its interval by the bootstrap (Efron 1979), between the percentiles of what
    resampling gives; of many values between order statistics, which is the same without drawing lots."""
    if len(values) > MOST_RESAMPLED:
        return percentile_of(values, percent, confidence)
    resampled = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values)))
    found = np.quantile(resampled, percent / 100, axis=1)
    low, high = np.quantile(found, ((1 - confidence) / 2, (1 + confidence) / 2))
    value = float(np.quantile(values, percent / 100))
    return Estimate(value, float(low), float(high), confidence, f"bootstrap, {RESAMPLES:,} resamples")


def _as_measured(design: Timed, result: SimulationResult) -> Array:
    """The times of simulated jobs from their first task on, as executions are measured: without the delivery of a
    choreography's first event."""
    times = result.makespans
    if isinstance(design, model.Choreography) and len(design.starts) == 1:
        plan = setting_of(expand(replace(design, arrivals=None)), result.seed).plan
        event = design.starts[0].event
        deliveries = [draws for (what, _), draws in plan.deliver.items() if what == event]
        if deliveries and len(deliveries) == len(plan.receivers[event]):
            times = times - np.min([draws.of_jobs(range(result.jobs)) for draws in deliveries], axis=0)
    return times[~np.isnan(times)]


def _runs(design: Timed, measured: Measurements) -> dict[str, tuple[float, float]]:
    """How often each task runs in a measured execution, and in a simulated job."""
    setting = setting_of(expand(replace(design, arrivals=None)), 1)
    simulated: Counter[str] = Counter()
    for happening in setting.loop(record=True).run(range(PILOT)).happenings:
        label = setting.system.actions[happening.number].label
        if label.phase in ("start", "undo start"):
            node = label.step if label.phase == "start" else undo_node(label.step)
            simulated[written(node, isinstance(design, model.Orchestration))] += 1
    counted = Counter(span.task for spans in measured.executions for span in spans)
    return {task: (counted[task] / len(measured), simulated[task] / PILOT) for task in counted}


def _notes(
    design: Timed, parts: Parts, waiting: Mapping[str, frozenset[str]], runs: Mapping[str, tuple[float, float]]
) -> list[str]:
    """What a reader should know."""
    notes = []
    if inside := sorted(hidden(parts, waiting)):
        them = "it takes" if len(inside) == 1 else "they take"
        notes.append(
            f"not measured, and before what is: {', '.join(inside)}; the gaps there contain it, so {them} none"
        )
    missing = [task for task in waiting if task not in parts.tasks and task not in inside]
    if missing:
        notes.append(f"not measured: {', '.join(missing)}; it keeps the time that the model says")
    for task, (measured, simulated) in runs.items():
        if abs(measured - simulated) > max(0.1 * measured, 4 * np.sqrt(max(simulated, 0.05) / PILOT)):
            notes.append(
                f"{task} runs {measured:.3g} times in a measured execution and {simulated:.3g} times in a simulated"
                " job: the model's outcomes are not those that were measured, so times cannot be compared"
            )
    for each in parts.tasks.values():
        if each.early:
            share = each.early / len(each.gaps)
            notes.append(
                f"{each.task} began before what it waits for had ended in {100 * share:.3g} % of its runs: no gap there"
            )
        if each.again:
            notes.append(f"{each.task} came again directly after itself {each.again} times: no gap is taken from these")
    if design.arrivals is not None:
        notes.append("what was measured between tasks includes their waiting: with arrivals, waiting counts twice")
    return notes
