"""Measured times become delays, and these parts of a model: times of tasks, and gaps as overheads or deliveries."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from .. import model
from ..graph.events import DEFAULT_CHANNEL
from ..graph.flow import undo_node
from ..simulate.delays import Array, Recorded
from .channels import gaps_by_channel
from .gaps import Parts, TaskTimes
from .matching import Timed

FAR_OUT = 3.0
NOTHING = model.Delay(distribution="constant", parameters={"value": 0.0})
# A delay for measured times, and the name they are kept under.
Fit: TypeAlias = Callable[[Array, str], model.Delay]


def empirical(times: Array, name: str) -> model.Delay:
    """The measured times themselves, each as likely as the others."""
    if float(times.max()) == float(times.min()):
        return model.Delay(distribution="constant", parameters={"value": float(times[0])})
    return model.Delay(distribution="empirical", parameters={"file": Recorded(f"{_file_name(name)}.csv", times)})


def together(rows: str) -> Fit:
    """Measured times of which a job takes those of one execution, whatever they belong to."""

    def fit(times: Array, name: str) -> model.Delay:
        found = empirical(times, name)
        if found.distribution == "constant":
            return found
        return replace(found, parameters={**found.parameters, "rows": rows})

    return fit


def lognormal(times: Array, _: str) -> model.Delay:
    """The lognormal with the median and the quartiles of the times: fitted to their body, whatever the tail is.

    sigma is the distance of the logarithms' quartiles, divided by that of the standard normal distribution's.
    """
    logs = np.log(np.maximum(times, 1e-9))
    low, middle, high = (float(each) for each in np.quantile(logs, (0.25, 0.5, 0.75)))
    sigma = (high - low) / (2 * 0.6744897501960817)
    mean = math.exp(middle + sigma * sigma / 2)
    rounded = {"mean": float(f"{mean:.6g}"), "sigma": float(f"{sigma:.6g}")}
    return model.Delay(distribution="lognormal", parameters=rounded)


def mixture(times: Array, name: str) -> model.Delay:
    """A lognormal for the body, and the measured times for what lies far above it (cold starts), as often as they were.

    Far above: more than three quartile distances beyond the upper quartile of the logarithms (Tukey 1977, "far out").
    """
    logs = np.log(np.maximum(times, 1e-9))
    low, high = (float(each) for each in np.quantile(logs, (0.25, 0.75)))
    far = logs > high + FAR_OUT * max(high - low, 1e-9)
    if not far.any():
        return lognormal(times, name)
    share = float(far.mean())
    parts = lognormal(times[~far], name), empirical(times[far], f"{name} late")
    return model.Delay(distribution="mixture", parts=parts, weights=(1 - share, share))


FITS: Mapping[str, Fit] = {
    "empirical": empirical,
    "lognormal": lognormal,
    "mixture": mixture,
    "executions": together("executions"),
}


def calibrated(design: Timed, parts: Parts, waiting: Mapping[str, frozenset[str]], fit: Fit) -> Timed:
    """The model with measured times.

    What is not measured but lies before something that is takes no time: it is in the gap there. What is not measured
    otherwise keeps its time. Before what comes first there is no gap.
    """
    within = hidden(parts, waiting)
    if isinstance(design, model.Choreography):
        return _choreography(design, parts.tasks, within, fit)
    flows = {name: _flow(flow, parts.tasks, within, fit) for name, flow in design.flows.items()}
    return replace(design, flow=_flow(design.flow, parts.tasks, within, fit), flows=flows)


def hidden(parts: Parts, waiting: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The tasks that are not measured and lie before some that are: their time is in the gaps before those."""
    before = set().union(*(waiting[task] for task in parts.tasks)) if parts.tasks else set()
    return frozenset(before - set(parts.tasks))


def _flow(flow: model.Flow, times: Mapping[str, TaskTimes], within: frozenset[str], fit: Fit) -> model.Flow:
    steps = {}
    for name, step in flow.steps.items():
        undo = step.compensation
        if undo is not None and (found := _times_of(undo_node(name), times, within, fit)):
            step = replace(step, compensation=replace(undo, time=found[0], overhead=found[1]))
        if found := _times_of(name, times, within, fit):
            step = replace(step, time=found[0], overhead=found[1])
        steps[name] = step
    return replace(flow, steps=steps)


def _times_of(
    task: str, times: Mapping[str, TaskTimes], within: frozenset[str], fit: Fit
) -> tuple[model.Delay, model.Delay] | None:
    """How long a step or a compensation takes, and what its call costs; None: as the model says."""
    if task in times:
        own = times[task]
        gap = fit(own.gaps, f"before {task}") if len(own.gaps) else NOTHING
        return fit(own.durations, task), gap
    return (NOTHING, NOTHING) if task in within else None


def _choreography(
    design: model.Choreography, times: Mapping[str, TaskTimes], within: frozenset[str], fit: Fit
) -> model.Choreography:
    """Handlers get their durations; channels the gaps before all handlers of their events together."""
    participants = {}
    for name, participant in design.participants.items():
        handlers = {}
        for key, handler in participant.handlers.items():
            task = f"{name}.{key}"
            if task in times:
                handler = replace(handler, time=fit(times[task].durations, task))
            elif task in within:
                handler = replace(handler, time=NOTHING)
            handlers[key] = handler
        participants[name] = replace(participant, handlers=handlers)
    found = gaps_by_channel(design, times, within)
    channels = dict(design.channels) or {DEFAULT_CHANNEL: model.Channel()}
    for name, channel in channels.items():
        gaps = found.get(name)
        deliver = fit(gaps, f"on {name}") if gaps is not None else NOTHING
        channels[name] = replace(channel, publish=None, deliver=deliver)
    return replace(design, participants=participants, channels=channels)


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.]+", "_", name)
