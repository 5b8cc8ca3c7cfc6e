"""The plain meaning of actions, and that replay accepts nothing but paths of the system."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from generated_systems import SYSTEMS, Naive, system_of
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.engine.liveness import find_lasso
from modelcheck.engine.search import search
from modelcheck.engine.target import Target
from modelcheck.expressions import (
    BOOL,
    FALSE,
    INT,
    REAL,
    TRUE,
    Expr,
    IntType,
    Literal,
    Operation,
    Ref,
    compare,
    integer,
    resolve,
)
from modelcheck.expressions.parse import parse
from modelcheck.system import DIVISION, Action, Claim, Label, TransitionSystem, Variable
from modelcheck.trace import ReplayError, Trace, replay

X = Variable("x", INT, (0,))
LABEL = Label("act", "someone")


def typed(system: TransitionSystem, text: str) -> Expr:
    return resolve(parse(text), system.scope, BOOL)


def choosing(kind: IntType = INT, values: tuple[int, ...] | None = (0, 1, 2)) -> TransitionSystem:
    """x becomes 6 // p - 1 for a chosen p that is at least x, and a claim says that p is not 2."""
    p = Variable("p", kind, values)
    update = Operation("-", (Operation("//", (integer(6), p.ref), INT), integer(1)), INT)
    claim = Claim("requires", "not two", compare("!=", p.ref, integer(2)))
    action = Action("choose", compare("<=", X.ref, p.ref), {"x": update}, LABEL, (claim,), (p,))
    return TransitionSystem("choosing", (X,), (action,))


# What an action means.


def test_a_choice_of_parameters_that_divides_by_zero_leads_nowhere_and_is_a_finding() -> None:
    (action,) = choosing().plain
    assert list(action.successors((0,))) == [(5,), (2,)]
    found = list(action.findings((0,)))
    assert found == [(DIVISION, None), (action.action.claims[0], (2,))]
    assert list(action.broken((3,))) == []


def test_a_guard_over_a_parameter_may_divide_by_zero() -> None:
    system = choosing()
    guard = compare(">", Operation("//", (integer(6), Ref("p", INT)), INT), integer(4))
    (action,) = replace(system, actions=(replace(system.actions[0], guard=guard),)).plain
    assert list(action.successors((0,))) == [(5,)]
    assert list(action.broken((0,))) == [DIVISION]


def test_a_claim_that_divides_by_zero_is_broken() -> None:
    claim = Claim("ensures", "odd", compare("==", Operation("%", (integer(1), X.ref), INT), integer(0)))
    system = TransitionSystem("s", (X,), (Action("go", TRUE, {}, LABEL, (claim,)),))
    assert list(system.plain[0].broken((0,))) == [claim]
    assert list(system.plain[0].broken((1,))) == []
    assert list(system.plain[0].broken((2,))) == [claim]


def test_choices_that_lead_to_the_same_state_are_one_transition() -> None:
    system = choosing(values=(4, 5, 6))
    assert list(system.plain[0].successors((0,))) == [(0,)]


def test_after_is_the_condition_before() -> None:
    action = choosing().actions[0]
    ((_, after), *_) = [(None, Naive(choosing()).names(s)) for s in choosing().plain[0].successors((0,))]
    condition = action.after(compare("==", X.ref, integer(5)))
    assert after == {"x": 5}
    assert Naive(replace(choosing(), variables=(X, Variable("p", INT, (1,))))).holds(condition, (0, 1))


@settings(max_examples=80, derandomize=True)
@given(SYSTEMS, st.data())
def test_plain_actions_agree_with_a_walk_over_the_trees(system: TransitionSystem, data: st.DataObject) -> None:
    naive = Naive(system)
    each = data.draw(st.sampled_from(sorted(naive.states, key=repr)))
    assert system.in_range(each) == naive.in_range(each)
    assert system.is_finished(each) == naive.holds(system.finished, each)
    kinds = {claim.kind for action in system.plain for claim in action.broken(each)} if naive.in_range(each) else set()
    assert kinds == {kind for kind in ("range", "division") if naive.breaks(kind, each) is not None}


# What can be listed.


def test_what_is_infinite_or_huge_is_not_listed() -> None:
    assert choosing().enumerable
    assert not choosing(values=None).enumerable
    assert not choosing(IntType(0, 10**30), None).enumerable
    assert choosing(IntType(0, 9), None).enumerable
    huge = TransitionSystem("huge", tuple(Variable(f"x{n}", BOOL, None) for n in range(40)), ())
    assert not huge.enumerable
    with pytest.raises(ValueError, match="too many initial states"):
        huge.initial_states()
    with pytest.raises(ValueError, match="too many choices"):
        list(choosing(values=None).plain[0].successors((0,)))


def test_states_are_shown_as_they_are_written() -> None:
    system = system_of({})
    assert system.show_state((1, 2, True, 2)) == {"a": "1", "b": "2", "c": "true", "d": "blue"}


# Replay.

ACTIONS = {
    "up": model.GuardedAction(when="a < 2", effect={"a": "a + 1"}),
    "paint": model.GuardedAction(effect={"d": "green if d == red else red"}),
    "off": model.GuardedAction(when="b >= 1", effect={"b": "b - 1 if c else b"}),
}


def lasso() -> Trace:
    trace, _ = find_lasso(system := system_of(ACTIONS), typed(system, "a == 2"), typed(system, "a == 2"))
    assert trace is not None
    return trace


def tampered(trace: Trace, **changes: object) -> str:
    with pytest.raises(ReplayError) as caught:
        replay(replace(trace, **changes))  # type: ignore[arg-type]
    return str(caught.value)


def test_replay_gives_the_trace_back() -> None:
    trace = lasso()
    assert replay(trace) is trace
    assert trace.loop == 1
    assert len(trace.states) == len(trace) + 1


def test_replay_rejects_every_changed_state() -> None:
    trace = lasso()
    for index in range(len(trace.states)):
        for position in range(4):
            states = [list(each) for each in trace.states]
            states[index][position] = not states[index][position] if position == 2 else 3 - states[index][position]
            assert tampered(trace, states=tuple(tuple(each) for each in states))


def test_replay_rejects_every_changed_action() -> None:
    """Whatever the action is exchanged for, unless that leads to the same state."""
    trace = lasso()
    for index, number in enumerate(trace.actions):
        for other in {*range(-1, len(ACTIONS) + 1)} - {number}:
            actions = (*trace.actions[:index], other, *trace.actions[index + 1 :])
            assert tampered(trace, actions=actions)


@pytest.mark.parametrize("loop", [-1, 0, 99])
def test_replay_rejects_a_loop_that_is_none(loop: int) -> None:
    trace = lasso()
    assert "loop" in tampered(trace, loop=loop)
    assert "loop" in tampered(trace, loop=len(trace))


def test_replay_rejects_what_is_cut_or_swapped() -> None:
    trace = lasso()
    assert tampered(trace, states=trace.states[1:], actions=trace.actions[1:], loop=None)
    assert tampered(trace, states=trace.states[:-1])
    assert tampered(trace, states=(trace.states[0][:-1], *trace.states[1:]))
    assert tampered(trace, states=trace.states[::-1])


def test_replay_rejects_what_goes_on_outside_a_range() -> None:
    system = system_of({"up": model.GuardedAction(effect={"a": "a + 1"})})
    states = tuple((a, 1, False, 0) for a in range(5))
    assert "range" in tampered(Trace(system, states, (0, 0, 0, 0)))
    assert replay(Trace(system, states[:4], (0, 0, 0)))


def test_replay_rejects_a_start_that_is_none() -> None:
    system = system_of({}, initially="a == 1")
    assert replay(Trace(system, ((1, 1, False, 0),), ()))
    assert "initial" in tampered(Trace(system, ((0, 1, False, 0),), ()))
    assert "initial" in tampered(Trace(system, ((2, 1, False, 0),), ()))


def test_replay_rejects_a_claim_that_is_not_broken() -> None:
    system = choosing()
    claim = system.actions[0].claims[0]
    good = search(system, [Target("two", claims=frozenset({("requires", "*")}))]).traces["two"]
    assert (good.states, good.broken) == (((0,), (2,)), claim)
    assert "break" in tampered(good, states=((0,), (5,)))
    assert "break" in tampered(good, broken=Claim("requires", "something else", FALSE))
    assert replay(Trace(system, ((0,),), (), broken=DIVISION))
    assert "break" in tampered(Trace(system, ((0,), (5,)), (0,), broken=DIVISION))


def test_a_parameter_without_bounds_is_read_off_the_state_after() -> None:
    """z3 chooses it; the trace shows it."""
    r, p = Variable("r", REAL, (Fraction(0),)), Variable("p", REAL, None)
    limit = Claim("ensures", "small", compare("<=", p.ref, Literal(Fraction(3, 2), REAL)))
    action = Action("choose", compare("<", r.ref, p.ref), {"r": p.ref}, LABEL, (limit,), (p,))
    system = TransitionSystem("s", (r,), (action,))
    trace = Trace(system, ((Fraction(0),), (Fraction(1, 2),)), (0,))
    assert replay(trace)
    assert "lead" in tampered(trace, states=((Fraction(0),), (Fraction(-1),)))
    assert replay(replace(trace, states=((Fraction(0),), (Fraction(2),)), broken=limit))


@settings(max_examples=100, derandomize=True)
@given(SYSTEMS, st.data())
def test_replay_accepts_exactly_the_paths(system: TransitionSystem, data: st.DataObject) -> None:
    """Of random walks with one state or action exchanged, those that are still paths and no others."""
    naive = Naive(system)
    states, actions = [data.draw(st.sampled_from(sorted(naive.layers[0])))], list[int]()
    while len(actions) < 5 and (moves := list(naive.moves(states[-1]))):
        number, after = data.draw(st.sampled_from(moves))
        states.append(after)
        actions.append(number)
    assert replay(Trace(system, tuple(states), tuple(actions)))
    place = data.draw(st.integers(0, len(actions)))
    if place == len(actions) or data.draw(st.booleans()):
        states[place] = data.draw(st.sampled_from(sorted(naive.states)))
    else:
        actions[place] = data.draw(st.integers(0, len(system.actions) - 1))
    steps = zip(states, actions, states[1:], strict=False)
    moved = ((number, after) in naive.moves(before) for before, number, after in steps)
    changed = Trace(system, tuple(states), tuple(actions))
    if states[0] in naive.layers[0] and all(moved):
        assert replay(changed) is changed
    else:
        assert tampered(changed)
