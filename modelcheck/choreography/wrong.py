"""What can be wrong with the structure of a choreography built in Python; a loaded file was checked already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .. import model
from ..errors import Problem, did_you_mean, position_of
from ..graph.events import channel_of, deliveries

WORDS = {
    "order": ("fifo", "unordered"),
    "delivery": ("exactly once", "at least once", "at most once"),
    "overflow": ("fail", "block", "drop newest", "drop oldest"),
}
ON_FAILURE = ("drop", "retry", "dead letter")
MOST_CONDITIONAL = 6


def structure_problems(design: model.Choreography) -> list[Problem]:
    """Names that mean nothing, words that are not in the vocabulary, numbers that make no sense."""
    found = [*_references(design), *_channels(design), *_participants(design)]
    if not design.participants:
        found.append(Problem("E210", f"'{design.name}' has no participants", position_of(design.name)))
    if not found:
        found += _open_channels(design)
    return found


def _unknown(what: str, name: str, known: Iterable[str]) -> Problem:
    return Problem("E211", f"unknown {what} '{name}'", position_of(name), did_you_mean(name, known), unknown=name)


def _references(design: model.Choreography) -> Iterator[Problem]:
    topics = {event.topic for event in design.events.values() if event.topic is not None} | set(design.topics)
    wanted = [*design.events, *topics]
    for event in design.events.values():
        if event.topic is not None and design.topics and event.topic not in (*design.topics, *design.channels):
            yield _unknown("topic", event.topic, design.topics)
    for channel in design.topics.values():
        if channel not in design.channels:
            yield _unknown("channel", channel, design.channels)
    for routed, receivers in design.routes.items():
        if routed not in wanted:
            yield _unknown("event or topic", routed, wanted)
        yield from (
            _unknown("participant", name, design.participants) for name in receivers if name not in design.participants
        )
    used = list(design.starts)
    for participant in design.participants.values():
        yield from (_unknown("event or topic", name, wanted) for name in participant.subscribes if name not in wanted)
        for handler in participant.handlers.values():
            used += handler.publishes
            if handler.on is not None and handler.on not in design.events:
                yield _unknown("event", handler.on, design.events)
    for publication in used:
        if publication.event not in design.events:
            yield _unknown("event", publication.event, design.events)


def _channels(design: model.Choreography) -> Iterator[Problem]:
    for name, channel in design.channels.items():
        for what, known in WORDS.items():
            word = getattr(channel, what)
            if word not in known:
                message = f"'{word}' is no {what} of a channel"
                hint = did_you_mean(word, known, otherwise=f"there is: {', '.join(known)}")
                yield Problem("E212", message, position_of(word), hint)
        if channel.capacity is not None and not 1 <= channel.capacity <= 1000:
            yield Problem("E212", f"a capacity is from 1 to 1000, not {channel.capacity}", position_of(name))
        if channel.overflow == "drop oldest" and channel.order != "fifo":
            message = f"'{name}' has no order: nobody knows which of its messages is the oldest"
            yield Problem("E212", message, position_of(name), "write 'order: fifo', or 'overflow: drop newest'")
        if channel.repeats and channel.delivery != "at least once":
            message = f"'{name}' delivers {channel.delivery}: no message comes again"
            yield Problem("E212", message, position_of(name), "write 'delivery: at least once', or leave 'repeats' out")
        if channel.loses and channel.delivery != "at most once":
            message = f"'{name}' delivers {channel.delivery}: no message is lost"
            yield Problem("E212", message, position_of(name), "write 'delivery: at most once', or leave 'loses' out")
        if not 0 <= channel.duplicates <= 100:
            yield Problem("E212", f"duplicates are from 0 to 100, not {channel.duplicates}", position_of(name))


def _participants(design: model.Choreography) -> Iterator[Problem]:
    for name, participant in design.participants.items():
        if participant.workers is not None and participant.workers < 1:
            yield Problem("E212", f"'{name}' has {participant.workers} workers", position_of(name), "at least 1")
        for key, handler in participant.handlers.items():
            if handler.on_failure not in ON_FAILURE:
                hint = did_you_mean(handler.on_failure, ON_FAILURE, otherwise=f"there is: {', '.join(ON_FAILURE)}")
                message = f"'{handler.on_failure}' is nothing to do on failure"
                yield Problem("E212", message, position_of(handler.on_failure), hint)
            possible = ("ok", *handler.outcomes, *handler.fails)
            for publication in handler.publishes:
                for outcome in publication.on:
                    if outcome not in possible:
                        message = f"{name}.{key} publishes {publication.event} on '{outcome}', in which it cannot end"
                        hint = did_you_mean(outcome, possible, otherwise=f"give it `outcomes: {{{outcome}: ...}}`")
                        yield Problem("E217", message, position_of(outcome), hint)
            if sum(publication.when is not None for publication in handler.publishes) > MOST_CONDITIONAL:
                message = f"more than {MOST_CONDITIONAL} conditional publications in one handler"
                yield Problem("E216", message, position_of(key), "split the handler")
    for start in design.starts:
        if "ok" not in start.on:
            message = f"the outside publishes {start.event} and never fails: 'on' means nothing here"
            yield Problem("E217", message, position_of(start.event))
    if design.listeners is not None and design.listeners < 1:
        yield Problem("E212", f"{design.listeners} listeners handle nothing", position_of(design.name), "at least 1")


def _open_channels(design: model.Choreography) -> Iterator[Problem]:
    """Events that are delivered, but on which of several channels is left open."""
    for event in dict.fromkeys(delivery.event for delivery in deliveries(design) if delivery.effective):
        if channel_of(design, event) is None:
            hint = "give it a topic that travels on one of them"
            yield Problem("E215", f"on which channel '{event}' travels is left open", position_of(event), hint)
