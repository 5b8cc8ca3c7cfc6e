"""Deadlines: zones find the worst case that simulated jobs come near and never exceed; probabilities are honest."""

from __future__ import annotations

import numpy as np
import pytest
from command_line import run
from hypothesis import given, settings
from hypothesis import strategies as st

import modelcheck as mc
from modelcheck import model
from modelcheck.errors import ModelError
from modelcheck.expand import expand
from modelcheck.load import load_text
from modelcheck.results import Verdict
from modelcheck.simulate import simulate
from modelcheck.simulate.setting import Setting, setting_of
from modelcheck.timed.clock import unit_of
from modelcheck.timed.search import worst_case
from modelcheck.timed.zones import ORIGIN, at_least, at_most, includes, later, upper, with_clock, without_clock

RETRIED = """
orchestration: o
services: {s: {time: "uniform(low=1s, high=2s)", fails: 10%}, f: {time: "uniform(low=1s, high=2s)"}}
flow:
  steps:
    a: {service: s, retry: {attempts: 3, backoff: 100ms}, compensation: {}}
    b: {service: f, after: a, compensation: {}}
    c: {service: f, after: a}
    d: {service: s, after: [b, c]}
"""
EVENTS = """
choreography: c
events: {Go: {}, Mid: {}, Done: {terminal: true}}
channels: {bus: {deliver: "uniform(low=10ms, high=100ms)"}}
routes: {Go: p, Mid: q}
starts: [Go]
participants:
  p: {subscribes: Go, handlers: {h: {on: Go, time: 1s, publishes: Mid}}}
  q: {subscribes: Mid, handlers: {h: {on: Mid, time: "uniform(low=0s, high=1s)", publishes: Done}}}
"""


def setting(text: str | model.Model) -> Setting:
    design = expand(load_text(text) if isinstance(text, str) else text)
    assert isinstance(design, model.Orchestration | model.Choreography)
    return setting_of(design, 1)


def longest(text: str | model.Model) -> float:
    """The worst case: not exceeded, and any less is, by a run that takes exactly so long."""
    found = worst_case(setting(text), 1000.0)
    assert found.exceeded is None
    assert not found.stopped
    late = worst_case(setting(text), found.longest - 0.001)
    assert late.exceeded is not None
    assert late.after == pytest.approx(found.longest)
    assert list(late.times) == sorted(late.times)
    return found.longest


def test_attempts_and_undos_count() -> None:
    # Three attempts of a with a pause of .1 before two of them, b beside c, d fails, b and a are undone.
    assert longest(RETRIED) == pytest.approx(3 * 2 + 0.2 + 2 + 2 + 2 + 2)


def test_messages_take_time() -> None:
    assert longest(EVENTS) == pytest.approx(0.1 + 1 + 0.1 + 1)


def test_lost_messages_only_make_it_shorter() -> None:
    assert longest(EVENTS.replace("deliver:", "delivery: at most once, deliver:")) == pytest.approx(0.1 + 1 + 0.1 + 1)


@pytest.mark.parametrize(("workers", "takes"), [(1, 8.0), (2, 4.0), (3, 4.0), (4, 2.0)])
def test_what_waits_for_a_worker_takes_longer(workers: int, takes: float) -> None:
    steps = ", ".join(f"s{number}: {{service: f, after: []}}" for number in range(4))
    services = f'services: {{f: {{workers: {workers}, time: "uniform(low=1s, high=2s)"}}}}'
    assert longest(f"orchestration: o\n{services}\nflow: {{steps: {{{steps}}}}}\n") == takes


def test_a_timeout_bounds_what_nothing_bounds() -> None:
    text = 'orchestration: o\nservices: {s: {time: "exponential(mean=1s)"}}\nflow: {steps: {a: {service: s TIMEOUT}}}\n'
    assert longest(text.replace("TIMEOUT", ", timeout: 3s")) == 3
    found = worst_case(setting(text.replace("TIMEOUT", "")), 100.0)
    assert found.exceeded is not None
    assert found.after == float("inf")


def test_endless_retries_have_no_worst_case() -> None:
    text = RETRIED.replace("attempts: 3", "attempts: unlimited")
    found = worst_case(setting(text), 50.0)
    assert found.exceeded is not None
    assert 50 < found.after < 60


def test_a_race_is_not_decided_by_the_slowest() -> None:
    """The branch that is first decides what comes next: a slow one that would be quick is no bound for it."""
    text = """
orchestration: o
variables: {first: {values: [none, left, right], initial: none}}
services: {s: {time: "uniform(low=1s, high=3s)"}, t: {time: "uniform(low=2s, high=4s)"}, long: {time: 10s}}
flow:
  steps:
    left:  {service: s, after: [], effect: {first: "left if first == none else first"}}
    right: {service: t, after: [], effect: {first: "right if first == none else first"}}
    then:  {service: long, after: [left, right], when: first == right}
"""
    assert longest(text) == 4 + 10 - 1  # right can only be first by 3 s, when left takes 3 s at most


@st.composite
def flows(draw: st.DrawFn) -> model.Orchestration:
    def delay() -> model.Delay:
        low = float(draw(st.integers(0, 2)))
        high = low + draw(st.integers(1, 2))
        return model.Delay(distribution="uniform", parameters={"low": low, "high": high})

    steps = {}
    for number in range(draw(st.integers(1, 4))):
        names = [f"s{earlier}" for earlier in range(number)]
        steps[f"s{number}"] = model.Step(
            service=draw(st.sampled_from(("good", "bad"))),
            time=delay(),
            after=tuple(sorted(draw(st.sets(st.sampled_from(names), max_size=2)))) if names else (),
            timeout=draw(st.sampled_from((None, None, 1.5))),
            retry=draw(st.sampled_from((None, model.Retry(attempts=2, backoff=0.5)))),
            compensation=draw(st.sampled_from((None, model.Compensation(time=delay())))),
        )
    return model.Orchestration(
        name="o",
        services={
            "good": model.Service(workers=draw(st.sampled_from((None, 1)))),
            "bad": model.Service(time=delay(), fails={"error": 0.4}),
        },
        flow=model.Flow(steps=steps),
    )


@settings(max_examples=60, deadline=None)
@given(design=flows())
def test_simulated_jobs_come_near_the_worst_case_and_never_exceed_it(design: model.Orchestration) -> None:
    simulated = simulate(design, 300, back_end="events").makespans
    worst = worst_case(setting(design), 1000.0).longest
    assert np.nanmax(simulated) <= worst + 1e-9
    assert longest(design) == worst


def test_zones_are_sets_of_points() -> None:
    zone = later(with_clock(ORIGIN))
    zone = at_most(zone, 2, 5) or zone
    assert upper(zone, 1) == 5  # both clocks began together
    zone = later(with_clock(at_least(zone, 2, 3) or zone))
    part = at_most(zone, 3, 1)
    assert part is not None
    assert (upper(part, 1), part[0][1]) == (6, -3)
    assert includes(zone, part)
    assert not includes(part, zone)
    assert at_least(part, 1, 7) is None
    assert upper(without_clock(part, 2), 2) == 1


def test_times_are_exact() -> None:
    unit = unit_of([0.1, 0.25, 3.0])
    assert unit.per_second == 20
    assert unit.seconds(unit.whole(0.1) + unit.whole(0.25)) == 0.35


def deadline(text: str, about: str) -> mc.Result:
    return mc.check(load_text(f"{text}properties: {{d: {{deadline: {about}}}}}\n"), properties=["d"])["d"]


def test_verdicts() -> None:
    assert deadline(RETRIED, "14.2s").verdict == Verdict.PROVED
    refuted = deadline(RETRIED, "14s")
    assert refuted.verdict == Verdict.REFUTED
    assert refuted.trace is not None
    assert "a takes 2 s + 2 s + 2 s" in refuted.reason
    assert deadline(RETRIED, "{within: 8s, probability: 10%}").verdict == Verdict.PROVED
    simulated = RETRIED + "correlation: 0.5\n"  # Then only a simulation knows.
    assert deadline(simulated, "{within: 8s, probability: 10%}").verdict == Verdict.BOUNDED
    assert deadline(simulated, "{within: 3.5s, probability: 90%}").verdict == Verdict.REFUTED
    assert deadline(RETRIED, "{within: 3.5s, probability: 90%}").verdict == Verdict.REFUTED


def test_the_probability_is_that_of_an_exponential_delay() -> None:
    text = 'orchestration: o\nservices: {s: {time: "exponential(mean=1s)"}}\nflow: {steps: {a: {service: s}}}\n'
    p = 1 - np.exp(-2.0)
    assert deadline(text, f"{{within: 2s, probability: {p - 0.01:.6f}}}").verdict in (Verdict.BOUNDED, Verdict.PROVED)
    assert deadline(text, f"{{within: 2s, probability: {p + 0.01:.6f}}}").verdict == Verdict.REFUTED
    assert "exponential" in deadline(text, "2s").reason


def test_jobs_that_queue_are_late() -> None:
    text = 'orchestration: o\nservices: {s: {time: "exponential(mean=800ms)", workers: 1}}\n'
    text += 'arrivals: "exponential(mean=1s)"\n'
    text += "flow: {steps: {a: {service: s}}}\n"
    # The time in an M/M/1 queue is exponential with mean 4 s.
    assert deadline(text, "{within: 4s, probability: 55%}").verdict in (Verdict.BOUNDED, Verdict.PROVED)
    assert deadline(text, "{within: 4s, probability: 75%}").verdict == Verdict.REFUTED
    assert "alone" in str(
        deadline(text.replace("exponential(mean=800ms)", "uniform(low=0s, high=1s)"), "1s").assumptions
    )


def test_crashes_may_happen_or_not() -> None:
    text = RETRIED.replace("fails: 10%}", "fails: 10%, crashes: {every: exponential(mean=1h), repair: 1min}}")
    undecided = deadline(text, "1000s")
    assert undecided.verdict == Verdict.UNKNOWN
    assert "without crashes it takes at most 14.2 s" in undecided.reason
    assert deadline(text, "14s").verdict == Verdict.REFUTED


def test_what_zones_do_not_know_is_not_decided() -> None:
    text = RETRIED.replace("fails: 10%}", "fails: 10%, crashes: {every: 1h, repair: 1min}}")
    undecided = deadline(text, "14s")
    assert undecided.verdict == Verdict.UNKNOWN
    assert "must break down" in undecided.reason


def test_what_has_no_times_has_no_deadline(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="E404"):
        deadline("system: s\nactions: {a: {}}\n", "2s")
    with pytest.raises(ModelError, match=r"E022|E026"):
        deadline(RETRIED, "soon")
    with pytest.raises(ModelError, match="E02"):
        deadline(RETRIED, "{within: 2s}")
    assert run("explain deadline") == 0
    assert "within" in capsys.readouterr().out
