"""The event graph of a choreography: who publishes what, on which channel, and who effectively receives it.

An event reaches a participant only with a routing rule AND a subscription AND a handler; what is missing has a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import networkx as nx

from .. import model
from ..expand import expand

OUTSIDE = "outside"
DEFAULT_CHANNEL = "channel"
NEEDED = ("route", "subscription", "handler")


@dataclass(frozen=True)
class Delivery:
    """An event and a participant that has something to do with it.

    handlers: the names of its handlers on the event, in the order written. missing: which of a `route`, a
    `subscription` and a `handler` there is not; the event is effectively delivered where nothing is missing.
    """

    event: str
    participant: str
    handlers: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def effective(self) -> bool:
        return not self.missing


def deliveries(design: model.Choreography) -> list[Delivery]:
    """For each event, each participant that is routed to it, subscribes to it or handles it."""
    found = []
    for event in design.events:
        routed = routed_to(design, event)
        named = {event, design.events[event].topic}
        for name, participant in design.participants.items():
            handlers = tuple(key for key, handler in participant.handlers.items() if handler.on == event)
            there = (name in routed, bool(named.intersection(participant.subscribes)), bool(handlers))
            if any(there):
                missing = tuple(what for what, present in zip(NEEDED, there, strict=True) if not present)
                found.append(Delivery(event, name, handlers, missing))
    return found


def routed_to(design: model.Choreography, event: str) -> tuple[str, ...]:
    """The participants that routing rules name for an event or its topic, as often as they do."""
    topic = design.events[event].topic
    return (*design.routes.get(event, ()), *(design.routes.get(topic, ()) if topic is not None else ()))


def why_lost(design: model.Choreography, event: str) -> str:
    """What is missing for an event to be consumed, and for whom; empty where somebody receives it."""
    found = [delivery for delivery in deliveries(design) if delivery.event == event]
    if any(delivery.effective for delivery in found):
        return ""
    lacks = [f"{each.participant} has no {' and no '.join(each.missing)}" for each in found]
    return f"nobody receives {event}: {'; '.join(lacks) or 'there is no ' + ', no '.join(NEEDED)}"


def channel_of(design: model.Choreography, event: str) -> str | None:
    """The channel that an event travels on: that of its topic, or the only one there is.

    `DEFAULT_CHANNEL` where the design declares none; None where it is left open which of several.
    """
    topic = design.events[event].topic
    if topic is not None and topic in design.topics:
        return design.topics[topic]
    if topic is not None and topic in design.channels:
        return topic
    if len(design.channels) == 1:
        return next(iter(design.channels))
    return None if design.channels else DEFAULT_CHANNEL


def event_graph(design: model.Choreography) -> nx.MultiDiGraph[str]:
    """Nodes of kind `event`, `handler` and `outside`; edges of kind `publishes` and `delivers`, with their channel.

    Handlers are called `participant.handler`. Only effective deliveries have an edge.
    """
    design = expand(design)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for event, declared in design.events.items():
        graph.add_node(event, kind="event", terminal=declared.terminal, topic=declared.topic)
    if design.starts:
        graph.add_node(OUTSIDE, kind="outside")
        _publishes(graph, OUTSIDE, design.starts, design)
    for name, participant in design.participants.items():
        for key, handler in participant.handlers.items():
            graph.add_node(f"{name}.{key}", kind="handler", participant=name, on=handler.on, task=handler.task or key)
            _publishes(graph, f"{name}.{key}", handler.publishes, design)
    for delivery in deliveries(design):
        for key in delivery.handlers if delivery.effective else ():
            channel = channel_of(design, delivery.event)
            graph.add_edge(delivery.event, f"{delivery.participant}.{key}", kind="delivers", channel=channel)
    return graph


def _publishes(
    graph: nx.MultiDiGraph[str], source: str, publications: Iterable[model.Publication], design: model.Choreography
) -> None:
    for publication in publications:
        if publication.event in design.events:
            channel = channel_of(design, publication.event)
            guarded = publication.when is not None
            graph.add_edge(
                source, publication.event, kind="publishes", channel=channel, guarded=guarded, on=publication.on
            )


def published_events(design: model.Choreography) -> frozenset[str]:
    """The events that may be published: by the outside, or in reaction to what is published."""
    graph = event_graph(design)
    sources = [OUTSIDE] if design.starts else []
    sources += [node for node, data in graph.nodes(data=True) if data["kind"] == "handler" and data["on"] is None]
    reached = set(sources).union(*(nx.descendants(graph, source) for source in sources))
    return frozenset(node for node in reached if graph.nodes[node]["kind"] == "event")


def most_published(design: model.Choreography) -> dict[str, int | None]:
    """How often each event can be published at most in one instance; None where a cycle gives no bound.

    A message is handled once for each time it is delivered, by one handler of each participant.
    """
    graph = event_graph(design)
    emits: nx.DiGraph[str] = nx.DiGraph()
    emits.add_nodes_from(design.events)
    factors: dict[tuple[str, str], int] = {}
    for delivery in deliveries(design):
        if delivery.effective:
            for event, times in _most_emitted(graph, delivery).items():
                key = (delivery.event, event)
                factors[key] = factors.get(key, 0) + times * _times_delivered(design, delivery.event)
                emits.add_edge(*key)
    spontaneous = [n for n, data in graph.nodes(data=True) if data["kind"] == "handler" and data["on"] is None]
    counts: dict[str, int | None] = {}
    for event in design.events:
        sources = [source for source in (OUTSIDE, *spontaneous) if source in graph]
        counts[event] = sum(graph.number_of_edges(source, event) for source in sources)
    condensed = nx.condensation(emits)
    for part in nx.topological_sort(condensed):
        members = condensed.nodes[part]["members"]
        cyclic = len(members) > 1 or any(emits.has_edge(event, event) for event in members)
        for event in members:
            _add_up(event, emits, factors, counts, cyclic, members)
    return counts


def _add_up(
    event: str,
    emits: nx.DiGraph[str],
    factors: dict[tuple[str, str], int],
    counts: dict[str, int | None],
    cyclic: bool,
    members: set[str],
) -> None:
    before = [source for source in emits.predecessors(event) if source not in members]
    if any(counts[source] is None for source in before) or (cyclic and _is_entered(members, emits, counts)):
        counts[event] = None
    if counts[event] is not None:
        added = sum((counts[source] or 0) * factors[source, event] for source in before)
        counts[event] = (counts[event] or 0) + added


def _is_entered(members: set[str], emits: nx.DiGraph[str], counts: dict[str, int | None]) -> bool:
    """Whether something of a cycle is ever published from outside of it."""
    entries = [counts[event] for event in members]
    entries += [counts[source] for event in members for source in emits.predecessors(event) if source not in members]
    return any(count is None or count > 0 for count in entries)


def _most_emitted(graph: nx.MultiDiGraph[str], delivery: Delivery) -> dict[str, int]:
    """How often one delivery can publish each event: it runs one of the handlers, to one of its outcomes."""
    most: dict[str, int] = {}
    for key in delivery.handlers:
        times = Counter[tuple[str, str]]()
        for _, event, data in graph.out_edges(f"{delivery.participant}.{key}", data=True):
            times.update((event, outcome) for outcome in data["on"])
        for (event, _), count in times.items():
            most[event] = max(most.get(event, 0), count)
    return most


def _times_delivered(design: model.Choreography, event: str) -> int:
    channel = design.channels.get(channel_of(design, event) or "", model.Channel())
    return 1 + channel.duplicates if channel.delivery == "at least once" else 1
