"""Exact values beside simulated ones, and alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from .. import model
from ..errors import ModelError, Problem
from .exact import Exact, NotExact, Value, exact_of
from .result import PoolFigures, SimulationResult
from .setting import Setting
from .statistics import Estimate

NAME = "exact"
MESSAGES = ("calls and replies", "publishes", "deliveries")

# Values that nobody asked for by name should not take longer than the simulation.
MOST_BESIDE = 1_000


def values_beside(setting: Setting, percentiles: Sequence[int]) -> Mapping[str, Value]:
    """All that is known exactly of a design; nothing where no exact method applies."""
    try:
        return exact_of(setting, percentiles, MOST_BESIDE).values
    except NotExact:
        return {}


def result_exactly(setting: Setting, percentiles: Sequence[int], notes: Sequence[str]) -> SimulationResult:
    """The exact values as a result of no jobs; an interval is between bounds that hold for certain.

    Raises `ModelError` where no exact method applies.
    """
    try:
        found = exact_of(setting, percentiles)
    except NotExact as error:
        message = f"exact does not apply to '{setting.design.name}': {error.reason}"
        hint = "'--back-end auto' simulates it"
        raise ModelError([Problem("E412", message, None, hint)]) from None
    plan, values = setting.plan, found.values
    return SimulationResult(
        name=setting.design.name,
        kind=model.kind_of(setting.design),
        back_end=NAME,
        reason="; ".join(dict.fromkeys(values[name].method for name in ("mean",) if name in values)) or "as asked",
        jobs=0,
        seed=plan.seed,
        makespans=np.zeros(0),
        mean=_estimate(found, "mean"),
        percentiles={percent: _estimate(found, f"p{percent}") for percent in percentiles},
        success=_estimate(found, "success"),
        undos=_estimate(found, "undos"),
        outcomes={},
        messages={name: values[name].value for name in MESSAGES if name in values},
        pools={pool: _pool(values, pool) for pool in plan.pools if f"busy {pool}" in values},
        exact=values,
        notes=(*notes, *_remarks(found)),
    )


def _estimate(found: Exact, name: str) -> Estimate:
    """A value between its bounds, with certainty."""
    if name not in found:
        reason = found.missing.get(name, found.missing.get("percentiles", "not known"))
        return Estimate(math.nan, -math.inf, math.inf, 1.0, reason)
    value = found[name]
    return Estimate(value.value, value.low, value.high, 1.0, value.method)


def _pool(values: Mapping[str, Value], pool: str) -> PoolFigures:
    wait, queue = (values.get(f"{what} {pool}") for what in ("wait", "queue"))
    return PoolFigures(
        values[f"busy {pool}"].value, None if wait is None else wait.value, None if queue is None else queue.value
    )


def _remarks(found: Exact) -> list[str]:
    """How jobs end, what is assumed, what is missing or only approximated."""
    endings = {name.removeprefix("ended "): each.value for name, each in found.values.items() if name[:6] == "ended "}
    remarks = []
    if endings:
        remarks.append("ended: " + ", ".join(f"{100 * share:.6g} % {ending}" for ending, share in endings.items()))
    remarks += [f"assumed: {each}" for each in found.assumptions]
    remarks += [f"no {name}: {reason}" for name, reason in found.missing.items()]
    return remarks + [f"{name}: about {each.value:.6g} ({each.method})" for name, each in found.approximations.items()]
