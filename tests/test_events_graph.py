"""Who publishes what, who receives it, and how often at most."""

from __future__ import annotations

import networkx as nx

from modelcheck.graph.events import (
    OUTSIDE,
    channel_of,
    deliveries,
    event_graph,
    most_published,
    published_events,
    why_lost,
)
from modelcheck.load import load_text
from modelcheck.model import Choreography

CHAIN = """
choreography: chain
events: {A: {topic: t}, B: , C: {terminal: true}}
topics: {t: bus}
channels: {bus: {}}
routes: {t: p, B: [p, q]}
starts: A
participants:
  p: {subscribes: [t], on: {A: {publishes: [B, {event: C, when: 1 > 2}]}}}
  q: {subscribes: [B], on: {B: {publishes: C}}}
"""


def design(text: str) -> Choreography:
    found = load_text(text)
    assert isinstance(found, Choreography)
    return found


def test_delivery_needs_route_and_subscription_and_handler() -> None:
    for route in (True, False):
        for subscription in (True, False):
            for handler in (True, False):
                text = "choreography: one\nevents: {A: }\nparticipants:\n  p:\n    workers: 1\n"
                text += (
                    "    subscribes: A\n" * subscription + "    on: {A: {}}\n" * handler + "routes: {A: p}\n" * route
                )
                found = deliveries(design(text))
                if not (route or subscription or handler):
                    assert found == []
                    continue
                there = {"route": route, "subscription": subscription, "handler": handler}
                assert found[0].missing == tuple(name for name, present in there.items() if not present)
                assert found[0].effective == all(there.values())
                assert (why_lost(design(text), "A") == "") == all(there.values())


def test_what_is_missing_is_named() -> None:
    found = {(each.event, each.participant): each for each in deliveries(design(CHAIN))}
    assert found["A", "p"].effective
    assert found["A", "p"].handlers == ("A",)
    assert found["B", "q"].effective
    assert found["B", "p"].missing == ("subscription", "handler")
    assert ("C", "q") not in found
    assert why_lost(design(CHAIN), "C") == "nobody receives C: there is no route, no subscription, no handler"
    unrouted = design(CHAIN.replace("[p, q]", "p"))
    assert why_lost(unrouted, "B") == "nobody receives B: p has no subscription and no handler; q has no route"


def test_the_graph_is_typed() -> None:
    graph = event_graph(design(CHAIN))
    assert {node: data["kind"] for node, data in graph.nodes(data=True)} == {
        "A": "event", "B": "event", "C": "event", OUTSIDE: "outside", "p.A": "handler", "q.B": "handler",
    }  # fmt: skip
    assert graph.nodes["C"]["terminal"]
    assert graph.nodes["q.B"]["participant"] == "q"
    edges = {(a, b, data["kind"], data["channel"]) for a, b, data in graph.edges(data=True)}
    assert edges == {
        (OUTSIDE, "A", "publishes", "bus"), ("A", "p.A", "delivers", "bus"), ("p.A", "B", "publishes", "bus"),
        ("p.A", "C", "publishes", "bus"), ("B", "q.B", "delivers", "bus"), ("q.B", "C", "publishes", "bus"),
    }  # fmt: skip
    assert nx.is_directed_acyclic_graph(graph)


def test_an_event_travels_on_the_channel_of_its_topic_or_on_the_only_one() -> None:
    assert [channel_of(design(CHAIN), event) for event in "ABC"] == ["bus", "bus", "bus"]
    several = CHAIN.replace("{bus: {}}", "{bus: {}, spare: {}}")
    assert [channel_of(design(several), event) for event in "ABC"] == ["bus", None, None]
    none = CHAIN.replace("topics: {t: bus}\nchannels: {bus: {}}\n", "").replace("{topic: t}", "").replace("[t]", "A")
    assert channel_of(design(none.replace("{t: p", "{A: p")), "A") == "channel"


def test_what_is_published_follows_from_what_is_received() -> None:
    assert published_events(design(CHAIN)) == {"A", "B", "C"}
    assert published_events(design(CHAIN.replace("starts: A\n", ""))) == set()
    assert published_events(design(CHAIN.replace("t: p", "t: q"))) == {"A"}


def test_how_often_an_event_is_published_at_most() -> None:
    assert most_published(design(CHAIN)) == {"A": 1, "B": 1, "C": 2}
    # Twice each: A is handled twice, so B is published twice and handled four times, and C 2 + 4 times.
    twice = CHAIN.replace("bus: {}", "bus: {delivery: at least once}")
    assert most_published(design(twice)) == {"A": 1, "B": 2, "C": 6}
    assert most_published(design(twice.replace("once}", "once, duplicates: 2}"))) == {"A": 1, "B": 3, "C": 12}
    assert most_published(design(CHAIN.replace("starts: A", "starts: [A, {event: A}, C]"))) == {"A": 2, "B": 2, "C": 5}


def test_one_of_several_handlers_takes_a_message() -> None:
    text = CHAIN.replace("q: {subscribes: [B], on: {B: {publishes: C}}}", """q:
    subscribes: [B]
    handlers: {one: {on: B, when: 1 > 2, publishes: [C, {event: C}]}, other: {on: B, publishes: C}}""")  # fmt: skip
    assert most_published(design(text)) == {"A": 1, "B": 1, "C": 3}


def test_a_handler_ends_in_one_of_its_outcomes() -> None:
    text = CHAIN.replace("B: {publishes: C}", "B: {fails: 5%, publishes: [C, {event: C, on: error}]}")
    assert most_published(design(text)) == {"A": 1, "B": 1, "C": 2}
    assert most_published(design(text.replace("on: error", "on: [ok, error]"))) == {"A": 1, "B": 1, "C": 3}


def test_what_a_cycle_publishes_has_no_bound() -> None:
    cycle = CHAIN.replace("B: {publishes: C}", "B: {publishes: [C, A]}")
    assert most_published(design(cycle)) == {"A": None, "B": None, "C": None}
    # A cycle that nothing enters publishes nothing.
    assert most_published(design(cycle.replace("starts: A", "starts: C"))) == {"A": 0, "B": 0, "C": 1}


def test_a_long_chain_is_no_problem() -> None:
    count = 2000
    events = ", ".join(f"E{n}: " for n in range(count))
    routes = ", ".join(f"E{n}: p" for n in range(count))
    handlers = "\n".join(f"      E{n}: {{publishes: E{n + 1}}}" for n in range(count - 1))
    wanted = ", ".join(f"E{n}" for n in range(count))
    text = f"choreography: long\nevents: {{{events}}}\nroutes: {{{routes}}}\nstarts: E0\nparticipants:\n  p:\n"
    long = design(f"{text}    subscribes: [{wanted}]\n    on:\n{handlers}\n")
    assert most_published(long)[f"E{count - 1}"] == 1
