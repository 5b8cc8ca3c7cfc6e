"""The text of a choreography: events, topics, channels, routes, participants and their handlers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .. import model
from ..errors import Located
from ..source import LocatedMap, Node
from .design import ARRIVALS, DELAYS, DESIGN, INSTANCES, NAMES, VARIABLES, plain, with_outcomes
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
from .values import COUNT, EFFECT, FAILS, FORMULA, NAME, OUTCOMES, TRUTH, TYPE, unlimited

EVENT = record(
    "an event",
    {
        "payload": Key(mapping_of(TYPE, NAME), "its fields with their types"),
        "topic": Key(NAME, "the topic it is published on"),
        "claims": Key(FORMULA, "the fact it states: must be true whenever it is published"),
        "terminal": Key(TRUTH, "nobody has to consume it"),
    },
    plain(model.Event),
)


def _up_to(most: int, words: str) -> Reader:
    """A whole number that is not too large."""

    def read(node: Node, problems: Problems) -> Any:
        value = COUNT.read(node, problems)
        return note(problems, "E212", f"{words}, not {value}", node) if value is not MISSING and value > most else value

    return Reader(read, {**COUNT.schema, "maximum": most})


CHANNEL = record(
    "a channel",
    {
        "capacity": Key(_up_to(1000, "a capacity is from 1 to 1000"), "how many messages fit"),
        "order": Key(word("fifo", "unordered"), "in which order messages are received"),
        "delivery": Key(
            word("exactly once", "at least once", extra={"at most once": "not supported yet"}),
            "whether a message may come several times",
        ),
        "duplicates": Key(
            _up_to(100, "duplicates are from 1 to 100"), "how often a message may come again, for at least once"
        ),
        "overflow": Key(word("fail", "block", "drop newest"), "what happens when it is full"),
        "publish": Key(DELAYS, "how long publishing takes"),
        "deliver": Key(DELAYS, "how long delivering takes"),
    },
    plain(model.Channel),
)
_PAYLOAD = mapping_of(FORMULA, NAME, "a payload as a mapping")
_PUBLICATION = record(
    "a publication",
    {
        "event": Key(NAME, "the event", required=True),
        "payload": Key(_PAYLOAD, "the values of its fields"),
        "when": Key(FORMULA, "the condition, after the effect"),
        "on": Key(OUTCOME_NAMES, "the outcomes after which it is published: ok without it"),
    },
    lambda values, _node, _problems: (model.Publication(**values),),
)
_PUBLISHED = converted(NAME, lambda event: (model.Publication(event=event),))
_PUBLISHED_WITH = converted(
    mapping_of(_PAYLOAD, NAME),
    lambda found: tuple(model.Publication(event=event, payload=payload) for event, payload in found.items()),
)


def _publication(node: Node) -> Reader:
    if isinstance(node, LocatedMap):
        return _PUBLICATION if "event" in node else _PUBLISHED_WITH
    return _PUBLISHED


_ONE_PUBLICATION = either(_publication, _PUBLISHED, _PUBLICATION, _PUBLISHED_WITH)
PUBLICATIONS = converted(
    one_or_more(_ONE_PUBLICATION), lambda groups: tuple(publication for group in groups for publication in group)
)
_HANDLER = {
    "task": Key(NAME, "the name under which its duration is drawn; shared with a step of the same task"),
    "when": Key(FORMULA, "the guard: messages for which it is false are not handled here"),
    "requires": Key(FORMULA, "contract: what must hold when handling starts"),
    "effect": Key(EFFECT, "what it changes when it ends well"),
    "ensures": Key(FORMULA, "contract: what must hold after the effect"),
    "publishes": Key(PUBLICATIONS, "the events it publishes, with their payloads"),
    "outcomes": Key(OUTCOMES, "the effect of each outcome that can happen"),
    "on_failure": Key(word("drop", "retry", "dead letter"), "what happens to a message whose handling fails"),
    "time": Key(DELAYS, "how long handling takes"),
    "fails": Key(FAILS, "how often handling fails: 5%, or {error: 5%, timeout: 1%}"),
}
HANDLER = record(
    "a handler",
    {"on": Key(NAME, "the event; without it the participant acts by itself, once"), **_HANDLER},
    with_outcomes(model.Handler),
)
_REACTION = record("a handler", _HANDLER, with_outcomes(model.Handler))


def _participant(values: dict[str, Any], _node: LocatedMap, problems: Problems) -> Any:
    reactions: Mapping[Located, model.Handler] = values.pop("reactions", {})
    handlers = dict(values.get("handlers", {}))
    for event, handler in reactions.items():
        if event in handlers:
            note(problems, "E012", f"there is already a handler called '{event}'", event)
        handlers[event] = replace(handler, on=event)
    return model.Participant(**{**values, "handlers": handlers})


PARTICIPANT = record(
    "a participant",
    {
        "variables": Key(VARIABLES, "its private state"),
        "subscribes": Key(NAMES, "the events and topics it wants"),
        "handlers": Key(mapping_of(HANDLER, NAME), "how it reacts, by name"),
        "on": Key(mapping_of(_REACTION, NAME), "handlers called like the event they react to", field="reactions"),
        "workers": Key(unlimited(COUNT), "how many events it handles at once, or unlimited; 1 without it"),
    },
    _participant,
)
_TOPIC = record(
    "a topic",
    {"channel": Key(NAME, "the channel it travels on", required=True)},
    lambda values, _node, _problems: values["channel"],
)
CHOREOGRAPHY = {
    **DESIGN,
    "events": Key(mapping_of(EVENT, NAME), "what can be published", required=True),
    "topics": Key(mapping_of(short(NAME, _TOPIC), NAME), "each topic's channel"),
    "channels": Key(mapping_of(CHANNEL, NAME), "the queues"),
    "routes": Key(mapping_of(NAMES, NAME), "event or topic to the participants it is routed to"),
    "participants": Key(mapping_of(PARTICIPANT, NAME), "who reacts", required=True),
    "starts": Key(PUBLICATIONS, "what the outside publishes, once in each instance"),
    "listeners": Key(unlimited(COUNT), "how many events all participants together handle at once"),
    "instances": INSTANCES,
    "arrivals": ARRIVALS,
}
