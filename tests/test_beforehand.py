"""The work of jobs that is known beforehand is the work that they do."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from queued import constant, exponential, networks, row, sagas, setting

from modelcheck import model
from modelcheck.simulate.beforehand import work_beforehand
from modelcheck.simulate.stability import PILOT, _work_by_events

SLOW = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@SLOW
@given(st.one_of(sagas(), networks()))
def test_it_is_what_the_event_loop_counts_job_by_job(design: model.Orchestration) -> None:
    prepared = setting(design)
    known, done = work_beforehand(prepared, range(PILOT)), _work_by_events(prepared)
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
