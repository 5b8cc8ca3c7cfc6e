"""Delays: how to draw each distribution, and its exact mean. Times are in seconds.

Drawing is by inversion (Devroye 1986, chapter II.2): one uniform number gives one delay, monotonically, so that
the same luck means the same thing under every distribution and every back end.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, Problem, did_you_mean, position_of
from ..model import Delay

Array: TypeAlias = NDArray[np.float64]
Sampler: TypeAlias = Callable[[Array], Array]

# What each distribution needs: numbers from 0 on, numbers above 0, whole numbers above 0, or a file.
PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "constant": {"value": "0 or more"},
    "exponential": {"mean": "above 0"},
    "uniform": {"low": "0 or more", "high": "0 or more"},
    "lognormal": {"mean": "above 0", "sigma": "0 or more"},
    "gamma": {"mean": "above 0", "shape": "above 0"},
    "erlang": {"mean": "above 0", "shape": "a whole number above 0"},
    "weibull": {"scale": "above 0", "shape": "above 0"},
    "empirical": {"file": "a file"},
}
MOST_BYTES = 200_000_000


class Recorded(str):
    """The name of a file of measured times, in seconds, that are at hand: the file is not read and need not exist."""

    values: tuple[float, ...]

    def __new__(cls, name: str, values: Iterable[float]) -> Recorded:
        found = super().__new__(cls, name)
        found.values = tuple(values)
        return found

    def __reduce__(self) -> tuple[type[Recorded], tuple[str, tuple[float, ...]]]:
        return Recorded, (str(self), self.values)


def sampler(delay: Delay) -> Sampler:
    """A function from uniform numbers in (0, 1) to delays, element by element. Raises `ModelError`."""
    from scipy import special  # slow to import, and not needed to look at a model

    given = _checked(delay)
    match delay.distribution:
        case "constant":
            value = given["value"]
            return lambda uniform: np.full(uniform.shape, value)
        case "exponential":
            scale = given["mean"]
            return lambda uniform: -scale * np.log1p(-uniform)
        case "uniform":
            low, width = given["low"], given["high"] - given["low"]
            return lambda uniform: low + width * uniform
        case "lognormal":
            sigma = given["sigma"]
            mu = math.log(given["mean"]) - sigma * sigma / 2
            return lambda uniform: np.exp(mu + sigma * special.ndtri(uniform))
        case "gamma" | "erlang":
            shape = given["shape"]
            scale = given["mean"] / shape
            return lambda uniform: np.asarray(scale * special.gammaincinv(shape, uniform), dtype=np.float64)
        case "weibull":
            scale, power = given["scale"], 1 / given["shape"]
            return lambda uniform: scale * np.power(-np.log1p(-uniform), power)
    values = np.sort(_measured(delay))
    last = len(values) - 1  # uniform * length may round up to the length
    return lambda uniform: values[np.minimum((uniform * len(values)).astype(np.int64), last)]


def mean(delay: Delay) -> float:
    """The exact mean in seconds. Raises `ModelError`."""
    given = _checked(delay)
    match delay.distribution:
        case "constant":
            return given["value"]
        case "uniform":
            return (given["low"] + given["high"]) / 2
        case "weibull":
            return given["scale"] * math.gamma(1 + 1 / given["shape"])
        case "empirical":
            return float(np.mean(_measured(delay)))
    return given["mean"]


def _checked(delay: Delay) -> dict[str, float]:
    """The numbers of a delay (not the file); all that is wrong with them is raised as one `ModelError`."""
    place = position_of(delay.distribution)
    needed = PARAMETERS.get(delay.distribution)
    if needed is None:
        hint = did_you_mean(delay.distribution, PARAMETERS)
        raise ModelError([Problem("E401", f"unknown distribution '{delay.distribution}'", place, hint)])
    usage = f"write {delay.distribution}({', '.join(f'{name}=...' for name in needed)})"
    problems = []
    for name in delay.parameters:
        if name not in needed:
            message = f"'{delay.distribution}' has no parameter '{name}'"
            problems.append(Problem("E402", message, position_of(name) or place, usage))
    found = {}
    for name, kind in needed.items():
        value = delay.parameters.get(name)
        if kind == "a file" and isinstance(value, str):
            continue
        if isinstance(value, int | float) and not isinstance(value, bool) and _fits(float(value), kind):
            found[name] = float(value)
        else:
            what = f"'{delay.distribution}' needs {name}: {kind}"
            message = what if value is None else f"{what}, not {value}"
            problems.append(Problem("E402", message, position_of(value) or place, usage))
    if not problems and found.get("low", 0) > found.get("high", math.inf):
        problems.append(Problem("E402", "low is larger than high", place, usage))
    if problems:
        raise ModelError(problems)
    return found


def _fits(value: float, kind: str) -> bool:
    if not math.isfinite(value) or value < 0 or ("above 0" in kind and value == 0):
        return False
    return "whole" not in kind or value == int(value)


def _measured(delay: Delay) -> Array:
    if isinstance(delay.parameters["file"], Recorded):
        return np.array(delay.parameters["file"].values)
    name = str(delay.parameters["file"])
    place = position_of(delay.parameters["file"]) or position_of(delay.distribution)
    folder = Path(place.file).parent if place else Path()
    path = folder / name
    try:
        return _read_measured(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, csv.Error) as error:
        hint = "one time in seconds a line, or a CSV file with the times in its first column"
        raise ModelError([Problem("E403", f"cannot read measured times from '{name}': {error}", place, hint)]) from None


@cache
def _read_measured(path: Path, changed: int) -> Array:  # noqa: ARG001 - a file that has changed is read again
    """The numbers of a file's first column; a first line without a number is a heading."""
    if not path.is_file():  # Opening a pipe would wait for whoever writes to it, for ever.
        raise ValueError("it is no ordinary file")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError("the file is too large")
    values = []
    with path.open(newline="", encoding="utf-8") as text:
        for number, row in enumerate(csv.reader(text), start=1):
            if not row or not row[0].strip():
                continue
            try:
                value = float(row[0])
            except ValueError:
                if number == 1:
                    continue
                raise ValueError(f"line {number}: '{row[0][:40]}' is not a number") from None
            if not math.isfinite(value) or value < 0:
                raise ValueError(f"line {number}: {row[0][:40]} is not a time")
            values.append(value)
    if not values:
        raise ValueError("there are no numbers in it")
    return np.array(values)
