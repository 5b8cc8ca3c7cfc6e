"""Jobs that arrive and queue: exact values against simulated ones, within intervals that can fail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_simulate import constant, exponential, lognormal, queues, server

from modelcheck import model
from modelcheck.expand import expand
from modelcheck.simulate import simulate
from modelcheck.simulate.exact import Exact, exact_of
from modelcheck.simulate.setting import setting_of

SURE = 0.999


def known(design: model.Model) -> Exact:
    expanded = expand(design)
    assert isinstance(expanded, model.Orchestration | model.Choreography)
    return exact_of(setting_of(expanded, 1))


def design_of(
    steps: dict[str, model.Step], interval: model.Delay, overhead: model.Delay | None = None, **services: model.Service
) -> model.Orchestration:
    return model.Orchestration(
        name="network",
        services=services,
        coordinators={"boss": model.Coordinator(overhead=overhead)} if overhead else {},
        flow=model.Flow(steps=steps),
        arrivals=model.Arrivals(interval=interval),
    )


def relay(*times: model.Delay, deliver: model.Delay | None = None) -> model.Choreography:
    """Each participant, with one worker, reacts to the one before."""
    names = [f"p{index}" for index in range(len(times))]
    events = ["go", *names]
    participants = {
        name: model.Participant(
            subscribes=(events[index],),
            handlers={
                "react": model.Handler(on=events[index], time=time, publishes=(model.Publication(event=name),))
            },
        )
        for index, (name, time) in enumerate(zip(names, times, strict=True))
    }  # fmt: skip
    return model.Choreography(
        name="relay",
        events={event: model.Event(terminal=True) for event in events},
        channels={"bus": model.Channel(deliver=deliver, order="unordered" if deliver else "fifo")},
        routes={events[index]: (name,) for index, name in enumerate(names)},
        participants=participants,
        starts=(model.Publication(event="go"),),
        arrivals=model.Arrivals(interval=exponential(2)),
    )


def step(service: str, **given: object) -> model.Step:
    return model.Step(service=service, **given)  # type: ignore[arg-type]


SAGA = {name: step(name, compensation=model.Compensation(time=exponential(0.2), service="undo")) for name in ("a", "b")}
FAILING = {"error": 0.2}

NETWORKS: dict[str, model.Orchestration | model.Choreography] = {
    "two services with one pool": design_of(
        {"a": step("s"), "b": step("s"), "c": step("t")}, exponential(3), s=server(), t=server(2.0)
    ),
    "a saga": design_of(
        SAGA, exponential(2),
        a=replace(server(), fails=FAILING), b=replace(server(), fails=FAILING), undo=server(5.0),
    ),
    "retries with pauses and overhead": design_of(
        {"a": step("s", retry=model.Retry(attempts=3, backoff=0.5))}, exponential(2), constant(0.25),
        s=replace(server(workers=2), fails={"error": 0.3}),
    ),
    "several workers, then any services": design_of(
        {"a": step("s"), "b": step("t")}, exponential(1.5), s=server(workers=3),
        t=model.Service(time=lognormal(0.5), workers=1),
    ),
    "a timeout in the last queue": design_of(
        {"a": step("s"), "b": step("t", timeout=1.5)}, exponential(2), s=server(), t=server()
    ),
    "uniform intervals": queues(0.8, server(), interval=model.Delay(
        distribution="uniform", parameters={"low": 0.5, "high": 2.0})),
    "intervals that vary": queues(0.6, server(), interval=model.Delay(
        distribution="gamma", parameters={"mean": 1 / 0.6, "shape": 0.4})),
    "shared workers": design_of(
        {"a": step("s"), "b": step("t")}, exponential(1.5), t=server(),
        s=model.Service(time=lognormal(1), workers=1, discipline="shared"),
    ),
    "two who share": design_of(
        {"a": step("s")}, exponential(0.8), s=model.Service(time=constant(1), workers=2, discipline="shared")
    ),
    "a hidden timeout": replace(
        design_of({"a": step("t"), "b": step("s", timeout=1.5)}, exponential(2), s=server(), t=server(2)),
        policies=model.Policies(timeout=model.TimeoutPolicy(hides="either", hidden=0.4)),
    ),
    "what a coordinator does before": replace(
        design_of({"a": step("s")}, exponential(2), s=server()),
        coordinators={"boss": model.Coordinator(per_flow=lognormal(0.5))},
    ),
    "users who think": replace(
        design_of({"a": step("s"), "b": step("t"), "c": model.Step(time=lognormal(1))}, exponential(1),
            s=replace(server(workers=2), fails=FAILING), t=server(2)),
        arrivals=model.Arrivals(users=8, think=lognormal(0.5)),
    ),
    "a relay": relay(exponential(1), exponential(1.2), constant(1)),
    "a relay with deliveries": relay(exponential(1), exponential(1.2), deliver=exponential(0.3)),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str) -> None:
    design = NETWORKS[name]
    exact, result = known(design), simulate(design, 40_000, seed=4, confidence=SURE)
    assert exact["mean"].value in result.mean
    assert 1.25 * exact["mean"].value not in result.mean
    assert exact["success"].value in result.success
    assert exact["undos"].value in result.undos
    for count, value in result.messages.items():
        assert exact[count].value == pytest.approx(value, rel=0.02)
    for pool, busy in result.utilisation.items():
        assert exact[f"busy {pool}"].value == pytest.approx(busy, abs=0.03)
    for percent, estimate in result.percentiles.items():
        if f"p{percent}" in exact:
            assert exact[f"p{percent}"].value in estimate


@pytest.mark.parametrize("workers", [1, 2])
def test_a_queue_with_little_room(workers: int) -> None:
    """M/M/1/5 at 80 %: .08881950 are lost, the others take 2.56306521."""
    bounded = replace(
        relay(exponential(1)),
        channels={"bus": model.Channel(capacity=5 - workers, overflow="drop newest")},
        arrivals=model.Arrivals(interval=exponential(1.25)),
    )
    participant = replace(bounded.participants["p0"], workers=workers)
    bounded = replace(bounded, participants={"p0": participant})
    exact, result = known(bounded), simulate(bounded, 40_000, seed=4, confidence=SURE)
    if workers == 1:
        assert exact["messages lost"].value == pytest.approx(0.08881950, abs=5e-9)
        assert exact["mean"].value / exact["success"].value == pytest.approx(2.56306521, abs=5e-9)
    assert exact["mean"].value in result.mean
    for name, count in result.messages.items():
        assert exact[name].value == pytest.approx(count, rel=0.1)
    assert exact["ended lost"].value == pytest.approx(result.outcomes["lost"] / 40_000, rel=0.1)


@pytest.mark.parametrize("arrive", [False, True])
def test_messages_that_are_lost(arrive: bool) -> None:
    """Of three messages in a row each is lost with probability .2."""
    lossy = replace(
        relay(exponential(1), exponential(1), exponential(1)),
        channels={"bus": model.Channel(delivery="at most once", loses=0.2)},
    )
    if not arrive:
        lossy = replace(lossy, arrivals=None)
    exact, result = known(lossy), simulate(lossy, 20_000, seed=4, confidence=SURE)
    assert exact["success"].value == pytest.approx(0.8**3)
    assert exact["messages lost"].value == pytest.approx(0.2 * (1 + 0.8 + 0.8**2))
    assert exact["mean"].value in result.mean
    assert exact["success"].value in result.success
