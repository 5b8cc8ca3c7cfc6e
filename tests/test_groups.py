"""Jobs that move in groups on arrays: each is, to the last bit, the job of the event loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from generated import choreographies, orchestrations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_flows import random_design, random_flow

from modelcheck import model
from modelcheck.errors import ModelError
from modelcheck.expand import expand
from modelcheck.simulate import events, groups
from modelcheck.simulate.groups import block
from modelcheck.simulate.jobs import Runs, joined
from modelcheck.simulate.possible import simulable
from modelcheck.simulate.setting import Setting, setting_of

SLOW = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
SAID = {"E408", "E409", "E410"}
NOTHING = "nothing to compare"


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that never end are given up early; no group is too small."""
    monkeypatch.setattr(events, "MOST_STARTS", 60)
    monkeypatch.setattr(events, "MOST_AT_ONCE", 100)
    monkeypatch.setattr(block, "FEW", 0)


def exponential(mean: float) -> model.Delay:
    return model.Delay(distribution="exponential", parameters={"mean": mean})


def constant(value: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": value})


def same(some: Runs, other: Runs) -> None:
    """Each job took as long to the last bit, ended in the same way and caused as much."""
    for column in ("makespans", "undos", "calls", "publishes", "deliveries", "lost", "dead_letters"):
        assert getattr(some, column).tolist() == pytest.approx(getattr(other, column).tolist(), abs=0, nan_ok=True)
    assert [some.labels[code] for code in some.endings] == [other.labels[code] for code in other.endings]
    assert some.starts == other.starts
    assert some.events == other.events


def both_ways(design: model.Model, jobs: int = 40, seed: int = 1) -> str:
    """Compares groups and event loop; what they had to say instead."""
    try:
        setting = setting_of(simulable(expand(design)), seed)
    except ModelError:
        return NOTHING  # Not every drawn design has a meaning, or a duration.
    try:
        said = groups.obstacle(setting)
        if said:
            return said
        by_events = setting.loop().run(range(jobs))
    except ModelError as error:
        codes = {problem.code for problem in error.problems}
        assert codes <= SAID, codes
        if codes == {"E410"}:
            with pytest.raises(ModelError, match="does not end"):
                list(groups.blocks(setting, range(jobs)))
        return NOTHING
    same(joined(groups.blocks(setting, range(jobs))), by_events)
    return ""


DELAYS = st.sampled_from(
    (exponential(1), constant(1), constant(0.5), constant(0), model.Delay(distribution="uniform", parameters={"low": 0, "high": 1}))
)
OVERHEADS = st.sampled_from((None, None, exponential(0.1), constant(0.25)))
ARRIVALS = st.sampled_from((None, None, model.Arrivals(interval=exponential(0.7))))


def timed(draw: st.DrawFn, design: model.Orchestration) -> model.Orchestration:
    """The same flow with times, and with a probability for each outcome that it declares."""
    services: dict[str, model.Service] = {}
    fails, workers = draw(st.sampled_from((0.1, 0.4))), draw(st.sampled_from((None, None, None, 1, 2)))

    def of(flow: model.Flow) -> model.Flow:
        return replace(flow, engine=None, steps={name: step if step.flow else busy(step) for name, step in flow.steps.items()})

    def busy(step: model.Step) -> model.Step:
        shares = {outcome: fails for outcome in step.outcomes if outcome != "ok"}
        place = f"service{len(services)}"
        services[place] = model.Service(time=draw(DELAYS), workers=workers, fails=shares)
        timeout = draw(st.sampled_from((None, None, None, 0.5, 1.0)))
        retry = step.retry and replace(step.retry, backoff=draw(st.sampled_from((0.0, 0.0, 0.5))))
        return replace(step, service=place, timeout=timeout, retry=retry)

    flow, flows = of(design.flow), {name: of(each) for name, each in design.flows.items()}
    coordinators = {"boss": model.Coordinator(overhead=draw(OVERHEADS))}
    policies = replace(design.policies, timeout=model.TimeoutPolicy())
    return replace(
        design, services=services, flow=flow, flows=flows, coordinators=coordinators, policies=policies,
        arrivals=draw(ARRIVALS), engines={}, instances=1,
    )  # fmt: skip


@st.composite
def timed_flows(draw: st.DrawFn) -> model.Orchestration:
    """Generated flows of all kinds, and random ones with calls, families and several flows."""
    number = st.integers(0, 100_000)
    return timed(draw, draw(st.one_of(orchestrations(), number.map(random_flow), number.map(random_design))))


@SLOW
@given(timed_flows(), st.integers(1, 100))
def test_flows(design: model.Orchestration, seed: int) -> None:
    both_ways(design, seed=seed)


@st.composite
def timed_choreographies(draw: st.DrawFn) -> model.Choreography:
    """Generated choreographies, where handlers, publishing and delivering take time, and handlers may fail."""
    design = draw(choreographies())
    fails, workers = draw(st.sampled_from(({}, {"error": 0.3}))), draw(st.sampled_from((None, None, 1)))

    def busy(handler: model.Handler) -> model.Handler:
        on_failure = draw(st.sampled_from(("drop", "retry", "dead letter")))
        outcomes: dict[str, model.Effect] = {outcome: {} for outcome in fails}
        return replace(handler, time=draw(DELAYS), fails=fails, outcomes=outcomes, on_failure=on_failure)

    participants = {
        name: replace(each, workers=workers, handlers={key: busy(handler) for key, handler in each.handlers.items()})
        for name, each in design.participants.items()
    }
    channels = {
        name: replace(channel, publish=draw(OVERHEADS), deliver=draw(OVERHEADS))
        for name, channel in design.channels.items()
    }
    return replace(design, participants=participants, channels=channels, arrivals=draw(ARRIVALS))


@SLOW
@given(timed_choreographies(), st.integers(1, 100))
def test_choreographies(design: model.Choreography, seed: int) -> None:
    both_ways(design, seed=seed)
