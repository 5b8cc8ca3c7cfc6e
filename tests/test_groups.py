"""Jobs that move in groups on arrays: each is, to the last bit, the job of the event loop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
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
from modelcheck.simulate.back_ends import choose
from modelcheck.simulate.groups import block
from modelcheck.simulate.jobs import Runs, joined
from modelcheck.simulate.possible import simulable
from modelcheck.simulate.ranges import runs_of
from modelcheck.simulate.setting import setting_of

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
    (
        exponential(1),
        constant(1),
        constant(0.5),
        constant(0),
        model.Delay(distribution="uniform", parameters={"low": 0, "high": 1}),
    )
)
OVERHEADS = st.sampled_from((None, None, exponential(0.1), constant(0.25)))
ARRIVALS = st.sampled_from((None, None, model.Arrivals(interval=exponential(0.7))))


def timed(draw: st.DrawFn, design: model.Orchestration) -> model.Orchestration:
    """The same flow with times, and with a probability for each outcome that it declares."""
    services: dict[str, model.Service] = {}
    fails, workers = draw(st.sampled_from((0.1, 0.4))), draw(st.sampled_from((None, None, None, 1, 2)))

    def of(flow: model.Flow) -> model.Flow:
        return replace(
            flow, engine=None, steps={name: step if step.flow else busy(step) for name, step in flow.steps.items()}
        )

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


def saga(count: int, fails: float, attempts: int = 1, undo: float = 1.0, parallel: bool = False) -> model.Orchestration:
    """Steps that take 1 and may fail, and are undone if a later one fails."""
    work = model.Service(time=constant(1), fails={"error": fails})
    step = model.Step(
        service="work",
        after=() if parallel else None,
        outcomes={"ok": {}, "error": {}},
        retry=model.Retry(attempts=attempts),
        compensation=model.Compensation(time=constant(undo)),
    )
    order = "parallel" if parallel else "reverse"
    policy = model.CompensationPolicy(failing_step={"error": "never"}, order=order, siblings="finish")
    return model.Orchestration(
        name="saga",
        services={"work": work},
        flow=model.Flow(steps={f"s{number}": replace(step, task=f"s{number}") for number in range(count)}),
        policies=model.Policies(compensation=policy),
    )


def retried(fails: float, attempts: int, backoff: float = 0.0) -> model.Orchestration:
    """One step of mean 1, tried again after a pause that doubles."""
    retry = model.Retry(attempts=attempts, backoff=backoff, factor=2.0)
    service = model.Service(time=exponential(1), fails={"error": fails})
    step = model.Step(service="s", retry=retry, outcomes={"ok": {}, "error": {}})
    return model.Orchestration(name="retried", services={"s": service}, flow=model.Flow(steps={"s": step}))


def moved(design: model.Model, jobs: int = 40_000) -> Runs:
    """These jobs, moved in groups even where simpler arithmetic would do."""
    setting = setting_of(simulable(design), 1)
    assert groups.obstacle(setting) == ""
    return joined(groups.blocks(setting, range(jobs)))


def near(values: Any, exact: float) -> None:
    """The exact value lies in the 99.9% interval of a mean."""
    half = 3.2905 * np.std(values, ddof=1) / np.sqrt(len(values))
    assert abs(np.mean(values) - exact) <= half
    assert half < 0.05 * exact


def completed(runs: Runs) -> Any:
    return runs.endings == runs.labels.index("completed")


@pytest.mark.parametrize(
    ("design", "success", "mean", "undos"),
    [
        (saga(5, 0.05), 0.7737809375, 4.95363875, 0.4292575),
        (saga(10, 0.1), 0.3486784401, 8.8883252371, None),
        (saga(5, 0.1, attempts=3, undo=0.5), 0.99500999, 5.5438961119, None),
        (saga(5, 0.05, parallel=True), 0.7737809375, 1.2262190625, 0.8810953125),
    ],
)
def test_sagas_are_as_the_formulas_say(
    design: model.Orchestration, success: float, mean: float, undos: float | None
) -> None:
    runs = moved(design)
    near(completed(runs), success)
    near(runs.makespans, mean)
    if undos is not None:
        near(runs.undos, undos)


def test_retries_are_as_the_formulas_say() -> None:
    runs = moved(retried(0.1, 3), jobs=200_000)
    near(completed(runs), 0.999)
    near(runs.calls, 1.11)
    near(moved(retried(0.2, 5, backoff=0.1)).makespans, 1.28208)


@pytest.mark.parametrize(
    ("times", "exact"),
    [
        ([exponential(1)] * 10, 7381 / 2520),
        ([exponential(1), exponential(1 / 2), exponential(1 / 3)], 73 / 60),
        ([model.Delay(distribution="lognormal", parameters={"mean": 1, "sigma": 0.25})] * 10, 1.439680),
        ([model.Delay(distribution="lognormal", parameters={"mean": 1, "sigma": 0.5})] * 10, 1.992225),
        ([model.Delay(distribution="lognormal", parameters={"mean": 1, "sigma": 1.0})] * 10, 3.409358),
    ],
)
def test_maxima_are_as_the_formulas_say(times: list[model.Delay], exact: float) -> None:
    steps = {f"s{number}": model.Step(time=time, after=()) for number, time in enumerate(times)}
    near(moved(model.Orchestration(name="most", flow=model.Flow(steps=steps)), jobs=20_000).makespans, exact)


def test_blocks_and_ranges_are_parts_of_one_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    design = replace(saga(5, 0.3), arrivals=model.Arrivals(interval=exponential(0.1)))
    setting = setting_of(simulable(design), 7)
    whole = joined(groups.blocks(setting, range(1000)))
    monkeypatch.setattr(groups, "SIZE", 150)
    same(joined(groups.blocks(setting, range(1000))), whole)
    assert joined(groups.blocks(setting, range(300, 500))).makespans.tolist() == whole.makespans[300:500].tolist()


def test_tiny_groups_are_left_to_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """At every moment of a run: as soon as there are fewer than so many in a place."""
    for few in (0, 1, 5, 20, 100):
        monkeypatch.setattr(block, "FEW", few)
        assert both_ways(saga(5, 0.2, attempts=2, undo=0.5), jobs=100) == ""
        assert both_ways(saga(4, 0.3, attempts=2, parallel=True), jobs=100) == ""


@pytest.mark.parametrize("again", [model.Retry(attempts=None), None])
def test_what_never_ends_is_found_soon(monkeypatch: pytest.MonkeyPatch, again: model.Retry | None) -> None:
    """One job of a group is looked at by itself, before all have gone on for long."""
    monkeypatch.undo()
    jump = () if again else (model.Transition(to="a"),)
    service = model.Service(time=exponential(1), fails={"error": 1.0} if again else {})
    steps = {
        "a": model.Step(service="s", retry=again, outcomes={"ok": {}, "error": {}}),
        "b": model.Step(transitions=jump),
    }
    design = model.Orchestration(name="o", services={"s": service}, flow=model.Flow(steps=steps))
    setting = setting_of(simulable(design), 1)
    moved_on = 0
    finish = block.Block._finish

    def counted(self: block.Block, *what: Any) -> None:
        nonlocal moved_on
        moved_on += 1
        finish(self, *what)

    monkeypatch.setattr(block.Block, "_finish", counted)
    with pytest.raises(ModelError, match="does not end"):
        list(groups.blocks(setting, range(1000)))
    assert moved_on < 200


def test_a_step_that_a_jump_begins_twice_ends_twice() -> None:
    service = model.Service(time=exponential(1), fails={"error": 0.4})
    step = model.Step(service="s", outcomes={"ok": {}, "error": {}}, retry=model.Retry(attempts=3))
    jump = (model.Transition(to="b"),)
    steps = {
        "a": model.Step(time=constant(1), after=()),
        "b": replace(step, after=("a",)),
        "c": model.Step(time=exponential(1.2), after=(), transitions=jump),
        "d": replace(step, after=("a",)),
    }
    design = model.Orchestration(name="twice", services={"s": service}, flow=model.Flow(steps=steps))
    for seed in range(10):
        assert both_ways(design, seed=seed) == ""


def test_ranges_run_by_others_are_moved_in_groups_too() -> None:
    """Of the back ends of one name, it is the chosen one that runs there."""
    setting = setting_of(simulable(saga(5, 0.3)), 1)
    chosen, _ = choose(setting, "max-plus")
    with ThreadPoolExecutor(1) as hands:
        apart = joined(runs_of(setting, chosen, [range(50), range(50, 80)], hands))
    same(apart, moved(saga(5, 0.3), jobs=80))
    assert set(apart.labels) == {"completed", "aborted", "stuck"}
