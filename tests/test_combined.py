"""Replications put together, and differences of simulations of the same jobs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import modelcheck as mc
from modelcheck import model
from modelcheck.errors import ModelError
from modelcheck.simulate import combined, difference, simulate


def exponential(mean: float) -> model.Delay:
    return model.Delay(distribution="exponential", parameters={"mean": mean})


def flow(mean: float, **more: object) -> model.Orchestration:
    return model.Orchestration(
        name="flow",
        services={"s": model.Service(time=exponential(mean), workers=1, **more)},  # type: ignore[arg-type]
        flow=model.Flow(steps={"a": model.Step(service="s")}),
    )


QUEUE = replace(flow(1.0), arrivals=model.Arrivals(interval=exponential(2.0)))


def test_replications_are_observations() -> None:
    """M/M/1 at a load of 0.5: the mean time is 2."""
    runs = [simulate(QUEUE, 4_000, seed=seed) for seed in range(1, 9)]
    result = combined(runs)
    assert (result.jobs, result.replications) == (32_000, 8)
    assert result.mean.value == pytest.approx(np.mean([run.mean.value for run in runs]))
    assert result.mean.method == "Student t over 8 replications"
    assert 2.0 in result.mean
    assert 2 * np.log(2) in result.percentiles[50]
    assert result.pools["s"].busy == pytest.approx(0.5, abs=0.03)
    assert result.outcomes == {"completed": 32_000}
    assert len(result.measured) == 32_000 - sum(run.warm_up for run in runs)
    assert "8 replications" in str(result)
    assert any("without its warm-up of" in note for note in result.notes)
    assert json.dumps(result.to_dict(), allow_nan=False)
    assert "<table" in result._repr_html_()


def test_intervals_over_replications_cover_the_truth_as_often_as_they_say() -> None:
    design = flow(1.0, fails={"failed": 0.2})
    found = [combined([simulate(design, 200, seed=1000 * many + one) for one in range(5)]) for many in range(60)]
    assert 0.88 <= np.mean([1.0 in each.mean for each in found]) <= 1.0
    assert 0.88 <= np.mean([0.8 in each.success for each in found]) <= 1.0


def test_what_cannot_be_put_together_is_refused() -> None:
    first = simulate(QUEUE, 100)
    assert combined([first]) is first
    with pytest.raises(ModelError, match="same seed"):
        combined([first, first])
    with pytest.raises(ModelError, match="several designs"):
        combined([first, replace(first, name="other", seed=2)])
    with pytest.raises(ModelError, match="nothing"):
        combined([])


def test_differences_are_paired() -> None:
    slow, quick = simulate(flow(1.1), 2_000), simulate(flow(1.0), 2_000)
    found = mc.difference(slow, quick)
    assert 0.1 in found
    assert found.high - found.low < 0.2 * (slow.mean.high - slow.mean.low)  # the same luck, scaled
    longer = simulate(flow(1.0), 3_000)
    assert difference(slow, longer) == found  # of the jobs that both have
    queues = [simulate(replace(design, arrivals=QUEUE.arrivals), 6_000) for design in (flow(1.0), flow(0.9))]
    assert "batch means" in difference(*queues).method
    assert 2 - 0.9 / (1 - 0.45) in difference(*queues)


def test_what_cannot_be_paired_is_refused() -> None:
    first, other = simulate(flow(1.0), 50), simulate(flow(1.0), 50, seed=2)
    with pytest.raises(ModelError, match="seeds 1 and 2"):
        difference(first, other)
    with pytest.raises(ModelError, match="replications cannot be paired"):
        difference(first, combined([first, other]))
    never = replace(first, makespans=np.full(50, np.nan))
    with pytest.raises(ModelError, match="no job ended in both"):
        difference(first, never)
