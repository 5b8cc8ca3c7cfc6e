"""How participants react: each piece of the semantics as a few lines of model with what must come out of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.choreography import compile_choreography
from modelcheck.choreography.queues import make_queue
from modelcheck.engine.bounded import bounded
from modelcheck.engine.search import count_states, search
from modelcheck.engine.target import Limits, Target
from modelcheck.errors import ModelError
from modelcheck.expressions import BOOL, Literal, Resolver, Type, evaluate
from modelcheck.library import find_model
from modelcheck.load import load_file, load_text
from modelcheck.system import State, TransitionSystem
from modelcheck.trace import Trace

Slot = tuple[int, int, bool, int]

LIMITS = Limits(states=100_000, seconds=30)

ONE = """
choreography: one
events: {E: }
channels: {bus: {delivery: exactly once, order: fifo}}
routes: {E: p}
starts: E
participants:
  p:
    variables: {n: {range: 0..3, initial: 0}}
    subscribes: E
    workers: 1
    handlers:
      h: {on: E, effect: {n: n + 1}}
"""


def compiled(text: str, instances: int | None = None) -> TransitionSystem:
    design = load_text(text)
    assert isinstance(design, model.Choreography)
    return compile_choreography(design, instances)


def states_of(text: str, instances: int | None = None) -> int:
    answer = count_states(compiled(text, instances), LIMITS)
    assert answer.complete
    return answer.states


def reach(system: TransitionSystem, formula: str) -> Trace | None:
    resolver = Resolver()
    condition = resolver.expression(formula, system.scope, BOOL)
    assert condition is not None, resolver.problems
    answer = search(system, [Target("it", state=condition)], LIMITS)
    assert answer.complete or "it" in answer.traces
    return answer.traces.get("it")


def broken(system: TransitionSystem, kind: str, name: str = "*") -> Trace | None:
    answer = search(system, [Target("it", claims=frozenset({(kind, name)}))], LIMITS)
    assert answer.complete or "it" in answer.traces
    return answer.traces.get("it")


def names(trace: Trace | None) -> list[str]:
    assert trace is not None
    return [action.name for _, action, _ in trace.steps()]


def kinds(system: TransitionSystem) -> set[tuple[str, str]]:
    return {(claim.kind, claim.name) for action in system.actions for claim in action.claims}


def stuck(system: TransitionSystem) -> Trace | None:
    answer = search(system, [Target("it", stuck=True)], LIMITS)
    assert answer.complete or "it" in answer.traces
    return answer.traces.get("it")


def explored(system: TransitionSystem, most: int = 150) -> list[State]:
    """The first reachable states."""
    seen = dict.fromkeys(system.initial_states())
    pending = list(seen)
    while pending and len(seen) < most:
        following = {after: None for _, after in system.successors(pending.pop(0))}
        pending += [state for state in following if state not in seen]
        seen |= following
    return list(seen)


def problems(text: str) -> str:
    with pytest.raises(ModelError) as caught:
        compiled(text)
    return str(caught.value)


# States, counted by hand


def test_one_message_is_waiting_queued_in_hand_and_done() -> None:
    assert states_of(ONE) == 4


def test_two_instances_share_a_queue_and_a_worker() -> None:
    # Each instance waits, is queued, in hand or done. 3 * 3 without anything queued, less the one with both in hand;
    # 2 * 3 with one queued; both queued in 2 orders.
    assert states_of(ONE, 2) == 8 + 6 + 2
    assert states_of(ONE.replace("workers: 1", "workers: 2"), 2) == 9 + 6 + 2
    assert states_of(ONE.replace("workers: 1", "workers: unlimited"), 2) == 9 + 6 + 2


def test_equal_bags_are_equal_states() -> None:
    assert states_of(ONE.replace("fifo", "unordered"), 2) == 8 + 6 + 1
    # Three: with q of them queued and at most one of the others in hand, C(3, q) * (2^m + m * 2^(m - 1)) for m = 3 - q
    # in a bag, and q! times as many in a queue.
    assert states_of(ONE.replace("fifo", "unordered"), 3) == 20 + 3 * 8 + 3 * 3 + 1
    assert states_of(ONE, 3) == 20 + 3 * 8 + 2 * 3 * 3 + 6


def test_a_message_that_comes_again() -> None:
    # published; in hand with or without one to come; done with or without one to come; not yet published.
    again = ONE.replace("exactly once", "at least once").replace("effect: {n: n + 1}", "effect: {}")
    assert states_of(again) == 6
    # A second worker can have it in hand while the first has, and be done before or after.
    assert states_of(again.replace("workers: 1", "workers: 2")) == 8
    never = python_built(channels={"bus": model.Channel(delivery="at least once", duplicates=0)})
    assert count_states(compile_choreography(never), LIMITS).states == 4, "no duplicates: exactly once"


def test_a_duplicate_is_handled_as_often_as_the_channel_says() -> None:
    again = ONE.replace("exactly once", "at least once, duplicates: 2")
    assert reach(compiled(again), "p.n == 3") is not None
    assert reach(compiled(ONE), "p.n == 2") is None
    trace = reach(compiled(again), "p.n == 2")
    assert names(trace) == [
        "publishes E",
        "start p.h from bus>p, again to come",
        "finish p.h: ok",
        "start p.h from bus>p",
        "finish p.h: ok",
    ]
    assert trace is not None
    assert trace.system.actions[trace.actions[1]].label.text == "will be delivered again"


# Where messages go


FAN_OUT = """
choreography: fan out
events: {E: }
routes: {E: [p, q]}
starts: E
participants:
  p: {subscribes: E, variables: {got: false}, on: {E: {effect: {got: true}}}}
  q: {subscribes: E, variables: {got: false}, on: {E: {effect: {got: true}}}}
"""


def test_an_event_goes_to_everyone_it_is_delivered_to() -> None:
    system = compiled(FAN_OUT)
    assert reach(system, "p.got and q.got") is not None
    assert broken(system, "undelivered") is None
    assert [a.label.puts for a in system.actions if a.label.phase == "publish"] == [("channel>p", "channel>q")]
    # Not yet, queued, in hand, done, for each of the two; and unpublished.
    assert count_states(system, LIMITS).states == 3 * 3 + 1


def test_a_receiver_that_lacks_something_gets_nothing() -> None:
    for change in (
        ("[p, q]", "q"),
        ("p: {subscribes: E, ", "p: {"),
        ("on: {E: {effect: {got: true}}}}\n  q", "}\n  q"),
    ):
        system = compiled(FAN_OUT.replace(*change))
        assert reach(system, "q.got") is not None
        assert reach(system, "p.got") is None
        assert broken(system, "undelivered") is None


def test_an_event_that_nobody_receives_is_a_finding_when_it_is_published() -> None:
    lonely = FAN_OUT.replace("[p, q]", "q").replace("q: {subscribes: E, ", "q: {")
    trace = broken(compiled(lonely), "undelivered", "E")
    assert names(trace) == ["publishes E"]
    assert trace is not None
    assert trace.broken is not None
    assert trace.broken.message == "nobody receives E: p has no route; q has no subscription"
    assert broken(compiled(lonely.replace("E: }", "E: {terminal: true}}")), "undelivered") is None


def test_fifo_keeps_the_order_and_unordered_does_not() -> None:
    text = """
choreography: order
events: {A: , B: }
channels: {bus: {order: fifo}}
routes: {A: p, B: p}
participants:
  s: {handlers: {send: {publishes: [A, B]}}}
  p:
    subscribes: [A, B]
    variables: {last: {type: '{none, a, b}', initial: none}, wrong: false}
    on:
      A: {effect: {wrong: last == b, last: a}}
      B: {effect: {last: b}}
"""
    assert reach(compiled(text), "p.wrong") is None
    trace = reach(compiled(text.replace("fifo", "unordered")), "p.wrong")
    assert "start p.B from bus>p at 2" in names(trace)


def test_events_of_several_channels_wait_in_several_queues() -> None:
    text = """
choreography: two
events: {A: {topic: x}, B: {topic: y}}
topics: {x: one, y: two}
channels: {one: {}, two: {order: unordered}}
routes: {x: p, B: p}
starts: [A, B]
participants: {p: {subscribes: [x, y], on: {A: {}, B: {}}}}
"""
    system = compiled(text)
    assert {v.name.split(".")[0] for v in system.variables if ">" in v.name} == {"one>p", "two>p"}
    # Two messages, each unpublished, queued, in hand or done, but not both in hand.
    assert count_states(system, LIMITS).states == 4 * 4 - 1


# Capacity


GROWING = """
choreography: growing
events: {A: , B: }
channels: {bus: {capacity: 3}}
routes: {A: p, B: q}
starts: A
participants:
  p: {subscribes: A, on: {A: {publishes: [B, {event: B}]}}}
  q: {subscribes: B, on: {B: {publishes: A}}}
"""


def test_a_cycle_that_multiplies_messages_overflows_any_queue() -> None:
    trace = broken(compiled(GROWING), "overflow")
    assert trace is not None
    assert trace.broken is not None
    assert trace.broken.name in ("bus>p", "bus>q")
    declared = compiled(GROWING.replace("capacity: 3", ""))
    assert "bus>p holds 4 messages, for want of a declared capacity" in declared.assumptions
    longer = broken(declared, "overflow")
    assert longer is not None
    assert len(longer) > len(trace)
    # Without the second B the same cycle keeps one message on its way for ever.
    steady = GROWING.replace("[B, {event: B}]", "B")
    assert broken(compiled(steady), "overflow") is None
    assert stuck(compiled(steady)) is None


def test_what_cannot_overflow_gets_the_room_it_needs() -> None:
    chain = GROWING.replace("capacity: 3", "").replace("publishes: A", "publishes: []")
    system = compiled(chain)
    assert "bus>q holds 2 messages, as many as can be sent to it" in system.assumptions
    assert ("overflow", "bus>q") in kinds(system)
    assert broken(system, "overflow") is None


BURST = """
choreography: burst
events: {E: }
channels: {bus: {capacity: 1, overflow: fail}}
routes: {E: p}
participants:
  s: {handlers: {send: {publishes: [E, {event: E}]}}}
  p: {variables: {n: {range: 0..2, initial: 0}}, subscribes: E, on: {E: {effect: {n: n + 1}}}}
"""


def test_a_full_queue_fails_or_drops() -> None:
    failing = compiled(BURST)
    assert names(broken(failing, "overflow", "bus>p")) == ["start s.send", "finish s.send: ok, publishes E, E"]
    assert reach(failing, "p.n == 2") is None
    dropping = compiled(BURST.replace("fail", "drop newest"))
    assert ("overflow", "bus>p") not in kinds(dropping)
    assert reach(dropping, "p.n == 1") is not None
    assert reach(dropping, "p.n == 2") is None


def test_a_full_queue_blocks_who_publishes() -> None:
    blocking = compiled(BURST.replace("fail", "block"))
    assert names(stuck(blocking)) == ["start s.send"], "two do not fit where there is room for one"
    one_each = """
choreography: block
events: {E: }
channels: {bus: {capacity: 1, overflow: block}}
routes: {E: p}
starts: [E, {event: E}]
participants: {p: {variables: {n: {range: 0..2, initial: 0}}, subscribes: E, on: {E: {effect: {n: n + 1}}}}}
"""
    system = compiled(one_each)
    assert stuck(system) is None
    assert len(names(reach(system, "p.n == 2"))) == 6
    # None published: 1. One of the two, queued, in hand, done: 2 * 3. Both, the second queued while the first is in
    # hand, then queued, in hand, done: 4.
    assert count_states(system, LIMITS).states == 1 + 6 + 4


# Who handles


def test_the_first_handler_whose_guard_holds_takes_the_message() -> None:
    text = ONE.replace("h: {on: E, effect: {n: n + 1}}", """
      low: {on: E, when: n == 0, effect: {n: 1}}
      rest: {on: E, effect: {n: 2}}""")  # fmt: skip
    assert reach(compiled(text), "p.n == 2") is None
    assert reach(compiled(text, 2), "p.n == 2") is None, "each instance has its own n"
    shared = text.replace("initial: 0", "initial: 0, shared: true")
    assert names(reach(compiled(shared, 2), "p.n == 2"))[-2:] == ["start p.rest from bus>p#2", "finish p.rest: ok#2"]


def test_a_message_that_no_guard_wants_is_a_finding_and_gone() -> None:
    system = compiled(ONE.replace("on: E,", "on: E, when: n > 0,"))
    trace = broken(system, "unhandled", "E")
    assert names(trace) == ["publishes E", "p finds no handler for E from bus>p"]
    assert trace is not None
    assert trace.broken is not None
    assert trace.broken.message == "E reaches p, and no handler's guard holds (p.h)"
    assert stuck(system) is None
    assert ("unhandled", "E") not in kinds(compiled(ONE)), "a handler without a guard wants everything"


def test_workers_and_listeners_limit_what_is_in_hand() -> None:
    busy = "running(p.E) and running(q.E)"
    assert reach(compiled(FAN_OUT), busy) is not None
    assert reach(compiled(FAN_OUT + "listeners: 1\n"), busy) is None
    assert reach(compiled(FAN_OUT + "listeners: 2\n"), busy) is not None
    both = "count(running(p.h)) == 2"
    assert reach(compiled(ONE, 2), both) is None
    assert reach(compiled(ONE.replace("workers: 1", "workers: 2"), 2), both) is not None
    three = "count(running(p.h)) == 3"
    assert reach(compiled(ONE.replace("workers: 1", "workers: 2"), 3), three) is None


def test_a_second_worker_can_take_a_duplicate_while_the_first_is_busy() -> None:
    text = ONE.replace("exactly once", "at least once").replace("on: E,", "on: E, when: n == 0,")
    assert reach(compiled(text), "p.n == 2") is None, "one after the other, the guard keeps the duplicate out"
    trace = reach(compiled(text.replace("workers: 1", "workers: 2")), "p.n == 2")
    assert names(trace)[1:3] == ["start p.h from bus>p, again to come", "start p.h from bus>p (2)"]


def test_a_bound_on_what_is_in_hand_is_an_assumption() -> None:
    endless = GROWING.replace("p: {", "p: {workers: unlimited, ")
    assert "p.A works on at most 4 messages of an instance at once" in compiled(endless).assumptions
    assert not any("at once" in each for each in compiled(GROWING).assumptions)


def test_a_participant_can_act_by_itself_once() -> None:
    text = """
choreography: alone
events: {E: {terminal: true}}
participants:
  p: {variables: {n: {range: 0..3, initial: 0..1}}, handlers: {go: {when: n == 0, effect: {n: 2}, publishes: E}}}
"""
    system = compiled(text)
    assert names(reach(system, "p.n == 2")) == ["start p.go", "finish p.go: ok, publishes E"]
    assert stuck(system) is None, "what does not want to act is finished"
    assert count_states(system, LIMITS).states == 4


# What is claimed


def test_contracts_of_handlers() -> None:
    text = ONE.replace("on: E, effect: {n: n + 1}", "on: E, requires: n > 0, effect: {n: n + 1}, ensures: n > 1")
    system = compiled(text)
    assert names(broken(system, "requires", "p.h")) == ["publishes E", "start p.h from bus>p"]
    assert names(broken(system, "ensures", "p.h")) == ["publishes E", "start p.h from bus>p", "finish p.h: ok"]
    holds = compiled(text.replace("initial: 0", "initial: 1"))
    assert broken(holds, "requires") is None
    assert broken(holds, "ensures") is None


def test_a_range_that_is_left_is_a_finding_and_the_path_ends() -> None:
    system = compiled(ONE.replace("0..3, initial: 0", "0..3, initial: 3"))
    trace = broken(system, "range", "p.n")
    assert names(trace)[-1] == "finish p.h: ok"
    assert reach(system, "p.n == 4") is not None
    assert "p.n in 0..3" in system.assumptions


PAYLOAD = """
choreography: payload
variables: {limit: {range: 0..9, initial: 3, shared: true}}
events: {Asked: {payload: {amount: 1..3, urgent: bool}}, Paid: {payload: {amount: 1..4}, claims: p.paid == event.amount}}
routes: {Asked: p, Paid: q}
starts: {Asked: {amount: 2, urgent: true}}
participants:
  p:
    variables: {paid: {range: 0..9, initial: 0}}
    subscribes: Asked
    on:
      Asked: {requires: event.amount <= limit, when: event.urgent, effect: {paid: event.amount}, publishes: {Paid: {amount: event.amount + 1}}}
  q: {subscribes: Paid, variables: {seen: {range: 0..4, initial: 0}}, on: {Paid: {effect: {seen: event.amount}}}}
"""  # noqa: E501


def test_a_payload_is_kept_from_the_message_to_the_end_of_its_handling() -> None:
    system = compiled(PAYLOAD)
    assert reach(system, "p.paid == 2 and q.seen == 3") is not None
    assert reach(system, "q.seen == 2") is None
    trace = broken(system, "claims", "Paid")
    assert trace is not None
    assert trace.broken is not None
    assert trace.broken.message == "Paid claims p.paid == event.amount, which is not so"
    assert broken(compiled(PAYLOAD.replace("event.amount + 1", "event.amount")), "claims") is None
    assert broken(compiled(PAYLOAD.replace("event.amount + 1", "paid")), "claims") is None, "values after the effect"
    assert names(broken(compiled(PAYLOAD.replace("initial: 3", "initial: 1")), "requires"))[-1].startswith(
        "start p.Asked"
    )
    assert broken(compiled(PAYLOAD.replace("urgent: true", "urgent: false")), "unhandled") is not None


def test_a_payload_fits_its_type() -> None:
    assert broken(compiled(PAYLOAD), "payload") is None
    trace = broken(compiled(PAYLOAD.replace("event.amount + 1", "event.amount + 3")), "payload", "Paid")
    assert names(trace)[-1] == "finish p.Asked: ok, publishes Paid"
    assert names(broken(compiled(PAYLOAD.replace("amount: 2", "amount: 4")), "payload", "Asked")) == ["publishes Asked"]


def test_fields_of_one_name_and_several_types_are_kept_apart() -> None:
    text = """
choreography: fields
events: {A: {payload: {x: bool, y: int, event: int}}, B: {payload: {x: 1..2, y: int}}}
routes: {A: p, B: p}
starts: [{A: {x: true, y: -7, event: 5}}, {B: {x: 2, y: 100}}]
participants:
  p:
    subscribes: [A, B]
    variables: {a: false, b: {range: 0..2, initial: 0}, y: {type: int, initial: 0}}
    on: {A: {effect: {a: event.x, y: y + event.y + event.event}}, B: {effect: {b: event.x, y: y + event.y}}}
"""
    system = compiled(text)
    slots = {v.name for v in system.variables if v.name.startswith("channel>p.0")}
    assert slots == {f"channel>p.0.{part}" for part in ("event", "A.x", "B.x", "y", "A.event")}
    assert reach(system, "p.a and p.b == 2 and p.y == 98") is not None


def test_publications_depend_on_the_state_after_the_effect() -> None:
    text = """
choreography: cases
events: {E: , Yes: {terminal: true}, No: {terminal: true}, Always: {terminal: true}}
routes: {E: p}
starts: E
participants:
  p:
    variables: {n: {range: 0..2, initial: 0..1}}
    subscribes: E
    on:
      E:
        effect: {n: n + 1}
        publishes: [{event: Yes, when: n == 2}, Always, {event: No, when: n != 2}]
"""
    system = compiled(text)
    ends = {a.label.publishes: a for a in system.actions if a.label.phase == "finish"}
    assert set(ends) == {("Yes", "Always", "No"), ("Yes", "Always"), ("Always", "No"), ("Always",)}
    seen = {
        (system.actions[number].label.publishes, after[0])
        for state in explored(system)
        for number, after in system.successors(state)
        if system.actions[number].label.phase == "finish"
    }
    assert seen == {(("Yes", "Always"), 2), (("Always", "No"), 1)}


def test_what_the_outside_publishes_may_depend_on_the_state() -> None:
    text = FAN_OUT.replace("starts: E", "starts: {event: E, when: open}\nvariables: {open: {type: bool, initial: any}}")
    system = compiled(text)
    assert reach(system, "p.got and open") is not None
    assert reach(system, "p.got and not open") is None
    assert stuck(system) is None


# Failures


def failing(policy: str) -> str:
    return ONE.replace("effect: {n: n + 1}", f"outcomes: {{ok: {{n: 1}}, error: {{n: 2}}}}, on_failure: {policy}")


def test_a_failure_that_is_dropped_is_a_finding() -> None:
    trace = broken(compiled(failing("drop")), "fault", "p.h")
    assert names(trace)[-1] == "finish p.h: error"
    assert reach(compiled(failing("drop")), "p.n == 2") is not None, "an outcome has its own effect"
    assert ("fault", "p.h") not in kinds(compiled(ONE))
    by_chance = ONE.replace("on: E,", "on: E, fails: {error: 5%},")
    assert broken(compiled(by_chance), "fault", "p.h") is not None


def test_a_failure_that_is_retried_keeps_the_message_and_the_worker() -> None:
    system = compiled(failing("retry"))
    assert broken(system, "fault") is None
    trace = reach(system, "p.n == 1 and not running(p.h)")
    assert names(trace) == ["publishes E", "start p.h from bus>p", "finish p.h: ok"]
    again = [action.name for action in system.actions if action.label.text == "tries again"]
    assert again == ["restart p.h"]
    # not published, queued, in hand with n 0 or 2, to be retried, done with n 1.
    assert count_states(system, LIMITS).states == 6


def test_a_dead_letter_is_remembered() -> None:
    system = compiled(failing("dead letter"))
    assert broken(system, "fault") is None
    assert reach(system, "dead_letter(p.h) and p.n == 2") is not None
    assert reach(system, "dead_letter(p.h) and p.n == 1") is None


def test_a_failure_can_be_told_of_by_an_event() -> None:
    text = """
choreography: told
events: {E: , Done: {terminal: true, claims: p.n == 1}, Declined: {terminal: true, claims: p.n == 2}}
routes: {E: p}
starts: E
participants:
  p:
    variables: {n: {range: 0..2, initial: 0}}
    subscribes: E
    handlers:
      h:
        on: E
        outcomes: {ok: {n: 1}, failed: {n: 2}, timeout: {}}
        publishes: [Done, {event: Declined, on: failed, when: n == 2}]
"""
    system = compiled(text)
    ends = {a.label.outcome: a.label.publishes for a in system.actions if a.label.phase == "finish"}
    assert ends == {"ok": ("Done",), "failed": ("Declined",), "timeout": ()}
    assert broken(system, "claims") is None
    assert names(broken(system, "fault", "p.h"))[-1] == "finish p.h: timeout"
    # A failure that is told of needs no retry; one of which nothing is told for want of a condition does.
    retried = compiled(text.replace("publishes: [", "on_failure: retry\n        publishes: ["))
    assert broken(retried, "fault") is None
    assert [a.label.outcome for a in retried.actions if a.label.text == "will try again"] == ["timeout"]
    silent = compiled(text.replace("n == 2}]", "n == 0}]").replace(", timeout: {}", ""))
    assert names(broken(silent, "fault", "p.h"))[-1] == "finish p.h: failed"


# Instances


def test_instances_have_their_own_variables_and_share_what_is_shared() -> None:
    text = FAN_OUT.replace("starts: E", "variables: {total: {range: 0..2, initial: 0, shared: true}}\nstarts: E")
    text = text.replace("effect: {got: true}}}}\n  q", "effect: {got: true, total: total + 1}}}}\n  q")
    system = compiled(text, 2)
    assert {v.name for v in system.variables if v.role == "data"} == {
        "total", "p.got#1", "p.got#2", "q.got#1", "q.got#2",
    }  # fmt: skip
    assert reach(system, "total == 2") is not None
    assert reach(system, "total == 2 and count(p.got) < 2") is None
    assert broken(system, "range") is None
    assert len(system.scope.instances) == 2
    assert str(evaluate(system.scope.instances[1].names["p.got"], {"p.got#2": True})) == "True"
    assert "2 instances" in system.assumptions


def test_labels_tell_who_does_what() -> None:
    system = compiled(FAN_OUT, 2)
    labels = [action.label for action in system.actions if action.label.instance == 2]
    found = {(a.phase, a.actor, a.step, a.message, a.outcome, a.queue) for a in labels}
    assert found == {
        ("publish", "outside", "", "E", "", ""),
        ("start", "p", "p.E", "E", "", "channel>p"), ("finish", "p", "p.E", "E", "ok", ""),
        ("start", "q", "q.E", "E", "", "channel>q"), ("finish", "q", "q.E", "E", "ok", ""),
    }  # fmt: skip
    assert {action.process for action in system.actions} == {"outside#1", "outside#2", "p#1", "p#2", "q#1", "q#2"}
    assert len({action.name for action in system.actions}) == len(system.actions)


# What is wrong


def test_private_state_stays_private() -> None:
    told = problems(FAN_OUT.replace("{effect: {got: true}}}}\n  q", "{when: not q.got, effect: {q.got: true}}}}\n  q"))
    assert told.count("p cannot use 'q.got': it is private to q") == 2
    assert "pass it in the payload of an event, or declare it among the design's own variables" in told
    told = problems(FAN_OUT.replace("starts: E", "starts: {event: E, when: p.got}"))
    assert "the outside cannot use 'p.got': it is private to p" in told
    own = FAN_OUT.replace("{effect: {got: true}}}}\n  q", "{when: not p.got, effect: {p.got: true}}}}\n  q")
    assert reach(compiled(own), "p.got") is not None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("effect: {n: n + 1}", "effect: {n: m + 1}", "E120: unknown name 'm'"),
        ("effect: {n: n + 1}", "effect: {m: 1}", "E140: unknown variable 'm'"),
        ("effect: {n: n + 1}", "effect: {n: event.x}", "E120: unknown name 'event.x'"),
        ("effect: {n: n + 1}", "when: n", "E121: expected a truth value (bool), found an integer"),
        ("E: }", "E: {claims: n > 0}}", "E120: unknown name 'n'"),
        ("E: }", "E: {payload: {x: 3..1}}}", "E133: the range 3..1 is empty"),
        ("E: }", "E: {payload: {x: 1..3}}}", "E214: 'E' is published without its field 'x'"),
        ("starts: E", "starts: E\ninstances: 0", "E138: instances must be a constant from 1 to 1000"),
        ("effect: {n: n + 1}", "publishes: {event: E, on: error}", "E217: p.h publishes E on 'error'"),
        ("starts: E", "starts: {event: E, on: error}", "E217: the outside publishes E and never fails"),
        ("bus: {", "spare: {}, bus: {", "E215: on which channel 'E' travels is left open"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(old: str, new: str, told: str) -> None:
    assert told in problems(ONE.replace(old, new))


def python_built(**changes: object) -> model.Choreography:
    design = load_text(ONE)
    assert isinstance(design, model.Choreography)
    return replace(design, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"participants": {}}, "E210: 'one' has no participants"),
        ({"routes": {"E": ("q",), "F": ("p",)}}, "E211: unknown participant 'q'"),
        ({"routes": {"E": ("q",), "F": ("p",)}}, "E211: unknown event or topic 'F'"),
        ({"starts": (model.Publication(event="F"),)}, "E211: unknown event 'F'"),
        ({"topics": {"t": "bux"}}, "E211: unknown channel 'bux'"),
        ({"topics": {"t": "bus"}, "events": {"E": model.Event(topic="u")}}, "E211: unknown topic 'u'"),
        ({"channels": {"bus": model.Channel(delivery="once")}}, "E212: 'once' is no delivery"),
        ({"channels": {"bus": model.Channel(capacity=0)}}, "E212: a capacity is from 1 to 1000, not 0"),
        ({"channels": {"bus": model.Channel(duplicates=-1)}}, "E212: duplicates are from 0 to 100, not -1"),
        ({"listeners": 0}, "E212: 0 listeners handle nothing"),
        ({"participants": {"p": model.Participant(workers=0)}}, "E212: 'p' has 0 workers"),
        ({"participants": {"p": model.Participant(subscribes=("F",))}}, "unknown event or topic 'F'"),
        (
            {"participants": {"p": model.Participant(handlers={"h": model.Handler(on="F", on_failure="cry")})}},
            "E212: 'cry' is nothing to do on failure",
        ),
        (
            {"starts": (model.Publication(event="E", payload={"y": 1}),)},
            "E214: 'E' has no field 'y'",
        ),
        (
            {"participants": {"p": model.Participant(handlers={"h": model.Handler(
                publishes=tuple(model.Publication(event="E", when=True) for _ in range(7)))})}},
            "E216: more than 6 conditional publications in one handler",
        ),
    ],
)  # fmt: skip
def test_what_python_can_get_wrong_is_said(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ModelError) as caught:
        compile_choreography(python_built(**changes))
    assert told in str(caught.value)


def test_all_problems_at_once() -> None:
    told = problems(ONE.replace("effect: {n: n + 1}", "effect: {n: m}, when: k, ensures: 1"))
    assert told.count("E120") == 2
    assert told.count("E121") == 1
    assert problems(ONE.replace("n + 1", "m") + "instances: 3\n").count("E120") == 1, "told once, not in each instance"


# Everything at once


def flat(state: State, system: TransitionSystem, prefix: str) -> Iterable[tuple[object, ...]]:
    """What each slot of a queue holds, in order."""
    slots: dict[str, list[object]] = {}
    for variable, value in zip(system.variables, state, strict=True):
        if variable.name.startswith(prefix):
            slots.setdefault(variable.name.split(".")[1], []).append(value)
    return [tuple(values) for values in slots.values()]


@st.composite
def acyclic(draw: st.DrawFn) -> model.Choreography:
    """Events numbered upwards: each handler publishes later ones only."""
    events = [f"E{n}" for n in range(draw(st.integers(2, 3)))]
    channel = model.Channel(
        order=draw(st.sampled_from(("fifo", "unordered"))),
        delivery=draw(st.sampled_from(("exactly once", "at least once"))),
    )
    participants = {}
    for name in ("p", "q"):
        handlers = {}
        for index, event in enumerate(events):
            later = draw(st.lists(st.sampled_from(events[index + 1 :]), max_size=2)) if index + 1 < len(events) else []
            handlers[f"on{index}"] = model.Handler(
                on=event,
                when=draw(st.sampled_from((None, "done", "not done"))),
                effect={"done": draw(st.booleans())},
                publishes=tuple(model.Publication(event=each, payload={"x": "event.x"}) for each in later),
            )
        workers = draw(st.sampled_from((1, 2, None)))
        variables = {"done": model.Variable(type="bool", initial=False)}
        participants[name] = model.Participant(
            variables=variables, subscribes=tuple(events), handlers=handlers, workers=workers
        )
    return model.Choreography(
        name="generated",
        events={event: model.Event(payload={"x": "1..2"}, terminal=True) for event in events},
        channels={"bus": channel},
        routes={event: tuple(sorted(draw(st.sets(st.sampled_from(("p", "q")))))) for event in events},
        participants=participants,
        starts=(model.Publication(event="E0", payload={"x": 1}), model.Publication(event=events[-1], payload={"x": 2})),
        instances=draw(st.integers(1, 4 - len(events))),
    )


MESSAGES = st.tuples(st.sampled_from((1, 2)), st.integers(1, 2), st.booleans(), st.integers(0, 1))


@given(
    st.lists(MESSAGES, max_size=4),
    st.lists(MESSAGES, min_size=1, max_size=6),
    st.sampled_from((("fifo", "drop newest"), ("unordered", "drop newest"), ("fifo", "drop oldest"))),
)
def test_messages_arrive_in_their_places(old: list[Slot], new: list[Slot], kind: tuple[str, str]) -> None:
    payloads: dict[str, dict[str, Type]] = {"E": {"x": BOOL}, "F": {"x": BOOL}}
    order, overflow = kind
    channel = model.Channel(capacity=4, order=order, delivery="at least once", overflow=overflow)
    queue = make_queue("bus", channel, "p", payloads, 2, None)

    def message(values: Slot) -> dict[str, Literal]:
        kinds = [variable.type for variable in queue.slots[0].values()]
        return {part: Literal(v, kind) for part, v, kind in zip(queue.slots[0], values, kinds, strict=True)}

    held = old if order == "fifo" else sorted(old)
    contents = [*map(message, held), *[queue.nothing] * (4 - len(held))]
    after = queue.put(tuple(contents), [message(values) for values in new])
    found = [tuple(evaluate(value) for value in slot.values()) for slot in after]
    fitting = (held + new)[-4:] if overflow == "drop oldest" else held + new[: 4 - len(held)]
    wanted = fitting if order == "fifo" else sorted(fitting)
    assert found[: len(wanted)] == wanted
    assert all(slot[0] == 0 for slot in found[len(wanted) :])


LOSSY = """
choreography: lossy
events: {E: {}, F: {}}
channels: {bus: {delivery: at most once}}
routes: {E: [p, q], F: p}
participants:
  p:
    variables: {n: {range: 0..2, initial: 0}}
    subscribes: [E, F]
    on: {E: {effect: {n: n + 1}}, F: {effect: {n: n + 1}}}
  q: {variables: {m: {range: 0..1, initial: 0}}, subscribes: E, on: {E: {effect: {m: 1}}}}
starts: [E, F]
"""


def test_at_most_once_each_message_may_be_lost_by_itself() -> None:
    system = compiled(LOSSY)
    ends = {
        tuple(state[system.positions[name]] for name in ("p.n", "q.m"))
        for state in explored(system)
        if system.is_finished(state)
    }
    assert ends == {(n, m) for n in range(3) for m in range(2)}
    names = {action.name for action in system.actions}
    assert "publishes E, E is lost on its way to p, E is lost on its way to q" in names
    exact = compiled(LOSSY.replace("at most once", "exactly once"))
    assert len([state for state in explored(exact) if exact.is_finished(state)]) == 1


@settings(max_examples=10, deadline=None)
@given(acyclic())
def test_computed_capacities_are_enough_and_slots_stay_in_order(design: model.Choreography) -> None:
    system = compile_choreography(design)
    queues = {v.name.split(".")[0] for v in system.variables if ">" in v.name}
    # Where more could be sent than a queue may have slots, its capacity is a guess, and the assumptions say so.
    guessed = {
        text.split(" holds ")[0] for text in system.assumptions if text.endswith("for want of a declared capacity")
    }
    lost = Target("lost", claims=frozenset(("overflow", queue) for queue in queues - guessed))
    answer = search(system, [lost, Target("stuck", stuck=True)], Limits(states=1_000))
    assert not answer.traces
    for state in explored(system):
        assert system.in_range(state)
        for queue in queues:
            slots = list(flat(state, system, f"{queue}."))
            held = [slot for slot in slots if slot[0] != 0]
            assert slots[: len(held)] == held, "no gap before the last message"
            if design.channels["bus"].order == "unordered":
                assert held == sorted(held), "a bag is written in one way"


def test_search_and_z3_find_the_same_shortest_traces() -> None:
    for text, kind, name in (
        (PAYLOAD, "claims", "Paid"),
        (BURST.replace("capacity: 1", "capacity: 1, order: unordered"), "overflow", "bus>p"),
        (ONE.replace("on: E,", "on: E, when: n > 0,").replace("exactly once", "at least once"), "unhandled", "E"),
    ):
        system = compiled(text)
        target = Target("it", claims=frozenset({(kind, name)}))
        explicit = search(system, [target], LIMITS).traces["it"]
        symbolic = bounded(system, [target], Limits(depth=8, seconds=30)).traces["it"]
        assert len(symbolic) == len(explicit)


SEED_BREAKS = {
    ("claims", "PaymentProcessed"): 3,
    ("claims", "InventoryReserved"): 5,
    ("claims", "OrderShipped"): 7,
    ("undelivered", "OrderShipped"): 7,
    ("fault", "inventory.ship"): 7,
}


def test_the_seed_breaks_what_the_repaired_design_keeps() -> None:
    seed = load_file(find_model("seed_order_choreography"))
    repaired = load_file(find_model("order_choreography"))
    assert isinstance(seed, model.Choreography)
    assert isinstance(repaired, model.Choreography)
    system = compile_choreography(seed)
    for (kind, name), length in SEED_BREAKS.items():
        trace = broken(system, kind, name)
        assert trace is not None
        assert len(trace) == length
    assert reach(system, "payment.payments == 2") is not None
    assert set(seed.properties) == set(repaired.properties)
    assert [name for name, verdict in seed.expect.items() if verdict == "proved"] == []
    for instances in (1, 2):
        whole = compile_choreography(repaired, instances)
        everything = frozenset(kinds(whole))
        answer = search(whole, [Target("any", claims=everything), Target("stuck", stuck=True)], LIMITS)
        assert answer.complete
        assert not answer.traces
