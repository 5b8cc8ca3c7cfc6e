"""Executions that never end although no state comes back, under each fairness; and what is never asked for."""

from __future__ import annotations

import pytest

from modelcheck.api import check
from modelcheck.engine.target import Limits
from modelcheck.load import load_text
from modelcheck.results import Verdict

COUNTS = """
system: counts
fairness: {fairness}
variables: {{x: {{type: int, initial: 0}}, done: {{type: bool, initial: false}}}}
actions:
  up: {{when: not done, effect: {{x: x + 1}}{up}}}
  finish: {{when: not done, effect: {{done: true}}{finish}}}
finished: done
properties:
  ends: {{ends: system}}
"""
TWO_ACTORS = {"up": ", actor: p", "finish": ", actor: q"}
FEW = Limits(states=500, seconds=20)


@pytest.mark.parametrize(
    ("fairness", "actors", "refuted"),
    [
        ("none", {"up": "", "finish": ""}, True),
        ("weak", {"up": "", "finish": ""}, True),
        ("strong", {"up": "", "finish": ""}, True),
        ("outcomes", {"up": "", "finish": ""}, False),  # Who can always finish does so in the end.
        ("none", TWO_ACTORS, True),
        ("weak", TWO_ACTORS, False),
        ("strong", TWO_ACTORS, False),
        ("outcomes", TWO_ACTORS, False),
    ],
)
def test_a_walk_without_end_counts_if_it_is_fair(fairness: str, actors: dict[str, str], refuted: bool) -> None:
    result = check(load_text(COUNTS.format(fairness=fairness, **actors)), limits=FEW)["ends"]
    assert (result.verdict == Verdict.REFUTED) == refuted, result
    assert refuted or result.verdict in (Verdict.UNKNOWN, Verdict.BOUNDED)


def test_a_trigger_too_deep_for_the_engine_is_not_vacuous() -> None:
    text = """
system: far
variables: {x: {range: 0..60, initial: 0}, y: {range: 0..1, initial: 0}}
actions:
  up: {when: x < 60, effect: {x: x + 1}}
  flip: {when: x == 60, effect: {y: 1 - y}}
properties:
  comes: {leads_to: [x == 50, x == 60]}
  nothing: {leads_to: [x == 50 and y == 1, x == 60]}
"""
    results = check(load_text(text), engine="bounded")
    assert results["comes"].verdict == Verdict.PROVED
    assert not results["comes"].vacuous
    assert results["nothing"].vacuous


def test_the_hint_about_what_was_not_seen_names_the_limit_that_came_first() -> None:
    text = "system: counts\nvariables: {x: {range: 0..999, initial: 0}}\n"
    text += "actions: {up: {when: x < 999, effect: {x: x + 1}}}"
    for limits, option in ((Limits(depth=3), "--depth"), (Limits(states=300), "--states")):
        (note,) = [
            each for each in check(load_text(text), limits=limits, coverage=True).findings if each.code == "E304"
        ]
        assert note.hint == f"raise {option}"


def test_an_engine_that_counts_no_states_says_so() -> None:
    text = "system: one\nstates: 2\nvariables: {x: {range: 0..1, initial: 0}}\nactions: {up: {effect: {x: 1}}}"
    result = check(load_text(text), engine="bounded")["states"]
    assert result.verdict == Verdict.UNKNOWN
    assert result.reason == "not all states were counted: this engine counts none"
