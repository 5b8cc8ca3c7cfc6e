"""Which engine answers, and what happens where engines disagree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from command_line import run
from generated_systems import SYSTEMS
from hypothesis import HealthCheck, given, settings

from modelcheck.api import check, load
from modelcheck.arguments import ENGINES, REDUCTIONS
from modelcheck.compile import compile_model
from modelcheck.engine import strategy as module
from modelcheck.engine.search import search
from modelcheck.engine.strategy import Disagreement, Strategy
from modelcheck.engine.target import Answer, Limits, Target
from modelcheck.errors import ModelError
from modelcheck.expressions import disjunction, equal, integer
from modelcheck.load import load_text
from modelcheck.results import Verdict
from modelcheck.system import TransitionSystem
from modelcheck.verbs.exits import GOOD, UNUSABLE

UNBOUNDED = """
system: two_counters
variables: {x: {type: int, initial: 0}, y: {type: int, initial: 0}}
actions:
  grow: {effect: {x: x + 1, y: y + 2}}
  shrink: {when: x > 0, effect: {x: x - 1, y: y - 2}}
properties:
  twice: {always: 2 * x == y}
  small: {always: x < 4}
"""


@pytest.fixture
def engines_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the engines that are asked from now on, in order."""
    asked: list[str] = []

    def noting(name: str) -> Callable[..., Answer]:
        real: Callable[..., Answer] = getattr(module, name)

        def ask(strategy: Strategy, *given: object) -> Answer:
            asked.append(name.strip("_"))
            return real(strategy, *given)

        return ask

    for name in ("_packed", "_ordered", "_symbolic", "_induction", "_spacer", "_bounded"):
        monkeypatch.setattr(module, name, noting(name))
    return asked


def saga(n: int, k: int) -> TransitionSystem:
    return compile_model(load("saga_orders", {"N": str(n), "K": str(k)}))


def oversold(system: TransitionSystem) -> list[Target]:
    """Something that is never reached, and that z3 has no quick proof of."""
    names = [f"order[{i}]" for i in (1, 2)]
    shipped = [equal(system.variables[system.positions[name]].ref, integer(9)) for name in names]
    return [Target("oversold", state=disjunction(shipped)), Target("stuck", stuck=True)]


def test_small_systems_are_searched_plainly(engines_asked: list[str]) -> None:
    report = check(load("saga_orders"))
    assert report["no unit is lost"].method == "breadth-first search"
    assert report.statistics["states"] == 218
    assert engines_asked == []


def test_large_systems_are_packed_and_symmetric_states_seen_once(engines_asked: list[str]) -> None:
    report = check(load("saga_orders", {"N": "9", "K": "5"}), properties=["no unit is lost"])
    assert report["no unit is lost"].method == "breadth-first search, packed states with symmetry"
    assert (report.statistics["states"], report.statistics["reduced"]) == (1_470, "symmetry")
    assert engines_asked == ["packed"]


def test_without_reductions_every_state_is_seen() -> None:
    report = check(load("saga_orders", {"N": "7", "K": "3"}), properties=["no unit is lost"], reductions=())
    assert report.statistics["states"] == 89_168
    assert "reduced" not in report.statistics


def test_what_a_search_cannot_end_is_left_to_others(monkeypatch: pytest.MonkeyPatch, engines_asked: list[str]) -> None:
    for limit in ("FIRST_STATES", "FEWER_STATES"):
        monkeypatch.setattr(module, limit, 5_000)
    system = saga(7, 3)
    answer = Strategy(reductions=frozenset({"partial-order"})).ask(system, oversold(system), Limits())
    assert engines_asked == ["packed", "ordered", "symbolic"]
    assert (answer.complete, answer.states, dict(answer.traces)) == (True, 89_168, {})
    assert answer.method.startswith("decision diagrams")


def test_data_without_bounds_are_left_to_induction_and_spacer(engines_asked: list[str]) -> None:
    report = check(load_text(UNBOUNDED))
    assert engines_asked == ["packed", "ordered", "induction"]
    assert (report["twice"].verdict, report["small"].verdict) == (Verdict.PROVED, Verdict.REFUTED)
    assert report["twice"].method == "1-induction, z3"
    assert len(report["small"].trace or ()) == 4


@pytest.mark.parametrize("engine", ["search", "plain", "symbolic", "induction", "bounded", "spacer", "all", "auto"])
def test_each_engine_can_be_asked_for(engine: str) -> None:
    report = check(load("two_phase_commit"), engine=engine, properties=["all may abort", "all or none"])
    assert report["all may abort"].verdict == Verdict.PROVED
    assert report["all or none"].verdict in (Verdict.PROVED, Verdict.BOUNDED, Verdict.UNKNOWN)


def test_all_says_who_agrees() -> None:
    report = check(load("two_phase_commit"), engine="all", properties=["all may abort"])
    assert report["all may abort"].method == "agreed by search, plain, symbolic, bounded, induction, spacer"


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(SYSTEMS)
def test_all_engines_agree_on_small_systems(system: TransitionSystem) -> None:
    targets = [Target("stuck", stuck=True), Target("finished", state=system.finished)]
    answer = Strategy("all").ask(system, targets, Limits(seconds=30))
    plain = search(system, targets)
    assert set(answer.traces) == set(plain.traces)
    for name, trace in plain.traces.items():
        assert len(answer.traces[name]) == len(trace)


def test_a_disagreement_is_an_internal_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def blind(_: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
        return replace(search(system, targets, limits), traces={}, complete=True)

    monkeypatch.setattr(module, "ENGINES", {**module.ENGINES, "plain": blind})
    assert run("check two_phase_commit --engine all --property 'all may abort'") == UNUSABLE
    error = capsys.readouterr().err
    assert "internal error: an engine is wrong: two_phase_commit: the engines disagree about 'all may abort'" in error
    assert "search says it is reached, plain says it cannot be" in error
    with pytest.raises(Disagreement):
        check(load("two_phase_commit"), engine="all")


def test_other_numbers_of_states_are_a_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    def miscounts(_: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
        answer = search(system, targets, limits)
        return replace(answer, states=answer.states + 1)

    monkeypatch.setattr(module, "ENGINES", {**module.ENGINES, "plain": miscounts})
    with pytest.raises(Disagreement, match="numbers of states differ: search says 24, plain says 25"):
        Strategy("all").ask(saga(2, 1), (), Limits())


def test_unknown_engines_and_reductions_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="E303: unknown engine 'magic'"):
        check(load("saga_orders"), engine="magic")
    assert run("check saga_orders --reduce symetry") == UNUSABLE
    assert "'symetry' is none of all, none, symmetry, partial-order, structure" in capsys.readouterr().err
    assert run("check saga_orders --memory lots") == UNUSABLE
    assert "'lots' is not an amount of memory, such as 500MB or 8GB" in capsys.readouterr().err


@pytest.mark.parametrize("memory", ["1GB", "500 MB", "300000000", "0.5gb"])
def test_memory_is_given_with_a_unit(memory: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"check retry_loop --memory '{memory}'") == GOOD
    assert "retry_loop" in capsys.readouterr().out


def test_the_command_line_knows_the_same_names() -> None:
    assert set(ENGINES) == set(module.ENGINES)
    assert REDUCTIONS == module.REDUCTIONS
