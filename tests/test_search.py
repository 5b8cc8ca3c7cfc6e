"""The reference engine against pinned counts, against definitions, and against a naive fixpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from generated_systems import CONDITIONS, SYSTEMS, Naive
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.compile import compile_model
from modelcheck.engine.search import NOT_LISTABLE, count_states, search
from modelcheck.engine.successors import compile_numbered_successors, compile_successors
from modelcheck.engine.target import Limits, Seen, Target
from modelcheck.expressions import BOOL, INT, TRUE, Expr, IntType, Ref, compare, integer, resolve
from modelcheck.expressions.parse import parse
from modelcheck.load import load_file
from modelcheck.system import Action, Claim, Label, State, TransitionSystem, Variable
from modelcheck.trace import replay

MODELS = Path(__file__).parent.parent / "models"
DIVISION = Target("division", claims=frozenset({("division", "*")}))
RANGE = Target("range", claims=frozenset({("range", "*")}))
STUCK = Target("stuck", stuck=True)


def packaged(name: str, **constants: int) -> TransitionSystem:
    return compile_model(load_file(MODELS / f"{name}.yaml", {key: str(n) for key, n in constants.items()}))


def typed(system: TransitionSystem, text: str) -> Expr:
    return resolve(parse(text), system.scope, BOOL)


def state(system: TransitionSystem, text: str) -> Target:
    return Target(text, state=typed(system, text))


def counter(effect: str = "x + 1", when: str = "true", top: int = 3, **others: str) -> TransitionSystem:
    """One variable, one action."""
    action = model.GuardedAction(when=when, effect={"x": effect})
    variables = {"x": model.Variable(type=f"0..{top}", initial=0)}
    return compile_model(model.System(name="counter", variables=variables, actions={"go": action}, **others))


# Counts that other checkers agree on.


@pytest.mark.parametrize(
    ("orders", "units", "states", "transitions"),
    [(1, 1, 7, 8), (2, 1, 24, 42), (3, 2, 218, 651), (4, 2, 776, 2_776), (7, 3, 89_168, 533_344)],
)
def test_the_saga_has_the_states_that_ten_checkers_count(
    orders: int, units: int, states: int, transitions: int
) -> None:
    answer = count_states(packaged("saga_orders", N=orders, K=units))
    assert (answer.states, answer.transitions, answer.complete) == (states, transitions, True)


@pytest.mark.parametrize(("managers", "states"), [(3, 288), (5, 8_832)])
def test_two_phase_commit_has_lamports_states(managers: int, states: int) -> None:
    assert count_states(packaged("two_phase_commit", N=managers)).states == states


def test_two_phase_commit_is_consistent_and_can_do_either() -> None:
    system = packaged("two_phase_commit")
    mixed = "(exists i in 1..3: rm[i] == committed) and (exists i in 1..3: rm[i] == aborted)"
    all_commit, all_abort = (f"forall i in 1..3: rm[i] == {how}" for how in ("committed", "aborted"))
    answer = search(system, [state(system, text) for text in (mixed, all_commit, all_abort)] + [STUCK])
    assert {name: len(trace) for name, trace in answer.traces.items()} == {all_commit: 10, all_abort: 3}
    assert answer.complete


# Shortest traces of the audit's examples.


def test_check_check_reserve_reserve_sells_the_last_unit_twice() -> None:
    trace = search(system := packaged("stock_race"), [state(system, "stock < 0")]).traces["stock < 0"]
    assert [action.name for _, action, _ in trace.steps()] == ["check[1]", "check[2]", "reserve[1]", "reserve[2]"]
    assert system.show_state(trace.states[-1])["stock"] == "-1"


def test_one_buyer_alone_is_safe() -> None:
    answer = search(system := packaged("stock_race", N=1), [state(system, "stock < 0"), STUCK])
    assert answer.complete
    assert answer.traces == {}


def test_write_skew_needs_two_steps() -> None:
    system = packaged("write_skew")
    target = state(system, "not (on_call[1] or on_call[2])")
    assert len(search(system, [target]).traces[target.name]) == 2


def test_a_bounded_retry_only_stops_where_it_is_finished() -> None:
    answer = search(packaged("retry_loop"), [STUCK, RANGE])
    assert (answer.complete, answer.traces) == (True, {})


# What a target means.


def test_stuck_is_not_finished() -> None:
    assert len(search(counter(when="x < 3"), [STUCK]).traces["stuck"]) == 3
    assert search(counter(when="x < 3", finished="x == 3"), [STUCK]).complete
    assert len(search(counter(when="x < 3", finished="x == 2"), [STUCK]).traces["stuck"]) == 3


def test_leaving_a_range_is_found_and_the_path_ends_there() -> None:
    system = counter()
    answer = search(system, [state(system, "x == 4"), state(system, "x == 5"), RANGE, STUCK])
    assert {name: len(trace) for name, trace in answer.traces.items()} == {"x == 4": 4, "range": 4}
    assert answer.complete
    assert answer.states == 5
    broken = answer.traces["range"].broken
    assert broken is not None
    assert (broken.name, broken.message) == ("x", "x leaves its range 0..3")
    assert answer.traces["range"].states[-1] == (4,)


def test_an_update_that_cannot_leave_its_range_claims_nothing() -> None:
    assert counter(effect="(x + 1) % 3", top=3).actions[0].claims == ()


@pytest.mark.parametrize(
    ("when", "effect", "length"), [("true", "6 // (1 - x)", 1), ("6 // (2 - x) > 0", "x + 1", 2), ("x < 2", "x", None)]
)
def test_division_by_zero_is_found_and_has_no_state_after(when: str, effect: str, length: int | None) -> None:
    """Where it happens there is no result, so the trace ends before the action."""
    system = counter(effect=f"{effect} if x >= 1 else x + 1", when=when, top=9)
    trace = search(system, [DIVISION]).traces.get("division")
    if length is None:
        assert trace is None
    else:
        assert trace is not None
        assert trace.broken is not None
        assert trace.broken.kind == "division"
        assert len(trace) == length


def test_what_is_not_evaluated_does_not_divide() -> None:
    answer = search(counter(when="x != 0 and 6 // x > 0 or x == 0", effect="1"), [DIVISION])
    assert (answer.traces, answer.complete) == ({}, True)


def parameterised(values: tuple[int, ...] | None, kind: IntType = INT, high: int = 9) -> TransitionSystem:
    """x becomes a value that the environment chooses, above what it was; more than `high` breaks a claim."""
    x = Variable("x", INT, (0,))
    p = Variable("p", kind, values)
    claim = Claim("requires", "modest", compare("<=", Ref("p", kind), integer(high)))
    guard = compare("<", x.ref, Ref("p", kind))
    action = Action("choose", guard, {"x": Ref("p", kind)}, Label("act", "someone"), (claim,), (p,))
    return TransitionSystem("parameterised", (x,), (action,))


def test_parameters_give_every_choice() -> None:
    answer = count_states(parameterised((1, 2, 2, 3)))
    assert (answer.states, answer.transitions, answer.depth) == (4, 6, 1)


def test_a_claim_about_a_parameter_names_the_choice_that_breaks_it() -> None:
    target = Target("modest", claims=frozenset({("requires", "modest")}))
    trace = search(parameterised((1, 2, 3), high=2), [target]).traces["modest"]
    assert trace.states == ((0,), (3,))


@pytest.mark.parametrize("kind", [INT, IntType(0, 10**12)])
def test_what_cannot_be_listed_is_said_and_not_tried(kind: IntType) -> None:
    system = parameterised(None, kind)
    assert not system.enumerable
    assert search(system, []).stopped == NOT_LISTABLE
    wide = replace(system, actions=(), variables=(replace(system.variables[0], initial=None, type=kind),))
    assert search(wide, []).stopped == NOT_LISTABLE


# Limits and manners.


@pytest.mark.parametrize(
    ("limits", "stopped"), [(Limits(depth=2), "depth"), (Limits(states=300), "states"), (Limits(seconds=-1), "seconds")]
)
def test_a_limit_that_comes_first_is_said(limits: Limits, stopped: str) -> None:
    answer = search(packaged("saga_orders", N=5, K=2), [], limits)
    assert (answer.stopped, answer.complete) == (stopped, False)


def test_the_depth_limit_counts_actions() -> None:
    system = counter(when="x < 3")
    answer = search(system, [state(system, "x == 2"), state(system, "x == 3")], Limits(depth=2))
    assert set(answer.traces) == {"x == 2"}
    assert (answer.stopped, answer.depth, answer.states) == ("depth", 2, 3)
    assert search(system, [STUCK, RANGE], Limits(depth=3)).complete


def test_it_stops_as_soon_as_everything_is_found() -> None:
    system = packaged("saga_orders", N=7, K=3)
    answer = search(system, [state(system, "order[1] == reserved")])
    assert len(answer.traces) == 1
    assert answer.states < 100
    assert (answer.stopped, answer.complete) == ("", False)


def test_control_c_ends_with_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    system = counter(when="x < 3")
    real = compile_successors(system)

    def interrupted(before: State) -> list[State]:
        if before == (2,):
            raise KeyboardInterrupt
        return real(before)

    monkeypatch.setattr("modelcheck.engine.search.compile_successors", lambda _: interrupted)
    answer = search(system, [state(system, "x == 1"), state(system, "x == 3")])
    assert (answer.stopped, answer.complete, set(answer.traces)) == ("interrupted", False, {"x == 1"})


def test_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10**9))
    monkeypatch.setattr("modelcheck.engine.target.time.monotonic", lambda: float(next(clock)))
    told: list[Seen] = []
    search(packaged("stock_race"), [], Limits(seconds=10**6), progress=told.append)
    states = [seen.states for seen in told]
    assert states == sorted(states)
    assert (told[-1].states, told[-1].depth) == (11, 4)


def test_the_same_question_has_the_same_answer() -> None:
    def once() -> Iterator[tuple[State, ...]]:
        system = packaged("two_phase_commit")
        targets = [state(system, "sent_commit"), state(system, "sent_abort and sent[2]")]
        return (trace.states for trace in search(system, targets).traces.values())

    assert list(once()) == list(once())


# Against the definitions, on random systems.


@settings(max_examples=250, derandomize=True)
@given(SYSTEMS, CONDITIONS)
def test_search_agrees_with_a_naive_fixpoint(system: TransitionSystem, condition: str) -> None:
    naive = Naive(system)
    wanted = typed(system, condition)
    expected: dict[str, int | None] = dict.fromkeys(("wanted", "stuck", "range", "division"))
    for distance, layer in enumerate(naive.layers):
        for each in layer:
            found = {
                "wanted": 0 if naive.holds(wanted, each) else None,
                "stuck": 0 if naive.ends(each) and not naive.holds(system.finished, each) else None,
                "range": naive.breaks("range", each),
                "division": naive.breaks("division", each),
            }
            for name, more in found.items():
                sofar = expected[name]
                if more is not None and (sofar is None or distance + more < sofar):
                    expected[name] = distance + more
    answer = search(system, [Target("wanted", state=wanted), STUCK, RANGE, DIVISION])
    lengths = {name: len(trace) for name, trace in answer.traces.items()}
    assert lengths == {name: length for name, length in expected.items() if length is not None}
    if (trace := answer.traces.get("wanted")) is not None:
        assert naive.holds(wanted, trace.states[-1])
    counted = count_states(system)
    assert counted.complete
    assert counted.states == len(naive.states)
    assert counted.transitions == sum(len(list(naive.moves(each))) for each in naive.states)
    assert counted.depth == len(naive.layers) - 1


@settings(max_examples=60, derandomize=True)
@given(SYSTEMS, st.data())
def test_generated_successors_mean_what_the_plain_actions_mean(system: TransitionSystem, data: st.DataObject) -> None:
    naive = Naive(system)
    each = data.draw(st.sampled_from(sorted(naive.states, key=repr)).filter(naive.in_range))
    plain = list(system.successors(each))
    assert plain == list(naive.moves(each))
    assert compile_numbered_successors(system)(each) == plain
    assert compile_successors(system)(each) == [after for _, after in plain]


def test_generated_successors_of_parameters() -> None:
    system = parameterised((1, 2, 2))
    assert compile_numbered_successors(system)((0,)) == [(0, (1,)), (0, (2,))]
    assert list(system.successors((0,))) == [(0, (1,)), (0, (2,))]


def test_every_trace_replays_by_itself() -> None:
    for trace in search(counter(), [RANGE, Target("all", state=TRUE)]).traces.values():
        assert replay(trace) == trace
