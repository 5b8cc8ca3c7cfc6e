"""Arrivals and correlation: jobs come when they should, the same however they are asked for."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from modelcheck.errors import Located, ModelError, Position
from modelcheck.load import load_text
from modelcheck.load.write import to_text
from modelcheck.model import Arrivals, Bursts, Delay, Flow, Orchestration, Recording, Service, Step
from modelcheck.simulate import simulate
from modelcheck.simulate.arrivals import BLOCK, Intervals, Users, arrivals_of
from modelcheck.simulate.delays import Recorded, sampler
from modelcheck.simulate.draws import Draws
from modelcheck.simulate.plan import plan_of

JOBS = 20_000


def exponential(mean: float) -> Delay:
    return Delay(distribution="exponential", parameters={"mean": mean})


def constant(value: float) -> Delay:
    return Delay(distribution="constant", parameters={"value": value})


def intervals(**how: object) -> Intervals:
    found, users, _ = arrivals_of(Arrivals(**how), 1, "a")  # type: ignore[arg-type]
    assert found is not None
    assert users is None
    return found


def users(count: int, think: Delay | None = None) -> Users:
    _, found, _ = arrivals_of(Arrivals(users=count, think=think), 1, "a")
    assert found is not None
    return found


def flow(**more: object) -> Orchestration:
    steps = {"a": Step(time=exponential(1.0)), "b": Step(time=constant(0.5))}
    return Orchestration(name="o", flow=Flow(steps=steps), **more)  # type: ignore[arg-type]


WAYS: dict[str, dict[str, object]] = {
    "Poisson": {"interval": exponential(0.5)},
    "bursts": {"bursts": Bursts(size=3, every=exponential(1.0))},
    "geometric bursts": {"bursts": Bursts(size=2.5, geometric=True, every=constant(1.0))},
    "recorded": {"recorded": Recording(file=Recorded("these", [10.0, 10.5, 10.5, 12.0]))},
}


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(cuts=st.lists(st.integers(0, 2 * BLOCK + 9), max_size=4))
def test_arrival_times_are_the_same_however_they_are_asked_for(how: dict[str, object], cuts: list[int]) -> None:
    jobs = 2 * BLOCK + 9
    one_by_one = intervals(**how)
    known = list(accumulate(one_by_one(job) for job in range(jobs)))
    asked = intervals(**how)
    for first in sorted(cuts, reverse=True):
        assert asked.times(range(first, min(first + 5, jobs))).tolist() == known[first : first + 5]
    edges = sorted({0, jobs, *cuts})
    pieces = [asked.times(range(first, end)) for first, end in pairwise(edges)]
    assert np.concatenate(pieces).tolist() == known
    assert asked.time(BLOCK) == known[BLOCK]
    assert asked.time(3) == known[3]
    some = np.array([7, 3, BLOCK])
    assert asked.of_jobs(some).tolist() == [asked(7), asked(3), asked(BLOCK)]


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_the_mean_interval_is_the_mean(how: dict[str, object]) -> None:
    found = intervals(**how)
    drawn = found.of_jobs(range(JOBS))
    assert abs(drawn.mean() - found.mean) < 3.29 * drawn.std() / math.sqrt(JOBS) * math.sqrt(3)
    assert (found.delay is None) == ("interval" not in how)


def test_the_jobs_of_a_burst_arrive_at_the_same_instant() -> None:
    times = intervals(bursts=Bursts(size=3, every=constant(2.0))).times(range(7))
    assert times.tolist() == [2, 2, 2, 4, 4, 4, 6]


def test_geometric_bursts_have_geometric_sizes() -> None:
    times = intervals(bursts=Bursts(size=4.0, geometric=True, every=constant(1.0))).times(range(JOBS))
    sizes = np.unique(times, return_counts=True)[1][:-1]
    most = 12
    seen = np.bincount(np.minimum(sizes, most), minlength=most + 1)[1:]
    wanted = np.array([*stats.geom(0.25).pmf(np.arange(1, most)), stats.geom(0.25).sf(most - 1)]) * len(sizes)
    assert stats.chisquare(seen, wanted * seen.sum() / wanted.sum()).pvalue > 0.001


def test_recorded_arrivals_begin_with_the_first_and_begin_again(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "what,when\nbuy,2024-08-03T08:00:00Z\nlook,2024-08-03T08:00:01Z\nbuy,2024-08-03T08:00:06Z\n"
        "buy,2024-08-03T10:00:02+02:00\n"
    )
    file = Located("log.csv", Position(str(tmp_path / "model.yaml"), 1, 1))
    found = intervals(recorded=Recording(file=file, column="when", where="what=buy"))
    assert found.times(range(7)).tolist() == [0, 2, 6, 9, 11, 15, 18]
    assert found.mean == 3
    design = flow(arrivals=Arrivals(recorded=Recording(file=file, column="when")))
    assert "4 arrivals are recorded in log.csv: what is used up begins again" in plan_of(design, 1).notes
    assert simulate(design, jobs=8, warmup=0).jobs == 8


def test_users_think_by_themselves() -> None:
    found = users(3, exponential(2.0))
    pauses = [[found.pause(user, turn) for turn in range(1, 400)] for user in range(3)]
    assert stats.kstest(np.concatenate(pauses), stats.expon(scale=2).cdf).pvalue > 0.001
    assert found.mean_think == 2
    assert pauses[1][4] == users(5, exponential(2.0)).pause(1, 5)
    assert users(2).pause(0, 1) == 0


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({}, "E430: arrivals need one of interval, bursts, recorded, users; nothing is given"),
        ({"interval": constant(1), "users": 2}, "interval and users are given"),
        ({"interval": constant(1), "think": constant(1)}, "'think' is for 'users'"),
        ({"interval": constant(0)}, "E405"),
        ({"interval": Delay(distribution="pareto", parameters={"scale": 1, "shape": 1})}, "has no mean"),
        ({"interval": Delay(distribution="exponential")}, "E402: 'exponential' needs mean"),
        ({"bursts": Bursts(size=2.5, every=constant(1))}, "a burst of 2.5 jobs cannot be"),
        ({"bursts": Bursts(size=0.5, geometric=True, every=constant(1))}, "a burst of 0.5 jobs cannot be"),
        ({"bursts": Bursts(size=math.nan, every=constant(1))}, "a burst of nan jobs cannot be"),
        ({"recorded": Recording(file="no such file")}, "E403: cannot read measured times from 'no such file'"),
        ({"recorded": Recording(file="x", unit="m")}, "the unit must be one of"),
        ({"recorded": Recording(file=Recorded("these", [3]))}, "one time in 'these' says nothing"),
        ({"recorded": Recording(file=Recorded("these", [3, 3]))}, "E405"),
        ({"users": 0}, "there are 0 users"),
        ({"users": 2, "think": constant(-1)}, "value must be 0 or more, not -1"),
    ],
)
def test_arrivals_that_cannot_be_are_refused(how: dict[str, object], says: str) -> None:
    with pytest.raises(ModelError) as caught:
        plan_of(flow(arrivals=Arrivals(**how)), 1)  # type: ignore[arg-type]
    assert says in str(caught.value)


def test_wrong_recordings_say_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("when\n2024-08-03\nyesterday\n")
    for recording, says in (
        (Recording(file=str(file)), "line 3: 'yesterday' is neither a number nor a date"),
        (Recording(file=str(file), column="then"), "there is no column 'then'; did you mean 'when'?"),
        (Recording(file=str(file), where="then"), "'then' is not column=value"),
    ):
        with pytest.raises(ModelError, match=says):
            intervals(recorded=recording)


ARRIVALS = "orchestration: o\nflow: {{steps: {{a: {{time: 20ms}}}}}}\narrivals: {}\n"


@pytest.mark.parametrize(
    ("text", "arrivals"),
    [
        ("50/s", Arrivals(interval=exponential(0.02))),
        ("3 / min", Arrivals(interval=exponential(20.0))),
        ("{rate: 50/s}", Arrivals(interval=exponential(0.02))),
        ("20ms", Arrivals(interval=constant(0.02))),
        ("{interval: 20ms}", Arrivals(interval=constant(0.02))),
        ("{bursts: {size: 10, every: 1s}}", Arrivals(bursts=Bursts(size=10, every=constant(1.0)))),
        (
            "{bursts: {every: exponential(1s), size: geometric(mean=2.5)}}",
            Arrivals(bursts=Bursts(size=2.5, geometric=True, every=exponential(1.0))),
        ),
        ("{recorded: a/log.csv}", Arrivals(recorded=Recording(file="a/log.csv"))),
        (
            "{recorded: {file: log.csv, column: when, where: what=buy, unit: ms}}",
            Arrivals(recorded=Recording(file="log.csv", column="when", where="what=buy", unit="ms")),
        ),
        ("{users: 20, think: exponential(5s)}", Arrivals(users=20, think=exponential(5.0))),
        ("{users: 20}", Arrivals(users=20)),
    ],
)
def test_arrivals_are_read_and_written(text: str, arrivals: Arrivals) -> None:
    design = load_text(ARRIVALS.format(text))
    assert isinstance(design, Orchestration)
    assert design.arrivals == arrivals
    assert load_text(to_text(design)) == design


def test_work_without_a_mean_cannot_be_queued_for() -> None:
    endless = Delay(distribution="pareto", parameters={"scale": 0.01, "shape": 1})
    service = {"s": Service(time=endless, workers=2)}
    design = Orchestration(name="o", services=service, flow=Flow(steps={"a": Step(service="s")}))
    assert "what a takes has no mean: look at percentiles, not at means" in plan_of(design, 1).notes
    arriving = replace(design, arrivals=Arrivals(interval=constant(1.0)))
    with pytest.raises(ModelError, match="E413: s cannot keep up: what a takes has no mean"):
        simulate(arriving)
    patient = replace(arriving, flow=Flow(steps={"a": Step(service="s", timeout=0.1)}))
    assert simulate(patient, jobs=100).jobs == 100


@pytest.mark.parametrize("correlation", [0.25, 0.9, 1.0])
def test_correlated_durations_keep_their_distributions(correlation: float) -> None:
    delay = exponential(1.0)
    found = [Draws(7, task, "service", sampler(delay), delay, correlation).of_jobs(range(JOBS)) for task in "ab"]
    for durations in found:
        assert stats.kstest(durations, stats.expon.cdf).pvalue > 0.001
    normal = [stats.norm.ppf(stats.expon.cdf(durations)) for durations in found]
    seen = np.arctanh(min(np.corrcoef(normal)[0, 1], 1 - 1e-12))
    if correlation < 1:
        assert abs(seen - np.arctanh(correlation)) < 3.29 / math.sqrt(JOBS - 3)
    else:
        assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_correlated_draws_are_the_same_however_they_are_asked_for() -> None:
    delay = exponential(1.0)
    draws = Draws(7, "a", "service", sampler(delay), delay, 0.5)
    known = draws.of_jobs(range(3000), 2, 3)
    assert [draws(job, 2, 3) for job in range(3000)] == known.tolist()
    some = np.array([2999, 5, 17])
    assert draws.of_jobs(some, 2, 3).tolist() == known[some].tolist()
    assert [float(draws.of_jobs(range(job, job + 1), 2, 3)[0]) for job in some] == known[some].tolist()


def test_correlated_jobs_vary_more_and_take_as_long_on_average() -> None:
    steps = {name: Step(time=exponential(1.0)) for name in "abcd"}
    alone = Orchestration(name="o", flow=Flow(steps=steps))
    together = replace(alone, correlation=0.5)
    results = [simulate(design, jobs=JOBS, confidence=0.999) for design in (alone, together)]
    for result in results:
        assert result.mean.low < 4 < result.mean.high
    assert results[1].makespans.var() > 1.5 * results[0].makespans.var()
    slow = simulate(together, jobs=500, back_end="events")
    assert slow.makespans.tolist() == results[1].makespans[:500].tolist()


def test_a_correlation_that_cannot_be_is_refused() -> None:
    with pytest.raises(ModelError, match=r"E431: a correlation of 1\.5 cannot be"):
        plan_of(flow(correlation=1.5), 1)


@pytest.mark.parametrize(
    "bursts",
    [Bursts(size=3, every=exponential(5.0)), Bursts(size=2.0, geometric=True, every=exponential(1 / 0.3))],
    ids=["always 3", "geometric"],
)
def test_bursts_wait_as_long_as_batches_do(bursts: Bursts) -> None:
    """M^X/M/1: L = r (E[X²] + E[X]) / (2 E[X] (1 - r)) (Gross and Harris 1998, 3.1); r = 0.6 here, so that W = 5."""
    service = {"s": Service(time=exponential(1.0), workers=1)}
    flow = Flow(steps={"a": Step(service="s")})
    design = Orchestration(name="o", services=service, flow=flow, arrivals=Arrivals(bursts=bursts))
    found = simulate(design, jobs=60_000, seed=2, confidence=0.999).mean
    assert found.low < 5 < found.high
    assert found.high - found.low < 1.5
