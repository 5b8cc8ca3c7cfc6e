"""Engines run so many flows at once, over all flows and instances; the others wait to begin."""

from __future__ import annotations

import pytest
from test_expand import flow_of, problems_of, refuted, report_on
from test_several_flows import count

from modelcheck.api import check, load
from modelcheck.compile import compile_model
from modelcheck.engine.search import count_states
from modelcheck.errors import ModelError
from modelcheck.report.story import story
from modelcheck.simulate import simulate

ROW = "orchestration: x\nflow: {engine: main, steps: {a: {}, b: {}}}\ninstances: 3\n"


def row_of(instances: int, at_once: int | str) -> str:
    return ROW.replace("3", str(instances)) + f"engines: {{main: {{concurrency: {at_once}}}}}\n"


def test_an_engine_with_room_for_all_changes_nothing() -> None:
    alone = count("orchestration: x\nflow: {steps: {a: {}, b: {}}}\n")
    for at_once in ("unlimited", 2, 5):
        assert count(row_of(2, at_once)) == alone**2


def test_the_states_of_flows_that_wait() -> None:
    # Each of n flows waits, runs in one of r = 5 states, or has completed: with at most c running at once the states
    # are the sum over k running of C(n, k) * r^k * 2^(n - k).
    r = 5
    assert count(row_of(2, 1)) == 2**2 + 2 * r * 2
    assert count(row_of(3, 1)) == 2**3 + 3 * r * 2**2
    assert count(row_of(3, 2)) == 2**3 + 3 * r * 2**2 + 3 * r**2 * 2


SHOP = """
orchestration: shop
variables: {busy: {range: 0..3, initial: 0, shared: true}, done: false}
coordinators: {orders: {engine: main}, stores: {engine: main}}
engines: {main: {concurrency: 1}, spare: {}}
flows:
  order: {coordinator: orders, steps: {take: {effect: {busy: busy + 1}}, give: {effect: {busy: busy - 1}}}}
  store: {coordinator: stores, steps: {take: {effect: {busy: busy + 1}}, give: {effect: {busy: busy - 1}}}}
instances: 2
properties:
  one at a time: {always: busy <= 1}
  they wait: {reachable: count(waiting(order)) == 2 and running(store)}
  none waits for ever: {ends: order}
  all run: {leads_to: [waiting(store), completed(store)]}
"""


def test_an_engine_counts_over_flows_and_instances() -> None:
    report = report_on(SHOP)
    assert refuted(SHOP) == set()
    assert "main runs 1 flows at once" in report["one at a time"].assumptions
    assert [f.message for f in report.findings if f.code == "W301"] == [
        "variable 'done' is never used",
        "engine 'spare' is never used",
    ]
    # A flow can name another engine than its coordinator's.
    elsewhere = SHOP.replace("order: {", "order: {engine: spare, ").replace("waiting(order)", "waiting(store)")
    assert refuted(elsewhere) == {"one at a time", "they wait"}
    # Where no engine limits them, flows do not wait.
    (problem, *_) = problems_of(SHOP.replace("concurrency: 1", "concurrency: 4"))
    assert problem.startswith("E128: 'waiting' does not know 'order'")


def test_what_a_flow_requires_must_still_hold_when_it_begins() -> None:
    text = """
orchestration: stock
variables: {stock: {range: 0..2, initial: 1, shared: true}}
flow: {engine: main, requires: stock >= 1, steps: {take: {effect: {stock: stock - 1}}}}
engines: {main: {concurrency: 1}}
instances: 2
"""
    assert "flow requires" in refuted(text)
    trace = report_on(text)["flow requires"].trace
    assert trace is not None
    assert story(trace)[0].text == "begins on main"
    assert "flow requires" not in {result.name for result in report_on(text.replace("instances: 2", "")).results}


def test_failures_end_a_turn_as_well() -> None:
    text = """
orchestration: x
variables: {held: {range: 0..2, initial: 0, shared: true}}
services: {s: {fails: 5%}}
flow:
  engine: main
  steps:
    hold: {effect: {held: held + 1}, compensation: {effect: {held: held - 1}}}
    work: {service: s}
    free: {effect: {held: held - 1}, compensation: {effect: {held: held + 1}}}
engines: {main: {concurrency: 1}}
instances: 2
properties: {one holds: {always: held <= 1}, undone: {compensated: flow}, ends: {ends: flow}}
"""
    assert refuted(text) == set()


def test_waiting_is_simulated() -> None:
    """Two users' flows of 1 ms on an engine for one: each waits for the other."""
    text = "services: {s: {time: 1ms}}\narrivals: {users: 2}\n" + row_of(2, 1).replace("a: {}", "a: {service: s}")
    one = simulate(flow_of(text), 20, warmup=2)
    assert one.outcomes == {"completed": 20}
    assert one.mean.value == pytest.approx(0.002)
    both = simulate(flow_of(text.replace("concurrency: 1", "concurrency: unlimited")), 20, warmup=2)
    assert both.mean.value == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("flow: {engine: m, steps: {a: {}}}", "E030: unknown engine 'm'; this model declares no engines"),
        ("flow: {steps: {a: {}}}\ncoordinators: {c: {engine: m}}\nengines: {n: {}}", "E030: unknown engine 'm'; known"),
        (
            "flow: {steps: {a: {}}}\nengines: {n: {concurrency: 0}}",
            "E025: expected a whole number from 1",
        ),
        (
            "flow: {steps: {a: {flow: f}}}\nflows: {f: {engine: n, steps: {b: {}}}}\nengines: {n: {}}",
            "E225: 'engine' means nothing on 'f', which the step 'a' runs; it belongs to the flow that calls it",
        ),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    assert problems_of(f"orchestration: x\n{text}\n")[0].startswith(problem)


def test_a_design_made_in_python_names_its_engine() -> None:
    from modelcheck import model

    flow = model.Flow(steps={"a": model.Step()}, engine="m")
    with pytest.raises(ModelError, match="E202: unknown engine 'm'"):
        check(model.Orchestration(name="d", flow=flow))


@pytest.mark.parametrize(("name", "states"), [("group_trip", 8453), ("fulfilment", 2068)])
def test_packaged_models_are_as_they_should_be(name: str, states: int) -> None:
    report = check(name)
    assert report.exit_code == 0
    assert count_states(compile_model(load(name))).states == states


def test_a_larger_group_keeps_every_promise() -> None:
    report = check("group_trip", constants={"N": "4"})
    assert report.exit_code == 0
