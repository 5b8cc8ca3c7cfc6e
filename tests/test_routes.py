"""Known orders of work: to the last bit what the event loop says, also where jobs come back to the same queues."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from queued import arriving, assert_same, constant, exponential, obstacle, row, runs_by, sagas, setting

from modelcheck import model
from modelcheck.errors import ModelError
from modelcheck.simulate import arrival_blocks, events, routes, simulate

SLOW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
SURE = 0.999


@SLOW
@given(sagas(), st.sampled_from((16, 50, 65_536)))
def test_sagas_are_as_the_event_loop_has_them(design: model.Orchestration, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrival_blocks, "BLOCK", block)
        expected = runs_by("events", design, 160)
        assert_same(runs_by("routes", design, 160), expected)
        if not obstacle("queues", design):
            assert_same(runs_by("queues", design, 160), expected)


def feedback(fails: float, rate: float, workers: int = 1) -> model.Orchestration:
    """One service; what fails is tried again, at the end of the queue."""
    return model.Orchestration(
        name="feedback",
        services={"s": model.Service(time=exponential(1), workers=workers, fails={"error": fails})},
        flow=model.Flow(steps={"a": model.Step(service="s", retry=model.Retry(attempts=None))}),
        arrivals=arriving(exponential(1 / rate)),
    )


def saga(workers: int = 2, time: model.Delay | None = None) -> model.Orchestration:
    """Five steps that may fail; what was done is undone at the same services."""
    service = model.Service(time=time or exponential(1), workers=workers, fails={"error": 0.1})
    names = [f"s{index}" for index in range(5)]
    return model.Orchestration(
        name="saga",
        services={f"p{name}": service for name in names},
        flow=model.Flow(
            steps={name: model.Step(service=f"p{name}", compensation=model.Compensation()) for name in names}
        ),
        arrivals=arriving(exponential(1 / (0.6 * workers))),
    )


@pytest.mark.parametrize("design", [feedback(0.2, 0.6), saga(), saga(4)])
def test_what_is_measured(design: model.Orchestration) -> None:
    known, events_ = (runs_by(name, design, 3_000) for name in ("routes", "events"))
    assert_same(known, events_)
    assert known.horizon == events_.horizon
    for pool, longest in known.longest.items():  # A job that asks again may stand in line for no time.
        assert events_.longest[pool] - longest in (0, 1)


def test_ties_are_decided_as_the_event_loop_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything takes 1, and jobs come in step: in each moment much ends at the same time."""
    monkeypatch.setattr(arrival_blocks, "BLOCK", 100)
    design = replace(saga(time=constant(1)), arrivals=arriving(constant(1)))
    used: list[int] = []
    run = routes.InOrder.run
    monkeypatch.setattr(routes.InOrder, "run", lambda self, *rest: used.append(len(rest[0])) or run(self, *rest))
    assert_same(runs_by("routes", design, 500), runs_by("events", design, 500))
    assert used == [100] * 5


CHOICE = model.Orchestration(
    name="choice",
    variables={"n": model.Variable(type="0..3", initial="0..1"), "big": model.Variable(type="bool", initial=False)},
    services={"s": model.Service(time=exponential(1), workers=2), "t": model.Service(time=exponential(1), workers=1)},
    flow=model.Flow(
        steps={
            "a": model.Step(
                service="s",
                effect={"n": "min(n + 1, 3)"},
                transitions=(model.Transition(to="a", when="n < 3"), model.Transition(to="b", when=None)),
            ),
            "b": model.Step(
                service="t",
                choice="free",
                transitions=(model.Transition(to="c", when=None), model.Transition(to="d", when=None)),
            ),
            "c": model.Step(service="s", transitions=(model.Transition(to="end", when=None),)),
            "d": model.Step(time=exponential(0.5)),
        }
    ),
    arrivals=arriving(exponential(2.5)),
)


def test_loops_and_free_choices_and_several_beginnings() -> None:
    runs = runs_by("routes", CHOICE, 500)
    assert_same(runs, runs_by("events", CHOICE, 500))
    assert set(runs.calls.tolist()) == {4.0, 5.0}
    assert runs.starts["step", "c"] + runs.starts["step", "d"] == 500


def test_exact_value_of_a_queue_with_feedback() -> None:
    result = simulate(feedback(0.2, 0.6), 300_000, seed=4, back_end="routes", confidence=SURE)
    assert 5.0 in result.mean
    assert result.mean.high - result.mean.low < 1.2
    assert 6.0 not in result.mean


def test_retries_with_backoff_where_nobody_waits() -> None:
    """p = .2, 5 attempts, backoff .1 * 2**i: E[T] = 1.28208."""
    step = model.Step(service="s", retry=model.Retry(attempts=5, backoff=0.1, factor=2))
    design = model.Orchestration(
        name="retry",
        services={"s": model.Service(time=constant(1), workers=50, fails={"error": 0.2})},
        flow=model.Flow(steps={"a": step}),
        arrivals=arriving(exponential(1)),
    )
    result = simulate(design, 200_000, seed=3, back_end="routes", confidence=SURE)
    assert 1.28208 in result.mean
    assert result.mean.high - result.mean.low < 0.03


def test_endless_jobs_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_STARTS", 50)
    with pytest.raises(ModelError, match="again and again, 50 times"):
        runs_by("routes", feedback(1.0, 0.6), 10)


def test_blocks_come_in_order_and_before_the_last_job_has_arrived() -> None:
    prepared = setting(saga())
    lengths = []
    for runs in routes.blocks(prepared, range(200_000)):
        lengths.append((runs.first, len(runs)))
        if len(lengths) == 2:
            break
    assert lengths == [(0, arrival_blocks.BLOCK), (arrival_blocks.BLOCK, arrival_blocks.BLOCK)]


def test_what_is_not_known_beforehand_is_said() -> None:
    fork = row(0.5, [model.Service(time=exponential(1), workers=1)] * 2, parallel=True)
    cases = {
        "each job runs alone": replace(fork, arrivals=None),
        "s0 and s1 may happen at the same time": fork,
        "share variables": replace(
            CHOICE, variables={**CHOICE.variables, "n": replace(CHOICE.variables["n"], shared=True)}
        ),
        "workers of boss and ps0": replace(saga(), coordinators={"boss": model.Coordinator(concurrency=30)}),
    }
    for reason, design in cases.items():
        assert reason in obstacle("routes", design)
        assert reason in simulate(design, 20).reason or design.arrivals is None or design is fork
    assert np.isfinite(simulate(saga(), 20).makespans).all()
