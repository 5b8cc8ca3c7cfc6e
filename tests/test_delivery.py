"""What the event graph tells by itself: what is lost, what is never published, what goes round."""

from __future__ import annotations

from modelcheck.check.delivery import delivery_findings, emission_data, emission_edges, lost_events
from modelcheck.engine.ranking import rank
from modelcheck.library import find_model
from modelcheck.load import load_file, load_text
from modelcheck.model import Choreography

CHAIN = """
choreography: chain
events: {A: , B: , C: {terminal: true}}
routes: {A: p, B: q}
starts: A
participants:
  p: {subscribes: A, on: {A: {publishes: B}}}
  q: {subscribes: B, on: {B: {publishes: C}}}
"""


def design(text: str) -> Choreography:
    found = load_text(text)
    assert isinstance(found, Choreography)
    return found


def findings(text: str) -> list[tuple[str, str]]:
    return [(finding.code, finding.message) for finding in delivery_findings(design(text))]


def test_a_chain_that_ends_in_a_terminal_event_is_fine() -> None:
    assert findings(CHAIN) == []
    assert lost_events(design(CHAIN)) == {}


def test_lost_events_with_what_is_missing() -> None:
    assert lost_events(design(CHAIN.replace("{terminal: true}", ""))) == {
        "C": "nobody receives C: there is no route, no subscription, no handler"
    }
    assert ("W331", "nobody receives B: q has no route") in findings(CHAIN.replace(", B: q", ""))
    assert ("W331", "nobody receives B: q has no subscription") in findings(CHAIN.replace("subscribes: B, ", ""))
    # An event that is never published is not lost.
    assert lost_events(design(CHAIN.replace(", B: q", "").replace("starts: A\n", ""))) == {}


def test_events_that_nothing_publishes() -> None:
    told = findings(CHAIN.replace("starts: A\n", ""))
    assert ("W332", "nothing publishes A") in told
    assert ("W332", "B is never published: the handlers that would are never reached") in told
    assert ("W333", "q subscribes to B, which is never published") in told
    assert ("W335", "q.B is never reached: B is never published") in told


def test_deliveries_that_lack_something_beside_those_that_do_not() -> None:
    assert findings(CHAIN.replace("A: p,", "A: [p, q],")) == [
        ("W334", "A is routed to q, which has no subscription and no handler for it")
    ]
    assert findings(CHAIN.replace("subscribes: B", "subscribes: [A, B]")) == [
        ("W334", "A is subscribed to by q, which has no route and no handler for it")
    ]
    assert findings(CHAIN.replace("A: p,", "A: [p, q],").replace("subscribes: B", "subscribes: [A, B]")) == [
        ("W334", "A is routed to q, which has no handler for it")
    ]


def test_handlers_that_nothing_reaches() -> None:
    told = findings(CHAIN.replace("{B: {publishes: C}}", "{B: {publishes: C}, A: {}}"))
    assert ("W335", "q.A is never reached: A has no route and no subscription for q") in told


def test_a_participant_that_is_routed_to_twice() -> None:
    text = CHAIN.replace("A: , B", "A: {topic: t}, B").replace("A: p,", "A: p, t: p,")
    assert findings(text.replace("events", "topics: {t: bus}\nchannels: {bus: {}}\nevents")) == [
        ("W336", "A is routed to p 2 times; it is delivered once")
    ]


def test_findings_have_places() -> None:
    text = CHAIN.replace(", B: q", "").replace("A: p", "A: [p, q]")
    places = {f.code: f.position and f.position.line for f in delivery_findings(design(text))}
    assert places == {"W331": 3, "W332": 3, "W334": 4, "W335": 8}


def test_the_seed_loses_one_event_and_never_publishes_two() -> None:
    seed = load_file(find_model("seed_order_choreography"))
    assert isinstance(seed, Choreography)
    told = [(finding.code, finding.message) for finding in delivery_findings(seed)]
    assert told == [
        ("W331", "nobody receives OrderShipped: order has no handler"),
        ("W332", "nothing publishes OrderDelivered"),
        ("W332", "nothing publishes OrderCancelled"),
    ]
    repaired = load_file(find_model("order_choreography"))
    assert isinstance(repaired, Choreography)
    assert delivery_findings(repaired) == []


# What goes round


def ranked(text: str) -> dict[str, int] | None:
    """The ranks of handlers over emissions without data, or None where something goes round."""
    edges = emission_edges(design(text))
    found = rank({edge.source for edge in edges} | {edge.target for edge in edges}, edges)
    return {str(node): value for node, value in found.ranks.items()} if found.proved else None


def test_the_seeds_chain_has_ranks_3_2_1_0() -> None:
    text = """
choreography: seed
events: {OrderCreated: , PaymentProcessed: , InventoryReserved: , OrderShipped: }
routes: {OrderCreated: order, PaymentProcessed: payment, InventoryReserved: inventory, OrderShipped: order}
starts: OrderCreated
participants:
  order: {subscribes: [OrderCreated, OrderShipped], handlers: {create: {on: OrderCreated, publishes: PaymentProcessed}, close: {on: OrderShipped}}}
  payment: {subscribes: PaymentProcessed, handlers: {charge: {on: PaymentProcessed, publishes: InventoryReserved}}}
  inventory: {subscribes: InventoryReserved, handlers: {ship: {on: InventoryReserved, publishes: OrderShipped}}}
"""  # noqa: E501
    assert ranked(text) == {"order.create": 3, "payment.charge": 2, "inventory.ship": 1, "order.close": 0}


def test_a_cycle_of_events_has_no_rank_and_is_its_own_core() -> None:
    edges = emission_edges(design(CHAIN.replace("publishes: C", "publishes: A")))
    found = rank({edge.source for edge in edges}, edges)
    assert not found.proved
    assert {(edge.source, edge.target, edge.name) for edge in found.loops[0].core} == {
        ("p.A", "q.B", "B"), ("q.B", "p.A", "A"),
    }  # fmt: skip


def test_a_handler_that_is_retried_goes_round() -> None:
    retried = CHAIN.replace("{publishes: C}", "{publishes: C, outcomes: {error: {}}, on_failure: retry}")
    assert ranked(retried) is None
    assert ranked(retried.replace("on_failure: retry", "on_failure: drop")) is not None
    assert ranked(retried.replace("outcomes: {error: {}}, ", "")) is not None


TIME_TO_LIVE = """
choreography: gossip
variables: {open: {type: bool, initial: any, shared: true}}
events: {A: {payload: {ttl: int}}, B: {payload: {ttl: int}}}
routes: {A: p, B: q}
starts: {A: {ttl: 5}}
participants:
  p:
    subscribes: A
    handlers:
      pass: {on: A, when: open and event.ttl > 0, publishes: {B: {ttl: event.ttl - 1}}}
      stop: {on: A}
  q: {subscribes: B, variables: {n: {type: int, initial: 0}}, on: {B: {publishes: {A: {ttl: event.ttl}}}}}
"""


def test_a_time_to_live_that_decreases_ends_a_cycle() -> None:
    def proved(text: str) -> bool:
        edges, types = emission_data(design(text))
        return rank({edge.source for edge in edges}, edges, types).proved

    assert ranked(TIME_TO_LIVE) is None
    assert proved(TIME_TO_LIVE)
    assert not proved(TIME_TO_LIVE.replace("ttl - 1", "ttl"))
    assert not proved(TIME_TO_LIVE.replace("event.ttl > 0", "event.ttl != 3 or open"))
    # A value that comes from somewhere else may be anything.
    assert not proved(TIME_TO_LIVE.replace("{A: {ttl: event.ttl}}", "{A: {ttl: n}}"))
    assert not proved(TIME_TO_LIVE.replace("{A: {ttl: event.ttl}}", "[{A: {ttl: event.ttl}}, {A: {ttl: 7}}]"))
