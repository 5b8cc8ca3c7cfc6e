"""Graphs of all shapes to be drawn: by 5, 15 and 40 nodes, as flows and choreographies have them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import networkx as nx

SIZES = (5, 15, 40)
Graph = nx.MultiDiGraph[Any] if hasattr(nx.MultiDiGraph, "__class_getitem__") else nx.MultiDiGraph


def named(shape: str, size: int) -> nx.MultiDiGraph[str]:
    """The graph of a shape with so many steps (or events)."""
    return _SHAPES[shape](size)


def _flow(steps: list[str]) -> nx.MultiDiGraph[str]:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name="generated")
    graph.add_node("(start)", kind="start", label="start")
    for name in steps:
        graph.add_node(name, kind="step", label=name)
    graph.add_node("(end)", kind="end", label="end")
    return graph


def _sequence(size: int) -> nx.MultiDiGraph[str]:
    steps = [f"step {k}" for k in range(size)]
    graph = _flow(steps)
    for a, b in pairwise(["(start)", *steps, "(end)"]):
        graph.add_edge(a, b, kind="sequence", label="")
    return graph


def _diamonds(size: int) -> nx.MultiDiGraph[str]:
    steps = [f"step {k}" for k in range(size)]
    graph = _flow(steps)
    before = ["(start)"]
    for at in range(0, size, 3):
        fork, *branches = steps[at : at + 3]
        for each in before:
            graph.add_edge(each, fork, kind="sequence", label="")
        for number, branch in enumerate(branches):
            graph.add_edge(fork, branch, kind="jump", label=f"amount > {100 * number}")
        before = branches or [fork]
    for each in before:
        graph.add_edge(each, "(end)", kind="sequence", label="")
    return graph


def _wide(size: int) -> nx.MultiDiGraph[str]:
    steps = [f"task {k}" for k in range(size)]
    graph = _flow(steps)
    for step in steps:
        graph.add_edge("(start)", step, kind="sequence", label="")
        graph.add_edge(step, "(end)", kind="sequence", label="")
    return graph


def _failures(size: int) -> nx.MultiDiGraph[str]:
    """A row in which every step fails in several ways, and is undone."""
    graph = _sequence(size)
    steps = [node for node, data in graph.nodes(data=True) if data["kind"] == "step"]
    graph.add_node("(abort)", kind="abort", label="abort")
    for number, step in enumerate(steps):
        for outcome in ("error", "timeout", "its check is false")[: 1 + number % 3]:
            graph.add_edge(step, "(abort)", kind="failure", label=outcome)
    undone = steps[:: max(1, size // 5)]
    for step in undone:
        graph.add_node(f"undo {step}", kind="compensation", label=f"undo {step}")
    for a, b in pairwise(["(abort)", *(f"undo {step}" for step in reversed(undone))]):
        graph.add_edge(a, b, kind="compensation", label="")
    return graph


def _long_labels(size: int) -> nx.MultiDiGraph[str]:
    words = [
        "check the stock of every warehouse",
        "ask the customer",
        "Donaudampfschifffahrtsgesellschaftskapitänsmütze",
        "x",
    ]
    steps = [f"{words[k % len(words)]} {k}" for k in range(size)]
    graph = _flow(steps)
    for number, (a, b) in enumerate(pairwise(["(start)", *steps, "(end)"])):
        label = "inventory.stock >= order.quantity and not customer.blocked" if number % 3 == 1 else ""
        graph.add_edge(a, b, kind="jump" if label else "sequence", label=label)
        if number % 4 == 2:
            graph.add_edge(a, "(end)", kind="jump", label="otherwise, unless it was done before")
    return graph


def _loops(size: int) -> nx.MultiDiGraph[str]:
    """Steps that go back, to themselves and far."""
    graph = _sequence(size)
    steps = [node for node, data in graph.nodes(data=True) if data["kind"] == "step"]
    for number, step in enumerate(steps):
        if number % 3 == 1:
            graph.add_edge(step, step, kind="jump", label="error: attempts < 3")
        if number % 4 == 3:
            graph.add_edge(step, steps[max(0, number - 1 - number % 5)], kind="jump", label="again")
    return graph


def _close_together(size: int) -> nx.MultiDiGraph[str]:
    """Many labelled edges that leave one node: what used to touch."""
    steps = [f"branch {k}" for k in range(size - 1)]
    graph = _flow(["decide", *steps])
    graph.add_edge("(start)", "decide", kind="sequence", label="")
    for number, step in enumerate(steps):
        graph.add_edge("decide", step, kind="choice", label=f"colour == number_{number}")
        graph.add_edge(step, "(end)", kind="sequence", label="")
    graph.add_edge("decide", "(end)", kind="jump", label="otherwise")
    graph.add_edge("decide", "(end)", kind="failure", label="error, timeout")
    return graph


def _events(size: int) -> nx.MultiDiGraph[str]:
    """Handlers that publish events that others handle, with a loop and what leads nowhere."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name="events")
    dice = random.Random(size)
    events = [f"SomethingHappened{k}" for k in range((size + 1) // 2)]
    for event in events:
        graph.add_node(event, kind="event")
    graph.add_node("outside", kind="outside")
    graph.add_edge("outside", events[0], kind="publishes")
    for number in range(size // 2):
        handler = f"service{number % 5}.handle_{number}"
        graph.add_node(handler, kind="handler")
        graph.add_edge(events[number], handler, kind="delivers")
        graph.add_edge(handler, events[(number + 1) % len(events)], kind="publishes")
        if number % 3 == 2:
            graph.add_edge(handler, dice.choice(events), kind="publishes", label="on error")
    return graph


_SHAPES = {
    "sequence": _sequence, "diamonds": _diamonds, "wide": _wide, "failures": _failures, "long labels": _long_labels,
    "loops": _loops, "close together": _close_together, "events": _events,
}  # fmt: skip


def shapes() -> Iterator[tuple[str, int]]:
    """Every shape in every size."""
    for shape in _SHAPES:
        for size in SIZES:
            yield shape, size
