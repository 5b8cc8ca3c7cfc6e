"""Users whose jobs never end send no more: what there was is told."""

from __future__ import annotations

import modelcheck as mc
from modelcheck.load import load_text

STUCK = """
orchestration: stuck
variables: {p: false}
services: {a: {time: 1s, fails: 10%}}
flow:
  steps:
    s: {service: a, outcomes: {error: {p: true}}, transitions: [{to: t, on: [ok, error]}]}
    t: {await: not p}
arrivals: {users: 2, think: 1s}
"""


def test_users_whose_jobs_are_stuck_send_no_more() -> None:
    found = mc.simulate(load_text(STUCK), jobs=10_000, seed=3)
    assert found.outcomes["stuck"] == 2
    assert found.jobs == sum(found.outcomes.values()) < 10_000
    assert found.outcomes["completed"] == found.jobs - 2
    assert any("never ended" in note for note in found.notes)
