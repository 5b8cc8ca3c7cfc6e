"""Queues that are recognised as a whole: work that is split among equal workers, and a queue with little room."""

from __future__ import annotations

from dataclasses import replace

from ..plan import Key, Plan
from ..setting import Setting
from . import laws, queues
from .laws import Exponential
from .markov import solve
from .order import tree_of
from .process import process_of
from .reason import NotExact, check_queued
from .result import Exact, Value
from .routing import pool_in_use
from .tree import Leaf, Parallel, leaves_of
from .values import LONG_RUN, counts_of, of_queue, shares_of

PARTS = "the times of the parts depend on each other through their common arrivals"


def special(setting: Setting) -> Exact | None:
    """The exact values of a design that is such a queue; nothing where it is none."""
    plan = setting.plan
    arriving = None if plan.interval is None else plan.interval.delay
    ways = laws.ways_of(arriving) if arriving is not None else ()
    if len(ways) != 1 or len(ways[0].stages) != 1 or not isinstance(ways[0].stages[0], Exponential) or plan.shared:
        return None
    rate = ways[0].stages[0].rate
    if any(each.capacity is not None for row in plan.receivers.values() for each in row):
        return _little_room(setting, rate)
    return _fork_join(setting, rate)


def alone(plan: Plan) -> Plan:
    """The plan of a job that is alone and never waits for a worker."""
    tasks = {key: replace(task, pools=(), desk="", priority=0) for key, task in plan.tasks.items()}
    return replace(plan, tasks=tasks, pools={}, interval=None, users=None, shared=frozenset())


def _little_room(setting: Setting, rate: float) -> Exact | None:
    """Jobs of one message each, which wait for some workers in a queue that drops what does not fit."""
    plan = setting.plan
    check_queued(plan)
    receivers = [each for row in plan.receivers.values() for each in row]
    if len(receivers) != 1 or receivers[0].overflow != "drop newest" or receivers[0].capacity is None:
        return None
    if plan.publish or plan.deliver:
        return None
    process = process_of(replace(setting, plan=alone(plan)))
    (first, *others) = process.edges or (None,)
    name = pool_in_use(plan, process, first.source) if first is not None else ""
    if first is None or others or not name or first.source not in process.begins:
        return None
    (law, *more) = first.stages or (None,)
    if more or not isinstance(law, Exponential) or not process.ended[first.target] or process.first["deliveries"] != 1:
        return None
    workers = plan.pools[name]
    lost, response = queues.loss_mmck(rate, law.rate, workers, receivers[0].capacity + workers)
    method = "M/M/c/K queue"
    taken = rate * (1 - lost)
    solution = solve(process)
    endings = {label: (1 - lost) * share for label, share in solution.endings.items()} | {"lost": lost}
    counts: dict[str | Key, float] = {what: (1 - lost) * float(count) for what, count in solution.counts.items()}
    counts["publishes"] += lost * float(process.first["publishes"])
    counts["lost"] = lost
    values = {"mean": Value((1 - lost) * response, f"{method}; a job that is lost takes no time")}
    values |= shares_of(endings) | counts_of(setting, counts)
    values |= of_queue(name, workers, taken, 1 / law.rate, response - 1 / law.rate, method)
    missing = {"percentiles": "the law of the time of a job in a queue with little room is not worked out"}
    return Exact(setting.design.name, values, (LONG_RUN,), missing)


def _fork_join(setting: Setting, rate: float) -> Exact | None:
    """Jobs that are split among equal workers, each with its own queue, until the last part is done."""
    plan = setting.plan
    single = replace(setting, plan=replace(plan, interval=None, users=None))
    try:
        tree = tree_of(single)
    except NotExact:
        return None
    users = [task for task in plan.tasks.values() if task.pools and task.key[0] == "step"]
    names = [name for task in users for name in task.pools]
    leaves = list(leaves_of(tree))
    laws_of_parts = {stages for leaf in leaves for _, stages in leaf.ways}
    if not isinstance(tree, Parallel) or not all(isinstance(part, Leaf) and len(part.ways) == 1 for part in tree.parts):
        return None
    if not len(leaves) == len(users) == len(set(names)) == len(names) or any(plan.pools[name] > 1 for name in names):
        return None
    (stages, *others) = laws_of_parts
    if others or len(stages) != 1 or not isinstance(stages[0], Exponential):
        return None
    service = stages[0].rate
    wait = queues.wait_mmc(rate, service, 1)
    values: dict[str, Value] = {}
    missing = {"percentiles": PARTS}
    approximations = {}
    if len(leaves) == 2:
        values["mean"] = Value(queues.fork_join_of_two(rate, service), "fork-join of two (Flatto and Hahn 1984)")
    else:
        method = "approximation of Nelson and Tantawi (1988), some percent off"
        approximations["mean"] = Value(queues.fork_join(rate, service, len(leaves)), method)
        missing["mean"] = "no closed form is known for more than two parallel queues"
    solution = solve(process_of(replace(setting, plan=alone(plan))))
    values |= shares_of(solution.endings) | counts_of(setting, {what: float(n) for what, n in solution.counts.items()})
    for name in names:
        values |= of_queue(name, 1, rate, 1 / service, wait, "M/M/1 queues")
    return Exact(setting.design.name, values, (LONG_RUN,), missing, approximations)
