"""Results, statistics and refusals of the simulator."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from modelcheck import model
from modelcheck.errors import ModelError
from modelcheck.simulate import simulate
from modelcheck.simulate.result import show_time


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
        (10, "exact", None, 0.95, "unknown back end 'exact'"),
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
    assert text.startswith("queue: 3,000 jobs, seed 2, by queues (jobs wait first come first served, and none ")
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
