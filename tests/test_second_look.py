"""Coverage, witnesses, vacuous parts and several counterexamples: small designs of which one can see the answers."""

from __future__ import annotations

import pathlib

import pytest
from generated_systems import CONDITIONS, SYSTEMS, Naive, system_of
from hypothesis import given, settings

import modelcheck as mc
from modelcheck import model
from modelcheck.check.coverage import coverage_of, never_together
from modelcheck.check.vacuity import judge
from modelcheck.engine.state_graph import explore
from modelcheck.expressions import BOOL, Expr, Operation, parse, resolve
from modelcheck.expressions.written import Path, subformulas, with_part, written
from modelcheck.load import load_text
from modelcheck.report.data import json_text
from modelcheck.results import CheckReport, Result
from modelcheck.system import TransitionSystem
from modelcheck.trace import replay

COUNTER = """
system: counter
variables: {x: {range: 0..4, initial: 0}, asked: false, served: false}
actions:
  up: {when: x < 3, effect: {x: x + 1}}
  ask: {when: not asked, effect: {asked: true}, actor: client}
  serve: {when: asked and not served and x > 1, effect: {served: true}, actor: server}
  never: {when: x == 4 and asked, effect: {x: 0}}
  both: {when: served and asked and x < 2, effect: {x: 0}}
finished: served and x == 3
properties:
"""


def looked_at(properties: str, **asked: object) -> CheckReport:
    return mc.check(load_text(COUNTER + properties), **asked)  # type: ignore[arg-type]


def actions(result: Result) -> list[list[str]]:
    return [[action.name for _, action, _ in replay(run.trace).steps()] for run in (*result.witnesses, *result.others)]


def test_coverage_counts_transitions_and_says_why_something_never_happens() -> None:
    report = looked_at("  small: {always: x <= 3}", coverage=True)
    assert report.coverage is not None
    times = {each.subject: each.times for each in report.coverage.happenings}
    assert times == {"up": 7, "ask": 4, "serve": 2, "never": 0, "both": 0}
    assert report.coverage.transitions == sum(times.values())
    assert {each.subject: each.why for each in report.coverage.never} == {
        "never": "'x == 4' is never true",
        "both": "never together: 'x < 2', 'served'",
    }
    assert looked_at("  small: {always: x <= 3}").coverage is None


def test_coverage_speaks_of_steps_and_outcomes() -> None:
    text = """
orchestration: order
variables: {paid: {range: 0..1, initial: 0}}
flow:
  steps:
    pay: {outcomes: {ok: {paid: 1}, error: {}}, compensation: {effect: {paid: 0}}}
    check: {transitions: [{to: special, when: paid > 1}, {to: ship}]}
    special: {}
    ship: {}
"""
    coverage = mc.check(load_text(text), coverage=True).coverage
    assert coverage is not None
    why = {(each.subject, each.what): each.why for each in coverage.never}
    assert why["special", "starts"] == "it is never reached"
    assert why["special", "ok"] == "it never starts"
    assert why["check", "ok → special"] == "'paid > 1' is never true"
    assert why["pay", "is undone"] == "it never starts to be undone"
    assert {each.what for each in coverage.happenings if each.subject == "pay" and each.times} == {
        "starts", "ok", "error",
    }  # fmt: skip


@settings(max_examples=100, derandomize=True, deadline=None)
@given(SYSTEMS)
def test_coverage_by_definition(system: TransitionSystem) -> None:
    """Each action as often as it is enabled; of what never happens, conditions that no state fulfils together, and of
    which none can be left out."""
    naive, graph = Naive(system), explore(system)
    moves = [number for state in naive.states for number, _ in naive.moves(state)]
    happenings = {each.subject: each for each in coverage_of(graph).happenings}
    here = [state for state in naive.states if naive.in_range(state)]
    for number, action in enumerate(system.actions):
        assert happenings[action.name].times == moves.count(number)
        core = never_together(graph, _conjuncts(action.guard))
        assert bool(core) == (not any(naive.holds(action.guard, state) for state in here))
        assert not core or not any(all(naive.holds(part, state) for part in core) for state in here)
        for part in core:
            rest = [each for each in core if each is not part]
            assert any(all(naive.holds(each, state) for each in rest) for state in here)


def _conjuncts(expr: Expr) -> tuple[Expr, ...]:
    return expr.arguments if isinstance(expr, Operation) and expr.operator == "and" else (expr,)


def test_parts_that_do_not_matter_are_named() -> None:
    report = looked_at(
        """
  served after asked: {always: served implies (asked and x > 1 and x < 9)}
  answered: {leads_to: [asked and x == 1, served]}
  not at four: {never: x == 4 and asked}
  apart: {always: x != 2 or not served or asked}
""",
        witnesses=True,
    )
    assert report["served after asked"].vacuous_in == ()
    assert report["answered"].vacuous_in == ("asked and x == 1",)
    assert report["not at four"].vacuous_in == ("asked",)
    assert report["apart"].vacuous_in == ("x != 2",)
    assert "vacuous in 'asked': it holds whatever that is" in str(report)


def test_witnesses_of_each_kind_of_property() -> None:
    report = looked_at(
        """
  small: {always: x <= 3}
  served after asked: {always: served implies asked}
  answered: {leads_to: [asked, served]}
  can be: {possible: served}
  ask first: {before: [ask, serve]}
""",
        witnesses=True,
    )
    assert actions(report["small"]) == [["up"] * 3]
    assert actions(report["served after asked"]) == [[], ["up", "up", "ask", "serve"]]
    assert [action for action in actions(report["answered"])[-1] if action != "up"] == ["ask", "serve"]
    assert report["answered"].witnesses[-1].trace.states[-1][2]
    assert sorted(actions(report["can be"])[0]) == ["ask", "serve", "up", "up"]
    assert sorted(actions(report["ask first"])[0]) == ["ask", "serve", "up", "up"]
    assert len(actions(report["no deadlock"])[0]) == 5
    assert all(not result.witnesses for result in looked_at("  small: {always: x <= 3}").results)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(SYSTEMS, CONDITIONS)
def test_vacuity_by_definition(system: TransitionSystem, text: str) -> None:
    """A part is vacuous iff the property holds with it made as hard as it can be; each run breaks such a property."""
    naive = Naive(system)
    formula = parse(text)
    whole = resolve(formula, system.scope, BOOL)
    if not all(naive.holds(whole, state) for state in naive.states) or "/" in text or "%" in text:
        return
    judged = judge(model.Property(word="always", about=text), explore(system), "weak")
    expected, broken, skipped = [], list[Expr](), list[Path]()
    for path, part, positive in subformulas(formula):
        inside = any(path[: len(larger)] == larger for larger in skipped)
        if path and written(part) not in ("true", "false") and not inside:
            hard = resolve(with_part(formula, path, parse("false" if positive else "true")), system.scope, BOOL)
            if all(naive.holds(hard, state) for state in naive.states):
                expected.append(written(part))
                skipped.append(path)
            else:
                broken.append(hard)
    assert list(judged.vacuous) == expected
    assert len(judged.runs) == len(broken)
    for run, hard in zip(judged.runs, broken, strict=True):
        assert not naive.holds(hard, replay(run.trace).states[-1])


@settings(max_examples=200, derandomize=True)
@given(CONDITIONS)
def test_what_is_written_of_a_formula_means_the_same(text: str) -> None:
    scope = system_of({}).scope
    assert resolve(parse(written(parse(text))), scope, BOOL) == resolve(parse(text), scope, BOOL)


def test_counterexamples_differ() -> None:
    report = looked_at(
        """
  not three: {never: x == 3 and asked}
  apart: {always: not (x == 2 and asked) and x < 3}
  served: {leads_to: [true, x == 0 or served and asked and x < 3]}
""",
        counterexamples=5,
    )
    assert {run.trace.actions[-1] for run in report["not three"].others} | {
        report["not three"].trace.actions[-1]  # type: ignore[union-attr]
    } == {0, 1}
    assert len(report["apart"].others) == 2
    assert any("'not (x == 2 and asked)' is false" in run.shows for run in report["apart"].others)
    for result in report.results:
        runs = [each for each in (result.trace, *(run.trace for run in result.others)) if each is not None]
        assert len({(tuple(each.states), each.actions, each.loop) for each in runs}) == len(runs)
    assert all(len(result.others) <= 1 for result in looked_at("  a: {always: x < 1}", counterexamples=2).results)


LOOPS = """
system: loops
variables: {at: {values: [start, left, right, out], initial: start}}
actions:
  go_left: {when: at == start, effect: {at: left}}
  go_right: {when: at == start, effect: {at: right}}
  turn_left: {when: at == left, effect: {}}
  turn_right: {when: at == right, effect: {}}
  leave: {when: at == right, effect: {at: out}}
properties: {it comes out: {leads_to: [at == start, at == out]}}
"""


@pytest.mark.parametrize(("fairness", "loops"), [("weak", {"turn_left", "turn_right"}), ("outcomes", {"turn_left"})])
def test_lassos_differ_in_who_goes_round(fairness: str, loops: set[str]) -> None:
    result = mc.check(load_text(LOOPS), fairness=fairness, counterexamples=9)["it comes out"]
    traces = [result.trace, *(run.trace for run in result.others)]
    found = [{action.name for _, action, _ in list(each.steps())[each.loop :]} for each in traces if each is not None]
    assert sorted(map(sorted, found)) == sorted([each] for each in loops)


def test_a_design_whose_states_cannot_be_listed_says_so() -> None:
    text = "system: open\nvariables: {x: int}\nactions: {up: {effect: {x: x + 1}}}\nproperties: {p: {always: x >= x}}\n"
    report = mc.check(load_text(text), coverage=True)
    assert report.coverage is None
    assert any(finding.severity == "note" and "need its states" in finding.message for finding in report.findings)


def test_all_of_it_is_data_and_a_page() -> None:
    report = looked_at(
        "  small: {always: x <= 3}\n  low: {always: x <= 1}", coverage=True, witnesses=True, counterexamples=3
    )
    data = json_text(report.to_dict())
    for word in ("why_never", "vacuous_in", "witnesses", "other_counterexamples"):
        assert f'"{word}"' in data
    page = report._repr_html_()
    assert "never together: &#x27;x &lt; 2&#x27;, &#x27;served&#x27;" in page
    assert "small: witness" in page


def test_on_the_command_line(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    from modelcheck.cli import main

    file = tmp_path / "counter.yaml"
    file.write_text(COUNTER + "  small: {always: x <= 3}\n  low: {always: not (x == 3) and not (x == 2 and asked)}\n")
    assert main(["check", str(file), "--coverage", "--witnesses", "--counterexamples", "3", "--fairness", "none"]) == 1
    text = capsys.readouterr().out
    assert "coverage: 10 states, 13 transitions" in text
    assert "small: witness" in text
    assert "low: counterexample 2 of" in text


def test_a_notion_of_fairness_that_there_is_not() -> None:
    with pytest.raises(mc.ModelError, match="'storng' is no notion of fairness"):
        looked_at("  small: {always: x <= 3}", fairness="storng")
