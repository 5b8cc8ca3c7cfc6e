"""Pictures of designs: the flow of an orchestration, the events of a choreography.

Functions take `ax=None` and return the Axes; no global state of matplotlib is touched and nothing is shown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Polygon
from matplotlib.path import Path as Curve
from matplotlib.textpath import TextPath

from .layout import Layout, Node, Point, layered
from .style import EDGES, FONT_SIZE, INK, MAIN_LINE, NODES, OTHER_EDGE, OTHER_NODE, NodeStyle

if TYPE_CHECKING:
    import networkx as nx

Graph: TypeAlias = "nx.MultiDiGraph[Any]"
Size = tuple[float, float]

_INCH = 72.0  # points
_LINE = 0.2  # height of a line of text, inches
_MARGIN = 0.35
_SMALL = 0.82  # an edge's label against a node's


def draw_flow(graph: Graph, ax: Axes | None = None) -> Axes:
    """The control-flow graph of an orchestration (`graph.flow.flow_graph`)."""
    return draw_graph(graph, ax)


def draw_events(graph: Graph, ax: Axes | None = None) -> Axes:
    """The event graph of a choreography (`graph.events.event_graph`)."""
    return draw_graph(graph, ax)


def save_graph(graph: Graph, path: str | Path) -> None:
    """The picture as a file: .png, .svg or .pdf; the same graph gives the same file."""
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    axes = draw_graph(graph)
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    figure.savefig(path, dpi=150, metadata=dates.get(Path(path).suffix))


def draw_graph(graph: Graph, ax: Axes | None = None) -> Axes:
    """A typed graph in layers from left to right. Without `ax`, on a figure of its own that is as large as needed."""
    texts = {node: _wrapped(str(data.get("label") or node), 18) for node, data in graph.nodes(data=True)}
    sizes = {node: _box(text) for node, text in texts.items()}
    edges = _merged(graph)
    room = {(source, target): _extent(label)[0] * _SMALL for (source, target, _), label in edges.items() if label}
    straight = {(source, target) for source, target, kind in edges if kind in MAIN_LINE}
    padded = {node: _with_loop(graph, node, size) for node, size in sizes.items()}
    layout = layered(graph, padded, room=room, straight=straight)
    extent = layout.width + 2 * _MARGIN, layout.height + 4 * _MARGIN
    if ax is None:
        figure = Figure(figsize=(max(extent[0], 2.0), max(extent[1], 1.2)))
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    scale = _fit(ax, extent)
    for (source, target, kind), label in edges.items():
        _draw_edge(ax, layout, sizes, (source, target), kind, label, scale, _shift(edges, source, target, kind))
    for node, data in graph.nodes(data=True):
        style = NODES.get(data.get("kind", ""), OTHER_NODE)
        _draw_node(ax, layout.places[node], sizes[node], texts[node], style, scale)
    return ax


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width, break_long_words=len(text) > 2 * width)) or text


def _extent(text: str) -> Size:
    """Width and height of a text in inches."""
    font = FontProperties(size=FONT_SIZE)
    rows = text.split("\n")
    widths = [TextPath((0, 0), row, prop=font).get_extents().width if row.strip() else 0.0 for row in rows]
    return max(widths) / _INCH, _LINE * len(rows)


def _box(text: str) -> Size:
    width, height = _extent(text)
    return max(width + 0.36, 0.6), height + 0.2


def _with_loop(graph: Graph, node: Node, size: Size) -> Size:
    """A node with an edge to itself needs room for it, above (and so below)."""
    return (size[0], size[1] + 0.7) if graph.has_edge(node, node) else size


def _merged(graph: Graph) -> dict[tuple[Node, Node, str], str]:
    """Edges of one kind between two nodes are drawn as one, with all their labels."""
    found: dict[tuple[Node, Node, str], list[str]] = {}
    for source, target, data in graph.edges(data=True):
        labels = found.setdefault((source, target, str(data.get("kind", ""))), [])
        if data.get("label") and str(data["label"]) not in labels:
            labels.append(str(data["label"]))
    return {edge: _wrapped(", ".join(labels), 22) if labels else "" for edge, labels in found.items()}


def _shift(edges: Mapping[tuple[Node, Node, str], str], source: Node, target: Node, kind: str) -> float:
    """How far an edge stands aside from others between the same nodes."""
    same = [other for a, b, other in edges if (a, b) == (source, target)]
    return 0.16 * (same.index(kind) - (len(same) - 1) / 2)


def _fit(ax: Axes, extent: Size) -> float:
    """Sets the axes so that a unit is an inch, or less where there is no room; returns how much less."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    box = ax.get_window_extent()
    room = box.width / figure.dpi, box.height / figure.dpi
    scale = min(1.0, room[0] / extent[0], room[1] / extent[1])
    spare = room[0] / scale - extent[0], room[1] / scale - extent[1]
    ax.set_xlim(-_MARGIN - spare[0] / 2, extent[0] - _MARGIN + spare[0] / 2)
    ax.set_ylim(extent[1] - 2 * _MARGIN + spare[1] / 2, -2 * _MARGIN - spare[1] / 2)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return scale


def _draw_node(ax: Axes, place: Point, size: Size, text: str, style: NodeStyle, scale: float) -> None:
    ax.add_patch(_outline(place, size, style, scale))
    if style.double:
        ax.add_patch(_outline(place, (size[0] - 0.1, size[1] - 0.1), style, scale))
    ax.text(*place, text, ha="center", va="center", fontsize=FONT_SIZE * scale, color=INK, zorder=4)


def _outline(place: Point, size: Size, style: NodeStyle, scale: float) -> Patch:
    (x, y), (width, height) = place, size
    left, right, top, bottom = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    look: dict[str, Any] = {
        "facecolor": style.fill,
        "edgecolor": style.border,
        "linewidth": 1.3 * scale,
        "linestyle": "dashed" if style.dashed else "solid",
        "zorder": 3,
    }
    if style.outline == "flag":
        tip = min(0.12, width / 4)
        corners = [(left, top), (right - tip, top), (right, y), (right - tip, bottom), (left, bottom), (left + tip, y)]
        return Polygon(corners, closed=True, **look)
    if style.outline == "cut":
        cut = min(0.1, height / 3)
        corners = [
            (left + cut, top), (right - cut, top), (right, top + cut), (right, bottom - cut),
            (right - cut, bottom), (left + cut, bottom), (left, bottom - cut), (left, top + cut),
        ]  # fmt: skip
        return Polygon(corners, closed=True, **look)
    rounding = height / 2 if style.outline == "pill" else 0.07
    return FancyBboxPatch((left, top), width, height, boxstyle=f"round,pad=0,rounding_size={rounding}", **look)


def _draw_edge(
    ax: Axes,
    layout: Layout,
    sizes: Mapping[Node, Size],
    edge: tuple[Node, Node],
    kind: str,
    label: str,
    scale: float,
    shift: float,
) -> None:
    source, target = edge
    if source == target:
        curve, middle = _self_loop(layout.places[source], sizes[source])
    else:
        (left, ay), (right, by) = layout.places[source], layout.places[target]
        side = 0.5 if left < right else -0.5
        ends = (left + side * sizes[source][0], ay), (right - side * sizes[target][0], by)
        # A way back must not arrive where others leave.
        curve, middle = _way((ends[0], *layout.ways[edge], ends[1]), shift if side > 0 else shift + 0.1)
    color, line = EDGES.get(kind, OTHER_EDGE)
    ax.add_patch(
        FancyArrowPatch(
            path=curve, arrowstyle="-|>", mutation_scale=11 * scale, shrinkA=0, shrinkB=0, color=color,
            linewidth=1.2 * scale, linestyle=line, zorder=2, joinstyle="round", capstyle="round",
        )
    )  # fmt: skip
    if label:
        background = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 1.0 * scale, "alpha": 0.9}
        ax.text(
            *middle, label, ha="center", va="center", fontsize=FONT_SIZE * _SMALL * scale, color=color,
            bbox=background, zorder=2.5,
        )  # fmt: skip


def _way(way: Sequence[Point], shift: float) -> tuple[Curve, Point]:
    """A smooth curve, level at each point of the way, and the middle of its first slope; both ends moved aside."""
    (first, before), (after, last) = ((x, y + shift) for x, y in way[:2]), ((x, y + shift) for x, y in way[-2:])
    points = [first, before, *way[2:-2], after, last]
    vertices, codes = [first], [Curve.MOVETO]
    for (ax, ay), (bx, by) in pairwise(points):
        if abs(bx - ax) < 1e-6:
            continue  # A node as wide as its layer; an arrow's head needs a last piece of some length.
        half = (bx - ax) / 2
        vertices += [(ax + half, ay), (bx - half, by), (bx, by)]
        codes += [Curve.CURVE4] * 3
    middle = (points[1][0] + points[2][0]) / 2, (points[1][1] + points[2][1]) / 2
    return Curve(vertices, codes), middle


def _self_loop(place: Point, size: Size) -> tuple[Curve, Point]:
    (x, y), (width, height) = place, size
    top, side = y - height / 2, min(width / 4, 0.25)
    vertices = [(x + side, top), (x + 2.5 * side, top - 0.5), (x - 2.5 * side, top - 0.5), (x - side, top)]
    return Curve(vertices, [Curve.MOVETO] + [Curve.CURVE4] * 3), (x, top - 0.38)
