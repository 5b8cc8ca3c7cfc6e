"""The simulator only chooses and delays: every simulated run is a path of the checked system."""

from __future__ import annotations

from dataclasses import replace

import pytest
from generated import choreographies, orchestrations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.choreography import compile_choreography
from modelcheck.errors import ModelError
from modelcheck.orchestration import compile_orchestration
from modelcheck.simulate import events
from modelcheck.simulate.record import Recording, joint_trace, record, trace_of
from modelcheck.trace import ReplayError, Trace, replay

SLOW = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

NO_TIME, NO_BEGINNING, ENDLESS = "E404", "E409", "E410"


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that never end are given up early."""
    monkeypatch.setattr(events, "MOST_STARTS", 100)
    monkeypatch.setattr(events, "MOST_AT_ONCE", 100)


def exponential(mean: float) -> model.Delay:
    return model.Delay(distribution="exponential", parameters={"mean": mean})


def timed_flow(design: model.Orchestration, fails: float, workers: int | None, arrive: bool) -> model.Orchestration:
    """The same flow with times, and with a probability for each outcome that it declares."""
    services, steps = {}, {}
    for name, step in design.flow.steps.items():
        outcomes = [outcome for outcome in step.outcomes if outcome != "ok"]
        services[name] = model.Service(time=exponential(1), workers=workers, fails=dict.fromkeys(outcomes, fails))
        steps[name] = replace(step, service=name)
    arrivals = model.Arrivals(interval=exponential(0.7)) if arrive else None
    flow = replace(design.flow, steps=steps)
    return replace(design, services=services, flow=flow, arrivals=arrivals)


def recorded(design: model.Orchestration | model.Choreography, jobs: int, seed: int) -> Recording | None:
    """A recording; nothing where the design has no run to speak of (it says so)."""
    try:
        return record(design, jobs, seed)
    except ModelError as error:
        if any(problem.code not in (NO_TIME, NO_BEGINNING, ENDLESS) for problem in error.problems):
            raise
        return None


@SLOW
@given(orchestrations(), st.sampled_from((0.2, 0.6)), st.sampled_from((None, 1)), st.integers(1, 100))
def test_runs_of_a_flow_are_paths(design: model.Orchestration, fails: float, workers: int | None, seed: int) -> None:
    timed = timed_flow(design, fails, workers, arrive=False)
    recording = recorded(timed, 6, seed)
    if recording is not None:
        system = compile_orchestration(timed, instances=1)
        for job in range(6):
            replay(trace_of(recording, system, job))


@SLOW
@given(orchestrations(instances=3), st.sampled_from((0.2, 0.6)), st.sampled_from((None, 1, 2)), st.integers(1, 100))
def test_runs_of_several_jobs_are_paths_of_several_instances(
    design: model.Orchestration, fails: float, workers: int | None, seed: int
) -> None:
    free = replace(design, flow=replace(design.flow, requires=None))  # It would be required of all jobs at the start.
    timed = timed_flow(free, fails, workers, arrive=True)
    recording = recorded(timed, 3, seed)
    if recording is not None and len(recording.begun) == 3:
        replay(joint_trace(recording, compile_orchestration(timed, instances=3)))


@SLOW
@given(choreographies(), st.sampled_from(("drop", "retry", "dead letter")), st.integers(1, 100))
def test_runs_of_reactions_are_paths(design: model.Choreography, on_failure: str, seed: int) -> None:
    timed = timed_reactions(design, on_failure, exponential(0.5))
    recording = recorded(timed, 6, seed)
    if recording is not None:
        system = compile_choreography(timed, instances=1)
        for job in range(6):
            replay(trace_of(recording, system, job))


def timed_reactions(design: model.Choreography, on_failure: str, deliver: model.Delay) -> model.Choreography:
    participants = {
        name: replace(
            participant,
            handlers={
                key: replace(handler, time=exponential(1), fails={"error": 0.3}, on_failure=on_failure)
                for key, handler in participant.handlers.items()
            },
        )
        for name, participant in design.participants.items()
    }
    channels = {name: replace(channel, deliver=deliver) for name, channel in design.channels.items()}
    return replace(design, participants=participants, channels=channels)


def relay(workers: int | None, on_failure: str) -> model.Choreography:
    """Two participants, each reacting to the one before; several messages of one job at once."""

    def handler(on: str, *publishes: str) -> model.Handler:
        sent = tuple(model.Publication(event=event) for event in publishes)
        return model.Handler(
            on=on,
            time=exponential(1),
            publishes=sent,
            fails={"error": 0.3},
            on_failure=on_failure,
            effect={"n": "n + 1"},
        )

    def participant(on: str, *publishes: str) -> model.Participant:
        return model.Participant(
            variables={"n": model.Variable(type="0..9", initial=0)}, subscribes=(on,), workers=workers,
            handlers={"react": handler(on, *publishes)},
        )  # fmt: skip

    return model.Choreography(
        name="relay",
        events={name: model.Event(terminal=True) for name in ("go", "went", "done")},
        routes={"go": ("first",), "went": ("second",)},
        participants={"first": participant("go", "went"), "second": participant("went", "done")},
        starts=(model.Publication(event="go"), model.Publication(event="go")),
        arrivals=model.Arrivals(interval=exponential(1)),
    )


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("on_failure", ["drop", "retry"])
def test_jobs_of_a_choreography_share_workers_and_queues(workers: int, on_failure: str) -> None:
    design = relay(workers, on_failure)
    system = compile_choreography(design, instances=3)
    for seed in range(1, 6):
        trace = replay(joint_trace(record(design, 3, seed), system))
        assert system.is_finished(trace.states[-1])


def test_a_simulator_that_cheats_is_caught() -> None:
    """Without its pools the event loop would use a worker twice: then the run is no path of the system."""
    step = model.Step(service="s")
    design = model.Orchestration(
        name="cheated",
        services={"s": model.Service(time=exponential(5), workers=1)},
        flow=model.Flow(steps={"a": step}),
        arrivals=model.Arrivals(interval=exponential(0.1)),
    )
    system = compile_orchestration(design, instances=3)
    replay(joint_trace(record(design, 3), system))
    unlimited = replace(design, services={"s": replace(design.services["s"], workers=None)})
    with pytest.raises(ReplayError, match="not possible"):
        joint_trace(record(unlimited, 3), system)


def test_a_recording_that_was_changed_is_caught() -> None:
    design = model.Orchestration(
        name="two", flow=model.Flow(steps={"a": model.Step(time=exponential(1)), "b": model.Step(time=exponential(1))})
    )
    system = compile_orchestration(design)
    good = trace_of(record(design), system)
    replay(good)
    with pytest.raises(ReplayError):
        replay(Trace(system, good.states, (*good.actions[:-2], good.actions[-1], good.actions[-2])))
