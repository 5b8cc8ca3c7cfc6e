"""Termination by ranks: the audit's counterexamples, what lexicographic measures can do, and what they cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import z3
from counting import calls_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcheck.engine import linear_rank, recurrence
from modelcheck.engine.control_flow import Walk
from modelcheck.engine.ranking import Edge, LoopRank, RankResult, rank
from modelcheck.expressions import (
    BOOL,
    INT,
    REAL,
    EnumType,
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

X = {"x": INT, "y": INT}


def reader(variables: Mapping[str, Type]) -> Callable[[str], Expr]:
    scope = Scope({name: Ref(name, kind) for name, kind in variables.items()})
    return lambda text: resolve(parse(text), scope)


def edge(variables: Mapping[str, Type], source: str, target: str, guard: str = "true", **updates: str) -> Edge:
    read = reader(variables)
    return Edge(source, target, read(guard), {name: read(text) for name, text in updates.items()})


def only_loop(result: RankResult) -> LoopRank:
    (loop,) = result.loops
    return loop


def names(edges: Sequence[Edge]) -> list[str]:
    return sorted(str(each) for each in edges)


def retry(guard: str) -> RankResult:
    count = {"attempts": INT}
    again = edge(count, "decide", "try", guard, attempts="attempts + 1")
    edges = [edge(count, "try", "decide"), again, edge(count, "decide", "done")]
    return rank(["try", "decide", "done"], edges, count)


def fee(known: str) -> RankResult:
    money = {"balance": INT, "fee": INT}
    edges = [
        edge(money, "pay", "pay", "balance > 0", balance="balance - fee"),
        edge(money, "pay", "end", "balance <= 0"),
    ]
    return rank(["pay", "end"], edges, money, {"pay": reader(money)(known)})


def test_a_counted_retry_has_the_rank_two_minus_attempts() -> None:
    result = retry("attempts < 3")
    assert result.proved
    assert only_loop(result).measure("decide") == ("2 - attempts",)


def test_an_unbounded_retry_has_none_and_goes_on_for_ever() -> None:
    loop = only_loop(retry("true"))
    assert not loop.ranked
    assert names(loop.core) == ["decide -> try", "try -> decide"]
    assert loop.recurrence is not None
    assert not loop.recurrence.returns


def test_a_positive_fee_is_ranked_by_the_balance() -> None:
    assert only_loop(fee("fee >= 1")).measure("pay") == ("balance",)


def test_a_fee_of_nothing_has_no_rank_and_the_state_that_recurs() -> None:
    loop = only_loop(fee("fee >= 0"))
    assert not loop.ranked
    assert loop.recurrence is not None
    assert dict(loop.recurrence.state) == {"balance": 1, "fee": 0}
    assert loop.recurrence.returns


def test_the_core_of_a_cycle_is_that_cycle() -> None:
    pairs = [("start", "A"), ("A", "B"), ("B", "A"), ("B", "C"), ("C", "D")]
    result = rank("ABCD", [Edge(source, target) for source, target in pairs])
    assert names(only_loop(result).core) == ["A -> B", "B -> A"]


def test_the_core_of_many_cycles_is_one_of_them() -> None:
    edges = [Edge(a, b) for a in "ABCDE" for b in "ABCDE" if a != b]
    core = only_loop(rank("ABCDE", edges)).core
    assert all(first.target == second.source for first, second in pairwise([*core, core[0]]))
    assert len({each.source for each in core}) == len(core)


def test_a_chain_of_events_has_the_ranks_three_to_zero() -> None:
    result = rank("ABCD", [Edge(source, target) for source, target in pairwise("ABCD")])
    assert result.proved
    assert dict(result.ranks) == {"A": 3, "B": 2, "C": 1, "D": 0}


def test_a_time_to_live_that_decreases_proves_a_loop_of_events() -> None:
    alive = {"ttl": INT}
    result = rank("AB", [edge(alive, "A", "B", "ttl > 0", ttl="ttl - 1"), edge(alive, "B", "A")], alive)
    assert result.proved
    assert only_loop(result).measure("A") == ("ttl",)


def test_long_chains_are_linear() -> None:
    def work(size: int) -> int:
        edges = [Edge(number, number + 1) for number in range(size)]
        return calls_of(lambda: rank(range(size), edges))

    assert rank(range(10_000), [Edge(n, n + 1) for n in range(10_000)]).ranks[0] == 10_000
    assert work(8_000) < 4.5 * work(2_000)  # 4 times as much; quadratic would be 16 times


def test_a_long_cycle_is_its_own_core() -> None:
    loop = only_loop(rank(range(20_000), [Edge(n, (n + 1) % 20_000) for n in range(20_000)]))
    assert len(loop.core) == 20_000
    assert loop.recurrence is not None


LEXICOGRAPHIC = {
    "one resets the other": [("x > 0", {"x": "x - 1", "y": "100"}), ("y > 0", {"y": "y - 1"})],
    "up to a bound": [("x < y", {"x": "x + 1"}), ("x < y", {"y": "y - 1"})],
    "halved": [("x > 0", {"x": "x // 2"})],
    "two weights": [("x + 2 * y > 0", {"x": "x - 3", "y": "y + 1"})],
    "a conditional step": [("x > 0 and y > 0", {"x": "x - (1 if y > 5 else 2)"})],
    "never taken": [("x > 0 and x < 0", {"x": "x"})],
}


@pytest.mark.parametrize("name", LEXICOGRAPHIC)
def test_loops_that_end(name: str) -> None:
    edges = [edge(X, "loop", "loop", guard, **updates) for guard, updates in LEXICOGRAPHIC[name]]
    assert rank(["loop"], edges, X).proved


def test_the_first_of_two_measures_is_the_one_that_nothing_increases() -> None:
    edges = [edge(X, "loop", "loop", guard, **updates) for guard, updates in LEXICOGRAPHIC["one resets the other"]]
    assert only_loop(rank(["loop"], edges, X)).measure("loop") == ("x", "y")


def test_offsets_at_nodes() -> None:
    edges = [edge(X, "A", "B", "x < 1000", x="x + 3"), edge(X, "B", "A", "true", x="x - 1")]
    loop = only_loop(rank("AB", edges, X))
    assert loop.measure("A") == ("999 - x",)
    assert loop.measure("B") == ("1000 - x",)


def test_enumerations_truth_values_and_reals_can_be_ranked() -> None:
    kinds: dict[str, Type] = {"state": EnumType(("idle", "busy", "done")), "open": BOOL, "amount": REAL}
    read = reader(kinds)
    state = kinds["state"]
    edges = [
        Edge("n", "n", resolve(parse("state == idle"), Scope({"state": Ref("state", state)})),
             {"state": resolve(parse("busy"), Scope(), state)}),
        Edge("n", "n", resolve(parse("state == busy"), Scope({"state": Ref("state", state)})),
             {"state": resolve(parse("done"), Scope(), state)}),
        Edge("n", "n", read("open"), {"open": read("false")}),
        Edge("n", "n", read("amount >= 1"), {"amount": read("amount - 3 / 2")}),
    ]  # fmt: skip
    assert rank("n", edges, kinds).proved


def test_a_real_that_shrinks_by_ever_less_is_not_proved() -> None:
    amount = {"amount": REAL}
    assert not rank("n", [edge(amount, "n", "n", "amount > 0", amount="amount / 2")], amount).proved


def test_a_range_that_is_left_ends_the_path() -> None:
    count = {"count": IntType(0, 9)}
    assert rank("n", [edge(count, "n", "n", count="count + 1")], count).proved


def test_the_environment_may_choose_the_step() -> None:
    read = reader({"x": INT, "p": INT})
    for guard, ends in (("x > 0 and p >= 1", True), ("x > 0 and p >= 0", False)):
        loop = Edge("n", "n", read(guard), {"x": read("x - p")}, parameters={"p": INT})
        assert rank("n", [loop], {"x": INT}).proved == ends


def test_a_loop_that_only_some_values_leave() -> None:
    found = only_loop(rank("n", [edge(X, "n", "n", "x != 0", x="x - 1")], X)).recurrence
    assert found is not None
    assert dict(found.state) == {"x": -1}


def test_two_cycles_that_undo_each_other_go_on_for_ever() -> None:
    edges = [edge(X, "n", "n", "x == 3", x="8"), edge(X, "n", "n", "x == 8", x="3")]
    found = only_loop(rank("n", edges, X)).recurrence
    assert found is not None
    assert len(found.edges) == 2
    assert wrong(edges, rank("n", edges, X)) == []


def test_a_truth_value_that_is_set_reads_as_its_opposite() -> None:
    kinds: dict[str, Type] = {"sent": BOOL}
    assert only_loop(rank("n", [edge(kinds, "n", "n", "not sent", sent="true")], kinds)).measure("n") == (
        "1 if not sent else 0",
    )


def test_a_loop_of_several_phases_is_ranked_phase_by_phase() -> None:
    loop = only_loop(rank("n", [edge(X, "n", "n", "x > 0", x="x + y", y="y - 1")], X))
    assert loop.measure("n") == ("max(y + 1, 0)", "x")
    three = {**X, "z": INT}
    loop = only_loop(rank("n", [edge(three, "n", "n", "x > 0", x="x + y", y="y + z", z="z - 1")], three))
    assert loop.measure("n") == ("max(z + 1, 0)", "max(y + 1, 0)", "x")
    assert not only_loop(rank("n", [edge(X, "n", "n", "x > 0", x="x + y", y="y + 1")], X)).ranked


def test_what_is_not_linear_is_left_open() -> None:
    loop = only_loop(rank("n", [edge(X, "n", "n", "x != y", x="max(x, y)", y="max(x, y)")], X))
    assert not loop.ranked
    assert loop.recurrence is None
    assert loop.reason


def test_a_flow_of_many_steps_with_one_retry() -> None:
    count = {"attempts": INT}
    edges = [Edge(n, n + 1) for n in range(500)]
    edges.append(Edge(500, 0, reader(count)("attempts < 3"), {"attempts": reader(count)("attempts + 1")}))
    assert only_loop(rank(range(501), edges, count)).measure(7) == ("2 - attempts",)


def test_no_time_is_no_verdict() -> None:
    count = {"attempts": INT}
    loop = only_loop(rank("n", [edge(count, "n", "n", "attempts < 3", attempts="attempts + 1")], count, seconds=0))
    assert not loop.ranked
    assert loop.reason == "the time was up"


# Against plain evaluation: a measure goes down along every walk, and a state that recurs does recur.

STEPS = st.sampled_from(["x - 1", "x + 1", "x - 2", "x", "y", "0", "x + y", "-x", "x // 2"])
GUARDS = st.sampled_from(["x > 0", "x != 0", "x < 5", "true", "x > y", "x >= 0 and y > 0", "y > 0"])
EDGES = st.builds(
    lambda source, target, guard, x, y: edge(X, source, target, guard, x=x, y=y.translate(str.maketrans("xy", "yx"))),
    st.sampled_from("AB"), st.sampled_from("AB"), GUARDS, STEPS, STEPS,
)  # fmt: skip
QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def after(step: Edge, state: Mapping[str, Value]) -> dict[str, Value] | None:
    if not evaluate(step.guard, state):
        return None
    return {**state, **{name: evaluate(update, state) for name, update in step.updates.items()}}


def falls(loop: LoopRank, step: Edge, before: Mapping[str, Value], later: Mapping[str, Value]) -> bool:
    """Whether a step decreases the lexicographic measure, the part that decreases being at least 0."""
    old = [evaluate(part, before) for part in loop.measures[step.source]]
    new = [evaluate(part, later) for part in loop.measures[step.target]]
    for first, second in zip(old, new, strict=False):
        if second < first:
            return first >= 0
        if second > first:
            return False
    return False


def wrong(edges: Sequence[Edge], result: RankResult) -> list[str]:
    """What plain evaluation over a few hundred states says against a result."""
    found = []
    for loop in result.loops:
        if loop.recurrence is not None:
            state: dict[str, Value] | None = {"x": 0, "y": 0, **loop.recurrence.state}
            for step in loop.recurrence.edges * 3:
                state = after(step, state) if state is not None else None
            returned = state is not None and all(state[n] == v for n, v in loop.recurrence.state.items())
            if state is None or (loop.recurrence.returns and not returned):
                found.append(f"{loop.recurrence.state} does not recur")
        inside = [e for e in edges if loop.ranked and e.source in loop.nodes and e.target in loop.nodes]
        for step in (e for e in inside if e.source == e.target or len(loop.nodes) == 1):
            for state_before in ({"x": x, "y": y} for x in range(-6, 7) for y in range(-6, 7)):
                later = after(step, state_before)
                if later is not None and not falls(loop, step, state_before, later):
                    found.append(f"{step} from {state_before}")
    return found


@QUICK
@given(st.lists(EDGES, min_size=1, max_size=3))
def test_results_agree_with_plain_evaluation(edges: list[Edge]) -> None:
    assert wrong(edges, rank("AB", edges, X, seconds=5)) == []


def test_a_synthesis_that_believes_its_first_candidate_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_rank._Synthesis, "refutations", lambda *_: iter(()))
    small = {"x": IntType(-6, 6), "y": IntType(-6, 6)}
    edges = [edge(small, "A", "A", "y > 0", x="y", y="x")]
    result = rank("A", edges, small)
    assert result.proved
    assert wrong(edges, result) != []


def test_a_recurrence_that_skips_the_condition_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    original = recurrence.walk

    def careless(*arguments: Any) -> Walk:
        found = original(*arguments)
        return replace(found, condition=z3.BoolVal(True))

    monkeypatch.setattr(recurrence, "walk", careless)
    edges = [edge(X, "A", "A", "x > 7", x="y", y="x")]
    assert wrong(edges, rank("A", edges, X)) != []
