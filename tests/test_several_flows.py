"""Several flows that start by themselves: side by side, each with its own end, sharing what they share."""

from __future__ import annotations

import pytest
from test_expand import flow_of, problems_of, refuted, report_on

from modelcheck.api import check, compare
from modelcheck.compile import compile_model
from modelcheck.complexity import complexity_of
from modelcheck.engine.search import count_states
from modelcheck.engine.target import Limits
from modelcheck.errors import ModelError
from modelcheck.expand import expand, flows_of
from modelcheck.load import load_text
from modelcheck.report.diagram import graph_of
from modelcheck.report.story import tell
from modelcheck.results import Verdict
from modelcheck.simulate import simulate


def count(text: str) -> int:
    return int(count_states(compile_model(load_text(text)), Limits()).states)


STEPS = "a: {after: []}, b: {after: []}"


def test_flows_that_share_nothing_are_their_product() -> None:
    alone = count(f"orchestration: x\nflow: {{steps: {{{STEPS}}}}}\n")
    row = count("orchestration: x\nflow: {steps: {a: {}, b: {}, c: {}}}\n")
    both = f"orchestration: x\nflows: {{one: {{steps: {{{STEPS}}}}}, two: {{steps: {{a: {{}}, b: {{}}, c: {{}}}}}}}}\n"
    assert alone == 3**2 + 1
    assert row == 2 * 3 + 2
    assert count(both) == alone * row
    beside = (
        f"orchestration: x\nflow: {{steps: {{{STEPS}}}}}\nflows: {{two: {{steps: {{a: {{}}, b: {{}}, c: {{}}}}}}}}\n"
    )
    assert count(beside) == alone * row
    assert count(both + "instances: 2\n") == (alone * row) ** 2


def test_a_single_flow_under_flows_is_like_one_under_flow() -> None:
    assert count("orchestration: x\nflows: {one: {steps: {a: {}, b: {}}}}\n") == 6
    design = expand(flow_of("orchestration: x\nflows: {one: {steps: {a: {}, b: {}}}}\n"))
    assert list(flows_of(design)["one"].flow.steps) == ["one.a", "one.b"]
    assert expand(design) is design


SHOP = """
orchestration: shop
variables: {paid: false, sent: false, counted: false, stock: {range: 0..2, initial: 2}}
services: {s: {workers: 1, fails: 5%}}
coordinators: {orders: {concurrency: 1}, stores: {}}
flows:
  order:
    coordinator: orders
    steps:
      pay: {service: s, effect: {paid: true}, compensation: {effect: {paid: false}}}
      send: {service: s, requires: paid, effect: {sent: true}}
    ensures: sent and paid
  store:
    coordinator: stores
    steps:
      look: {service: s}
      note: {effect: {counted: true}, requires: not counted}
properties:
  one at a time: {never: running(order.pay) and running(store.look)}
  order ends: {ends: order}
  order is undone: {compensated: order}
  all is undone: {compensated: system}
  one fails: {reachable: aborted(order) and completed(store)}
  the other fails: {reachable: completed(order) and aborted(store)}
  paid first: {before: [order.pay, order.send]}
  all or nothing: {outcome: paid == sent}
"""


def test_the_failure_of_one_flow_does_not_abort_the_others() -> None:
    report = report_on(SHOP)
    assert refuted(SHOP) == set()
    # What nobody else disturbs is proved on the graph of the flow.
    assert {report[name].method for name in ("order.send requires", "order ensures", "store.note requires")} == {
        "z3 along the flow, for all values"
    }
    assert report["paid first"].method == "z3 over start and end times"


def test_workers_and_slots_count_over_all_flows() -> None:
    assert refuted(SHOP.replace("workers: 1, ", "")) == {"one at a time"}
    one_desk = SHOP.replace("workers: 1, ", "").replace("coordinator: stores", "coordinator: orders")
    assert refuted(one_desk) == set()


def test_what_another_flow_writes_is_left_to_the_search() -> None:
    text = """
orchestration: race
variables: {open: true, used: false}
flows:
  user: {steps: {look: {}, use: {requires: open, effect: {used: true}}}}
  closer: {steps: {close: {effect: {open: false}}}}
"""
    report = report_on(text)
    assert report["user.use requires"].verdict == Verdict.REFUTED
    assert report["user.use requires"].trace is not None
    assert [finding.code for finding in report.findings] == ["W320"]
    assert "user.use and closer.close are unordered" in report.findings[0].message


def test_a_flow_that_forgets_to_undo_is_found_whichever_it_is() -> None:
    text = """
orchestration: two
variables: {a: false, b: false}
services: {s: {fails: 5%}}
flows:
  good: {steps: {one: {effect: {a: true}, compensation: {effect: {a: false}}}, fail: {service: s}}}
  bad: {steps: {one: {effect: {b: true}}, fail: {service: s}}}
properties: {good is: {compensated: good}, bad is: {compensated: bad}, all are: {compensated: system}}
"""
    report = report_on(text)
    assert refuted(text) == {"bad is", "all are", "compensation"}
    assert [finding.code for finding in report.findings] == ["W310"]


def test_each_flow_ends_or_not_by_itself() -> None:
    text = """
orchestration: two
variables: {n: {range: 0..3, initial: 0}, go: false}
flows:
  ends: {steps: {a: {}, b: {}}}
  loops: {steps: {c: {effect: {n: (n + 1) % 4}, transitions: {c: otherwise}}}}
  waits: {steps: {d: {await: go}}}
properties: {a: {ends: ends}, b: {ends: loops}, c: {ends: waits}, d: {ends: system}}
"""
    assert refuted(text) == {"b", "c", "d", "termination"}
    counts = text.replace("n: (n + 1) % 4", "n: n + 1").replace(
        "transitions: {c: otherwise}", "transitions: {c: n < 3, end: otherwise}"
    )
    report = report_on(counts)
    assert report["termination"].verdict == Verdict.PROVED
    assert "decreases" in report["termination"].method
    # A rank says nothing where another flow writes what the loop counts.
    disturbed = counts.replace("b: {}", "b: {effect: {n: 0}}")
    assert "decreases" not in report_on(disturbed)["termination"].method


def test_instances_have_all_flows_each() -> None:
    text = SHOP.replace("properties:", "instances: 2\nproperties:").replace(
        "paid == sent}",
        "paid == sent}\n  both: {reachable: count(completed(order)) == 2 and count(aborted(store)) == 2}",
    )
    assert refuted(text) == set()


def test_pictures_and_stories_tell_the_flows_apart() -> None:
    design = load_text(SHOP)
    graph = graph_of(design)
    labels = {str(data["label"]) for _, data in graph.nodes(data=True)}
    assert {"start order", "end store", "abort order", "order.pay", "undo order.pay"} <= labels
    report = report_on(SHOP + "  never done: {never: completed(order)}\n")
    told = [line.text for line in tell(report["never done"])]
    assert told[-2] == "ends: completed (order)"


def test_simulation_runs_all_flows_of_a_job() -> None:
    text = """
orchestration: two
services: {s: {time: 10ms}, t: {time: 30ms}}
flows: {one: {steps: {a: {service: s}, b: {service: s}}}, two: {steps: {c: {service: t}}}}
"""
    result = simulate(flow_of(text), 10)
    assert result.mean.value == pytest.approx(0.030)  # 20 ms beside 30 ms.
    assert result.outcomes == {"completed": 10}
    one_worker = text.replace("s: {time: 10ms}", "s: {time: 10ms, workers: 1}").replace(
        "{service: t}", "{service: s, time: 30ms}"
    )
    assert simulate(flow_of(one_worker), 10).mean.value == pytest.approx(0.050)
    failing = text.replace("t: {time: 30ms}", "t: {time: 30ms, fails: 50%}")
    assert simulate(flow_of(failing), 200).outcomes.keys() == {"completed", "aborted"}


def test_comparing_several_flows_is_refused() -> None:
    participants = "participants: {p: {on: {E: {time: 1ms}}, subscribes: E}}\nroutes: {E: p}\n"
    text = f"choreography: c\nevents: {{E: {{}}}}\nstarts: E\n{participants}"
    with pytest.raises(ModelError, match="E424: 'shop' has several flows"):
        compare(load_text(SHOP), load_text(text))
    assert complexity_of(flow_of(SHOP)).counts[2] == ("flows", 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("flows: {flow: {steps: {a: {}}}}", "E230: a flow cannot be called 'flow': that is something else; rename"),
        ("flow: {steps: {b: {}}}\nflows: {b: {steps: {a: {}}}}", "E230: a flow cannot be called 'b': that is some"),
        ("flow: {steps: {b: {}}}\nflows: {c: {steps: {a: {flow: c}}}}", "E224: 'c' is run only by flows that it runs"),
        ("flows: {c: {steps: {}}}", "E201: 'c' has no steps; "),
        ("flows: {}", "E201: 'x' has no steps; "),
        ("services: {}", "E021: this orchestration needs 'flow': the steps and how they follow each other; "),
        (
            "flows: {c: {steps: {a: {}}}}\nproperties: {p: {ends: flow}}",
            "E030: unknown flow 'flow'; known here: c, sys",
        ),
        ("flows: {c: {coordinator: d, steps: {a: {}}}}", "E030: unknown coordinator 'd'; this model declares no coord"),
        ("flows: {c: {steps: {a: {requires: y}}}, d: {steps: {a: {requires: z}}}}", "E120: unknown name 'y'; "),
        ("flows: {c: {steps: {a: {}}}}\nproperties: {p: {before: [c.b, c.a]}}", "E301: nothing called 'c.b' happens"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    assert problems_of(f"orchestration: x\n{text}\n")[0].startswith(problem)


def test_problems_of_all_flows_come_at_once() -> None:
    text = "orchestration: x\nflows: {c: {steps: {a: {requires: y}}}, d: {steps: {a: {requires: z}}}}\n"
    assert [problem[:24] for problem in problems_of(text)] == ["E120: unknown name 'y'; ", "E120: unknown name 'z'; "]
    assert check(load_text("orchestration: x\nflows: {c: {steps: {a: {}}}}\n")).exit_code == 0


def test_what_another_flow_changes_does_not_stand_still_for_a_rank() -> None:
    """One flow counts down and never touches x; the other one goes round as long as x is 1, which it makes it."""
    text = """
orchestration: two loops
variables: {n: {range: 0..3, initial: 3}, x: {range: 0..1, initial: 0}}
flows:
  counting: {steps: {a: {effect: {n: n - 1}, transitions: [{to: a, when: n > 0}, {to: end}]}}}
  going:    {steps: {b: {effect: {x: 1}, transitions: [{to: b, when: x == 1}, {to: end}]}}}
"""
    assert check(load_text(text))["termination"].verdict == "refuted"
    assert check(load_text(text.replace("when: x == 1", "when: x == 0")))["termination"].verdict == "proved"
