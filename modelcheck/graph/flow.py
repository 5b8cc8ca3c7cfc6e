"""The control-flow graph of an orchestration.

Nodes have a `kind`: start, end, abort, step, compensation. Edges have a `kind`: `sequence` (the target waits for all of
these, or for any with `join: any`), `jump` (a guarded transition, `priority` in the order tried, `when` its text),
`failure` (an outcome that aborts the flow), `compensation` (what is undone before what), `outcome` its outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import networkx as nx

from ..expand import expand, flows_of
from ..expand.order import jumps_after, predecessors
from ..expand.several import title_of
from ..model import Flow, Orchestration, Step, outcome_names
from .reachability import Reachability, reachability

__all__ = [
    "ABORT", "END", "START", "Loops", "flow_graph", "jumps_after", "loops", "order_of_steps", "predecessors",
    "undo_node", "waiting_circles",
]  # fmt: skip

START, END, ABORT = "(start)", "(end)", "(abort)"


def undo_node(step: str) -> str:
    """The node that stands for undoing a step."""
    return f"undo {step}"


def flow_graph(design: Orchestration) -> nx.MultiDiGraph[str]:
    """The control-flow graph of a design's flow; several flows side by side have their own start, end and abort."""
    flows = flows_of(expand(design))
    graphs = {name: _graph_of(each) for name, each in flows.items()}
    if len(graphs) == 1:
        return next(iter(graphs.values()))
    found: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=design.name)
    for name, graph in graphs.items():
        own = {node: f"{node} {name}".strip() for node in (START, END, ABORT) if node in graph}
        for node in own:
            graph.nodes[node]["label"] = f"{graph.nodes[node]['label']} {title_of(name)}"
        renamed = nx.relabel_nodes(graph, own)
        found.add_nodes_from(renamed.nodes(data=True))
        found.add_edges_from(renamed.edges(data=True))
    return found


def waiting_circles(flow: Flow) -> list[tuple[str, ...]]:
    """Steps that wait for each other in a circle, each for the next, none of which can start in another way.

    Each name is the one that stands in an `after`, where one does, so that it knows its place.
    """
    entered = {transition.to for step in flow.steps.values() for transition in step.transitions}
    waits = nx.DiGraph(
        (name, other)
        for name, before in predecessors(flow).items()
        if flow.steps[name].join == "all" and name not in entered
        for other in before or ()
    )
    written = {name: name for step in flow.steps.values() for name in step.after or ()}
    found = []
    for part in nx.strongly_connected_components(waits):
        if len(part) > 1 or any(waits.has_edge(name, name) for name in part):
            circle = nx.find_cycle(waits.subgraph(part), next(name for name in flow.steps if name in part))
            found.append(tuple(written.get(source, source) for source, _ in circle))
    return found


def _graph_of(design: Orchestration) -> nx.MultiDiGraph[str]:
    flow = design.flow
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=design.name)
    graph.add_node(START, kind="start", label="start")
    for name, step in flow.steps.items():
        label = f"end {name}" if step.origin.part_of == name else name
        graph.add_node(name, kind="step", label=label, service=step.service or "", join=step.join)
    graph.add_node(END, kind="end", label="end")
    waits_for = predecessors(flow)
    for name, before in waits_for.items():
        for source in [START] if before == () else before or ():
            if source == START or not jumps_after(flow.steps[source], "ok"):
                graph.add_edge(source, name, kind="sequence", label="", outcome="ok", when=None, priority=0)
    for name, step in flow.steps.items():
        _add_jumps(graph, name, step)
        _add_failures(graph, design, name, step)
    for name in flow.steps:
        if not any(data["outcome"] == "ok" for _, _, data in graph.out_edges(name, data=True)):
            graph.add_edge(name, END, kind="sequence", label="", outcome="ok", when=None, priority=0)
    _add_compensations(graph, design)
    return graph


def _add_jumps(graph: nx.MultiDiGraph[str], name: str, step: Step) -> None:
    for priority, transition in enumerate(step.transitions):
        target = {"end": END, "abort": ABORT}.get(transition.to, transition.to)
        if target == ABORT:
            graph.add_node(ABORT, kind="abort", label="abort")
        text = "otherwise" if transition.when is None else str(transition.when)
        for outcome in transition.on:
            label = text if outcome == "ok" else outcome if transition.when is None else f"{outcome}: {text}"
            graph.add_edge(
                name, target, kind="jump", label=label, outcome=outcome, when=transition.when, priority=priority
            )


def _add_failures(graph: nx.MultiDiGraph[str], design: Orchestration, name: str, step: Step) -> None:
    outcomes = [o for o in outcome_names(step, design.services.get(step.service or "")) if o != "ok"]
    endings = [outcome for outcome in outcomes if not jumps_after(step, outcome)]
    if step.check is not None:
        endings.append("check")
    for outcome in endings:
        graph.add_node(ABORT, kind="abort", label="abort")
        graph.add_edge(name, ABORT, kind="failure", label=outcome, outcome=outcome, when=None, priority=0)


def _add_compensations(graph: nx.MultiDiGraph[str], design: Orchestration) -> None:
    if ABORT not in graph:
        return
    steps = design.flow.steps
    undone = [name for name, step in steps.items() if step.compensation is not None]
    # Each step is drawn after the next ones only: the others follow from these.
    following = order_of_steps(graph, steps).next_among(undone, standing_for_later=undone)
    first = set(undone) - {name for name, later in following.items() if later}
    for name in undone:
        graph.add_node(undo_node(name), kind="compensation", label=f"undo {name}")
    plain = {"kind": "compensation", "label": "", "outcome": "", "when": None, "priority": 0}
    for name in undone:
        if name in first:
            graph.add_edge(ABORT, undo_node(name), **plain)
    for earlier, after in following.items():
        for later in sorted(after):
            graph.add_edge(undo_node(later), undo_node(earlier), **plain)


def order_of_steps(graph: nx.MultiDiGraph[str], steps: Iterable[str]) -> Reachability:
    """Which steps lead to which, of all steps of a graph; those in a loop with each other do not."""
    forward: nx.DiGraph[str] = nx.DiGraph()
    forward.add_nodes_from(steps)
    forward.add_edges_from(
        (source, target)
        for source, target, data in graph.edges(data=True)
        if data["kind"] in ("sequence", "jump") and source in forward and target in forward
    )
    return reachability(forward)


@dataclass(frozen=True)
class Loops:
    """The steps that can run more than once, as the strongly connected parts of the flow."""

    parts: tuple[frozenset[str], ...]

    @cached_property
    def _steps(self) -> frozenset[str]:
        return frozenset[str]().union(*self.parts)

    def __contains__(self, step: object) -> bool:
        return step in self._steps


def loops(graph: nx.MultiDiGraph[str]) -> Loops:
    """The cyclic parts of a flow; retries are not among them."""
    forward = nx.DiGraph(
        (source, target) for source, target, data in graph.edges(data=True) if data["kind"] in ("sequence", "jump")
    )
    parts = [part for part in nx.strongly_connected_components(forward) if len(part) > 1]
    parts += [{node} for node in forward if forward.has_edge(node, node)]
    return Loops(tuple(frozenset(part) for part in parts))
