"""Under which hypotheses the time formulas are true, and which of them a pair of designs breaks, with the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import networkx as nx

from .. import model
from ..graph.flow import flow_graph, loops
from ..load.delays import write_delay
from ..simulate import SimulationResult
from ..simulate.delays import bounds
from ..simulate.plan import coordinator_of
from .outline import Outline, Work, handlers_of

MOST_NAMED = 3
SUM, MAXIMUM, COMPARISON = "3.3.1", "3.3.2", "3.3.3"


@dataclass(frozen=True)
class Hypothesis:
    """A hypothesis of a formula (3.3.1: the sum, 3.3.2: the maximum, 3.3.3: the comparison), and what breaks it
    here."""

    theorem: str
    name: str
    evidence: str = ""

    @property
    def holds(self) -> bool:
        return not self.evidence

    def to_dict(self) -> dict[str, object]:
        return {"theorem": self.theorem, "name": self.name, "holds": self.holds, "evidence": self.evidence}


def hypotheses_of(
    orchestration: Outline, choreography: Outline, simulated: tuple[SimulationResult, SimulationResult]
) -> tuple[Hypothesis, ...]:
    """Every hypothesis of the three formulas, broken or not."""
    flow, events = orchestration.design, choreography.design
    assert isinstance(flow, model.Orchestration)
    assert isinstance(events, model.Choreography)
    first, _ = simulated
    calls = {} if (coordinator := coordinator_of(flow)) is None else {coordinator[0]: coordinator[1].overhead}
    if coordinator is not None:
        calls[f"what {coordinator[0]} spends on a flow"] = coordinator[1].per_flow
    calls |= {name: step.overhead for name, step in flow.flow.steps.items() if step.overhead is not None}
    hops: dict[str, model.Delay | None] = {}
    for name, channel in events.channels.items():
        hops |= {f"publishing on {name}": channel.publish, f"delivery on {name}": channel.deliver}
    return (
        Hypothesis(SUM, "the steps run strictly one after another", _side_by_side(orchestration)),
        Hypothesis(SUM, "every step runs exactly once", _listed(_not_once_in_flow(flow, orchestration))),
        Hypothesis(SUM, "nothing fails", _listed(_failures_in_flow(flow))),
        Hypothesis(SUM, "nothing is compensated", _undone(flow, first)),
        Hypothesis(SUM, "nothing queues", _queueing_in_flow(flow, orchestration)),
        Hypothesis(SUM, "durations are constant", _varying(flow_delays(flow), alone=orchestration.sequential)),
        Hypothesis(SUM, "the overhead of a call is constant", _varying(calls, alone=True)),
        Hypothesis(MAXIMUM, "every reaction starts at once", _waiting(choreography)),
        Hypothesis(MAXIMUM, "workers are unlimited", _queueing_in_events(events, choreography)),
        Hypothesis(MAXIMUM, "every handler runs exactly once", _listed(_not_once_in_events(events, choreography))),
        Hypothesis(MAXIMUM, "nothing fails", _listed(_failures_in_events(events))),
        Hypothesis(MAXIMUM, "durations are constant", _varying(event_delays(events), choreography.sequential)),
        Hypothesis(MAXIMUM, "the overhead of an event is constant", _varying(hops, alone=True)),
        Hypothesis(COMPARISON, "both do the same tasks", _different(orchestration, choreography)),
        Hypothesis(COMPARISON, "a shared task takes as long in both", _longer(orchestration, choreography)),
        Hypothesis(COMPARISON, "a shared task fails as often in both", _failing(orchestration, choreography)),
        Hypothesis(COMPARISON, "the orchestration is sequential", _side_by_side(orchestration)),
    )


def flow_delays(design: model.Orchestration) -> dict[str, model.Delay | None]:
    """How long each step takes: its own time, else its service's."""
    services = design.services
    return {
        name: step.time
        or (services[step.service].time if step.service is not None and step.service in services else None)
        for name, step in design.flow.steps.items()
    }


def event_delays(design: model.Choreography) -> dict[str, model.Delay | None]:
    """How long each handler takes."""
    return {name: handler.time for name, handler in handlers_of(design)}


def _side_by_side(outline: Outline) -> str:
    return _listed(f"{first} and {second} can run side by side" for first, second in outline.concurrent)


def _not_once_in_flow(design: model.Orchestration, outline: Outline) -> Iterator[str]:
    cyclic = loops(flow_graph(design))
    for name, step in design.flow.steps.items():
        retry = step.retry or design.policies.retry
        if name in cyclic:
            yield f"{name} is in a loop"
        elif retry is not None and retry.attempts != 1 and _can_fail(design, step):
            most = "any number of" if retry.attempts is None else f"up to {retry.attempts}"
            yield f"{name} is tried {most} times"
        elif step.when is not None:
            yield f"{name} is skipped unless {step.when}"
        elif any(transition.when is not None for transition in step.transitions):
            yield f"{name} chooses what comes next"
    yield from (f"{work.name} is not in the complete run" for work in outline.others)


def _can_fail(design: model.Orchestration, step: model.Step) -> bool:
    return len(model.outcome_names(step, design.services.get(step.service or ""))) > 1


def _failures_in_flow(design: model.Orchestration) -> Iterator[str]:
    for name, step in design.flow.steps.items():
        service = design.services.get(step.service or "")
        if service is not None and service.fails:
            yield f"{name} ends as {_shares(service.fails)}"
        elif _can_fail(design, step):
            yield f"{name} can fail"
        if step.timeout is not None:
            yield f"{name} has a timeout"
        if step.check is not None:
            yield f"{name} is checked"
    used = {step.service for step in design.flow.steps.values()}
    yield from (f"{name} crashes" for name, each in design.services.items() if name in used and each.crashes)


def _failures_in_events(design: model.Choreography) -> Iterator[str]:
    for name, handler in handlers_of(design):
        if handler.fails:
            yield f"{name} ends as {_shares(handler.fails)}"
        elif any(outcome != "ok" for outcome in handler.outcomes):
            yield f"{name} can fail"
    yield from (f"{name} crashes" for name, each in design.participants.items() if each.crashes)


def _shares(fails: Mapping[str, float]) -> str:
    return " and ".join(f"{outcome} ({100 * share:g} %)" for outcome, share in fails.items()) or "nothing but ok"


def _undone(design: model.Orchestration, simulated: SimulationResult) -> str:
    if not any(step.compensation is not None for step in design.flow.steps.values()):
        return ""
    return f"{simulated.undos.value:.3g} undos a job" if simulated.undos.value else ""


def _queueing_in_flow(design: model.Orchestration, outline: Outline) -> str:
    coordinator = coordinator_of(design)
    slots = coordinator[1].concurrency if coordinator is not None else None
    limited = {name: service.workers for name, service in design.services.items() if service.workers is not None}
    if design.arrivals is not None and (limited or slots is not None):
        return f"jobs arrive and share {_workers(limited) if limited else f'{slots} slots of the coordinator'}"
    if slots is not None and slots < (most := most_at_once(outline, outline.works)):
        return f"the coordinator has {slots} slot{'s' if slots != 1 else ''}, for {most} steps at once"
    desk = coordinator[1].workers if coordinator is not None else None
    if coordinator and desk and (design.arrivals is not None or desk < most_at_once(outline, outline.works)):
        return f"calls wait for {_workers({coordinator[0]: desk})}"
    for name, count in limited.items():
        own = [step for step, work in outline.works.items() if work.owner == name]
        if most_at_once(outline, own) > count:
            return f"{' and '.join(own)} share {_workers({name: count})}"
    return ""


def _queueing_in_events(design: model.Choreography, outline: Outline) -> str:
    if design.listeners is not None:
        who = "one listener handles everything, in turn" if design.listeners == 1 else ""
        return who or f"{design.listeners} listeners handle everything"
    lanes = {name: each.partitions for name, each in design.channels.items() if each.partitions is not None}
    if lanes and design.arrivals is not None:
        return f"messages wait for the partitions of {_listed(lanes, ', ')}"
    limited = {name: each.workers for name, each in design.participants.items() if each.workers is not None}
    if design.arrivals is not None and limited:
        return f"jobs arrive and share {_workers(limited)}"
    for name, count in limited.items():
        own = [handler for handler, work in outline.works.items() if work.owner == name]
        if most_at_once(outline, own) > count:
            return f"{' and '.join(own)} wait for {_workers({name: count})}"
    return ""


def most_at_once(outline: Outline, names: Iterable[str]) -> int:
    """The most of these tasks that no order keeps apart: the largest antichain, by Dilworth's theorem (1950) the fewest
    chains that cover them, and so their number less a largest matching of "waits for"."""
    chosen = list(names)
    matched: nx.Graph[tuple[str, int]] = nx.Graph()
    matched.add_nodes_from((name, 0) for name in chosen)
    for name in chosen:
        matched.add_edges_from(((name, 0), (later, 1)) for later in nx.descendants(outline.order, name) & set(chosen))
    pairs = nx.bipartite.hopcroft_karp_matching(matched, top_nodes=[(name, 0) for name in chosen])
    return len(chosen) - len(pairs) // 2


def _workers(limited: Mapping[str, int | None]) -> str:
    named = [f"{count} worker{'s' if count != 1 else ''} of {name}" for name, count in limited.items()]
    return _listed(named, ", ")


def _waiting(outline: Outline) -> str:
    timed = {name for name, work in outline.works.items() if work.mean is not None}
    path = [name for name in outline.path if name in timed]
    if len(path) < 2:
        return ""
    return f"{' -> '.join(path)} wait for each other"


def _not_once_in_events(design: model.Choreography, outline: Outline) -> Iterator[str]:
    for name, work in outline.works.items():
        if work.visits > 1:
            yield f"{name} runs {work.visits} times"
    for name, channel in design.channels.items():
        if channel.delivery == "at least once":
            yield f"{name} may deliver a message again"
    for name, handler in handlers_of(design):
        if handler.on_failure == "retry" and handler.fails:
            yield f"{name} is tried again after a failure"
    yield from (f"{work.name} is not in the complete run" for work in outline.others)


def _varying(delays: Mapping[str, model.Delay | None], alone: bool) -> str:
    """Which delays vary. `alone`: nothing runs at the same time, so that at least the mean is the formula's."""
    kinds: dict[str, list[str]] = {}
    for name, delay in delays.items():
        if delay is not None and varies(delay):
            kinds.setdefault(delay.distribution, []).append(name)
    if not kinds:
        return ""
    named = [f"{_listed(names, ', ')} {'are' if len(names) > 1 else 'is'} {kind}" for kind, names in kinds.items()]
    effect = "the mean is still the sum of the means" if alone else "a mean of maxima is more than a maximum of means"
    return f"{_listed(named)}: {effect}"


def varies(delay: model.Delay) -> bool:
    """Whether a delay is not always the same."""
    low, high = bounds(delay)
    return low < high


def only_in(first: Iterable[Work], second: Iterable[Work]) -> tuple[Work, ...]:
    """The tasks with a duration that the second design does not have."""
    there = {work.task for work in second}
    return tuple(work for work in first if work.mean is not None and work.task not in there)


def _different(first: Outline, second: Outline) -> str:
    ours, theirs = (tuple(outline.works.values()) for outline in (first, second))
    parts = []
    for who, found in (("orchestration", only_in(ours, theirs)), ("choreography", only_in(theirs, ours))):
        if found:
            parts.append(f"only the {who} does {_listed((work.task for work in found), ', ')}")
    return "; ".join(parts)


def _longer(first: Outline, second: Outline) -> str:
    assert isinstance(first.design, model.Orchestration)
    assert isinstance(second.design, model.Choreography)
    ours, theirs = flow_delays(first.design), event_delays(second.design)
    there = {work.task: work.name for work in second.works.values()}
    return _listed(
        f"{work.task} takes {_delay(ours[name])} in one, {_delay(theirs[there[work.task]])} in the other"
        for name, work in first.works.items()
        if work.task in there and ours[name] != theirs[there[work.task]]
    )


def _failing(first: Outline, second: Outline) -> str:
    assert isinstance(first.design, model.Orchestration)
    assert isinstance(second.design, model.Choreography)
    handlers = {second.works[name].task: each for name, each in handlers_of(second.design) if name in second.works}
    found = []
    for name, work in first.works.items():
        service = first.design.services.get(first.design.flow.steps[name].service or "")
        ours = dict(service.fails) if service is not None else {}
        if work.task in handlers and ours != (theirs := dict(handlers[work.task].fails)):
            found.append(f"{work.task} ends as {_shares(ours)} in one, {_shares(theirs)} in the other")
    return _listed(found)


def _delay(delay: model.Delay | None) -> str:
    if delay is None:
        return "no time"
    return write_delay(delay)


def _listed(items: Iterable[str], separator: str = "; ") -> str:
    """The first few, and how many more there are."""
    found = list(items)
    more = len(found) - MOST_NAMED
    return separator.join(found[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
