"""Exact values where several things happen at one instant, or where nothing takes any time."""

from __future__ import annotations

import pytest

from modelcheck.load import load_text
from modelcheck.simulate.back_ends import choose
from modelcheck.simulate.exact import exact_of
from modelcheck.simulate.jobs import joined
from modelcheck.simulate.possible import simulable
from modelcheck.simulate.setting import Setting, setting_of

# Messages come at the instant in which other work ends: what is there then decides who gets the listeners.
CROWDED = """
choreography: crowded
events: {E0: {topic: t}, E1: {topic: u}, E2: {topic: u}, E3: {topic: u}, E4: {topic: t}}
topics: {t: bus, u: lane}
channels:
  bus: {capacity: 1, order: unordered, overflow: block, publish: 1s}
  lane: {publish: 250ms, deliver: 500ms}
routes: {E0: [p0, p1, p2], E1: [p0, p2], E3: p1, E4: p1}
participants:
  p0:
    subscribes: [E0, E1]
    handlers: {h0: {on: E0, publishes: E1, time: 500ms}, h1: {on: E1, publishes: E4, time: 250ms}}
    workers: 2
  p1:
    subscribes: [E0, E3, E4]
    handlers:
      h0: {on: E0, publishes: [E2, E1], time: 250ms}
      h3: {on: E3, publishes: E4, time: 250ms}
      h4: {on: E4, time: 500ms}
    workers: unlimited
  p2:
    subscribes: [E1, E0]
    handlers:
      h1: {on: E1, publishes: [E2, E3], time: 1s}
      h0: {on: E0, publishes: E1, on_failure: retry, time: 500ms, fails: 20%}
    workers: unlimited
starts: E0
listeners: 2
"""


def setting(text: str) -> Setting:
    return setting_of(simulable(load_text(text)), 7)


def test_a_message_is_there_for_all_that_happens_at_its_instant() -> None:
    found = setting(CROWDED)
    runs = joined(choose(found)[0].blocks(found, range(20_000)))
    visits = runs.starts["step", "p1.h4"] / len(runs)
    assert exact_of(found)["visits p1.h4"].value == pytest.approx(visits, abs=4e-3)
    assert exact_of(found)["publishes"].value == pytest.approx(float(runs.publishes.mean()), abs=0.02)
