"""What the event graph alone tells: events that are lost, never published or never wanted, and what may go round.

Whether a message can in fact be lost, unhandled or too much for its queue is asked of the transition system, where
the claims `undelivered`, `unhandled`, `overflow`, `payload`, `claims` and `fault` speak of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from .. import model
from ..errors import Position, position_of
from ..expressions import TRUE, Expr, Operation, Ref, Type, conjunction, references
from ..graph.events import Delivery, deliveries, event_graph, published_events, routed_to, why_lost
from ..results import Finding

if TYPE_CHECKING:
    from ..choreography.typed import TypedHandler, TypedPublication
    from ..engine.control_flow import Edge


def lost_events(design: model.Choreography) -> dict[str, str]:
    """Each event that may be published, is not terminal, and nobody receives, with what is missing."""
    published = published_events(design)
    lost = {
        event: why_lost(design, event)
        for event, declared in design.events.items()
        if event in published and not declared.terminal
    }
    return {event: why for event, why in lost.items() if why}


def delivery_findings(design: model.Choreography) -> list[Finding]:
    """Everything that is odd about who publishes what for whom. Names that mean nothing are errors, found elsewhere."""
    return [*_lost(design), *_never_published(design), *_incomplete(design), *_unreachable(design), *_repeated(design)]


def _lost(design: model.Choreography) -> Iterator[Finding]:
    for event, why in lost_events(design).items():
        yield Finding("W331", why, position=position_of(event), hint="or declare it terminal: `terminal: true`")


def _never_published(design: model.Choreography) -> Iterator[Finding]:
    mentioned = {publication.event for publication in design.starts}
    for participant in design.participants.values():
        mentioned |= {each.event for handler in participant.handlers.values() for each in handler.publishes}
    published = published_events(design)
    for event in design.events:
        if event not in mentioned:
            yield Finding("W332", f"nothing publishes {event}", position=position_of(event))
        elif event not in published:
            message = f"{event} is never published: the handlers that would are never reached"
            yield Finding("W332", message, position=position_of(event))
    for name, participant in design.participants.items():
        for wanted in participant.subscribes:
            events = [event for event, declared in design.events.items() if wanted in (event, declared.topic)]
            if not published.intersection(events):
                message = f"{name} subscribes to {wanted}, which is never published"
                yield Finding("W333", message, position=position_of(wanted))


def _incomplete(design: model.Choreography) -> Iterator[Finding]:
    """Events that do not reach one of the participants that have something to do with them."""
    lost = lost_events(design)
    for delivery in deliveries(design):
        # A handler that is missing its delivery is told below; an event that nobody gets was told above.
        if not delivery.effective and not delivery.handlers and delivery.event not in lost:
            yield Finding("W334", _what_is_missing(delivery), position=_place(delivery, design))


def _what_is_missing(delivery: Delivery) -> str:
    there = {"route": "is routed to", "subscription": "is subscribed to by"}
    verb = next(text for what, text in there.items() if what not in delivery.missing)
    return f"{delivery.event} {verb} {delivery.participant}, which has no {' and no '.join(delivery.missing)} for it"


def _place(delivery: Delivery, design: model.Choreography) -> Position | None:
    named = [*routed_to(design, delivery.event), *design.participants[delivery.participant].subscribes]
    return next((position_of(name) for name in named if name in (delivery.participant, delivery.event)), None)


def _unreachable(design: model.Choreography) -> Iterator[Finding]:
    published = published_events(design)
    for delivery in deliveries(design):
        for name in delivery.handlers:
            key = f"{delivery.participant}.{name}"
            if delivery.missing == ("route",) and _sibling_is_routed(delivery, design):
                continue  # Of a family of participants, the route names another one.
            if not delivery.effective:
                lack = " and no ".join(delivery.missing)
                message = f"{key} is never reached: {delivery.event} has no {lack} for {delivery.participant}"
                yield Finding("W335", message, position=position_of(name))
            elif delivery.event not in published:
                message = f"{key} is never reached: {delivery.event} is never published"
                yield Finding("W335", message, position=position_of(name))


def _sibling_is_routed(delivery: Delivery, design: model.Choreography) -> bool:
    family, bracket, _ = delivery.participant.partition("[")
    return bool(bracket) and any(name.startswith(f"{family}[") for name in routed_to(design, delivery.event))


def _repeated(design: model.Choreography) -> Iterator[Finding]:
    for event in design.events:
        receivers = routed_to(design, event)
        for name in dict.fromkeys(receivers):
            if receivers.count(name) > 1:
                message = f"{event} is routed to {name} {receivers.count(name)} times; it is delivered once"
                yield Finding("W336", message, "note", position_of(name))


def emission_edges(design: model.Choreography) -> list[Edge]:
    """Who sets off whom: edges between handlers, named by the event, without data; and handlers that are retried.

    Where these have no cycle, every execution ends, whatever the channels do.
    """
    from ..engine.control_flow import Edge

    graph = event_graph(design)
    edges = []
    for node, data in graph.nodes(data=True):
        if data["kind"] != "handler":
            continue
        for event in dict.fromkeys(graph.successors(node)):
            edges += [Edge(node, reached, TRUE, {}, event) for reached in dict.fromkeys(graph.successors(event))]
        handler = design.participants[data["participant"]].handlers[node.partition(".")[2]]
        if handler.on_failure == "retry" and (set(handler.outcomes) | set(handler.fails)) - {"ok"}:
            edges.append(Edge(node, node, TRUE, {}, f"{node} is tried again"))
    return edges


def emission_data(design: model.Choreography) -> tuple[list[Edge], dict[str, Type]]:
    """The same edges with what they say of payloads (as `event.field`), and the types of these.

    Guards over anything else are left out, and values computed from anything else are anybody's choice: a ranking
    function over these edges (a time to live that decreases) is one for all states, instances and channels.
    """
    from ..choreography import type_choreography

    typed = type_choreography(design, instances=1)
    handlers = typed.instances[0].handlers
    kinds: dict[str, set[Type]] = {}
    for payload in typed.payloads.values():
        for field, kind in payload.items():
            kinds.setdefault(f"event.{field}", set()).add(kind)
    types = {name: next(iter(found)) for name, found in kinds.items() if len(found) == 1}
    edges: list[Edge] = []
    for plain in emission_edges(design):
        handler = handlers[str(plain.source)]
        published = [each for each in handler.publishes if each.event == plain.name]
        edges += [_with_data(plain, handler, each, types) for each in published] or [plain]
    return edges, types


def _with_data(plain: Edge, handler: TypedHandler, publication: TypedPublication, types: Mapping[str, Type]) -> Edge:
    parts = [*_conjuncts(handler.when), *_conjuncts(publication.when)]
    guard = conjunction(part for part in parts if references(part) <= set(types))
    updates: dict[str, Expr] = {}
    parameters: dict[str, Type] = {}
    for field, value in publication.payload.items():
        name = f"event.{field}"
        if name in types and references(value) <= set(types):
            updates[name] = value
        elif name in types:
            parameters[f"any {name}"] = types[name]
            updates[name] = Ref(f"any {name}", types[name])
    return replace(plain, guard=guard, updates=updates, parameters=parameters)


def _conjuncts(expr: Expr) -> tuple[Expr, ...]:
    return expr.arguments if isinstance(expr, Operation) and expr.operator == "and" else (expr,)
