"""Decision diagrams against plain search: the same states, transitions and shortest traces, with both libraries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from math import comb
from pathlib import Path

import pytest
from generated import choreographies, orchestrations
from generated_systems import SYSTEMS
from hypothesis import HealthCheck, given, settings
from test_engines_agree import targets_of

from modelcheck.compile import compile_model
from modelcheck.engine import liveness
from modelcheck.engine.search import search
from modelcheck.engine.symbolic import images, possible, reachability, symbolic, why_not
from modelcheck.engine.symbolic.diagrams import Budget, open_diagrams
from modelcheck.engine.symbolic.encoding import Encoding
from modelcheck.engine.symbolic.points import count, pick
from modelcheck.engine.symbolic.vectors import Arithmetic, Vector
from modelcheck.engine.target import Limits, Target
from modelcheck.expressions import BOOL, Expr, IntType, Ref, Resolver, compare, evaluate, integer, negation
from modelcheck.expressions.tree import INT, Operation, conditional
from modelcheck.load import load_text
from modelcheck.model import Model
from modelcheck.system import Action, Claim, Label, TransitionSystem, Variable
from modelcheck.trace import ReplayError

LIBRARIES = [name for name in ("dd.autoref", "dd.cudd") if find_spec(name) is not None]
LARGE = {"order_choreography", "warehouse", "group_trip", "fulfilment"}  # Each takes many seconds; random ones do it.
MODELS = [each for each in sorted((Path(__file__).parent.parent / "models").glob("*.yaml")) if each.stem not in LARGE]
SMALL = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
FEW = Limits(states=5_000)

both = pytest.mark.parametrize("library", LIBRARIES)


def condition(system: TransitionSystem, text: str) -> Expr:
    resolver = Resolver()
    found = resolver.expression(text, system.scope, BOOL)
    assert found is not None, resolver.problems
    return found


def saga(orders: int, units: int) -> TransitionSystem:
    text = (Path(__file__).parent.parent / "models" / "saga_orders.yaml").read_text()
    return compile_model(load_text(text.replace("{N: 3, K: 2}", f"{{N: {orders}, K: {units}}}")))


def differences(system: TransitionSystem, library: str, limits: Limits = FEW) -> Iterator[str]:
    """What plain search and diagrams say differently of one system."""
    counted, sets = search(system, (), limits), symbolic(system, (), library=library)
    if counted.complete:
        if (counted.states, counted.transitions) != (sets.states, sets.transitions):
            yield f"{counted.states}, {counted.transitions} states, transitions, not {sets.states}, {sets.transitions}"
        if not sets.complete:
            yield f"stopped: {sets.stopped}"
    targets = targets_of(system)
    searched, found = search(system, targets, limits), symbolic(system, targets, library=library)
    for target in targets:
        here, there = searched.traces.get(target.name), found.traces.get(target.name)
        if here is None and (there is None or not searched.complete):
            continue
        # Of two findings as near as each other, search takes whichever state comes first: one may need an action more.
        slack = 1 if target.claims else 0
        if here is None or there is None or not len(here) - slack <= len(there) <= len(here):
            yield f"{target.name}: {here and len(here)}, not {there and len(there)}"


@both
@SMALL
@given(system=SYSTEMS)
def test_random_systems(library: str, system: TransitionSystem) -> None:
    assert list(differences(system, library)) == []


@both
@SMALL
@given(system=SYSTEMS)
def test_random_systems_by_saturation(library: str, system: TransitionSystem) -> None:
    """No work is left for layers, so that what can be reached is found by saturation first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reachability, "LITTLE", -1)
        assert list(differences(system, library)) == []


@settings(parent=SMALL, max_examples=10)
@given(design=orchestrations())
def test_random_orchestrations(design: Model) -> None:
    agree(compile_model(design))


@settings(parent=SMALL, max_examples=5)
@given(design=choreographies())
def test_random_choreographies(design: Model) -> None:
    agree(compile_model(design))


def agree(system: TransitionSystem) -> None:
    if not why_not(system, targets_of(system)):
        assert list(differences(system, "")) == []


@both
@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_packaged_models(library: str, path: Path) -> None:
    system = compile_model(load_text(path.read_text()))
    if reason := why_not(system, targets_of(system)):
        assert path.stem == "stock_race"
        assert reason == "'stock' is an integer without a range, and may grow without bound"
        assert symbolic(system, ()).stopped == reason
    else:
        assert list(differences(system, library, Limits())) == []


@both
@SMALL
@given(system=SYSTEMS)
def test_possible_on_random_systems(library: str, system: TransitionSystem) -> None:
    for goal in (system.finished, condition(system, "d == blue"), condition(system, "a // b == 1")):
        trace, answer = liveness.possible(system, goal, FEW)
        found, sets = possible(system, goal, library=library)
        assert answer.complete
        assert sets.complete
        assert (answer.states, answer.transitions) == (sets.states, sets.transitions)
        assert (trace is None) == (found is None)
        assert trace is None or found is None or len(trace) == len(found)


@settings(parent=SMALL, max_examples=15)
@given(system=SYSTEMS)
def test_depth_limit_on_random_systems(system: TransitionSystem) -> None:
    """What is seen up to a depth, and whether that is all, is the same."""
    targets = [Target("stuck", stuck=True), Target("blue", state=condition(system, "d == blue"))]
    for depth in range(4):
        limits = Limits(depth=depth)
        for asked in ([], targets):
            searched, sets = search(system, asked, limits), symbolic(system, asked, limits)
            assert {name: len(trace) for name, trace in searched.traces.items()} == {
                name: len(trace) for name, trace in sets.traces.items()
            }
            assert (searched.complete, searched.stopped) == (sets.complete, sets.stopped)
            if len(sets.traces) < len(asked) or not asked:
                assert (searched.states, searched.depth) == (sets.states, sets.depth)
        goal = condition(system, "d == blue")
        found, sets = possible(system, goal, limits)
        # The other stops at the depth without a look at whether anything goes on.
        trace, _ = liveness.possible(system, goal, FEW if sets.complete else limits)
        assert (trace and len(trace)) == (found and len(found))


# What can be said of large systems by a formula.


@both
def test_saga_of_twenty_orders(library: str) -> None:
    """2.8e15 states: no other engine can count them."""
    orders, units = 20, 10
    system = saga(orders, units)
    invariants = [
        f"0 <= stock and stock <= {units}",
        f"stock + (count i in 1..{orders}: order[i] not in {{idle, cancelled}}) == {units}",
    ]
    targets = [Target(text, state=negation(condition(system, text))) for text in invariants]
    answer = symbolic(system, [*targets, Target("stuck", stuck=True)], Limits(seconds=600), library)
    assert answer.complete
    assert answer.traces == {}
    assert answer.states == sum(comb(orders, j) * 5**j * 2 ** (orders - j) for j in range(units + 1))
    assert answer.states == 2_782_293_397_221_376


@both
def test_saga_sold_out_takes_a_shortest_trace(library: str) -> None:
    """Each sale takes three actions, and each of the others gives up."""
    system = saga(9, 4)
    sold = condition(system, "stock == 0 and (forall i in 1..9: order[i] in {shipped, cancelled})")
    answer = symbolic(system, [Target("sold", state=sold)], Limits(seconds=600), library)
    assert len(answer.traces["sold"]) == 3 * 4 + 5
    settled = condition(system, "forall i in 1..9: order[i] in {shipped, cancelled}")
    assert possible(system, settled, Limits(seconds=600), library)[0] is None
    trace, found = possible(system, condition(system, "order[1] == shipped"), Limits(seconds=600), library)
    assert trace is not None
    assert len(trace) == 1
    assert found.complete


@both
@pytest.mark.parametrize(("managers", "states"), [(3, 288), (5, 8_832)])
def test_two_phase_commit(library: str, managers: int, states: int) -> None:
    text = (Path(__file__).parent.parent / "models" / "two_phase_commit.yaml").read_text()
    assert "N: 3" in text
    system = compile_model(load_text(text.replace("N: 3", f"N: {managers}")))
    answer = symbolic(system, (), library=library)
    assert answer.complete
    assert answer.states == states


def counter(bits: int) -> TransitionSystem:
    text = f"system: counter\nvariables: {{x: {{range: 0..{2**bits - 1}, initial: 0}}}}\n"
    return compile_model(load_text(text + "actions: {up: {effect: {x: x + 1}}}"))


@both
def test_a_value_outside_its_range_is_seen_and_nothing_follows(library: str) -> None:
    answer = symbolic(counter(6), (), library=library)
    assert (answer.states, answer.transitions, answer.depth) == (65, 64, 64)
    target = Target("out", state=compare(">", Ref("x", INT), integer(63)))
    assert len(symbolic(counter(6), [target], library=library).traces["out"]) == 64
    assert len(symbolic(counter(6), [Target("stuck", stuck=True)], library=library).traces) == 0


@both
def test_choices_of_an_action(library: str) -> None:
    """Two choices that lead to the same state are one transition, and their division by zero is a finding."""
    kind = IntType(0, 5)
    chosen, x = Variable("n", kind, (1, 3, 4)), Variable("x", kind, (0,))
    claim = Claim("ensures", "small", compare("<", Ref("n", kind), integer(4)))
    action = Action(
        "pick", compare("<", Ref("x", kind), integer(3)),
        {"x": Operation("//", (integer(4), Operation("-", (Ref("n", kind), integer(1)), INT)), INT)},
        Label("act", "a"), (claim,), (chosen,), "a",
    )  # fmt: skip
    same = replace(
        action,
        name="same",
        updates={"x": conditional(compare("<", Ref("n", kind), integer(4)), integer(1), integer(2))},
    )
    for actions in ((action,), (same,), (action, same)):
        system = TransitionSystem("choices", (x,), actions)
        assert list(differences(system, library)) == []


# Limits.


@pytest.mark.parametrize("library", LIBRARIES)
def test_time_and_memory_end_it_cleanly(library: str) -> None:
    """A product of two unknown numbers has no small diagram under any order (Bryant 1991)."""
    text = (
        "system: product\nvariables:\n"
        + "".join(f"  {name}: {{range: 0..65535, initial: any}}\n" for name in "xyz")
        + "actions: {multiply: {effect: {z: x * y % 65536}}}"
    )
    system = compile_model(load_text(text))
    for limits, nodes, reason in ((Limits(seconds=0.3), 10**9, "seconds"), (Limits(seconds=300), 20_000, "memory")):
        answer = symbolic(system, (), limits, library, nodes)
        assert (answer.complete, answer.stopped) == (False, reason)
        trace, answer = possible(system, compare("==", Ref("z", INT), integer(0)), limits, library, nodes)
        assert trace is None
        assert (answer.complete, answer.stopped) == (False, reason)


def test_an_interrupted_search_says_what_it_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = reachability.Layers
    extend = layers.extend

    def interrupted(self: reachability.Layers) -> object:
        if len(self.found) > 5:
            raise KeyboardInterrupt
        return extend(self)

    monkeypatch.setattr(layers, "extend", interrupted)
    answer = symbolic(counter(6), (), Limits())
    assert (answer.states, answer.complete, answer.stopped, answer.depth) == (6, False, "interrupted", 5)


@pytest.mark.parametrize(
    ("variables", "effect", "reason"),
    [
        ("{x: 0}", "{x: x + 1}", "'x' is an integer without a range, and may grow without bound"),
        ("{x: {type: real, initial: 0}}", "{x: x + 1}", "'x' is a real number"),
        ("{x: {type: int, initial: any}}", "{x: 1}", "'x' may begin with any integer"),
        ("{x: {range: 0..9000000000000, initial: 0}}", "{x: 1}", "'x' may have 9,000,000,000,001 values"),
    ],
)
def test_where_it_does_not_apply_it_says_why(variables: str, effect: str, reason: str) -> None:
    system = compile_model(load_text(f"system: s\nvariables: {variables}\nactions: {{go: {{effect: {effect}}}}}"))
    assert why_not(system) == reason
    answer = symbolic(system, ())
    assert (answer.complete, answer.stopped, answer.states) == (False, reason, 0)
    assert possible(system, system.finished)[1].stopped == reason


def test_an_integer_without_a_range_may_be_bounded_by_its_updates() -> None:
    text = "system: s\nvariables: {x: 0, y: 7}\nactions: {go: {effect: {x: y, y: x}}, set: {effect: {x: -3}}}"
    system = compile_model(load_text(text))
    assert why_not(system) == ""
    assert list(differences(system, "")) == []


# The parts.


@both
def test_arithmetic_on_all_small_numbers(library: str) -> None:
    diagrams = open_diagrams(8, Budget(60), library)
    numbers = Arithmetic(diagrams)
    vectors = {"x": diagrams.bits[:4], "y": diagrams.bits[4:]}
    kind, x, y = IntType(-8, 7), Ref("x", IntType(-8, 7)), Ref("y", IntType(-8, 7))
    results: dict[str, Vector] = {
        "+": numbers.add(*vectors.values()),
        "-": numbers.subtract(*vectors.values()),
        "*": numbers.multiply(*vectors.values()),
        "//": numbers.divide(*vectors.values())[0],
        "%": numbers.divide(*vectors.values())[1],
        "min": numbers.least([*vectors.values()]),
        "max": numbers.greatest([*vectors.values()]),
        "<": [numbers.less(*vectors.values()), diagrams.false],
        "==": [numbers.equal(*vectors.values()), diagrams.false],
    }
    for a, b in itertools.product(range(-8, 8), repeat=2):
        point = {f"b{bit}": bool((a if bit < 4 else b) >> bit % 4 & 1) for bit in range(8)}
        for operator, vector in results.items():
            if operator in ("//", "%") and b == 0:
                continue
            bits = [diagrams.manager.let(point, bit) == diagrams.true for bit in vector]
            number = sum(bit << place for place, bit in enumerate(bits[:-1])) - (bits[-1] << len(bits) - 1)
            expected = evaluate(Operation(operator, (x, y), kind), {"x": a, "y": b})
            assert number == expected, (operator, a, b)


@both
@SMALL
@given(system=SYSTEMS)
def test_points_and_counts(library: str, system: TransitionSystem) -> None:
    encoding = Encoding(system, Budget(60), library)
    initial = encoding.initial()
    states = list(system.initial_states())
    assert count(encoding.diagrams, initial, range(0, 2 * encoding.pairs, 2)) == len(states)
    assert encoding.state_of(pick(encoding.diagrams, initial)) in states
    assert encoding.diagrams.any_of(encoding.set_of(state) for state in states) == initial


# Broken on purpose.


def test_an_image_that_forgets_a_guard_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace through an action that is not enabled is no path of the system."""
    text = "system: one\nvariables: {x: {range: 0..3, initial: 0}}\nactions: {go: {when: x < 1, effect: {x: x + 1}}}"
    system = compile_model(load_text(text))
    target = Target("p", state=compare("==", Ref("x", INT), integer(2)))
    assert symbolic(system, [target]).traces == {}
    real = Encoding.holds

    def forgets(self: Encoding, expr: Expr, *names: object) -> object:
        return self.diagrams.true if expr == system.actions[0].guard else real(self, expr, *names)  # type: ignore[arg-type]

    monkeypatch.setattr(Encoding, "holds", forgets)
    with pytest.raises((ReplayError, StopIteration)):
        symbolic(system, [target])


def test_a_saturation_that_fires_once_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing each node once only loses states; the comparison with plain search sees it."""
    monkeypatch.setattr(images.Saturation, "_follow", lambda self, *_: self.false)
    monkeypatch.setattr(reachability, "LITTLE", -1)
    assert list(differences(saga(3, 2), "")) != []
