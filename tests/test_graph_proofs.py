"""What is proved on the graph of a flow is compared with plain search over random flows: never a disagreement."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from random_flows import random_design, random_flow

from modelcheck import model
from modelcheck.api import check
from modelcheck.check.contracts import METHOD
from modelcheck.check.structure import METHOD as STRUCTURE
from modelcheck.compile import compile_model
from modelcheck.engine.search import count_states
from modelcheck.engine.target import Limits
from modelcheck.errors import ModelError
from modelcheck.load import load_text
from modelcheck.results import CheckReport, Verdict

# More with MODELCHECK_FLOWS=20000: a few hundred are enough to see that nothing has changed.
FLOWS = int(os.environ.get("MODELCHECK_FLOWS", "240"))
SOME = Limits(states=20_000, seconds=60)


def disagreements(design: model.Orchestration) -> list[str]:
    """What the report says differently where the graph may speak, from what search alone says."""
    try:
        searched = check(design, engine="search", limits=SOME)
    except ModelError:
        return []
    report = check(design, limits=SOME)
    # To search, a step is reached even where a value has just left its range or does not exist; to the graph, the path
    # has ended there.
    ending = [result for result in searched.results if result.check in ("ranges", "divisions")]
    ends = any(result.verdict == Verdict.REFUTED for result in ending)
    found = [
        f"{result.name}: {report[result.name]}, searched: {result}"
        for result in searched.results
        if result.verdict in (Verdict.PROVED, Verdict.REFUTED)
        and (
            report[result.name].verdict != result.verdict
            or (
                report[result.name].vacuous != result.vacuous
                and result.check != "ordering"  # That the second may never happen is not looked at.
                and not (ends and report[result.name].vacuous)
            )
        )
    ]
    if any(result.verdict not in (Verdict.PROVED, Verdict.REFUTED) for result in searched.results):
        return found
    return found + [str(each) for each in set(report.findings) ^ set(searched.findings)]


@pytest.mark.parametrize("block", range(8))
def test_proofs_on_the_graph_agree_with_search(block: int) -> None:
    wrong = {}
    for number in range(block, FLOWS, 8):
        if found := disagreements(random_flow(number)):
            wrong[number] = found
    assert wrong == {}


@pytest.mark.parametrize("block", range(8))
def test_proofs_about_what_is_written_in_a_short_form_agree_with_search(block: int) -> None:
    """Several flows, families, flows that steps run, timeouts that hide something, lists."""
    wrong = {}
    for number in range(block, FLOWS, 8):
        if found := disagreements(random_design(number)):
            wrong[number] = found
    assert wrong == {}


def test_random_designs_have_something_that_is_proved_on_the_graph() -> None:
    spoken_of = {"several": 0, "called": 0, "family": 0, "hidden": 0, "list": 0}
    for number in range(0, FLOWS, 4):
        design = random_design(number)
        try:
            report = check(design, limits=Limits(states=1))
        except ModelError:
            continue
        names = " ".join(result.name for result in report.results if result.method.startswith((METHOD, STRUCTURE)))
        spoken_of["several"] += "other." in names
        spoken_of["called"] += ".t" in names.replace("other.t", "")
        spoken_of["family"] += "[1] ensures" in names
        spoken_of["hidden"] += bool(names) and design.policies.timeout.hides == "either"
        spoken_of["list"] += "items" in names
    assert min(spoken_of.values()) >= FLOWS // 120, spoken_of


# The theorems one by one, where each is true and where it is not.


def report_on(text: str) -> CheckReport:
    return check(load_text(text))


def test_one_variable_that_branches_share_leaves_the_other_contracts_proved() -> None:
    report = report_on("""
orchestration: shared
variables: {total: {type: int, initial: 0}, a: false, b: false}
flow:
  steps:
    one: {after: [], effect: {total: total + 1, a: true}, ensures: a}
    two: {after: [], effect: {total: total + 1, b: true}, ensures: b and total >= 1}
""")
    assert report["one ensures"].method == METHOD
    assert report["two ensures"].method != METHOD
    assert {result.verdict for result in report.results} == {Verdict.PROVED}


def test_what_a_branch_reads_and_another_writes_is_not_taken_for_granted() -> None:
    report = report_on("""
orchestration: interference
variables: {open: true}
flow:
  steps:
    reader: {after: [], requires: open}
    writer: {after: [], effect: {open: false}}
""")
    assert report["reader requires"].verdict == Verdict.REFUTED


def test_a_test_in_one_branch_is_nothing_that_another_may_rely_on() -> None:
    """Run one after the other, the second would come only where the first one's check is true."""
    report = report_on("""
orchestration: independent
variables: {p: {type: bool, initial: any}}
flow:
  steps:
    tests: {after: [], check: p}
    relies: {after: [], requires: p}
""")
    assert report["relies requires"].verdict == Verdict.REFUTED


def test_a_condition_is_looked_at_when_the_step_starts() -> None:
    """The value at the beginning was taken, although a branch beside it had written the variable by then."""
    report = report_on("""
orchestration: late
variables: {p: false}
flow:
  steps:
    writer: {after: [], effect: {p: true}}
    late: {after: [], when: p, requires: not p}
""")
    assert report["late requires"].verdict == Verdict.REFUTED


def test_a_promise_is_asked_even_where_the_effect_leaves_its_range() -> None:
    report = report_on("""
orchestration: below
variables: {x: {range: 0..2, initial: 0}}
flow: {steps: {a: {effect: {x: x - 1}, ensures: x >= 0}}}
""")
    assert {r.name for r in report.results if r.verdict == Verdict.REFUTED} == {"a ensures", "x in range"}


def test_a_way_out_is_asked_even_where_the_effect_leaves_its_range() -> None:
    report = report_on("""
orchestration: below
variables: {x: {range: 0..2, initial: 0}}
flow: {steps: {a: {effect: {x: x - 1}, transitions: {end: x >= 0}}}}
""")
    assert report["a way out of a"].verdict == Verdict.REFUTED


def test_a_join_that_waits_for_a_branch_not_taken_is_a_deadlock() -> None:
    report = report_on("""
orchestration: waits
variables: {p: {type: bool, initial: any}}
flow:
  steps:
    a: {transitions: {b: p, c: otherwise}}
    b: {}
    c: {}
    d: {after: [b, c]}
""")
    assert report["no deadlock"].verdict == Verdict.REFUTED


def test_a_step_without_its_input_never_starts() -> None:
    report = report_on("""
orchestration: missing
variables: {p: false}
flow: {steps: {a: {input: {i: nobody_writes_it}, requires: not p}}}
""")
    assert report["a requires"].vacuous
    assert report["inputs of a"].verdict == Verdict.REFUTED


UNDONE = """
orchestration: saga
variables: {a: false, b: false, c: false}
services: {work: {fails: 1%}}
flow:
  steps:
    one: {service: work, effect: {a: true}, compensation: {effect: {a: false}}}
    two: {service: work, effect: {b: true}, compensation: {effect: {b: false}}}
    three: {service: work, effect: {c: true}, compensation: {effect: {c: false}}}
"""


@pytest.mark.parametrize(
    ("policy", "by_structure"),
    [
        ("", {"compensation", "only effects are undone", "undone in reverse"}),
        ("order: lifo", {"compensation", "only effects are undone"}),
        ("order: parallel", {"compensation", "only effects are undone"}),
        ("on: [failed]", {"only effects are undone", "undone in reverse"}),
        ("failing_step: always", {"undone in reverse"}),
    ],
)
def test_undoing_is_proved_by_structure_where_the_policy_is_right(policy: str, by_structure: set[str]) -> None:
    text = UNDONE + (f"policies: {{compensation: {{{policy}}}}}\n" if policy else "")
    report, searched = report_on(text), check(load_text(text), engine="search")
    named = {result.name for result in report.results if result.check == "compensation" and result.method == STRUCTURE}
    assert named == by_structure
    assert [r.verdict for r in report.results] == [r.verdict for r in searched.results]


def test_an_order_of_undoing_with_fewer_conditions_is_the_same_order() -> None:
    """In a plain flow a step waits only for the next ones to be undone: the reachable states are those of the full
    order, which a flow has where steps may be in flight while others are undone."""
    design = load_text(UNDONE)
    assert isinstance(design, model.Orchestration)
    abandoned = model.CompensationPolicy(siblings="abandoned")
    full = replace(design, policies=model.Policies(compensation=abandoned))
    counted = [count_states(compile_model(each)) for each in (design, full)]
    assert counted[0].states == counted[1].states
    assert counted[0].transitions == counted[1].transitions


def test_a_search_that_would_take_too_much_memory_ends_without_a_verdict() -> None:
    steps = "\n".join(f"    s{k}: {{after: []}}" for k in range(8))
    asked = "properties: {p: {never: running(s1) and done(s1)}}"
    text = f"orchestration: fan\nflow:\n  steps:\n{steps}\n{asked}\n"
    report = check(load_text(text), limits=Limits(memory=100_000))
    assert report["p"].verdict == Verdict.UNKNOWN
    assert "memory" in report["p"].reason
