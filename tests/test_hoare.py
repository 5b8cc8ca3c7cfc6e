"""Contracts along a graph: the audit's readings, vacuity, paths, choices of the environment, and plain evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
import z3
from counting import calls_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcheck.engine import hoare
from modelcheck.engine.hoare import ContractAnswer, Statement, counterexample, verify
from modelcheck.expressions import (
    BOOL,
    FALSE,
    INT,
    TRUE,
    Expr,
    IntType,
    Ref,
    Scope,
    Type,
    Value,
    evaluate,
    parse,
    resolve,
)

STOCK = {"stock": INT}
X = {"x": INT}


def reader(variables: Mapping[str, Type]) -> Callable[[str], Expr]:
    scope = Scope({name: Ref(name, kind) for name, kind in variables.items()})
    return lambda text: resolve(parse(text), scope)


stock, x = reader(STOCK), reader(X)
SELL = {"stock": stock("stock - 1")}


def verdicts(answers: Sequence[ContractAnswer]) -> dict[tuple[str, str], str]:
    return {(each.name, each.kind): "vacuous" if each.vacuous else each.verdict for each in answers}


def sale(before: str, after: str, **options: Any) -> ContractAnswer:
    """{before} stock := stock - 1 {after}"""
    (answer,) = verify([Statement("sell", updates=SELL, ensures=stock(after))], STOCK, stock(before), **options)
    return answer


def test_b1_read_on_one_state_a_contract_says_nothing_about_a_change() -> None:
    assert counterexample(stock("stock == 10"), stock("stock == 9"), STOCK) == {"stock": 10}
    assert sale("stock == 10", "stock == 9").verdict == "proved"


def test_b1_stock_may_fall_below_zero_from_zero() -> None:
    answer = sale("stock >= 0", "stock >= 0")
    assert answer.verdict == "refuted"
    assert answer.counterexample == {"stock": 0}
    assert sale("stock >= 1", "stock >= 0").verdict == "proved"


def test_b1_contracts_that_hold_one_by_one_need_not_chain() -> None:
    first = Statement("first", updates={"x": x("1")}, ensures=x("x == 1"))
    second = Statement("second", (("first", TRUE),), requires=x("x == 2"), updates={"x": x("3")}, ensures=x("x == 3"))
    alone = verify([Statement("second", updates={"x": x("3")}, ensures=x("x == 3"))], X, x("x == 2"))
    assert verdicts(verify([first], X)) == {("first", "ensures"): "proved"}
    assert verdicts(alone) == {("second", "ensures"): "proved"}
    answers = verify([first, second], X)
    assert verdicts(answers) == {
        ("first", "ensures"): "proved", ("second", "requires"): "refuted", ("second", "ensures"): "vacuous",
    }  # fmt: skip
    assert answers[1].path == ("first", "second")
    assert answers[1].arrival == {"x": 1}


def test_a_contract_that_is_never_asked_is_vacuous() -> None:
    never = Statement("never", (("first", x("x > 5")),), requires=x("x == 7"), ensures=FALSE)
    answers = verify([Statement("first", updates={"x": x("1")}), never], X)
    assert verdicts(answers) == {("never", "requires"): "vacuous", ("never", "ensures"): "vacuous"}
    assert verdicts(verify([Statement("s", ensures=TRUE)], X, FALSE)) == {("s", "ensures"): "vacuous"}


def test_ensures_may_rely_on_the_own_requires_or_not() -> None:
    step = Statement("sell", requires=stock("stock >= 1"), updates=SELL, ensures=stock("stock >= 0"))
    as_it_runs = verdicts(verify([step], STOCK))
    as_a_triple = verdicts(verify([step], STOCK, rely_on_requires=True))
    assert as_it_runs == {("sell", "requires"): "refuted", ("sell", "ensures"): "refuted"}
    assert as_a_triple == {("sell", "requires"): "refuted", ("sell", "ensures"): "proved"}


def branches(join: str) -> list[ContractAnswer]:
    return verify(
        [
            Statement("ask"),
            Statement("little", (("ask", x("x < 3")),), updates={"x": x("x + 10")}),
            Statement("much", (("ask", x("x > 1")),), updates={"x": x("x * 2")}),
            Statement("join", (("little", TRUE), ("much", TRUE)), requires=x(join)),
        ],
        X,
        x("x >= 0"),
    )


@pytest.mark.parametrize(("join", "path"), [("x != 12", "little"), ("x != 4", "much"), ("x != 40", "much")])
def test_where_both_ways_are_open_each_is_possible(join: str, path: str) -> None:
    (answer,) = branches(join)
    assert answer.verdict == "refuted"
    assert answer.path == ("ask", path, "join")


def test_what_holds_on_every_way_is_proved() -> None:
    assert verdicts(branches("x >= 4")) == {("join", "requires"): "proved"}


def test_ways_that_rejoin_keep_what_they_did_not_change() -> None:
    two = {"x": INT, "y": INT}
    read = reader(two)
    answers = verify(
        [
            Statement("a", ((None, read("x > 0")),), updates={"y": read("1")}),
            Statement("b", ((None, read("x <= 0")),), updates={"y": read("2")}),
            Statement("c", (("a", TRUE), ("b", TRUE)), ensures=read("(x > 0) == (y == 1)")),
        ],
        two,
    )
    assert verdicts(answers) == {("c", "ensures"): "proved"}


def test_a_promise_of_the_environment_is_assumed_and_must_be_possible() -> None:
    read = reader({"x": INT, "p": INT})

    def promised(guard: str) -> dict[tuple[str, str], str]:
        step = Statement("call", guard=read(guard), updates={"x": read("p")}, ensures=x("x > 3"), parameters={"p": INT})
        return verdicts(verify([step], X))

    assert promised("p > x and p > 3") == {("call", "ensures"): "proved", ("call", "progress"): "proved"}
    assert promised("p > 3 and p * 2 < x") == {("call", "ensures"): "proved", ("call", "progress"): "refuted"}


def test_divisions_and_ranges_are_contracts_too_and_end_the_path() -> None:
    kinds: dict[str, Type] = {"x": IntType(0, 9), "y": INT}
    read = reader(kinds)
    answers = verify(
        [
            Statement("divide", updates={"y": read("10 // x")}),
            Statement("grow", (("divide", TRUE),), requires=read("x != 0"), updates={"x": read("x + y")}),
            Statement("after", (("grow", TRUE),), requires=read("x <= 9")),
        ],
        kinds,
    )
    assert verdicts(answers) == {
        ("divide", "division"): "refuted", ("grow", "requires"): "proved", ("grow", "range"): "refuted",
        ("after", "requires"): "proved",
    }  # fmt: skip
    assert answers[0].counterexample == {"x": 0, "y": answers[0].counterexample["y"]}


def test_what_divides_by_zero_does_not_hold() -> None:
    assert counterexample(TRUE, x("1 // x > -2"), X) == {"x": 0}


def test_statements_out_of_order_and_twice_are_errors() -> None:
    with pytest.raises(ValueError, match="does not come before"):
        verify([Statement("a", (("b", TRUE),)), Statement("b")], X)
    with pytest.raises(ValueError, match="two statements"):
        verify([Statement("a"), Statement("a")], X)


def test_no_time_is_no_verdict() -> None:
    assert sale("stock >= 1", "stock >= 0", seconds=0).verdict == "unknown"


def chain(size: int, ends_well: bool = True) -> tuple[list[Statement], dict[str, Type], Expr]:
    """Each step needs the flag of the one before, and takes one from the stock."""
    kinds: dict[str, Type] = {**STOCK, **{f"done {n}": BOOL for n in range(size)}}
    statements = [
        Statement(
            f"step {n}",
            ((f"step {n - 1}" if n else None, TRUE),),
            requires=Ref(f"done {n - 1}", BOOL) if n else None,
            updates={**SELL, f"done {n}": TRUE},
            ensures=stock(f"stock >= {size - n - 1}" if ends_well else f"stock > {size - n - 1}"),
        )
        for n in range(size)
    ]
    return statements, kinds, stock(f"stock >= {size}")


def test_a_thousand_contracts_are_proved_together() -> None:
    assert set(verdicts(verify(*chain(1_000))).values()) == {"proved"}


def test_work_grows_with_the_length_and_not_with_its_square() -> None:
    def work(size: int) -> int:
        given_chain = chain(size)
        return calls_of(lambda: verify(*given_chain))

    assert work(400) < 5 * work(100)  # 4 times as much; quadratic would be 16 times


def test_many_broken_contracts_each_have_a_counterexample() -> None:
    answers = verify(*chain(100, ends_well=False))
    assert Counter(answer.verdict for answer in answers) == {"proved": 99, "refuted": 100}
    assert all(answer.counterexample["stock"] == 100 for answer in answers if answer.verdict == "refuted")


# Against plain evaluation over all small values and all paths.

KINDS: dict[str, Type] = {"x": IntType(-2, 2), "y": IntType(-2, 2)}
read = reader(KINDS)
CONDITIONS = st.sampled_from(["true", "x > 0", "x <= y", "y != 1", "x % 2 == 0", "1 // x > 0", "x == -1 or y > 0"]).map(
    read
)
VALUES = st.sampled_from(["x", "y", "0", "x + 1", "y - x", "x // y", "min(x, y)", "-x"]).map(read)


@st.composite
def programs(draw: st.DrawFn) -> list[Statement]:
    statements: list[Statement] = []
    for number in range(draw(st.integers(1, 4))):
        sources = draw(st.sets(st.sampled_from([None, *(s.name for s in statements)]), min_size=1, max_size=2))
        entries = tuple((source, draw(CONDITIONS)) for source in sorted(sources, key=str))
        updates = draw(st.dictionaries(st.sampled_from("xy"), VALUES))
        contract = (draw(st.none() | CONDITIONS), draw(st.none() | CONDITIONS))
        statements.append(Statement(f"s{number}", entries, contract[0], draw(CONDITIONS), updates, contract[1]))
    return statements


def holds(condition: Expr, state: Mapping[str, Value]) -> bool:
    try:
        return bool(evaluate(condition, state))
    except ZeroDivisionError:
        return False


def runs(
    statements: Sequence[Statement],
) -> Iterator[tuple[Statement, dict[str, Value], str | dict[str, Value] | None]]:
    """Every arrival at a statement, with the state after it: None where the guard does not hold, or what goes wrong."""
    after: dict[str | None, list[dict[str, Value]]] = {
        None: [{"x": a, "y": b} for a in range(-2, 3) for b in range(-2, 3)]
    }
    for statement in statements:
        after[statement.name] = []
        for source, condition in statement.entries:
            for state in after[source]:
                if holds(condition, state):
                    outcome = run(statement, state)
                    yield statement, state, outcome
                    if isinstance(outcome, dict) and all(-2 <= v <= 2 for v in outcome.values()):
                        after[statement.name].append(outcome)


def run(statement: Statement, state: dict[str, Value]) -> str | dict[str, Value] | None:
    try:
        if not evaluate(statement.guard, state):
            return None
        return {**state, **{name: evaluate(update, state) for name, update in statement.updates.items()}}
    except ZeroDivisionError:
        return "division"


def broken_in(statements: Sequence[Statement]) -> set[tuple[str, str]]:
    found = set()
    for statement, state, outcome in runs(statements):
        if statement.requires is not None and not holds(statement.requires, state):
            found.add((statement.name, "requires"))
        if outcome == "division":
            found.add((statement.name, "division"))
        elif isinstance(outcome, dict):
            if not all(-2 <= value <= 2 for value in outcome.values()):
                found.add((statement.name, "range"))
            if statement.ensures is not None and not holds(statement.ensures, outcome):
                found.add((statement.name, "ensures"))
    return found


def reported(statements: Sequence[Statement]) -> set[tuple[str, str]]:
    answers = verify(statements, KINDS)
    assert all(answer.verdict in ("proved", "refuted") for answer in answers)
    return {(answer.name, answer.kind) for answer in answers if answer.verdict == "refuted"}


QUICK = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@QUICK
@given(programs())
def test_answers_agree_with_running_all_paths(statements: list[Statement]) -> None:
    assert reported(statements) == broken_in(statements)


def test_a_pass_that_takes_one_way_for_all_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    program = [
        Statement("a", updates={"x": read("1")}),
        Statement("b", updates={"x": read("2")}),
        Statement("c", (("a", TRUE), ("b", TRUE)), requires=read("x == 2")),
    ]
    assert reported(program) == broken_in(program) == {("c", "requires")}
    monkeypatch.setattr(hoare._Pass, "merge", lambda _, name, entries, versions: versions[-1])  # noqa: ARG005
    assert reported(program) != broken_in(program)


def test_a_pass_that_forgets_conditions_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    program = [Statement("a"), Statement("b", (("a", read("x > 0")),), requires=read("x != 0"))]
    assert reported(program) == broken_in(program) == set()
    monkeypatch.setattr(hoare._Pass, "mark", lambda self, name, _: self.named(name, BOOL, z3.BoolVal(True)))
    assert reported(program) != broken_in(program)
