"""Ranges of jobs: however they are cut and whoever runs them, the jobs are the same to the last bit."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modelcheck as mc
from modelcheck.cli import main
from modelcheck.errors import ModelError
from modelcheck.expand import expand
from modelcheck.simulate.back_ends import BACK_ENDS, BackEnd
from modelcheck.simulate.jobs import Runs, joined
from modelcheck.simulate.ranges import Range, run_range, runs_of
from modelcheck.simulate.setting import Setting, setting_of

JOBS = 300
COLUMNS = ("makespans", "undos", "calls", "publishes", "deliveries")
LONE = """
orchestration: lone
services: {a: {time: exponential(20ms)}, b: {time: "lognormal(mean=30ms, sigma=0.5)"}}
flow:
  steps:
    first: {service: a}
    left: {service: b, after: first}
    right: {service: a, after: first}
    last: {service: b, after: [left, right]}
"""


def cases() -> list[tuple[Setting, BackEnd]]:
    """Every back end that can run a range by itself, on designs where each job runs alone."""
    from modelcheck.load import load_text

    designs = [load_text(LONE), *map(mc.load, ("order_orchestration", "order_choreography", "group_trip"))]
    made = [setting_of(expand(design), 5) for design in designs]  # type: ignore[type-var]
    return [
        (setting, back_end)
        for setting in made
        for back_end in BACK_ENDS
        if back_end.name != "exact" and not back_end.obstacle(setting)
    ]


CASES = cases()
WHOLE = [joined(back_end.blocks(setting, range(JOBS))) for setting, back_end in CASES]


def assert_same(found: Runs, whole: Runs) -> None:
    for column in COLUMNS:
        assert getattr(found, column).tobytes() == getattr(whole, column).tobytes(), column
    assert [found.labels[each] for each in found.endings] == [whole.labels[each] for each in whole.endings]
    assert {key: count for key, count in found.starts.items() if count} == {
        key: count for key, count in whole.starts.items() if count
    }


@settings(max_examples=15, deadline=None)
@given(st.integers(0, len(CASES) - 1), st.sets(st.integers(1, JOBS - 1), max_size=4))
def test_however_it_is_cut(case: int, cuts: set[int]) -> None:
    setting, back_end = CASES[case]
    ranges = [range(first, stop) for first, stop in pairwise([0, *sorted(cuts), JOBS])]
    assert_same(joined(runs_of(setting, back_end, ranges)), WHOLE[case])


@pytest.mark.parametrize("case", range(len(CASES)), ids=[f"{s.design.name}-{b.name}" for s, b in CASES])
def test_whoever_runs_it(case: int) -> None:
    setting, back_end = CASES[case]
    ranges = [range(first, min(first + 70, JOBS)) for first in range(0, JOBS, 70)]
    with ThreadPoolExecutor(2) as hands:
        assert_same(joined(runs_of(setting, back_end, ranges, hands)), WHOLE[case])


@pytest.mark.parametrize("case", range(len(CASES)), ids=[f"{s.design.name}-{b.name}" for s, b in CASES])
def test_a_range_that_was_sent_away(case: int) -> None:
    setting, back_end = CASES[case]
    sent = pickle.dumps(Range(setting.design, setting.plan.seed, BACK_ENDS.index(back_end), 0, JOBS))
    found = pickle.loads(pickle.dumps(run_range(pickle.loads(sent))))
    assert_same(joined(found), WHOLE[case])


def test_more_ranges_than_memory_holds_are_made_when_they_are_needed() -> None:
    setting, back_end = CASES[0]
    ranges = (range(first, first + 1) for first in range(10**9))
    with ThreadPoolExecutor(2) as hands:
        runs = runs_of(setting, back_end, ranges, hands)
        assert [next(runs).first for _ in range(100)] == list(range(100))
        runs.close()  # type: ignore[attr-defined]  # it is a generator


@pytest.mark.parametrize("goal", [{"jobs": 20_000}, {"precision": 0.01}])
def test_a_simulation_over_others_is_that_of_one(goal: dict[str, float]) -> None:
    design = mc.load("order_orchestration")
    alone = mc.simulate(design, **goal)  # type: ignore[arg-type]
    with ThreadPoolExecutor(2) as threads:
        found = mc.simulate(design, executor=threads, **goal)  # type: ignore[arg-type]
    assert found.makespans.tobytes() == alone.makespans.tobytes()
    assert found.to_dict() == alone.to_dict()


def test_a_simulation_over_processes_is_that_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", "order_orchestration", "--jobs", "20000", "--json"]
    assert main([*words, "--workers", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == found


def test_workers_that_cannot_work() -> None:
    with pytest.raises(ModelError, match="E440"):
        mc.simulate("order_orchestration", jobs=10, workers=0)
