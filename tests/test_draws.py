"""Draws by address: uniform, independent along every index, and the same however they are asked for."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from modelcheck.simulate.draws import Draws, stream, uniform, uniforms

JOBS = 20_000
ADDRESSES = [
    stream(seed, task, visit, attempt, purpose)
    for seed, task, visit, attempt, purpose in product((1, 2), ("pay", "ship"), (1, 2), (1, 2), ("service", "outcome"))
]


@pytest.mark.parametrize("address", ADDRESSES[::5])
def test_each_stream_is_uniform_and_without_memory(address: tuple[int, int]) -> None:
    numbers = uniforms(address, range(JOBS))
    assert numbers.min() > 0
    assert numbers.max() < 1
    assert stats.kstest(numbers, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 4.5 / np.sqrt(JOBS)


def test_streams_are_independent_of_each_other() -> None:
    columns = np.array([uniforms(address, range(JOBS)) for address in ADDRESSES])
    correlations = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(correlations).max() < 5 / np.sqrt(JOBS)
    across = columns[:, :500].T.ravel()  # job by job over all addresses
    assert stats.kstest(across, "uniform").pvalue > 1e-4
    squares, _, _ = np.histogram2d(columns[0], columns[1], bins=10)
    assert stats.chisquare(squares.ravel()).pvalue > 1e-4


def test_the_tests_can_fail() -> None:
    biased = uniforms(ADDRESSES[0], range(JOBS)) ** 1.05
    assert stats.kstest(biased, "uniform").pvalue < 1e-4


def test_one_at_a_time_and_in_blocks_are_the_same_numbers() -> None:
    address = stream(7, "pay", 3, 2, "service")
    block = uniforms(address, range(1000, 1050))
    assert block.tolist() == [uniform(address, job) for job in range(1000, 1050)]


def test_any_order_of_asking_gives_the_same_draws() -> None:
    draws = Draws(3, "pay", "service", lambda numbers: -np.log1p(-numbers))
    for visit, attempt in ((1, 1), (2, 1), (1, 4)):
        known = draws.of_jobs(range(5000), visit, attempt).tolist()
        for job in (4999, 0, 2047, 2048, 31, 32, 3, 4999):
            assert draws(job, visit, attempt) == known[job]


def test_few_blocks_are_kept() -> None:
    draws = Draws(3, "pay", "service")
    first = draws(0)
    for job in range(0, 1_000_000, 2048):
        draws(job)
    assert len(draws._blocks) < 200
    assert draws(0) == first
