"""The verb graph."""

from __future__ import annotations

import argparse

from .exits import GOOD
from .inputs import load_named
from .terminal import print_json


def run(chosen: argparse.Namespace) -> int:
    """Prints or draws the graph of a design."""
    from ..api import graph as drawn
    from ..report.diagram import FORMATS, graph_data, to_text

    design, _ = load_named(chosen.model, chosen)
    graph = drawn(design, states=chosen.states, property=chosen.property)
    if chosen.output is not None:
        from ..plot.graph import save_graph

        save_graph(graph, chosen.output, graphviz=chosen.layout == "graphviz")
    if chosen.json:
        print_json(graph_data(graph))
    elif chosen.output is None:
        print(FORMATS[chosen.format](graph) if chosen.format else to_text(graph), end="")
    return GOOD
