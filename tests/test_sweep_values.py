"""The values of a parameter as they are written, and the places in a model that they are put."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modelcheck as mc
from modelcheck import model
from modelcheck.errors import ModelError
from modelcheck.sweep.paths import paths_of, with_value
from modelcheck.sweep.values import number_of, values_of

WRITTEN = {
    "1,2,4": ["1", "2", "4"],
    "1..4": ["1", "2", "3", "4"],
    " 1 .. 3 , 7": ["1", "2", "3", "7"],
    "3..3": ["3"],
    "10ms..40ms/10ms": ["10ms", "20ms", "30ms", "40ms"],
    "10ms..40ms by 15ms": ["10ms", "25ms", "40ms"],
    "10..20 by 5": ["10", "15", "20"],
    "10..30ms/10": ["10ms", "20ms", "30ms"],
    "0.1..0.5/0.2": ["0.1", "0.3", "0.5"],
    "5%..15%/5%": ["5%", "10%", "15%"],
    "1..64*4": ["1", "4", "16", "64"],
    "1ms..1s*10": ["1ms", "10ms", "100ms", "1s"],
    "1ms..1s/log 4": ["1ms", "10ms", "100ms", "1s"],
    "1..100/log 3": ["1", "10", "100"],
    "500ms..1.5s/500ms": ["500ms", "1s", "1.5s"],
    "exponential(mean=10ms..30ms/10ms)": [f"exponential(mean={each}ms)" for each in (10, 20, 30)],
    "lognormal(20ms, 0.5),lognormal(20ms, 1..2)": [f"lognormal(20ms, {each})" for each in ("0.5", "1", "2")],
    "'0..2','0..5'": ["0..2", "0..5"],
    '"a,b",c': ["a,b", "c"],
}


@pytest.mark.parametrize("text", WRITTEN)
def test_how_values_are_written(text: str) -> None:
    assert list(values_of("N", text)) == WRITTEN[text]


WRONG = {
    "8..1": "8 is above 1",
    "1..8/0": "step must be above 0",
    "1..8/-1": "step must be above 0",
    "1..8/": "a number is missing",
    "1..8*1": "multiplies by more than 1",
    "0..8*2": "begins above 0",
    "0..1/log 3": "begin above 0",
    "1..8/log 1": "at least two",
    "1..8/log 2.5": "at least two",
    "0.1..0.5": "say its step",
    "10ms..100%/5": "different units",
    "1,,2": "a value is missing",
    "": "a value is missing",
    "exponential(1..2) + exponential(1..2)": "several ranges",
    "1..1000000000": "more than 100,000 values",
    "0.000001..1000000/0.000001": "more than 100,000 values",
    "1..2*1.0000000001": "more than 100,000 values",
}


@pytest.mark.parametrize("text", WRONG)
def test_values_that_are_none(text: str) -> None:
    with pytest.raises(ModelError, match=WRONG[text]) as caught:
        values_of("N", text)
    assert {problem.code for problem in caught.value.problems} <= {"E445", "E446"}


def test_values_that_python_gives() -> None:
    import numpy as np

    assert values_of("N", [1, 2.5, "3ms", True]) == ("1", "2.5", "3ms", "true")
    assert values_of("N", range(1, 4)) == ("1", "2", "3")
    assert values_of("N", np.linspace(0, 1, 3)) == ("0", "0.5", "1")
    assert values_of("N", 7) == ("7",)
    delay = model.Delay(distribution="exponential", parameters={"mean": 0.02})
    assert values_of("N", [delay]) == ("exponential(mean=20ms)",)
    for wrong in ([], [None], [float("nan")], [[1]]):
        with pytest.raises(ModelError, match="E445"):
            values_of("N", wrong)


@settings(max_examples=50, deadline=None)
@given(st.integers(-50, 50), st.integers(0, 40), st.integers(1, 9))
def test_a_range_is_what_range_says(first: int, length: int, step: int) -> None:
    wanted = [str(each) for each in range(first, first + length + 1, step)]
    assert list(values_of("N", f"{first}..{first + length}/{step}")) == wanted


def test_a_value_on_an_axis() -> None:
    assert number_of("20ms") == 0.02
    assert number_of("5%") == 0.05
    assert number_of("-3.5") == -3.5
    assert number_of("erlang(mean=20ms, shape=2)") == 0.02
    assert number_of("fifo") is None


PLACES = {
    "services.payment.workers": ("3", 3),
    "services.payment.time": ("constant(70ms)", model.Delay(distribution="constant", parameters={"value": 0.07})),
    "services.payment.fails": ("9%", {"error": 0.09}),
    "services.payment.fails.error": ("9%", 0.09),
    "services.payment.fails.timeout": ("1%", 0.01),
    "coordinators.orders.concurrency": ("unlimited", None),
    "coordinators.orders.overhead": ("0", model.Delay(distribution="constant", parameters={"value": 0.0})),
    "flow.steps.charge.retry.attempts": ("4", 4),
    "flow.steps.charge.timeout": ("50ms", 0.05),
    "flow.steps.charge.compensation.fails": ("5%", 0.05),
    "policies.retry.backoff": ("1ms", 0.001),
}


def at(design: object, path: str) -> object:
    """What stands at a path, by another way."""
    for name in path.split("."):
        design = design[name] if isinstance(design, dict) else getattr(design, name)
    return design


@pytest.mark.parametrize("path", PLACES)
def test_a_value_stands_where_its_path_says_and_nothing_else_changes(path: str) -> None:
    design = mc.load("order_orchestration")
    text, value = PLACES[path]
    changed = with_value(design, path, text)
    assert at(changed, path) == value
    again = mc.to_text(changed).splitlines()
    assert mc.load("order_orchestration") == design, "the model itself stays as it was"
    assert len(set(again) ^ set(mc.to_text(design).splitlines())) <= 8


def test_a_parameter_of_a_delay() -> None:
    design = with_value(mc.load("order_orchestration"), "services.payment.time.mean", "70ms")
    assert design.services["payment"].time == model.Delay(  # type: ignore[union-attr]
        distribution="lognormal", parameters={"mean": 0.07, "sigma": 0.5}
    )


def test_arrivals_as_a_whole_and_their_interval() -> None:
    design = mc.load("order_orchestration")
    assert with_value(design, "arrivals", "50ms") == with_value(design, "arrivals.interval", "50ms") != design


def test_a_probability_of_0_is_an_outcome_that_does_not_exist() -> None:
    design = mc.load("order_orchestration")
    for path, left in (("services.payment.fails", {}), ("services.payment.fails.error", {"failed": 0.02})):
        assert at(with_value(design, path, "0%"), "services.payment.fails") == left
    undone = with_value(with_value(design, "flow.steps.charge.compensation.fails", "5%"),
                        "flow.steps.charge.compensation.fails", "0")  # fmt: skip
    assert undone == design


def test_a_constant() -> None:
    design = mc.load("two_phase_commit")
    assert with_value(design, "N", "4").constants["N"] == "4"


MISTAKES = {
    "services.paymnt.workers": "did you mean 'services.payment.workers'",
    "services.payment.wokers": "did you mean 'services.payment.workers'",
    "payment.workers": "did you mean 'services.payment.workers'",
    "servces.payment.workers": "did you mean 'services.payment.workers'",
    "services.payment": "name one of them",
    "services.payment.time.men": "did you mean 'mean'",
    "services.payment.fails.eror": "did you mean 'services.payment.fails.error'",
    "flow.steps.charge.retry.atempts": "did you mean 'flow.steps.charge.retry.attempts'",
    "services.payment.workers.x": "did you mean 'services.payment.workers'",
    "variables.stock.range": "cannot be varied",
    "properties.all or nothing": "cannot be varied",
    "M": "known here: arrivals, coordinators.orders.concurrency",
    "": "name one of them",
    "services..workers": "did you mean",
}


@pytest.mark.parametrize("path", MISTAKES)
def test_a_path_that_leads_nowhere(path: str) -> None:
    with pytest.raises(ModelError, match=MISTAKES[path]) as caught:
        with_value(mc.load("order_orchestration"), path, "3")
    assert {problem.code for problem in caught.value.problems} == {"E443"}


def test_a_value_that_its_reader_refuses_is_shown_with_its_place() -> None:
    with pytest.raises(ModelError, match=r"parameter services.payment.workers:1:1: E025: .* found '0'"):
        with_value(mc.load("order_orchestration"), "services.payment.workers", "0")
    with pytest.raises(ModelError, match=r"E029.*exponental"):
        with_value(mc.load("order_orchestration"), "services.payment.time", "exponental(20ms)")


@pytest.mark.parametrize("name", ["order_orchestration", "order_choreography", "group_trip", "two_phase_commit"])
def test_every_path_that_is_suggested_is_one(name: str) -> None:
    design = mc.load(name)
    paths = paths_of(design)
    assert len(paths) > 3
    for path in paths:
        assert "E443" not in codes(design, path), path


def codes(design: model.Model, path: str) -> set[str]:
    """What is wrong with the value 1 at a path."""
    try:
        with_value(design, path, "1")
    except ModelError as error:
        return {problem.code for problem in error.problems}
    return set()
