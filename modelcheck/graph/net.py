"""The graph of a net: places and transitions, with an edge an arc."""

from __future__ import annotations

import networkx as nx

from ..petri import Net


def net_graph(net: Net) -> nx.MultiDiGraph[str]:
    """Places (kind `place`; `marked` with tokens at the start, `sink` where it ends) and transitions, with the arcs.

    An arc of a weight other than 1 has it as its label. A transition of the same name as a place is called `name!`.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    ends = set(net.sinks) | {place for marking in net.final for place, number in marking.items() if number}
    for name, place in net.places.items():
        kind = "sink" if name in ends else "marked" if place.tokens else "place"
        tokens = f" ({place.tokens})" if place.tokens else ""
        graph.add_node(name, kind=kind, label=f"{place.title or name}{tokens}")
    for name, each in net.transitions.items():
        node = f"{name}!" if name in net.places else name
        graph.add_node(node, kind="transition", label=each.title or name)
        for place, number in each.takes.items():
            graph.add_edge(place, node, kind="arc", label="" if number == 1 else str(number))
        for place, number in each.gives.items():
            graph.add_edge(node, place, kind="arc", label="" if number == 1 else str(number))
    return graph
