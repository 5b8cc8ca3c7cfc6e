"""Queues against the exact values of queueing theory: intervals of 99.9 % that can fail, fixed seeds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from modelcheck import model
from modelcheck.errors import ModelError
from modelcheck.simulate import simulate
from modelcheck.simulate.jobs import Runs
from modelcheck.simulate.setting import setting_of
from modelcheck.simulate.statistics import Estimate, mean_of_queued

SURE = 0.999


def exponential(mean: float) -> model.Delay:
    return model.Delay(distribution="exponential", parameters={"mean": mean})


def constant(value: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": value})


def queue(rate: float, service: model.Service, **more: object) -> model.Orchestration:
    """Jobs of one call to a service, with Poisson arrivals."""
    return model.Orchestration(
        name="queue",
        services={"s": service},
        flow=model.Flow(steps={"a": model.Step(service="s")}),
        arrivals=model.Arrivals(interval=exponential(1 / rate)),
        **more,  # type: ignore[arg-type]
    )


def letters(rate: float, channel: model.Channel, handler: model.Handler, **more: object) -> model.Choreography:
    """Jobs of one message to a participant, with Poisson arrivals."""
    return model.Choreography(
        name="letters",
        events={"go": model.Event(terminal=True), "done": model.Event(terminal=True)},
        topics={"t": "bus"},
        channels={"bus": channel},
        routes={"go": ("p",)},
        participants={"p": model.Participant(subscribes=("go",), handlers={"h": replace(handler, on="go")}, **more)},  # type: ignore[arg-type]
        starts=(model.Publication(event="go"),),
        arrivals=model.Arrivals(interval=exponential(1 / rate)),
    )


def events(design: model.Orchestration | model.Choreography, jobs: int, seed: int = 1) -> Runs:
    return setting_of(design, seed).loop().run(range(jobs))


def ended(runs: Runs, *endings: str) -> np.ndarray:
    """The times of the jobs that ended so."""
    codes = [runs.labels.index(ending) for ending in endings if ending in runs.labels]
    return runs.makespans[np.isin(runs.endings, codes)]


def share(runs: Runs, ending: str, skip: int = 0) -> Estimate:
    code = runs.labels.index(ending)
    return mean_of_queued((runs.endings[skip:] == code).astype(float), SURE)


def test_a_queue_with_room_for_five() -> None:
    """M/M/1/5: one is served, four wait, the others are lost."""
    channel = model.Channel(capacity=4, overflow="drop newest")
    runs = events(letters(0.8, channel, model.Handler(time=exponential(1))), 60_000)
    assert 0.08881950 in share(runs, "lost")
    assert 0.0819 not in share(runs, "lost")  # with room for five to wait
    assert 2.56306521 in mean_of_queued(ended(runs, "finished"), SURE)
    assert runs.lost.sum() == (runs.endings == runs.labels.index("lost")).sum()


def test_shared_work_depends_only_on_its_mean() -> None:
    """M/G/1 with processor sharing: s / (1 - load), whatever the distribution (Kleinrock 1967)."""
    for time in (
        exponential(1),
        constant(1),
        model.Delay(distribution="lognormal", parameters={"mean": 1, "sigma": 1}),
    ):
        design = queue(0.6, model.Service(time=time, workers=1, discipline="shared"))
        runs = events(design, 50_000, seed=3)
        assert 2.5 in mean_of_queued(runs.makespans[1000:], SURE)
        assert runs.busy["s"] / runs.horizon == pytest.approx(0.6, abs=0.03)


def test_work_shared_among_several() -> None:
    """M/M/4 with processor sharing has the same mean as first come first served: the same birth and death process."""
    design = queue(2.8, model.Service(time=exponential(1), workers=4, discipline="shared"))
    runs = events(design, 40_000, seed=3)
    assert 1.3572119319 in mean_of_queued(runs.makespans[1000:], SURE)


def with_breakdowns(rate: float, crash: float, repair: float) -> float:
    """The mean time in M/M/1 (service rate 1) whose server breaks down (White and Christie 1958).

    L = rate (crash + (crash + repair)^2) / ((crash + repair) (repair - rate (crash + repair))), by Little's law.
    """
    both = crash + repair
    return (crash + both**2) / (both * (repair - rate * both))


def test_breakdowns() -> None:
    crashes = model.Crashes(every=exponential(10), repair=exponential(2))
    runs = events(queue(0.5, model.Service(time=exponential(1), workers=1, crashes=crashes)), 80_000, seed=5)
    exact = with_breakdowns(0.5, 0.1, 0.5)
    assert exact in mean_of_queued(runs.makespans[1000:], SURE)
    assert 2.0 not in mean_of_queued(runs.makespans[1000:], SURE)
    assert runs.down["s"] / runs.horizon == pytest.approx(2 / 12, abs=0.01)
    assert runs.busy["s"] / runs.horizon == pytest.approx(0.5, abs=0.02)


def test_breakdowns_formula() -> None:
    """The formula against the Markov chain (jobs, up or down), solved."""
    rate, crash, repair, most = 0.5, 0.1, 0.5, 150
    moves = np.zeros((2 * most, 2 * most))
    for n in range(most):
        up, down = 2 * n, 2 * n + 1
        moves[up, down], moves[down, up] = crash, repair
        if n + 1 < most:
            moves[up, up + 2] = moves[down, down + 2] = rate
        if n:
            moves[up, up - 2] = 1
    moves -= np.diag(moves.sum(axis=1))
    moves[:, 0] = 1
    chances = np.linalg.solve(moves.T, np.eye(2 * most)[0])
    mean = sum(n * (chances[2 * n] + chances[2 * n + 1]) for n in range(most)) / rate
    assert mean == pytest.approx(with_breakdowns(rate, crash, repair), rel=1e-6)


def test_work_that_starts_again() -> None:
    """A task of length 1 that begins again at each crash (rate c): its time worked is (e^c - 1) / c (Kulkarni et
    al. 1986).

    The repairs, of mean r, come on top: (e^c - 1) (1/c + r).
    """
    crashes = model.Crashes(every=exponential(2), repair=exponential(0.5), work="starts again")
    design = model.Orchestration(
        name="alone",
        services={"s": model.Service(time=constant(1), workers=1, crashes=crashes)},
        flow=model.Flow(steps={"a": model.Step(service="s")}),
    )
    result = simulate(design, 20_000, seed=2, confidence=SURE)
    assert (math.exp(0.5) - 1) * (2 + 0.5) in result.mean
    waits = replace(design, services={"s": replace(design.services["s"], crashes=replace(crashes, work="waits"))})
    assert 1 + 0.5 * 0.5 in simulate(waits, 20_000, seed=2, confidence=SURE).mean


def test_a_timeout_does_not_wait_for_a_repair() -> None:
    crashes = model.Crashes(every=constant(1), repair=constant(10))
    design = model.Orchestration(
        name="late",
        services={"s": model.Service(time=constant(2), workers=1, crashes=crashes)},
        flow=model.Flow(steps={"a": model.Step(service="s", timeout=3)}),
    )
    result = simulate(design, 3)
    assert result.outcomes == {"aborted": 3}
    assert result.mean.value == 3


def priorities(first: int, second: int) -> model.Orchestration:
    """Each job is of one of two kinds, as likely; both need the same worker."""
    return model.Orchestration(
        name="kinds",
        services={"s": model.Service(time=exponential(1), workers=1)},
        variables={"kind": model.Variable(type="{gold, iron}", initial="any")},
        flow=model.Flow(
            steps={
                "gold": model.Step(service="s", when="kind == gold", priority=first),
                "iron": model.Step(service="s", when="kind == iron", priority=second),
            }
        ),
        arrivals=model.Arrivals(interval=exponential(1 / 0.8)),
    )


def test_priorities() -> None:
    """Two classes with half the load of 0.8 each: W_k = W0 / ((1 - s_{k-1}) (1 - s_k)) + 1 (Cobham 1954)."""
    loop = setting_of(priorities(2, 1), 4).loop(record=True)
    runs = loop.run(range(60_000))
    kinds = np.array([state[loop.system.positions["kind"]] for state in runs.begun])
    assert 0.8 / 0.6 + 1 in mean_of_queued(runs.makespans[kinds == 0], SURE)
    assert 0.8 / (0.6 * 0.2) + 1 in mean_of_queued(runs.makespans[kinds == 1], SURE)
    in_turn = setting_of(priorities(0, 0), 4).loop(record=True).run(range(60_000))
    assert 5.0 in mean_of_queued(in_turn.makespans[kinds == 0], SURE)


def test_a_coordinator_with_a_worker() -> None:
    """Its worker makes calls one after the other: a tandem of two M/M/1 queues (Jackson 1957)."""
    design = replace(
        queue(0.5, model.Service(time=exponential(1), workers=1)),
        coordinators={"c": model.Coordinator(overhead=exponential(0.8), workers=1)},
    )
    runs = events(design, 60_000, seed=6)
    assert 1 / (1.25 - 0.5) + 1 / (1 - 0.5) in mean_of_queued(runs.makespans, SURE)
    assert set(runs.busy) == {"s", "c"}
    assert runs.busy["c"] / runs.horizon == pytest.approx(0.4, abs=0.02)


def test_a_coordinator_pays_once_for_a_flow() -> None:
    steps = {"a": model.Step(time=constant(1)), "b": model.Step(time=constant(1))}
    coordinators = {"c": model.Coordinator(overhead=constant(0.5), per_flow=constant(3))}
    design = model.Orchestration(name="paid", coordinators=coordinators, flow=model.Flow(steps=steps))
    assert simulate(design, 3).mean.value == 3 + 2 * 1.5


def test_an_engine_runs_so_many_flows() -> None:
    """Flows of two steps of Erlang-2 time on an engine for 1: an M/G/1 queue of whole flows."""
    design = model.Orchestration(
        name="engine",
        engines={"e": model.Engine(concurrency=1)},
        flow=model.Flow(engine="e", steps={n: model.Step(time=exponential(0.5)) for n in "ab"}),
        arrivals=model.Arrivals(interval=exponential(1 / 0.7)),
    )
    runs = events(design, 60_000, seed=8)
    exact = 1 + 0.7 * 1.5 / (2 * 0.3)  # Pollaczek and Khinchine, second moment 1.5
    assert exact in mean_of_queued(runs.makespans, SURE)


def test_partitions() -> None:
    """Each of two partitions carries the messages of half the jobs: two M/M/1 queues of load 0.7."""
    channel = model.Channel(partitions=2, deliver=exponential(1))
    handler = model.Handler(time=constant(0))
    runs = events(letters(1.4, channel, handler, workers=None), 60_000, seed=9)
    # A queue keeps its order over both, so the times are longer; without order they are those of the partitions.
    free = letters(1.4, replace(channel, order="unordered"), handler, workers=None)
    found = mean_of_queued(events(free, 60_000, seed=9).makespans, SURE)
    assert 1 / 0.3 in found
    assert mean_of_queued(runs.makespans, SURE).low > found.high


def test_messages_that_come_again() -> None:
    """One in four comes a second time, and takes as long again."""
    channel = model.Channel(delivery="at least once", repeats=0.25)
    design = replace(letters(1, channel, model.Handler(time=constant(1))), arrivals=None)
    result = simulate(design, 20_000, seed=3, confidence=SURE)
    assert 1.25 in result.mean
    assert not any("duplicates" in note for note in result.notes)


def test_messages_that_are_lost() -> None:
    """One in five of the first, and of the answers to those that came."""
    channel = model.Channel(delivery="at most once", loses=0.2)
    answer = model.Handler(time=constant(1), publishes=(model.Publication(event="done"),))
    design = letters(0.5, channel, answer)
    reader = model.Participant(subscribes=("done",), handlers={"read": model.Handler(on="done", time=constant(1))})
    design = replace(
        design, routes={"go": ("p",), "done": ("q",)}, participants={**design.participants, "q": reader}, arrivals=None
    )
    runs = events(design, 20_000)
    assert 1 - 0.8**2 in share(runs, "lost")
    assert 0.2 + 0.8 * 0.2 in mean_of_queued(runs.lost, SURE)
    assert 0.8 + 0.8**2 in mean_of_queued(runs.makespans, SURE)


def test_the_oldest_make_room() -> None:
    """As many are lost as where the newest are, but those who have waited longest: who gets through waits less."""
    newest = letters(0.8, model.Channel(capacity=4, overflow="drop newest"), model.Handler(time=exponential(1)))
    oldest = replace(newest, channels={"bus": model.Channel(capacity=4, overflow="drop oldest")})
    runs = events(oldest, 60_000)
    assert 0.08881950 in share(runs, "lost")
    others = events(newest, 60_000)
    assert mean_of_queued(ended(runs, "finished"), SURE).high < mean_of_queued(ended(others, "finished"), SURE).low


def test_dead_letters() -> None:
    handler = model.Handler(time=constant(1), fails={"error": 0.3}, on_failure="dead letter")
    runs = events(letters(0.5, model.Channel(), handler), 5_000)
    assert 0.3 in share(runs, "dead-lettered")
    assert runs.dead_letters.sum() == (runs.endings == runs.labels.index("dead-lettered")).sum()


def machine_repairman(users: int, think: float, service: float) -> float:
    """The mean time of a job in a closed loop of users and one server, by mean value analysis (Reiser and Lavenberg
    1980)."""
    waiting = 0.0
    for count in range(1, users + 1):
        time = service * (1 + waiting)
        waiting = count / (think + time) * time
    return time


def test_users_who_wait_for_their_jobs() -> None:
    design = replace(
        queue(1, model.Service(time=exponential(1), workers=1)), arrivals=model.Arrivals(users=6, think=exponential(5))
    )
    result = simulate(design, 60_000, seed=4, confidence=SURE)
    assert result.back_end == "events"
    assert machine_repairman(6, 5, 1) in result.mean
    assert machine_repairman(5, 5, 1) not in result.mean


def test_users_of_an_overloaded_service_are_no_error() -> None:
    design = replace(queue(1, model.Service(time=constant(1), workers=1)), arrivals=model.Arrivals(users=3))
    assert simulate(design, 300, warmup=10).mean.value == pytest.approx(3)


UNSTABLE = {
    "too little is left between crashes": (
        queue(
            0.6,
            model.Service(time=constant(1), workers=1, crashes=model.Crashes(every=constant(1), repair=constant(1))),
        ),
        "s cannot keep up: its utilisation would be 1.2",
    ),
    "a coordinator's worker": (
        replace(
            queue(0.8, model.Service(time=constant(0.1), workers=1)),
            coordinators={"c": model.Coordinator(overhead=exponential(0.9), per_flow=exponential(0.9), workers=1)},
        ),
        "c cannot keep up: its utilisation would be 1.44",
    ),
    "an engine": (
        replace(
            queue(1, model.Service(time=constant(3))),
            engines={"e": model.Engine(concurrency=2)},
            flow=model.Flow(engine="e", steps={"a": model.Step(service="s")}),
        ),
        "e cannot keep up: its utilisation would be 1.5",
    ),
    "a partition": (
        letters(
            1.2,
            model.Channel(partitions=1, publish=constant(0.5), deliver=constant(0.5)),
            model.Handler(time=constant(0.1)),
        ),
        "bus cannot keep up: its utilisation would be 1.2",
    ),
    "a participant": (
        letters(1.2, model.Channel(), model.Handler(time=exponential(1))),
        "p cannot keep up: its utilisation would be 1.2",
    ),
    "undoing": (
        replace(
            queue(1, model.Service(time=constant(0.6), workers=1, fails={"error": 0.9})),
            flow=model.Flow(
                steps={
                    "a": model.Step(
                        time=constant(0), compensation=model.Compensation(service="s", time=constant(1)), effect={}
                    ),
                    "b": model.Step(service="s"),
                }
            ),
            policies=model.Policies(
                compensation=model.CompensationPolicy(failing_step={"error": "never"}),
            ),
        ),
        "s cannot keep up: its utilisation would be 1.",
    ),
}


@pytest.mark.parametrize("name", UNSTABLE)
def test_more_work_than_can_be_done_is_said(name: str) -> None:
    design, said = UNSTABLE[name]
    with pytest.raises(ModelError, match="E413") as caught:
        simulate(design, 100)
    assert said in str(caught.value)


def test_what_is_dropped_does_not_queue() -> None:
    """M/M/1/5 with a load of 1.25 is stable: W and loss by the finite birth and death process."""
    design = letters(1.25, model.Channel(capacity=4, overflow="drop newest"), model.Handler(time=exponential(1)))
    runs = events(design, 60_000, seed=2)
    chances = np.array([1.25**n for n in range(6)])
    chances /= chances.sum()
    assert chances[5] in share(runs, "lost")
    mean = sum(n * chances[n] for n in range(6)) / (1.25 * (1 - chances[5]))
    assert mean in mean_of_queued(ended(runs, "finished"), SURE)
    assert simulate(design, 100).back_end == "events"
