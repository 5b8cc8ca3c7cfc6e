"""The time of a tree of independent delays: maxima of single delays by integration, any tree on a grid with bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..delays import Array
from . import laws
from .distribution import Bounded, Distribution, Function, Grid, Grids
from .laws import Constant, Exponential, General, Other, Stages
from .reason import NotExact
from .rounding import LARGEST, SMALLEST, cumulative
from .tree import Latest, Leaf, Parallel, Series, Tree, leaves_of

TAIL = 1e-6


@dataclass(frozen=True)
class Passage:
    """Mean and variance of a time, and how they were found; a sum of independent times has the sums of both."""

    mean: Bounded
    variance: float
    method: str

    def __add__(self, other: Passage) -> Passage:
        mean = Bounded(*(getattr(self.mean, key) + getattr(other.mean, key) for key in ("value", "low", "high")))
        method = " and ".join(dict.fromkeys((*self.method.split(" and "), *other.method.split(" and "))))
        return Passage(mean, self.variance + other.variance, method)


def passage_of(tree: Tree) -> Passage:
    """Mean and variance of the time of a tree. Raises `NotExact` where a mean is infinite."""
    for leaf in leaves_of(tree):
        for _, stages in leaf.ways:
            laws.finite(stages)
    return _passage(tree)


def distribution_of_tree(tree: Tree) -> Distribution:
    """The distribution of the time of a tree, after `passage_of` has found nothing wrong."""
    simple = _simple_parts(tree)
    if simple is not None:
        mean = _by_integration(simple).mean.value
        return Function(lambda time: 1 - _late(simple, time), mean, "product of the distribution functions")
    reach = _reach(tree)
    enough = _grid(tree, reach, SMALLEST).percentile(99.7).high
    return Grids(lambda time: _grid(tree, time, LARGEST), min(1.02 * enough, reach))


def latest_of(rows: Sequence[Stages]) -> Latest:
    """The time until all of some rows of stages are over that begin at once."""
    tree = Parallel(tuple(Leaf(((1.0, row),)) for row in rows))
    found = passage_of(tree)
    return Latest(tree, (found.mean.value, found.variance + found.mean.value**2))


def _passage(tree: Tree) -> Passage:
    if isinstance(tree, Series):
        found = [_passage(part) for part in tree.parts]
        return sum(found[1:], found[0])
    if isinstance(tree, Leaf):
        means = [(share, laws.mean(stages), laws.variance(stages)) for share, stages in tree.ways]
        mean = sum(share * each for share, each, _ in means)
        square = sum(share * (variance + each * each) for share, each, variance in means)
        return Passage(Bounded.exactly(mean), _variance([tree], mean, square), "sums of means")
    simple = _simple_parts(tree)
    return _by_integration(simple) if simple is not None else _on_grid(tree)


def _simple_parts(tree: Tree) -> list[Leaf] | None:
    """The delays of which a tree is the maximum, where their distribution functions are known, and smooth but for a few
    steps."""
    parts = tree.parts if isinstance(tree, Parallel) else (tree,)
    leaves = [part for part in parts if isinstance(part, Leaf)]
    rows = [[law for law in stages if not isinstance(law, Constant)] for leaf in leaves for _, stages in leaf.ways]
    rough = any(isinstance(law, Other) and not _is_smooth(law) for row in rows for law in row)
    return leaves if len(leaves) == len(parts) and not rough and all(len(row) <= 1 for row in rows) else None


def _variance(leaves: Iterable[Leaf], mean: float, square: float) -> float:
    """The variance from the mean square; infinite where that of a delay is."""
    wild = any(not np.isfinite(laws.variance(stages)) for leaf in leaves for _, stages in leaf.ways)
    return float("inf") if wild else max(0.0, square - mean * mean)


def _is_smooth(law: Other) -> bool:
    return isinstance(law, General) and not law.name.startswith("empirical")


def _late(leaves: list[Leaf], time: float) -> float:
    """P(max > t), without cancellation in the tail."""
    above = np.array([1 - float(_cdf(leaf, np.array([time]))[0]) for leaf in leaves])
    return 1.0 if above.max(initial=0.0) >= 1 else float(-np.expm1(np.sum(np.log1p(-above))))


def _by_integration(leaves: list[Leaf]) -> Passage:
    """E[max] is the integral of 1 - the product of all distribution functions."""
    from scipy.integrate import quad

    points = _breaks(leaves)
    mean = square = 0.0
    small = 1e-13 * points[-1]
    for low, high in zip(points, (*points[1:], np.inf), strict=True):
        # With its full output, quad does not warn where it comes to the end of the numbers' precision.
        mean += quad(lambda t: _late(leaves, t), low, high, limit=200, epsabs=small, epsrel=1e-12, full_output=1)[0]
        square += quad(
            lambda t: 2 * t * _late(leaves, t), low, high, limit=200, epsabs=small * points[-1], full_output=1
        )[0]
    return Passage(Bounded.exactly(mean), _variance(leaves, mean, square), "an integral")


def _breaks(leaves: list[Leaf]) -> list[float]:
    """Where the functions have steps and kinks, or go from 0 to 1."""
    found = {0.0}
    for leaf in leaves:
        for _, stages in leaf.ways:
            before = sum(float(law.value) for law in stages if isinstance(law, Constant))
            found.add(before)
            for law in stages:
                if isinstance(law, General):
                    shares = np.array([0.001, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6])
                    points = [law.law.low, law.law.high, *law.law.quantile(shares).tolist()]
                    found |= {before + point for point in points if np.isfinite(point)}
                elif isinstance(law, Exponential):
                    found |= {before + times / law.rate for times in (0.1, 1.0, 5.0, 15.0)}
    return sorted(found)


def _cdf(leaf: Leaf, times: Array) -> Array:
    total = np.zeros(len(times))
    for share, stages in leaf.ways:
        before = sum(float(law.value) for law in stages if isinstance(law, Constant))
        rest = [law for law in stages if not isinstance(law, Constant)]
        total += share * (laws.cdf(rest[0], times - before) if rest else times >= before)
    return np.minimum(total, 1.0)


def _on_grid(tree: Tree) -> Passage:
    """Mean and variance from a grid that reaches so far that little is left of the mean."""
    reach = _reach(tree)
    grid = _grid(tree, reach, LARGEST)
    low, high = (grid.step * float(np.sum(1 - column)) for column in (grid.high, grid.low))
    middle = 1 - (grid.low + grid.high) / 2
    times = grid.step * (np.arange(len(middle)) + 0.5)
    mean, square = grid.step * float(np.sum(middle)), 2 * grid.step * float(np.sum(times * middle))
    high += _beyond(tree, reach)
    return Passage(Bounded(mean, low, high), _variance(leaves_of(tree), mean, square), grid.method)


def _reach(tree: Tree) -> float:
    """How far a grid has to reach."""
    means = [sum(share * laws.mean(stages) for share, stages in leaf.ways) for leaf in leaves_of(tree)]
    reach = 2 * sum(means)
    for _ in range(40):
        if _beyond(tree, reach) <= TAIL * max(means):
            return reach
        reach *= 1.3
    raise NotExact("the tail of a delay is too long for a grid")


def _grid(tree: Tree, reach: float, count: int) -> Grid:
    step = reach / count
    low, high = (np.clip(cumulative(tree, step, count, up), 0.0, 1.0) for up in (True, False))
    return Grid(step, low, high, f"sums and maxima on a grid of {count:,} steps; the bounds hold for certain")


def _beyond(tree: Tree, time: float) -> float:
    """A bound of E[(T - t)+], without which a grid's mean is too small: a maximum is at most the sum of what exceeds t;
    where t is split among the terms of a sum, what exceeds it is at most the sum of what exceeds each part."""
    match tree:
        case Parallel(parts):
            return sum(_beyond(part, time) for part in parts)
        case Series(parts):
            sizes = [_size(part) for part in parts]
            return sum(
                _beyond(part, time * size / (sum(sizes) or 1.0)) for part, size in zip(parts, sizes, strict=True)
            )
    return sum(share * _beyond_row(stages, time) for share, stages in tree.ways)


def _beyond_row(stages: Stages, time: float) -> float:
    sizes = [_size_of_row((law,)) for law in stages]
    total = sum(sizes) or 1.0
    return sum(laws.beyond(law, time * size / total) for law, size in zip(stages, sizes, strict=True))


def _size(tree: Tree) -> float:
    """A time of the order of the longest times of a tree."""
    if isinstance(tree, Leaf):
        return max(_size_of_row(stages) for _, stages in tree.ways)
    return (max if isinstance(tree, Parallel) else sum)(_size(part) for part in tree.parts)


def _size_of_row(stages: Stages) -> float:
    spread = [laws.variance((law,)) for law in stages]
    return laws.mean(stages) + 3 * sum(
        np.sqrt(each) if np.isfinite(each) else 10 * laws.mean(stages) for each in spread
    )
