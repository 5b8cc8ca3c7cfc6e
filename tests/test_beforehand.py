"""The work of jobs that is known beforehand is the work that they do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from queued import constant, exponential, networks, row, sagas, setting

from modelcheck import model
from modelcheck.errors import ModelError
from modelcheck.load import load_text
from modelcheck.simulate import simulate
from modelcheck.simulate.beforehand import work_beforehand
from modelcheck.simulate.stability import PILOT, _work_by_events

SLOW = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@SLOW
@given(st.one_of(sagas(), networks()))
def test_it_is_what_the_event_loop_counts_job_by_job(design: model.Orchestration) -> None:
    prepared = setting(design)
    known, done = work_beforehand(prepared, range(PILOT)), _work_by_events(prepared, PILOT)
    assert known is not None
    assert known.keys() == done.keys()
    for pool, work in known.items():
        assert np.allclose(work, done[pool])


def test_it_is_not_known_where_times_decide_what_is_done() -> None:
    service = model.Service(time=exponential(1), workers=1, fails={"error": 0.2})
    assert work_beforehand(setting(row(0.4, [service, service], parallel=True)), range(10)) is None
    sure = model.Service(time=constant(2), workers=1)
    known = work_beforehand(setting(row(0.4, [sure, sure], parallel=True)), range(10))
    assert known is not None
    assert known["p0"].tolist() == [2.0] * 10


def test_a_rare_choice_that_brings_much_work_is_not_overlooked() -> None:
    """One job in five brings work for 6 s, and one arrives each second: 200 jobs would not tell 1.2 from 1."""
    text = """
orchestration: rare
variables: {kind: {range: 1..5, initial: 1..5}}
services: {few: {time: exponential(mean=6s), workers: 1}}
arrivals: 1/s
flow: {steps: {a: {transitions: {b: kind == 1, end: otherwise}}, b: {service: few}}}
"""
    with pytest.raises(ModelError, match="E413"):
        simulate(load_text(text), 100)
    assert simulate(load_text(text.replace("6s", "4s")), 100).jobs == 100
