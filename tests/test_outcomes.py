"""What the outside sees: the outcomes of the executions that end, and two designs told apart by them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from generated import orchestrations
from hypothesis import HealthCheck, assume, given, settings

import modelcheck as mc
from modelcheck.cli import main
from modelcheck.compile import compile_model
from modelcheck.engine.state_graph import explore
from modelcheck.errors import ModelError
from modelcheck.load import load_text
from modelcheck.trace import replay
from modelcheck.verbs.exits import GOOD, OPEN, UNUSABLE, WRONG

COIN = """
system: coin
variables: {side: {values: [none, head, tail], initial: none}, kept: false}
actions:
  head: {when: side == none, effect: {side: head}}
  tail: {when: side == none, effect: {side: tail}}
  keep: {when: side == head and not kept, effect: {kept: true}}
finished: side == tail or kept
observe: {result: side, mine: kept}
"""


def test_each_outcome_has_a_shortest_run() -> None:
    found = mc.outcomes(load_text(COIN))
    assert found.complete
    assert found.names == ("result", "mine")
    assert {seen: len(trace) for seen, trace in found.runs.items()} == {("tail", "false"): 1, ("head", "true"): 2}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(orchestrations())
def test_they_are_what_the_ends_of_all_executions_show(design: mc.model.Orchestration) -> None:
    names = [name for name, declared in design.variables.items() if not declared.over]
    system = compile_model(design)
    limits = mc.Limits(states=3_000)
    found = mc.outcomes(replace(design, observe={name: name for name in names}), limits=limits)
    graph = explore(system, limits)
    assert found.complete == (not graph.stopped)
    assume(found.complete)
    wanted = set()
    for number, state in enumerate(graph.states):
        if not graph.edges(number) and system.in_range(state):
            shown = system.show_state(state)
            several = len(system.scope.instances) > 1
            for instance in range(1, len(system.scope.instances) + 1):
                suffix = f"#{instance}" if several else ""
                wanted.add(tuple(shown.get(f"{name}{suffix}", shown.get(name, "")) for name in names))
    assert set(found.runs) == wanted
    for trace in found.runs.values():
        replay(trace)


def test_the_repaired_order_flows_allow_the_same_outcomes() -> None:
    agreement = mc.same_outcomes("order_orchestration", "order_choreography")
    assert agreement.verdict == "proved"
    assert agreement.only_first == agreement.only_second == ()


def test_the_defects_of_the_first_designs_can_be_seen_from_outside() -> None:
    agreement = mc.same_outcomes("order_orchestration", "seed_order_orchestration")
    assert agreement.verdict == "refuted"
    assert agreement.only_first == ()
    assert agreement.only_second == (("true", "false", "false"), ("true", "true", "false"))


def test_observables_are_compared_by_their_names_in_any_order() -> None:
    other = COIN.replace("{result: side, mine: kept}", "{mine: kept, result: side}")
    assert mc.same_outcomes(load_text(COIN), load_text(other)).verdict == "proved"


def test_what_was_not_seen_is_not_called_the_same() -> None:
    few = mc.Limits(states=2)
    agreement = mc.same_outcomes("order_orchestration", "order_choreography", limits=few)
    assert (agreement.verdict, agreement.first.complete) == ("bounded", False)
    lacking = load_text(COIN.replace("  tail: {when: side == none,", "  tail: {when: false,"))
    agreement = mc.same_outcomes(load_text(COIN), lacking)
    assert (agreement.verdict, agreement.only_first) == ("refuted", (("tail", "false"),))


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(ModelError, match="E308: 'coin' does not observe 'other'"):
        mc.same_outcomes(load_text(COIN), load_text(COIN.replace("mine: kept", "mine: kept, other: kept")))
    with pytest.raises(ModelError, match="E307: 'coin' observes nothing"):
        mc.outcomes(load_text(COIN.split("observe")[0]))
    with pytest.raises(ModelError, match="E120: unknown name 'kepd'"):
        mc.outcomes(load_text(COIN.replace("mine: kept", "mine: kepd")))


def test_the_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outcomes", "order_orchestration"]) == GOOD
    assert "2 observable outcomes" in capsys.readouterr().out
    assert main(["outcomes", "order_orchestration", "order_choreography", "--json"]) == GOOD
    assert json.loads(capsys.readouterr().out)["verdict"] == "proved"
    assert main(["outcomes", "order_orchestration", "seed_order_orchestration"]) == WRONG
    assert "only seed_order_orchestration  reserved = true   paid = true   shipped = false" in capsys.readouterr().out
    assert main(["outcomes", "order_orchestration", "--states", "3"]) == OPEN
    assert main(["outcomes", "retry_loop"]) == UNUSABLE
