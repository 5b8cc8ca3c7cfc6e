"""Simulated times against exact ones, within intervals of 99.9 % that can fail; the seeds are fixed.

The exact values are those of queueing theory and of the closed forms for retries and sagas.
"""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from modelcheck import model
from modelcheck.simulate import SimulationResult, simulate
from modelcheck.simulate.statistics import mean_of

SURE = 0.999


def exponential(mean: float) -> model.Delay:
    return model.Delay(distribution="exponential", parameters={"mean": mean})


def constant(value: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": value})


def lognormal(sigma: float) -> model.Delay:
    return model.Delay(distribution="lognormal", parameters={"mean": 1.0, "sigma": sigma})


def queues(
    rate: float, *services: model.Service, parallel: bool = False, interval: model.Delay | None = None
) -> model.Orchestration:
    """A flow of one step a service, in a row or at once, with Poisson arrivals unless said otherwise."""
    return model.Orchestration(
        name="queues",
        services={f"s{index}": service for index, service in enumerate(services)},
        flow=model.Flow(
            steps={
                f"step{index}": model.Step(service=f"s{index}", after=() if parallel else None)
                for index in range(len(services))
            }
        ),
        arrivals=model.Arrivals(interval=interval or exponential(1 / rate)),
    )


def server(rate: float = 1.0, workers: int = 1) -> model.Service:
    return model.Service(time=exponential(1 / rate), workers=workers)


def flow(steps: dict[str, model.Step], **services: model.Service) -> model.Orchestration:
    return model.Orchestration(name="flow", services=services, flow=model.Flow(steps=steps))


QUEUES = {
    "M/M/1": (queues(0.8, server()), 150_000, 5.0),
    "M/M/4, 80 %": (queues(3.2, server(workers=4)), 150_000, 1.7455405897),
    "M/M/4, 70 %": (queues(2.8, server(workers=4)), 60_000, 1.3572119319),
    "M/D/1": (queues(0.8, model.Service(time=constant(1), workers=1)), 60_000, 3.0),
    "M/G/1, lognormal": (queues(0.8, model.Service(time=lognormal(0.5), workers=1)), 60_000, 3.568051),
    "D/M/1": (queues(0.8, server(), interval=constant(1.25)), 60_000, 2.69273084),
    "tandem": (queues(0.7, server(1.0), server(1.2), server(0.9)), 60_000, 10.3333333),
    "fork-join, 50 %": (queues(0.5, server(), server(), parallel=True), 60_000, 2.875),
    "fork-join, 70 %": (queues(0.7, server(), server(), parallel=True), 60_000, 4.708333),
}


@pytest.mark.parametrize("name", QUEUES)
def test_queues(name: str) -> None:
    design, jobs, exact = QUEUES[name]
    result = simulate(design, jobs, seed=7, confidence=SURE)
    assert exact in result.mean
    assert result.mean.high - result.mean.low < 0.6 * exact
    assert result.back_end == "queues"
    assert set(result.outcomes) == {"completed"}


@pytest.fixture(scope="module")
def single_server() -> SimulationResult:
    return simulate(queues(0.8, server()), 150_000, seed=11, confidence=SURE)


@pytest.mark.parametrize(("percent", "exact"), [(50, 3.4657), (95, 14.9787), (99, 23.0259)])
def test_percentiles_of_a_queue(single_server: SimulationResult, percent: int, exact: float) -> None:
    assert exact in single_server.percentiles[percent]


def test_a_wrong_value_is_rejected(single_server: SimulationResult) -> None:
    assert 4 not in single_server.mean  # the time in the queue alone
    assert 6 not in single_server.mean
    assert 3.0 not in single_server.percentiles[50]


def test_what_else_is_said_of_a_queue(single_server: SimulationResult) -> None:
    assert single_server.utilisation["s0"] == pytest.approx(0.8, abs=0.02)
    assert "batch means" in single_server.mean.method
    assert single_server.messages == {"calls and replies": 2.0}


def test_a_retry_in_a_queue_goes_to_its_end() -> None:
    design = model.Orchestration(
        name="feedback",
        services={"s": model.Service(time=exponential(1), workers=1, fails={"error": 0.2})},
        flow=model.Flow(steps={"a": model.Step(service="s", retry=model.Retry(attempts=None))}),
        arrivals=model.Arrivals(interval=exponential(1 / 0.6)),
    )
    assert 5.0 in simulate(design, 60_000, seed=5, confidence=SURE).mean


MAXIMA = {
    "of 10 Exp(1)": ([exponential(1)] * 10, 7381 / 2520),
    "of Exp with rates 1, 2, 3": ([exponential(1), exponential(1 / 2), exponential(1 / 3)], 73 / 60),
    "of 10 lognormals, 0.25": ([lognormal(0.25)] * 10, 1.439680),
    "of 10 lognormals, 0.5": ([lognormal(0.5)] * 10, 1.992225),
    "of 10 lognormals, 1": ([lognormal(1)] * 10, 3.409358),
}


@pytest.mark.parametrize("name", MAXIMA)
def test_maxima(name: str) -> None:
    times, exact = MAXIMA[name]
    design = flow({f"s{index}": model.Step(time=time, after=()) for index, time in enumerate(times)})
    result = simulate(design, 100_000, seed=3, confidence=SURE)
    assert result.back_end == "max-plus"
    assert exact in result.mean
    assert result.mean.high - result.mean.low < 0.05 * exact
    assert 1.02 * exact not in result.mean
    by_events = simulate(design, 3_000, seed=4, back_end="events", confidence=SURE)
    assert exact in by_events.mean
    if name == "of 10 Exp(1)":
        assert 6.903237 in result.percentiles[99]


def test_a_few_attempts() -> None:
    step = model.Step(service="s", retry=model.Retry(attempts=3))
    result = simulate(
        flow({"a": step}, s=model.Service(time=constant(1), fails={"error": 0.1})), 30_000, confidence=SURE
    )
    assert 0.999 in result.success
    assert 0.99 not in result.success
    assert 1.11 in mean_of(result.makespans, SURE)  # each attempt takes 1
    assert result.messages["calls and replies"] == pytest.approx(2 * result.mean.value)


def test_attempts_with_backoff() -> None:
    step = model.Step(service="s", retry=model.Retry(attempts=5, backoff=0.1, factor=2))
    result = simulate(
        flow({"a": step}, s=model.Service(time=constant(1), fails={"error": 0.2})), 30_000, confidence=SURE
    )
    assert 1.28208 in result.mean
    assert 1.2496 not in result.mean  # without the backoff


def saga(count: int, fails: float, undo: float = 1.0, attempts: int = 1, parallel: bool = False) -> model.Orchestration:
    step = model.Step(
        service="s",
        after=() if parallel else None,
        retry=model.Retry(attempts=attempts),
        compensation=model.Compensation(time=constant(undo)),
    )
    return flow(
        {f"s{index}": step for index in range(count)}, s=model.Service(time=constant(1), fails={"error": fails})
    )


def test_saga() -> None:
    result = simulate(saga(5, 0.05), 25_000, seed=2, confidence=SURE)
    assert 0.7737809375 in result.success
    assert 4.95363875 in result.mean
    assert 0.4292575 in result.undos
    assert 0.5 not in result.undos


def test_longer_saga() -> None:
    result = simulate(saga(10, 0.1), 8_000, seed=2, confidence=SURE)
    assert 0.3486784401 in result.success
    assert 8.8883252371 in result.mean


def test_saga_with_retries() -> None:
    result = simulate(saga(5, 0.1, undo=0.5, attempts=3), 10_000, seed=2, confidence=SURE)
    assert 0.99500999 in result.success
    assert 5.5438961119 in result.mean


def test_parallel_saga() -> None:
    result = simulate(saga(5, 0.05, parallel=True), 15_000, seed=2, confidence=SURE)
    assert 2 - 0.95**5 in result.mean
    assert 0.8810953125 in result.undos
    in_a_row = model.CompensationPolicy(order="lifo")
    design = saga(5, 0.05, parallel=True)
    later = model.Orchestration(
        name="saga", services=design.services, flow=design.flow, policies=model.Policies(compensation=in_a_row)
    )
    assert 1.8810953125 in simulate(later, 10_000, seed=2, confidence=SURE).mean


def test_the_coordinator_costs_time_at_each_call() -> None:
    design = model.Orchestration(
        name="overhead",
        coordinators={"boss": model.Coordinator(overhead=constant(0.25))},
        flow=model.Flow(steps={name: model.Step(time=constant(1)) for name in "abc"}),
    )
    assert simulate(design, 2).mean.value == 3.75
    assert simulate(design, 2, back_end="events").mean.value == 3.75


def test_a_timeout_ends_what_takes_too_long() -> None:
    step = model.Step(service="s", timeout=1.0)
    result = simulate(flow({"a": step}, s=model.Service(time=exponential(1))), 20_000, confidence=SURE)
    assert 1 - math.exp(-1) in result.success
    assert 1 - math.exp(-1) in result.mean  # E[min(T, 1)]
    assert np.nanmax(result.makespans) == 1


def test_waiting_for_a_slot_of_the_coordinator() -> None:
    """One slot makes two services in parallel a single server."""
    design = model.Orchestration(
        name="slots",
        coordinators={"boss": model.Coordinator(concurrency=1)},
        flow=model.Flow(steps={name: model.Step(time=constant(1), after=()) for name in "abc"}),
    )
    result = simulate(design, 2)
    assert (result.back_end, result.mean.value) == ("events", 3)


@pytest.mark.parametrize(
    ("free", "declared"),
    [
        ("free", model.Variable(type="bool", initial=True, shared=True)),
        ("it.free", model.Variable(type="{free: bool}", initial="{free: true}", shared=True)),
        ("it[1]", model.Variable(type="map from 0..1 to bool", initial=True, shared=True)),
    ],
)
def test_jobs_share_variables(free: str, declared: model.Variable) -> None:
    """The first job takes what is free at 2 and gives it back at 5; the second finds it taken at 4 and waits for it."""
    design = model.Orchestration(
        name="lock",
        variables={re.split(r"[.\[]", free)[0]: declared},
        flow=model.Flow(
            steps={
                "take": model.Step(await_=free, effect={free: False}),
                "work": model.Step(time=constant(3)),
                "give": model.Step(effect={free: True}),
            }
        ),
        arrivals=model.Arrivals(interval=constant(2)),
    )
    assert simulate(design, 3).makespans.tolist() == [3.0, 4.0, 5.0]
