"""Scalability under a declared objective (audit B9), and objectives."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import modelcheck as mc
from modelcheck import model
from modelcheck.cli import main
from modelcheck.compare.objective import judge, objective_of
from modelcheck.compare.scalability import Scalability, scale, set_beside
from modelcheck.errors import ModelError
from modelcheck.load import load_text
from modelcheck.simulate import simulate


def team(name: str, least: int, seconds: float = 1.0) -> model.Orchestration:
    """N people work one after another; the result is accepted only if there are at least so many of them."""
    design = load_text(
        f"""
orchestration: {name}
constants: {{N: {least}}}
variables: {{done: {{over: 1..N, type: bool, initial: false}}}}
flow:
  steps:
    work: {{for each: i in 1..N, in turn: true, time: {seconds}s, effect: {{"done[i]": true}}}}
    accept: {{after: [work], check: N >= {least}}}
""",
        f"{name}.yaml",
    )
    assert isinstance(design, model.Orchestration)
    return design


def found_at(name: str, least: int, most: float) -> Scalability:
    return scale(team(name, least), "N", range(1, 8), f"mean <= {most}s", jobs=2)


def test_min_max_and_ratio() -> None:
    found = found_at("five", 4, 5)
    assert (found.least, found.most, found.bounded) == (4, 5, True)
    assert found.ratio == pytest.approx(5 / 4)
    assert [point.possible for point in found.points] == [False, False, False, True, True, True, True]
    assert [point.met for point in found.points] == [False, False, False, True, True, False, False]
    assert "Max / Min = 1.25" in str(found)


def test_ratio_and_capacity_can_disagree() -> None:
    """B9: 5/4 against 3/2."""
    first, second = found_at("large", 4, 5), found_at("small", 2, 3)
    assert (second.least, second.most) == (2, 3)
    said = set_beside(first, second)
    assert "DISAGREE" in said
    assert "5/4 = 1.25 against 3/2 = 1.5" in said
    assert "large takes more, and small has the greater ratio" in said
    assert "do not disagree" in set_beside(first, found_at("less", 4, 4))
    assert "they are equal" in set_beside(first, first)


def test_without_a_limit_there_is_no_max() -> None:
    found = scale(team("free", 2), "N", [1, 2, 3], "mean <= 100s", jobs=2)
    assert not found.bounded
    assert "at least 3" in str(found)
    assert "undefined if there is no limit" in " ".join(str(found).split())


def test_an_objective_that_is_never_met() -> None:
    found = scale(team("slow", 2), "N", [2, 3], "mean <= 1s", jobs=2)
    assert (found.least, found.most, found.ratio) == (2, None, None)
    assert "none of these values meets the objective" in str(found)
    assert "cannot be compared" in set_beside(found, found)
    none = scale(team("never", 9), "N", [2, 3], "mean <= 9s", jobs=2)
    assert none.least is None
    assert "with none of these values" in str(none)


def test_what_no_simulated_job_did_is_asked_of_the_state_space() -> None:
    """Success is possible but so rare that no simulated job has it: Min is not wrong for that."""
    design = load_text(
        """
orchestration: rare
constants: {N: 1}
services: {s: {time: 1s, fails: {failed: 99.99999%}}}
flow: {steps: {a: {service: s}}}
""",
        "rare.yaml",
    )
    (point,) = scale(design, "N", [1], "mean <= 2s", jobs=5).points
    assert point.result is not None
    assert point.result.success.value == 0
    assert point.possible


def queue(workers: int | None = 1) -> model.Orchestration:
    delay = model.Delay(distribution="exponential", parameters={"mean": 1.0})
    return model.Orchestration(
        name="queue",
        services={"s": model.Service(time=delay, workers=workers), "other": model.Service(time=delay)},
        flow=model.Flow(steps={"a": model.Step(service="s")}),
    )


def test_capacity_of_a_queue() -> None:
    """M/M/1: the mean is 1/(1 - rate), so that a mean of 2 allows a rate of 0.5; from 1 on the queue grows for ever."""
    found = scale(queue(), "rate", [0.2, 0.4, 0.6, 0.8, 1.2], "mean <= 2s", jobs=20_000)
    assert found.most == 0.4
    assert found.points[-1].result is None
    assert "without end" in str(found)
    busy = scale(queue(), "rate", [0.2, 0.4, 0.6, 0.8], "utilisation <= 70%", jobs=5_000)
    assert busy.most == 0.6


def test_workers_are_varied() -> None:
    design = replace(
        queue(), arrivals=model.Arrivals(interval=model.Delay(distribution="exponential", parameters={"mean": 0.7}))
    )
    found = scale(design, "workers of s", [1, 2, 3], "p95 <= 7s", jobs=4_000)
    assert [point.met for point in found.points] == [False, True, True]
    assert found.least == 1  # jobs can be done, however late
    both = scale(design, "workers", [1, 2, 3], "p95 <= 7s", jobs=4_000)
    assert [point.met for point in both.points] == [False, True, True]
    events = mc.load("seed_order_choreography")
    assert scale(events, "listeners", [1, 2], "mean <= 1s", jobs=50).points


@pytest.mark.parametrize(
    ("text", "measure", "bound"),
    [
        ("p95 <= 2s", "p95", 2.0),
        ("p99.9<300ms", "p99.9", 0.3),
        ("mean < 1.5 min", "mean", 90.0),
        ("utilisation <= 80%", "utilisation", 0.8),
        ("success >= .99", "success", 0.99),
        ("p50 > 0", "p50", 0.0),
    ],
)
def test_objectives(text: str, measure: str, bound: float) -> None:
    (clause,) = objective_of(text).clauses
    assert (clause.measure, clause.bound) == (measure, pytest.approx(bound))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a measure"),
        ("p95 below 2s", "a measure"),
        ("p95 <= 2 parsec", "unknown unit 'parsec'"),
        ("men <= 2s", "did you mean 'mean'"),
        ("p0 <= 2s", "no percentile"),
        ("success >= 99s", "is a share"),
        ("mean <= 1..2s", "is not a number"),
        ("mean <= 1e999s", "too large"),
    ],
)
def test_what_is_no_objective(text: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        objective_of(text)
    assert caught.value.problems[0].code == "E425"
    assert said in caught.value.problems[0].message


def test_each_clause_is_judged() -> None:
    result = simulate(queue(), 2_000)
    judged = judge(objective_of("mean <= 2s and p95 <= 1s, p90 <= 2.3s and success >= 1"), result)
    assert [each.met for each in judged[:2]] == [True, False]
    assert judged[0].sure
    assert judged[2].found.value == pytest.approx(2.3026, rel=0.1)  # ln 10
    assert not judged[2].sure
    assert judged[3].met


@pytest.mark.parametrize(
    ("vary", "values", "objective", "code"),
    [
        ("M", [1], "mean <= 1s", "E426"),
        ("N", [1.5], "mean <= 1s", "E426"),
        ("rate", [0], "mean <= 1s", "E426"),
        ("workers", [], "mean <= 1s", "E426"),
        ("workers", range(1, 999), "mean <= 1s", "E426"),
        ("workers of nobody", [1], "mean <= 1s", "E426"),
        ("N", [1], "utilisation <= 80%", "E425"),
    ],
)
def test_what_cannot_be_varied(vary: str, values: list[float], objective: str, code: str) -> None:
    with pytest.raises(ModelError) as caught:
        scale(team("o", 1), vary, list(values), objective, jobs=2)
    assert caught.value.problems[0].code == code


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "scale.svg"
    words = ["scale", "group_trip", "--vary", "N=1..4", "--objective", "mean <= 300ms", "--jobs", "500"]
    assert main([*words, "--plot", str(picture)]) == 0
    assert "Max / Min" in capsys.readouterr().out
    assert picture.read_text().startswith("<?xml")
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["min"] == 1
    pair = ["scale", "order_orchestration", "order_choreography", "--vary", "rate=5..15 by 5", "--jobs", "200"]
    assert main([*pair, "--objective", "p95 <= 1s"]) == 0
    assert "Ratio and capacity do not disagree" in capsys.readouterr().out
    assert main([*pair, "--objective", "p95 <= 1us", "--json"]) == 1
    assert "verdict" in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("values", ["N", "N=", "N=a", "N=1..", "=1..2", "N=1..9999", "N=nan", "rate=1..5 by x"])
def test_values_that_are_none(values: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["scale", "group_trip", "--vary", values, "--objective", "mean <= 1s"])
    assert caught.value.code == 2
    assert "--vary" in capsys.readouterr().err


def test_it_shows_itself() -> None:
    found = mc.scale("group_trip", "N", [1, 2], "mean <= 240ms", jobs=200)
    assert "group_trip" in found._repr_html_()
    json.dumps(found.to_dict(), allow_nan=False)
    ax = found.plot()
    assert ax.get_xlabel() == "N"
    assert ax.get_ylabel() == "mean (s)"
