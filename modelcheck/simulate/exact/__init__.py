"""Exact times: closed forms and Markov chains, wherever a design allows them; see `exact_of`."""

from __future__ import annotations

from collections.abc import Sequence

from ..jobs import Runs
from ..plan import Key
from ..setting import Setting
from ..walk import Walk
from .distribution import Distribution
from .markov import Solution, solve
from .networks import queued
from .order import tree_of
from .parallel import distribution_of_tree, passage_of
from .passage import distribution_of
from .process import MOST_STANDINGS, Process, process_of
from .reason import NotExact, check_alone, check_channels, check_known
from .result import Exact, Value
from .special import special
from .tree import Leaf, Parallel, Tree
from .values import CHAIN, counts_of, percentiles_of, shares_of

__all__ = ["Exact", "NotExact", "Value", "exact_of"]

PERCENTILES = (50, 95, 99)


def exact_of(setting: Setting, percentiles: Sequence[float] = PERCENTILES, most: int = MOST_STANDINGS) -> Exact:
    """What can be said exactly of a job: how it ends, how long it takes, what it causes.

    most: in how many ways a job may stand before this is given up; a thousand take about half a second.
    Raises `NotExact` with the reason why nothing can.
    """
    plan = setting.plan
    check_known(plan)
    together = plan.interval is not None or plan.users is not None
    if together and setting.shared and any(Walk(setting.system, _positions(setting)).writes_shared):
        raise NotExact("jobs share variables")
    if together and plan.pools and (found := special(setting)) is not None:
        return found
    if together:
        check_channels(plan)
    if together and plan.pools:
        return queued(setting, percentiles, most)
    assumptions: tuple[str, ...] = ()
    if together:
        assumptions = ("jobs arrive, but none is in another's way",)
    elif plan.pools:
        assumptions = ("each job is alone",)
    return _alone(setting, percentiles, assumptions, most)


def _positions(setting: Setting) -> tuple[int, ...]:
    return tuple(setting.system.positions[name] for name in sorted(setting.shared))


def _alone(setting: Setting, percentiles: Sequence[float], assumptions: tuple[str, ...], most: int) -> Exact:
    """A job that no other is in the way of: by its tree where that is a maximum of single delays or the only way, else
    as a process."""
    tree = _tree(setting)
    if isinstance(tree, Parallel) and all(isinstance(part, Leaf) for part in tree.parts):
        return _of_tree(setting, tree, percentiles, assumptions)
    try:
        process = process_of(setting, most)
        if process.together > 1:
            check_alone(setting.plan)
        solution = solve(process)
    except NotExact:
        if tree is None:
            raise
        return _of_tree(setting, tree, percentiles, assumptions)
    return _of_process(setting, process, solution, percentiles, assumptions)


def _tree(setting: Setting) -> Tree | None:
    try:
        return tree_of(setting)
    except NotExact:
        return None


def _of_process(
    setting: Setting, process: Process, solution: Solution, percentiles: Sequence[float], assumptions: tuple[str, ...]
) -> Exact:
    values, missing = {}, {}
    distribution: Distribution | None = None
    if solution.ended > 0:
        values["mean"] = Value(solution.mean, CHAIN)
        values["standard deviation"] = Value(solution.variance**0.5, CHAIN)
        distribution = distribution_of(process, solution)
        values |= percentiles_of(distribution, percentiles)
    else:
        missing["mean"] = "no job ends"
    if 0 < solution.ended < 1 - 1e-12:
        assumptions = (*assumptions, "times are of the jobs that end")
    counts = {what: float(count) for what, count in solution.counts.items()}
    values |= shares_of(solution.endings) | counts_of(setting, counts)
    return Exact(setting.design.name, values, assumptions, missing, {}, distribution)


def _of_tree(setting: Setting, tree: Tree, percentiles: Sequence[float], assumptions: tuple[str, ...]) -> Exact:
    found = passage_of(tree)
    runs = _one_run(setting)
    values = {
        "mean": Value(found.mean.value, found.method, found.mean.low, found.mean.high),
        "standard deviation": Value(found.variance**0.5, found.method),
    }
    distribution = distribution_of_tree(tree)
    values |= percentiles_of(distribution, percentiles)
    counts: dict[str | Key, float] = {key: float(count) for key, count in runs.starts.items()}
    counts |= {"calls": runs.calls[0], "publishes": runs.publishes[0], "deliveries": runs.deliveries[0], "undos": 0.0}
    endings = {name: float(count) for name, count in runs.outcomes().items()}
    values |= shares_of(endings) | counts_of(setting, counts)
    return Exact(setting.design.name, values, assumptions, {}, {}, distribution)


def _one_run(setting: Setting) -> Runs:
    """One job of a design of which all jobs do the same."""
    from ..maxplus import run

    return run(setting.design, setting.plan, range(1))
