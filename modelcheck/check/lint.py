"""Lint: what is declared and never used, what can never be reached, names that are easily confused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from itertools import pairwise

import networkx as nx

from .. import model
from ..errors import position_of
from ..expand import expand, flows_of
from ..expand.timeouts import with_timeouts
from ..expressions import Resolver
from ..graph.flow import ABORT, END, START, flow_graph
from ..results import Finding

# Declaring a name is not using it.
DECLARATIONS = frozenset(
    {"name", "description", "constants", "variables", "services", "coordinators", "engines", "expect"}
)
_WORD = re.compile(r"[^\W\d]\w*")


def lint(design: model.Model) -> list[Finding]:
    """Everything about a design that is worth a second look, in the order of the code."""
    found = [*_unused(design), *_confusable(design)]
    if isinstance(design, model.Orchestration):
        from .compensation import policy_findings

        found += _impossible(design)
        design = expand(design)
        for each in flows_of(design).values():
            found += [*_unreachable(each), *_context(each)]
        found += policy_findings(design)
    if isinstance(design, model.Choreography):
        from .delivery import delivery_findings

        found += [*_duplicates(design), *delivery_findings(design)]
    return sorted(found, key=lambda finding: finding.code)


def _texts(value: object) -> Iterator[str]:
    """Every string within a part of a model, the keys of mappings (what is assigned) included."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            yield from _texts(getattr(value, each.name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, (tuple, list)):
        for inner in value:
            yield from _texts(inner)


def _words(*values: object) -> set[str]:
    return {word for value in values for text in _texts(value) for word in _WORD.findall(text)}


def _unused(design: model.Model) -> Iterator[Finding]:
    def warn(names: Iterable[str], used: set[str], what: str) -> Iterator[Finding]:
        for name in names:
            if name not in used:
                yield Finding("W301", f"{what} '{name}' is never used", position=position_of(name))

    used = _words(*(getattr(design, each.name) for each in fields(design) if each.name not in DECLARATIONS))
    ranges = _words([v.type for v in design.variables.values()], [v.over for v in design.variables.values()])
    initial = _words([str(v.initial) for v in design.variables.values()])
    yield from warn(design.variables, used, "variable")
    yield from warn(design.constants, used | ranges | initial | _words(list(design.constants.values())), "constant")
    match design:
        case model.Orchestration():
            flows = [design.flow, *design.flows.values()]
            steps = [step for flow in flows for step in flow.steps.values()]
            services = {step.service for step in steps} | {s.compensation.service for s in steps if s.compensation}
            yield from warn(design.services, {name for name in services if name}, "service")
            engines = {flow.engine for flow in flows} | {each.engine for each in design.coordinators.values()}
            yield from warn(design.engines, {name for name in engines if name}, "engine")
            if len(design.coordinators) > 1:
                yield from warn(design.coordinators, {flow.coordinator or "" for flow in flows}, "coordinator")
        case model.Choreography():
            topics = {event.topic for event in design.events.values() if event.topic}
            yield from warn(design.topics, topics, "topic")
            if len(design.channels) > 1:
                yield from warn(design.channels, set(design.topics.values()) | topics, "channel")


def _confusable(design: model.Model) -> Iterator[Finding]:
    """Names of one kind that differ only in case, underscores or a final s."""
    names: list[str] = [*design.variables, *design.constants]
    if isinstance(design, model.Orchestration):
        names += [*design.flow.steps, *(step for flow in design.flows.values() for step in flow.steps)]
    if isinstance(design, model.Choreography):
        names += [*design.events, *design.participants]

    def folded(name: str) -> str:
        return name.lower().replace("_", "").rstrip("s")

    for first, second in pairwise(sorted(names, key=folded)):
        if first != second and folded(first) == folded(second):
            yield Finding("W302", f"'{first}' and '{second}' are easily confused", "note", position_of(second))


def _unreachable(design: model.Orchestration) -> Iterator[Finding]:
    graph = flow_graph(design)
    reached = nx.descendants(graph, START) | {START}
    for name in design.flow.steps:
        if name not in reached:
            hint = "no step leads to it: write `after`, or a transition to it"
            yield Finding("W303", f"step '{name}' can never run", position=position_of(name), hint=hint)
    if END not in reached and ABORT not in reached:
        yield Finding("W304", "no way through the flow reaches its end", position=position_of(design.name))


def _impossible(design: model.Orchestration) -> Iterator[Finding]:
    """What is said of outcomes in which a step cannot end, and transitions after one that is always taken."""
    design = with_timeouts(design, Resolver())
    steps = [each for flow in flows_of(design).values() for each in flow.flow.steps.items() if each[1].flow is None]
    outcomes = {id(step): set(model.outcome_names(step, design.services.get(step.service or ""))) for _, step in steps}
    # What was written once may stand for many: copies, and the steps of a flow that is left when one of them fails.
    taken = {
        str(position_of(transition.to))
        for _, step in steps
        for transition in step.transitions
        if position_of(transition.to) and set(transition.on) & outcomes[id(step)]
    }
    for name, step in steps:
        possible = outcomes[id(step)]
        if step.retry is not None and not set(step.retry.on) & possible:
            message = f"'{name}' is never tried again: it cannot end as {' or '.join(step.retry.on)}"
            hint = "give it outcomes or a timeout, or its service failures"
            yield Finding("W308", message, position=position_of(name), hint=hint)
        always: set[str] = set()
        for transition in step.transitions:
            if not set(transition.on) & possible and str(position_of(transition.to)) in taken:
                continue
            if not set(transition.on) & possible:
                message = f"'{name}' never goes to '{transition.to}': it cannot end as {' or '.join(transition.on)}"
                yield Finding("W308", message, position=position_of(transition.to))
            elif step.choice == "ordered" and set(transition.on) <= always:
                message = f"'{name}' never goes to '{transition.to}': a transition before it is always taken"
                yield Finding("W309", message, position=position_of(transition.to), hint="write 'otherwise' last")
            elif transition.when is None or transition.when is True or str(transition.when) == "true":
                always |= set(transition.on)


def _duplicates(design: model.Choreography) -> Iterator[Finding]:
    """A number of duplicates on a channel that has none."""
    for name, channel in design.channels.items():
        if channel.delivery == "exactly once" and channel.duplicates != 1:
            message = f"'{name}' delivers exactly once: its duplicates mean nothing"
            yield Finding("W337", message, position=position_of(name), hint="write 'delivery: at least once'")


def _context(design: model.Orchestration) -> Iterator[Finding]:
    """The seed's input and output mappings: keys that are written twice, or written and never read."""
    writers: dict[str, str] = {}
    read = {key for step in design.flow.steps.values() for key in step.input.values()}
    for name, step in design.flow.steps.items():
        service = design.services.get(step.service or "")
        provided = service.provides if service else None
        for key, output in step.output.items():
            if key in writers or key in design.flow.context:
                other = f"what '{writers[key]}' wrote" if key in writers else "the flow's own input"
                yield Finding("W305", f"'{name}' overwrites {other} at '{key}'", position=position_of(key))
            writers[key] = name
            if provided is not None and output not in provided:
                message = f"'{step.service}' does not provide '{output}', so '{key}' is never written"
                yield Finding("W306", message, position=position_of(output))
    for key, name in writers.items():
        if key not in read and key != "output":
            yield Finding("W307", f"'{key}', written by '{name}', is never read", "note", position_of(key))
