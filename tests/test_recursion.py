"""Queues by recursion: to the last bit what the event loop says, job by job, in blocks and side by side."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from queued import arriving, assert_same, constant, exponential, lognormal, networks, obstacle, row, runs_by, setting

from modelcheck import model
from modelcheck.simulate import arrival_blocks, recursion, simulate
from modelcheck.simulate.recursion import workers
from modelcheck.simulate.recursion.workers import Workers

SLOW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
SURE = 0.999


@pytest.fixture(autouse=True)
def _short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that few jobs are served side by side, and in many stretches."""
    monkeypatch.setattr(workers, "FEW", 100)
    monkeypatch.setattr(workers, "STRETCH", 32)
    monkeypatch.setattr(workers, "COMPARE", 8)


@SLOW
@given(
    st.integers(1, 20), st.sampled_from((0.3, 0.8, 0.97, 1.2)), st.integers(0, 1000), st.sampled_from((0, 2)),
    st.lists(st.integers(0, 900), min_size=1, max_size=3),
)  # fmt: skip
def test_customers_side_by_side_are_customers_one_by_one(
    count: int, load: float, seed: int, digits: int, sizes: list[int]
) -> None:
    """Few digits: many are ready at the same time, and many end so."""
    dice = np.random.default_rng(seed)
    together, apart = Workers(count), Workers(count)
    now = 0.0
    for size in sizes:
        ready = now + np.cumsum(dice.exponential(1 / (load * count), size))
        delay = dice.exponential(1, size)
        if digits:
            ready, delay = np.round(ready, digits), np.round(delay, digits)
        now = float(ready[-1]) if size else now
        assert together.serve(ready, delay).tolist() == apart._one_by_one(ready, delay).tolist()
        assert np.maximum(together.free, now).tolist() == np.maximum(apart.free, now).tolist()


@SLOW
@given(networks(), st.sampled_from((16, 50, 65_536)))
def test_networks_are_as_the_event_loop_has_them(design: model.Orchestration, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrival_blocks, "BLOCK", block)
        assert_same(runs_by("queues", design, 160), runs_by("events", design, 160))


def reacting(shape: str, workers: int | None, time: model.Delay, channel: model.Channel) -> model.Choreography:
    """Four handlers: all on one event, or all on the first one's, or each on the one before."""
    names = [f"t{index}" for index in range(4)]
    participants, routes = {}, {}
    for index, name in enumerate(names):
        on = "go" if index == 0 or shape == "at once" else names[0] if shape == "fan-out" else names[index - 1]
        handler = model.Handler(on=on, time=time, publishes=(model.Publication(event=name),))
        participants[name] = model.Participant(subscribes=(on,), handlers={"react": handler}, workers=workers)
        routes[on] = (*routes.get(on, ()), name)
    return model.Choreography(
        name="reacting",
        events={event: model.Event(terminal=True) for event in ("go", *names)},
        channels={"bus": channel},
        routes=routes,
        participants=participants,
        starts=(model.Publication(event="go"),),
        arrivals=arriving(exponential(1.2)),
    )


BUSES = (
    model.Channel(),
    model.Channel(publish=constant(0.3), deliver=constant(0.2)),
    model.Channel(publish=exponential(0.3), deliver=constant(0.2), order="unordered"),
)


@pytest.mark.parametrize("shape", ["at once", "fan-out", "chain"])
@pytest.mark.parametrize("channel", BUSES)
@pytest.mark.parametrize(("workers", "time"), [(1, exponential(1)), (2, constant(1)), (None, exponential(2))])
def test_reactions_that_queue(
    shape: str, workers: int | None, time: model.Delay, channel: model.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival_blocks, "BLOCK", 64)
    design = reacting(shape, workers, time, channel)
    assert_same(runs_by("queues", design, 200), runs_by("events", design, 200))


def test_what_waits_and_how_many_at_once() -> None:
    design = row(2.8, [model.Service(time=exponential(1), workers=4)] * 3)
    queues, events = (runs_by(name, design, 3_000) for name in ("queues", "events"))
    assert_same(queues, events)
    assert queues.longest == events.longest
    assert queues.horizon == events.horizon
    assert queues.waited.keys() == {"p0", "p1", "p2"}
    total = float(queues.makespans.sum()) - sum(queues.busy.values())
    assert sum(queues.waited.values()) == pytest.approx(total)


def test_who_is_first_where_times_do_not_say_is_left_to_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two branches of different jobs end at the same time, and began at the same time, before a step of both."""
    monkeypatch.setattr(arrival_blocks, "BLOCK", 20)
    services = {name: model.Service(time=constant(1), workers=1) for name in "abc"}
    steps = {"a": model.Step(service="a", after=()), "b": model.Step(service="b", after=("x",)), "x": model.Step()}
    steps |= {"c": model.Step(service="c", after=("a", "b"))}
    design = model.Orchestration(
        name="ties",
        services=services,
        flow=model.Flow(steps={**steps, "x": model.Step(after=(), time=exponential(1))}),
        arrivals=arriving(constant(1)),
    )
    assert_same(runs_by("queues", design, 100), runs_by("events", design, 100))
    seen: list[int] = []
    loop = recursion.islice
    monkeypatch.setattr(recursion, "islice", lambda runs, given, end: seen.append(given) or loop(runs, given, end))

    def tied(*_: object) -> None:
        raise recursion.Tie

    plain = row(0.8, [model.Service(time=exponential(1), workers=1)] * 2)
    expected = runs_by("events", plain, 100)
    stages = recursion.Stage.serve
    monkeypatch.setattr(
        recursion.Stage, "serve", lambda stage, window, until: tied() if until > 80 else stages(stage, window, until)
    )
    assert runs_by("queues", plain, 100).makespans.tolist() == expected.makespans.tolist()
    assert seen
    assert seen[0] > 0


erlang = model.Delay(distribution="erlang", parameters={"shape": 2, "mean": 1.0})
EXACT = {
    "M/M/1": (row(0.8, [model.Service(time=exponential(1), workers=1)]), 5.0),
    "M/M/4, 80 %": (row(3.2, [model.Service(time=exponential(1), workers=4)]), 1.7455405897),
    "M/M/4, 70 %": (row(2.8, [model.Service(time=exponential(1), workers=4)]), 1.3572119319),
    "M/M/10": (row(8, [model.Service(time=exponential(1), workers=10)]), 1.2045900754),
    "M/D/1": (row(0.8, [model.Service(time=constant(1), workers=1)]), 3.0),
    "M/G/1, Erlang": (
        row(0.8, [model.Service(time=erlang, workers=1)]), 4.0,
    ),
    "M/G/1, lognormal": (row(0.8, [model.Service(time=lognormal(0.5), workers=1)]), 3.568051),
    "M/G/1, wide lognormal": (row(0.8, [model.Service(time=lognormal(1), workers=1)]), 6.436564),
    "D/M/1": (
        replace(row(1, [model.Service(time=exponential(1), workers=1)]), arrivals=arriving(constant(1.25))), 2.69273084,
    ),
    "tandem": (
        row(0.7, [model.Service(time=exponential(1 / rate), workers=1) for rate in (1, 1.2, 0.9)]), 10.3333333,
    ),
    "ten in tandem": (row(2.8, [model.Service(time=exponential(1), workers=4)] * 10), 13.5721193),
    "fork-join of 2, 50 %": (row(0.5, [model.Service(time=exponential(1), workers=1)] * 2, parallel=True), 2.875),
    "fork-join of 2, 70 %": (row(0.7, [model.Service(time=exponential(1), workers=1)] * 2, parallel=True), 4.708333),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_exact_values(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # Long stretches, as they are.
    design, exact = EXACT[name]
    result = simulate(design, 300_000, seed=4, back_end="queues", confidence=SURE)
    assert exact in result.mean
    assert result.mean.high - result.mean.low < 0.25 * exact
    assert 1.2 * exact not in result.mean


def test_fork_and_join_of_ten_is_near_the_approximation_of_nelson_and_tantawi() -> None:
    """It is 1 to 3 % low (8.051975)."""
    design = row(0.7, [model.Service(time=exponential(1), workers=1)] * 10, parallel=True)
    mean = simulate(design, 150_000, seed=4, back_end="queues", confidence=SURE).mean
    assert mean.high > 8.051975
    assert mean.low < 1.04 * 8.051975


def test_memory_does_not_grow_with_the_number_of_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(arrival_blocks, "BLOCK", 4_096)
    prepared = setting(row(2.8, [model.Service(time=exponential(1), workers=4)] * 3))
    peaks = []
    for jobs in (20_000, 200_000):
        tracemalloc.start()
        count = sum(len(block) for block in recursion.blocks(prepared, range(jobs)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == jobs
    assert peaks[1] < 1.5 * peaks[0]


def test_what_recursions_cannot_do_they_say() -> None:
    single = model.Service(time=exponential(1), workers=1)
    base = row(0.5, [single, single])
    twice = replace(base, flow=model.Flow(steps={name: model.Step(service="p0") for name in "ab"}))
    retried = replace(base, services={**base.services, "p0": replace(single, fails={"error": 0.1})})
    retried = replace(retried, policies=model.Policies(retry=model.Retry(attempts=2)))
    held = replace(base, coordinators={"boss": model.Coordinator(concurrency=3)})
    cases = {
        "each job runs alone": replace(base, arrivals=None),
        "jobs come back to p0": retried,
        "workers of boss and p0": held,
        "users wait": replace(base, arrivals=model.Arrivals(users=3)),
    }
    for reason, design in cases.items():
        assert reason in obstacle("queues", design)
    assert "come back to p0" in obstacle("queues", twice)
    assert obstacle("queues", base) == ""
