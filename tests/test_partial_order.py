"""Partial order: one order of what is independent, with the verdicts of all orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from generated import choreographies, orchestrations
from generated_families import families
from generated_systems import SYSTEMS
from hypothesis import HealthCheck, given, settings
from reduced import COMBINATIONS, differences
from test_engines_agree import targets_of
from test_search import packaged, state

from modelcheck.compile import compile_model
from modelcheck.engine.reductions import dependence, search, stubborn
from modelcheck.engine.reductions.dependence import Dependence, bits_of
from modelcheck.engine.reductions.search import reduced_search
from modelcheck.engine.search import search as full_search
from modelcheck.engine.target import Limits, Target
from modelcheck.load import load_text
from modelcheck.model import Choreography, Orchestration
from modelcheck.system import TransitionSystem

STUCK = Target("stuck", stuck=True)
RANGE = Target("range", claims=frozenset({("range", "*")}))
ORDER, BOTH = ("partial-order",), ("symmetry", "partial-order")
SMALL = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def system(text: str) -> TransitionSystem:
    return compile_model(load_text(text))


def number(known: TransitionSystem, name: str) -> int:
    return next(at for at, action in enumerate(known.actions) if action.name == name)


# Fewer states.


def branches(k: int, service: str = "") -> TransitionSystem:
    steps = "".join(f"    b{at}: {{after: []{service}}}\n" for at in range(1, k + 1))
    joined = ", ".join(f"b{at}" for at in range(1, k + 1))
    services = "services: {s: {fails: 5%}}\n" if service else ""
    return system(f"orchestration: o\n{services}flow:\n  steps:\n{steps}    last: {{after: [{joined}]}}\n")


@pytest.mark.parametrize("k", [3, 6, 20, 60])
def test_parallel_branches_are_walked_through_one_by_one(k: int) -> None:
    """Start and finish of each, of the last step, and the end: 2k + 3 actions, instead of 3^k states and three."""
    answer = reduced_search(branches(k), [STUCK], reductions=ORDER)
    assert (answer.states, answer.complete, answer.traces) == (2 * k + 4, True, {})
    if k <= 6:
        assert full_search(branches(k), [STUCK]).states == 3**k + 3


def test_branches_that_can_fail_grow_slowly_with_symmetry() -> None:
    counts = [reduced_search(branches(k, ", service: s"), [STUCK], reductions=BOTH).states for k in (4, 6, 8)]
    assert counts[2] < 300
    assert full_search(branches(4, ", service: s"), [STUCK]).states > 300


def test_the_saga_needs_fewer_states() -> None:
    saga = packaged("saga_orders", N=6, K=3)
    full = 27_024
    stuck = reduced_search(saga, [STUCK], reductions=ORDER)
    ranges = reduced_search(saga, [STUCK, RANGE], reductions=ORDER)
    assert (stuck.complete, ranges.complete, stuck.traces, ranges.traces) == (True, True, {}, {})
    assert stuck.states < full / 4
    assert ranges.states < full / 2  # Reserving and releasing are noticed.


PHILOSOPHERS = """
system: dining
constants: {N: 6}
variables:
  fork: {over: 0..N-1, type: bool, initial: true}
  at: {over: 0..N-1, values: [thinking, one, eating], initial: thinking}
actions:
  left:  {for each: i in 0..N-1, when: "at[i] == thinking and fork[i]", effect: {"fork[i]": false, "at[i]": one}}
  right: {for each: i in 0..N-1, when: "at[i] == one and fork[(i + 1) % N]",
    effect: {"fork[(i + 1) % N]": false, "at[i]": eating}}
  back:  {for each: i in 0..N-1, when: "at[i] == eating",
    effect: {"fork[i]": true, "fork[(i + 1) % N]": true, "at[i]": thinking}}
"""


def test_philosophers_are_found_stuck() -> None:
    known = system(PHILOSOPHERS)
    answer = reduced_search(known, [STUCK], reductions=ORDER)
    assert len(answer.traces["stuck"]) == 6
    assert answer.states < full_search(known, [state(known, "false")]).states


# Relations between actions.


def test_which_actions_accord() -> None:
    saga = packaged("saga_orders", N=3, K=2)
    known = Dependence(saga)

    def accord(one: str, other: str) -> bool:
        return known.accord(number(saga, one), number(saga, other))

    assert accord("pay[1]", "ship[2]")  # Nothing in common.
    assert accord("reserve[1]", "release[2]")  # Both write the stock: adding and taking away.
    assert accord("release[1]", "release[2]")
    assert accord("pay[1]", "ship[1]")  # Never both possible.
    assert not accord("reserve[1]", "reserve[2]")  # There may be one unit left.
    assert not accord("pay[1]", "payment_fails[1]")


def test_which_actions_make_a_condition_true() -> None:
    saga = packaged("saga_orders", N=2, K=2)
    known = Dependence(saga)
    ship = known.needs[number(saga, "ship[1]")]
    assert [saga.actions[at].name for at in bits_of(known.enablers(ship[0]))] == ["pay[1]"]
    reserve = {name for each in known.needs[number(saga, "reserve[1]")] for name in
               [saga.actions[at].name for at in bits_of(known.enablers(each))]}  # fmt: skip
    assert reserve == {"release[1]", "release[2]"}


def test_which_actions_a_target_notices() -> None:
    saga = packaged("saga_orders", N=2, K=2)
    known = Dependence(saga)

    def noticed(text: str) -> set[str]:
        return {saga.actions[at].name for at in bits_of(known.visible([state(saga, text)]))}

    assert noticed("order[1] == paid") == {"ship[1]", "shipping_fails[1]"}  # `pay` makes it true: no harm.
    assert noticed("stock == 0") == {"release[1]", "release[2]"}
    assert noticed("stock + (count i in 1..2: order[i] not in {idle, cancelled}) != 2") == set()


def test_a_division_by_zero_is_still_found() -> None:
    known = system("""
system: divides
variables: {x: {range: 0..3, initial: 3}, y: {range: 0..3, initial: 0}}
actions:
  down: {when: x > 0, effect: {x: x - 1}}
  up: {when: y < 3 and 6 // x > 0, effect: {y: y + 1}}
""")
    division = Target("division", claims=frozenset({("division", "*")}))
    assert list(differences(known, [division, STUCK])) == []


def test_an_action_that_leaves_a_range_stops_all_others() -> None:
    """Taking `up` first is no way to see y == 2: where x leaves its range, nothing goes on."""
    known = system("""
system: leaves
variables: {x: {range: 0..1, initial: 1}, y: {range: 0..2, initial: 0}}
actions: {up: {effect: {x: x + 1}}, other: {when: y < 2, effect: {y: y + 1}}}
""")
    assert list(differences(known, [state(known, "y == 2"), state(known, "x == 2 and y == 2"), RANGE])) == []


def test_nothing_is_put_off_for_ever() -> None:
    """Going round in one process must not hide what the other does."""
    known = system("""
system: round
variables: {x: {range: 0..2, initial: 0}, y: {range: 0..1, initial: 0}}
actions: {go: {effect: {x: (x + 1) % 3}, actor: a}, once: {when: y == 0, effect: {y: 1}, actor: b}}
""")
    assert len(reduced_search(known, [state(known, "y == 1")], reductions=ORDER).traces) == 1


# Verdicts.


@settings(parent=SMALL, max_examples=150)
@given(families())
def test_no_verdict_changes(case: tuple[TransitionSystem, list[Target]]) -> None:
    assert list(differences(*case)) == []


@SMALL
@given(SYSTEMS)
def test_no_verdict_changes_on_small_systems(known: TransitionSystem) -> None:
    for target in targets_of(known):
        assert list(differences(known, [target])) == []


@settings(parent=SMALL, max_examples=25)
@given(orchestrations(instances=2))
def test_no_verdict_changes_on_orchestrations(design: Orchestration) -> None:
    known = compile_model(design)
    assert list(differences(known, targets_of(known))) == []
    assert list(differences(known, [STUCK], COMBINATIONS[2:])) == []


@settings(parent=SMALL, max_examples=25)
@given(choreographies())
def test_no_verdict_changes_on_choreographies(design: Choreography) -> None:
    known = compile_model(design)
    assert list(differences(known, targets_of(known))) == []


def test_with_a_depth_limit_the_order_is_not_reduced() -> None:
    saga = packaged("saga_orders", N=3, K=2)
    answer = reduced_search(saga, [STUCK], Limits(depth=3), ORDER)
    assert (answer.states, answer.stopped) == (full_search(saga, [STUCK], Limits(depth=3)).states, "depth")


def test_an_interrupted_search_has_seen_everything_up_to_nothing() -> None:
    answer = reduced_search(packaged("saga_orders", N=5, K=2), [STUCK], Limits(states=30), ORDER)
    assert (answer.complete, answer.stopped, answer.depth) == (False, "states", 0)


# Broken on purpose.


def forget_what_goes_on_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stubborn, "progressing", lambda *_: -1)


def forget_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Dependence._mask
    monkeypatch.setattr(Dependence, "_mask", lambda self, names: real(self, list(names)[1:]))


def forget_conflicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dependence, "accord", lambda *_: True)


def forget_enablers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dependence, "enablers", lambda *_: 0)


def forget_visibility(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dependence, "visible", lambda *_: 0)


def forget_the_proviso(monkeypatch: pytest.MonkeyPatch) -> None:
    real = stubborn.Stubborn.look_for

    def careless(self: stubborn.Stubborn, targets: Any) -> None:
        real(self, targets)
        self.careful = False

    monkeypatch.setattr(stubborn.Stubborn, "look_for", careless)


def forget_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search.ReducedSearch, "must_be_known_to_leave", lambda *_: None)


def prove_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependence.Proofs, "possible", lambda *_: False)


BLOCKED = """
system: blocked
variables: {x: {range: 0..1, initial: 0}, z: {range: 0..1, initial: 0}, going: false, w: false}
actions:
  mark: {when: x == 0, effect: {z: 1}}
  close: {when: x == 0 and going, effect: {x: 1}}
  begin: {when: not going, effect: {going: true}}
  round: {when: z == 1, effect: {w: not w}}
"""
PASSING = """
system: passing
variables: {x: {range: 0..2, initial: 0}, y: {range: 0..1, initial: 0}}
actions: {up: {when: x < 2, effect: {x: x + 1}}, other: {when: y == 0, effect: {y: 1}}}
"""
ROUND = """
system: round
variables: {x: {range: 0..2, initial: 0}, y: {range: 0..1, initial: 0}}
actions: {go: {effect: {x: (x + 1) % 3}}, once: {when: y == 0, effect: {y: 1}}}
"""
LEAVES = """
system: leaves
variables: {x: {range: 0..1, initial: 1}, y: {range: 0..2, initial: 0}}
actions: {up: {effect: {x: x + 1}}, other: {when: y < 2, effect: {y: y + 1}}}
"""


def delicate() -> list[tuple[TransitionSystem, list[Target]]]:
    """Systems on which each rule matters: to be stuck only if one waits; to see what passes; to leave a round."""
    passing, turning, leaves = map(system, (PASSING, ROUND, LEAVES))
    return [
        (system(BLOCKED), [STUCK]),
        (system(BLOCKED.replace(" and going", "")), [STUCK]),
        (passing, [state(passing, "x == 1 and y == 1")]),
        (turning, [state(turning, "y == 1")]),
        (leaves, [state(leaves, "y == 2")]),
    ]


def test_delicate_systems_have_the_verdicts_of_the_full_search() -> None:
    assert [list(differences(*case)) for case in delicate()] == [[]] * 5


@pytest.mark.parametrize(
    "broken",
    [
        forget_a_write, forget_conflicts, forget_enablers, forget_visibility, forget_the_proviso, forget_ranges,
        prove_too_much, forget_what_goes_on_for_ever,
    ],
)  # fmt: skip
def test_what_is_broken_on_purpose_is_noticed(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    assert any(list(differences(*case, [ORDER])) for case in delicate())
