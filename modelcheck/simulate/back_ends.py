"""Who can simulate what: the back ends, in the order in which they are preferred, and the choice among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import ModelError, Problem
from .jobs import Runs
from .setting import Setting


@dataclass(frozen=True)
class BackEnd:
    """A way to simulate. All give the same bits for the same job.

    obstacle: why it does not apply to a setting; empty where it does. blocks: the runs of a range of jobs, in order, in
    blocks. fits: what is said of a design that it was chosen for. independent: any range of jobs can be run by itself,
    and is the same as a part of a larger one.
    """

    name: str
    fits: str
    independent: bool
    obstacle: Callable[[Setting], str]
    blocks: Callable[[Setting, range], Iterator[Runs]]


def _max_plus_obstacle(setting: Setting) -> str:
    from .maxplus import obstacle

    return obstacle(setting.design, setting.plan, setting.system)


def _max_plus(setting: Setting, jobs: range) -> Iterator[Runs]:
    from .maxplus import run

    yield run(setting.design, setting.plan, jobs)


def _groups_obstacle(setting: Setting) -> str:
    from .groups import obstacle

    return obstacle(setting)


def _groups(setting: Setting, jobs: range) -> Iterator[Runs]:
    from .groups import blocks

    yield from blocks(setting, jobs)


def _queues_obstacle(setting: Setting) -> str:
    from .recursion import obstacle

    return obstacle(setting)


def _queues(setting: Setting, jobs: range) -> Iterator[Runs]:
    from .recursion import blocks

    yield from blocks(setting, jobs)


def _routes_obstacle(setting: Setting) -> str:
    from .routes import obstacle

    return obstacle(setting)


def _routes(setting: Setting, jobs: range) -> Iterator[Runs]:
    from .routes import blocks

    yield from blocks(setting, jobs)


def _events(setting: Setting, jobs: range) -> Iterator[Runs]:
    yield from setting.loop().blocks(jobs)


# Those of one name are one to the user: the first that applies is taken.
BACK_ENDS = (
    BackEnd("max-plus", "nothing queues, fails or branches", True, _max_plus_obstacle, _max_plus),
    BackEnd("max-plus", "nothing queues: jobs in the same place move together", True, _groups_obstacle, _groups),
    BackEnd("queues", "jobs wait first come first served, and none comes back", False, _queues_obstacle, _queues),
    BackEnd("routes", "each job's order of work is known beforehand", False, _routes_obstacle, _routes),
    BackEnd("events", "", False, lambda _: "", _events),
)
NAMES = ("auto", *dict.fromkeys(each.name for each in BACK_ENDS))


def choose(setting: Setting, name: str = "auto") -> tuple[BackEnd, str]:
    """The back end of that name, or with `auto` the first that applies; and why this one.

    Raises `ModelError`: the one that was asked for does not apply.
    """
    obstacles: dict[str, str] = {}
    for each in BACK_ENDS:
        if name not in ("auto", each.name):
            continue
        found = "" if each.name == "events" else setting.plan.only_by_events or each.obstacle(setting)
        if not found:
            why = each.fits or obstacles.get("routes" if setting.plan.together else "max-plus", "")
            return each, why if name == "auto" else "as asked" + (f": {each.fits}" if each.fits else "")
        obstacles[each.name] = found
    raise ModelError([Problem("E412", f"{name} does not apply to '{setting.design.name}': {obstacles[name]}")])
