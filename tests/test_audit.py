"""What the audit of the seed document says is true or false, as small models with the verdicts and numbers it gives.

Section B: formulas and theorems. (C, the defects of the seed's design, is in `test_seed.py`.)
"""

from __future__ import annotations

import pytest

from modelcheck.api import check
from modelcheck.engine.target import Limits
from modelcheck.load import load_text
from modelcheck.results import CheckReport, Verdict
from modelcheck.trace import Trace


def report_on(text: str) -> CheckReport:
    return check(load_text(text))


def trace_of(report: CheckReport, name: str) -> Trace:
    assert report[name].verdict == Verdict.REFUTED, report[name]
    trace = report[name].trace
    assert trace is not None
    return trace


def values(trace: Trace, index: int, *names: str) -> list[object]:
    return [trace.states[index][trace.system.positions[name]] for name in names]


TAKE = """
orchestration: take
variables: {{stock: {{type: int, initial: any}}}}
flow:
  requires: {assumed}
  steps:
    take: {{requires: {requires}, effect: {{stock: stock - 1}}, ensures: stock >= 0}}
"""


def test_b1_a_contract_is_about_the_states_before_and_after() -> None:
    refuted = report_on(TAKE.format(assumed="stock >= 0", requires="stock >= 0"))
    assert values(trace_of(refuted, "take ensures"), 0, "stock") == [0]
    proved = report_on(TAKE.format(assumed="stock >= 1", requires="stock >= 1"))
    assert proved["take ensures"].verdict == Verdict.PROVED
    assert proved["take ensures"].method == "z3 along the flow, for all values"


def test_b1_contracts_that_hold_one_by_one_need_not_chain() -> None:
    report = report_on("""
orchestration: chain
variables: {x: {type: int, initial: any}}
flow:
  steps:
    one: {effect: {x: 1}, ensures: x == 1}
    three: {requires: x == 2, effect: {x: 3}, ensures: x == 3}
""")
    verdicts = {result.name: str(result.verdict) for result in report.results if result.check == "contracts"}
    assert verdicts == {"one ensures": "proved", "three requires": "refuted", "three ensures": "proved"}


def test_b1_a_contract_that_is_never_asked_is_vacuous() -> None:
    report = report_on("""
orchestration: never
variables: {x: {range: 0..3, initial: 0}}
flow:
  steps:
    pay: {when: x > 0, requires: x == 2}
""")
    assert report["pay requires"].vacuous
    assert report.exit_code == 1


ORDER = """
orchestration: order
flow:
  steps:
    reserve: {}
    other: {after: %s}
properties: {reserve first: {before: [reserve, other]}}
"""


def test_b2_precedence_in_every_execution() -> None:
    sequence = report_on(ORDER % "reserve")
    assert sequence["reserve first"].method == "z3 over start and end times"
    assert sequence["reserve first"].verdict == Verdict.PROVED
    parallel = report_on(ORDER % "[]")
    assert [action.name for _, action, _ in trace_of(parallel, "reserve first").steps()] == ["start other"]


def test_b3_a_retry_edge_with_failure_always_possible_does_not_end() -> None:
    text = """
orchestration: call
services: {bank: {fails: 5%}}
flow:
  steps:
    charge: {service: bank, transitions: [{to: charge, on: error}]}
"""
    trace = trace_of(report_on(text), "termination")
    assert trace.loop is not None
    assert "charge" in report_on(text)["termination"].reason


def test_b3_endless_retries_do_not_end_and_bounded_ones_do() -> None:
    text = """
orchestration: call
services: {bank: {fails: 5%}}
flow: {steps: {charge: {service: bank, retry: {attempts: unlimited}}}}
"""
    assert trace_of(report_on(text), "termination").loop is not None
    assert report_on(text.replace("unlimited", "3"))["termination"].verdict == Verdict.PROVED


COUNTED = """
system: retry
variables: {attempts: 0, working: true}
actions:
  fail: {when: working%s, effect: {attempts: attempts + 1}}
  succeed: {when: working, effect: {working: false}}
properties: {it ends: {ends: system}}
"""


def test_b3_the_rank_of_a_counted_retry() -> None:
    counted = report_on(COUNTED % " and attempts < 3")["it ends"]
    assert counted.verdict == Verdict.PROVED
    assert "2 - attempts" in counted.method
    # Without the count nothing decreases; the number of attempts grows, so that each round leads to another.
    endless = check(load_text(COUNTED % ""), limits=Limits(states=100))["it ends"]
    assert endless.verdict == Verdict.REFUTED
    assert "fail can be taken again and again" in endless.reason


FEES = """
orchestration: account
variables: {{balance: {domain}, fee: {domain}}}
flow:
  requires: fee >= {least}
  steps:
    pay: {{when: balance > 0, effect: {{balance: balance - fee}}}}
    more: {{transitions: {{pay: balance > 0, end: otherwise}}}}
"""
UNBOUNDED, SMALL = "{type: int, initial: any}", "{range: -3..3, initial: 0..3}"


def test_b3_a_fee_that_is_positive_ends_with_the_balance_as_rank() -> None:
    result = report_on(FEES.format(domain=UNBOUNDED, least=1))["termination"]
    assert result.verdict == Verdict.PROVED
    assert "balance" in result.reason


@pytest.mark.parametrize("domain", [UNBOUNDED, SMALL])
def test_b3_a_fee_of_nothing_never_ends(domain: str) -> None:
    report = report_on(FEES.format(domain=domain, least=0))
    trace = trace_of(report, "termination")
    assert trace.loop is not None
    assert values(trace, trace.loop, "balance", "fee") == [1, 0]


def test_b3_a_compensation_that_is_retried_for_ever_does_not_end() -> None:
    text = """
orchestration: trip
variables: {hotel: false}
services: {shop: {fails: 5%}}
policies: {compensation: {on_undo_failure: retry}}
flow:
  steps:
    hotel: {effect: {hotel: true}, compensation: {effect: {hotel: false}, fails: 1%}}
    flight: {service: shop}
"""
    assert trace_of(report_on(text), "termination").loop is not None
    assert report_on(text.replace(", fails: 1%", ""))["termination"].verdict == Verdict.PROVED


def test_b3_halting_is_not_completing() -> None:
    report = report_on("""
orchestration: claim
variables: {big: {type: bool, initial: any}}
flow:
  steps:
    look: {transitions: {one: big, other: otherwise}}
    one: {}
    other: {}
    both: {after: [one, other]}
""")
    assert report["termination"].verdict == Verdict.PROVED
    assert report["no deadlock"].verdict == Verdict.REFUTED


def test_b4_two_instances_break_what_one_keeps() -> None:
    """Check, check, reserve, reserve: the stock of 1 becomes -1, at depth 4 with atomic actions."""
    report = check("stock_race")
    trace = next(r.trace for r in report.results if r.verdict == Verdict.REFUTED and r.trace is not None)
    assert len(trace) == 4
    assert values(trace, 4, "stock") == [-1]


def test_b6_stale_copies_allow_a_write_skew() -> None:
    report = check("write_skew")
    trace = next(r.trace for r in report.results if r.verdict == Verdict.REFUTED and r.trace is not None)
    assert len(trace) == 2


def test_b5_events_that_set_off_each_other_go_round_for_ever() -> None:
    text = """
choreography: loop
events: {A: {}, B: {}}
routes: {A: p, B: q}
participants:
  p: {subscribes: A, handlers: {a: {on: A, publishes: B}}}
  q: {subscribes: B, handlers: {b: {on: B, publishes: A}}}
starts: A
"""
    report = report_on(text)
    assert trace_of(report, "termination").loop == 1
    assert {"A", "B"} <= set(report["termination"].reason.replace(",", "").split())  # The core is the whole cycle.
    assert report_on(text.replace("on: B, publishes: A", "on: B"))["termination"].verdict == Verdict.PROVED


def test_b5_a_time_to_live_that_decreases_is_a_rank() -> None:
    text = """
choreography: relay
events: {A: {payload: {ttl: 0..3}}}
routes: {A: p}
participants:
  p:
    subscribes: A
    handlers:
      a: {on: A, publishes: [{event: A, payload: {ttl: event.ttl - 1}, when: event.ttl > 0}]}
starts: [{A: {ttl: 3}}]
"""
    result = report_on(text)["termination"]
    assert result.verdict == Verdict.PROVED
    assert result.method == "z3: event.ttl decreases"
    endless = text.replace("event.ttl - 1", "event.ttl")
    assert report_on(endless)["termination"].verdict == Verdict.REFUTED


def test_b5_a_queue_that_is_filled_faster_than_it_is_emptied_overflows() -> None:
    """A is answered by A and B, and nobody hurries with B."""
    report = report_on("""
choreography: growth
events: {A: {}, B: {}}
channels: {bus: {capacity: 3}}
routes: {A: p, B: q}
participants:
  p: {subscribes: A, handlers: {a: {on: A, publishes: [A, B]}}}
  q: {subscribes: B, handlers: {b: {on: B}}}
starts: A
""")
    trace = trace_of(report, "capacity of bus>q")
    published = [action for _, action, _ in trace.steps() if "B" in action.label.publishes]
    assert len(published) == 4  # One more than fits.
