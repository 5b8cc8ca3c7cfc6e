"""Names that must mean something: steps, services, events, participants, topics, channels, coordinators.

Names inside formulas are not looked at here: whoever types a formula reports them at their column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .. import model
from ..errors import Located, Problem, did_you_mean, position_of, report
from ..source import LocatedMap
from .net import check_places
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
        case model.Net():
            check_places(design, names.under("places"), problems)
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
    for coordinator in design.coordinators.values():
        names.check("engine", coordinator.engine, names.under("engines"))
    _flow(design.flow, names.under("flow", "steps"), names)
    for name, flow in design.flows.items():
        _flow(flow, names.under("flows", name, "steps"), names)


def _flow(flow: model.Flow, steps: tuple[str, ...], names: _Names) -> None:
    names.check("coordinator", flow.coordinator, names.under("coordinators"))
    names.check("engine", flow.engine, names.under("engines"))
    services, variables = names.under("services"), names.under("variables")
    for step in flow.steps.values():
        names.check("service", step.service, services)
        names.check("flow", step.flow, names.under("flows"))
        if step.compensation:
            names.check("service", step.compensation.service, services)
        for name in step.after or ():
            names.check("step", base_name(name), steps)
        for transition in step.transitions:
            names.check("step", base_name(transition.to), (*steps, "end", "abort"))
        restored = step.compensation.restores if step.compensation else ()
        for target in (*step.modifies, *restored):
            if re.split(r"[.\[]", target)[0].strip() not in variables:
                names.check("variable", target, variables)


def base_name(reference: str) -> str:
    """The family that a reference speaks of: `reserve` in `reserve[i]`."""
    place = position_of(reference)
    name = reference.partition("[")[0].strip()
    return Located(name, place) if place else name


def without_indices(name: str) -> str:
    """What a name with indices is a member of: `worker.do` for `worker[1].do`."""
    place = position_of(name)
    plain = re.sub(r"\s*\[[^]]*\]", "", name)
    return Located(plain, place) if place else plain


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
            names.check("participant", base_name(receiver), participants)
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
            if isinstance(name, str) and not _inside_call(name, design):
                names.check("step, handler, event or action", name if name in known else without_indices(name), known)
    if each.word in ("ends", "compensated") and isinstance(each.about, str):
        flows = ["flow", "system", design.name]
        if isinstance(design, model.Orchestration):
            main = ["flow", design.flow.name] if "flow" in names.document else []
            flows = [*main, "system", *design.flows]
        names.check("flow", each.about, flows)


def _inside_call(name: str, design: model.Model) -> bool:
    """Whether this may be a step of what a step runs, `pack.wrap`; who writes these out knows which there are."""
    steps = design.flow.steps if isinstance(design, model.Orchestration) else {}
    first = base_name(name.partition(".")[0])
    flows = design.flows if isinstance(design, model.Orchestration) else {}
    return "." in name and ((first in steps and steps[first].flow is not None) or first in flows)


def _actions(names: _Names) -> tuple[str, ...]:
    """What can happen before something else: steps, handlers as `participant.handler`, events, actions, transitions."""
    handlers = [
        f"{participant}.{handler}"
        for participant in names.under("participants")
        for key in ("handlers", "on")
        for handler in names.under("participants", participant, key)
    ]
    return (
        *names.under("flow", "steps"),
        *handlers,
        *names.under("events"),
        *names.under("actions"),
        *names.under("transitions"),
    )
