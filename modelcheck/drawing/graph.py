"""A typed graph as a drawing: the flow of an orchestration, the events of a choreography, the states of a system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import ModelError, Problem
from .graphviz import graphviz_layout
from .layered import Edge, Node, Size, arrange
from .routes import PAGE, Layout, route
from .shapes import Drawing, Line, Look, Point, Shape, Text, moved, text_height, text_width, wrapped
from .style import EDGES, FONT_SIZE, MAIN_LINE, MARKED_WIDTH, NODES, OTHER_EDGE, OTHER_NODE, SMALL, NodeStyle

if TYPE_CHECKING:
    import networkx as nx

Graph: TypeAlias = "nx.MultiDiGraph[Any]"

MOST_NODES = 1000
_MARGIN = 14.0
_NODE_COLUMNS, _LABEL_COLUMNS = 18, 22
_LOOP = 22.0  # height of an edge from a node to itself


@dataclass(frozen=True)
class _Drawn:
    """An edge, or several of one kind between two nodes, with their labels. marked: on the way of a counterexample."""

    edge: Edge
    label: str
    marked: bool


def graph_drawing(graph: Graph, page: float = PAGE, graphviz: bool = False) -> Drawing:
    """The graph in layers from left to right, in rows of the width of a page (or as Graphviz lays it out).

    Nodes have a `kind`, a `label` and perhaps a `mark`, edges too (`mark`: true where a counterexample goes along).
    Raises `ModelError`: the graph is too large for a picture (E908), Graphviz is asked for and missing (E909).
    """
    if len(graph) > MOST_NODES:
        message = f"the graph has {len(graph):,} nodes, and {MOST_NODES:,} can be drawn"
        raise ModelError([Problem("E908", message, hint="write it for another program: -o FILE.dot")])
    texts = {node: _rows(str(data.get("label") or node), _columns_of(data)) for node, data in graph.nodes(data=True)}
    sizes = {node: _box(text) for node, text in texts.items()}
    drawn = _drawn(graph)
    loops = {each.edge.source: each for each in drawn if each.edge.source == each.edge.target}
    room = {node: _with_loop(size, loops.get(node)) for node, size in sizes.items()}
    edges = [each.edge for each in drawn]
    layout = graphviz_layout(room, edges) if graphviz else route(arrange(room, edges), sizes, page)
    shapes: list[Shape | Line | Text] = []
    for each in drawn:
        if each.edge.source == each.edge.target:
            shapes += _self_loop(layout.places[each.edge.source], sizes[each.edge.source], each)
        else:
            shapes += _edge(layout, each)
    for node, data in graph.nodes(data=True):
        style = NODES.get(str(data.get("kind", "")), OTHER_NODE)
        shapes += _node(layout.places[node], sizes[node], texts[node], style, bool(data.get("mark")))
    placed = tuple(moved(shape, _MARGIN, _MARGIN) for shape in shapes)
    return Drawing(
        layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN, placed, f"graph of {graph.name or 'a model'}"
    )


def _columns_of(data: Mapping[str, Any]) -> int:
    """A name is wrapped like a word or two, a state has its rows already."""
    return _NODE_COLUMNS if "\n" not in str(data.get("label")) else 2 * _NODE_COLUMNS


def _rows(text: str, columns: int) -> str:
    return "\n".join(wrapped(row, columns) for row in text.split("\n"))


def _box(text: str) -> Size:
    return max(text_width(text, FONT_SIZE) + 22, 40.0), text_height(text, FONT_SIZE) + 13


def _with_loop(size: Size, loop: _Drawn | None) -> Size:
    """A node with an edge to itself needs room for it and its label, above (and so below)."""
    if loop is None:
        return size
    return max(size[0], text_width(loop.label, SMALL, loop.marked) + 8), size[1] + 2 * (
        _LOOP + text_height(loop.label, SMALL) + 2
    )


def _drawn(graph: Graph) -> list[_Drawn]:
    """Edges of one kind between two nodes are drawn as one, with all their labels."""
    found: dict[tuple[Node, Node, str, bool], list[str]] = {}
    for source, target, data in graph.edges(data=True):
        key = source, target, str(data.get("kind", "")), bool(data.get("mark"))
        if source == target:  # There is room for one loop.
            all_of_it = [each for _, other, each in graph.out_edges(source, data=True) if other == source]
            key = source, target, str(all_of_it[0].get("kind", "")), any(each.get("mark") for each in all_of_it)
        labels = found.setdefault(key, [])
        if data.get("label") and str(data["label"]) not in labels:
            labels.append(str(data["label"]))
    drawn = []
    for (source, target, kind, marked), labels in found.items():
        label = _rows(", ".join(labels), _LABEL_COLUMNS) if labels else ""
        size = (text_width(label, SMALL, marked) + 8, text_height(label, SMALL) + 2) if label else None
        drawn.append(_Drawn(Edge(source, target, kind, size, kind in MAIN_LINE, not marked), label, marked))
    return drawn


def _look(each: _Drawn) -> Look:
    look = EDGES.get(each.edge.kind, OTHER_EDGE)
    return replace(look, width=MARKED_WIDTH) if each.marked else look


def _edge(layout: Layout, each: _Drawn) -> Iterator[Line | Text]:
    pieces = layout.pieces[each.edge]
    for number, points in enumerate(pieces, start=1):
        last = number == len(pieces) and each.edge not in layout.joins
        yield Line(points, _look(each), "full" if last else "", curved=True)
    if each.label:
        yield Text(*layout.labels[each.edge], each.label, SMALL, bold=each.marked)


def _self_loop(place: Point, size: Size, each: _Drawn) -> Iterator[Line | Text]:
    (x, y), (width, height) = place, size
    top, side = y - height / 2, min(width / 4, 18.0)
    points = ((x + side, top), (x + 2 * side, top - _LOOP * 1.25), (x - 2 * side, top - _LOOP * 1.25), (x - side, top))
    yield Line(points, _look(each), "full", curved=True)
    if each.label:
        yield Text(x, top - _LOOP - text_height(each.label, SMALL) / 2, each.label, SMALL, bold=each.marked)


def _node(place: Point, size: Size, text: str, style: NodeStyle, marked: bool) -> Iterator[Shape | Text]:
    look = Look(style.colour, MARKED_WIDTH if marked else style.width, (4.0, 2.5) if style.dashed else (), style.fill)
    yield _outline(place, size, style, look)
    if style.double:
        yield _outline(place, (size[0] - 6, size[1] - 6), style, replace(look, fill=0.0, width=style.width))
    yield Text(*place, text, FONT_SIZE)


def _outline(place: Point, size: Size, style: NodeStyle, look: Look) -> Shape:
    (x, y), (width, height) = place, size
    left, right, top, bottom = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    rounding = {"pill": height / 2, "box": 5.0}.get(style.outline, 0.0)
    corners: tuple[Point, ...] = ()
    if style.outline == "flag":
        tip = min(8.0, width / 4)
        corners = (
            (left, top), (right - tip, top), (right, y), (right - tip, bottom), (left, bottom), (left + tip, y)
        )  # fmt: skip
    elif style.outline == "cut":
        cut = min(7.0, height / 3)
        corners = (
            (left + cut, top), (right - cut, top), (right, top + cut), (right, bottom - cut),
            (right - cut, bottom), (left + cut, bottom), (left, bottom - cut), (left, top + cut),
        )  # fmt: skip
    elif style.outline == "slant":
        tip = min(8.0, width / 4)
        corners = ((left + tip, top), (right, top), (right - tip, bottom), (left, bottom))
    return Shape(left, top, width, height, look, rounding, corners)
