"""Max-plus for choreographies: where each handler reacts at most once in a job, with no guard and no queue.

A handler begins when its event has been published and delivered to it; so its end is the end of the handler before it
plus delays, and a job takes as long as its longest causal path.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx
import numpy as np

from .. import model
from ..graph.events import DEFAULT_CHANNEL, channel_of, deliveries
from ..system import TransitionSystem
from .delays import Array
from .jobs import Runs
from .maxplus import alike, arrivals, latest, work
from .plan import Plan
from .plan_reactions import handlers_of


@dataclass(frozen=True)
class Reaction:
    """A handler, and what it reacts to: an event published by the handler `cause` (empty: by the outside)."""

    handler: str
    cause: str
    event: str | None
    queue: str


def obstacle_in_events(design: model.Choreography, plan: Plan, system: TransitionSystem) -> str:
    """Why the times of a choreography are more than its longest paths; empty where they are just these."""
    for _, key, handler in handlers_of(design):
        if handler.when is not None or any(each.when is not None for each in handler.publishes):
            return f"{key} has a guard"
        if len(plan.tasks["step", key].shares) > 1 or plan.tasks["step", key].shares[0][0] != "ok":
            return f"{key} can fail"
    if any(start.when is not None for start in design.starts):
        return "the outside publishes under a condition"
    for delivery in deliveries(design):
        if delivery.effective and len(delivery.handlers) > 1:
            return f"{delivery.participant} has several handlers on {delivery.event}"
    found: list[Reaction] = []
    for reaction in reactions(design):
        if any(each.handler == reaction.handler for each in found):
            return f"{reaction.handler} reacts more than once"
        found.append(reaction)
    return _crowded(design, plan, system, found)


def handlers_in_order(design: model.Choreography) -> nx.DiGraph[str]:
    """Which handler comes after which, where each reacts once."""
    order: nx.DiGraph[str] = nx.DiGraph()
    for each in reactions(design):
        order.add_node(each.handler)
        if each.cause:
            order.add_edge(each.cause, each.handler)
    return order


def _crowded(design: model.Choreography, plan: Plan, system: TransitionSystem, found: list[Reaction]) -> str:
    """Whether messages can overtake each other, or find no room."""
    for queue in dict.fromkeys(each.queue for each in found if each.queue):
        messages = sum(each.queue == queue for each in found)
        channel = design.channels.get(queue.partition(">")[0], model.Channel())
        costs = [cost for cost in (channel.publish, channel.deliver) if cost is not None]
        if plan.together and channel.capacity is not None:
            return f"jobs arrive and share the queue {queue}"
        overtaken = messages > 1 or (plan.together and channel.order == "fifo")
        if overtaken and any(cost.distribution != "constant" for cost in costs):
            return f"several messages go through {queue}"
        if f"{queue}.{messages - 1}.event" not in system.positions:
            return f"{queue} may be too small"
    return ""


def reactions(design: model.Choreography) -> Iterator[Reaction]:
    """Every reaction of a job, causes before effects; it may go on for ever where events cause each other."""
    handlers = {key: handler for _, key, handler in handlers_of(design)}
    received = [delivery for delivery in deliveries(design) if delivery.effective]
    causes: list[str] = [""]
    for key, handler in handlers.items():
        if handler.on is None:
            yield Reaction(key, "", None, "")
            causes.append(key)
    for cause in causes:
        published = handlers[cause].publishes if cause else design.starts
        for event in (publication.event for publication in published if "ok" in publication.on):
            for delivery in received:
                if delivery.event == event:
                    key = f"{delivery.participant}.{delivery.handlers[0]}"
                    place = channel_of(design, event) or DEFAULT_CHANNEL
                    yield Reaction(key, cause, event, f"{place}>{delivery.participant}")
                    causes.append(key)


def run_events(design: model.Choreography, plan: Plan, jobs: range) -> Runs:
    """All jobs of a choreography that has no obstacle."""
    handlers = {key: handler for _, key, handler in handlers_of(design)}
    arrived = arrivals(plan, jobs)
    ended: dict[str, Array] = {"": arrived}
    publishes, delivered = len(design.starts), 0
    starts = dict.fromkeys(plan.tasks, 0)
    for reaction in reactions(design):
        begun = ended[reaction.cause]
        if reaction.event is not None:
            delivered += 1
            publish = plan.publish.get(reaction.event)
            deliver = plan.deliver.get((reaction.event, reaction.queue))
            begun = begun if publish is None else begun + publish.of_jobs(jobs)
            begun = begun if deliver is None else begun + deliver.of_jobs(jobs)
        key = ("step", reaction.handler)
        ended[reaction.handler], _ = work(plan.tasks[key], begun, jobs)
        publishes += sum("ok" in each.on for each in handlers[reaction.handler].publishes)
        starts[key] = len(jobs)
    calls = np.full(len(jobs), float(len(ended) - 1))
    return Runs(
        latest(ended.values(), arrived) - arrived, alike(jobs), ("finished",), np.zeros(len(jobs)), calls,
        np.full(len(jobs), float(publishes)), np.full(len(jobs), float(delivered)), jobs.start, starts,
    )  # fmt: skip
