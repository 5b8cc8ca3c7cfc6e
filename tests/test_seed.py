"""The seed's order flow and its repaired twin: each defect that the audit names (section C) is found, and repaired."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modelcheck.api import check, load
from modelcheck.model import Choreography
from modelcheck.report.story import tell
from modelcheck.results import CheckReport, Result, Verdict
from modelcheck.trace import replay


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


CHOREOGRAPHY = {
    "OrderShipped delivered": 4,  # C29, C39
    "PaymentProcessed is true": 2,  # C35
    "InventoryReserved is true": 3,  # C36
    "ships only what is reserved": 4,  # C37
    "no more goods than there were": 4,  # C37
    "pays once": 4,  # C33
}


@pytest.fixture(scope="module")
def events() -> CheckReport:
    return check("seed_order_choreography")


@pytest.mark.parametrize(("name", "length"), CHOREOGRAPHY.items())
def test_a_defect_of_the_seeds_choreography_is_found(events: CheckReport, name: str, length: int) -> None:
    assert events[name].verdict == Verdict.REFUTED
    assert len([line for line in lines(events[name]) if line]) <= length + 1


def test_events_that_nobody_publishes_are_reported(events: CheckReport) -> None:
    """C39: nothing emits OrderDelivered or OrderCancelled."""
    messages = [finding.message for finding in events.findings]
    assert {"nothing publishes OrderDelivered", "nothing publishes OrderCancelled"} <= set(messages)


def test_the_duplicate_does_no_harm_when_delivery_is_exactly_once() -> None:
    design = load("seed_order_choreography")
    assert isinstance(design, Choreography)
    channels = {name: replace(channel, delivery="exactly once") for name, channel in design.channels.items()}
    assert check(replace(design, channels=channels), properties=["pays once"])["pays once"].verdict == Verdict.PROVED


def test_the_repaired_choreography_keeps_the_same_properties() -> None:
    report = check("order_choreography")
    assert set(load("seed_order_choreography").properties) == set(load("order_choreography").properties)
    assert {result.name: str(result.verdict) for result in report.results if not result.as_it_should_be} == {}
