"""What cannot happen, and why: every reason that is shown is really false there, and enough to forbid the action."""

from __future__ import annotations

import random
from itertools import islice

import pytest
from generated import choreographies, orchestrations
from generated_systems import SYSTEMS, Naive, system_of
from generated_systems import holds as naively_holds
from hypothesis import given, settings
from hypothesis import strategies as st

import modelcheck as mc
from modelcheck import library, model
from modelcheck.compile import compile_model
from modelcheck.errors import ModelError
from modelcheck.explore.blocked import Blocked, Explainer
from modelcheck.explore.options import options_in
from modelcheck.explore.truth import Truth
from modelcheck.expressions import FALSE, Expr, disjunction, negation
from modelcheck.system import State, TransitionSystem


def reached(system: TransitionSystem, most: int = 60, seed: int = 1) -> list[State]:
    """Some reachable states, by random walks."""
    draw = random.Random(seed)
    beginnings = list(islice(system.initial_states(), 4))
    found = dict.fromkeys(beginnings)
    while beginnings and most > 0:
        state = draw.choice(beginnings)
        for _ in range(30):
            following = [after for _, after in system.successors(state)] if system.in_range(state) else []
            if not following:
                break
            state = draw.choice(following)
            found[state] = None
        most -= 15
    return list(found)


def check_reasons(system: TransitionSystem, states: list[State]) -> int:
    """Holds every reason in these states to its promise; how many there were."""
    explainer, naive = Explainer(system), Naive(system)
    count = 0
    for state in states:
        enabled = {option.action_number for option in options_in(system, state)}
        can = {number for number, _ in system.successors(state)} if system.in_range(state) else set()
        assert enabled == can
        for number in range(len(system.actions)):
            if number in enabled:
                continue
            blocked = explainer.explain(number, state)
            count += 1
            assert blocked.facts, blocked
            assert all(str(fact) for fact in blocked.facts)
            if blocked.kind == "choice":
                full = (dict(zip(explained_names(system, number), each, strict=True))
                        for each in system.plain[number].choices(state))  # fmt: skip
                assert not any(naively_holds(blocked.false, names) for names in full)
            else:
                assert not naive.holds(blocked.false, state), "what is shown as false is false"
                check_enough(system, number, blocked, states)
    return count


def explained_names(system: TransitionSystem, number: int) -> list[str]:
    return [*system.positions, *(parameter.name for parameter in system.actions[number].parameters)]


def check_enough(system: TransitionSystem, number: int, blocked: Blocked, states: list[State]) -> None:
    """Wherever the part is false, the action cannot happen."""
    naive = Naive(system)
    for other in states[:40]:
        if not naive.holds(blocked.false, other) and system.in_range(other):
            assert not any(system.plain[number].successors(other)), (blocked, other)


@pytest.mark.parametrize("name", library.model_names())
def test_every_reason_in_the_packaged_models(name: str) -> None:
    system = compile_model(mc.load(name))
    assert check_reasons(system, reached(system)[:25]) > 5


@settings(max_examples=60)
@given(SYSTEMS)
def test_every_reason_in_generated_systems(system: TransitionSystem) -> None:
    check_reasons(system, reached(system)[:25])


@settings(max_examples=40)
@given(st.one_of(orchestrations(), orchestrations(instances=2), choreographies()))
def test_every_reason_in_generated_designs(design: model.Model) -> None:
    try:
        system = compile_model(design)
    except ModelError:
        return
    check_reasons(system, reached(system)[:12])


CONDITIONS = st.recursive(
    st.sampled_from(("a == 0", "a > b", "c", "d == red", "b // a == 1")),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from((" and ", " or ", " implies ")), inner).map(lambda p: f"({p[0]}{p[1]}{p[2]})"),
        inner.map(lambda p: f"(not {p})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_the_false_part_of_any_condition(text: str) -> None:
    """It is false where the condition is, and follows from it; likewise the true part."""
    guard = system_of({"act": model.GuardedAction(when=text)}).actions[0].guard
    system = system_of({"act": model.GuardedAction()})
    truth, naive = Truth(system.positions), Naive(system)
    states = [(a, b, c, d) for a in range(3) for b in range(3) for c in (False, True) for d in range(2)]
    for state in states:
        held = truth.value(guard, state)
        assert (held is True) == naive.holds(guard, state)
        if held is None:
            continue
        part = truth.true_part(guard, state) if held else truth.false_part(guard, state)
        assert truth.value(part, state) is held
        assert size(part) <= 3 * size(guard)
        for other in states:
            if truth.value(part, other) is held and truth.value(guard, other) is not None:
                assert truth.value(guard, other) is held


def size(expr: Expr) -> int:
    return 1 + sum(size(argument) for argument in getattr(expr, "arguments", ()))


def test_only_the_false_conjuncts_and_all_alternatives() -> None:
    system = system_of({"act": model.GuardedAction(when="a == 0 and b > 2 and (c or d == green)")})
    truth, guard = Truth(system.positions), system.actions[0].guard
    assert truth.false_part(guard, (0, 3, False, 0)) == guard.arguments[2]  # type: ignore[union-attr]
    assert truth.false_part(guard, (0, 0, True, 0)) == guard.arguments[1]  # type: ignore[union-attr]
    assert truth.false_part(negation(disjunction([guard, FALSE])), (0, 3, True, 0)) != FALSE


def test_too_weak_a_reason_would_be_noticed() -> None:
    """The check of reasons can fail: a part that does not follow from the guard is caught."""
    system = system_of({"act": model.GuardedAction(when="a == 0", effect={"b": "2"})})
    wrong = Blocked(0, system.actions[0], "guard", system_of({"x": model.GuardedAction(when="c")}).actions[0].guard, ())
    with pytest.raises(AssertionError):
        check_enough(system, 0, wrong, [(0, 1, False, 0)])


BUYING = """\
orchestration: buying
variables:
  price: {range: 0..5, initial: 0}
  offer: {range: 0..5, initial: {0, 4}}
flow:
  steps:
    ask: {when: offer > 0, modifies: [price], ensures: price >= 6 - offer and price < offer}
    pay: {after: ask}
"""


def test_values_that_the_environment_chooses(tmp_path: object) -> None:
    path = f"{tmp_path}/buying.yaml"
    with open(path, "w") as file:
        file.write(BUYING)
    here = mc.explore(path).begin(offer=4).choose("start ask")
    assert [option.chosen for option in here.options] == [(("price'", 2),), (("price'", 3),)]
    assert here.options[1].words == "buying finishes ask: ok"
    assert here.choose(2).state["price"] == "3"
    assert here.choose(1, price=3).state["price"] == "3"
    with pytest.raises(ModelError, match=r"E507.*not possible with price' = 5"):
        here.choose(1, price=5)
    system = here.system
    check_reasons(system, reached(system))
