"""Steps that run another flow: its steps take their place, with the same meaning as written there by hand."""

from __future__ import annotations

import pytest
from test_expand import flow_of, problems_of, refuted, report_on, states_of, verdicts

from modelcheck import model
from modelcheck.expand import expand
from modelcheck.report.story import story

CALL = """
orchestration: shop
variables: {paid: false, wrapped: false, marked: false, sent: false}
services: {s: {fails: 5%}}
flow:
  steps:
    pay: {service: s, effect: {paid: true}, compensation: {effect: {paid: false}}}
    pack: {flow: packing}
    send: {service: s, requires: wrapped and marked, effect: {sent: true}}
flows:
  packing:
    steps:
      wrap: {service: s, effect: {wrapped: true}, compensation: {effect: {wrapped: false}}}
      mark: {service: s, effect: {marked: true}, compensation: {effect: {marked: false}}}
properties:
  nothing left: {compensated: flow}
  all or nothing: {outcome: paid == sent and wrapped == sent and marked == sent}
  wrapped before sent: {before: [pack.wrap, send]}
  packed before sent: {before: [pack, send]}
  paid before packed: {before: [pay, pack]}
"""
BY_HAND = """
orchestration: shop
variables: {paid: false, wrapped: false, marked: false, sent: false}
services: {s: {fails: 5%}}
flow:
  steps:
    pay: {service: s, effect: {paid: true}, compensation: {effect: {paid: false}}}
    wrap: {service: s, effect: {wrapped: true}, compensation: {effect: {wrapped: false}}}
    mark: {service: s, AFTER effect: {marked: true}, compensation: {effect: {marked: false}}}
    send: {service: s, AND requires: wrapped and marked, effect: {sent: true}}
properties:
  nothing left: {compensated: flow}
  all or nothing: {outcome: paid == sent and wrapped == sent and marked == sent}
  wrapped before sent: {before: [wrap, send]}
  packed before sent: {before: [mark, send]}
  paid before packed: {before: [pay, wrap]}
"""


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("order", ["reverse", "lifo", "parallel"])
def test_a_called_flow_means_what_its_steps_mean_written_in_place(parallel: bool, order: str) -> None:
    policy = f"policies: {{compensation: {{order: {order}}}}}\n"
    called = CALL.replace("mark: {", "mark: {after: [], ") if parallel else CALL
    after, both = ("after: pay,", "after: [wrap, mark],") if parallel else ("", "")
    by_hand = BY_HAND.replace("AFTER", after).replace("AND", both)
    first, second = verdicts(called + policy), verdicts(by_hand + policy)
    assert {name.replace("pack.", ""): verdict for name, verdict in first.items()} == second


def test_the_end_of_a_call_is_one_action() -> None:
    # A row of two steps has 2 * 2 + 2 states; the end of the call is one more.
    text = "orchestration: a\nflow: {steps: {b: {flow: c}}}\nflows: {c: {steps: {d: {}, e: {}}}}\n"
    assert states_of(text) == 7
    # Two at once: 3^2 states, the end of the call, and the completed flow.
    assert states_of(text.replace("d: {}, e: {}", "d: {after: []}, e: {after: []}")) == 11


def test_a_call_under_a_condition_is_run_or_skipped_as_a_whole() -> None:
    text = """
orchestration: a
variables: {gift: {type: bool, initial: any}, wrapped: false, other: false}
flow:
  steps:
    pack: {flow: packing, when: gift, ensures: wrapped}
    send: {}
flows:
  packing:
    steps:
      wrap: {effect: {wrapped: true}}
      change: {AFTER effect: {gift: false, other: true}}
properties:
  both or none: {outcome: wrapped == other and wrapped == done(pack)}
  skipped: {outcome: skipped(pack) implies not wrapped}
  can be skipped: {reachable: skipped(pack) and done(send)}
  can be done: {reachable: done(pack) and done(send)}
  runs: {reachable: running(pack)}
  sent anyway: {outcome: done(send)}
"""
    for after in ("", "after: [],"):
        assert refuted(text.replace("AFTER", after)) == set()


def test_stories_tell_begin_and_end_in_words() -> None:
    text = """
orchestration: a
variables: {gift: {type: bool, initial: true}}
flow: {steps: {pack: {flow: packing, when: gift}, send: {}}}
flows: {packing: {steps: {wrap: {after: []}, mark: {after: []}}}}
properties: {never sent: {never: done(send)}}
"""
    trace = report_on(text)["never sent"].trace
    assert trace is not None
    told = [line.text for line in story(trace)]
    assert told[:2] == ["decides to run pack", "begins pack"]
    assert sorted(told[2:4]) == ["pack.mark: ok", "pack.wrap: ok"]
    assert told[4:] == ["completes pack", "send: ok"]
    skipped = report_on(text.replace("initial: true", "initial: false"))["never sent"].trace
    assert skipped is not None
    assert [line.text for line in story(skipped)] == ["skips pack", "send: ok"]


def test_contracts_and_waits_of_a_call_apply_to_its_begin_and_end() -> None:
    text = """
orchestration: a
variables: {open: false, wrapped: {type: bool, initial: INITIAL}}
flow:
  steps:
    unlock: {after: [], effect: {open: true}}
    pack: {after: [], flow: packing, await: open, requires: not wrapped, ensures: wrapped}
flows:
  packing: {requires: open, ensures: EFFECT, steps: {wrap: {effect: {wrapped: EFFECT}}}}
properties: {unlocked: {before: [unlock, pack]}}
"""
    assert refuted(text.replace("INITIAL", "false").replace("EFFECT", "true")) == set()
    assert refuted(text.replace("INITIAL", "true").replace("EFFECT", "true")) == {"pack requires"}
    assert refuted(text.replace("INITIAL", "false").replace("EFFECT", "false")) == {"pack ensures"}


def test_calls_nest_and_a_flow_can_be_called_twice_and_for_each_index() -> None:
    text = """
orchestration: a
constants: {N: 2}
variables: {seen: {over: 1..N, type: bool, initial: false}, last: 0}
flow: {steps: {first: {flow: outer}, each: {for each: "i in 1..N", flow: inner}}}
flows:
  outer: {steps: {one: {flow: leaf}, two: {flow: leaf}}}
  leaf: {steps: {work: {effect: {last: last + 1}}}}
  inner: {steps: {look: {effect: {"seen[i]": true}}, rest: {requires: "seen[i]"}}}
properties:
  all: {outcome: "last == 2 and forall i in 1..N: seen[i] and done(each[i].look) and done(each[i])"}
  order: {before: [first.one.work, first.two.work]}
  families: {before: [first, each]}
"""
    assert refuted(text) == set()
    steps = list(expand(flow_of(text)).flow.steps)
    assert steps == [
        "first.one.work", "first.one", "first.two.work", "first.two", "first",
        "each[1].look", "each[1].rest", "each[1]", "each[2].look", "each[2].rest", "each[2]",
    ]  # fmt: skip


def test_jumps_to_and_from_a_call() -> None:
    text = """
orchestration: a
variables: {tries: {range: 0..3, initial: 0}, gone: false}
flow:
  steps:
    look: {transitions: {pack: otherwise}}
    pack:
      flow: packing
      transitions:
        - {to: pack, when: tries < 3}
        - {to: rescue, on: error}
        - {to: end}
    rescue: {effect: {gone: true}}
flows:
  packing:
    steps:
      wrap: {outcomes: {ok: {tries: tries + 1}, error: {}}, transitions: {mark: otherwise}}
      drop: {}
      mark: {outcomes: {error: {}}, transitions: {end: otherwise}}
properties:
  rescued: {reachable: gone}
  rescued or done: {outcome: gone or tries == 3}
  never aborts: {never: aborted(flow)}
"""
    report = report_on(text)
    assert {r.name for r in report.results if r.verdict.value == "refuted"} == set()
    assert [finding.code for finding in report.findings] == ["W303"]  # Nothing leads to `drop`.


def test_a_call_can_be_undone_as_a_whole() -> None:
    text = CALL.replace(
        "pack: {flow: packing}", "pack: {flow: packing, compensation: {effect: {wrapped: false, marked: false}}}"
    )
    text = text.replace(", compensation: {effect: {wrapped: false}}", "").replace(
        ", compensation: {effect: {marked: false}}", ""
    )
    for order in ("reverse", "lifo"):
        whole = text + f"policies: {{compensation: {{order: {order}}}}}\n"
        assert refuted(whole) == set()
        # What is forgotten is found: after the whole, and in the middle of it.
        assert "all or nothing" in refuted(whole.replace("{wrapped: false, marked: false}", "{marked: false}"))
    never = text + "policies: {compensation: {on: [failed]}}\n"
    assert "nothing left" in refuted(never)


def calling(step: str, flow: str = "steps: {d: {}, e: {}}", more: str = "") -> str:
    steps = f"b: {{flow: c, {step}}}, last: {{}}"
    return f"orchestration: a\nvariables: {{x: 0}}\nflow: {{steps: {{{steps}}}}}\nflows: {{c: {{{flow}}}{more}}}\n"


PARALLEL = "steps: {d: {after: []}, e: {after: []}}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (calling("time: 2s"), "E225: 'time' means nothing on a step that runs a flow; give it to a step of 'c'"),
        (
            calling("effect: {x: 1}"),
            "E225: 'effect' means nothing on a step that runs a flow; give it to a step of 'c'",
        ),
        (calling("retry: 3"), "E226: 'b' runs a flow, which cannot be tried again as a whole; retry its single steps"),
        (
            calling("transitions: [{to: last, on: error}]", PARALLEL),
            "E226: 'c' has steps in parallel, so that 'b' cannot jump away when one of them fails; give the trans",
        ),
        (
            calling("compensation: {}", "steps: {d: {compensation: {}}}"),
            "E227: both 'b' and steps of 'c' say how they are undone; keep one of them",
        ),
        (
            calling("", "steps: {d: {after: []}, e: {after: [], transitions: {end: x > 0, f: otherwise}}, f: {}}"),
            "E228: 'c' has steps in parallel and several ways to end, so that nobody knows when it has ended; let all",
        ),
        (calling("", "steps: {d: {transitions: {d: otherwise}}}"), "E228: 'c' never ends: no step of it is the last; "),
        (calling("", "steps: {d: {flow: c}}"), "E224: 'c' runs itself: c → c; write a loop with transitions instead"),
        (calling("", "steps: {d: {flow: f}}", ", f: {steps: {g: {flow: c}}}"), "E224: 'c' runs itself: c → f → c; "),
        (calling("", "context: y, steps: {d: {}}"), "E225: 'context' means nothing on 'c', which the step 'b' runs; "),
        (calling("").replace("flow: c,", "flow: d,"), "E030: unknown flow 'd'; known here: c"),
        (calling("") + "properties: {p: {reachable: done(b.f)}}\n", "E128: 'done' does not know 'b.f'; did you mean"),
        (calling("") + "properties: {p: {before: [b.f, last]}}\n", "E301: nothing called 'b.f' happens in this design"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    assert problems_of(text.replace(", }", "}"))[0].startswith(problem)


def test_undoing_a_whole_that_loops_is_refused() -> None:
    loop = "transitions: {b: x < 1, last: otherwise}, compensation: {}"
    text = calling(loop, "steps: {d: {effect: {x: x + 1}}}").replace("variables", "services: {s: {}}\nvariables")
    (problem,) = problems_of(text)
    assert problem.startswith("E235: 'b' cannot be undone as a whole: it runs in a loop; give the steps of what 'b'")


def test_a_design_made_in_python_names_its_flows() -> None:
    flow = model.Flow(steps={"a": model.Step(flow="b")})
    with pytest.raises(Exception, match="E223: unknown flow 'b'\n    hint: declare it under 'flows'"):
        expand(model.Orchestration(name="d", flow=flow))


def test_flows_that_multiply_without_end_are_refused() -> None:
    flows = ", ".join(f"f{n}: {{steps: {{a: {{flow: f{n + 1}}}, b: {{flow: f{n + 1}}}}}}}" for n in range(40))
    text = f"orchestration: a\nflow: {{steps: {{a: {{flow: f0}}}}}}\nflows: {{{flows}, f40: {{steps: {{a: {{}}}}}}}}\n"
    (problem,) = problems_of(text)
    assert problem.startswith("E234: these flows stand for more than 20,000 steps")


def test_families_of_families_are_refused_where_they_are_too_many() -> None:
    inner = "flows: {b: {steps: {c: {for each: 'j in 1..9999'}}}}"
    (problem,) = problems_of(
        f"orchestration: a\nflow: {{steps: {{a: {{for each: 'i in 1..9999', flow: b}}}}}}\n{inner}\n"
    )
    assert problem.startswith("E234")
