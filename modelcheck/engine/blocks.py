"""Larger blocks: nodes of a loop are eliminated by composing the edges into them with those out of them.

What goes round in the smaller graph goes round in the larger one and conversely, and paths that no state can take show
themselves as guards that are false, so that simple ranking functions suffice (large-block encoding: Beyer, Cimatti,
Griggio, Keremoglu & Sebastiani 2009).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..expressions import FALSE, conjunction, substitute
from .control_flow import Edge, Node

MOST_EDGES = 64


def compose(first: Edge, second: Edge) -> Edge:
    """Taking one edge and then the other."""
    after = {**first.updates, **{name: substitute(value, first.updates) for name, value in second.updates.items()}}
    guard = conjunction([first.guard, substitute(second.guard, first.updates)])
    parameters = {**first.parameters, **second.parameters}
    return Edge(first.source, second.target, guard, after, f"{first}, {second}", parameters)


def large_blocks(edges: Sequence[Edge]) -> list[Edge]:
    """The edges with as many nodes eliminated as can be without the graph growing much.

    Edges with parameters are left alone: composing them would confuse their choices.
    """
    current = list(edges)
    if any(edge.parameters for edge in edges):
        return current
    while (node := _cheapest(current)) is not None:
        into = [edge for edge in current if edge.target == node]
        out = [edge for edge in current if edge.source == node]
        rest = [edge for edge in current if node not in (edge.source, edge.target)]
        composed = [compose(first, second) for first in into for second in out]
        current = rest + [edge for edge in composed if edge.guard != FALSE]
    return current


def _cheapest(edges: Sequence[Edge]) -> Node | None:
    """The node whose elimination adds fewest edges: not one with a loop of its own, and not the last."""
    best: tuple[int, Node] | None = None
    nodes = list(dict.fromkeys(node for edge in edges for node in (edge.source, edge.target)))
    for node in nodes[1:]:
        into = sum(edge.target == node for edge in edges)
        out = sum(edge.source == node for edge in edges)
        if any(edge.source == node == edge.target for edge in edges) or not into or not out:
            continue
        growth = into * out - into - out
        if len(edges) + growth <= MOST_EDGES and (best is None or growth < best[0]):
            best = (growth, node)
    return best[1] if best else None
