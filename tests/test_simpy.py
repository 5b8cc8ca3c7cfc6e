"""SimPy as an independent oracle: fed the same draws, it gives every job the same time, to the last bit.

Its models are written by hand, as SimPy's users write them; nothing of the transition system is in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import simpy
from queued import arriving, constant, exponential, lognormal, row, runs_by

from modelcheck import model
from modelcheck.simulate.delays import law_of
from modelcheck.simulate.draws import Draws

SEED, JOBS = 7, 2_000
Process = Iterator[simpy.Event]
Job = Callable[[simpy.Environment, int], Process]


def draws(task: str, delay: model.Delay, purpose: str = "service") -> Draws:
    law = law_of(delay)
    return Draws(SEED, task, purpose, law.draw or law.quantile)


def makespans(interval: model.Delay, job: Callable[[simpy.Environment], Job], jobs: int = JOBS) -> list[float]:
    """How long each job took, in a world that is made by `job`."""
    world = simpy.Environment()
    gaps, run = draws("", interval, "arrival"), job(world)
    found = [0.0] * jobs

    def timed(number: int) -> Process:
        begun = world.now
        yield from run(world, number)
        found[number] = world.now - begun

    def arrive() -> Process:
        for number in range(jobs):
            yield world.timeout(gaps(number))
            world.process(timed(number))

    world.process(arrive())
    world.run()
    return found


def work(world: simpy.Environment, place: simpy.Resource, seconds: float) -> Process:
    with place.request() as turn:
        yield turn
        yield world.timeout(seconds)


def in_a_row(times: list[model.Delay], workers: int) -> Callable[[simpy.Environment], Job]:
    lasts = [draws(f"s{index}", time) for index, time in enumerate(times)]

    def made(world: simpy.Environment) -> Job:
        places = [simpy.Resource(world, workers) for _ in times]

        def job(world: simpy.Environment, number: int) -> Process:
            for place, seconds in zip(places, lasts, strict=True):
                yield from work(world, place, seconds(number))

        return job

    return made


def at_once(times: list[model.Delay], workers: int) -> Callable[[simpy.Environment], Job]:
    lasts = [draws(f"s{index}", time) for index, time in enumerate(times)]

    def made(world: simpy.Environment) -> Job:
        places = [simpy.Resource(world, workers) for _ in times]

        def job(world: simpy.Environment, number: int) -> Process:
            yield world.all_of(
                [
                    world.process(work(world, place, seconds(number)))
                    for place, seconds in zip(places, lasts, strict=True)
                ]
            )

        return job

    return made


QUEUES = {
    "M/M/1": ([exponential(1)], 1, 0.8),
    "M/M/4": ([exponential(1)], 4, 3.2),
    "M/D/1": ([constant(1)], 1, 0.8),
    "M/G/2": ([lognormal(1)], 2, 1.4),
    "tandem": ([exponential(1), exponential(1 / 1.2), exponential(1 / 0.9)], 1, 0.7),
    "ten in tandem": ([exponential(1)] * 10, 4, 2.8),
}


@pytest.mark.parametrize("back_end", ["queues", "routes", "events"])
@pytest.mark.parametrize("name", QUEUES)
def test_queues_in_a_row(name: str, back_end: str) -> None:
    times, workers, rate = QUEUES[name]
    jobs = JOBS if len(times) < 5 else 500
    design = row(rate, [model.Service(time=time, workers=workers) for time in times])
    theirs = makespans(exponential(1 / rate), in_a_row(times, workers), jobs)
    assert runs_by(back_end, design, jobs).makespans.tolist() == theirs


@pytest.mark.parametrize("back_end", ["queues", "events"])
@pytest.mark.parametrize(("count", "workers"), [(2, 1), (10, 4)])
def test_fork_and_join(count: int, workers: int, back_end: str) -> None:
    times, rate = [exponential(1)] * count, 0.7 * workers
    design = row(rate, [model.Service(time=time, workers=workers) for time in times], parallel=True)
    jobs = JOBS // count
    theirs = makespans(exponential(1 / rate), at_once(times, workers), jobs)
    assert runs_by(back_end, design, jobs).makespans.tolist() == theirs


FAILS, STEPS = 0.1, 5


def undone(world: simpy.Environment) -> Job:
    """A saga: a step that fails ends it, and what was done is undone at the same services, in reverse."""
    lasts = [draws(f"s{index}", exponential(1)) for index in range(STEPS)]
    undoes = [draws(f"s{index}", exponential(1), "undo") for index in range(STEPS)]
    luck = [Draws(SEED, f"s{index}", "outcome") for index in range(STEPS)]
    places = [simpy.Resource(world, 2) for _ in range(STEPS)]

    def job(world: simpy.Environment, number: int) -> Process:
        for step in range(STEPS):
            yield from work(world, places[step], lasts[step](number))
            if luck[step](number) < FAILS:
                for done in reversed(range(step)):
                    yield from work(world, places[done], undoes[done](number))
                return

    return job


@pytest.mark.parametrize("back_end", ["routes", "events"])
def test_a_saga_that_is_undone_through_the_queues(back_end: str) -> None:
    service = model.Service(time=exponential(1), workers=2, fails={"error": FAILS})
    design = model.Orchestration(
        name="saga",
        services={f"p{index}": service for index in range(STEPS)},
        flow=model.Flow(
            steps={
                f"s{index}": model.Step(service=f"p{index}", compensation=model.Compensation())
                for index in range(STEPS)
            }
        ),
        arrivals=arriving(exponential(0.8)),
    )
    runs = runs_by(back_end, design, JOBS)
    assert runs.makespans.tolist() == makespans(exponential(0.8), undone)
    assert 0.2 < runs.outcomes()["aborted"] / JOBS < 0.6


def tried_again(world: simpy.Environment) -> Job:
    """Up to four attempts; between them a wait that doubles, and then the end of the queue again."""
    lasts, luck = draws("a", exponential(1)), Draws(SEED, "a", "outcome")
    place = simpy.Resource(world, 1)

    def job(world: simpy.Environment, number: int) -> Process:
        for attempt in range(1, 5):
            if attempt > 1:
                yield world.timeout(0.5 * 2.0 ** (attempt - 2))
            yield from work(world, place, lasts(number, attempt=attempt))
            if luck(number, attempt=attempt) >= 0.3:
                return

    return job


@pytest.mark.parametrize("back_end", ["routes", "events"])
def test_retries_with_backoff(back_end: str) -> None:
    design = model.Orchestration(
        name="retry",
        services={"s": model.Service(time=exponential(1), workers=1, fails={"error": 0.3})},
        flow=model.Flow(steps={"a": model.Step(service="s", retry=model.Retry(attempts=4, backoff=0.5, factor=2.0))}),
        arrivals=arriving(exponential(2)),
    )
    assert runs_by(back_end, design, JOBS).makespans.tolist() == makespans(exponential(2), tried_again)
