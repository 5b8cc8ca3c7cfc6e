"""Back ends agree job by job on the same draws: arrays, the event loop, and the textbook's recursions for queues."""

from __future__ import annotations

from dataclasses import replace
from heapq import heapreplace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.errors import ModelError
from modelcheck.simulate import simulate
from modelcheck.simulate.delays import sampler
from modelcheck.simulate.draws import Draws

TIMES = (3.0, 5.0, 4.0, 2.0)


def exponential(mean: float) -> model.Delay:
    return model.Delay(distribution="exponential", parameters={"mean": mean})


def constant(value: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": value})


def both_ways(design: model.Model, jobs: int = 400, seed: int = 9) -> None:
    """By arrays and by events: the same to the last bit."""
    arrays, events = (simulate(design, jobs, seed, back_end=name) for name in ("max-plus", "events"))
    assert arrays.makespans.tolist() == events.makespans.tolist()
    assert arrays.messages == events.messages
    assert arrays.outcomes == events.outcomes
    assert len(set(arrays.makespans.tolist())) > 1


@st.composite
def flows_without_queues(draw: st.DrawFn) -> model.Orchestration:
    """Up to six steps in any acyclic order, with retries that end only in success, timeouts and call overhead."""
    count = draw(st.integers(1, 6))
    fails = draw(st.sampled_from(({}, {"error": 0.3}, {"timeout": 0.2}, {"error": 0.2, "timeout": 0.2})))
    endless = model.Retry(attempts=None, backoff=draw(st.sampled_from((0.0, 0.5))), factor=2.0)
    steps = {}
    for index in range(count):
        earlier = st.sets(st.sampled_from([f"s{i}" for i in range(index)]), max_size=3) if index else st.just(set())
        steps[f"s{index}"] = model.Step(
            service="any",
            after=tuple(sorted(draw(earlier))),
            task=draw(st.sampled_from((None, "same"))),
            retry=endless,
            timeout=draw(st.sampled_from((None, 1.5))),
        )
    return model.Orchestration(
        name="free",
        services={"any": model.Service(time=exponential(1), fails=fails)},
        coordinators={"boss": model.Coordinator(overhead=draw(st.sampled_from((None, exponential(0.1)))))},
        flow=model.Flow(steps=steps),
    )


@settings(max_examples=30, deadline=None, derandomize=True)
@given(flows_without_queues())
def test_arrays_and_events_agree_on_flows(design: model.Orchestration) -> None:
    both_ways(design, jobs=60)


def test_arrays_and_events_agree_when_jobs_arrive() -> None:
    design = model.Orchestration(
        name="free",
        flow=model.Flow(steps={name: model.Step(time=exponential(1), after=()) for name in "abc"}),
        arrivals=model.Arrivals(interval=exponential(0.1)),
    )
    both_ways(design, jobs=500)
    bus = model.Channel(order="unordered", publish=exponential(0.3), deliver=exponential(0.2))
    reactions = reacting("fan-out", {f"t{index}": exponential(time) for index, time in enumerate(TIMES)}, channel=bus)
    both_ways(replace(reactions, arrivals=model.Arrivals(interval=exponential(0.1))))


def reacting(
    shape: str, times: dict[str, model.Delay], listeners: int | None = None, channel: model.Channel | None = None
) -> model.Choreography:
    """Handlers with these times: all on one event, all on the first one's, or each on the one before."""
    names = list(times)
    participants, routes = {}, {}
    for index, (name, time) in enumerate(times.items()):
        first = index == 0 or shape == "independent"
        on = "go" if first else names[0] if shape == "fan-out" else names[index - 1]
        publishes = (model.Publication(event=name),) if shape != "independent" else ()
        handler = model.Handler(on=on, task=name, time=time, publishes=publishes)
        participants[name] = model.Participant(subscribes=(on,), handlers={"react": handler}, workers=None)
        routes[on] = (*routes.get(on, ()), name)
    return model.Choreography(
        name=shape,
        events={event: model.Event(terminal=True) for event in ("go", *names)},
        channels={"bus": channel or model.Channel()},
        routes=routes,
        participants=participants,
        starts=(model.Publication(event="go"),),
        listeners=listeners,
    )


@pytest.mark.parametrize(("shape", "takes"), [("independent", 5), ("fan-out", 8), ("chain", 14)])
def test_topology_decides_and_one_worker_makes_a_sum(shape: str, takes: float) -> None:
    """Audit B10 and B11: times 3, 5, 4, 2."""
    times = {f"t{index}": constant(time) for index, time in enumerate(TIMES)}
    for back_end in ("max-plus", "events"):
        assert simulate(reacting(shape, times), 2, back_end=back_end).mean.value == takes
    assert simulate(reacting(shape, times, listeners=1), 2, back_end="events").mean.value == sum(TIMES)
    steps = {name: model.Step(time=time) for name, time in times.items()}
    sequence = model.Orchestration(name="sequence", flow=model.Flow(steps=steps))
    assert simulate(sequence, 2).mean.value == sum(TIMES)


@pytest.mark.parametrize("shape", ["independent", "fan-out", "chain"])
def test_arrays_and_events_agree_on_reactions(shape: str) -> None:
    bus = model.Channel(publish=exponential(0.3), deliver=exponential(0.2))
    both_ways(reacting(shape, {f"t{index}": exponential(time) for index, time in enumerate(TIMES)}, channel=bus))


def test_messages_are_counted_apart() -> None:
    times = {f"t{index}": constant(1) for index in range(4)}
    assert simulate(reacting("fan-out", times), 3).messages == {"publishes": 5, "deliveries": 4}
    steps = {name: model.Step(time=time) for name, time in times.items()}
    orchestration = model.Orchestration(name="o", flow=model.Flow(steps=steps))
    assert simulate(orchestration, 3).messages == {"calls and replies": 8}


def test_designs_with_the_same_tasks_have_the_same_luck() -> None:
    """A chain of reactions is a sequence of steps: job by job the same times, from the same draws."""
    times = {f"t{index}": exponential(time) for index, time in enumerate(TIMES)}
    steps = {f"step_{name}": model.Step(time=time, task=name) for name, time in times.items()}
    orchestration = simulate(model.Orchestration(name="o", flow=model.Flow(steps=steps)), 300, seed=4)
    choreography = simulate(reacting("chain", times), 300, seed=4)
    assert orchestration.makespans.tolist() == choreography.makespans.tolist()
    other = simulate(reacting("chain", times), 300, seed=5)
    assert not set(other.makespans.tolist()) & set(choreography.makespans.tolist())


def kiefer_wolfowitz(interarrivals: np.ndarray, services: np.ndarray, workers: int) -> list[float]:
    """Times in a FIFO queue: each job takes the worker that is free first (Kiefer and Wolfowitz 1955)."""
    free, found = [0.0] * workers, []
    for arrival, service in zip(np.cumsum(interarrivals).tolist(), services.tolist(), strict=True):
        end = max(arrival, free[0]) + service
        heapreplace(free, end)
        found.append(end - arrival)
    return found


@pytest.mark.parametrize("workers", [1, 4])
def test_the_event_loop_is_the_textbook_queue(workers: int) -> None:
    interval, time = exponential(1 / (0.8 * workers)), exponential(1)
    design = model.Orchestration(
        name="queue",
        services={"s": model.Service(time=time, workers=workers)},
        flow=model.Flow(steps={"a": model.Step(service="s")}),
        arrivals=model.Arrivals(interval=interval),
    )
    jobs = 5000
    arriving = Draws(3, "", "arrival", sampler(interval)).of_jobs(range(jobs))
    services = Draws(3, "a", "service", sampler(time)).of_jobs(range(jobs))
    assert simulate(design, jobs, seed=3).makespans.tolist() == kiefer_wolfowitz(arriving, services, workers)


def test_what_max_plus_cannot_do_it_says() -> None:
    steps = {"a": model.Step(time=exponential(1)), "b": model.Step(time=exponential(1))}
    plain = model.Orchestration(name="o", flow=model.Flow(steps=steps))
    arrivals = model.Arrivals(interval=exponential(2))
    single = {"s": model.Service(time=exponential(1), workers=1)}
    stock = {"stock": model.Variable(type="0..9", initial=9, shared=True)}
    cases = {
        "share workers": replace(plain, services=single, arrivals=arrivals),
        "share stock": replace(
            plain,
            variables=stock,
            arrivals=arrivals,
            flow=model.Flow(steps={**steps, "c": model.Step(when="stock > 1")}),
        ),
        "share the queue bus>t0": replace(
            reacting("chain", {"t0": exponential(1)}, channel=model.Channel(capacity=1)), arrivals=arrivals
        ),
        "wait for a worker of s": replace(
            plain, services=single, flow=model.Flow(steps={n: model.Step(service="s", after=()) for n in "ab"})
        ),
    }
    for reason, design in cases.items():
        assert simulate(design, 3).back_end != "max-plus"
        with pytest.raises(ModelError, match=reason):
            simulate(design, 3, back_end="max-plus")


def test_jobs_that_do_not_all_go_the_same_way_move_in_groups() -> None:
    steps = {"a": model.Step(time=exponential(1)), "b": model.Step(time=exponential(1))}
    plain = model.Orchestration(name="o", flow=model.Flow(steps=steps))
    counting = {"n": model.Variable(type="0..1", initial=0)}
    assert simulate(plain, 3).reason == "nothing queues, fails or branches"
    for changed in (
        model.Step(timeout=1, time=exponential(1)), model.Step(when=False), model.Step(effect={"n": "n + 1"}),
    ):  # fmt: skip
        design = replace(plain, variables=counting, flow=model.Flow(steps={**steps, "c": changed}))
        result = simulate(design, 3)
        assert (result.back_end, "move together" in result.reason) == ("max-plus", True)
        both_ways(design)
