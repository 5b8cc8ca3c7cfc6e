"""The text of a choreography: events, topics, channels, routes, participants and their handlers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .. import model
from ..errors import Located
from ..source import LocatedMap, Node
from .arrivals import ARRIVALS, CORRELATION
from .delays import DELAYS
from .design import DESIGN, INSTANCES, NAMES, VARIABLES, plain, said_with_outcomes, with_outcomes
from .indices import PARTICIPANT_REFERENCE, for_each
from .orchestration import OUTCOME_NAMES
from .reader import (
    MISSING,
    Key,
    Problems,
    Reader,
    converted,
    either,
    mapping_of,
    note,
    one_or_more,
    record,
    short,
    word,
)
from .values import COUNT, EFFECT, FAILS, FORMULA, NAME, OUTCOMES, PROBABILITY, TRUTH, TYPE, VALUE, unlimited
from .workers import CRASHES, PRIORITIES
from .writing import CannotWrite, Written, said

_ORDERS = {
    "fifo": "in the order in which they were sent to this receiver",
    "unordered": "in any order",
}
_DELIVERIES = {
    "exactly once": "each message comes once",
    "at least once": "a message may come again, up to `duplicates` times more",
    "at most once": "a message may be lost on its way",
}
_OVERFLOWS = {
    "fail": "the message is lost, and that is a finding",
    "block": "whoever publishes waits until there is room",
    "drop newest": "the message is lost, which is as it should be",
    "drop oldest": "the first of those that wait is lost, and makes room",
}
_HANDLER_FAILURES = {
    "drop": "the message is gone and nobody hears of it: a finding",
    "retry": "it is handled again at once, without end; its worker stays with it",
    "dead letter": "it is put aside: `dead_letter(participant.handler)` is true from then on",
}
EVENT = record(
    "an event",
    {
        "payload": Key(mapping_of(TYPE, NAME), "its fields with their types: `{amount: 1..3, method: [card, cash]}`"),
        "topic": Key(NAME, "the topic it is published on; a topic names the channel"),
        "claims": Key(FORMULA, "the fact it states: must be true whenever it is published"),
        "terminal": Key(TRUTH, "nobody has to consume it: that it ends here is as it should be"),
    },
    plain(model.Event),
)


def _up_to(most: int, words: str) -> Reader:
    """A whole number that is not too large."""

    def read(node: Node, problems: Problems) -> Any:
        value = COUNT.read(node, problems)
        return note(problems, "E212", f"{words}, not {value}", node) if value is not MISSING and value > most else value

    return replace(COUNT, read=read, schema={**COUNT.schema, "maximum": most})


CHANNEL = record(
    "a channel",
    {
        "capacity": Key(
            _up_to(1000, "a capacity is from 1 to 1000"),
            "how many messages fit, for each receiver; without it as many as the design can send, where that is finite",
        ),
        "order": Key(word(meanings=_ORDERS), "in which order messages are received"),
        "delivery": Key(
            word(meanings=_DELIVERIES),
            "whether a message may come several times, or be lost",
        ),
        "duplicates": Key(
            _up_to(100, "duplicates are from 1 to 100"),
            "how often a message may come again, with `delivery: at least once`",
        ),
        "overflow": Key(word(meanings=_OVERFLOWS), "what happens when it is full"),
        "publish": Key(DELAYS, "how long publishing takes"),
        "deliver": Key(DELAYS, "how long delivering takes"),
        "partitions": Key(
            unlimited(COUNT),
            "how many servers publish and deliver its messages: those of one job go through the same server, one after "
            "the other; without it any number at once",
        ),
        "loses": Key(PROBABILITY, "how often a message is lost in a simulation, with `delivery: at most once`"),
        "repeats": Key(PROBABILITY, "how often a message comes again in a simulation, with `delivery: at least once`"),
    },
    plain(model.Channel),
)
_PAYLOAD = mapping_of(VALUE, NAME, "a payload as a mapping")
_PUBLICATION = record(
    "a publication",
    {
        "event": Key(NAME, "the event", required=True),
        "payload": Key(_PAYLOAD, "the values of its fields"),
        "when": Key(FORMULA, "the condition, after the effect"),
        "on": Key(OUTCOME_NAMES, "the outcomes after which it is published: ok without it"),
    },
    lambda values, _node, _problems: (model.Publication(**values),),
    lambda group: said(*group),
    model.Publication,
)


def _event_only(group: tuple[model.Publication]) -> str:
    return str(_event_and_payload(group, {"event"})["event"])


def _event_with_payload(group: tuple[model.Publication]) -> dict[str, Any]:
    fields = _event_and_payload(group, {"event", "payload"})
    if fields["event"] == "event" or "payload" not in fields:
        raise CannotWrite("this form says an event with its payload")
    return {fields["event"]: fields["payload"]}


def _event_and_payload(group: tuple[model.Publication], sayable: set[str]) -> dict[str, Any]:
    fields = said(*group)
    if set(fields) <= sayable:
        return fields
    raise CannotWrite("more than event and payload is to be said")


_PUBLISHED = converted(NAME, lambda event: (model.Publication(event=event),), _event_only)
_PUBLISHED_WITH = converted(
    mapping_of(_PAYLOAD, NAME),
    lambda found: tuple(model.Publication(event=event, payload=payload) for event, payload in found.items()),
    _event_with_payload,
)


def _publication(node: Node) -> Reader:
    if isinstance(node, LocatedMap):
        return _PUBLICATION if "event" in node else _PUBLISHED_WITH
    return _PUBLISHED


_ONE_PUBLICATION = either(_publication, _PUBLISHED, _PUBLISHED_WITH, _PUBLICATION)
_PUBLICATIONS = converted(
    one_or_more(_ONE_PUBLICATION),
    lambda groups: tuple(publication for group in groups for publication in group),
    lambda publications: [(publication,) for publication in publications],
)


def _write_publications(publications: tuple[model.Publication, ...]) -> Written:
    """In a list a name may stand once; an event that is published twice is written out the second time."""
    written = _PUBLICATIONS.write(publications)
    if not isinstance(written, list):
        return written
    return [
        {"event": each} if isinstance(each, str) and each in written[:index] else each
        for index, each in enumerate(written)
    ]


PUBLICATIONS = replace(_PUBLICATIONS, write=_write_publications)
_HANDLER = {
    "task": Key(
        NAME, "the name under which its duration is drawn: a step of the same task in another design takes as long"
    ),
    "when": Key(FORMULA, "the guard: messages for which it is false are not handled here"),
    "requires": Key(FORMULA, "contract: what must hold when handling starts"),
    "effect": Key(EFFECT, "what it changes when it ends well"),
    "ensures": Key(FORMULA, "contract: what must hold after the effect"),
    "publishes": Key(PUBLICATIONS, "the events it publishes after its effect, in the same atomic action"),
    "outcomes": Key(OUTCOMES, "the effect of each outcome that can happen"),
    "on_failure": Key(word(meanings=_HANDLER_FAILURES), "what happens to a message whose handling fails"),
    "time": Key(DELAYS, "how long handling takes"),
    "fails": Key(FAILS, "how often handling fails: 5%, or {error: 5%, timeout: 1%}"),
    "priority": PRIORITIES,
}
HANDLER = record(
    "a handler",
    {"on": Key(NAME, "the event; without it the participant acts by itself, once"), **_HANDLER},
    with_outcomes(model.Handler),
    said_with_outcomes,
)
_REACTION = record("a handler", _HANDLER, with_outcomes(model.Handler), said_with_outcomes)


def _participant(values: dict[str, Any], _node: LocatedMap, problems: Problems) -> Any:
    reactions: Mapping[Located, model.Handler] = values.pop("reactions", {})
    handlers = dict(values.get("handlers", {}))
    for event, handler in reactions.items():
        if event in handlers:
            note(problems, "E012", f"there is already a handler called '{event}'", event)
        handlers[event] = replace(handler, on=event)
    return model.Participant(**{**values, "handlers": handlers})


def _said_participant(participant: Any) -> dict[str, Any]:
    """Handlers that are called like the event they react to stand under `on`, where they come last."""
    fields = said(participant)
    handlers = dict(fields.pop("handlers", {}))
    reactions: dict[str, model.Handler] = {}
    for name, handler in reversed(list(handlers.items())):
        if name != handler.on:
            break
        reactions = {name: replace(handlers.pop(name), on=None), **reactions}
    return {**fields, **({"handlers": handlers} if handlers else {}), **({"reactions": reactions} if reactions else {})}


_FOR_EACH = for_each("one participant for each index, each with a state of its own: i in 1..N")
PARTICIPANT = record(
    "a participant",
    {
        "for each": _FOR_EACH,
        "for_each": _FOR_EACH,
        "variables": Key(VARIABLES, "its private state"),
        "subscribes": Key(NAMES, "the events and topics that it wants; they must be routed to it and handled as well"),
        "handlers": Key(
            mapping_of(HANDLER, NAME),
            "how it reacts, by name; of the handlers on an event the first whose guard holds takes the message",
        ),
        "on": Key(
            mapping_of(_REACTION, NAME),
            "handlers that are called like the event they react to",
            "reactions",
            python="Participant.handlers",
        ),
        "workers": Key(unlimited(COUNT), "how many events it handles at once, or unlimited; 1 without it"),
        "crashes": CRASHES,
    },
    _participant,
    _said_participant,
    model.Participant,
)
_TOPIC = record(
    "a topic",
    {"channel": Key(NAME, "the channel it travels on", required=True)},
    lambda values, _node, _problems: values["channel"],
    lambda channel: {"channel": channel},
)
CHOREOGRAPHY = {
    **DESIGN,
    "events": Key(mapping_of(EVENT, NAME), "what can be published", required=True),
    "topics": Key(mapping_of(short(NAME, _TOPIC), NAME), "the channel of each topic: `orders: bus`"),
    "channels": Key(mapping_of(CHANNEL, NAME), "the queues on which messages travel, one for each receiver"),
    "routes": Key(
        mapping_of(one_or_more(PARTICIPANT_REFERENCE), NAME),
        "for each event or topic, the participants it is routed to (a family, or one of it); they must subscribe to it "
        "and handle it as well",
    ),
    "participants": Key(mapping_of(PARTICIPANT, NAME), "who reacts", required=True),
    "starts": Key(PUBLICATIONS, "what the outside publishes, once in each instance"),
    "listeners": Key(unlimited(COUNT), "how many events all participants together handle at once"),
    "instances": INSTANCES,
    "arrivals": ARRIVALS,
    "correlation": CORRELATION,
}
