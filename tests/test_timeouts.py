"""The timeout policy: which steps have a timeout, what it hides, and what the coordinator can know of that."""

from __future__ import annotations

import pytest
from test_expand import flow_of, problems_of, refuted, report_on
from test_several_flows import count

from modelcheck.errors import ModelError
from modelcheck.expand import expand
from modelcheck.report.story import tell
from modelcheck.results import Verdict
from modelcheck.simulate import simulate

PAY = """
orchestration: pay
variables: {paid: false, sent: false, other: false}
services: {bank: {time: 1s, fails: 5%}}
flow:
  steps:
    look: {effect: {other: true}, compensation: {effect: {other: false}}}
    charge: {service: bank, effect: {paid: true}, compensation: {effect: {paid: false}}}
    send: {requires: paid, effect: {sent: true}, outcomes: {timeout: {}}}
policies: {timeout: {after: 2s, hides: HIDES}}
properties:
  all or nothing: {outcome: paid == sent and other == sent}
  nothing left: {compensated: flow}
"""


def paying(hides: str, more: str = "") -> str:
    text = PAY.replace("HIDES", hides)
    return text.replace("policies: {", f"policies: {{{more}, ") if more else text


def test_the_policy_gives_a_timeout_to_every_step_without_one() -> None:
    design = expand(flow_of(paying("nothing").replace("charge: {", "charge: {timeout: 9s, ")))
    assert {name: step.timeout for name, step in design.flow.steps.items()} == {"look": 2, "charge": 9, "send": 2}
    assert expand(design) is design
    short = expand(flow_of(paying("nothing").replace("{after: 2s, hides: nothing}", "3s")))
    assert short.flow.steps["charge"].timeout == 3
    # Without `after` it is only about steps that can time out anyway.
    only = paying("success").replace("after: 2s, ", "").replace("fails: 5%", "fails: {timeout: 5%}")
    steps = expand(flow_of(only)).flow.steps
    assert [steps[name].origin.hides for name in ("look", "charge", "send")] == ["nothing", "success", "nothing"]
    assert [steps[name].timeout for name in ("look", "charge", "send")] == [None, None, None]


def test_a_timeout_of_its_own_effect_hides_nothing_else() -> None:
    steps = expand(flow_of(paying("success"))).flow.steps
    assert steps["send"].outcomes["timeout"] == {}
    assert steps["charge"].outcomes["timeout"] == {"paid": "true"}


@pytest.mark.parametrize("hides", ["nothing", "success", "either"])
def test_what_a_timeout_hides_is_undone(hides: str) -> None:
    text = paying(hides)
    assert refuted(text) == set()
    reached = (
        text + "  hidden: {reachable: failed(charge) and paid}\n  not done: {reachable: failed(charge) and not paid}\n"
    )
    # A failure without an effect is reached in any case: by `error`.
    assert refuted(reached) == ({"hidden"} if hides == "nothing" else set())


def test_success_means_the_same_as_written_by_hand() -> None:
    by_hand = (
        paying("nothing")
        .replace(
            "charge: {service: bank, effect: {paid: true},",
            "charge: {service: bank, effect: {paid: true}, outcomes: {timeout: {paid: true}},",
        )
        .replace("look: {effect: {other: true},", "look: {effect: {other: true}, outcomes: {timeout: {other: true}},")
    )
    assert count(paying("success")) == count(by_hand)


@pytest.mark.parametrize(
    ("hides", "choice", "wrong"),
    [
        # Who never undoes after a timeout leaves what it hides; who always does undoes what was not done.
        ("nothing", "never", set()),
        ("nothing", "always", {"only effects are undone", "nothing left"}),
        ("success", "never", {"compensation", "nothing left", "all or nothing"}),
        ("success", "always", set()),
        ("either", "never", {"compensation", "nothing left", "all or nothing"}),
        # Undoing what may not have been done is right here: setting `paid` to false again changes nothing.
        ("either", "always", set()),
    ],
)
def test_what_the_coordinator_notes_is_judged_by_what_happened(hides: str, choice: str, wrong: set[str]) -> None:
    assert refuted(paying(hides, f"compensation: {{failing_step: {{timeout: {choice}}}}}")) == wrong


def test_undoing_what_may_not_have_happened_must_change_nothing() -> None:
    text = """
orchestration: stock
variables: {stock: {range: 0..3, initial: 2}, done: false}
services: {store: {fails: {timeout: 5%}}}
flow:
  steps:
    take: {service: store, effect: {stock: stock - 1}, compensation: {effect: {stock: stock + 1}}}
    end_it: {effect: {done: true}}
policies: {timeout: {hides: either}}
properties: {goods stay: {outcome: done or stock == 2}}
"""
    report = report_on(text)
    assert refuted(text) == {"goods stay", "only effects are undone"}
    trace = report["only effects are undone"].trace
    assert trace is not None
    assert [line.text for line in tell(report["only effects are undone"])][:2] == [
        "take at store: timeout",
        "undoes take at store",
    ]
    # Where the undo asks first, it is harmless.
    asks = (
        text.replace("done: false", "done: false, taken: false")
        .replace("effect: {stock: stock - 1}", "effect: {stock: stock - 1, taken: true}")
        .replace("stock: stock + 1}", 'stock: "stock + 1 if taken else stock", taken: false}')
    )
    assert refuted(asks) == set()


def test_a_hidden_success_is_told_as_such() -> None:
    text = paying("either") + "  never hidden: {never: failed(charge) and paid}\n"
    lines = [line.text for line in tell(report_on(text)["never hidden"])]
    assert "charge at bank: timeout (although the work was done)" in lines


def test_a_retry_after_a_hidden_success_does_the_work_again() -> None:
    text = """
orchestration: twice
variables: {times: {range: 0..4, initial: 0}}
services: {store: {fails: {timeout: 5%}}}
flow: {steps: {take: {service: store, retry: 2, effect: {times: times + 1}, ensures: times == 1}}}
policies: {timeout: {hides: HIDES}}
"""
    assert refuted(text.replace("HIDES", "nothing")) == set()
    for hides in ("success", "either"):  # And nothing undoes what the last timeout hides.
        assert refuted(text.replace("HIDES", hides)) == {"take ensures", "compensation"}


def test_a_transition_on_timeout_is_taken_whatever_it_hides() -> None:
    text = """
orchestration: a
variables: {x: false, asked: false}
services: {s: {fails: {timeout: 5%}}}
flow:
  steps:
    do: {service: s, effect: {x: true}, transitions: [{to: ask, on: timeout}, {to: end}]}
    ask: {effect: {asked: true}, ensures: asked}
policies: {timeout: {hides: either}}
properties:
  done: {reachable: asked and x}
  not done: {reachable: asked and not x}
  never aborts: {never: aborted(flow)}
"""
    assert refuted(text) == set()
    assert report_on(text)["ask ensures"].verdict == Verdict.PROVED


def test_the_policy_reaches_families_calls_and_all_flows() -> None:
    text = """
orchestration: all
variables: {x: {over: 1..2, type: bool, initial: false}, y: false, z: false}
services: {s: {}}
flow: {steps: {a: {for each: "i in 1..2", service: s, effect: {"x[i]": true}}, b: {flow: called}}}
flows:
  called: {steps: {c: {effect: {y: true}}}}
  beside: {steps: {d: {effect: {z: true}}}}
policies: {timeout: {after: 1s, hides: either}}
properties:
  first: {reachable: "failed(a[1]) and x[1]"}
  second: {reachable: "failed(a[2]) and not x[2]"}
  inner: {reachable: failed(b.c) and y}
  other: {reachable: failed(beside.d) and z}
"""
    assert refuted(text) - {"compensation"} == set()


def test_either_is_not_simulated() -> None:
    with pytest.raises(ModelError, match="E415: how often a timeout of 'look' hides a success is not known"):
        simulate(flow_of(paying("either")), 10)
    slow = paying("success").replace("time: 1s", "time: 3s")
    assert simulate(flow_of(slow), 10).outcomes == {"aborted": 10}


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ("{hides: all}", "E028: 'all' is not one of: nothing, success, either; "),
        ("{after: soon}", "E026: 'soon' is not a duration; "),
        ("{before: 1s}", "E020: unknown key 'before' in the timeout policy; "),
    ],
)
def test_what_is_wrong_is_said(policy: str, problem: str) -> None:
    text = f"orchestration: a\nflow: {{steps: {{b: {{}}}}}}\npolicies: {{timeout: {policy}}}\n"
    assert problems_of(text)[0].startswith(problem)


def test_a_hidden_success_needs_a_known_effect() -> None:
    text = """
orchestration: a
variables: {x: {range: 0..3, initial: 0}}
flow: {steps: {b: {modifies: x, ensures: x > 0}}}
policies: {timeout: {after: 1s, hides: success}}
"""
    (problem,) = problems_of(text)
    assert problem.startswith("E232: nobody knows what a timeout of 'b' hides: the step's effect is known only by")
    assert problem.endswith("say the effect of a timeout: outcomes: {timeout: ...}")
