"""Estimates cover the truth as often as they say; streams give what whole arrays give; sketches keep their error."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

from modelcheck.simulate.draws import stream, uniforms
from modelcheck.simulate.statistics import (
    Moments,
    Series,
    Sorted,
    Spread,
    cut_of,
    doubt_of,
    jobs_for,
    mean_of,
    mean_of_moments,
    mean_of_queued,
    mean_of_series,
    paired_difference,
    percentile_of,
    percentile_of_batches,
    percentile_of_queued,
    percentile_of_ranked,
    proportion_of,
    proportion_of_queued,
    sketch_of,
    together,
    warm_up,
)
from modelcheck.simulate.statistics.estimates import binomial_quantile
from modelcheck.simulate.statistics.sketch import ERROR


def sample(run: int, count: int, what: str = "sample") -> np.ndarray:
    """Exponential numbers of mean 1."""
    return -np.log(uniforms(stream(1, what, run), range(count)))


def covered(intervals: list[bool]) -> float:
    return sum(intervals) / len(intervals)


def queue(run: int, count: int, load: float = 0.8) -> np.ndarray:
    """The times of jobs in an M/M/1 queue that starts empty, by Lindley's recursion."""
    service, gaps = sample(run, count, "service"), sample(run, count, "arrival") / load
    walk = np.concatenate(([0.0], np.cumsum(service[:-1] - gaps[1:])))
    return walk - np.minimum.accumulate(walk) + service


def dependent(run: int, count: int) -> np.ndarray:
    """A series with mean 0 whose neighbours are much alike."""
    from scipy.signal import lfilter

    found: np.ndarray = lfilter([1.0], [1.0, -0.9], sample(run, count) - 1)
    return found


def test_intervals_of_independent_values_cover_the_truth_as_often_as_they_say() -> None:
    runs = [sample(run, 200) for run in range(400)]
    assert covered([1.0 in mean_of(run, 0.9) for run in runs]) == pytest.approx(0.9, abs=0.05)
    for percent in (50, 95):
        exact = -math.log(1 - percent / 100)
        share = covered([exact in percentile_of(run, percent, 0.9) for run in runs])
        assert 0.87 <= share <= 0.97  # order statistics: at least 90 %
    share = covered([0.2 in proportion_of(int((run < -math.log(0.8)).sum()), 200, 0.9) for run in runs])
    assert 0.87 <= share <= 0.97


def test_intervals_of_a_queue_cover_the_truth_as_often_as_they_say() -> None:
    """M/M/1 at a load of 0.8: times are exponential with mean 5."""
    runs = [queue(run, 30_000) for run in range(200)]
    runs = [times[warm_up(times) :] for times in runs]
    assert 0.9 <= covered([5.0 in mean_of_queued(times) for times in runs]) <= 0.99
    for percent in (50, 95):
        exact = -5 * math.log(1 - percent / 100)
        assert 0.9 <= covered([exact in percentile_of_queued(times, percent) for times in runs]) <= 1.0
    assert covered([5.0 in mean_of(times) for times in runs]) < 0.5


def test_batches_that_are_too_short_are_noticed() -> None:
    assert all("alike" in doubt_of(queue(run, 3_000)) for run in range(5))
    assert not any(doubt_of(queue(run, 60_000, 0.5)) for run in range(20))
    assert not any(doubt_of(sample(run, 1_000)) for run in range(50))
    assert "too few" in doubt_of(sample(1, 50))


def test_a_share_of_jobs_that_depend_on_each_other_has_a_wider_interval() -> None:
    busy = (dependent(1, 20_000) > 2).astype(np.float64)
    count = int(busy.sum())
    plain = proportion_of(count, len(busy))
    batched = proportion_of_queued(Series().plus(busy), count, len(busy))
    assert batched.low < plain.low < plain.high < batched.high
    assert proportion_of_queued(Series().plus(np.ones(500)), 500, 500) == proportion_of(500, 500)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 10**7), st.floats(1e-4, 1 - 1e-4), st.floats(1e-4, 1 - 1e-4))
def test_binomial_quantiles_are_those_of_scipy(count: int, share: float, level: float) -> None:
    assert binomial_quantile(level, count, share) == int(binom.ppf(level, count, share))


@pytest.mark.parametrize(("successes", "count"), [(0, 10), (3, 10), (10, 10), (999, 1000)])
def test_proportions_are_those_of_scipy(successes: int, count: int) -> None:
    found = proportion_of(successes, count)
    if successes:
        assert found.low == pytest.approx(beta.ppf(0.025, successes, count - successes + 1), rel=1e-9)
    if successes < count:
        assert found.high == pytest.approx(beta.ppf(0.975, successes + 1, count - successes), rel=1e-9)


def test_a_percentile_without_enough_values_has_no_upper_bound() -> None:
    few = percentile_of(sample(1, 20), 99)
    assert few.high == math.inf
    assert few.to_dict()["high"] is None
    assert json.dumps(few.to_dict(), allow_nan=False)
    enough = jobs_for(99, 0.95)
    assert percentile_of(sample(1, enough - 1), 99).high == math.inf
    assert percentile_of(sample(1, enough), 99).high < math.inf


def test_precision_is_half_the_width_relative_to_the_value() -> None:
    found = mean_of(np.array([1.0, 2.0, 3.0]))
    assert found.precision == pytest.approx((found.high - 2) / 2)
    assert mean_of(np.ones(5)).precision == 0
    assert mean_of(np.ones(1)).precision == math.inf


def test_pairing_is_tight() -> None:
    luck, noise = sample(1, 500), sample(2, 500)
    paired = paired_difference(luck + 0.1, luck)
    assert paired.high - paired.low < 1e-9
    assert paired.value == pytest.approx(0.1)
    other = paired_difference(luck + 0.1, noise)
    assert other.high - other.low > 0.1
    with pytest.raises(ValueError, match="same jobs"):
        paired_difference(luck, noise[:-1])


def test_the_warm_up_is_found() -> None:
    steady = dependent(3, 4000)
    assert warm_up(steady) < 1000
    rising = steady.copy()
    rising[:500] -= 30
    assert 480 <= warm_up(rising) <= 1200
    assert warm_up(rising[:40]) == 0
    assert warm_up(rising[:0]) == 0


cuts = st.lists(st.integers(0, 400), max_size=6)


def in_blocks(values: np.ndarray, places: list[int]) -> list[np.ndarray]:
    return np.split(values, sorted(min(place, len(values)) for place in places))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(1, 600), cuts, st.integers(0, 1000))
def test_a_stream_has_the_moments_and_the_warm_up_of_the_whole(count: int, places: list[int], run: int) -> None:
    values = sample(run, count)
    moments, series = Moments(), Series()
    for block in in_blocks(values, places):
        moments, series = moments.plus(block), series.plus(block)
    assert (moments.count, moments.mean) == (count, pytest.approx(float(values.mean())))
    if count > 1:
        assert moments.deviation == pytest.approx(float(np.std(values, ddof=1)))
        whole = mean_of(values)
        assert [mean_of_moments(moments).low, mean_of_moments(moments).high] == pytest.approx([whole.low, whole.high])
    assert series.sums.tolist() == Series().plus(values).sums.tolist()
    assert 5 * cut_of(series.means) == warm_up(values)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(1, 2000), cuts, st.integers(0, 1000), st.sampled_from((2, 8, 32)))
def test_cells_collapse_and_lose_nothing(count: int, places: list[int], run: int, most: int) -> None:
    values = sample(run, count)
    series = Series(most=most)
    for block in in_blocks(values, places):
        series = series.plus(block)
    assert len(series.sums) <= most
    assert len(series.rest) < series.size
    assert len(series.sums) * series.size + len(series.rest) == count
    assert len(series.sums) >= most // 2 or series.size == 5
    left, total = series.without(1)
    assert left == max(0, len(series.sums) - 1) * series.size + len(series.rest)
    assert total == pytest.approx(float(values[count - left :].sum()))
    constant = Series(most=most).beginning_with(1.0, count).plus(np.ones(7))
    assert sum(constant.without(0)) == 2 * (count + 7)


def test_batch_means_of_a_stream_are_those_of_the_whole() -> None:
    values = queue(1, 30 * 8 * 5 * 10)
    series = Series(most=512).plus(values)
    streamed, whole = mean_of_series(series, 0), mean_of_queued(values)
    assert [streamed.low, streamed.value, streamed.high] == pytest.approx(
        [whole.low, whole.value, whole.high], rel=0.05
    )
    assert mean_of_series(Series().plus(values[:100]), 0).high == math.inf


times = st.lists(st.one_of(st.just(0.0), st.floats(1e-12, 1e12)), min_size=1, max_size=80)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(times, times, st.floats(0, 1))
def test_a_sketch_keeps_its_error_and_adds_up(first: list[float], second: list[float], share: float) -> None:
    values = np.array([*first, *second])
    sketch = sketch_of(np.array(first)).merged(sketch_of(np.array(second)))
    assert sketch.count == len(values)
    rank = min(len(values) - 1, int(share * len(values)))
    exact = float(np.sort(values)[rank])
    assert sketch.at(rank) == pytest.approx(exact, rel=1.001 * ERROR, abs=0)
    assert sketch.up_to(exact) >= int((values <= exact).sum())
    assert sketch.up_to(exact) <= int((values <= exact * (1 + 2.1 * ERROR)).sum())
    whole = sketch_of(values)
    assert (whole.zeros, whole.first, whole.counts.tolist()) == (sketch.zeros, sketch.first, sketch.counts.tolist())


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(1, 600), cuts, st.integers(0, 700))
def test_a_spread_collapses_and_loses_nothing(count: int, places: list[int], first: int) -> None:
    values = sample(3, count)
    spread = Spread(size=10, most=4)
    for block in in_blocks(values, places):
        spread = spread.plus(block)
    assert len(spread.parts) <= 4
    assert together(spread.without(0)).counts.tolist() == sketch_of(values).counts.tolist()
    left = together(spread.without(first)).count
    assert left <= max(0, count - first) or left == len(spread.rest)
    assert left > count - first - spread.size


def test_percentiles_from_sketches_are_those_from_the_values() -> None:
    values = queue(2, 64 * 500)
    parts = tuple(sketch_of(part) for part in np.split(values, 64))
    for percent in (50, 95, 99):
        whole = percentile_of_batches(Sorted(np.sort(values)), values, percent, 0.95)
        found = percentile_of_batches(together(parts), parts, percent, 0.95)
        assert found.value == pytest.approx(whole.value, rel=ERROR)
        assert [found.low, found.high] == pytest.approx([whole.low, whole.high], rel=0.05)
        assert "bins 0.2 % wide" in found.method
        alone = percentile_of_ranked(together(parts), percent)
        exact = percentile_of(values, percent)
        assert alone.low <= exact.low <= exact.high <= alone.high
