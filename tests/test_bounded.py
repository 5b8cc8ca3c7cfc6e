"""Bounded model checking: against the reference search, on what only z3 can do, and broken on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

import pytest
import z3
from generated_systems import SYSTEMS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcheck.engine.bounded import bounded
from modelcheck.engine.relation import Relation
from modelcheck.engine.search import search
from modelcheck.engine.target import Answer, Limits, Target
from modelcheck.expressions import (
    BOOL,
    FALSE,
    INT,
    REAL,
    TRUE,
    EnumType,
    Expr,
    IntType,
    Literal,
    Operation,
    Ref,
    Scope,
    Type,
    conjunction,
    equal,
    negation,
    parse,
    resolve,
)
from modelcheck.system import Action, Claim, Label, TransitionSystem, Variable
from modelcheck.trace import ReplayError, replay

QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
DEPTH = 5


def action(
    name: str, guard: Expr, updates: dict[str, Expr], *claims: Claim, parameters: tuple[Variable, ...] = ()
) -> Action:
    return Action(name, guard, updates, Label("act", name), claims, parameters)


def reader(*variables: Variable, **more: Type) -> Callable[[str], Expr]:
    """What reads formulas over these variables (by their plain names) and parameters."""
    scope = Scope({**{v.name: v.ref for v in variables}, **{name: Ref(name, kind) for name, kind in more.items()}})
    return lambda text: resolve(parse(text), scope)


def targets_of(system: TransitionSystem) -> list[Target]:
    kinds = sorted({claim.kind for each in system.actions for claim in each.claims} | {"division"})
    return [
        Target("stuck", stuck=True),
        *(Target(kind, claims=frozenset({(kind, "*")})) for kind in kinds),
        *(Target(f"{v.name} is not what it was", state=_changed(v)) for v in system.variables),
        Target("never", state=FALSE),
    ]


def _changed(variable: Variable) -> Expr:
    """None of the first values: reached by some systems early, by some late, by some never."""
    return conjunction(negation(equal(variable.ref, Literal(value, variable.type))) for value in variable.initial or ())


def differences(searched: Answer, unrolled: Answer, targets: list[Target]) -> Iterator[str]:
    """Where one engine found something shorter, up to the depth that z3 has seen.

    An action that breaks a claim may have no state after it; search shows the first it comes across, z3 one that is
    shortest by that, too.
    """
    for target in targets:
        here, there = searched.traces.get(target.name), unrolled.traces.get(target.name)
        if here is None or len(here) > DEPTH:
            agrees = there is None or (
                bool(target.claims) and here is not None and len(there) == DEPTH == len(here) - 1
            )
        else:
            agrees = there is not None and 0 <= len(here) - len(there) <= (1 if target.claims else 0)
        if not agrees:
            yield f"{target.name}: search {here and len(here)}, z3 {there and len(there)}"


@QUICK
@given(SYSTEMS)
def test_search_and_z3_find_the_same_with_the_same_length(system: TransitionSystem) -> None:
    targets = targets_of(system)
    searched, unrolled = search(system, targets), bounded(system, targets, depth=DEPTH)
    assert searched.complete
    assert unrolled.stopped in ("", "depth")
    assert list(differences(searched, unrolled, targets)) == []
    if unrolled.complete:
        assert searched.depth <= unrolled.depth


CHOSEN = Variable("p", IntType(0, 2), None)
NUMBERS = ("x", "p", "0", "1", "x + p", "x - 1", "p // x", "x % p", "max(x, p)")
GUARDS = ("true", "x < 2", "p != x", "p // x == 1", "x % p == 0", "flag")


@st.composite
def systems_with_choices(draw: st.DrawFn) -> TransitionSystem:
    """An integer and a flag, actions with a parameter of the environment's, and claims about it."""
    x, flag = (
        Variable("x", IntType(0, 3), tuple(draw(st.sets(st.integers(0, 3), min_size=1)))),
        Variable("flag", BOOL, None),
    )
    read = reader(x, flag, p=CHOSEN.type)
    actions = []
    for number in range(draw(st.integers(1, 3))):
        claim = Claim("requires", "it", read(draw(st.sampled_from(GUARDS))))
        updates = {"x": read(draw(st.sampled_from(NUMBERS))), "flag": read(draw(st.sampled_from(GUARDS)))}
        guard = read(draw(st.sampled_from(GUARDS)))
        actions.append(action(f"act{number}", guard, updates, claim, parameters=(CHOSEN,)))
    finished, initially = (
        read(draw(st.sampled_from(("flag", "x == 2")))),
        read(draw(st.sampled_from(("true", "flag or x != 1")))),
    )
    return TransitionSystem("choices", (x, flag), tuple(actions), finished, initially)


@QUICK
@given(systems_with_choices())
def test_search_and_z3_agree_where_the_environment_chooses(system: TransitionSystem) -> None:
    targets = targets_of(system)
    assert list(differences(search(system, targets), bounded(system, targets, depth=DEPTH), targets)) == []


def counter(**changes: object) -> TransitionSystem:
    count = Variable("count", IntType(0, 9), (0,))
    read = reader(count)
    up = action("up", read("count < 3"), {"count": read("count + 1")}, Claim("requires", "small", read("count < 2")))
    return replace(TransitionSystem("counter", (count,), (up,), finished=read("count == 3")), **changes)


def test_a_system_whose_paths_all_end_is_decided() -> None:
    answer = bounded(
        counter(), [Target("stuck", stuck=True), Target("nine", state=reader(*counter().variables)("count == 9"))]
    )
    assert (answer.complete, answer.stopped, answer.depth, dict(answer.traces)) == (True, "", 3, {})


@pytest.mark.parametrize(("depth", "complete"), [(2, False), (3, True)])
def test_the_last_depth_tells_whether_anything_follows(depth: int, complete: bool) -> None:
    answer = bounded(counter(), [Target("stuck", stuck=True)], Limits(depth=depth))
    assert (answer.complete, answer.stopped) == (complete, "" if complete else "depth")


def test_a_broken_claim_ends_with_the_action_that_breaks_it() -> None:
    trace = bounded(counter(), [Target("small", claims=frozenset({("requires", "small")}))]).traces["small"]
    assert trace.states == ((0,), (1,), (2,), (3,))
    assert trace.broken == counter().actions[0].claims[0]


def test_a_division_by_zero_has_no_state_after_it() -> None:
    x = Variable("x", INT, (2,))
    read = reader(x)
    system = TransitionSystem("division", (x,), (action("halve", read("10 // x > 0"), {"x": read("x - 1")}),))
    trace = bounded(system, [Target("zero", claims=frozenset({("division", "*")}))]).traces["zero"]
    assert trace.states == ((2,), (1,), (0,))
    assert trace.broken is not None


def test_nothing_goes_on_from_outside_a_range() -> None:
    x = Variable("x", IntType(0, 1), (0,))
    read = reader(x)
    system = TransitionSystem("range", (x,), (action("up", TRUE, {"x": read("x + 1")}),))
    answer = bounded(system, [Target("two", state=read("x == 2")), Target("three", state=read("x == 3"))])
    assert answer.traces["two"].states == ((0,), (1,), (2,))
    assert "three" not in answer.traces
    assert answer.complete


def test_first_values_without_bounds_and_exact_reals() -> None:
    amount, share = Variable("amount", INT, None), Variable("share", REAL, (Fraction(0),))
    read = reader(amount, share)
    system = TransitionSystem(
        "shares", (amount, share), (action("split", read("amount > 1000"), {"share": read("amount / 3")}),)
    )
    trace = bounded(system, [Target("third", state=read("share * 2 == 1001 - 1 / 3"))]).traces["third"]
    assert trace.states[-1] == (1501, Fraction(1501, 3))


def test_a_choice_without_bounds_is_read_off_the_state_after() -> None:
    x, chosen = Variable("x", INT, (0,)), Variable("p", INT, None)
    read = reader(x, p=INT)
    system = TransitionSystem("any", (x,), (action("set", read("p > x + 5"), {"x": read("p")}, parameters=(chosen,)),))
    trace = bounded(system, [Target("far", state=read("x > 100"))]).traces["far"]
    assert len(trace) == 1
    assert replay(trace).states[-1][0] > 100


def test_a_state_in_which_no_choice_is_possible_is_stuck() -> None:
    x, chosen = Variable("x", INT, (3,)), Variable("p", INT, None)
    read = reader(x, p=INT)
    halve = action("halve", read("x == p * 2 + 1"), {"x": read("p")}, parameters=(chosen,))
    trace = bounded(TransitionSystem("halves", (x,), (halve,)), [Target("stuck", stuck=True)]).traces["stuck"]
    assert trace.states == ((3,), (1,), (0,))


def test_enumerations_and_families_of_names() -> None:
    kind = EnumType(("red", "green", "blue"))
    lamp = Variable("lamp[1]#2", kind, None)
    system = TransitionSystem("lamp", (lamp,), (), initially=Operation("!=", (lamp.ref, lamp.ref), BOOL))
    assert bounded(system, [Target("any", state=TRUE)]).complete
    lit = replace(system, initially=TRUE)
    trace = bounded(lit, [Target("last", state=resolve(parse("lamp == blue"), Scope({"lamp": lamp.ref})))]).traces[
        "last"
    ]
    assert trace.states == ((2,),)


def test_the_time_limit_is_kept_and_said() -> None:
    answer = bounded(counter(), [Target("never", state=FALSE)], Limits(seconds=0))
    assert (answer.complete, answer.stopped, dict(answer.traces)) == (False, "seconds", {})


def two_counters() -> TransitionSystem:
    left, right = Variable("left", INT, (0,)), Variable("right", INT, (0,))
    read = reader(left, right)
    return TransitionSystem(
        "two",
        (left, right),
        (action("l", read("left < 2"), {"left": read("left + 1")}), action("r", TRUE, {"right": read("right + 1")})),
    )


def test_an_engine_that_forgets_what_stays_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Relation, "frame", lambda _: iter(()))
    far = Target("far", state=reader(*two_counters().variables)("left == 7 and right == 1"))
    with pytest.raises(ReplayError, match="does not lead there"):
        bounded(two_counters(), [far])


def test_an_engine_that_forgets_guards_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Relation.term

    def forgetful(self: Relation, expr: Expr, number: int | None = None) -> object:
        return (
            z3.BoolVal(True)
            if any(expr is each.guard for each in self.system.actions)
            else original(self, expr, number)
        )

    monkeypatch.setattr(Relation, "term", forgetful)
    with pytest.raises(ReplayError, match="does not lead there"):
        bounded(two_counters(), [Target("three", state=reader(*two_counters().variables)("left == 3"))])


def test_an_engine_that_reads_targets_wrongly_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Relation, "condition", lambda *_: z3.BoolVal(True))
    with pytest.raises(ReplayError, match="does not reach"):
        bounded(two_counters(), [Target("one", state=reader(*two_counters().variables)("left == 1"))])


def test_a_claim_that_is_not_broken_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Relation, "breaks", lambda *_: z3.BoolVal(True))
    with pytest.raises(ReplayError, match="does not break"):
        bounded(counter(), [Target("small", claims=frozenset({("requires", "small")}))])
