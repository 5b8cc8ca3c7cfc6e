"""Two kinds of flow about which the graph alone says much: one token, and plain partial orders."""

from __future__ import annotations

import networkx as nx

from ..model import Flow, Orchestration
from .flow import START, predecessors
from .reachability import Reachability, reachability


def plain_order(design: Orchestration) -> Reachability | None:
    """The partial order of a flow in which each step gets one token on each of its ways in, once; None for others.

    Such a flow has no transitions, no `join: any` of several steps and no circle. As a Petri net it is a marked graph
    without directed circuits (Commoner, Holt, Even and Pnueli 1971): whatever the order in which steps end, each that
    is not kept from it by a failure runs (or is skipped) exactly once, after all that lead to it.
    """
    flow = design.flow
    waits_for = predecessors(flow)
    forward: nx.DiGraph[str] = nx.DiGraph()
    forward.add_nodes_from(flow.steps)
    for name, step in flow.steps.items():
        before = waits_for[name]
        if step.transitions or before is None or (len(before) > 1 and step.join != "all"):
            return None
        forward.add_edges_from((source, name) for source in before)
    return reachability(forward) if nx.is_directed_acyclic_graph(forward) else None


def has_joins(flow: Flow) -> bool:
    """Whether some step waits for several others at once."""
    waits_for = predecessors(flow)
    return any(len(waits_for[name] or ()) > 1 and step.join == "all" for name, step in flow.steps.items())


def is_sequential(flow: Flow, graph: nx.MultiDiGraph[str]) -> bool:
    """Whether one token moves through the flow: one start, no fork, no join of several."""
    forks = any(
        sum(data["kind"] == "sequence" for _, _, data in graph.out_edges(name, data=True)) > 1 for name in flow.steps
    )
    return graph.out_degree(START) == 1 and not forks and not has_joins(flow)
