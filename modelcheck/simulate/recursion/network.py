"""Which stages jobs pass, and what they do there: of jobs that do one thing at a time, and of static orders of work.

A stage is a pool with its workers, or what needs none. Stages are in a row where no job comes back to one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Protocol

import networkx as nx
import numpy as np

from ... import model
from ..delays import Array
from ..jobs import Endings
from ..maxplus import flow_order, static_obstacle
from ..plan import Key, Plan, Task
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

    pools: tuple[str, ...]
    watched: tuple[bool, ...]

    def work(self, jobs: range) -> Work:
        """What these jobs do."""


def network_of(setting: Setting) -> Network:
    """The network of a setting; raises `Obstacle`."""
    if setting.plan.interval is None:
        raise Obstacle("each job runs alone")
    for task in setting.plan.tasks.values():
        if len(task.pools) > 1:
            raise Obstacle(f"{task.key[1]} needs workers of {' and '.join(task.pools)} at once")
    if not static_obstacle(setting.design, setting.plan, setting.system):
        return _Fixed(setting)
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


class _Fixed:
    """All jobs do the same, in an order with forks and joins, and nothing fails."""

    def __init__(self, setting: Setting):
        plan = setting.plan
        self.steps: list[tuple[Task, tuple[int, ...], tuple[tuple[object, ...], ...]]] = []
        order: nx.DiGraph[Hashable] = nx.DiGraph()
        self.ending, self.publishes, self.deliveries = "completed", 0.0, 0.0
        found = list(_flow(setting.design, plan) if isinstance(setting.design, model.Orchestration) else ())
        columns = {task.key: 1 + number for number, (task, _) in enumerate(found)}
        for task, before in found:
            stage = _stage(task)
            order.add_node(stage)
            order.add_edges_from((_stage(plan.tasks[key]), stage) for key in before)
        stages, self.pools, self.watched = _in_a_row(order, plan)
        self.tasks = [
            (stages.index(_stage(task)), task, columns[task.key], tuple(columns[key] for key in before) or (0,))
            for task, before in found
        ]

    def work(self, jobs: range) -> Work:
        count = len(jobs)
        everyone = np.arange(count)
        customers = []
        for stage, task, column, before in self.tasks:
            pause = pauses(task, jobs, 1, 1)
            delay = np.zeros(count) if task.delay is None else task.delay.of_jobs(jobs)
            group = Customers(task.key, column, before, everyone, () if pause is None else (pause,), delay)
            customers.append((stage, group))
        calls = np.full(count, len(self.tasks))
        return Work(customers, calls, np.zeros(count), np.zeros(count, dtype=np.uint8), (self.ending,))


def _stage(task: Task) -> Hashable:
    return task.pools[0] if task.pools else task.key


def _flow(design: model.Orchestration, plan: Plan) -> Iterable[tuple[Task, tuple[Key, ...]]]:
    order = flow_order(design)
    for name in nx.topological_sort(order):
        yield plan.tasks["step", name], tuple(("step", before) for before in order.predecessors(name))


class _Varied:
    """Each job does one thing at a time, by drawn outcomes."""

    def __init__(self, setting: Setting):
        loop = setting.loop()
        found = map_of(setting, loop.initial)
        self.travellers = Travellers(setting, found, loop.initial, loop.ending)
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
