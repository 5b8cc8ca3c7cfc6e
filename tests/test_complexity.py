"""The complexity formulas: their values, where they degenerate, and the comparison without a base."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.complexity import Complexity, compare_complexity, compare_powers, complexity, complexity_of
from modelcheck.errors import ModelError


def formula(first: int, second: int, argument: int, base: float = math.e) -> Complexity:
    return complexity(("coordinators", first), ("services", second), ("flows", argument), base)


def test_value_and_base() -> None:
    assert formula(2, 3, 8).literal == pytest.approx(6 * math.log(8))
    assert formula(2, 3, 8, base=2).literal == 18
    assert formula(2, 3, 1000, base=10).literal == pytest.approx(18)
    assert formula(2, 3, 7, base=2).shifted == 18
    assert formula(2, 3, 8).degenerate == ""


def test_one_flow_makes_it_zero_whatever_else_there_is() -> None:
    for coordinators, services in ((1, 1), (5, 7), (100, 100)):
        found = formula(coordinators, services, 1)
        assert found.literal == 0
        assert found.shifted == pytest.approx(coordinators * services * math.log(2))
        assert "log 1 = 0" in found.degenerate


def test_logarithm_of_zero_is_not_defined() -> None:
    found = formula(2, 3, 0)
    assert found.literal is None
    assert found.shifted == 0
    assert "log 0" in found.degenerate
    assert compare_complexity(found, formula(1, 1, 2)) is None


def test_nothing_to_count_is_said() -> None:
    assert "no services" in formula(2, 0, 5).degenerate


@pytest.mark.parametrize("base", [1, 0, -2, math.inf, math.nan])
def test_what_is_no_base_is_an_error(base: float) -> None:
    with pytest.raises(ModelError) as caught:
        formula(1, 1, 2, base)
    assert caught.value.problems[0].code == "E421"


def test_negative_counts_are_an_error() -> None:
    with pytest.raises(ModelError):
        formula(-1, 1, 2)


def test_counts_come_from_the_model() -> None:
    flow = model.Orchestration(name="flow", services={"a": model.Service(), "b": model.Service()})
    assert [count for _, count in complexity_of(flow).counts] == [1, 2, 1]
    events = model.Choreography(
        name="events",
        events={"x": model.Event(), "y": model.Event(), "z": model.Event()},
        participants={
            "first": model.Participant(subscribes=("x", "y", "x")),
            "second": model.Participant(subscribes=("y",)),
        },
    )
    assert [count for _, count in complexity_of(events).counts] == [2, 3, 3]
    assert complexity_of(events, base=3).literal == pytest.approx(6)
    with pytest.raises(ModelError) as caught:
        complexity_of(model.System(name="bare"))  # type: ignore[arg-type]
    assert caught.value.problems[0].code == "E420"


def test_order_does_not_depend_on_the_base() -> None:
    smaller, larger = (1, 3, 4), (2, 3, 3)
    for base in (1.5, 2, math.e, 10):
        assert compare_complexity(formula(*smaller, base), formula(*larger, base)) == -1
        assert compare_complexity(formula(*larger, base), formula(*smaller, base)) == 1
    assert compare_complexity(formula(1, 3, 4), formula(2, 3, 2)) == 0  # 4^3 = 2^6, where logarithms round


@given(st.integers(1, 40), st.integers(0, 60), st.integers(1, 40), st.integers(0, 60))
def test_powers_are_compared_as_whole_numbers(a: int, m: int, b: int, n: int) -> None:
    sign = (a**m > b**n) - (a**m < b**n)
    assert compare_powers(a, m, b, n) == sign
    huge = 10**12  # a^(m * huge) cannot be built, and is ordered like a^m
    assert compare_powers(a, m * huge, b, n * huge) == sign


def test_neighbours_too_long_to_build_are_told_apart() -> None:
    many = 10**40
    assert compare_powers(6**5, 4 * many, 6**4, 5 * many) == 0
    assert compare_powers(6**5, 4 * many + 1, 6**4, 5 * many) == 1
    assert compare_powers(6**5, 4 * many - 1, 6**4, 5 * many) == -1
    # Convergents of log 3 / log 2: floats call these equal.
    assert compare_powers(2, 6586818670 * 10**6, 3, 4155805050 * 10**6) in (-1, 1)
    assert compare_powers(2, 301994 * many, 3, 190537 * many) == (1 if 2**301994 > 3**190537 else -1)
