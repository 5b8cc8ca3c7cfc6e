"""Jobs that arrive and wait for workers: which closed form fits a design, and what it says, in the long run.

A job that does one thing at a time is a customer that moves through a network of queues; its way is the Markov chain
of a job that is alone. With Poisson arrivals and exponential services, all of the same mean in one queue, whatever is
next, every queue has in the long run the law of an M/M/c queue of its own (Jackson 1957, Operations Research 5; Kelly
1975, "Networks of queues with customers of different types", J. Appl. Prob. 12; delays without queues may have any
law: Baskett, Chandy, Muntz and Palacios 1975, J. ACM 22). Jobs leave such a network as a Poisson stream (Melamed 1979),
so the last queue may serve one at a time with any law.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrivals import Users
from ..delays import law_of
from ..plan import Plan
from ..setting import Setting
from . import laws, queues
from .closed import cycle_of
from .distribution import Distribution, Function
from .laws import Exponential, Stages
from .markov import Solution, solve
from .passage import distribution_of
from .process import Edge, Process, process_of
from .reason import NotExact, check_queued
from .residual import rests_of
from .result import Exact, Value
from .routing import Queue, check_last, check_overtaking, pool_in_use
from .special import alone
from .state import beginnings
from .values import LONG_RUN, counts_of, of_queue, percentiles_of, shares_of


@dataclass(frozen=True)
class Waiting:
    """The mean wait in a queue, and how it was found; ways: those that it goes, the last of them after any number of
    `again`, each with its probability."""

    mean: float
    method: str
    ways: tuple[tuple[float, Stages], ...] = ()
    again: tuple[tuple[float, Stages], ...] = ()


def queued(setting: Setting, percentiles: Sequence[float], most: int) -> Exact:
    """Exact values of jobs that arrive and share workers. Raises `NotExact`."""
    plan = setting.plan
    check_queued(plan)
    if plan.users is not None:
        return _closed(setting, plan.users, most)
    arriving = None if plan.interval is None else plan.interval.delay
    if arriving is None:
        raise NotExact("jobs share workers, and do not arrive at independent intervals")
    ways = laws.ways_of(arriving)
    poisson = len(ways) == 1 and len(ways[0].stages) == 1 and isinstance(ways[0].stages[0], Exponential)
    rate = 1 / plan.mean_interval
    process, solution = _one_at_a_time(setting, most)
    found = _queues(setting, solution)
    waits: dict[str, Waiting] = {}
    if poisson:
        odd = _last_queue(plan, process, found)
        for queue in found:
            waits[queue.name] = _wait(queue, rate * queue.visits, queue is odd)
    else:
        if len(found) != 1:
            raise NotExact("jobs go through several queues, and their arrivals are no Poisson process")
        waits[found[0].name] = _wait_of_renewals(plan, process, found[0], queues.transform_of(law_of(arriving)))
    mean = solution.mean + sum(queue.visits * waits[queue.name].mean for queue in found)
    methods = dict.fromkeys(waits[queue.name].method for queue in found)
    values = {"mean": Value(mean, "; ".join(methods))}
    missing = {}
    distribution: Distribution | None = None
    try:
        check_overtaking(plan, process, found)
        distribution, deviation = _response(plan, process, found, waits, rate if poisson else None)
        values["standard deviation"] = Value(deviation, "independent waits")
        values |= percentiles_of(distribution, percentiles)
    except NotExact as error:
        missing["percentiles"] = error.reason
    counts = {what: float(count) for what, count in solution.counts.items()}
    values |= shares_of(solution.endings) | counts_of(setting, counts)
    for queue in found:
        wait = waits[queue.name]
        arrivals = rate * queue.visits
        values |= of_queue(queue.name, queue.workers, arrivals, queue.mean, wait.mean, wait.method)
    return Exact(setting.design.name, values, (LONG_RUN,), missing, {}, distribution)


def _closed(setting: Setting, users: Users, most: int) -> Exact:
    """Users who wait for their jobs."""
    _, solution = _one_at_a_time(setting, most)
    found = _queues(setting, solution)
    odd = next((queue.name for queue in found if queue.rate is None), None)
    if odd is not None:
        raise NotExact(f"services of {odd} are not exponential, or not of one mean, and users wait for their jobs")
    free = solution.mean - sum(queue.visits * queue.mean for queue in found)
    cycle = cycle_of(users.count, users.mean_think + free, found)
    method = "a closed network of queues (Gordon and Newell 1967)"
    values = {"mean": Value(users.count / cycle.throughput - users.mean_think, method)}
    counts = {what: float(count) for what, count in solution.counts.items()}
    values |= shares_of(solution.endings) | counts_of(setting, counts)
    for queue, wait in zip(found, cycle.waiting, strict=True):
        arrivals = cycle.throughput * queue.visits
        values |= of_queue(queue.name, queue.workers, arrivals, queue.mean, wait, method)
    missing = {"percentiles": "the law of the time of a job in a closed network has no simple form"}
    return Exact(setting.design.name, values, (LONG_RUN,), missing)


def _one_at_a_time(setting: Setting, most: int) -> tuple[Process, Solution]:
    """The chain of a job that never waits, which must do one thing at a time, and end."""
    process = process_of(replace(setting, plan=alone(setting.plan)), most)
    if process.together > 1:
        raise NotExact("a job does several things at once, and shares workers with others")
    solution = solve(process)
    if solution.ended < 1 - 1e-12:
        raise NotExact("some jobs never end, and share workers with others")
    if any(edge.stages for edge in process.edges if process.ended[edge.source]):
        raise NotExact("a job goes on after its end, and shares workers with others")
    return process, solution


def _queues(setting: Setting, solution: Solution) -> list[Queue]:
    plan = setting.plan
    begins = {key: tuple(beginnings(task)) for key, task in plan.tasks.items()}
    for key, task in plan.tasks.items():
        if len(task.pools) > 1 and solution.counts[key] > 0:
            raise NotExact(f"'{key[1]}' needs {' and '.join(task.pools)} at once")
    kept = {action.label.step for action in setting.system.actions if action.label.then == "again at once"}
    found = []
    for name, workers in plan.pools.items():
        users = [key for key, task in plan.tasks.items() if name in task.pools and solution.counts[key] > 0]
        if not users:
            continue
        for key in users:
            if key[1] in kept and any(outcome != "ok" for _, _, row in begins[key] for outcome, _ in row):
                raise NotExact(f"'{key[1]}' keeps its worker while it tries again")
        visits = sum(float(solution.counts[key]) for key in users)
        ways = [(solution.counts[key] / visits * share, stages) for key in users for share, stages, _ in begins[key]]
        for _, stages in ways:
            laws.finite(stages)
        mean = sum(share * laws.mean(stages) for share, stages in ways)
        square = sum(share * (laws.variance(stages) + laws.mean(stages) ** 2) for share, stages in ways)
        if name in plan.shared:
            if any(plan.tasks[key].timeout is not None for key in users):
                raise NotExact(f"{name} shares its work, which has timeouts")
            # Insensitive to all but the mean (Baskett, Chandy, Muntz and Palacios 1975; Kelly 1979, section 3.3).
            found.append(Queue(name, workers, visits, mean, square, 1 / mean, shared=True))
            continue
        rates = {
            stages[0].rate if len(stages) == 1 and isinstance(stages[0], Exponential) else None for _, stages in ways
        }
        rate = rates.pop() if len(rates) == 1 else None
        found.append(Queue(name, workers, visits, mean, square, rate, tuple(ways)))
    return found


def _last_queue(plan: Plan, process: Process, found: list[Queue]) -> Queue | None:
    """The queue whose services are not all exponential of one mean; there may be one, and it must come last, once."""
    odd = [queue for queue in found if queue.rate is None]
    if not odd:
        return None
    if len(odd) > 1:
        raise NotExact(f"services of {odd[0].name} and {odd[1].name} are not exponential, or not of one mean")
    queue = odd[0]
    if queue.workers > 1:
        raise NotExact(f"{queue.name} has several workers, and services that are not exponential, or not of one mean")
    check_last(plan, process, queue)
    return queue


def _wait(queue: Queue, arrivals: float, odd: bool) -> Waiting:
    try:
        if odd:
            wait = queues.wait_mg1(arrivals, queue.mean, queue.square)
            if not math.isfinite(wait):
                raise NotExact("services vary so much that the mean wait is infinite")
            busy = arrivals * queue.mean
            rests = tuple((busy * share, stages) for share, stages in rests_of(queue.ways))
            return Waiting(wait, "formula of Pollaczek and Khinchine", ((1 - busy, ()),), rests)
        assert queue.rate is not None
        wait = queues.wait_mmc(arrivals, queue.rate, queue.workers)
        waits = queues.erlang_c(arrivals / queue.rate, queue.workers)
    except NotExact as error:
        raise NotExact(f"{queue.name}: {error.reason}") from None
    method = "M/M/1 queues" if queue.workers == 1 else "Erlang's formula C"
    delayed: Stages = (Exponential(queue.workers * queue.rate - arrivals),)
    return Waiting(wait, method, ((1 - waits, ()), (waits, delayed)))


def _wait_of_renewals(plan: Plan, process: Process, queue: Queue, transform: object) -> Waiting:
    """One worker with exponential services, to which jobs come as they arrive."""
    assert callable(transform)
    if queue.workers > 1 or queue.rate is None or queue.shared:
        raise NotExact(f"arrivals are no Poisson process, and {queue.name} is not one worker with exponential services")
    check_last(plan, process, queue)
    for number in process.begins:
        if pool_in_use(plan, process, number) != queue.name:
            raise NotExact(f"arrivals are no Poisson process, and jobs do something else before {queue.name}")
    try:
        waits, rate = queues.rate_gm1(transform, plan.mean_interval, queue.rate)
    except NotExact as error:
        raise NotExact(f"{queue.name}: {error.reason}") from None
    return Waiting(1 / rate - 1 / queue.rate, "G/M/1 queue", ((1 - waits, ()), (waits, (Exponential(rate),))))


def _response(
    plan: Plan, process: Process, found: list[Queue], waits: Mapping[str, Waiting], rate: float | None
) -> tuple[Distribution, float]:
    """The law of the time of a job whose waits are independent, and its standard deviation: its chain, with a wait
    before each service."""
    serving = [pool_in_use(plan, process, number) for number in range(len(process))]
    edges = [edge for edge in process.edges if not serving[edge.source]]
    for edge in process.edges:
        if serving[edge.source]:
            ways = waits[serving[edge.source]].ways
            edges += [replace(edge, share=edge.share * share, stages=stages + edge.stages) for share, stages in ways]
    for number, name in enumerate(serving):
        if name:
            edges += [Edge(number, number, share, stages) for share, stages in waits[name].again]
    path = replace(process, edges=edges)
    solution = solve(path)
    deviation = float(np.sqrt(solution.variance))
    timed = [edge for edge in process.edges if edge.stages]
    if len(timed) == 1 and len(found) == 1 and found[0].rate is not None and rate is not None:
        cdf = queues.response_mmc(rate * found[0].visits, found[0].rate, found[0].workers)
        return Function(cdf, solution.mean, "M/M/c queue, first come first served"), deviation
    return distribution_of(path, solution), deviation
