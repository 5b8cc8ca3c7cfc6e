"""The verb graph."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .exits import GOOD
from .inputs import load_named, must_be_picture
from .terminal import print_json


def run(chosen: argparse.Namespace) -> int:
    """Prints or draws the graph of a design."""
    from ..api import graph as drawn
    from ..report.diagram import FORMATS, graph_data, to_text

    design, _ = load_named(chosen.model, chosen)
    graph = drawn(design, states=chosen.states, property=chosen.property)
    if chosen.output is not None:
        _write(graph, chosen)
    if chosen.json:
        print_json(graph_data(graph))
    elif chosen.output is None:
        print(FORMATS[chosen.format](graph) if chosen.format else to_text(graph), end="")
    return GOOD


def _write(graph: Any, chosen: argparse.Namespace) -> None:
    from ..report.diagram import FORMATS

    suffix = Path(chosen.output).suffix
    if suffix in FORMATS:
        Path(chosen.output).write_text(FORMATS[suffix](graph), encoding="utf-8")
        return
    must_be_picture(chosen.output, ".dot, .mmd or .txt")
    from ..plot.graph import save_graph

    save_graph(graph, chosen.output, graphviz=chosen.layout == "graphviz")
