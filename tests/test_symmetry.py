"""Symmetry: which indices can be exchanged, the states that are left, and verdicts that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, permutations
from typing import Any

import pytest
from generated_families import families
from hypothesis import HealthCheck, Phase, find, given, settings
from reduced import differences
from test_search import packaged, state

from modelcheck.compile import compile_model
from modelcheck.engine.packed.layout import Unpackable, layout_of
from modelcheck.engine.reductions import exchange, symmetry
from modelcheck.engine.reductions.canonical import Canonical, Sorter, after, inverse
from modelcheck.engine.reductions.columns import RowSorter, symmetric_search
from modelcheck.engine.reductions.exchange import filled, pattern_of
from modelcheck.engine.reductions.search import reduced_search
from modelcheck.engine.reductions.symmetry import symmetry_of
from modelcheck.engine.search import search
from modelcheck.engine.target import Limits, Target
from modelcheck.load import load_text
from modelcheck.system import TransitionSystem

STUCK = Target("stuck", stuck=True)
SMALL = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
HUNT = settings(
    max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=(Phase.generate,),
)  # fmt: skip


def system(text: str) -> TransitionSystem:
    return compile_model(load_text(f"system: s\n{text}"))


def blocks(known: TransitionSystem, *targets: Target) -> list[tuple[int, ...]]:
    return [block.indices for block in symmetry_of(known, targets).blocks]


# Counts that stand in the literature or follow from a formula.


@pytest.mark.parametrize(
    ("orders", "units", "classes"), [(1, 1, 7), (2, 1, 13), (4, 2, 70), (7, 3, 308), (8, 4, 714), (9, 5, 1_470)]
)
def test_the_saga_has_as_many_classes_of_states_as_are_known(orders: int, units: int, classes: int) -> None:
    answer = reduced_search(packaged("saga_orders", N=orders, K=units), [STUCK], reductions={"symmetry"})
    assert (answer.states, answer.complete, answer.traces) == (classes, True, {})


def test_of_philosophers_in_a_ring_no_two_can_be_exchanged() -> None:
    ring = system("""
constants: {N: 4}
variables: {fork: {over: 0..N-1, type: bool, initial: true}}
actions:
  take: {for each: i in 0..N-1, when: "fork[i] and fork[(i + 1) % N]", effect: {"fork[i]": false}}
""")
    assert blocks(ring, STUCK) == []


# What is symmetric, and what is not.


def test_a_target_that_names_one_index_keeps_it_apart() -> None:
    saga = packaged("saga_orders", N=4, K=2)
    assert blocks(saga, STUCK) == [(1, 2, 3, 4)]
    assert blocks(saga, state(saga, "order[1] == paid")) == [(2, 3, 4)]
    assert blocks(saga, state(saga, "order[1] == paid and order[2] == paid")) == [(1, 2), (3, 4)]
    assert blocks(saga, state(saga, "order[1] == paid and order[2] == idle")) == [(3, 4)]


def test_claims_count_only_where_they_are_asked_for() -> None:
    known = system("""
variables: {x: {over: 1..3, range: 0..2, initial: 0}}
actions: {go: {for each: i in 1..3, effect: {"x[i]": "x[i] + 1"}}}
""")
    assert blocks(known, Target("any", claims=frozenset({("range", "*")}))) == [(1, 2, 3)]
    assert blocks(known, Target("one", claims=frozenset({("range", "x[2]")}))) == [(1, 3)]


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("x: {over: 1..3, range: 0..2, initial: 0}", [(1, 2, 3)]),
        ("x: {over: 1..3, range: 0..2, initial: 0}, y: {over: 1..3, type: bool, initial: false}", [(1, 2, 3)] * 2),
    ],
)
def test_families_that_have_nothing_to_do_with_each_other_are_permuted_apart(
    change: str, left: list[tuple[int, ...]]
) -> None:
    other = '\n  flip: {for each: j in 1..3, when: "not y[j]", effect: {"y[j]": true}}' if "y:" in change else ""
    known = system(f"""
variables: {{{change}}}
actions:
  go: {{for each: i in 1..3, when: "x[i] < 2", effect: {{"x[i]": "x[i] + 1"}}}}{other}
""")
    assert blocks(known, STUCK) == left


def test_a_variable_that_holds_an_index_is_exchanged_with_it() -> None:
    peterson = system("""
variables: {flag: {over: 1..2, type: bool, initial: false}, pc: {over: 1..2, range: 0..2, initial: 0},
  turn: {range: 1..2, initial: "1..2"}}
actions:
  want: {for each: i in 1..2, when: "pc[i] == 0", effect: {"flag[i]": true, turn: 3 - i, "pc[i]": 1}}
  enter: {for each: i in 1..2, when: "pc[i] == 1 and (not flag[3 - i] or turn == i)", effect: {"pc[i]": 2}}
  leave: {for each: i in 1..2, when: "pc[i] == 2", effect: {"pc[i]": 0, "flag[i]": false}}
""")
    together = state(peterson, "pc[1] == 2 and pc[2] == 2")
    (block,) = symmetry_of(peterson, [together]).blocks
    assert block.separate
    reduced, full = reduced_search(peterson, [together], reductions={"symmetry"}), search(peterson, [together])
    assert (reduced.complete, full.complete) == (True, True)
    assert 2 * reduced.states == full.states
    # Where it begins with 1, nobody may be exchanged.
    assert blocks(system("""
variables: {x: {over: 1..2, type: bool, initial: false}, turn: {range: 1..2, initial: 1}}
actions: {go: {for each: i in 1..2, when: turn == i, effect: {"x[i]": true, turn: 3 - i}}}
"""), STUCK) == []  # fmt: skip


def test_grids_are_permuted_in_both_directions() -> None:
    known = system("""
variables: {seen: {over: [1..3, 1..3], type: bool, initial: false}}
actions: {look: {for each: [i in 1..3, j in 1..3], when: "i != j and not seen[i, j]", effect: {"seen[i, j]": true}}}
""")
    answer = reduced_search(known, [STUCK], reductions={"symmetry"})
    assert search(known, [STUCK]).traces.keys() == answer.traces.keys()
    assert len(answer.traces["stuck"]) == 6
    everything = reduced_search(known, [state(known, "false")], reductions={"symmetry"})
    assert everything.states == 16  # Directed graphs with three nodes (OEIS A000273), out of 64.


def test_instances_are_permuted() -> None:
    text = "orchestration: o\nvariables: {p: false}\ninstances: 4\nflow: {steps: {a: {effect: {p: true}}}}\n"
    assert blocks(compile_model(load_text(text)), STUCK) == [(1, 2, 3, 4)]


def test_numbers_that_would_be_written_otherwise_are_none() -> None:
    assert pattern_of("b1.x[2,30]#4")[1] == (1, 2, 30, 4)
    assert pattern_of("a01")[1] == ()
    for name in ("x", "b1.x[2,30]#4", "a01", "a{}7", "x[-3]"):
        assert filled(*pattern_of(name)) == name


# Canonical forms.


def test_permutations_of_a_state_have_one_canonical_form_and_a_way_back() -> None:
    saga = packaged("saga_orders", N=4, K=2)
    canonical = Canonical(symmetry_of(saga, [STUCK]))
    first = (1, 5, 0, 3, 2)
    forms = {canonical((*(first[k] for k in order), 2)) for order in permutations(range(4))}
    assert len(forms) == 1
    for order in permutations(range(4)):
        form, (found,) = canonical.with_orders(changed := (*(first[k] for k in order), 2))
        assert canonical.permuted(form, [inverse(found)]) == changed
        twice = canonical.permuted(canonical.permuted(changed, [found]), [order])
        assert twice == canonical.permuted(changed, [after(found, order)])


# Verdicts.


@SMALL
@given(families())
def test_symmetry_changes_no_verdict_and_no_distance(case: tuple[TransitionSystem, list[Target]]) -> None:
    assert list(differences(*case, [("symmetry",)])) == []


def test_a_depth_limit_means_the_same() -> None:
    saga = packaged("saga_orders", N=3, K=2)
    target = state(saga, "forall i in 1..3: order[i] == cancelled")
    for depth in range(8):
        limits = Limits(depth=depth)
        full, reduced = search(saga, [target], limits), reduced_search(saga, [target], limits)
        assert (full.stopped, full.depth, full.complete) == (reduced.stopped, reduced.depth, reduced.complete)
        assert full.traces.keys() == reduced.traces.keys()


# Over packed states.


@pytest.mark.parametrize(("orders", "units", "classes"), [(7, 3, 308), (9, 5, 1_470)])
def test_packed_states_have_the_same_classes(orders: int, units: int, classes: int) -> None:
    saga = packaged("saga_orders", N=orders, K=units)
    sold = state(saga, f"stock == 0 and forall i in 1..{orders}: order[i] in {{shipped, cancelled}}")
    answer = symmetric_search(saga, [STUCK, sold])
    assert answer is not None
    plain = reduced_search(saga, [STUCK, sold], reductions={"symmetry"})
    assert (answer.states, answer.transitions, answer.complete) == (classes, plain.transitions, True)
    assert [len(trace) for trace in answer.traces.values()] == [len(trace) for trace in plain.traces.values()]


@SMALL
@given(families())
def test_packed_states_are_sorted_as_plain_ones_are(case: tuple[TransitionSystem, list[Target]]) -> None:
    known, targets = case
    full = search(known, targets, Limits(states=3_000))
    try:
        answer = symmetric_search(known, targets)
    except Unpackable:
        return
    if answer is None or full.stopped:
        return
    plain = reduced_search(known, targets, reductions={"symmetry"})
    lengths = {name: len(trace) for name, trace in full.traces.items()}
    assert {name: len(trace) for name, trace in answer.traces.items()} == lengths
    if full.complete:
        assert (answer.complete, answer.states, answer.depth) == (True, plain.states, plain.depth)
    layout = layout_of(known)
    for block in symmetry_of(known, targets).blocks:
        sorter = Sorter(block)
        states = [one for one in islice(known.initial_states(), 50) if known.in_range(one)]
        states += [after for one in states for _, after in known.successors(one)]
        rows = RowSorter(layout, sorter)(layout.pack(states))
        assert layout.unpack(rows) == [sorter.permuted(one, sorter.order(one)) for one in states]


def noticed() -> bool:
    """Whether the generated systems show that something is broken."""

    def differ(case: tuple[TransitionSystem, list[Target]]) -> bool:
        try:
            return any(True for _ in differences(*case, [("symmetry",)]))
        except Exception:  # A trace that cannot be rebuilt or replayed.
            return True

    return find(families(), differ, settings=HUNT) is not None


def test_an_exchange_that_is_accepted_without_looking_at_actions_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = exchange._Walk.run

    def careless(self: exchange._Walk) -> list[int] | None:
        return run(self) or list(range(len(self.known.keys)))

    monkeypatch.setattr(exchange._Walk, "run", careless)
    assert noticed()


def test_an_exchange_that_forgets_the_targets_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = exchange.Symmetries.__init__

    def forgets(self: exchange.Symmetries, system: TransitionSystem, targets: list[Target]) -> None:
        real(self, system, targets)
        self.fixed = []

    monkeypatch.setattr(exchange.Symmetries, "__init__", forgets)
    assert noticed()


def test_a_held_index_that_does_not_change_with_the_others_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = symmetry._Search.families

    def forgets(self: symmetry._Search, *about: Any) -> Iterator[symmetry.Family]:
        return (replace(family, valued=False) for family in real(self, *about) if family.dimensions)

    monkeypatch.setattr(symmetry._Search, "families", forgets)
    assert noticed()
