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
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from modelcheck.plot.graph import draw_events, draw_flow, draw_graph, save_graph
from modelcheck.plot.layout import layered
from modelcheck.report.diagram import FORMATS, graph_data, to_dot, to_mermaid, to_text


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


@given(graphs(), st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=60)
def test_boxes_never_overlap_and_edges_reach_their_ends(graph: nx.MultiDiGraph[int], dice: random.Random) -> None:
    sizes = {node: (dice.uniform(0.5, 3), dice.uniform(0.3, 1)) for node in graph}
    layout = layered(graph, sizes)
    for a, b in combinations(graph, 2):
        apart_x = abs(layout.places[a][0] - layout.places[b][0]) - (sizes[a][0] + sizes[b][0]) / 2
        apart_y = abs(layout.places[a][1] - layout.places[b][1]) - (sizes[a][1] + sizes[b][1]) / 2
        assert max(apart_x, apart_y) > 0.1
    for node, (x, y) in layout.places.items():
        assert sizes[node][0] / 2 - 1e-6 <= x <= layout.width - sizes[node][0] / 2 + 1e-6
        assert sizes[node][1] / 2 - 1e-6 <= y <= layout.height - sizes[node][1] / 2 + 1e-6
    for a, b in {(a, b) for a, b in graph.edges() if a != b}:
        way = [layout.places[a], *layout.ways[a, b], layout.places[b]]
        assert len(way) >= 4
        across = [x for x, _ in way]
        assert across == sorted(across) or across == sorted(across, reverse=True)
        # On its way an edge passes through no box.
        for x, y in way[2:-2]:
            for node, (center_x, center_y) in layout.places.items():
                inside = abs(x - center_x) < sizes[node][0] / 2 - 1e-6 and abs(y - center_y) < sizes[node][1] / 2
                assert not inside, f"{a} -> {b} crosses {node}"


def test_a_plain_sequence_is_a_straight_line() -> None:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph([(f"{k}", f"{k + 1}") for k in range(8)])
    layout = layered(graph, dict.fromkeys(graph, (1.0, 0.4)))
    assert len({round(y, 6) for _, y in layout.places.values()}) == 1
    across = [layout.places[f"{k}"][0] for k in range(9)]
    assert across == sorted(across)


def test_a_planar_flow_is_drawn_without_crossings() -> None:
    """Steps in a row whose failures all lead to one place: possible without a crossing, so there is none."""
    names = [f"step {k}" for k in range(5)]
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(list(pairwise([*names, "end"])))
    graph.add_edges_from((name, "abort") for name in names)
    layout = layered(graph, dict.fromkeys(graph, (1.0, 0.4)))
    above = [layout.places[name][1] < layout.ways[names[0], "abort"][1][1] for name in names[1:]]
    assert len(set(above)) == 1


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
    boxes = [p.get_window_extent() for p in axes.patches if not isinstance(p, FancyArrowPatch)]
    shown = [text for text in axes.texts if text.get_zorder() == 4]
    assert len(shown) == len(graph)
    for text in shown:
        extent = text.get_window_extent()
        assert any(b.x0 <= extent.x0 and extent.x1 <= b.x1 and b.y0 <= extent.y0 <= extent.y1 <= b.y1 for b in boxes)


def test_edges_of_a_kind_between_two_nodes_are_one_arrow_with_all_labels() -> None:
    axes = draw_flow(flow())
    assert "error, failed" in [text.get_text() for text in axes.texts]
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) == flow().number_of_edges() - 3


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
