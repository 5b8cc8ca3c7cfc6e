"""The seed's order flow and its repaired twin: each defect that the audit names (section C) is found, and repaired."""

from __future__ import annotations

import pytest

from modelcheck.api import check, load
from modelcheck.report.story import tell
from modelcheck.results import CheckReport, Result, Verdict
from modelcheck.system import replay


@pytest.fixture(scope="module")
def seed() -> CheckReport:
    return check("seed_order_orchestration")


@pytest.fixture(scope="module")
def repaired() -> CheckReport:
    return check("order_orchestration")


def lines(result: Result) -> list[str]:
    """The counterexample as people read it."""
    assert result.trace is not None
    replay(result.trace)
    return [line.text for line in tell(result)]


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("nothing is left when charging fails", 4),  # C1
        ("nothing is left when reserving fails", 4),  # C3
        ("compensation", 4),
        ("only effects are undone", 4),  # C4
    ],
)
def test_a_defect_of_the_seed_is_found_with_a_short_trace(seed: CheckReport, name: str, most: int) -> None:
    assert seed[name].verdict == Verdict.REFUTED
    assert len(lines(seed[name])) <= most


def test_the_same_properties_hold_of_the_repaired_design(seed: CheckReport, repaired: CheckReport) -> None:
    assert set(load("seed_order_orchestration").properties) == set(load("order_orchestration").properties)
    assert {result.name: str(result.verdict) for result in repaired.results if not result.as_it_should_be} == {}
    assert repaired.exit_code == 0
    assert seed.exit_code == 0  # Its failures are the expected ones.
