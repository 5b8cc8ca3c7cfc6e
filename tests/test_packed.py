"""The packed search says what the plain search says: on generated systems, on every kind of index, and by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from generated import choreographies, orchestrations
from generated_systems import SYSTEMS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcheck.api import load
from modelcheck.compile import compile_model
from modelcheck.engine.packed import expansion, visited
from modelcheck.engine.packed import graph as graph_module
from modelcheck.engine.packed import layout as layout_module
from modelcheck.engine.packed import search as packed_module
from modelcheck.engine.packed.graph import packed_graph
from modelcheck.engine.packed.layout import Unpackable, layout_of
from modelcheck.engine.packed.search import packed_search, search_rows
from modelcheck.engine.search import search
from modelcheck.engine.state_graph import StateGraph, explore
from modelcheck.engine.target import Limits, Seen, Target
from modelcheck.expressions import BOOL, FALSE, IntType, Ref, compare, integer, resolve
from modelcheck.expressions.parse import parse
from modelcheck.load import load_text
from modelcheck.model import Choreography, Orchestration
from modelcheck.system import TransitionSystem, Variable
from modelcheck.trace import ReplayError, Trace

COMMON = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
FEW = Limits(states=20_000)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few states, and no plain expansion: what otherwise needs large systems happens in small ones."""
    monkeypatch.setattr(expansion, "NARROW", 0)
    monkeypatch.setattr(expansion, "PIECE", 3)
    monkeypatch.setattr(packed_module, "PIECE", 3)
    monkeypatch.setattr(graph_module, "PIECE", 3)
    monkeypatch.setattr(packed_module, "BATCH", 5)


def targets_of(system: TransitionSystem) -> list[Target]:
    names = {(claim.kind, claim.name) for action in system.actions for claim in action.claims}
    claims = [Target(f"{kind} {name}", claims=frozenset({(kind, name)})) for kind, name in sorted(names)]
    division = Target("division", claims=frozenset({("division", "*")}))
    states = [Target(f"not {v.name}", state=_changed(v)) for v in system.variables]
    return [*claims, *states, division, Target("stuck", stuck=True), Target("finished", state=system.finished)]


def _changed(variable: Variable) -> object:
    if variable.type == BOOL:
        return variable.ref
    return compare(">=", Ref(variable.name, IntType(0, 1)), integer(2))


def found_after(trace: Trace) -> int:
    """The number of actions before what was found: the state in which a claim is broken, or that is shown."""
    steps = len(trace)
    return steps - 1 if trace.broken is not None and steps and _last_breaks(trace) else steps


def _last_breaks(trace: Trace) -> bool:
    before, number = trace.states[-2], trace.actions[-1]
    return any(claim == trace.broken for claim, _ in trace.system.plain[number].findings(before))


def differences(system: TransitionSystem, limits: Limits = FEW, fingerprints: bool = False) -> Iterator[str]:
    """What the packed search says differently."""
    try:
        counted = search_rows(system, (), limits, None, fingerprints)
    except Unpackable:
        return
    plain = search(system, (), limits)
    if plain.complete:
        assert counted.complete
        for measure in ("states", "transitions", "depth"):
            if getattr(plain, measure) != getattr(counted, measure):
                yield f"{measure}: {getattr(plain, measure)}, packed {getattr(counted, measure)}"
    targets = targets_of(system)
    one, other = search(system, targets, limits), search_rows(system, targets, limits, None, fingerprints)
    for target in targets:
        here, there = (answer.traces.get(target.name) for answer in (one, other))
        places = here and found_after(here), there and found_after(there)
        if places[0] != places[1] and plain.complete:
            yield f"{target.name}: after {places[0]} actions, packed {places[1]}"


@settings(parent=COMMON, max_examples=300)
@given(SYSTEMS)
def test_it_agrees_on_systems(system: TransitionSystem) -> None:
    assert list(differences(system)) == []


@COMMON
@given(orchestrations(instances=2))
def test_it_agrees_on_orchestrations(design: Orchestration) -> None:
    assert list(differences(compile_model(design), Limits(states=3_000))) == []


@COMMON
@given(choreographies())
def test_it_agrees_on_choreographies(design: Choreography) -> None:
    assert list(differences(compile_model(design), Limits(states=3_000))) == []


@settings(parent=COMMON, max_examples=100)
@given(SYSTEMS, st.sampled_from(["runs", "hashes", "fingerprints"]))
def test_every_index_agrees(system: TransitionSystem, kind: str) -> None:
    """As if fewer states fitted a bitmap, or fewer bits a word."""
    with pytest.MonkeyPatch.context() as patch:
        wanted = narrow(patch, kind)
        layout = layout_of(system)
        assert layout.words == 1 or isinstance(visited.index_of(layout, visited.Store(layout.words)), wanted)
        assert list(differences(system, fingerprints=kind == "fingerprints")) == []


def narrow(patch: pytest.MonkeyPatch, kind: str) -> type:
    """Small limits, so that small systems need the index that is meant."""
    patch.setattr(visited, "BITMAP_BITS", 0)
    if kind == "runs":
        return visited.SortedRuns
    patch.setattr(layout_module, "WORD", 6)
    return visited.HashedRuns


def test_fingerprints_say_how_probable_a_mistake_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout_module, "WORD", 6)
    answer = search_rows(counters(), (), FEW, None, fingerprints=True)
    chance = 216 * 215 / 2**65
    assert answer.notes["fingerprints"] == f"none of 216 states was taken for another (chance of that: {chance:.1g})"


def test_equal_hashes_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash that says little gives collisions; the search is exact all the same."""
    seeds = []
    real = visited.HashedRuns.keys

    def keys(self: visited.HashedRuns, rows: np.ndarray) -> np.ndarray:
        full = real(self, rows)
        return full if len(seeds) > 3 else full & np.uint64(7)

    index_of = visited.index_of
    monkeypatch.setattr(visited.HashedRuns, "keys", keys)
    monkeypatch.setattr(packed_module, "index_of", lambda *given: (seeds.append(given[-1]), index_of(*given))[1])
    monkeypatch.setattr(layout_module, "WORD", 6)
    system = counters()
    assert search_rows(system, (), FEW).states == 6**3
    assert seeds == [1, 2, 3, 4]


def counters() -> TransitionSystem:
    text = "system: counters\nvariables:\n"
    text += "".join(f"  x{n}: {{range: 0..5, initial: 0}}\n" for n in range(3))
    text += "actions:\n" + "".join(f"  up{n}: {{when: x{n} < 5, effect: {{x{n}: x{n} + 1}}}}\n" for n in range(3))
    return compile_model(load_text(text))


@pytest.mark.parametrize(
    ("n", "k", "states", "transitions"), [(1, 1, 7, 8), (4, 2, 776, 2_776), (7, 3, 89_168, 533_344)]
)
def test_the_saga_has_as_many_states_as_ten_checkers_say(
    n: int, k: int, states: int, transitions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    system = compile_model(load("saga_orders", {"N": str(n), "K": str(k)}))
    answer = packed_search(system, ())
    assert (answer.states, answer.transitions, answer.complete) == (states, transitions, True)


@pytest.mark.parametrize("k", [1, 4, 12])
def test_parallel_branches_without_reduction_are_counted_by_a_formula(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each branch waits, runs or is over, 3^k; and there is the end. From a state lead as many transitions as branches
    are not over: 2k 3^(k-1); one ends the flow."""
    monkeypatch.undo()
    steps = "".join(f"    b{at}: {{after: []}}\n" for at in range(k))
    answer = packed_search(compile_model(load_text(f"orchestration: branches\nflow:\n  steps:\n{steps}")), ())
    assert (answer.states, answer.transitions) == (3**k + 1, 2 * k * 3 ** (k - 1) + 1)
    assert answer.complete
    assert answer.depth == 2 * k + 1


def test_an_integer_without_a_range_that_grows_is_left_to_the_plain_search() -> None:
    text = "system: grows\nvariables: {x: {type: int, initial: 1}, y: {range: 0..3, initial: 0}}\n"
    text += "actions: {double: {when: x < 10000000000, effect: {x: x * 2}}, turn: {effect: {y: (y + 1) % 4}}}"
    system = compile_model(load_text(text))
    with pytest.raises(packed_module.Overflow):
        search_rows(system, (), FEW)


def test_fractions_are_not_packed() -> None:
    text = (
        "system: half\nvariables: {x: {type: real, initial: 1}}\nactions: {halve: {when: x > 0.1, effect: {x: x / 2}}}"
    )
    with pytest.raises(Unpackable, match="real number"):
        search_rows(compile_model(load_text(text)), (), FEW)


def test_what_cannot_be_packed_is_searched_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_module, "SMALL", 3)
    monkeypatch.setattr(packed_module, "WIDE", 0)
    text = (
        "system: h\nvariables: {x: {type: real, initial: 1}}\nactions: {halve: {when: x > 0.001, effect: {x: x / 2}}}"
    )
    answer = packed_search(compile_model(load_text(text)), ())
    assert (answer.states, answer.complete, answer.notes) == (11, True, {"plain search": "'x' is a real number"})


def test_limits_end_it() -> None:
    system = compile_model(load("saga_orders", {"N": "5", "K": "3"}))
    assert search_rows(system, (), Limits(states=1_000)).stopped == "states"
    assert search_rows(system, (), Limits(memory=10_000)).stopped == "memory"
    assert search_rows(system, (), Limits(seconds=1e-9)).stopped == "seconds"
    bounded = search_rows(system, (), Limits(depth=4))
    assert (bounded.stopped, bounded.states, bounded.depth) == (
        "depth", search(system, (), Limits(depth=4)).states, 4,
    )  # fmt: skip


def test_ctrl_c_gives_what_is_known() -> None:
    def interrupt(_: Seen) -> None:
        raise KeyboardInterrupt

    system = compile_model(load("saga_orders", {"N": "5", "K": "3"}))
    running = packed_module.PackedSearch(layout_of(system), (), FEW, interrupt)
    running.meter.reported = 0.0
    answer = running.run()
    assert answer.stopped == "interrupted"
    assert answer.states


def test_a_guard_that_is_forgotten_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaking the packed guards: the trace is no path of the system, and replay says so."""
    from modelcheck.engine.packed import actions

    text = "system: one\nvariables: {x: {range: 0..3, initial: 0}}\nactions: {go: {when: x < 1, effect: {x: x + 1}}}"
    system = compile_model(load_text(text))
    target = Target("p", state=compare("==", system.scope.names["x"], integer(2)))
    assert search_rows(system, [target], FEW).traces == {}
    real = actions.compile_condition
    monkeypatch.setattr(
        actions, "compile_condition", lambda _, layout: real(compare("<", Ref("x", IntType(0, 3)), integer(3)), layout)
    )
    with pytest.raises(ReplayError):
        search_rows(system, [target], FEW)


def test_a_system_without_initial_states_has_none() -> None:
    system = replace(counters(), initially=FALSE)
    assert (search_rows(system, (), FEW).states, search_rows(system, (), FEW).complete) == (0, True)


def edges_of(graph: StateGraph) -> Iterator[tuple[object, int, object]]:
    for source, target, action in zip(graph.source, graph.target, graph.action, strict=True):
        yield graph.states[source], int(action), graph.states[target]


@settings(parent=COMMON, max_examples=150)
@given(SYSTEMS, st.booleans())
def test_the_state_graph_is_the_same(system: TransitionSystem, wide: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if wide:
            narrow(patch, "hashes")
        plain, packed = explore(system), packed_graph(system, Limits())
    assert sorted(edges_of(plain)) == sorted(edges_of(packed))
    assert (plain.initial, plain.expanded, plain.stopped) == (packed.initial, packed.expanded, packed.stopped)
    assert set(plain.states) == set(packed.states)
    assert sorted(packed.source) == list(packed.source)
    for measure in (StateGraph.in_range, StateGraph.ends):
        marked = [dict(zip(g.states, measure.func(g).tolist(), strict=True)) for g in (plain, packed)]  # type: ignore[attr-defined]
        assert marked[0] == marked[1]
    assert dict(zip(plain.states, plain.distance, strict=True)) == dict(
        zip(packed.states, packed.distance, strict=True)
    )


def test_the_state_graph_stops_at_limits() -> None:
    system = compile_model(load("saga_orders", {"N": "5", "K": "3"}))
    plain, packed = (build(system, Limits(depth=4)) for build in (explore, packed_graph))
    assert (plain.expanded, plain.stopped) == (packed.expanded, packed.stopped)
    assert sorted(edges_of(plain)) == sorted(edges_of(packed))
    assert packed_graph(system, Limits(states=500)).stopped == "states"
    cut = packed_graph(system, Limits(memory=100_000))
    assert cut.stopped == "memory"
    assert cut.expanded < len(cut.states)


def test_a_value_far_outside_its_range_is_squared_without_overflow() -> None:
    system = compile_model(
        load_text(
            "system: squares\nvariables: {x: {range: 0..1000000, initial: 2}}\nactions: {square: {effect: {x: x * x}}}"
        )
    )
    # Seen with 2**32, whose square is 0 in 64 bits.
    wrapped = Target("wrapped", state=resolve(parse("x > 0 and x * x <= 0"), system.scope, BOOL))
    large = Target("large", state=resolve(parse("x * x > 1000000000000000000"), system.scope, BOOL))
    assert layout_of(system).escaping["x"].high >= 2**32
    with pytest.raises(Unpackable):
        search_rows(system, [wrapped], Limits())
    assert set(packed_search(system, [wrapped, large]).traces) == {"large"}
