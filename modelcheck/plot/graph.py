"""Pictures of designs: the flow of an orchestration, the events of a choreography.

Functions take `ax=None` and return the Axes; no global state of matplotlib is touched and nothing is shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..drawing.graph import graph_drawing
from ..report.diagram import FORMATS
from .files import must_be_picture, save_drawing

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes

Graph: TypeAlias = "nx.MultiDiGraph[Any]"


def draw_flow(graph: Graph, ax: Axes | None = None) -> Axes:
    """The control-flow graph of an orchestration (`graph.flow.flow_graph`)."""
    return draw_graph(graph, ax)


def draw_events(graph: Graph, ax: Axes | None = None) -> Axes:
    """The event graph of a choreography (`graph.events.event_graph`)."""
    return draw_graph(graph, ax)


def draw_graph(graph: Graph, ax: Axes | None = None) -> Axes:
    """A typed graph in layers from left to right. Without `ax`, on a figure of its own that is as large as needed."""
    from .drawing import paint

    return paint(graph_drawing(graph), ax)


def save_graph(graph: Graph, path: str | Path, graphviz: bool = False) -> None:
    """The graph as a file: a picture (.png, .svg, .pdf), laid out by Graphviz where that is asked for, or a text (.dot,
    .mmd, .txt). The same graph gives the same file; raises `ModelError` (E902, E903, E908, E909)."""
    suffix = Path(path).suffix
    if suffix in FORMATS:
        Path(path).write_text(FORMATS[suffix](graph), encoding="utf-8")
        return
    must_be_picture(path, ".dot, .mmd or .txt")
    save_drawing(graph_drawing(graph, graphviz=graphviz), path)
