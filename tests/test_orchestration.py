"""How a flow runs: each piece of the semantics as a few lines of model with what must come out of it."""

from __future__ import annotations

import pytest

from modelcheck import model
from modelcheck.api import check
from modelcheck.engine.search import count_states
from modelcheck.errors import ModelError
from modelcheck.load import load_text
from modelcheck.orchestration import compile_orchestration
from modelcheck.results import CheckReport, Verdict


def report_on(text: str) -> CheckReport:
    return check(load_text(text))


def refuted(report: CheckReport) -> set[str]:
    return {result.name for result in report.results if result.verdict == Verdict.REFUTED}


def actions_of(report: CheckReport, name: str) -> list[str]:
    trace = report[name].trace
    assert trace is not None
    return [action.name for _, action, _ in trace.steps()]


def states_of(text: str) -> int:
    return count_states(compile_orchestration(load_text(text))).states  # type: ignore[arg-type]


def test_a_sequence_has_one_state_for_each_start_and_finish() -> None:
    # Before, in flight and after for each of n steps, in a row: 2n + 1, and the state in which the flow has completed.
    for n in (1, 2, 5):
        steps = "\n".join(f"    s{k}: {{}}" for k in range(n))
        assert states_of(f"orchestration: row\nflow:\n  steps:\n{steps}\n") == 2 * n + 2


def test_parallel_steps_interleave_freely() -> None:
    # Each of n independent steps is ready, running or done: 3^n, and the completed flow.
    for n in (1, 2, 4):
        steps = "\n".join(f"    s{k}: {{after: []}}" for k in range(n))
        assert states_of(f"orchestration: fork\nflow:\n  steps:\n{steps}\n") == 3**n + 1


def test_workers_limit_what_is_in_flight_over_all_instances() -> None:
    text = """
orchestration: shop
services: {till: {workers: 1}}
flow:
  steps:
    pay: {service: till}
instances: 2
properties:
  one at a time: {never: count(running(pay)) >= 2}
  both wait: {reachable: count(waiting(pay) or ready(pay)) == 2}
"""
    assert refuted(report_on(text)) == set()
    assert refuted(report_on(text.replace("workers: 1", "workers: 2"))) == {"one at a time"}


def test_a_coordinator_limits_the_steps_in_flight() -> None:
    text = """
orchestration: shop
coordinators: {desk: {concurrency: 1}}
flow:
  steps: {a: {after: []}, b: {after: []}}
properties: {one call at a time: {never: running(a) and running(b)}}
"""
    assert refuted(report_on(text)) == set()
    assert refuted(report_on(text.replace("concurrency: 1", "concurrency: 2"))) == {"one call at a time"}


def test_a_skipped_step_satisfies_those_that_wait_for_it() -> None:
    report = report_on("""
orchestration: gift
variables: {gift: {type: bool, initial: any}, wrapped: false}
flow:
  steps:
    wrap: {when: gift, effect: {wrapped: true}}
    send: {}
  ensures: wrapped == gift
properties:
  sent without a wrapping: {reachable: done(send) and skipped(wrap)}
  always sent: {outcome: done(send)}
""")
    assert report.exit_code == 0


def test_await_waits_where_when_would_skip() -> None:
    text = """
orchestration: bell
variables: {rung: false}
flow:
  steps:
    ring: {after: [], effect: {rung: true}}
    open: {after: [], await: rung}
properties: {opened after the bell: {before: [ring, open]}}
"""
    assert refuted(report_on(text)) == set()
    assert "opened after the bell" in refuted(report_on(text.replace("await: rung", "when: true")))


def test_waiting_for_what_never_happens_is_a_deadlock() -> None:
    report = report_on("""
orchestration: bell
variables: {rung: false}
flow: {steps: {open: {await: rung}}}
""")
    assert "no deadlock" in refuted(report)


def test_an_exclusive_choice_into_a_join_of_all_is_a_deadlock() -> None:
    text = """
orchestration: claim
variables: {big: {type: bool, initial: any}}
flow:
  steps:
    look: {transitions: {manual: big, automatic: otherwise}}
    manual: {}
    automatic: {}
    pay: {after: [manual, automatic]}
"""
    report = report_on(text)
    assert refuted(report) == {"no deadlock"}
    assert report["termination"].verdict == Verdict.PROVED  # Halting is not completing.
    assert report_on(text.replace("automatic]}", "automatic], join: any}")).exit_code == 0


def test_a_choice_with_no_true_condition_is_a_finding() -> None:
    text = """
orchestration: claim
variables: {amount: {range: 0..3, initial: any}}
flow:
  steps:
    look: {transitions: {small: amount < 2, large: amount > 2}}
    small: {transitions: {end: otherwise}}
    large: {}
"""
    report = report_on(text)
    assert "a way out of look" in refuted(report)
    assert refuted(report_on(text.replace("amount > 2", "amount >= 2"))) == set()


def test_transitions_are_tried_in_order_unless_the_choice_is_free() -> None:
    text = """
orchestration: claim
flow:
  steps:
    look: {transitions: {first: "true", second: "true"}}
    first: {transitions: {end: otherwise}}
    second: {}
properties: {second is possible: {reachable: done(second)}}
"""
    assert refuted(report_on(text)) == {"second is possible"}
    assert refuted(report_on(text.replace('second: "true"}}', 'second: "true"}, choice: free}'))) == set()


def test_a_second_token_at_a_step_is_a_finding() -> None:
    report = report_on("""
orchestration: twice
flow:
  steps:
    a: {after: []}
    b: {after: []}
    c: {after: [a, b], join: any}
""")
    assert "one token at c" in refuted(report)


def test_the_effect_belongs_to_the_finish_and_interleaves() -> None:
    """Two instances read the stock before either writes it (audit B4): the check and the reservation are two steps."""
    text = """
orchestration: race
variables: {stock: {range: 0..1, initial: 1, shared: true}}
flow:
  steps:
    look: {transitions: {reserve: stock >= 1, end: otherwise}}
    reserve: {requires: stock >= 1, effect: {stock: stock - 1}}
instances: 2
"""
    report = report_on(text)
    assert refuted(report) == {"reserve requires", "stock in range"}
    assert report["stock in range"].trace is not None
    assert report_on(text.replace("instances: 2", "instances: 1")).exit_code == 0


def test_a_retry_starts_again_until_its_attempts_are_used_up() -> None:
    text = """
orchestration: call
variables: {paid: false, calls: {range: 0..3, initial: 0}}
services: {bank: {fails: 5%}}
flow:
  steps:
    charge:
      service: bank
      retry: {attempts: 3}
      outcomes: {ok: {paid: true, calls: calls + 1}, error: {calls: calls + 1}}
      compensation: {effect: {paid: false}}
properties:
  three calls at most: {always: calls <= 3}
  three calls can be needed: {reachable: calls == 3 and paid}
  it can fail for good: {reachable: failed(flow)}
"""
    assert refuted(report_on(text)) == set()
    assert "calls in range" in refuted(report_on(text.replace("attempts: 3", "attempts: 4")))


SAGA = """
orchestration: trip
variables: {hotel: false, flight: false}
services: {shop: {fails: 5%}}
flow:
  steps:
    hotel: {service: shop, effect: {hotel: true}, compensation: {effect: {hotel: false}}}
    flight: {service: shop, effect: {flight: true}, compensation: {effect: {flight: false}}}
properties: {both or none: {outcome: hotel == flight}}
"""


def test_what_was_done_is_undone_when_a_later_step_fails() -> None:
    assert report_on(SAGA).exit_code == 0


def test_without_a_compensation_an_effect_stays() -> None:
    report = report_on(SAGA.replace(", compensation: {effect: {hotel: false}}", ""))
    assert {"both or none", "compensation"} <= refuted(report)
    assert [finding.code for finding in report.findings] == ["W310"]


def test_an_outcome_that_hides_an_effect_is_undone_too() -> None:
    text = SAGA.replace("effect: {flight: true}", "outcomes: {ok: {flight: true}, timeout: {flight: true}}")
    assert report_on(text).exit_code == 0
    report = report_on(text + "policies: {compensation: {failing_step: never}}\n")
    assert {"both or none", "compensation"} <= refuted(report)


def test_a_failing_step_that_is_always_undone_is_undone_without_an_effect() -> None:
    report = report_on(SAGA + "policies: {compensation: {failing_step: always}}\n")
    assert refuted(report) == {"only effects are undone"}


def test_an_error_that_escapes_undoes_nothing() -> None:
    report = report_on(SAGA + "policies: {compensation: {on: [failed]}}\n")
    assert {"both or none", "compensation"} <= refuted(report)


def test_a_false_check_undoes_its_own_step() -> None:
    text = SAGA.replace("effect: {flight: true}", "effect: {flight: true}, check: not hotel")
    assert refuted(report_on(text)) == set()
    report = report_on(text + "policies: {compensation: {failing_step: {check: never}}}\n")
    assert "compensation" in refuted(report)


@pytest.mark.parametrize(("order", "broken"), [("reverse", set()), ("lifo", set()), ("parallel", {"hotel last"})])
def test_compensation_order(order: str, broken: set[str]) -> None:
    text = (
        SAGA.replace("    flight:", "    middle: {}\n    flight:")
        + "    hotel last: {never: undone(hotel) and flight}\n"
    )
    text = text.replace("properties: {both or none: {outcome: hotel == flight}}\n", "")
    text = text.replace("    hotel last", "properties:\n    hotel last") + "\n"
    text = text.replace("flow:\n  steps:\n", "flow:\n  steps:\n").replace(
        "properties:", f"policies: {{compensation: {{order: {order}}}}}\nproperties:"
    )
    # A third step fails after both reservations were made.
    text = text.replace("policies:", "    last: {service: shop}\npolicies:", 1)
    assert refuted(report_on(text)) == broken


def test_lifo_undoes_parallel_steps_one_at_a_time() -> None:
    text = """
orchestration: trip
variables: {hotel: false, flight: false}
services: {shop: {fails: 5%}}
policies: {compensation: {order: lifo}}
flow:
  steps:
    hotel: {after: [], effect: {hotel: true}, compensation: {effect: {hotel: false}}}
    flight: {after: [], effect: {flight: true}, compensation: {effect: {flight: false}}}
    pay: {after: [hotel, flight], service: shop}
properties: {one undo at a time: {never: undoing(hotel) and undoing(flight)}}
"""
    assert refuted(report_on(text)) == set()
    assert refuted(report_on(text.replace("lifo", "reverse"))) == {"one undo at a time"}


def test_lifo_undoes_once_what_was_tried_again_after_an_effect() -> None:
    text = """
orchestration: trip
variables: {hotel: false, tries: {range: 0..2, initial: 0}}
policies: {compensation: {order: lifo}}
flow:
  steps:
    hotel: {effect: {hotel: true}, compensation: {effect: {hotel: false}}}
    flight:
      outcomes: {ok: {tries: tries + 1}, timeout: {tries: tries + 1}}
      retry: {attempts: 2, on: timeout}
      compensation: {effect: {tries: 0}}
properties:
  it can fail twice: {reachable: tries == 2 and failed(flight)}
  nothing stays: {outcome: completed(flow) or not hotel and tries == 0}
  the last one first: {never: undone(hotel) and tries > 0}
"""
    report = report_on(text)
    assert refuted(report) == set()
    assert report["compensation"].verdict == "proved"
    assert not report["compensation"].vacuous


def test_siblings_in_flight_finish_before_anything_is_undone() -> None:
    text = """
orchestration: trip
variables: {hotel: false, flight: false}
services: {shop: {fails: 5%}}
policies: {compensation: {siblings: finish}}
flow:
  steps:
    hotel: {after: [], service: shop, effect: {hotel: true}, compensation: {effect: {hotel: false}}}
    flight: {after: [], service: shop, effect: {flight: true}, compensation: {effect: {flight: false}}}
"""
    assert report_on(text).exit_code == 0
    report = report_on(text.replace("siblings: finish", "siblings: abandoned"))
    assert "compensation" in refuted(report)


@pytest.mark.parametrize(
    ("policy", "broken"),
    [("stop", {"compensation"}), ("continue", {"compensation"}), ("retry", {"termination"})],
)
def test_an_undo_that_can_fail(policy: str, broken: set[str]) -> None:
    text = SAGA.replace("{effect: {hotel: false}}", "{effect: {hotel: false}, fails: 1%}")
    report = report_on(text + f"policies: {{compensation: {{on_undo_failure: {policy}}}}}\n")
    assert refuted(report) - {"both or none"} == broken


def test_a_loop_runs_its_steps_again_and_undoes_each_run() -> None:
    text = """
orchestration: seats
variables: {seats: {range: 0..3, initial: 0}, sure: {type: bool, initial: any}}
flow:
  steps:
    book: {effect: {seats: seats + 1}, compensation: {effect: {seats: seats - 1}}}
    more: {transitions: {book: seats < 3, confirm: otherwise}}
    confirm: {check: sure}
properties: {all or none: {outcome: seats == 3 and sure or seats == 0 and not sure}}
"""
    report = report_on(text)
    assert refuted(report) == set()
    assert report["termination"].verdict == Verdict.PROVED


def test_a_missing_input_is_a_failure_of_the_step_and_a_finding() -> None:
    text = """
orchestration: context
services: {shop: {provides: [order_id]}}
flow:
  context: [input]
  steps:
    reserve: {service: shop, input: {goods: input}, output: {order: order_id}}
    charge: {input: {order: order}}
"""
    assert refuted(report_on(text)) == set()
    broken = report_on(text.replace("provides: [order_id]", "provides: [id]"))
    assert refuted(broken) == {"inputs of charge"}
    assert "W306" in {finding.code for finding in broken.findings}


def test_an_unknown_effect_is_assumed_to_keep_what_is_promised() -> None:
    text = """
orchestration: quote
variables: {price: {range: 0..9, initial: 0}, ordered: false}
flow:
  steps:
    ask: {modifies: [price], ensures: price >= 3}
    order: {requires: price >= 3, effect: {ordered: true}}
properties:
  any such price: {reachable: price == 7}
  no other price: {never: price in 1..2}
"""
    assert refuted(report_on(text)) == set()
    assert refuted(report_on(text.replace("ensures: price >= 3", "ensures: price >= 2"))) == {
        "order requires",
        "no other price",
    }


def test_two_orders_of_conflicting_steps_are_reported() -> None:
    text = """
orchestration: sums
variables: {x: {range: 0..9, initial: 1}}
flow:
  steps:
    double: {after: [], effect: {x: x * 2}}
    add: {after: [], effect: {x: x + 1}}
"""
    assert [finding.code for finding in report_on(text).findings] == ["W320"]
    assert report_on(text.replace("x * 2", "x + 2")).findings == ()


def test_a_model_can_be_built_in_python_with_the_same_names() -> None:
    flow = model.Flow(steps={"pay": model.Step(requires="money >= 2", effect={"money": "money - 2"})})
    money = model.Variable(type="0..5", initial=3)
    report = check(model.Orchestration(name="purse", variables={"money": money}, flow=flow))
    assert report["pay requires"].verdict == Verdict.PROVED
    assert report["money in range"].verdict == Verdict.PROVED


def test_all_errors_in_formulas_are_reported_at_once() -> None:
    steps = {
        "a": model.Step(requires="mony >= 2", effect={"money": "true"}),
        "b": model.Step(after=("c",), service="nobody"),
    }
    money = model.Variable(type="0..5", initial=9)
    with pytest.raises(ModelError) as caught:
        compile_orchestration(
            model.Orchestration(
                name="purse",
                variables={"money": money},
                services={"bank": model.Service()},
                flow=model.Flow(steps=steps),
            )
        )
    assert sorted(problem.code for problem in caught.value.problems) == ["E120", "E121", "E137", "E202", "E202"]
    assert "did you mean 'money'" in str(caught.value)


@pytest.mark.parametrize("name", ["termination", "no deadlock", "states", "a requires"])
def test_a_property_cannot_take_the_name_of_a_check(name: str) -> None:
    text = "orchestration: x\nvariables: {p: true}\nflow: {steps: {a: {requires: p}}}\nproperties: {%s: {always: p}}\n"
    with pytest.raises(ModelError, match="E306"):
        report_on(text % name)


def test_compensated_is_the_check_of_that_name() -> None:
    named = SAGA + "    nothing left behind: {compensated: flow}\n"
    named = named.replace("properties: {both or none: {outcome: hotel == flight}}\n", "properties:\n")
    report = report_on(named)
    assert report["nothing left behind"].verdict == Verdict.PROVED
    broken = report_on(named.replace(", compensation: {effect: {hotel: false}}", ""))
    assert broken["nothing left behind"].verdict == Verdict.REFUTED
    spurious = report_on(named + "policies: {compensation: {failing_step: always}}\n")
    assert spurious["nothing left behind"].reason.endswith("is undone although it had no effect")
    assert report_on(named.replace("services: {shop: {fails: 5%}}\n", "services: {shop: {}}\n"))[
        "nothing left behind"
    ].vacuous
