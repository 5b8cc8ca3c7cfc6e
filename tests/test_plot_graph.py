"""Pictures of graphs: nothing overlaps, edges go where they should, nothing global is touched."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path

import matplotlib
import networkx as nx
import pytest
from drawn import named, shapes
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
from matplotlib.transforms import Bbox

from modelcheck import load, model
from modelcheck.drawing.graph import graph_drawing
from modelcheck.drawing.layered import Edge, arrange
from modelcheck.drawing.routes import route
from modelcheck.drawing.shapes import Line, Shape, Text
from modelcheck.drawing.style import EDGES
from modelcheck.library import models_in
from modelcheck.plot.graph import draw_events, draw_flow, draw_graph, save_graph
from modelcheck.report.diagram import FORMATS, graph_data, graph_of, to_dot, to_mermaid, to_text


def flow() -> nx.MultiDiGraph[str]:
    """A flow with a parallel part, a loop, a self loop, a long edge, failures and compensations."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name="order")
    graph.add_node("(start)", kind="start", label="start")
    for name in ("check", "reserve", "charge", "notify the customer by mail", "ship"):
        graph.add_node(name, kind="step", label=name)
    graph.add_node("(end)", kind="end", label="end")
    graph.add_node("(abort)", kind="abort", label="abort")
    graph.add_node("undo reserve", kind="compensation", label="undo reserve")
    sequence = ["(start)", "check", "reserve", "charge", "ship", "(end)"]
    for source, target in pairwise(sequence):
        graph.add_edge(source, target, kind="sequence", label="")
    graph.add_edge("reserve", "notify the customer by mail", kind="sequence", label="")
    graph.add_edge("notify the customer by mail", "(end)", kind="sequence", label="")
    graph.add_edge("check", "(end)", kind="jump", label="otherwise")
    graph.add_edge("charge", "charge", kind="jump", label="error: attempts < 3")
    graph.add_edge("ship", "reserve", kind="jump", label="again")
    for source in ("reserve", "charge", "ship"):
        graph.add_edge(source, "(abort)", kind="failure", label="error")
        graph.add_edge(source, "(abort)", kind="failure", label="failed")
    graph.add_edge("(abort)", "undo reserve", kind="compensation", label="")
    return graph


def events() -> nx.MultiDiGraph[str]:
    """A chain of two events that closes into a loop."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name="orders")
    for event in ("Created", "Paid"):
        graph.add_node(event, kind="event")
    graph.add_node("outside", kind="outside")
    for handler in ("payment.pay", "orders.reopen"):
        graph.add_node(handler, kind="handler")
    for source, target in (("outside", "Created"), ("payment.pay", "Paid"), ("orders.reopen", "Created")):
        graph.add_edge(source, target, kind="publishes")
    for source, target in (("Created", "payment.pay"), ("Paid", "orders.reopen")):
        graph.add_edge(source, target, kind="delivers")
    return graph


@st.composite
def graphs(draw: st.DrawFn) -> nx.MultiDiGraph[int]:
    size = draw(st.integers(1, 15))
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    graph.add_nodes_from(range(size))
    nodes = st.integers(0, size - 1)
    graph.add_edges_from(draw(st.lists(st.tuples(nodes, nodes), max_size=30)))
    return graph


@given(graphs(), st.randoms(use_true_random=False), st.sampled_from((300.0, 900.0, 1e9)))
@hypothesis_settings(max_examples=60, deadline=None)
def test_boxes_never_overlap_and_edges_reach_their_ends(
    graph: nx.MultiDiGraph[int], dice: random.Random, page: float
) -> None:
    sizes = {node: (dice.uniform(40, 200), dice.uniform(20, 70)) for node in graph}
    labels = {
        edge: (dice.uniform(10, 90), dice.uniform(10, 30)) if dice.random() < 0.5 else None for edge in graph.edges()
    }
    edges = [Edge(a, b, "", label, bundled=dice.random() < 0.5) for (a, b), label in labels.items()]
    layout = route(arrange(sizes, edges), sizes, page)
    boxes = [(*layout.places[node], *sizes[node]) for node in graph]
    boxes += [(*place, *edge.label) for edge, place in layout.labels.items() if edge.label]
    for (ax, ay, aw, ah), (bx, by, bw, bh) in combinations(boxes, 2):
        assert max(abs(ax - bx) - (aw + bw) / 2, abs(ay - by) - (ah + bh) / 2) > 1
    for x, y, width, height in boxes:
        assert width / 2 - 1e-6 <= x <= layout.width - width / 2 + 1e-6
        assert height / 2 - 1e-6 <= y <= layout.height - height / 2 + 1e-6
    for edge in edges:
        if edge.source == edge.target:
            continue
        pieces = layout.pieces[edge]
        (ax, ay), (bx, by) = layout.places[edge.source], layout.places[edge.target]
        first = pieces[0][0]
        assert abs(abs(first[0] - ax) - sizes[edge.source][0] / 2) < 1e-6
        assert abs(first[1] - ay) < sizes[edge.source][1] / 2
        assert all(len(piece) % 3 == 1 for piece in pieces), "cubic pieces"
        if edge not in layout.joins:
            last = pieces[-1][-1]
            assert abs(abs(last[0] - bx) - sizes[edge.target][0] / 2) < 1e-6
            assert abs(last[1] - by) < sizes[edge.target][1] / 2
        assert (edge.label is not None) == (edge in layout.labels)
        # Between its ends an edge passes through no box: its pieces are level beside boxes.
        for x, y in [point for piece in pieces for point in piece[3:-1:3]]:
            for cx, cy, width, height in boxes:
                assert abs(x - cx) > width / 2 - 0.1 or abs(y - cy) > height / 2 - 0.1, f"{edge} crosses a box"


def test_edges_that_share_a_way_all_reach_their_target() -> None:
    """Where an edge joins another of its kind, that one goes on to the same target."""
    graph = named("failures", 40)
    drawn = graph_drawing(graph)
    layout_lines = [shape for shape in drawn.shapes if isinstance(shape, Line) and shape.look == EDGES["failure"]]
    heads = [line for line in layout_lines if line.head]
    assert 1 <= len(heads) <= 3, "forty failures arrive as one line or so"
    points = {point for line in layout_lines for point in line.points}
    for line in layout_lines:
        end = line.points[-1]
        starts_again = any(end in other.points for other in layout_lines if other is not line)
        before_label = any(
            abs(end[1] - text.y) < 1 and 0 <= text.x - end[0] < 150 for text in drawn.shapes if isinstance(text, Text)
        )
        assert line.head or starts_again or before_label or len(points) < 2


def test_a_plain_sequence_is_a_straight_line() -> None:
    nodes = dict.fromkeys(range(9), (60.0, 20.0))
    layout = route(arrange(nodes, [Edge(k, k + 1) for k in range(8)]), nodes, 1e9)
    assert len({round(y, 6) for _, y in layout.places.values()}) == 1
    across = [layout.places[k][0] for k in range(9)]
    assert across == sorted(across)


def test_a_long_sequence_is_written_in_rows_as_a_text_is() -> None:
    drawing = graph_drawing(named("sequence", 40))
    assert drawing.width < 1100
    boxes = [shape for shape in drawing.shapes if isinstance(shape, Shape) and shape.rounding == 5.0]
    order = sorted(boxes, key=lambda box: (round(box.y), box.x))
    assert order == boxes, "reading order is the order of the steps"
    assert len({round(box.y) for box in boxes}) > 3


def test_a_planar_flow_is_drawn_without_crossings() -> None:
    """Steps in a row whose failures all lead to one place: possible without a crossing, so there is none."""
    names = [f"step {k}" for k in range(5)]
    nodes = dict.fromkeys([*names, "end", "abort"], (60.0, 20.0))
    edges = [Edge(a, b, straight=True) for a, b in pairwise([*names, "end"])] + [Edge(n, "abort", "f") for n in names]
    columns = arrange(nodes, edges)
    rank = {station: place for column in columns.columns for place, station in enumerate(column)}
    links = {pair for way in columns.ways.values() for pair in pairwise(way)}
    for (a, b), (c, d) in combinations(links, 2):
        if columns.column_of[a] == columns.column_of[c]:
            assert (rank[a] - rank[c]) * (rank[b] - rank[d]) >= 0


GENERATED = list(shapes())
PACKAGED = [path.stem for path in sorted(models_in(Path(__file__).parent.parent / "models"))]


def overlaps(axes: Axes) -> list[str]:
    """Texts that touch a text, the outline of a box or the rim of the picture; extents as the renderer sees them."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.canvas.draw()
    texts = [(text.get_text(), text.get_window_extent()) for text in axes.texts if text.get_text()]
    boxes = [p.get_window_extent() for p in axes.patches if isinstance(p, FancyBboxPatch | Polygon)]
    found = [f"{a} / {b}" for (a, x), (b, y) in combinations(texts, 2) if _meet(x, y)]
    found += [f"{a} / a box" for a, x in texts for box in boxes if _meet(x, box) and not _within(x, box)]
    return found + [f"{a} leaves the picture" for a, x in texts if not _within(x, figure.bbox)]


def _meet(a: Bbox, b: Bbox) -> bool:
    return bool(min(a.x1, b.x1) > max(a.x0, b.x0) and min(a.y1, b.y1) > max(a.y0, b.y0))


def _within(a: Bbox, b: Bbox) -> bool:
    return bool(b.x0 <= a.x0 and a.x1 <= b.x1 and b.y0 <= a.y0 and a.y1 <= b.y1)


@pytest.mark.parametrize(("shape", "size"), GENERATED)
def test_no_label_touches_anything(shape: str, size: int) -> None:
    assert overlaps(draw_graph(named(shape, size))) == []


@pytest.mark.parametrize("name", PACKAGED)
def test_no_label_of_a_packaged_model_touches_anything(name: str) -> None:
    design = load(name)
    if not isinstance(design, model.System):
        assert overlaps(draw_graph(graph_of(design))) == []


def test_the_test_for_overlaps_sees_them() -> None:
    axes = draw_graph(named("sequence", 5))
    axes.texts[1].set_position(axes.texts[2].get_position())
    assert overlaps(axes)
    axes = draw_graph(named("sequence", 5))
    axes.texts[1].set_fontsize(30)
    assert overlaps(axes)


@pytest.mark.parametrize(
    "graph", [flow(), events(), nx.MultiDiGraph([(1, 2)]), nx.MultiDiGraph([(1, 1)]), nx.MultiDiGraph()]
)
def test_labels_stay_in_their_boxes_and_the_picture_in_its_figure(graph: nx.MultiDiGraph[str]) -> None:
    axes = draw_graph(graph)
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.canvas.draw()
    frame = figure.bbox
    for artist in [*axes.texts, *axes.patches]:
        box = artist.get_window_extent()
        assert frame.x0 <= box.x0 <= box.x1 <= frame.x1
        assert frame.y0 <= box.y0 <= box.y1 <= frame.y1
    boxes = [p.get_window_extent() for p in axes.patches if isinstance(p, FancyBboxPatch | Polygon)]
    inside = [text for text in axes.texts if any(_within(text.get_window_extent(), box) for box in boxes)]
    assert len(inside) == len(graph)
    assert overlaps(axes) == []


def test_edges_of_a_kind_between_two_nodes_are_one_arrow_with_all_labels() -> None:
    axes = draw_flow(flow())
    assert "error, failed" in [text.get_text() for text in axes.texts]
    arrows = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
    assert 10 <= len(arrows) <= flow().number_of_edges() - 3, "several failures may arrive as one"


def test_an_axes_that_is_given_is_used_and_returned() -> None:
    figure = Figure(figsize=(4, 3))
    left, right = figure.subplots(1, 2)
    assert draw_flow(flow(), left) is left
    assert draw_events(events(), right) is right
    sizes = {text.get_fontsize() for text in left.texts}
    assert max(sizes) < 10, "what does not fit is drawn smaller"


def test_nothing_global_is_touched() -> None:
    before = dict(matplotlib.rcParams)
    draw_flow(flow())
    assert dict(matplotlib.rcParams) == before
    program = "import modelcheck.plot.graph, modelcheck.plot.times, sys; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_files(tmp_path: Path, suffix: str, magic: bytes) -> None:
    path = tmp_path / f"flow{suffix}"
    save_graph(flow(), path)
    assert path.read_bytes().startswith(magic)


def test_graphs_as_text() -> None:
    text = to_text(flow())
    assert text.startswith("order: 9 nodes, 17 edges\n  start\n    → check\n")
    assert "    ⇢ abort  [error]\n" in text
    assert "\n  undo reserve  (compensation)\n" in text
    assert set(FORMATS) >= {".dot", ".mmd", ".txt"}


def test_graphs_as_dot_and_mermaid() -> None:
    hostile: nx.MultiDiGraph[str] = nx.MultiDiGraph(name='a"b')
    hostile.add_node('x"]; y', kind="step", label='say "no"\\')
    hostile.add_edge('x"]; y', 'x"]; y', kind="failure", label="a;b")
    dot = to_dot(hostile)
    assert 'digraph "a\\"b" {' in dot
    assert '"x\\"]; y" [label="say \\"no\\"\\\\", shape=box];' in dot
    assert '"x\\"]; y" -> "x\\"]; y" [label="a;b", style=dashed];' in dot
    assert to_mermaid(hostile).splitlines() == [
        "flowchart LR",
        '  n0["say #34;no#34;\\"]',
        '  n0 -.->|"a#59;b"| n0',
    ]


def test_graphs_as_data() -> None:
    data = graph_data(events())
    assert data["name"] == "orders"
    assert {"id": "Paid", "kind": "event"} in data["nodes"]  # type: ignore[operator]
    assert {"from": "Paid", "to": "orders.reopen", "kind": "delivers"} in data["edges"]  # type: ignore[operator]
