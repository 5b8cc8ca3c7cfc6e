"""Soundness by name, of nets, flows, participants and systems: each part with its own words and run."""

from __future__ import annotations

from pathlib import Path

import pytest
from random_flows import random_flow

import modelcheck as mc
from modelcheck.check.soundness import COMPLETE, NOTIONS, PARTS, STRUCTURE, soundness_results
from modelcheck.check.structure import flows_are_sound
from modelcheck.compile import compile_model
from modelcheck.engine.state_graph import explore
from modelcheck.engine.target import Limits
from modelcheck.errors import ModelError
from modelcheck.load import load_text
from modelcheck.model import Flow, Orchestration, Property, Step
from modelcheck.results import Result, Verdict

LINE = "places: {i: 1, p: 0, o: 0}\n"
NETS = {
    # text: the notions that hold
    "transitions: {a: {takes: i, gives: p}, b: {takes: p, gives: o}}": "classical weak relaxed easy",
    "transitions: {a: {takes: i, gives: p}, b: {takes: p, gives: o}, c: {takes: {p: 2}, gives: o}}": "weak easy",
    "transitions: {a: {takes: i, gives: p}, b: {takes: p, gives: o}, c: {takes: p, gives: p}}": (
        "classical weak relaxed easy"
    ),
    # c leads to a loop without a way out, d only goes round in it
    "transitions: {a: {takes: i, gives: o}, c: {takes: i, gives: p}, d: {takes: p, gives: p}}": "easy",
    # what b gives too much, another run does not
    "transitions: {a: {takes: i, gives: p}, b: {takes: p, gives: {o: 2}}, c: {takes: i, gives: o}}": "easy",
    "transitions: {a: {takes: i, gives: [p, o]}, b: {takes: p, gives: p}}\nfinal: o": "",
    # weights
    "transitions: {a: {takes: i, gives: {p: 2}}, b: {takes: {p: 2}, gives: o}, c: {takes: p, gives: p}}": (
        "classical weak relaxed easy"
    ),
    # b is right after a, and d after c
    "transitions: {a: {takes: i, gives: p}, b: {takes: p, gives: o}, c: {takes: i, gives: {p: 2}}, d: {takes: {p: 2},"
    " gives: o}}": "relaxed easy",
}


def asked(text: str) -> dict[str, Result]:
    """The results of a net of three places, by name."""
    properties = "\n".join(f"  {notion}: {{sound: {notion}}}" for notion in NOTIONS)
    design = load_text(f"net: n\n{LINE}{text}\nproperties:\n{properties}\n")
    return {result.name: result for result in mc.check(design).results}


@pytest.mark.parametrize(("text", "expected"), NETS.items())
def test_the_notions_and_how_they_hang_together(text: str, expected: str) -> None:
    found = asked(text)
    assert [notion for notion in NOTIONS if found[notion].verdict == Verdict.PROVED] == expected.split()
    parts = [found[f"sound: {part}"].verdict for part in PARTS["classical"]]
    assert (found["classical"].verdict == Verdict.PROVED) == (set(parts) == {Verdict.PROVED})
    weaker = {"classical": ["weak", "relaxed", "easy"], "weak": ["easy"], "relaxed": ["easy"], "easy": []}
    for notion, implied in weaker.items():
        if found[notion].verdict == Verdict.PROVED:
            assert all(found[each].verdict == Verdict.PROVED for each in implied)


def test_a_net_is_asked_part_by_part_without_being_told_to() -> None:
    design = load_text(
        f"net: n\n{LINE}transitions: {{a: {{takes: i, gives: p}}, b: {{takes: p, gives: p}}, c: {{takes: o}}}}"
    )
    report = mc.check(design)
    assert [result.name for result in report.results] == ["no deadlock"], "no place is a sink: it has no end"
    design = load_text(
        "net: n\nplaces: {i: 1, p: 0, o: 0}\ntransitions:\n  a: {takes: i, gives: p}\n  b: {takes: [p, i], gives: o}\n"
    )
    stuck, proper, alive = mc.check(design).results
    assert (stuck.name, stuck.verdict) == ("sound: option to complete", Verdict.REFUTED)
    assert stuck.trace is not None
    assert [action.name for _, action, _ in stuck.trace.steps()] == ["a"]
    assert stuck.reason == "it is stuck, with tokens on p"
    assert proper.verdict == Verdict.PROVED
    assert (alive.verdict, alive.reason) == (Verdict.REFUTED, "never happens: b")


def test_a_loop_with_no_way_out_is_a_lasso() -> None:
    found = asked("transitions: {a: {takes: i, gives: o}, c: {takes: i, gives: p}, d: {takes: p, gives: p}}")
    trace = found["sound: option to complete"].trace
    assert trace is not None
    assert ([action.name for _, action, _ in trace.steps()], trace.loop) == (["c", "d"], 1)


def test_tokens_that_pile_up_without_bound() -> None:
    found = asked("transitions: {a: {takes: i, gives: [i, p]}, b: {takes: p, gives: []}, c: {takes: i, gives: o}}")
    result = found["sound: proper completion"]
    assert result.verdict == Verdict.REFUTED
    assert found["sound: no dead transition"].verdict == Verdict.PROVED
    # Nothing is ever completed here, so that only growth itself shows it.
    found = asked("transitions: {a: {takes: i, gives: [i, p]}, b: {takes: o, gives: p}}\nfinal: [i, o]")
    result = found["sound: proper completion"]
    assert result.verdict == Verdict.REFUTED
    assert result.reason == "tokens pile up without bound on p: what happens from step 1 on can be repeated for ever"
    assert result.trace is not None
    before, after = result.trace.states[0], result.trace.states[-1]
    assert all(b >= a for a, b in zip(before, after, strict=True))
    assert before != after
    assert found["classical"].verdict == Verdict.REFUTED


def test_final_markings_that_are_given() -> None:
    text = "transitions: {a: {takes: i, gives: p}, b: {takes: p, gives: o}}\n"
    assert asked(text + "final: [{p: 1}, {o: 1}]")["classical"].verdict == Verdict.PROVED
    assert asked(text + "final: p")["classical"].verdict == Verdict.REFUTED
    assert asked(text + "final: {o: 2}")["easy"].verdict == Verdict.REFUTED


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (LINE + "transitions: {a: {takes: q, gives: o}}", "E030"),
        (LINE + "transitions: {a: {takes: {i: 0}, gives: o}}", "E025"),
        ("places: {i: -1}\ntransitions: {a: {takes: i}}", "E025"),
        (LINE + "transitions: {a: {takes: i, gives: o}}\nfinal: [{q: 1}]", "E030"),
        (LINE + "transitions: {a: {takes: i, gives: i}}\nproperties: {s: {sound: weak}}", "E309"),
        (LINE + "transitions: {a: {takes: i, gives: o}}\nproperties: {s: {sound: weakly}}", "E028"),
        (LINE + "transitions: {a: {takes: i, gives: o}}\nproperties: {s: {always: q > 1}}", "E120"),
        (LINE, "E021"),
    ],
)
def test_what_is_wrong_in_a_net(text: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "n.yaml"
    path.write_text(f"net: n\n{text}\n")
    with pytest.raises(ModelError) as raised:
        mc.load(path)
    assert [problem.code for problem in raised.value.problems] == [code]
    assert raised.value.problems[0].position is not None


def test_properties_built_in_python_are_judged_too() -> None:
    system = mc.model.System(name="s", properties={"x": Property(word="sound", about="classical")})
    with pytest.raises(ModelError, match="E309"):
        mc.check(system)
    flow = Orchestration(name="o", flow=Flow(steps={"a": Step()}), properties={"x": Property(word="sound", about="no")})
    with pytest.raises(ModelError, match="E028"):
        mc.check(flow)


RETRY = """
orchestration: o
services: {s: {fails: 5%}}
flow:
  steps:
    ask: {service: s, transitions: [{to: pay}, {to: wait, on: [error]}]}
    wait: {after: [], transitions: [{to: wait}]}
    pay: {after: ask}
properties: {completes: {sound: classical}}
"""


def test_a_retry_loop_of_a_flow_with_no_way_out() -> None:
    result = mc.check(load_text(RETRY), properties=["completes"])["completes"]
    assert result.verdict == Verdict.REFUTED
    assert result.trace is not None
    assert result.trace.loop is not None
    assert "goes round for ever" in result.reason


def test_nets_built_in_python_are_judged_too() -> None:
    takes = mc.model.NetTransition(takes={"q": 1, "p": 0})
    net = mc.model.Net(name="n", places={"p": mc.model.Place(tokens=-1)}, transitions={"t": takes})
    with pytest.raises(ModelError) as raised:
        mc.check(net)
    assert [problem.code for problem in raised.value.problems] == ["E030", "E025", "E025"]


def test_siblings_that_are_abandoned_are_left_behind() -> None:
    text = """
orchestration: o
services: {s: {fails: 5%}}
policies: {compensation: {siblings: SIBLINGS}}
flow: {steps: {a: {after: [], service: s}, b: {after: []}}}
properties: {completes: {sound: weak}}
"""
    assert mc.check(load_text(text.replace("SIBLINGS", "finish")))["completes"].verdict == Verdict.PROVED
    result = mc.check(load_text(text.replace("SIBLINGS", "abandoned")))["completes"]
    assert result.verdict == Verdict.REFUTED
    assert result.reason == "proper completion: all has ended, and something is still going on"


def test_a_step_that_never_happens_is_named() -> None:
    text = "orchestration: o\nflow: {steps: {a: {}, b: {when: 1 > 2}}}\nproperties: {s: {sound: classical}}"
    result = mc.check(load_text(text))["s"]
    assert (result.verdict, result.reason) == (Verdict.REFUTED, "no dead transition: never happens: b")


def test_a_system_that_leaves_its_end() -> None:
    text = """
system: s
variables: {x: {range: 0..3, initial: 0}}
actions: {up: {when: x < 3, effect: {x: x + 1}}}
finished: x == 2
properties: {s: {sound: classical}, easy: {sound: easy}}
"""
    report = mc.check(load_text(text))
    assert report["easy"].verdict == Verdict.PROVED
    assert "option to complete: it is stuck" in report["s"].reason
    assert "proper completion: it has ended, and leaves its end again" in report["s"].reason
    assert mc.check(load_text(text.replace("x == 2", "x == 3")))["s"].verdict == Verdict.PROVED


def test_a_choreography_can_be_asked() -> None:
    design = mc.load("order_choreography")
    asked_of = mc.model.Choreography(**{**vars(design), "properties": {"s": Property(word="sound", about="easy")}})
    assert mc.check(asked_of, properties=["s"])["s"].verdict == Verdict.PROVED


@pytest.mark.parametrize("steps", [20, 200])
def test_parallel_steps_are_sound_by_their_structure(steps: int) -> None:
    flow = Flow(steps={f"s{number}": Step(after=()) for number in range(steps)})
    design = Orchestration(name="o", flow=flow, properties={"s": Property(word="sound", about="classical")})
    result = mc.check(design, properties=["s"], limits=Limits(states=10))["s"]
    assert (result.verdict, result.method) == (Verdict.PROVED, "structure of the flow")


def test_parallel_steps_without_reductions() -> None:
    """Each of k steps waits, runs or is done, 3^k; and when all are done the flow has one more state: it has ended."""
    flow = Flow(steps={f"s{number}": Step(after=()) for number in range(6)})
    design = Orchestration(name="o", flow=flow, properties={"s": Property(word="sound", about="classical")})
    system = compile_model(design)
    graph = explore(system)
    ((_, compute),) = soundness_results(design, system, Limits(), lambda: graph, frozenset())
    result = compute()
    assert (result.verdict, result.statistics["states"]) == (Verdict.PROVED, 3**6 + 1)


def test_what_the_structure_says_of_random_flows_the_state_graph_says_too() -> None:
    proved = 0
    for seed in range(600):
        design = random_flow(seed)
        try:
            system = compile_model(design)
        except ModelError:  # Not all that is drawn is a model.
            continue
        if not flows_are_sound(design):
            continue
        graph = explore(system, Limits(states=20_000))
        if graph.stopped:
            continue
        proved += 1
        properties = {"s": Property(word="sound", about="classical")}
        with_property = Orchestration(**{**vars(design), "properties": properties})
        for _, compute in soundness_results(with_property, system, Limits(), lambda graph=graph: graph, frozenset()):
            result = compute()
            assert result.verdict == Verdict.PROVED, (seed, result.reason)
    assert proved > 10


def test_the_names_can_be_expected_and_do_not_clash() -> None:
    text = f"net: n\n{LINE}transitions: {{a: {{takes: i, gives: p}}, b: {{takes: [p, i], gives: o}}}}\n"
    expect = "expect: {'sound: option to complete': refuted, 'sound: no dead transition': refuted}\n"
    assert mc.check(load_text(text + expect)).exit_code == 0
    assert COMPLETE in PARTS["weak"]
    assert frozenset({"structure"}) == STRUCTURE
