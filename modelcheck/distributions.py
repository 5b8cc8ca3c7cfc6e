"""The distributions of delays: their names, their parameters, and what is wrong with parameters. Times are in seconds.

The one table that the language, the reference and the simulator read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
UNITS = {"us": "microseconds", "ms": "milliseconds", "s": "seconds", "min": "minutes", "h": "hours"}
DEEPEST, MOST_PARTS = 4, 100
# Weights that a person has rounded to this many places still add up.
ROUNDING = 1e-9
# The key of a form that stands for any percentile: p50.5, p95, p99.9.
PERCENTILE = "p95"
_PERCENTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,6})?)\Z")


@dataclass(frozen=True)
class Distribution:
    """A distribution: its meaning in words, and the ways to give its parameters, each a name with what it must be.

    Kinds: `time` and `number` are above 0 (`or 0`: or 0), `count` is a whole number above 0, the others are texts.
    optional: parameters that may be left out.
    """

    meaning: str
    forms: tuple[Mapping[str, str], ...]
    optional: Mapping[str, str] = field(default_factory=dict)

    @property
    def usages(self) -> list[str]:
        """The parameters of each way, as they are written: `mean=..., sigma=...`."""
        return [", ".join(f"{name}=..." for name in (*form, *self.optional)) for form in self.forms]


DISTRIBUTIONS: Mapping[str, Distribution] = {
    "constant": Distribution("always the same; `20ms` for short", ({"value": "time or 0"},)),
    "exponential": Distribution(
        "without memory: short times are the most frequent, and long ones happen", ({"mean": "time"},)
    ),
    "uniform": Distribution("evenly between two times", ({"low": "time or 0", "high": "time"},)),
    "lognormal": Distribution(
        "the usual shape of response times, with a long tail; `sigma` is that of the logarithm; any percentile will "
        "do: `p90`, `p99.9`",
        ({"mean": "time", "sigma": "number or 0"}, {"median": "time", PERCENTILE: "time"}),
    ),
    "gamma": Distribution(
        "a sum of waiting times; a larger `shape` means less spread", ({"mean": "time", "shape": "number"},)
    ),
    "erlang": Distribution(
        "gamma with a whole `shape`: so many exponential stages, one after the other",
        ({"mean": "time", "shape": "count"},),
    ),
    "weibull": Distribution(
        "times to failure; a `shape` below 1 means a long tail", ({"scale": "time", "shape": "number"},)
    ),
    "pareto": Distribution(
        "a tail that does not end: from `scale` on, P(X > x) = (scale / x) ** shape; it has a mean where `shape` is "
        "above 1, and a variance where it is above 2",
        ({"mean": "time", "shape": "number"}, {"scale": "time", "shape": "number"}),
    ),
    "triangular": Distribution(
        "a guess: the least, the most likely and the largest time",
        ({"low": "time or 0", "mode": "time or 0", "high": "time"},),
    ),
    "empirical": Distribution(
        "drawn from measured times: a file with one number of seconds a line, or a `column` of a CSV file (`duration`, "
        "or `end - start`) in some `unit`, of the lines where another column has a value (`where=status=ok`); delays "
        "with the same `rows`, any name, take the same line for a job: what was measured together stays together",
        ({"file": "file"},),
        {"column": "column", "where": "condition", "unit": "unit", "rows": "name"},
    ),
    "shifted": Distribution("a delay and a fixed time before it: `5ms + exponential(20ms)`", ({"by": "time or 0"},)),
    "mixture": Distribution(
        "one delay or another, each with its probability: `mixture(90% exponential(20ms), 10% 2s)`", ({},)
    ),
}
# What is made of other delays, and not written as a call with parameters.
COMPOUND = ("shifted", "mixture")


@dataclass(frozen=True)
class Fault:
    """What is wrong with the parameters of a distribution; `parameter` is empty where it is no single one."""

    parameter: str
    message: str


def form_of(name: str, given: Collection[str]) -> Mapping[str, str] | None:
    """The first way to give a distribution's parameters that has all of these; percentiles under their own names."""
    percentiles = [each for each in given if percentile_of(each) is not None]
    optional = {key: kind for key, kind in DISTRIBUTIONS[name].optional.items() if key in given}
    for form in DISTRIBUTIONS[name].forms:
        if PERCENTILE in form and len(percentiles) == 1:
            form = {percentiles[0] if key == PERCENTILE else key: kind for key, kind in form.items()}
        if all(each in form or each in optional for each in given):
            return {**form, **optional}
    return None


def percentile_of(parameter: str) -> float | None:
    """The probability that a parameter like `p99.9` names (here 0.999); None if it names none."""
    match = _PERCENTILE.match(parameter)
    return float(match[1]) / 100 if match and float(match[1]) > 0 else None


def usage(name: str) -> str:
    """How a distribution is written: `pareto(mean=..., shape=...) or pareto(scale=..., shape=...)`."""
    return " or ".join(f"{name}({each})" for each in DISTRIBUTIONS[name].usages)


def names_faults(name: str, given: Collection[str]) -> Iterator[Fault]:
    """What is wrong with the names of the parameters that are given to a distribution."""
    form = form_of(name, given)
    if form is not None:
        for key in form:
            if key not in given:
                yield Fault("", f"'{name}' needs {key}=...")
        return
    unknown = [key for key in given if form_of(name, [key]) is None]
    for key in unknown:
        yield Fault(key, f"unknown parameter '{key}': {usage(name)}")
    if not unknown:
        named = " and ".join(f"'{key}'" for key in given)
        yield Fault("", f"{named} do not go together: {usage(name)}")


def faults(name: str, values: Mapping[str, object]) -> Iterator[Fault]:
    """What is wrong with the parameters of a known distribution, numbers in seconds."""
    wrong = list(names_faults(name, values))
    form = form_of(name, values) or {}
    wrong += [
        Fault(key, message)
        for key, kind in form.items()
        if key in values and (message := _fault(key, kind, values[key]))
    ]
    yield from wrong
    if not wrong:
        yield from _faults_together(name, {key: each for key, each in values.items() if isinstance(each, int | float)})


def _fault(key: str, kind: str, value: object) -> str:
    if kind in ("file", "column", "condition", "unit", "name"):
        if not isinstance(value, str) or not value:
            return f"{key} must be a text, not {value!r}" if value else f"{key} is empty"
        if kind == "unit" and value not in SECONDS:
            return f"{key} must be one of {', '.join(SECONDS)}, not '{value}'"
        return f"write {key}=column=value" if kind == "condition" and "=" not in value else ""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return f"{key} must be a number, not {value}"
    if kind == "count" and value != int(value):
        return f"{key} must be a whole number, not {value:g}"
    if value < 0 or (value == 0 and not kind.endswith("or 0")):
        return f"{key} must be {'0 or more' if kind.endswith('or 0') else 'above 0'}, not {value:g}"
    return ""


def _faults_together(name: str, values: Mapping[str, float]) -> Iterator[Fault]:
    """What is wrong with parameters of which each is right by itself."""
    order = [key for key in ("low", "mode", "high") if key in values]
    for less, more in pairwise(order):
        if values[less] > values[more]:
            yield Fault("", f"{less} is larger than {more}")
    if name == "pareto" and "mean" in values and values["shape"] <= 1:
        yield Fault("shape", "with a shape of 1 or less there is no mean: give scale=..., or a larger shape")
    for key in values:
        probability = percentile_of(key) if name == "lognormal" else None
        if probability == 0.5:
            yield Fault(key, f"{key} is the median itself: give another percentile")
        elif probability is not None and (probability - 0.5) * (values[key] - values["median"]) <= 0:
            yield Fault(key, f"{key} must be {'above' if probability > 0.5 else 'below'} the median")


def weight_faults(weights: Sequence[float]) -> str:
    """What is wrong with the probabilities of a mixture; empty where nothing is."""
    if not 2 <= len(weights) <= MOST_PARTS:
        return f"a mixture has from 2 to {MOST_PARTS} parts, not {len(weights)}"
    if not all(0 < weight < 1 for weight in weights):
        return "each part of a mixture needs a probability between 0% and 100%"
    total = math.fsum(weights)
    return "" if abs(total - 1) <= ROUNDING else f"the probabilities add up to {100 * total:.10g}%, not to 100%"
