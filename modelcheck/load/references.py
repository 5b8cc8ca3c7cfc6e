"""Names that must mean something: steps, services, events, participants, topics, channels, coordinators.

Names inside formulas are not looked at here: whoever types a formula reports them at their column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import model
from ..errors import Problem, did_you_mean, position_of, report
from ..source import LocatedMap
from .reader import Problems


def check_references(design: model.Model, document: LocatedMap, problems: Problems) -> None:
    """Notes every name in the structure of a model that means nothing.

    What is known is read from the document, so that a part with mistakes of its own is still known by its name.
    """
    names = _Names(document, problems)
    match design:
        case model.Orchestration():
            _orchestration(design, names)
        case model.Choreography():
            _choreography(design, names)
    for each in design.properties.values():
        _property(each, design, names)


class _Names:
    """The names that a document declares, and the problems with those that it does not."""

    def __init__(self, document: LocatedMap, problems: Problems):
        self.document, self.problems = document, problems

    def under(self, *path: str) -> tuple[str, ...]:
        """The keys of the mapping at a path of keys."""
        place: Any = self.document
        for key in path:
            place = place.get(key) if isinstance(place, Mapping) else None
        return tuple(place) if isinstance(place, Mapping) else ()

    def has_payload(self, event: str) -> bool:
        """Whether an event has a payload that can be read, or none."""
        events = self.document.get("events")  # type: ignore[call-overload]  # its keys are strings
        declared = events.get(event) if isinstance(events, Mapping) else None
        payload = declared.get("payload", "") if isinstance(declared, Mapping) else ""
        return isinstance(payload, Mapping) or payload == ""

    def check(self, what: str, used: str | None, known: Iterable[str], none: str = "") -> None:
        known = tuple(known)
        if used is not None and used not in known:
            hint = did_you_mean(used, known, otherwise="" if known else none or f"this model declares no {what}s")
            report(self.problems, Problem("E030", f"unknown {what} '{used}'", position_of(used), hint))


def _orchestration(design: model.Orchestration, names: _Names) -> None:
    services, steps = names.under("services"), names.under("flow", "steps")
    variables = names.under("variables")
    names.check("coordinator", design.flow.coordinator, names.under("coordinators"))
    for step in design.flow.steps.values():
        names.check("service", step.service, services)
        if step.compensation:
            names.check("service", step.compensation.service, services)
        for name in step.after or ():
            names.check("step", name, steps)
        for transition in step.transitions:
            names.check("step", transition.to, (*steps, "end", "abort"))
        restored = step.compensation.restores if step.compensation else ()
        for target in (*step.modifies, *restored):
            if target.partition("[")[0].strip() not in variables:
                names.check("variable", target, variables)


def _choreography(design: model.Choreography, names: _Names) -> None:
    events, topics = names.under("events"), names.under("topics")
    participants = names.under("participants")
    for event in design.events.values():
        names.check("topic", event.topic, topics)
    for channel in design.topics.values():
        names.check("channel", channel, names.under("channels"))
    for routed, receivers in design.routes.items():
        names.check("event or topic", routed, (*events, *topics))
        for receiver in receivers:
            names.check("participant", receiver, participants)
    for participant in design.participants.values():
        for wanted in participant.subscribes:
            names.check("event or topic", wanted, (*events, *topics))
        for handler in participant.handlers.values():
            names.check("event", handler.on, events)
            _publications(handler.publishes, design, names)
    _publications(design.starts, design, names)


def _publications(publications: Iterable[model.Publication], design: model.Choreography, names: _Names) -> None:
    for publication in publications:
        names.check("event", publication.event, names.under("events"))
        if publication.event in design.events and names.has_payload(publication.event):
            fields = names.under("events", publication.event, "payload")
            for name in publication.payload:
                names.check("field", name, fields, f"'{publication.event}' has no payload")


def _property(each: model.Property, design: model.Model, names: _Names) -> None:
    if each.word == "before" and isinstance(each.about, tuple):
        known = _actions(names)
        for name in each.about:
            if isinstance(name, str):
                names.check("step, handler, event or action", name, known)
    if each.word in ("ends", "compensated") and isinstance(each.about, str):
        flow = design.flow.name if isinstance(design, model.Orchestration) else design.name
        names.check("flow", each.about, ("flow", "system", flow))


def _actions(names: _Names) -> tuple[str, ...]:
    """What can happen before something else: steps, handlers as `participant.handler`, events, actions."""
    handlers = [
        f"{participant}.{handler}"
        for participant in names.under("participants")
        for key in ("handlers", "on")
        for handler in names.under("participants", participant, key)
    ]
    return (*names.under("flow", "steps"), *handlers, *names.under("events"), *names.under("actions"))
