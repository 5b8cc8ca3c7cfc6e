"""Spacer in its child process: against search and k-induction, what only it can do, and everything that may go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from threading import Timer
from typing import Any

import pytest
import z3
from generated_systems import SYSTEMS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_bounded import systems_with_choices, targets_of
from test_induction import always, disagreements, system_of

from modelcheck.engine import spacer as module
from modelcheck.engine.bounded import bounded
from modelcheck.engine.induction import induction
from modelcheck.engine.invariant import excludes
from modelcheck.engine.relation import Relation
from modelcheck.engine.search import search
from modelcheck.engine.smt_limits import Clock
from modelcheck.engine.spacer import spacer
from modelcheck.engine.target import Answer, Limits, Target
from modelcheck.expressions import BOOL, INT, REAL, EnumType, Ref, Scope, evaluate, parse, resolve, to_text
from modelcheck.expressions.read_smt import Unreadable, read_condition
from modelcheck.expressions.smt import constant, to_z3
from modelcheck.system import TransitionSystem
from modelcheck.trace import replay

FEW = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@FEW
@given(SYSTEMS)
def test_finite_systems_are_decided_as_search_decides_them(system: TransitionSystem) -> None:
    targets = targets_of(system)
    found = spacer(system, targets)
    wrong = [
        each
        for each in disagreements(search(system, targets), found, targets)
        if "None, " in each or "search None" in each
    ]
    assert wrong == []
    assert found.stopped in ("", "no trace of 'stuck' was found")


@FEW
@given(systems_with_choices())
def test_nothing_is_said_that_search_denies(system: TransitionSystem) -> None:
    targets = targets_of(system)
    searched, found = search(system, targets), spacer(system, targets)
    assert not set(searched.traces) & set(found.proved)
    assert set(found.traces) <= set(searched.traces)


# Integers and a real without bounds: only z3's engines apply.
STEPS = st.sampled_from(["x + 1", "x - 1", "x + y", "y", "0", "x // 2", "-x", "y + 2", "x + 2 * y"])
GUARDS = st.sampled_from(["true", "x < y", "x > 0", "x % 2 == 0", "y >= x", "r > 1 / 2", "x != 3"])
STATES = st.sampled_from(["x >= 0", "x <= y", "y != 3", "x + y >= 0", "r < 3", "x % 2 == 0", "r >= 0"])


@st.composite
def unbounded_systems(draw: st.DrawFn) -> TransitionSystem:
    lines = [f"variables: {{x: {{type: int, initial: {draw(st.integers(-1, 2))}}}, y: {{type: int, initial: 1}}, "
             "r: {type: real, initial: 0}}", "actions:"]  # fmt: skip
    for number in range(draw(st.integers(1, 3))):
        x, y = draw(STEPS), draw(STEPS)
        lines.append(f"  a{number}: {{when: '{draw(GUARDS)}', effect: {{x: '{x}', y: '{y}', r: 'r + 1 / 2'}}}}")
    return system_of("\n".join(lines))


@FEW
@given(unbounded_systems(), st.lists(STATES, min_size=1, max_size=3, unique=True))
def test_engines_never_disagree_about_data_without_bounds(system: TransitionSystem, states: list[str]) -> None:
    targets = [*(always(system, each) for each in states), Target("stuck", stuck=True)]
    limits = Limits(seconds=3)
    answers: list[Answer] = [engine(system, targets, limits) for engine in (spacer, induction)]
    answers.append(bounded(system, targets, limits, depth=6))
    reached = {name for answer in answers for name in answer.traces}
    proved = {name for answer in answers for name in answer.proved}
    assert not reached & proved
    for answer in answers:
        assert all(replay(trace) for trace in answer.traces.values())
        assert not answer.complete or reached <= set(answer.traces)


CHAIN = """
variables: {x: {type: int, initial: 0}, y: {type: int, initial: 0}, at: {values: [filling, draining, done], initial: filling}}
actions:
  fill: {when: at == filling, effect: {x: x + 1, y: y + 2}}
  turn: {when: at == filling, effect: {at: draining}}
  drain: {when: at == draining and x > 0, effect: {x: x - 1, y: y - 2}}
  stop: {when: at == draining and x == 0, effect: {at: done}}
"""


def test_two_counters_that_bounded_model_checking_cannot_prove() -> None:
    """Nor k-induction: from x = 5, y = 0 any number of steps leads on, and only an invariant, y = 2x, forbids it."""
    system = system_of(CHAIN)
    target = always(system, "at == done implies y == 0")
    assert bounded(system, [target], depth=6).stopped == "depth"
    assert induction(system, [target], Limits(depth=6)).proved == {}
    answer = spacer(system, [target])
    assert answer.stopped == ""
    how = answer.proved[target.name]
    assert how.startswith("Spacer, invariant ")
    invariant = resolve(parse(how.removeprefix("Spacer, invariant ")), system.scope, BOOL)
    relation = Relation(system)
    assert excludes(relation, relation.term(invariant), [target], Clock(10))


def test_what_is_reached_is_replayed_and_may_not_be_shortest() -> None:
    system = system_of(CHAIN)
    target = always(system, "y < 10")
    answer = spacer(system, [target])
    assert len(replay(answer.traces["y < 10"])) == 5
    assert answer.longer == {"y < 10"}


def test_what_spacer_has_no_rules_for_is_left_open_to_it_and_not_to_the_check() -> None:
    """A product of variables is any number to Spacer: that is enough for one property, and not for the other."""
    system = system_of("""
variables: {x: {type: int, initial: 2}, y: {type: int, initial: 2}}
actions:
  square: {when: x > 1, effect: {x: x * x, y: y + 1}}
""")
    answer = spacer(system, [always(system, "y >= 2"), always(system, "x >= 0")], Limits(seconds=5))
    assert answer.proved["y >= 2"] == "Spacer, invariant y >= 2"
    assert "x >= 0" not in answer.traces
    assert "x >= 0" not in answer.proved


def test_an_invariant_that_is_none_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken on purpose: what the child says is believed only after it was checked."""
    system = system_of(CHAIN)
    lie: Mapping[str, Any] = {"verdict": "unreachable", "invariant": "(<= v1 9)"}
    monkeypatch.setattr(module, "in_child", lambda *_: lie)
    answer = spacer(system, [always(system, "y < 10")])
    assert (dict(answer.proved), answer.stopped) == ({}, "the invariant that Spacer gave is none")


def test_a_trace_that_is_none_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    lie: Mapping[str, Any] = {"verdict": "reachable", "rules": ["initial", "action3", "bad"]}
    monkeypatch.setattr(module, "in_child", lambda *_: lie)
    answer = spacer(system_of(CHAIN), [always(system_of(CHAIN), "y >= 0")])
    assert (dict(answer.traces), dict(answer.proved)) == ({}, {})
    assert answer.stopped == "no trace of 'y >= 0' was found"


def test_a_child_that_dies_takes_nobody_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "problem", lambda *_: "(this is no problem")
    answer = spacer(system_of(CHAIN), [always(system_of(CHAIN), "y >= 0")])
    assert answer.stopped
    assert answer.stopped != "seconds"
    assert dict(answer.proved) == {}


HARD = """
variables: {a: {type: int, initial: 1}, b: {type: int, initial: 1}, c: {type: int, initial: 0}}
actions:
  step: {effect: {a: b + 2 * a, b: a - 3 * c, c: "c + b // 3"}}
  other: {when: a % 7 == 3, effect: {a: c, b: a}}
"""


def test_the_time_limit_is_kept_and_said() -> None:
    system = system_of(HARD)
    began = time.monotonic()
    answer = spacer(system, [always(system, "a + b + c != 123457")], Limits(seconds=1.5))
    assert answer.stopped == "seconds"
    assert time.monotonic() - began < 20
    assert spacer(system, [always(system, "a != 5")], Limits(seconds=0)).stopped == "seconds"


def test_a_child_without_memory_is_an_unknown() -> None:
    answer = spacer(system_of(HARD), [always(system_of(HARD), "a + b + c != 123457")], Limits(seconds=10), memory=2**20)
    assert dict(answer.proved) == {}
    assert answer.stopped


def test_ctrl_c_ends_the_child_and_keeps_what_is_known() -> None:
    program = (
        "from test_spacer import HARD, always, system_of\n"
        "from modelcheck.engine.spacer import spacer\n"
        "system = system_of(HARD)\n"
        "print('ready', flush=True)\n"
        "print(spacer(system, [always(system, 'a + b + c != 123457')]).stopped, flush=True)\n"
    )
    tests = os.path.dirname(__file__)
    paths = os.pathsep.join([tests, *(path for path in sys.path if path)])
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    Timer(1.5, lambda: child.send_signal(signal.SIGINT)).start()
    assert child.communicate(timeout=60)[0] == "interrupted\n"


# Reading back.

COLOURS = EnumType(("red", "green", "blue"))
NAMES = {
    "x": Ref("x", INT), "y": Ref("y", INT), "r": Ref("r", REAL), "flag": Ref("flag", BOOL),
    "c": Ref("c", COLOURS), "d": Ref("d", COLOURS),
}  # fmt: skip
TERMS = {name: constant(name, ref.type) for name, ref in NAMES.items()}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("(>= x 0)", "x >= 0"),
        ("(not (<= x (- 1)))", "x >= 0"),
        ("(<= (+ y (* (- 1) x)) 0)", "x >= y"),
        ("(not (>= (+ x (* (- 1) y)) 0))", "x < y"),
        ("(<= (* 2 x) 7)", "x <= 3"),
        ("(= (+ x (* (- 2) y)) 3)", "x == 2 * y + 3"),
        ("(>= (+ r (/ 1 2)) 0.0)", "2 * r >= -1"),
        ("(not (= c 2))", "c != blue"),
        ("(<= c 0)", "c == red"),
        ("(and (<= c 1) flag)", "c != blue and flag"),
        ("(= c d)", "c == d"),
        ("(= (mod x 2) 0)", "x % 2 == 0"),
        ("(=> flag (> x 3))", "not flag or x >= 4"),
    ],
)
def test_invariants_are_told_as_one_would_write_them(text: str, read: str) -> None:
    (term,) = z3.parse_smt2_string(f"(assert {text})", decls=TERMS)
    assert to_text(read_condition(term, NAMES)) == read


CONDITIONS = st.sampled_from([
    "x >= 2 * y - 3", "not (x < 1)", "x + 2 * y + 1 > 0", "3 * x != 2 * y", "x // 2 <= y", "x % 3 == 1", "flag or x > y",
    "not (flag and x == 1)", "flag implies not (x <= y)", "c == green", "not (c == d)", "(x > 0) == flag", "2 * x - 4 <= 0",
])  # fmt: skip


@settings(FEW, max_examples=60)
@given(CONDITIONS, CONDITIONS, st.integers(-5, 5), st.integers(-5, 5), st.booleans(), st.integers(0, 2))
def test_what_is_read_back_means_the_same(one: str, other: str, x: int, y: int, flag: bool, c: int) -> None:
    scope = Scope(dict(NAMES))
    expr = resolve(parse(f"({one}) and ({other})"), scope, BOOL)
    read = read_condition(z3.simplify(to_z3(expr, TERMS)), NAMES)
    values = {"x": x, "y": y, "flag": flag, "c": c, "d": 1}
    assert evaluate(read, values) == evaluate(expr, values)
    assert evaluate(resolve(parse(to_text(read)), scope, BOOL), values) == evaluate(expr, values)


@pytest.mark.parametrize(
    "text", ["(> (* x y) 1)", "(> (+ c x) 1)", "(exists ((z Int)) (= x (* 2 z)))", "(> (mod x y) 1)"]
)
def test_what_there_are_no_words_for_is_said(text: str) -> None:
    (term,) = z3.parse_smt2_string(f"(assert {text})", decls=TERMS)
    with pytest.raises(Unreadable):
        read_condition(term, NAMES)
