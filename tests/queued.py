"""Designs whose jobs arrive and wait for each other, and what must be the same of them in all back ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.simulate.back_ends import BACK_ENDS
from modelcheck.simulate.jobs import Runs, joined
from modelcheck.simulate.possible import simulable
from modelcheck.simulate.setting import Setting, setting_of

COMPARED = ("makespans", "endings", "undos", "calls", "publishes", "deliveries")


def exponential(mean: float) -> model.Delay:
    return model.Delay(distribution="exponential", parameters={"mean": mean})


def constant(value: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": value})


def lognormal(sigma: float) -> model.Delay:
    return model.Delay(distribution="lognormal", parameters={"mean": 1.0, "sigma": sigma})


def arriving(interval: model.Delay) -> model.Arrivals:
    return model.Arrivals(interval=interval)


def setting(design: model.Model, seed: int = 7) -> Setting:
    return setting_of(simulable(design), seed)


def obstacle(name: str, design: model.Model) -> str:
    """Why a back end does not apply."""
    (chosen,) = (each for each in BACK_ENDS if each.name == name)
    return chosen.obstacle(setting(design))


def runs_by(name: str, design: model.Model, jobs: int, seed: int = 7) -> Runs:
    """The runs of the first jobs, by a back end."""
    (chosen,) = (each for each in BACK_ENDS if each.name == name)
    prepared = setting(design, seed)
    assert chosen.obstacle(prepared) == ""
    return joined(chosen.blocks(prepared, range(jobs)))


def assert_same(one: Runs, other: Runs) -> None:
    """Job by job to the last bit; sums up to the order in which they were added up."""
    assert [one.labels[each] for each in one.endings] == [other.labels[each] for each in other.endings]
    for column in COMPARED:
        if column != "endings":
            first, second = getattr(one, column), getattr(other, column)
            assert np.array_equal(first, second, equal_nan=True), (column, np.flatnonzero(first != second)[:5])
    assert dict(one.starts) == dict(other.starts)
    assert one.busy == pytest.approx(other.busy, rel=1e-9, abs=1e-9)
    if one.waited and other.waited:
        assert one.waited == pytest.approx(other.waited, rel=1e-9, abs=1e-6)


TIMES = (exponential(1), exponential(0.4), constant(1), constant(0.5), constant(0.25))
PAUSES = (None, None, exponential(0.1), constant(0.5))
INTERVALS = (exponential(1), exponential(0.7), constant(1), constant(0.5))


@st.composite
def networks(draw: st.DrawFn) -> model.Orchestration:
    """Steps in an acyclic order, each at a service of its own or without workers, where nothing fails. Times are often
    constant, so that many jobs are ready at the same time."""
    count = draw(st.integers(1, 5))
    services, steps = {}, {}
    for index in range(count):
        earlier = st.sets(st.sampled_from([f"s{i}" for i in range(index)]), max_size=2) if index else st.just(set())
        workers = draw(st.sampled_from((None, 1, 1, 2, 3)))
        services[f"p{index}"] = model.Service(time=draw(st.sampled_from(TIMES)), workers=workers)
        steps[f"s{index}"] = model.Step(service=f"p{index}", after=tuple(sorted(draw(earlier))))
    return model.Orchestration(
        name="network",
        services=services,
        coordinators={"boss": model.Coordinator(overhead=draw(st.sampled_from(PAUSES)))},
        flow=model.Flow(steps=steps),
        arrivals=arriving(draw(st.sampled_from(INTERVALS))),
    )


@st.composite
def sagas(draw: st.DrawFn) -> model.Orchestration:
    """Steps in a row at few services: they fail, are tried again, jump, are undone through the same queues."""
    count = draw(st.integers(1, 4))
    services = {
        f"p{index}": model.Service(
            time=draw(st.sampled_from(TIMES)),
            workers=draw(st.sampled_from((None, 1, 2, 3))),
            fails=draw(st.sampled_from(({}, {"error": 0.3}, {"error": 0.2, "timeout": 0.2}))),
        )
        for index in range(draw(st.integers(1, 3)))
    }
    steps = {}
    for index in range(count):
        retry = model.Retry(
            attempts=draw(st.sampled_from((1, 2, 3))), backoff=draw(st.sampled_from((0.0, 0.5))), factor=2.0
        )
        undo = model.Compensation(fails=draw(st.sampled_from((0.0, 0.2))))
        jump = model.Transition(to="end", on=("ok",), when=None) if draw(st.integers(0, 5)) == 0 else None
        steps[f"s{index}"] = model.Step(
            service=draw(st.sampled_from(sorted(services))),
            retry=draw(st.sampled_from((None, retry))),
            timeout=draw(st.sampled_from((None, None, 1.5))),
            compensation=draw(st.sampled_from((None, undo))),
            transitions=(jump,) if jump is not None else (),
        )
    return model.Orchestration(
        name="saga",
        services=services,
        coordinators={"boss": model.Coordinator(overhead=draw(st.sampled_from(PAUSES)))},
        flow=model.Flow(steps=steps),
        policies=model.Policies(
            compensation=model.CompensationPolicy(on_undo_failure=draw(st.sampled_from(("stop", "continue", "retry"))))
        ),
        arrivals=arriving(draw(st.sampled_from(INTERVALS))),
    )


def row(rate: float, services: Sequence[model.Service], parallel: bool = False) -> model.Orchestration:
    """One step at each service, in a row or at once."""
    return model.Orchestration(
        name="row",
        services={f"p{index}": service for index, service in enumerate(services)},
        flow=model.Flow(
            steps={
                f"s{index}": model.Step(service=f"p{index}", after=() if parallel else None)
                for index in range(len(services))
            }
        ),
        arrivals=arriving(exponential(1 / rate)),
    )
