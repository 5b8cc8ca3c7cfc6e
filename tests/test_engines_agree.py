"""Engines check each other, over generated designs: search, z3 and simulation run the same system.

And each engine is broken on purpose, to see that these tests would notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from generated import choreographies, orchestrations
from hypothesis import HealthCheck, given, settings

from modelcheck.check.claims import claim_questions
from modelcheck.check.contracts import graph_is_enough, proved_contracts
from modelcheck.check.question import answer_questions
from modelcheck.check.termination import termination_result
from modelcheck.compile import compile_model
from modelcheck.engine.bounded import bounded
from modelcheck.engine.liveness import find_lasso
from modelcheck.engine.search import search
from modelcheck.engine.target import Limits, Target
from modelcheck.expressions import TRUE, Expr, compare, integer
from modelcheck.load import load_text
from modelcheck.model import Choreography, Orchestration
from modelcheck.results import Verdict
from modelcheck.system import TransitionSystem
from modelcheck.trace import ReplayError, Trace, replay

SMALL = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
DEPTH = 5
FEW = Limits(states=5_000)  # What is owed in a loop is counted without bound, so some designs have no last state.


def targets_of(system: TransitionSystem) -> list[Target]:
    """Every claim that some action makes, being stuck, and having finished."""
    names = {(claim.kind, claim.name) for action in system.actions for claim in action.claims}
    claims = [Target(f"{kind} {name}", claims=frozenset({(kind, name)})) for kind, name in sorted(names)]
    division = Target("division", claims=frozenset({("division", "*")}))
    return [*claims, division, Target("stuck", stuck=True), Target("finished", state=system.finished)]


def agree(system: TransitionSystem) -> Iterator[str]:
    """What the two engines say differently, up to the depth that both have seen."""
    targets = targets_of(system)
    searched = search(system, targets, FEW)
    unrolled = bounded(system, targets, Limits(depth=DEPTH, seconds=60))
    for target in targets:
        here, there = searched.traces.get(target.name), unrolled.traces.get(target.name)
        seen = there is not None and (searched.complete or len(there) <= searched.depth)
        if there is not None and seen and (here is None or len(here) != len(there)):
            yield f"{target.name}: search {here and len(here)}, z3 {len(there)}"
        if here is not None and there is None and (unrolled.complete or len(here) <= unrolled.depth):
            yield f"{target.name}: search {len(here)}, z3 nothing up to {unrolled.depth}"


@SMALL
@given(orchestrations())
def test_search_and_z3_agree_on_orchestrations(design: Orchestration) -> None:
    assert list(agree(compile_model(design))) == []


@settings(parent=SMALL, max_examples=8)
@given(orchestrations(instances=2))
def test_search_and_z3_agree_on_two_instances(design: Orchestration) -> None:
    assert list(agree(compile_model(design))) == []


@settings(parent=SMALL, max_examples=12)
@given(choreographies())
def test_search_and_z3_agree_on_choreographies(design: Choreography) -> None:
    assert list(agree(compile_model(design))) == []


@settings(parent=SMALL, max_examples=60)
@given(orchestrations())
def test_contracts_proved_on_the_graph_hold_in_every_state(design: Orchestration) -> None:
    if not graph_is_enough(design):
        return
    system = compile_model(design)
    questions = [question for question in claim_questions(system) if question.check == "contracts"]
    answers, _ = answer_questions(system, questions, search, FEW)
    searched = {result.name: result for result in answers}
    for proved in proved_contracts(design, questions, Limits()):
        assert searched[proved.name].verdict == Verdict.PROVED
        assert searched[proved.name].vacuous == proved.vacuous
    # Nothing is left open on such a flow but what is false, and what undoing promises.
    open_names = set(searched) - {result.name for result in proved_contracts(design, questions, Limits())}
    assert {name for name in open_names if not name.startswith("undo")} == {
        name for name in open_names if searched[name].verdict == Verdict.REFUTED and not name.startswith("undo")
    }


@settings(parent=SMALL, max_examples=60)
@given(orchestrations())
def test_termination_on_the_graph_agrees_with_the_state_graph(design: Orchestration) -> None:
    system = compile_model(design)
    result = termination_result(design, system, FEW)
    lasso, answer = find_lasso(system, within=TRUE, start=None, fairness="weak", limits=FEW)
    if lasso is not None or answer.complete:
        assert result.verdict == (Verdict.PROVED if lasso is None else Verdict.REFUTED)
    else:
        assert result.verdict in (Verdict.PROVED, Verdict.BOUNDED)


def test_a_solver_that_forgets_a_guard_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaking z3's reading of a guard: the trace it finds is no path of the system, and replay says so."""
    text = "system: one\nvariables: {x: {range: 0..3, initial: 0}}\nactions: {go: {when: x < 1, effect: {x: x + 1}}}"
    system = compile_model(load_text(text + "\nproperties: {p: {reachable: x == 2}}\n"))
    target = Target("p", state=compare("==", system.scope.names["x"], integer(2)))
    assert bounded(system, [target], Limits(depth=4)).traces == {}
    from modelcheck.engine import relation

    real = relation.to_z3

    def forgets(expr: Expr, terms: Mapping[str, object]) -> object:
        return real(TRUE if expr == system.actions[0].guard else expr, terms)

    monkeypatch.setattr(relation, "to_z3", forgets)
    with pytest.raises(ReplayError):
        bounded(system, [target], Limits(depth=4))


def test_a_search_that_forgets_a_guard_is_caught() -> None:
    """Breaking the search's successors: its trace does not replay either."""
    text = "system: one\nvariables: {x: {range: 0..3, initial: 0}}\nactions: {go: {when: x < 1, effect: {x: x + 1}}}"
    system = compile_model(load_text(text))
    unguarded = replace(system, actions=tuple(replace(action, guard=TRUE) for action in system.actions))
    target = Target("p", state=compare("==", system.scope.names["x"], integer(2)))
    trace = search(unguarded, [target], Limits()).traces["p"]
    with pytest.raises(ReplayError):
        replay(Trace(system, trace.states, trace.actions))


# What these tests have found.


def test_two_transitions_to_one_step_are_one_way_back() -> None:
    """Ranking looked at the condition of the first only, and called the loop finite."""
    design = load_text("""
orchestration: again
variables: {p: false}
flow: {steps: {a: {transitions: [{to: a, when: p}, {to: a}]}}}
""")
    assert termination_result(design, compile_model(design), FEW).verdict == Verdict.REFUTED


def test_a_promise_is_not_asked_where_the_check_is_false() -> None:
    """The graph asked for it after the effect, the system on commit."""
    design = load_text("""
orchestration: promise
variables: {p: {type: bool, initial: any}}
flow: {steps: {a: {ensures: p, check: p}}}
""")
    questions = [q for q in claim_questions(compile_model(design)) if q.name == "a ensures"]
    assert [result.verdict for result in proved_contracts(design, questions, FEW)] == [Verdict.PROVED]
    answers, _ = answer_questions(compile_model(design), questions, search, FEW)
    assert [result.verdict for result in answers] == [Verdict.PROVED]


def test_a_division_at_the_depth_limit_is_not_the_end() -> None:
    """Nothing follows a division by zero; search took that for having seen everything."""
    system = compile_model(load_text("system: one\nvariables: {x: 0}\nactions: {go: {effect: {x: 1 // x}}}"))
    target = Target("division", claims=frozenset({("division", "*")}))
    answer = search(system, [target], Limits(depth=0))
    assert not answer.complete
    assert answer.stopped == "depth"
