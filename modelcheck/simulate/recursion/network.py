"""Which stages jobs pass, and what they do there: of jobs that do one thing at a time, and of static orders of work.

A stage is a pool with its workers, or what needs none. Stages are in a row where no job comes back to one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import networkx as nx
import numpy as np

from ... import model
from ..arrival_blocks import arrives_not
from ..delays import Array
from ..draws import Draws
from ..jobs import Endings
from ..maxplus import flow_order, static_obstacle
from ..plan import Key, Plan, Task
from ..plan_reactions import handlers_of
from ..reactions import reactions
from ..routes.legs import Numbers, Travellers, pauses
from ..routes.map import Map, Obstacle, map_of
from ..setting import Setting
from .stages import Customers


@dataclass(frozen=True)
class Work:
    """What a block of jobs does: the customers of each stage, and what is known of the jobs beforehand.

    calls: how many tasks of each; ends: whether it ends at all (None: all do).
    """

    customers: list[tuple[int, Customers]]
    calls: Numbers
    undos: Array
    endings: Endings
    labels: tuple[str, ...]
    ends: np.ndarray | None = None
    publishes: float = 0.0
    deliveries: float = 0.0


class Network(Protocol):
    """The stages in an order in which no job comes back (the pool of each; empty: no worker is needed), and whether
    the order of customers there matters to a later one."""

    @property
    def pools(self) -> tuple[str, ...]: ...

    @property
    def watched(self) -> tuple[bool, ...]: ...

    def work(self, jobs: range) -> Work:
        """What these jobs do."""


def network_of(setting: Setting) -> Network:
    """The network of a setting; raises `Obstacle`."""
    if reason := arrives_not(setting.plan):
        raise Obstacle(reason)
    for task in setting.plan.tasks.values():
        if len(task.pools) > 1:
            raise Obstacle(f"{task.key[1]} needs workers of {' and '.join(task.pools)} at once")
    if not static_obstacle(setting.design, setting.plan, setting.system) and all_succeed(setting.plan):
        return fixed(setting)
    return _Varied(setting)


def _in_a_row(order: nx.DiGraph[Hashable], plan: Plan) -> tuple[list[Hashable], tuple[str, ...], tuple[bool, ...]]:
    """The stages in order, their pools, and which are watched."""
    try:
        stages: list[Hashable] = list(nx.topological_sort(order))
    except nx.NetworkXUnfeasible:
        cycle = {stage for edge in nx.find_cycle(order) for stage in edge[:2]}
        pools = sorted(str(stage) for stage in cycle if stage in plan.pools)
        raise Obstacle(f"jobs come back to {pools[0]}" if pools else "jobs do things again") from None
    limited = {stage for stage in stages if stage in plan.pools}
    watched = tuple(bool(limited & nx.descendants(order, stage)) for stage in stages)
    return stages, tuple(str(stage) if stage in limited else "" for stage in stages), watched


@dataclass(frozen=True)
class _Fixed:
    """All jobs do the same, in an order with forks and joins, and nothing fails.

    tasks: each with its stage, its column, the columns of what it waits for, and what a message costs on its way.
    """

    pools: tuple[str, ...]
    watched: tuple[bool, ...]
    tasks: tuple[tuple[int, Task, int, tuple[int, ...], tuple[Draws, ...]], ...]
    label: str
    publishes: float
    deliveries: float

    def work(self, jobs: range) -> Work:
        """The same for all of them."""
        count = len(jobs)
        everyone = np.arange(count)
        customers = []
        for stage, task, column, before, path in self.tasks:
            pause = pauses(task, jobs, 1, 1)
            waits = (*(draws.of_jobs(jobs) for draws in path), *(() if pause is None else (pause,)))
            delay = np.zeros(count) if task.delay is None else task.delay.of_jobs(jobs)
            customers.append((stage, Customers(task.key, column, before, everyone, waits, delay)))
        calls, none, alike = np.full(count, len(self.tasks)), np.zeros(count), np.zeros(count, dtype=np.uint8)
        return Work(customers, calls, none, alike, (self.label,), None, self.publishes, self.deliveries)


# A task, what comes before it, and what it takes until a message of it is there.
Link: TypeAlias = tuple[Task, tuple[Key, ...], tuple[Draws, ...]]


def fixed(setting: Setting) -> _Fixed:
    """The network of jobs that all do the same; raises `Obstacle` where they come back to a stage."""
    design, plan = setting.design, setting.plan
    flow = isinstance(design, model.Orchestration)
    links = list(_steps(design, plan) if isinstance(design, model.Orchestration) else _handlers(design, plan))
    columns = {task.key: 1 + number for number, (task, _, _) in enumerate(links)}
    order: nx.DiGraph[Hashable] = nx.DiGraph()
    for task, before, _ in links:
        order.add_node(_stage(task))
        order.add_edges_from((_stage(plan.tasks[key]), _stage(task)) for key in before)
    stages, pools, watched = _in_a_row(order, plan)
    tasks = tuple(
        (stages.index(_stage(task)), task, columns[task.key], tuple(columns[key] for key in before) or (0,), path)
        for task, before, path in links
    )
    publishes = 0.0
    if isinstance(design, model.Choreography):
        published = (len(handler.publishes) for _, key, handler in handlers_of(design) if ("step", key) in columns)
        publishes = float(len(design.starts) + sum(published))
    deliveries = 0.0 if flow else float(len(links))
    return _Fixed(pools, watched, tasks, "completed" if flow else "finished", publishes, deliveries)


def _stage(task: Task) -> Hashable:
    return task.pools[0] if task.pools else task.key


def _steps(design: model.Orchestration, plan: Plan) -> Iterator[Link]:
    order = flow_order(design)
    for name in nx.topological_sort(order):
        yield plan.tasks["step", name], tuple(("step", before) for before in order.predecessors(name)), ()


def _handlers(design: model.Choreography, plan: Plan) -> Iterator[Link]:
    for each in reactions(design):
        costs = (plan.publish.get(each.event or ""), plan.deliver.get((each.event or "", each.queue)))
        before = (("step", each.cause),) if each.cause else ()
        yield plan.tasks["step", each.handler], before, tuple(cost for cost in costs if cost is not None)


def all_succeed(plan: Plan) -> bool:
    """Whether no step can end otherwise than well."""
    tasks = (task for key, task in plan.tasks.items() if key[0] == "step")
    return all([name for name, _ in task.shares] == ["ok"] and task.timeout is None for task in tasks)


class _Varied:
    """Each job does one thing at a time, by drawn outcomes."""

    def __init__(self, setting: Setting):
        loop = setting.loop()
        found = map_of(setting, loop.acting.initial)
        self.travellers = Travellers(setting, found, loop.acting.initial, loop.ending)
        stages, self.pools, self.watched = _in_a_row(_contracted(found), setting.plan)
        self.stage = {stage: number for number, stage in enumerate(stages)}

    def work(self, jobs: range) -> Work:
        legs = self.travellers.legs_of(jobs)
        customers = []
        for leg in legs.legs:
            stage = self.stage[leg.task.pools[0] if leg.task.pools else leg.place]
            waits = () if leg.pause is None else (leg.pause,)
            group = Customers(leg.task.key, leg.turn + 1, (leg.turn,), leg.jobs, waits, leg.delay)
            customers.append((stage, group))
        return Work(customers, legs.calls, legs.undos, legs.endings, tuple(legs.labels), legs.ends)


def _contracted(found: Map) -> nx.DiGraph[Hashable]:
    """Places where the same pool is needed are one."""

    def stage(place: int) -> Hashable:
        task = found.tasks.get(place)
        return task.pools[0] if task is not None and task.pools else place

    order: nx.DiGraph[Hashable] = nx.DiGraph()
    order.add_nodes_from(stage(place) for place in found.order)
    order.add_edges_from((stage(one), stage(other)) for one, other in found.order.edges)
    return order
