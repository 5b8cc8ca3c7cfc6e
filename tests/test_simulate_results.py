"""Results, statistics and refusals of the simulator."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelcheck import model
from modelcheck.cli import main
from modelcheck.errors import ModelError
from modelcheck.simulate import setting_of, simulate
from modelcheck.simulate.back_ends import choose
from modelcheck.simulate.course import Goal, follow
from modelcheck.simulate.ledger import Ledger
from modelcheck.simulate.result import show_time
from modelcheck.simulate.summary import summary_of


def exponential(mean: float) -> model.Delay:
    return model.Delay(distribution="exponential", parameters={"mean": mean})


def queue(rate: float, workers: int = 1) -> model.Orchestration:
    return model.Orchestration(
        name="queue",
        services={"payment": model.Service(time=exponential(1), workers=workers)},
        flow=model.Flow(steps={"pay": model.Step(service="payment")}),
        arrivals=model.Arrivals(interval=exponential(1 / rate)),
    )


def test_a_queue_that_grows_for_ever_is_refused_before_it_runs() -> None:
    with pytest.raises(ModelError, match=r"payment cannot keep up: its utilisation would be 1\.1"):
        simulate(queue(1.1), 10**9)
    with pytest.raises(ModelError, match="cannot keep up"):
        simulate(queue(2.0, workers=2), 10**9)
    assert any("close to saturation" in note for note in simulate(queue(0.97), 50).notes)
    assert not any("saturation" in note for note in simulate(queue(0.5), 50).notes)


def test_work_that_is_done_again_counts_for_the_load() -> None:
    design = model.Orchestration(
        name="feedback",
        services={"s": model.Service(time=exponential(1), workers=1, fails={"error": 0.5})},
        flow=model.Flow(steps={"a": model.Step(service="s", retry=model.Retry(attempts=None))}),
        arrivals=model.Arrivals(interval=exponential(1 / 0.7)),
    )
    with pytest.raises(ModelError, match="cannot keep up"):
        simulate(design, 10**9)


def flow(step: model.Step, **service: object) -> model.Orchestration:
    return model.Orchestration(
        name="flow",
        services={"s": model.Service(**service)},  # type: ignore[arg-type]
        flow=model.Flow(steps={"a": step}),
    )


STEP = model.Step(service="s")


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (model.System(name="bare"), "nothing in it has a duration"),
        (flow(STEP), "nothing in 'flow' has a duration"),
        (flow(STEP, time=exponential(-1)), "mean must be above 0"),
        (flow(STEP, time=exponential(1), workers=0), "0 workers"),
        (flow(STEP, time=exponential(1), fails={"error": 0.7, "failed": 0.6}), "add up to 1.3"),
        (flow(STEP, time=exponential(1), fails={"error": -0.1}), "probability of 'error' is -0.1"),
        (
            flow(model.Step(service="s", retry=model.Retry(attempts=None)), time=exponential(1), fails={"error": 1.0}),
            "does not end",
        ),
        (
            flow(model.Step(service="s", transitions=(model.Transition(to="a"),)), time=exponential(1)),
            "does not end",
        ),
    ],
)
def test_wrong_designs_are_refused(design: model.Model, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        simulate(design, 10)


@pytest.mark.parametrize(
    ("jobs", "back_end", "warmup", "confidence", "said"),
    [
        (0, "auto", None, 0.95, "0 jobs"),
        (10, "exactly", None, 0.95, "unknown back end 'exactly'"),
        (10, "auto", 10, 0.95, "leaves nothing"),
        (10, "auto", None, 1.0, "confidence of 1"),
    ],
)
def test_wrong_numbers_are_refused(jobs: int, back_end: str, warmup: int | None, confidence: float, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        simulate(queue(0.5), jobs, 1, back_end, warmup, confidence)


def test_outcomes_without_a_probability_do_not_happen_and_that_is_said() -> None:
    step = model.Step(service="s", outcomes={"ok": {}, "failed": {}})
    result = simulate(flow(step, time=exponential(1)), 50)
    assert result.outcomes == {"completed": 50}
    assert result.notes[0] == "a: failed not simulated, because no probability is given"


def test_a_job_that_stops_for_ever_is_no_success() -> None:
    steps = {"a": model.Step(time=exponential(1)), "b": model.Step(await_="open")}
    design = model.Orchestration(
        name="closed",
        variables={"open": model.Variable(type="bool", initial="any")},
        flow=model.Flow(steps=steps),
    )
    result = simulate(design, 400)
    assert set(result.outcomes) == {"completed", "stuck"}
    assert 0.5 in result.success
    assert np.isnan(result.makespans).sum() == result.outcomes["stuck"]
    assert any("never ended" in note for note in result.notes)
    shut = {"open": model.Variable(type="bool", initial=False)}
    never = simulate(model.Orchestration(name="shut", variables=shut, flow=design.flow), 20)
    assert "never" in str(never)
    assert json.loads(json.dumps(never.to_dict(), allow_nan=False))["outcomes"] == {"stuck": 20}


def test_a_path_ends_where_a_variable_leaves_its_range() -> None:
    steps = {"a": model.Step(time=exponential(1), effect={"n": "n - 1"}), "b": model.Step()}
    design = model.Orchestration(
        name="range", variables={"n": model.Variable(type="0..1", initial=0)}, flow=model.Flow(steps=steps)
    )
    assert simulate(design, 20).outcomes == {"out of range": 20}


def test_results_show_themselves() -> None:
    result = simulate(queue(0.5), 3000, seed=2)
    text = str(result)
    assert text.startswith(
        "queue: 3,000 jobs, seed 2, by queues (jobs wait first come first served, and none comes back)"
    )
    for part in ("mean", "p50", "p95", "p99", "success", "payment  ", "warm-up", "batch means"):
        assert part in text
    assert "<table" in result._repr_html_()
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert data["seconds"]["mean"]["low"] < data["seconds"]["mean"]["value"] < data["seconds"]["mean"]["high"]
    again = simulate(queue(0.5), 3000, seed=2)
    assert again.to_dict() == result.to_dict()
    assert simulate(queue(0.5), 3000, seed=3).to_dict() != result.to_dict()


def test_names_are_no_markup() -> None:
    design = model.Orchestration(name="<b>x</b>", flow=model.Flow(steps={"a": model.Step(time=exponential(1))}))
    assert "<b>x" not in simulate(design, 10)._repr_html_()


@pytest.mark.parametrize(
    ("seconds", "shown"), [(1.5, "1.5 s"), (0.0205, "20.5 ms"), (2e-6, "2 us"), (0, "0 s"), (math.nan, "never")]
)
def test_times_are_written_with_units(seconds: float, shown: str) -> None:
    assert show_time(seconds) == shown


def test_exact_values_stand_beside_and_alone() -> None:
    result = simulate(queue(0.5), 20_000, exact=True)
    assert result.exact["mean"].value == pytest.approx(2.0)
    for name, found in {"mean": result.mean, "p95": result.percentiles[95]}.items():
        assert result.exact[name].value in found
    text = str(result)
    assert "exactly" in text
    assert "exactly: by M/M/1" in text
    assert "exactly" in result._repr_html_()
    assert not any("outside" in note for note in result.notes)
    alone = simulate(queue(0.5), back_end="exact")
    assert (alone.jobs, alone.mean.value, alone.mean.confidence) == (0, pytest.approx(2.0), 1.0)
    assert alone.pools["payment"].busy == pytest.approx(0.5)
    assert str(alone).startswith("queue: exact values")
    assert "<table" in alone._repr_html_()
    assert json.dumps(alone.to_dict(), allow_nan=False)
    assert not simulate(queue(0.5), 100).exact  # only where it is asked for
    lognormal = model.Delay(distribution="lognormal", parameters={"mean": 1.0, "sigma": 0.5})
    services = {"payment": model.Service(time=lognormal, workers=2)}
    no_formula = replace(queue(0.5), services=services)
    assert not simulate(no_formula, 100, exact=True).exact
    with pytest.raises(ModelError, match="exact does not apply"):
        simulate(no_formula, 100, back_end="exact")


def test_an_exact_value_that_does_not_fit_is_noted() -> None:
    from modelcheck.simulate.exact import Value

    setting = setting_of(flow(STEP, time=exponential(1)), 1)
    chosen, reason = choose(setting)
    ledger, _ = follow(setting, chosen, Ledger(queued=False), Goal(5_000))
    wrong = {"mean": Value(1.2, "a wrong formula"), "success": Value(1.0, ""), "p50": Value(math.log(2), "")}
    (note,) = summary_of(setting, chosen, reason, ledger, Goal(5_000), exact=wrong).notes
    assert note.startswith("the exact mean, 1.2 s, is outside of the simulated 99.9 % interval [")


def test_a_queue_with_room_for_five_loses_what_the_formula_says() -> None:
    """M/M/1/5 at 0.8: 8.88195 % are lost, and those who are not take 2.56306521."""
    handler = model.Handler(on="go", time=exponential(1))
    design = model.Choreography(
        name="shop",
        events={"go": model.Event()},
        channels={"bus": model.Channel(capacity=4, overflow="drop newest")},
        routes={"go": ("shop",)},
        participants={"shop": model.Participant(subscribes=("go",), handlers={"serve": handler}, workers=1)},
        starts=(model.Publication(event="go"),),
        arrivals=model.Arrivals(interval=exponential(1.25)),
    )
    result = simulate(design, 60_000, seed=5, confidence=0.999)
    assert 1 - 0.08881950 in result.success
    assert 2.56306521 in result.by_outcome["finished"]
    assert result.by_outcome["lost"].value == 0
    assert result.losses["messages lost"] == pytest.approx(0.0888, abs=0.01)
    assert "mean if lost" in str(result)
    assert "messages lost a job" in str(result)
    assert result.message_count == pytest.approx(1 + result.success.value, abs=1e-9)


def test_a_time_without_a_variance_is_noted() -> None:
    pareto = model.Delay(distribution="pareto", parameters={"scale": 1.0, "shape": 1.5})
    result = simulate(flow(STEP, time=pareto), 1_000)
    assert any("the time of a has no variance" in note for note in result.notes)
    limited = model.Step(service="s", timeout=20.0)
    assert not any("variance" in note for note in simulate(flow(limited, time=pareto), 1_000).notes)
    arriving = replace(flow(STEP, time=pareto, workers=1), arrivals=model.Arrivals(interval=exponential(30)))
    assert any("a queue behind it has no mean" in note for note in simulate(arriving, 1_000).notes)


def test_times_are_told_apart_by_ending() -> None:
    design = flow(model.Step(service="s"), time=exponential(1), fails={"failed": 0.3})
    result = simulate(design, 4_000)
    assert set(result.by_outcome) == {"completed", "aborted"}
    for found in result.by_outcome.values():
        assert 1.0 in found
    weights = [result.outcomes[outcome] / result.jobs for outcome in result.by_outcome]
    means = [found.value for found in result.by_outcome.values()]
    assert np.dot(weights, means) == pytest.approx(result.mean.value)
    assert not simulate(flow(STEP, time=exponential(1)), 50).by_outcome


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"warmup": "often"}, "unknown rule 'often'"),
        ({"precision": 0.0}, "precision of 0"),
        ({"precision": 0.1, "precision_of": "median"}, "no mean and no percentile"),
        ({"seconds": 0.0}, "no time"),
        ({"jobs": 2_000_000_000}, "too many"),
        ({"back_end": "event"}, "did you mean 'events'"),
    ],
)
def test_wrong_wishes_are_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        simulate(queue(0.5), **asked)


def test_pictures_show_workers_and_exact_values(tmp_path: Path) -> None:
    from modelcheck.plot.times import draw_pools, draw_times, save_times

    result = simulate(queue(0.5), 2_000, exact=True)
    labels = [text.get_text() for text in draw_times(result).get_legend().get_texts()]
    assert labels == [f"mean {result.mean.value:.4g} s", "exactly 2 s"]
    assert "mean wait" in draw_pools(result).texts[0].get_text()
    save_times(result, tmp_path / "times.png")
    assert (tmp_path / "times.png").stat().st_size > 10_000


DESIGN = """
orchestration: pay
services: {payment: {time: exponential(mean=1s)}}
flow: {steps: {pay: {service: payment}}}
"""


@pytest.fixture
def pay(tmp_path: Path) -> str:
    (tmp_path / "pay.yaml").write_text(DESIGN, encoding="utf-8")
    return str(tmp_path / "pay.yaml")


def test_the_verb_goes_on_until_it_is_precise(pay: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--precision", "3%", "--precision-of", "p75", "--confidence", "90%"]
    assert main(["simulate", pay, *options, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["stopped"] == "precision"
    assert data["seconds"]["p75"]["confidence"] == 0.9
    assert data["exact"]["mean"]["value"] == pytest.approx(1.0)
    assert main(["simulate", pay, "--precision", "0.001", "--jobs", "2,000"]) == 3
    assert "NOT reached" in capsys.readouterr().out
    assert main(["simulate", pay, "--back-end", "exact"]) == 0
    assert "exact values" in capsys.readouterr().out
    assert main(["simulate", pay, "--warmup", "100", "--jobs", "500"]) == 0
    assert "the first 100 jobs left out (as given)" in capsys.readouterr().out
    for wrong in (["--precision", "200%"], ["--warmup", "often"], ["--back-end", "dice"]):
        assert main_or_exit(["simulate", pay, *wrong]) == 2


def main_or_exit(words: list[str]) -> int:
    try:
        return main(words)
    except SystemExit as end:
        return int(end.code or 0)


def test_the_verb_shows_what_is_known_when_it_is_interrupted(
    pay: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plus = Ledger.plus

    def interrupted(ledger: Ledger, runs: Any) -> Ledger:
        if ledger.jobs > 100_000:
            raise KeyboardInterrupt
        return plus(ledger, runs)

    monkeypatch.setattr(Ledger, "plus", interrupted)
    assert main(["simulate", pay, "--jobs", "1,000,000,000"]) == 130
    told = capsys.readouterr()
    assert "interrupted: what is shown is what was known by then, after 131,072 jobs" in told.out
    assert "interrupted" in told.err
