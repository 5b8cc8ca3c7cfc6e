"""Proofs on the graph of designs written in a short form: where they are made, and what they must not overlook."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import networkx as nx
import pytest
from random_flows import random_design
from test_graph_proofs import report_on

import modelcheck as mc
from modelcheck.check.contracts import METHOD
from modelcheck.check.structure import METHOD as STRUCTURE
from modelcheck.compile import compile_model
from modelcheck.engine.search import count_states
from modelcheck.engine.target import Limits
from modelcheck.errors import ModelError
from modelcheck.graph.flow import order_of_steps
from modelcheck.load import load_text
from modelcheck.model import Compensation, CompensationPolicy, Orchestration
from modelcheck.orchestration import control, typed
from modelcheck.orchestration.typed import type_flow
from modelcheck.results import Verdict

SEVERAL = """
orchestration: several
variables: {a: false, b: {range: 0..1, initial: 0}, c: {type: bool, initial: any}}
flow:
  steps:
    one: {effect: {a: true}}
    two: {requires: a, ensures: a}
flows:
  other:
    steps:
      first: {effect: {b: b + 1}}
      second: {requires: b == 1, ensures: b >= 1}
"""


def test_flows_that_do_not_disturb_each_other_are_proved_one_by_one() -> None:
    report = report_on(SEVERAL)
    assert {r.method for r in report.results if r.check in ("contracts", "ranges")} == {METHOD}
    assert report["no deadlock"].method == STRUCTURE
    assert {result.verdict for result in report.results} == {Verdict.PROVED}
    assert "states" not in report.statistics


def test_a_flow_that_another_disturbs_is_left_to_search() -> None:
    report = report_on(SEVERAL.replace("{effect: {b: b + 1}}", "{effect: {b: b + 1, a: false}}"))
    assert report["two requires"].verdict == Verdict.REFUTED
    assert report["other.second requires"].method != METHOD  # What it writes, another reads: it is disturbed as well.


def test_what_one_flow_requires_is_assumed_by_all() -> None:
    text = SEVERAL.replace("one: {effect: {a: true}}", "one: {when: c, requires: not c}")
    assert report_on(text)["one requires"].verdict == Verdict.REFUTED
    text = text.replace("  other:\n", "  other:\n    requires: not c\n")
    report = report_on(text)
    assert report["one requires"].vacuous
    assert report["one requires"].method == METHOD


CALL = """
orchestration: gifts
variables: {gift: {type: bool, initial: any}, wrapped: false, bow: false}
flow:
  steps:
    pack: {flow: wrapping, when: gift, requires: not wrapped, ensures: bow}
    send: {requires: bow == gift}
flows:
  wrapping: {steps: {paper: {effect: {wrapped: true}}, tie: {requires: wrapped, effect: {bow: true}}}}
"""


def test_a_step_that_runs_a_flow_is_asked_for_its_contract_only_where_it_runs_it() -> None:
    report = report_on(CALL)
    assert {result.method for result in report.results if result.check == "contracts"} == {METHOD}
    assert {result.verdict for result in report.results} == {Verdict.PROVED}
    never = report_on(CALL.replace("gift: {type: bool, initial: any}", "gift: false"))
    assert {r.name for r in never.results if r.vacuous} == {"pack requires", "pack ensures", "pack.tie requires"}
    wrong = report_on(CALL.replace("{bow: true}", "{bow: false}"))
    assert wrong["pack ensures"].verdict == wrong["send requires"].verdict == Verdict.REFUTED


def test_a_choice_after_what_was_skipped_is_looked_at() -> None:
    text = CALL.replace("ensures: bow}", "transitions: {send: bow}}")
    assert report_on(text)["a way out of pack"].verdict == Verdict.REFUTED
    assert report_on(text.replace("send: bow", "send: bow or not gift"))["a way out of pack"].method == METHOD


def test_what_a_timeout_hides_may_have_happened() -> None:
    text = """
orchestration: hidden
variables: {n: {range: 0..1, initial: 0}}
flow: {steps: {add: {effect: {n: n + 1}, retry: {attempts: 2}, ensures: n == 1}}}
"""
    assert report_on(text)["add ensures"].method == METHOD
    hidden = report_on(text + "policies: {timeout: {after: 1s, hides: either}}\n")
    assert hidden["n in range"].verdict == Verdict.REFUTED
    assert hidden["add ensures"].verdict == Verdict.REFUTED


def test_an_item_that_is_not_there_is_no_value_within_its_range() -> None:
    text = """
orchestration: items
variables: {items: {type: list of 0..1 at most 2, initial: [0]}}
flow: {steps: {a: {effect: {"items[2]": 0}}}}
instances: 2
"""
    assert report_on(text)["items[2] in range"].verdict == Verdict.REFUTED
    assert report_on(text.replace("items[2]", "items[1]"))["no deadlock"].verdict == Verdict.PROVED


def test_a_step_that_runs_a_flow_begins_with_the_first_of_its_steps() -> None:
    asked = "properties: {asked: {before: [pack.paper, pack]}}\n"
    assert report_on(CALL.replace("when: gift, ", "") + asked)["asked"].verdict == Verdict.REFUTED
    asked = "properties: {asked: {before: [pack, send]}}\n"
    text = CALL.replace("when: gift, ", "").replace("gift: {type: bool, initial: any}", "gift: true")
    assert report_on(text + asked)["asked"].method == "z3 over start and end times"


def test_equal_designs_from_different_places_are_typed_each_by_itself() -> None:
    first, second = load_text(CALL), load_text("\n" + CALL)
    assert first == second
    assert isinstance(first, Orchestration)
    assert isinstance(second, Orchestration)
    assert type_flow(first) is type_flow(first)
    assert type_flow(first) is not type_flow(second)
    rows = [str(report_on(text)["send requires"].position).split(":")[-2] for text in (CALL, "\n" + CALL)]
    assert int(rows[1]) == int(rows[0]) + 1


def test_a_design_that_was_changed_is_checked_as_it_is_now() -> None:
    """Nobody should change the dictionaries of a model; who does must not be told what was true before."""
    text = "orchestration: changing\nvariables: {x: {range: 0..3, initial: 0}}\nflow:\n  ensures: x == 1\n"
    design = load_text(text + "  steps:\n    one: {effect: {x: 1}}\n")
    assert isinstance(design, Orchestration)
    assert mc.check(design)["flow ensures"].verdict == Verdict.PROVED
    assert isinstance(design.flow.steps, dict)
    design.flow.steps["one"] = replace(design.flow.steps["one"], effect={"x": "2"})
    assert mc.check(design)["flow ensures"].verdict == Verdict.REFUTED


def test_typed_flows_are_forgotten_with_their_designs_and_few_are_kept() -> None:
    design = load_text(CALL)
    assert isinstance(design, Orchestration)
    kept = weakref.ref(type_flow(design))
    assert kept() is not None
    del design
    gc.collect()
    assert kept() is None
    designs = [load_text(CALL) for _ in range(3 * typed.MOST_KEPT)]
    for each in designs:
        assert isinstance(each, Orchestration)
        type_flow(each)
    assert len(typed._TYPED) <= typed.MOST_KEPT
    del designs, each
    gc.collect()
    assert all(reference() is not None for reference, _ in typed._TYPED.values())


def undone_everywhere(design: Orchestration) -> Orchestration:
    """The design with steps each of which can fail and is undone, in the right order."""
    own = {key: each for key, each in design.flow.steps.items() if not each.flow}
    steps = {
        key: replace(each, compensation=each.compensation or Compensation(), outcomes={**each.outcomes, "error": {}})
        for key, each in own.items()
    }
    policies = replace(design.policies, compensation=CompensationPolicy())
    return replace(design, flow=replace(design.flow, steps={**design.flow.steps, **steps}), policies=policies)


def test_fewer_conditions_on_the_order_of_undoing_leave_the_same_states(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_later(design: Orchestration, graph: nx.MultiDiGraph[str], undone: list[str]) -> dict[str, frozenset[str]]:
        return order_of_steps(graph, design.flow.steps).next_among(undone, standing_for_later=())

    different = 0
    for number in range(150):
        design, limits = undone_everywhere(random_design(number)), Limits(states=10_000)
        try:
            few = compile_model(design)
        except ModelError:
            continue
        with monkeypatch.context() as patched:
            patched.setattr(control, "_undone_first", all_later)
            full = compile_model(design)
        if few.actions != full.actions:
            different += 1
            counted = [count_states(each, limits) for each in (few, full)]
            assert counted[0].states == counted[1].states, number
            assert counted[0].transitions == counted[1].transitions, number
    assert different >= 10
