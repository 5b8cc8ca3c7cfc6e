"""Runs in which jobs share queues, crashes and engines are paths of the checked system, too."""

from __future__ import annotations

from dataclasses import replace

import pytest
from generated import choreographies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_simulate_paths import exponential, recorded, timed_reactions

from modelcheck import model
from modelcheck.choreography import compile_choreography
from modelcheck.orchestration import compile_orchestration
from modelcheck.simulate import events
from modelcheck.simulate.record import joint_trace, record, trace_of
from modelcheck.simulate.setting import setting_of
from modelcheck.trace import ReplayError, replay

SLOW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that never end are given up early."""
    monkeypatch.setattr(events, "MOST_STARTS", 100)
    monkeypatch.setattr(events, "MOST_AT_ONCE", 100)


def arriving(design: model.Choreography, on_failure: str, repeats: float, partitions: int | None) -> model.Choreography:
    """The same reactions with times, for jobs that arrive quickly."""
    timed = timed_reactions(design, on_failure, exponential(0.5))
    channels = {
        name: replace(
            channel,
            publish=exponential(0.1),
            repeats=repeats if channel.delivery == "at least once" else 0.0,
            loses=repeats if channel.delivery == "at most once" else 0.0,
            partitions=partitions,
        )
        for name, channel in timed.channels.items()
    }
    return replace(timed, channels=channels, arrivals=model.Arrivals(interval=exponential(0.3)))


@SLOW
@given(
    choreographies(),
    st.sampled_from(("drop", "retry", "dead letter")),
    st.sampled_from((0.0, 0.5)),
    st.sampled_from((None, 1)),
    st.integers(1, 100),
)
def test_jobs_that_share_queues_are_paths_of_several_instances(
    design: model.Choreography, on_failure: str, repeats: float, partitions: int | None, seed: int
) -> None:
    timed = arriving(design, on_failure, repeats, partitions)
    recording = recorded(timed, 3, seed)
    if recording is not None and len(recording.begun) == 3:
        replay(joint_trace(recording, compile_choreography(timed, instances=3)))


def contested(**more: object) -> model.Orchestration:
    """Two parallel calls to one service, then a third; failures are undone there as well."""
    step = model.Step(
        service="s", retry=model.Retry(attempts=2), compensation=model.Compensation(time=exponential(0.5))
    )
    crashes = model.Crashes(every=exponential(2), repair=exponential(1), work="starts again")
    design = model.Orchestration(
        name="contested",
        services={"s": model.Service(time=exponential(1), workers=2, fails={"error": 0.3}, crashes=crashes)},
        coordinators={
            "c": model.Coordinator(concurrency=3, overhead=exponential(0.2), per_flow=exponential(0.5), workers=1)
        },
        engines={"e": model.Engine(concurrency=2)},
        flow=model.Flow(
            engine="e",
            steps={
                "a": replace(step, after=(), priority=1),
                "b": replace(step, after=(), timeout=1.5),
                "c": replace(step, after=("a", "b"), priority=-1),
            },
        ),
        arrivals=model.Arrivals(interval=exponential(0.4)),
    )
    return replace(design, **more)  # type: ignore[arg-type]


CONTESTED = {
    "crashes, engines, desks, priorities": contested(),
    "one flow at a time": contested(engines={"e": model.Engine(concurrency=1)}),
    "shared work": contested(
        services={"s": model.Service(time=exponential(1), workers=1, fails={"error": 0.3}, discipline="shared")},
        coordinators={},
    ),
    "users": contested(arrivals=model.Arrivals(users=3, think=exponential(1))),
    "hidden successes": contested(
        policies=model.Policies(timeout=model.TimeoutPolicy(after=1, hides="either", hidden=0.5))
    ),
}


@pytest.mark.parametrize("name", CONTESTED)
def test_jobs_that_share_workers_are_paths_of_several_instances(name: str) -> None:
    design = CONTESTED[name]
    system = compile_orchestration(design, instances=3)
    for seed in range(1, 8):
        trace = replay(joint_trace(record(design, 3, seed), system))
        assert system.is_finished(trace.states[-1])


def test_without_its_engine_a_run_is_no_path() -> None:
    limited = contested(engines={"e": model.Engine(concurrency=1)})
    system = compile_orchestration(limited, instances=3)
    with pytest.raises(ReplayError, match="not possible"):
        joint_trace(record(contested(engines={"e": model.Engine(concurrency=3)}), 3), system)


def crowded(order: str, overflow: str, **more: object) -> model.Choreography:
    """Each job sends two kinds of message to a slow reader with little room, and the reader answers each."""
    channel = model.Channel(capacity=2, order=order, overflow=overflow, **more)  # type: ignore[arg-type]

    def reader(on: str, *publishes: str) -> model.Participant:
        handlers = {
            event: model.Handler(
                on=event, time=exponential(1), publishes=tuple(model.Publication(event=each) for each in publishes)
            )
            for event in on
        }
        return model.Participant(subscribes=tuple(on), handlers=handlers, workers=1)

    return model.Choreography(
        name="crowded",
        events={name: model.Event(terminal=True) for name in "abc"},
        channels={"bus": channel},
        routes={"a": ("first",), "b": ("first",), "c": ("second",)},
        participants={"first": reader("ab", "c"), "second": reader("c")},
        starts=(model.Publication(event="a"), model.Publication(event="b")),
        arrivals=model.Arrivals(interval=exponential(0.3)),
    )


ALL_KINDS = [(order, overflow) for order in ("fifo", "unordered") for overflow in ("drop newest", "block", "fail")]


@pytest.mark.parametrize(("order", "overflow"), [*ALL_KINDS, ("fifo", "drop oldest")])
def test_full_queues(order: str, overflow: str) -> None:
    design = crowded(order, overflow, deliver=exponential(0.2))
    system = compile_choreography(design, instances=4)
    lost = 0.0
    for seed in range(1, 11):
        recording = record(design, 4, seed)
        trace = replay(joint_trace(recording, system))
        lost += setting_of(design, seed).loop().run(range(4)).lost.sum()
        assert system.is_finished(trace.states[-1])
    assert lost == 0 if overflow == "block" else lost > 0


def test_messages_that_come_again_are_in_the_path() -> None:
    design = crowded("fifo", "block", delivery="at least once", repeats=0.4)
    system = compile_choreography(design, instances=3)
    again = 0
    for seed in range(1, 6):
        trace = replay(joint_trace(record(design, 3, seed), system))
        again += sum(system.actions[number].label.then == "redelivered" for number in trace.actions)
        assert system.is_finished(trace.states[-1])
    assert again > 3


def test_lost_messages_are_in_the_path() -> None:
    design = crowded("fifo", "block", delivery="at most once", loses=0.3)
    system = compile_choreography(design, instances=3)
    lost = 0
    for seed in range(1, 8):
        trace = replay(joint_trace(record(design, 3, seed), system))
        lost += sum(len(system.actions[number].label.loses) for number in trace.actions)
        assert system.is_finished(trace.states[-1])
    assert lost > 10


def test_a_publisher_waits_for_room_although_it_could_lose_the_message() -> None:
    """The queue of one job is full: what is not lost has to wait, even where losing it would be possible."""
    design = crowded("fifo", "block", delivery="at most once")
    starts = (model.Publication(event="a"),) * 4
    alone = replace(design, starts=starts, arrivals=None)
    recording = record(alone, 3, 1)
    system = compile_choreography(alone, instances=1)
    for job in range(3):
        trace = replay(trace_of(recording, system, job))
        assert system.is_finished(trace.states[-1])
        assert not any(system.actions[number].label.loses for number in trace.actions)
