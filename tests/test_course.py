"""How long a simulation goes on: a precision that is reached, limits, interruptions; and that memory stays bounded."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from modelcheck import model
from modelcheck.simulate import SimulationResult, setting_of, simulate
from modelcheck.simulate.back_ends import BackEnd
from modelcheck.simulate.course import Goal, follow, pieces
from modelcheck.simulate.draws import stream, uniforms
from modelcheck.simulate.jobs import Runs
from modelcheck.simulate.ledger import KEPT, Ledger
from modelcheck.simulate.setting import Setting
from modelcheck.simulate.summary import summary_of

BLOCK = 10_000


def exponential(mean: float) -> model.Delay:
    return model.Delay(distribution="exponential", parameters={"mean": mean})


QUEUE = model.Orchestration(
    name="queue",
    services={"payment": model.Service(time=exponential(1), workers=1)},
    flow=model.Flow(steps={"pay": model.Step(service="payment")}),
    arrivals=model.Arrivals(interval=exponential(1.25)),
)
ALONE = replace(QUEUE, arrivals=None)


def blocks_of_queue(seed: int, jobs: range, size: int = BLOCK) -> Iterator[Runs]:
    """An M/M/1 queue with a load of 0.8, block by block by Lindley's recursion; every tenth job fails."""
    waits, time = 0.0, 0.0
    for first in range(0, len(jobs), size):
        count = min(size, len(jobs) - first)
        service, gaps = (
            -np.log(uniforms(stream(seed, what), range(first, first + count))) * mean
            for what, mean in (("service", 1.0), ("arrival", 1.25))
        )
        walk = np.cumsum(service - gaps)
        after = walk - np.minimum(np.minimum.accumulate(walk), -waits)  # what the next job waits
        before = np.concatenate(([waits], after[:-1]))
        waits, time = float(after[-1]), time + float(gaps.sum())
        none = np.zeros(count)
        failed = (np.arange(first, first + count) % 10 == 0).astype(np.uint8)
        yield Runs(
            makespans=before + service, endings=failed, labels=("completed", "aborted"), undos=none, calls=none + 1,
            publishes=none, deliveries=none, first=first, starts={("step", "pay"): count},
            busy={"payment": float(service.sum())}, waited={"payment": float(before.sum())}, longest={"payment": 7},
            horizon=time,
        )  # fmt: skip


def by_lindley(goal: Goal, seed: int = 1, blocks: Iterator[Runs] | None = None, skip: int = 0) -> SimulationResult:
    setting = setting_of(QUEUE, seed)

    def run(_: Setting, jobs: range) -> Iterator[Runs]:
        return blocks_of_queue(seed, jobs) if blocks is None else blocks

    chosen = BackEnd("lindley", "a queue", False, lambda _: "", run)
    ledger, stopped = follow(setting, chosen, Ledger(queued=True, skip=skip), goal)
    return summary_of(setting, chosen, "a queue", ledger, goal, stopped)


def test_a_precision_is_reached_and_the_truth_is_as_near_as_it_says() -> None:
    """M/M/1 at 0.8: the mean time is 5."""
    found = [by_lindley(Goal(5_000_000, precision=0.05), seed) for seed in range(20)]
    assert all(result.stopped == "precision" and not result.incomplete for result in found)
    assert all(result.mean.precision <= 0.05 for result in found)
    assert all(result.jobs < 2_000_000 for result in found)
    assert sum(abs(result.mean.value / 5 - 1) <= 0.05 for result in found) >= 17
    assert "precision: 5 % of the mean was asked for, and reached" in str(found[0])


def test_a_percentile_can_be_what_is_to_be_precise() -> None:
    result = simulate(ALONE, precision=0.03, precision_of="p90", seed=2)
    assert result.stopped == "precision"
    assert result.percentiles[90].precision <= 0.03
    assert -np.log(0.1) in result.percentiles[90]
    tighter = simulate(ALONE, precision=0.01, seed=2)
    assert tighter.jobs > result.jobs
    assert tighter.mean.precision <= 0.01


def test_a_simulation_that_stops_early_is_the_beginning_of_a_longer_one() -> None:
    result = simulate(ALONE, precision=0.02, seed=3)
    again = simulate(ALONE, result.jobs, seed=3)
    assert again.makespans.tolist() == result.makespans.tolist()
    assert (again.mean, again.percentiles) == (result.mean, result.percentiles)


def test_what_cannot_be_reached_is_said() -> None:
    result = by_lindley(Goal(30_000, precision=0.001))
    assert result.jobs == 30_000
    assert result.incomplete
    assert "NOT reached" in str(result)
    certain = model.Orchestration(
        name="certain", flow=ALONE.flow, services={"payment": model.Service(time=constant(1))}
    )
    assert simulate(certain, precision=0.001).jobs == 1_000  # nothing varies


def constant(value: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": value})


def test_a_time_limit_gives_what_is_known_by_then() -> None:
    result = by_lindley(Goal(10**9, seconds=1e-9))
    assert result.jobs == BLOCK
    assert result.stopped == "seconds"
    assert result.incomplete
    assert "stopped by the time limit" in str(result)
    done = by_lindley(Goal(BLOCK, seconds=1e-9))
    assert done.stopped == ""


def interrupted_after(blocks: int) -> Iterator[Runs]:
    for number, runs in enumerate(blocks_of_queue(1, range(10**6))):
        if number == blocks:
            raise KeyboardInterrupt
        yield runs


def test_an_interruption_gives_what_is_known_by_then() -> None:
    result = by_lindley(Goal(10**6), blocks=interrupted_after(3))
    assert (result.jobs, result.stopped) == (3 * BLOCK, "interrupted")
    assert result.mean == by_lindley(Goal(3 * BLOCK)).mean
    assert "interrupted: what is shown is what was known by then, after 30,000 jobs" in str(result)
    with pytest.raises(KeyboardInterrupt):
        by_lindley(Goal(10**6), blocks=interrupted_after(0))


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    simulate(ALONE, 200_000, progress=lambda each: seen.append((each.jobs, each.of)))
    assert seen[-1] == (200_000, 200_000)
    assert len(seen) > 2


def test_ranges_are_cut_at_the_same_places_however_much_is_run() -> None:
    assert pieces(range(0, 25), 10) == [range(0, 10), range(10, 20), range(20, 25)]
    assert pieces(range(7, 20), 10) == [range(7, 10), range(10, 20)]
    assert pieces(range(10, 12), 10) == [range(10, 12)]


def test_a_long_simulation_says_the_same_from_what_it_keeps() -> None:
    """Half as many jobs again as are kept: moments, cells and sketches instead of single times."""
    jobs = KEPT * 3 // 2
    result = by_lindley(Goal(jobs, confidence=0.999))
    assert len(result.makespans) == KEPT
    every = np.concatenate([runs.makespans for runs in blocks_of_queue(1, range(jobs))])
    rest = every[result.warm_up :]
    assert result.mean.value == pytest.approx(float(rest.mean()), rel=1e-9)
    for percent, found in result.percentiles.items():
        assert found.value == pytest.approx(float(np.quantile(rest, percent / 100)), rel=0.005)
        assert -5 * np.log(1 - percent / 100) in found
    assert 5.0 in result.mean
    assert result.success.value == pytest.approx(0.9, abs=1e-6)
    assert any("of the first 1,048,576 jobs only" in note for note in result.notes)
    assert not any("alike" in note for note in result.notes)


def test_workers_are_described_as_far_as_the_back_end_tells() -> None:
    result = by_lindley(Goal(200_000))
    payment = result.pools["payment"]
    assert payment.busy == pytest.approx(0.8, abs=0.02)
    assert payment.wait == pytest.approx(4.0, rel=0.1)
    assert payment.queue == pytest.approx(0.8 * 4.0, rel=0.1)
    assert payment.longest == 7
    assert result.throughput == pytest.approx(0.8, abs=0.02)
    text = str(result)
    assert "mean wait" in text
    assert "longest queue" in text
    assert "1.6" in text.split("a second: ")[1]


def test_a_given_warm_up_is_left_out_and_none_leaves_nothing_out() -> None:
    every = np.concatenate([runs.makespans for runs in blocks_of_queue(1, range(40_000))])
    given = by_lindley(Goal(40_000, mser=False), skip=15_000)
    assert (given.warm_up, given.warm_up_rule) == (15_000, "given")
    assert given.mean.value == pytest.approx(float(every[15_000:].mean()))
    nothing = by_lindley(Goal(40_000, mser=False))
    assert (nothing.warm_up, nothing.warm_up_rule) == (0, "none")
    assert nothing.mean.value == pytest.approx(float(every.mean()))
    assert by_lindley(Goal(40_000)).warm_up_rule == "MSER-5"


def test_ten_million_jobs_of_a_queue_in_bounded_memory() -> None:
    """M/M/1 at 0.8, by whatever back end is chosen: times are exponential with mean 5."""
    found = {}
    for jobs in (2_000_000, 10_000_000):
        tracemalloc.start()
        result = simulate(QUEUE, jobs, confidence=0.999)
        found[jobs] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert found[10_000_000] < 1.25 * found[2_000_000]
    assert result.outcomes == {"completed": 10_000_000}
    assert 5.0 in result.mean
    for percent, estimate in result.percentiles.items():
        assert -5 * np.log(1 - percent / 100) in estimate
    assert result.pools["payment"].busy == pytest.approx(0.8, abs=0.005)
    assert simulate(QUEUE, precision=0.05).stopped == "precision"
