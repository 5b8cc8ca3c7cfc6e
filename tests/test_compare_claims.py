"""What the seed document claims of costs (audit B13) and of averages (B14), decided by counting."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.compare.arrange import arrange
from modelcheck.compare.claims import (
    CLAIMS,
    Claim,
    averages,
    averages_of,
    coordination,
    event_storage,
    propagation,
    rebuilding,
)
from modelcheck.compare.slope import slope_of


@pytest.mark.parametrize("claim", [each() for each in CLAIMS], ids=[each.__name__ for each in CLAIMS])
def test_every_claim_on_costs_is_refuted_by_counting(claim: Claim) -> None:
    assert claim.verdict == "refuted"
    assert all(each.as_expected for each in claim.counted)
    assert "slope" in str(claim)
    json.dumps(claim.to_dict(), allow_nan=False)


def test_coordination_is_that_of_executions() -> None:
    by_executions, by_services = coordination().counted
    assert by_executions.counts == tuple(2 * size for size in by_executions.sizes)
    assert by_executions.slope.value == pytest.approx(1)
    assert by_services.slope.value == pytest.approx(1)
    assert max(by_executions.counts) / min(by_executions.counts) == 16  # with the same three services


def test_propagation_is_the_sum_of_fan_outs() -> None:
    by_occurrences, by_sum = propagation().counted
    assert by_occurrences.slope.value == pytest.approx(1)
    assert by_sum.counts == by_sum.sizes


def test_event_storage_grows_with_occurrences() -> None:
    (found,) = event_storage((2, 4, 8)).counted
    assert found.counts == (4, 8, 16)
    assert found.slope.value == pytest.approx(1)


def test_rebuilding_at_each_event_is_quadratic() -> None:
    one, own, kept = rebuilding((8, 16, 32)).counted
    assert one.sizes == (16, 32, 64)
    assert one.counts == own.counts == tuple(n * (n + 1) / 2 for n in one.sizes)
    assert one.slope.value == pytest.approx(2, abs=0.05)
    assert 1 not in one.slope
    assert kept.slope.value == pytest.approx(1)


def test_a_claim_whose_counts_are_otherwise_is_unexpected() -> None:
    found = coordination((2, 4, 8))
    wrong = Claim(
        found.source,
        found.says,
        found.what,
        (found.counted[0].__class__("x", (1, 2, 4), (1, 8, 64), slope_of((1, 2, 4), (1, 8, 64)), 1),),
        True,
        "",
    )
    assert wrong.verdict == "unexpected"


@settings(max_examples=30, deadline=None)
@given(st.floats(-2, 3), st.floats(0.1, 100))
def test_slopes_of_power_laws_are_exact(power: float, factor: float) -> None:
    sizes = [2, 4, 8, 16, 32]
    found = slope_of(sizes, [factor * size**power for size in sizes])
    assert found.value == pytest.approx(power, abs=1e-9)
    assert found.high - found.low < 1e-6


def test_intervals_of_slopes_cover() -> None:
    """With noise of 10 %, a 95 % interval contains the slope in about 95 % of all cases (binomial: 185 or more)."""
    random, sizes = np.random.default_rng(5), np.array([2.0, 4, 8, 16, 32, 64])
    inside = sum(
        1.5 in slope_of(list(sizes), list(sizes**1.5 * np.exp(0.1 * random.standard_normal(6)))) for _ in range(200)
    )
    assert 178 <= inside <= 199


def test_a_slope_needs_three_sizes() -> None:
    assert np.isnan(slope_of([1, 2], [1, 2]).value)


# Averages


def test_whole_milliseconds_lose_fast_executions() -> None:
    """B14: two runs of 900 us average to 0 ms."""
    found = averages_of([0.0009, 0.0009])
    assert found.truncated_mean == 0
    assert found.exact_mean == pytest.approx(0.9)
    assert "whole milliseconds 0 ms" in str(found)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(1e-4, 100), min_size=1, max_size=8))
def test_the_mean_of_rates_is_at_least_the_rate(times: list[float]) -> None:
    found = averages_of(times)
    assert found.law_holds
    assert found.truncated_mean <= found.exact_mean + 1e-9
    if max(times) == min(times):
        assert found.mean_of_rates == pytest.approx(found.true_rate)


def test_averages_of_simulated_times() -> None:
    found = averages()
    assert found.mean_of_rates > 1.2 * found.true_rate
    assert found.truncated_mean == 0
    assert found.exact_mean == pytest.approx(0.9, rel=0.1)
    delay = model.Delay(distribution="constant", parameters={"value": 2.0})
    same = averages(arrange("sequence", {"a": delay}), jobs=3)
    assert same.mean_of_rates == same.true_rate == 0.5
