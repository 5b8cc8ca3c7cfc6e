"""The same tasks in another order: one after another, side by side, or as a graph says; in both styles.

A task that waits for several others is, in a choreography, a participant that remembers what it has heard, and begins
when it has heard everything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import networkx as nx

from .. import model
from ..errors import ModelError, Problem, did_you_mean

# Each shape: whether a coordinator calls the tasks, or they react to events.
ORCHESTRATED = ("sequence", "parallel", "graph")
REACTING = ("chain", "star", "events", "one listener")
SHAPES = (*ORCHESTRATED, *REACTING)
FREE = ("graph", "events")  # they follow a graph that is given
BUS, INSIDE = "bus", "inside"
MOST_TASKS = 200

Times = Mapping[str, model.Delay]


def arrange(
    shape: str,
    tasks: Times,
    order: nx.DiGraph[str] | Iterable[tuple[str, str]] | None = None,
    call: float = 0.0,
    event: float = 0.0,
) -> model.Orchestration | model.Choreography:
    """The tasks as a `sequence`, `parallel` or a `graph` (orchestrations), as a `chain`, a `star`, `events` along a
    graph, or a star with `one listener` (choreographies).

    tasks: how long each takes, in order. order: a graph without cycles, or its edges: which task must end before which
    begins; needed for `graph` and `events`. call, event: what each call and each event costs, in seconds.
    Raises `ModelError` (E422): no such shape, too many tasks, an order with a cycle or of other tasks.
    """
    graph = order_of(shape, tasks, order)
    if not all(math.isfinite(cost) and cost >= 0 for cost in (call, event)):
        raise ModelError([Problem("E422", "an overhead is a number of seconds from 0 on")])
    if shape in ORCHESTRATED:
        return _flow(shape, tasks, graph, call)
    return _events(shape, tasks, graph, event)


def order_of(
    shape: str, tasks: Iterable[str], order: nx.DiGraph[str] | Iterable[tuple[str, str]] | None = None
) -> nx.DiGraph[str]:
    """Which task waits for which in a shape. Raises `ModelError` (E422)."""
    names = list(tasks)
    if shape not in SHAPES:
        raise ModelError([Problem("E422", f"unknown topology '{shape}'", None, did_you_mean(shape, SHAPES))])
    if not 1 <= len(names) <= MOST_TASKS:
        raise ModelError([Problem("E422", f"cannot arrange {len(names)} tasks", None, f"from 1 to {MOST_TASKS}")])
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(names)
    if shape in ("sequence", "chain"):
        nx.add_path(graph, names)
    elif shape in FREE:
        if order is None:
            raise ModelError([Problem("E422", f"'{shape}' needs an order of the tasks", None, "give a graph or edges")])
        graph.add_edges_from(order.edges() if isinstance(order, nx.Graph) else order)
        if strange := [name for name in graph if name not in names]:
            hint = did_you_mean(str(strange[0]), names)
            raise ModelError([Problem("E422", f"the order speaks of '{strange[0]}', which is no task", None, hint)])
        if not nx.is_directed_acyclic_graph(graph):
            circle = " -> ".join(edge[0] for edge in nx.find_cycle(graph))
            raise ModelError([Problem("E422", f"tasks wait for each other in a circle: {circle}")])
        graph = nx.transitive_reduction(graph)
    return graph


def _constant(seconds: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": seconds})


def _flow(shape: str, tasks: Times, order: nx.DiGraph[str], call: float) -> model.Orchestration:
    return model.Orchestration(
        name=shape,
        services={name: model.Service(time=time) for name, time in tasks.items()},
        coordinators={"coordinator": model.Coordinator(overhead=_constant(call))},
        flow=model.Flow(
            steps={name: model.Step(service=name, after=tuple(sorted(order.predecessors(name)))) for name in tasks}
        ),
    )


def _events(shape: str, tasks: Times, order: nx.DiGraph[str], event: float) -> model.Choreography:
    before = {name: sorted(order.predecessors(name)) for name in tasks}
    joins = {name: each for name, each in before.items() if len(each) > 1}
    heard = {name: [_done(each) for each in before[name]] or ["begin"] for name in tasks}
    told = {_done(name) for name in tasks if order.out_degree(name)}
    events = {"begin": model.Event(topic=BUS)} | {name: model.Event(topic=BUS) for name in sorted(told)}
    events |= {_ready(name): model.Event(topic=INSIDE) for name in joins}
    channels = {BUS: model.Channel(deliver=_constant(event))} | ({INSIDE: model.Channel()} if joins else {})
    routes = {each: tuple(name for name in tasks if each in heard[name]) for each in ("begin", *sorted(told))}
    return model.Choreography(
        name=shape,
        events=events,
        topics={name: name for name in channels},
        channels=channels,
        routes={event: to for event, to in routes.items() if to} | {_ready(name): (name,) for name in joins},
        starts=(model.Publication(event="begin"),),
        participants={
            name: _participant(name, time, heard[name], name in joins, _done(name) in told)
            for name, time in tasks.items()
        },
        listeners=1 if shape == "one listener" else None,
    )


def _participant(name: str, time: model.Delay, heard: list[str], joins: bool, tells: bool) -> model.Participant:
    """One that does a task when it has heard of everything that the task waits for."""
    publishes = (model.Publication(event=_done(name)),) if tells else ()
    if not joins:
        handler = model.Handler(on=heard[0], task=name, time=time, publishes=publishes)
        return model.Participant(subscribes=(heard[0],), handlers={"work": handler}, workers=None)
    known = {f"heard_{number}": event for number, event in enumerate(heard, start=1)}
    everything = " and ".join(known)
    ready = model.Publication(event=_ready(name), when=everything)
    handlers = {
        f"hear_{number}": model.Handler(on=event, task=f"{name}_hears_{event}", effect={flag: True}, publishes=(ready,))
        for number, (flag, event) in enumerate(known.items(), start=1)
    }
    handlers["work"] = model.Handler(on=_ready(name), task=name, time=time, publishes=publishes)
    return model.Participant(
        variables={flag: model.Variable(type="bool", initial=False) for flag in known},
        subscribes=(*heard, _ready(name)),
        handlers=handlers,
        workers=None,
    )


def _done(task: str) -> str:
    return f"{task}_done"


def _ready(task: str) -> str:
    return f"{task}_ready"
