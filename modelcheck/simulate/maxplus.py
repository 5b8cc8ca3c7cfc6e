"""Max-plus: where nothing queues, the times of all jobs at once.

Without queues, choices and failures a job's times obey a system of equations with only max and + (Baccelli, Cohen,
Olsder and Quadrat, Synchronization and Linearity, 1992): a step begins at the largest of the times its predecessors
finish, and finishes a delay later. One column of numbers for each step gives every job, in the same order of operations
as the event loop, so that both agree to the last bit on the same draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from .. import model
from ..expressions import TRUE, well_defined
from ..graph.flow import predecessors
from ..system import TransitionSystem
from .delays import Array
from .events import endless
from .jobs import Endings, Runs
from .plan import Key, Plan, Task

Truths: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = NDArray[np.int64]
MOST_ATTEMPTS, LONG = 10_000, 64


def obstacle(design: model.Orchestration | model.Choreography, plan: Plan, system: TransitionSystem) -> str:
    """Why max-plus does not apply to a design; empty where it does."""
    if plan.together and plan.pools:
        return "jobs arrive and share workers"
    return static_obstacle(design, plan, system) or _may_queue(design, plan)


def static_obstacle(design: model.Orchestration | model.Choreography, plan: Plan, system: TransitionSystem) -> str:
    """Why not all jobs do the same in the same order, but for attempts; empty where they do."""
    for action in system.actions:
        if any(claim.kind == "range" for claim in action.claims):
            return "a variable may leave its range"
        if any(well_defined(update) != TRUE for update in action.updates.values()):
            return "an effect may divide by zero"
    if isinstance(design, model.Orchestration):
        return _obstacle_in_flow(design, plan)
    from .reactions import obstacle_in_events

    return obstacle_in_events(design, plan, system)


def _may_queue(design: model.Orchestration | model.Choreography, plan: Plan) -> str:
    """Why one job may have to wait for its own tasks."""
    if isinstance(design, model.Orchestration):
        return may_queue(plan, {("step", name): name for name in design.flow.steps}, flow_order(design))
    from .reactions import handlers_in_order

    order = handlers_in_order(design)
    return may_queue(plan, {("step", handler): handler for handler in order}, order)


def run(design: model.Orchestration | model.Choreography, plan: Plan, jobs: range) -> Runs:
    """All jobs of a design to which max-plus applies."""
    if isinstance(design, model.Orchestration):
        return _run_flow(design, plan, jobs)
    from .reactions import run_events

    return run_events(design, plan, jobs)


def _obstacle_in_flow(design: model.Orchestration, plan: Plan) -> str:
    if design.flows:
        return "several flows run side by side"
    if any(step.origin.instant for step in design.flow.steps.values()):
        return "a step runs a flow"
    for name, step in design.flow.steps.items():
        retry = step.retry or design.policies.retry
        retried = retry.on if retry is not None and retry.attempts is None else ()
        outcomes = {outcome for outcome, _ in plan.tasks["step", name].shares} | (
            {"timeout"} if step.timeout is not None else set()
        )
        lost = sorted(outcomes - {"ok", *retried})
        if lost:
            return f"{name} can end as {lost[0]}, which may end the flow"
        for present, what in (
            (step.when is not None, "a condition"), (step.await_ is not None, "a wait for a condition"),
            (bool(step.transitions), "transitions"), (step.check is not None, "a check"),
            (bool(step.input), "inputs"), (step.join != "all" and len(step.after or ()) > 1, "'join: any'"),
            (bool(step.modifies) and step.ensures is not None, "an effect that is known only by 'ensures'"),
        ):  # fmt: skip
            if present:
                return f"{name} has {what}"
    return "" if nx.is_directed_acyclic_graph(flow_order(design)) else "the steps wait for each other"


def flow_order(design: model.Orchestration) -> nx.DiGraph[str]:
    """Which step waits for which."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, before in predecessors(design.flow).items():
        graph.add_node(name)
        graph.add_edges_from((source, name) for source in before or ())
    return graph


def may_queue(plan: Plan, nodes: Mapping[Key, str], order: nx.DiGraph[str]) -> str:
    """Whether tasks of one job can wait for each other's worker: more of them at once than there are workers."""
    for pool, size in plan.pools.items():
        users = [nodes[key] for key, task in plan.tasks.items() if key in nodes and pool in task.pools]
        if len(users) <= size:
            continue
        after = {user: nx.descendants(order, user) for user in users}
        if any(a not in after[b] and b not in after[a] for a in users for b in users if a != b):
            return f"several tasks of a job may wait for a worker of {pool}"
    return ""


def arrivals(plan: Plan, jobs: range) -> Array:
    """When these jobs begin; 0 where each is alone."""
    return np.zeros(len(jobs)) if plan.interval is None else plan.interval.times(jobs)


def latest(times: Iterable[Array], arrived: Array) -> Array:
    """The largest of some columns; where there are none, the times of arrival."""
    found: Array | None = None
    for column in times:
        found = column if found is None else np.maximum(found, column)
    return arrived if found is None else found


def _run_flow(design: model.Orchestration, plan: Plan, jobs: range) -> Runs:
    order, arrived = flow_order(design), arrivals(plan, jobs)
    finished: dict[str, Array] = {}
    calls = np.zeros(len(jobs))
    starts: dict[Key, int] = dict.fromkeys(plan.tasks, 0)
    for name in nx.topological_sort(order):
        key = ("step", name)
        begun = latest((finished[before] for before in order.predecessors(name)), arrived)
        finished[name], made = work(plan.tasks[key], begun, jobs)
        calls += made
        starts[key] = int(made.sum())
    none = np.zeros(len(jobs))
    makespans = latest(finished.values(), arrived) - arrived
    return Runs(makespans, alike(jobs), ("completed",), none, calls, none, none, jobs.start, starts)


def alike(jobs: range) -> Endings:
    """All jobs have ended in the same way."""
    return np.zeros(len(jobs), dtype=np.uint8)


def work(task: Task, begun: Array, jobs: range) -> tuple[Array, Array]:
    """When a task is done that is tried until it succeeds, and how many attempts that took."""
    ended, success = _attempt(task, begun, jobs, 1)
    made = np.ones(len(jobs))
    rows = np.flatnonzero(~success)
    attempt = 1
    while len(rows):
        attempt += 1
        if attempt == LONG:  # One that does not end is found sooner by itself.
            _look_at_one(task, ended[rows[:1]], jobs.start + rows[:1])
        ended[rows], success = _attempt(task, ended[rows], jobs.start + rows, attempt)
        made[rows] += 1
        rows = rows[~success]
    return ended, made


def _look_at_one(task: Task, begun: Array, job: Rows) -> None:
    for attempt in range(LONG, MOST_ATTEMPTS + 1):
        begun, success = _attempt(task, begun, job, attempt)
        if success.all():
            return
    raise endless(task.key[1], f"is tried again and again, {MOST_ATTEMPTS} times in one job")


def _attempt(task: Task, begun: Array, jobs: range | Rows, attempt: int) -> tuple[Array, Truths]:
    """When an attempt ends that begins then, and whether it succeeds."""
    pause = np.full(len(jobs), task.pause(attempt))
    if task.overhead is not None:
        pause += task.overhead.of_jobs(jobs, attempt=attempt)
    delay = np.zeros(len(jobs)) if task.delay is None else task.delay.of_jobs(jobs, attempt=attempt)
    success = np.ones(len(jobs), dtype=bool)
    if len(task.shares) > 1 or task.shares[0][0] != "ok":
        luck = task.outcome.of_jobs(jobs, attempt=attempt)
        before = task.shares[-2][1] if len(task.shares) > 1 and task.shares[-1][0] == "ok" else 1.0
        success = luck >= before
        if task.timeout is not None:
            early = 0.0
            for name, share in task.shares:
                if name == "timeout":
                    delay = np.where((luck >= early) & (luck < share), task.timeout, delay)
                early = share
    if task.timeout is not None:
        success &= delay <= task.timeout
        delay = np.minimum(delay, task.timeout)
    return begun + pause + delay, success
