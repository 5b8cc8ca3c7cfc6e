"""Simulation beside SimPy and Ciw: seven models, each written as their users would, and the ratios of processor time.

Theirs run fewer jobs, and what they take is scaled up: it grows with the number of jobs.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import ciw
import simpy

from modelcheck import model
from modelcheck.simulate import simulate

Row = tuple[str, float, float | None]
SERVICES, FAILS = 10, 0.05


@dataclass(frozen=True)
class Case:
    """A design, how many jobs, how many of them theirs runs, by how much ours must be faster, and theirs."""

    design: model.Orchestration
    jobs: int
    fewer: int
    at_least: int
    theirs: Callable[[int], None]
    ciw: Callable[[int], None] | None = None


def _exponential(mean: float) -> model.Delay:
    return model.Delay(distribution="exponential", parameters={"mean": mean})


def _design(services: int, workers: int | None, rate: float | None, parallel: bool = False) -> model.Orchestration:
    return model.Orchestration(
        name="peers",
        services={f"p{index}": model.Service(time=_exponential(1), workers=workers) for index in range(services)},
        flow=model.Flow(
            steps={
                f"s{index}": model.Step(service=f"p{index}", after=() if parallel else None)
                for index in range(services)
            }
        ),
        arrivals=None if rate is None else model.Arrivals(interval=_exponential(1 / rate)),
    )


def _saga() -> model.Orchestration:
    steps = 5
    service = model.Service(time=_exponential(1), workers=4, fails={"error": FAILS})
    return model.Orchestration(
        name="saga",
        services={f"p{index}": service for index in range(steps)},
        flow=model.Flow(
            steps={
                f"s{index}": model.Step(service=f"p{index}", compensation=model.Compensation())
                for index in range(steps)
            }
        ),
        arrivals=model.Arrivals(interval=_exponential(1 / 2.4)),
    )


Process = Iterator[simpy.Event]


def _run(jobs: int, rate: float | None, job: Callable[[simpy.Environment], Process]) -> None:
    """Jobs that arrive at a rate, or one after the other."""
    world = simpy.Environment()

    def arrive() -> Process:
        for _ in range(jobs):
            if rate is None:
                yield world.process(job(world))
            else:
                yield world.timeout(random.expovariate(rate))
                world.process(job(world))

    world.process(arrive())
    world.run()


def _queued(services: int, workers: int, rate: float, parallel: bool = False) -> Callable[[int], None]:
    def run(jobs: int) -> None:
        places: list[simpy.Resource] = []
        total = [0.0]

        def serve(world: simpy.Environment, place: simpy.Resource) -> Process:
            with place.request() as turn:
                yield turn
                yield world.timeout(random.expovariate(1))

        def job(world: simpy.Environment) -> Process:
            if not places:
                places.extend(simpy.Resource(world, workers) for _ in range(services))
            begun = world.now
            if parallel:
                yield world.all_of([world.process(serve(world, place)) for place in places])
            else:
                for place in places:
                    with place.request() as turn:
                        yield turn
                        yield world.timeout(random.expovariate(1))
            total[0] += world.now - begun

        _run(jobs, rate, job)

    return run


def _free(parallel: bool) -> Callable[[int], None]:
    def run(jobs: int) -> None:
        total = [0.0]

        def serve(world: simpy.Environment) -> Process:
            yield world.timeout(random.expovariate(1))

        def job(world: simpy.Environment) -> Process:
            begun = world.now
            if parallel:
                yield world.all_of([world.process(serve(world)) for _ in range(SERVICES)])
            else:
                for _ in range(SERVICES):
                    yield world.timeout(random.expovariate(1))
            total[0] += world.now - begun

        _run(jobs, None, job)

    return run


def _undone(jobs: int) -> None:
    """A saga of five steps at services with four workers; what was done is undone there, in reverse."""
    places: list[simpy.Resource] = []
    total = [0.0]

    def job(world: simpy.Environment) -> Process:
        if not places:
            places.extend(simpy.Resource(world, 4) for _ in range(5))
        begun, done = world.now, []
        for place in places:
            with place.request() as turn:
                yield turn
                yield world.timeout(random.expovariate(1))
            if random.random() < FAILS:
                break
            done.append(place)
        else:
            done = []
        for place in reversed(done):
            with place.request() as turn:
                yield turn
                yield world.timeout(random.expovariate(1))
        total[0] += world.now - begun

    _run(jobs, 2.4, job)


def _by_ciw(services: int, workers: int, rate: float) -> Callable[[int], None]:
    def run(jobs: int) -> None:
        routing = [[float(other == one + 1) for other in range(services)] for one in range(services)]
        network = ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(rate), *[None] * (services - 1)],
            service_distributions=[ciw.dists.Exponential(1)] * services,
            number_of_servers=[workers] * services,
            routing=routing,
        )
        ciw.Simulation(network).simulate_until_max_customers(jobs)

    return run


CASES = {
    "M/M/1": Case(_design(1, 1, 0.8), 1_000_000, 50_000, 50, _queued(1, 1, 0.8), _by_ciw(1, 1, 0.8)),
    "M/M/4": Case(_design(1, 4, 2.8), 1_000_000, 50_000, 30, _queued(1, 4, 2.8), _by_ciw(1, 4, 2.8)),
    "sequence, free": Case(_design(SERVICES, None, None), 100_000, 10_000, 50, _free(False)),
    "fork and join, free": Case(_design(SERVICES, None, None, True), 100_000, 10_000, 50, _free(True)),
    "sequence, queued": Case(
        _design(SERVICES, 4, 2.8), 100_000, 10_000, 30, _queued(SERVICES, 4, 2.8), _by_ciw(SERVICES, 4, 2.8)
    ),
    "fork and join, queued": Case(_design(SERVICES, 4, 2.8, True), 100_000, 5_000, 30, _queued(SERVICES, 4, 2.8, True)),
    "saga with feedback": Case(_saga(), 100_000, 10_000, 10, _undone),
}


def peers() -> Iterator[Row]:
    """Processor time of ours by theirs, each with all that it does: drawing, simulating, and ours also estimating."""
    for name, case in CASES.items():
        ours = min(_seconds(lambda case=case: simulate(case.design, case.jobs)) for _ in range(3))
        scale = case.jobs / case.fewer
        theirs = min(_seconds(lambda case=case: case.theirs(case.fewer)) for _ in range(2)) * scale
        what = f"{name}: {case.jobs:,} jobs, by a {case.at_least}th of SimPy's time ({theirs / ours:.0f} times faster)"
        yield what, ours / theirs * case.at_least, 1.0
        if case.ciw is not None:
            other = _seconds(lambda case=case: case.ciw(case.fewer)) * scale
            yield f"{name}: by a 50th of Ciw's time ({other / ours:.0f} times faster)", ours / other * 50, None


def memory() -> Iterator[Row]:
    """The memory of a process that simulates 10^7 jobs through three queues, by that of one for a tenth of them."""
    design = _design(3, 4, 2.8)
    small, large = (_peak(design, jobs) for jobs in (1_000_000, 10_000_000))
    yield "memory of 10,000,000 queued jobs, by that of 1,000,000", large / small, 1.3


def _peak(design: model.Orchestration, jobs: int) -> int:
    child = os.fork()
    if not child:
        simulate(design, jobs)
        os._exit(0)
    return os.wait4(child, 0)[2].ru_maxrss


def _seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
