"""Families of steps: what `for each` stands for, what may name its copies, and what is wrong with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modelcheck import model
from modelcheck.api import check
from modelcheck.compile import compile_model
from modelcheck.engine.search import count_states
from modelcheck.errors import ModelError
from modelcheck.expand import expand
from modelcheck.load import load_text
from modelcheck.results import CheckReport, Verdict
from modelcheck.simulate import simulate


def flow_of(text: str) -> model.Orchestration:
    design = load_text(text)
    assert isinstance(design, model.Orchestration)
    return design


def verdicts(text: str) -> dict[str, Verdict]:
    return {result.name: result.verdict for result in check(load_text(text)).results}


def report_on(text: str) -> CheckReport:
    return check(load_text(text))


def refuted(text: str) -> set[str]:
    return {name for name, verdict in verdicts(text).items() if verdict == Verdict.REFUTED}


def problems_of(text: str) -> list[str]:
    with pytest.raises(ModelError) as caught:
        check(load_text(text))
    return [f"{problem.code}: {problem.message}; {problem.hint}" for problem in caught.value.problems]


def counted(text: str) -> tuple[int, int]:
    """All states and transitions, of which a check looks only at those that it has to."""
    found = count_states(compile_model(load_text(text)))
    return found.states, found.transitions


def states_of(text: str) -> int:
    return counted(text)[0]


# --- Expanding ------------------------------------------------------------------------------------------------


def test_nothing_to_expand_gives_the_same_object() -> None:
    plain = flow_of("orchestration: a\nflow: {steps: {b: {}}}\n")
    assert expand(plain) is plain
    family = flow_of('orchestration: a\nflow: {steps: {b: {for each: "i in 1..2"}}}\n')
    assert expand(expand(family)) == expand(family) != family


def test_copies_are_numbered_and_know_their_indices() -> None:
    design = expand(
        flow_of("""
orchestration: a
constants: {N: 2}
flow:
  steps:
    move: {for each: "i in 1..N, j in i..N"}
    last: {}
""")
    )
    assert list(design.flow.steps) == ["move[1,1]", "move[1,2]", "move[2,2]", "last"]
    assert design.flow.steps["move[1,2]"].origin.indices == {"i": 1, "j": 2}
    assert design.flow.steps["last"].after == ("move[1,1]", "move[1,2]", "move[2,2]")


# --- How copies run -------------------------------------------------------------------------------------------


def test_copies_run_all_at_once_or_one_after_the_other() -> None:
    # At once: 3^n states of the copies and the completed flow; in turn: a row of 2n + 1, and the completed flow.
    for n in (1, 2, 4):
        text = f'orchestration: a\nflow: {{steps: {{b: {{for each: "i in 1..{n}"}}}}}}\n'
        assert states_of(text) == 3**n + 1
        assert states_of(text.replace('"}', '", in turn: true}')) == 2 * n + 2


FAMILY = """
orchestration: trip
constants: {N: 2}
variables:
  booked: {over: 1..N, type: bool, initial: false}
  total: {range: 0..9, initial: 0}
  sent: false
services: {desk: {workers: 1, fails: {failed: 5%}}}
flow:
  steps:
    look: {}
    book:
      for each: i in 1..N
      service: desk
      when: i <= N
      requires: not booked[i]
      effect: {"booked[i]": true, total: total + i}
      ensures: booked[i]
      compensation: {effect: {"booked[i]": false, total: total - i}, restores: ["booked[i]", total]}
    confirm: {for each: j in 1..N, after: "book[j]", requires: "booked[j]"}
    send: {after: confirm, requires: "forall i in 1..N: booked[i]", effect: {sent: true}}
  ensures: sent and total == 3
properties:
  all or nothing: {outcome: "sent or not exists i in 1..N: booked[i]"}
  booked before sent: {before: [book, send]}
"""
BY_HAND = """
orchestration: trip
variables:
  booked: {over: 1..2, type: bool, initial: false}
  total: {range: 0..9, initial: 0}
  sent: false
services: {desk: {workers: 1, fails: {failed: 5%}}}
flow:
  steps:
    look: {}
    book1:
      service: desk
      requires: not booked[1]
      effect: {"booked[1]": true, total: total + 1}
      ensures: booked[1]
      compensation: {effect: {"booked[1]": false, total: total - 1}, restores: ["booked[1]", total]}
    book2:
      after: look
      service: desk
      requires: not booked[2]
      effect: {"booked[2]": true, total: total + 2}
      ensures: booked[2]
      compensation: {effect: {"booked[2]": false, total: total - 2}, restores: ["booked[2]", total]}
    confirm1: {after: book1, requires: "booked[1]"}
    confirm2: {after: book2, requires: "booked[2]"}
    send: {after: [confirm1, confirm2], requires: "booked[1] and booked[2]", effect: {sent: true}}
  ensures: sent and total == 3
properties:
  all or nothing: {outcome: "sent or not (booked[1] or booked[2])"}
  booked before sent: {before: [book2, send]}
"""


@pytest.mark.parametrize("order", ["reverse", "lifo", "parallel"])
def test_a_family_means_what_it_means_written_out(order: str) -> None:
    policy = f"policies: {{compensation: {{order: {order}}}}}\n"
    first, second = report_on(FAMILY + policy), report_on(BY_HAND + policy)
    assert counted(FAMILY + policy) == counted(BY_HAND + policy)

    def by_hand(name: str) -> str:
        return name.replace("[1]", "1").replace("[2]", "2") if "restores" not in name else name.replace("[", "", 1)

    expected = {by_hand(result.name): result.verdict for result in second.results}
    found = {by_hand(result.name): result.verdict for result in first.results}
    shared = {name for name in found if "restores" not in name}
    assert {name: found[name] for name in shared} == {name: expected[name] for name in shared}
    assert sum("restores" in name for name in found) == sum("restores" in name for name in expected) == 4


def test_a_family_takes_as_long_as_written_out() -> None:
    times = [simulate(flow_of(text.replace("workers: 1", "workers: 1, time: 20ms")), 500) for text in (FAMILY, BY_HAND)]
    assert times[0].mean.value == pytest.approx(times[1].mean.value, rel=0.2)
    assert times[0].outcomes.keys() == times[1].outcomes.keys()


def test_a_copy_can_be_waited_for_and_jumped_to_by_a_computed_index() -> None:
    text = """
orchestration: search
constants: {N: 3}
variables: {found: {range: 0..3, initial: 0..3}, tried: {range: 0..3, initial: 0}}
flow:
  steps:
    start: {transitions: {"try[1]": otherwise}}
    try:
      for each: i in 1..N
      effect: {tried: i}
      transitions:
        - {to: end, when: found == i}
        - {to: "try[i + 1]", when: i < N}
        - {to: end}
properties:
  in order: {before: ["try[1]", "try[3]"]}
  stops there: {outcome: found > 0 implies tried == found}
  third is tried: {reachable: "done(try[3])"}
  tried one by one: {always: "count(running(try[1])) + count(running(try[2])) + count(running(try[3])) <= 1"}
"""
    assert refuted(text) == set()


def test_effects_may_have_computed_targets() -> None:
    text = """
orchestration: slots
variables: {at: {range: 1..3, initial: 1..3}, slot: {over: 1..3, type: bool, initial: false}}
flow: {steps: {fill: {effect: {"slot[at]": true}}}}
properties: {filled: {outcome: "slot[at] and count(slot[1]) + count(slot[2]) + count(slot[3]) == 1"}}
"""
    assert refuted(text) == set()
    # A member that may not exist is a finding, of a step and of its undo.
    assert "slot[at] in range" in refuted(text.replace("range: 1..3, initial: 1..3", "range: 1..4, initial: 1..4"))


# --- What properties may name ---------------------------------------------------------------------------------


def test_predicates_take_members() -> None:
    text = (
        FAMILY
        + """  some: {outcome: "done(send) implies forall k in 1..N: done(book[k])"}
  both: {never: "running(book[1]) and running(book[2])"}
"""
    )
    assert refuted(text) == set()


def test_a_predicate_of_a_whole_family_is_a_problem_with_a_hint() -> None:
    (problem,) = problems_of(FAMILY + "  some: {reachable: done(book)}\n")
    hint = "it stands for several: write 'forall i in 1..N: done(book[i])', or exists or count"
    assert problem == f"E128: 'done' does not know 'book'; {hint}"


def test_before_with_a_family_means_each_of_its_copies() -> None:
    text = """
orchestration: a
flow:
  steps:
    b: {for each: "i in 1..2"}
    c: {after: "b[1]", await: "true", when: "true"}
properties: {all b: {before: [b, c]}, first b: {before: ["b[ 1 ]", c]}, and back: {before: ["b[1]", b]}}
"""
    assert refuted(text) == {"all b", "and back"}


# --- What is wrong --------------------------------------------------------------------------------------------


def steps(text: str) -> str:
    return f"orchestration: a\nconstants: {{N: 2}}\nvariables: {{x: 0}}\nflow:\n  steps:\n{text}\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '    a: {transitions: {b: otherwise}}\n    b: {for each: "i in 1..N"}',
            "E221: a transition cannot go to all copies of 'b'; name one of b[1] to b[2]",
        ),
        (
            '    b: {for each: "i in 1..N"}\n    c: {after: "b[3]"}',
            "E220: there is no step 'b[3]'; there is b[1] to b[2]",
        ),
        ('    b: {}\n    c: {after: "b[1]"}', "E220: there is no step 'b[1]'; 'b' is no family: write 'b'"),
        ('    b: {for each: "i in 1..N"}\n    c: {after: "b[x]"}', "E120: unknown name 'x'; known here: N"),
        ('    b: {for each: "x in 1..N"}', "E142: the index 'x' has the name of something else; "),
        ('    b: {for each: "N in 1..2"}', "E142: the index 'N' has the name of something else; "),
        ('    b: {for each: "i in 1..0"}', "E143: 'b' has no copies: the range of its index is empty; write i in"),
        ('    b: {for each: "i in 1..100000"}', "E143: 'b' stands for more than 10000 copies; "),
        ('    b: {for each: "i in 1..x"}', "E120: unknown name 'x'; "),
        ('    b: {for each: "i in 1..N / 1"}', "E121: expected an integer, found a number; "),
        (
            '    a: {transitions: {"b[1]": otherwise}}\n    b: {for each: "i in 1..N"}',
            "E222: nothing leads to 'b[2]': its family is only jumped to; say what the copies wait for with 'after'",
        ),
        ('    b: {for each: "i in 1..N", in turn: true}\n    c: {after: d}', "E030: unknown step 'd'; "),
        ("    b: {in turn: true}", "E031: 'in turn' is about the copies of a step with 'for each'; "),
        ('    b: {for each: "i in 1..N", effect: {i: 1}}', "E140: unknown variable 'i'; "),
        ('    b: {after: "b[1"}', "E023: 'b[1' is not a step; write 'reserve' or 'reserve[i]'"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    assert problems_of(steps(text))[0].startswith(problem)


def test_a_design_made_in_python_is_checked_as_well() -> None:
    index = model.Index(name="i", low=1, high=2)
    flow = model.Flow(steps={"a": model.Step(for_each=(index,)), "b": model.Step(after=("c",))})
    with pytest.raises(ModelError, match="E202: unknown step 'c'"):
        expand(model.Orchestration(name="d", flow=flow))
    fine = model.Orchestration(name="d", flow=replace(flow, steps={"a": model.Step(for_each=(index,))}))
    assert check(fine).exit_code == 0
