"""Exact values of jobs, against what generated designs do when they are simulated: within intervals that can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from generated import choreographies, orchestrations
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from test_simulate import constant, exponential
from test_simulate_paths import timed_flow, timed_reactions

from modelcheck import model
from modelcheck.errors import ModelError
from modelcheck.expand import expand
from modelcheck.simulate import SimulationResult, events, simulate
from modelcheck.simulate.exact import Exact, NotExact, exact_of
from modelcheck.simulate.setting import setting_of
from modelcheck.simulate.statistics import mean_of, proportion_of

SURE = 0.99999
FEW = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
MAKE: dict[str, Callable[[float], model.Delay]] = {
    "exponential": exponential,
    "constant": constant,
    "erlang": lambda mean: model.Delay(distribution="erlang", parameters={"mean": mean, "shape": 2}),
}


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that never end are given up early."""
    monkeypatch.setattr(events, "MOST_STARTS", 2000)
    monkeypatch.setattr(events, "MOST_AT_ONCE", 200)


def known(design: model.Model) -> Exact:
    expanded = expand(design)
    assert isinstance(expanded, model.Orchestration | model.Choreography)
    return exact_of(setting_of(expanded, 1))


def simulated(design: model.Orchestration | model.Choreography, jobs: int) -> SimulationResult | None:
    """By events; nothing where the design has no run to speak of, nor an exact value where one goes on for ever."""
    try:
        return simulate(design, jobs, seed=5, back_end="events")
    except ModelError as error:
        codes = {problem.code for problem in error.problems}
    if not codes <= {"E404", "E408", "E409", "E410"}:
        raise AssertionError(codes)
    if "E410" in codes:
        with pytest.raises(NotExact):
            known(design)
    return None


def agree(design: model.Orchestration | model.Choreography, jobs: int = 1000) -> None:
    """Simulated jobs do what the exact values say."""
    result = simulated(design, jobs)
    if result is None:
        return
    try:
        exact = known(design)
    except NotExact:
        reject()
    for ending in {*result.outcomes, *(name[6:] for name in exact.values if name.startswith("ended "))}:
        share = exact[f"ended {ending}"].value if f"ended {ending}" in exact else 0.0
        assert share + 1e-12 >= proportion_of(result.outcomes.get(ending, 0), jobs, SURE).low
        assert share - 1e-12 <= proportion_of(result.outcomes.get(ending, 0), jobs, SURE).high
    for name, count in result.messages.items():
        assert count == pytest.approx(exact[name].value, abs=0.3 + 0.1 * count)
    assert result.undos.value == pytest.approx(exact["undos"].value, abs=0.15)
    times = result.makespans[~np.isnan(result.makespans)]
    if "mean" in exact and len(times) > 50:
        found = mean_of(times, SURE)
        assert found.low - 1e-9 <= exact["mean"].value <= found.high + 1e-9
        for percent in (50, 95):
            limit = exact[f"p{percent}"].value
            low, high = (proportion_of(int((times <= t).sum()), len(times), SURE) for t in (limit - 1e-6, limit + 1e-6))
            assert low.low <= percent / 100 <= high.high
            assert exact.within(limit + 1e-6).high >= percent / 100 - 1e-9


@FEW
@given(orchestrations(), st.sampled_from((0.2, 0.6)), st.sampled_from((None, 1)), st.sampled_from(sorted(MAKE)))
def test_flows(design: model.Orchestration, fails: float, workers: int | None, law: str) -> None:
    timed = timed_flow(design, fails, workers, arrive=False)
    services = {name: replace(service, time=MAKE[law](1.0)) for name, service in timed.services.items()}
    agree(replace(timed, services=services))


@FEW
@given(choreographies(), st.sampled_from(("drop", "retry", "dead letter")), st.sampled_from((0.0, 0.5)))
def test_reactions(design: model.Choreography, on_failure: str, deliver: float) -> None:
    agree(timed_reactions(design, on_failure, exponential(deliver) if deliver else constant(0.0)))
