"""Delays on a grid, all rounded up or all rounded down, and what is built from them."""

from __future__ import annotations

import numpy as np

from ..delays import Array
from . import laws
from .laws import Constant, Law
from .tree import Latest, Parallel, Series, Tree

LARGEST, SMALLEST = 1 << 17, 1 << 12


def rounded(law: Law, step: float, count: int, up: bool) -> Array:
    """The probabilities of 0, step, 2 step, ... for a delay that is rounded up, or down; the rest is beyond them."""
    found = np.zeros(count + 1)
    if isinstance(law, Constant):
        exact = float(law.value) / step
        index = int(np.ceil(exact - 1e-9) if up else np.floor(exact + 1e-9))
        if index <= count:
            found[index] = 1.0
        return found[:count]
    if isinstance(law, Latest):
        return np.diff(cumulative(law.tree, step, count, up), prepend=0.0)
    known = laws.cdf(law, step * np.arange(count + 1, dtype=np.float64))
    found = np.diff(known, prepend=0.0)
    if not up:
        found[1] += found[0]
        return found[1:]
    return found[:count]


def cumulative(tree: Tree, step: float, count: int, up: bool) -> Array:
    """The distribution function at 0, step, 2 step, ..., of delays that are all rounded up, or all down."""
    from scipy.signal import fftconvolve

    match tree:
        case Parallel(parts):
            found = np.ones(count)
            for part in parts:
                found *= cumulative(part, step, count, up)
            return found
        case Series(parts):
            masses = np.diff(cumulative(parts[0], step, count, up), prepend=0.0)
            for part in parts[1:]:
                masses = fftconvolve(masses, np.diff(cumulative(part, step, count, up), prepend=0.0))[:count]
            return np.asarray(np.cumsum(masses))
    total = np.zeros(count)
    for share, stages in tree.ways:
        masses = np.zeros(count)
        masses[0] = 1.0
        for law in stages:
            masses = fftconvolve(masses, rounded(law, step, count, up))[:count]
        total += share * np.cumsum(masses)
    return total
