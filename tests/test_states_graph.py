"""State graphs to draw, and counterexamples marked in them and in flows."""

from __future__ import annotations

import re
import shutil
from itertools import combinations, pairwise
from pathlib import Path

import networkx as nx
import pytest
from drawn import named
from test_plot_graph import overlaps

from modelcheck import ModelError, check, load
from modelcheck.api import graph
from modelcheck.cli import main
from modelcheck.compile import compile_model
from modelcheck.drawing.graph import MOST_NODES, graph_drawing
from modelcheck.drawing.shapes import Shape, Text
from modelcheck.engine.state_graph import explore
from modelcheck.library import models_in
from modelcheck.plot.graph import draw_graph
from modelcheck.report.diagram import to_dot, to_mermaid, to_text
from modelcheck.report.states import MOST_STATES

MODELS = [path.stem for path in sorted(models_in(Path(__file__).parent.parent / "models"))]
SMALL = ["retry_forever", "retry_loop", "seed_order_orchestration", "stock_race", "write_skew"]


def way(drawn: nx.MultiDiGraph[str]) -> list[tuple[str, str]]:
    """The marked edges in the order of their numbers."""
    numbered = [
        (int(number), (a, b))
        for a, b, data in drawn.edges(data=True)
        if data["mark"]
        for number in re.findall(r"\d+", data["label"].split(":")[0])
    ]
    return [edge for _, edge in sorted(numbered)]


@pytest.mark.parametrize("name", ["retry_forever", "retry_loop", "stock_race", "write_skew"])
def test_a_system_of_actions_is_drawn_state_by_state(name: str) -> None:
    system = compile_model(load(name))
    seen, drawn = explore(system), graph(name, states=True)
    assert len(drawn) == len(seen.states)
    assert drawn.number_of_edges() == len(seen.source)
    assert [a for a, _ in zip(drawn, seen.states, strict=True)] == [f"s{k}" for k in range(len(seen.states))]
    for number, state in enumerate(seen.states):
        data = drawn.nodes[f"s{number}"]
        assert (number < seen.initial) == (data["kind"] == "initial" or "initial" in data["label"].split(":")[0])
        ends = not seen.edges(number)
        assert (ends and system.is_finished(state)) == (data["kind"] == "finished" or "finished" in data["label"])


def test_kinds_of_states() -> None:
    drawn = graph("stock_race", states=True)
    kinds = [data["kind"] for _, data in drawn.nodes(data=True)]
    assert (kinds.count("initial"), kinds.count("finished"), kinds.count("violating")) == (1, 2, 1)
    (wrong,) = [data["label"] for _, data in drawn.nodes(data=True) if data["kind"] == "violating"]
    assert wrong == "finished, violates:\nstock = -1\nbuyer[1] = bought\nbuyer[2] = bought"


STUCK = """
system: stuck
variables: {light: {values: [red, green, dark], initial: red}}
actions:
  turn: {when: light == red, effect: {light: green}}
  back: {when: light == green, effect: {light: red}}
  fail: {when: light == green, effect: {light: dark}}
"""


def test_deadlocks_have_a_shape_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "stuck.yaml"
    file.write_text(STUCK)
    drawn = graph(file, states=True)
    assert [data["kind"] for _, data in drawn.nodes(data=True)] == ["initial", "state", "deadlock"]
    assert drawn.nodes["s2"]["label"] == "deadlock:\nlight = dark"


def test_fusing_start_and_finish_loses_no_execution() -> None:
    """Every path of the system is a path of the drawing, and the other way round: both end in the same states with as
    many ways there, counted."""
    system = compile_model(load("seed_order_orchestration"))
    seen, drawn = explore(system), graph("seed_order_orchestration", states=True)
    assert len(drawn) < len(seen.states)
    whole: nx.MultiDiGraph[int] = nx.MultiDiGraph(zip(seen.source.tolist(), seen.target.tolist(), strict=True))
    ways = {node: 1 if whole.in_degree(node) == 0 else 0 for node in whole}
    for node in nx.topological_sort(whole):
        for _, after in whole.out_edges(node):
            ways[after] += ways[node]
    drawn_ways = {node: 1 if drawn.in_degree(node) == 0 else 0 for node in drawn}
    for node in nx.topological_sort(drawn):
        for _, after in drawn.out_edges(node):
            drawn_ways[after] += drawn_ways[node]
    ends = sorted(ways[node] for node in whole if whole.out_degree(node) == 0)
    assert ends == sorted(drawn_ways[node] for node in drawn if drawn.out_degree(node) == 0)
    labels = {data["label"] for _, _, data in drawn.edges(data=True)}
    assert {"reserve: ok", "charge: error", "undo reserve"} <= labels
    assert not any("starts" in label for label in labels)


@pytest.mark.parametrize("name", MODELS)
def test_every_counterexample_is_a_way_through_the_states(name: str) -> None:
    for result in check(name).results:
        if result.trace is None:
            continue
        drawn = graph(name, states=True, property=result.name)
        edges = way(drawn)
        assert edges or not len(result.trace)
        for (_, before), (after, _) in pairwise(edges):
            assert before == after
        if edges and result.trace.loop is None:
            assert drawn.nodes[edges[0][0]]["kind"] in ("initial", "violating", "reached", "finished", "deadlock")
        passed = {node for edge in edges for node in edge}
        assert passed == {node for node, data in drawn.nodes(data=True) if data["mark"]}
        stubs = [node for node, data in drawn.nodes(data=True) if data["kind"] == "stub"]
        assert len(drawn) <= MOST_STATES or stubs
        assert all(set(drawn.predecessors(node)) & passed for node in stubs)


def test_large_systems_are_drawn_near_a_trace_only() -> None:
    with pytest.raises(ModelError) as caught:
        graph("seed_order_choreography", states=True)
    (problem,) = caught.value.problems
    assert problem.code == "E906"
    assert "422 states" in problem.message
    assert "--property" in problem.hint
    assert len(graph("seed_order_choreography", states=True, property="pays once")) < MOST_STATES
    assert len(graph("two_phase_commit", states=True, property="all may commit")) < MOST_STATES


@pytest.mark.parametrize("name", SMALL)
def test_pictures_of_states_can_be_read(name: str) -> None:
    assert overlaps(draw_graph(graph(name, states=True))) == []


def test_a_counterexample_in_a_flow() -> None:
    drawn = graph("seed_order_orchestration", property="no more goods than there were")
    marked = [(a, b, data["label"]) for a, b, data in drawn.edges(data=True) if data.get("mark")]
    assert marked == [
        ("(start)", "reserve", ""),
        ("reserve", "(abort)", "failed"),
        ("(abort)", "undo ship", ""),
        ("undo charge", "undo reserve", ""),
        ("undo ship", "undo charge", ""),
    ]
    assert drawn.nodes["reserve"]["label"] == "1: reserve"
    assert drawn.nodes["undo reserve"]["label"] == "2: undo reserve"
    assert not drawn.nodes["ship"].get("mark")


def test_a_witness_in_a_flow_goes_to_its_end() -> None:
    drawn = graph("seed_order_orchestration", property="an order can be shipped")
    marked = [(a, b) for a, b, data in drawn.edges(data=True) if data.get("mark")]
    assert marked[:3] == [("(start)", "reserve"), ("reserve", "charge"), ("charge", "ship")]
    assert all(data["kind"] == "sequence" for _, _, data in drawn.edges(data=True) if data.get("mark"))


def test_a_counterexample_in_an_event_graph() -> None:
    drawn = graph("seed_order_choreography", property="pays once")
    marked = {(a, b) for a, b, data in drawn.edges(data=True) if data.get("mark")}
    assert marked == {
        ("outside", "OrderCreated"),
        ("OrderCreated", "order.create"),
        ("order.create", "PaymentProcessed"),
        ("PaymentProcessed", "payment.charge"),
        ("payment.charge", "InventoryReserved"),
    }
    assert drawn.nodes["payment.charge"]["label"] == "3, 4: payment.charge"


def test_marks_in_text_dot_and_mermaid() -> None:
    drawn = graph("stock_race", states=True, property="stock never negative")
    assert "⇒ stock = 1 buyer[1] = saw_stock buyer[2] = new  [1: check[1]]" in to_text(drawn)
    assert to_dot(drawn).count("penwidth=3") == 4 + 5
    mermaid = to_mermaid(drawn)
    assert mermaid.count("==>") == 4
    assert 's["stock' not in mermaid
    assert 'n0(["stock = 1<br/>buyer[1] = new<br/>buyer[2] = new"])' in mermaid


def test_errors_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "stock_race"]) == 2
    assert "modelcheck graph MODEL --states" in capsys.readouterr().err
    assert main(["graph", "two_phase_commit", "--states"]) == 2
    assert "E906" in capsys.readouterr().err
    assert main(["graph", "stock_race", "--states", "--property", "no deadlock"]) == 2
    assert "E907: 'no deadlock' is proved: there is no counterexample to mark" in capsys.readouterr().err
    assert main(["graph", "stock_race", "--states", "--property", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".svg", ".png", ".dot", ".mmd", ".txt"])
def test_the_same_states_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    for name in "ab":
        main(
            [
                "graph",
                "stock_race",
                "--states",
                "--property",
                "stock never negative",
                "-o",
                str(tmp_path / (name + suffix)),
            ]
        )
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_what_is_too_large_to_draw_is_said() -> None:
    large: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    large.add_nodes_from(range(MOST_NODES + 1))
    with pytest.raises(ModelError, match="E908: the graph has 1,001 nodes, and 1,000 can be drawn"):
        graph_drawing(large)


def test_all_that_leads_from_a_node_to_itself_is_one_loop() -> None:
    looping: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    looping.add_node("a", kind="step")
    for kind, label, mark in (("jump", "again", False), ("failure", "error", False), ("jump", "marked", True)):
        looping.add_edge("a", "a", kind=kind, label=label, mark=mark)
    axes = draw_graph(looping)
    assert [text.get_text() for text in axes.texts] == ["again, error, marked", "a"]
    assert overlaps(axes) == []


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program 'dot' is not installed")
@pytest.mark.parametrize("shape", ["diamonds", "failures", "events", "loops"])
def test_graphviz_lays_out_what_we_draw(shape: str) -> None:
    drawing = graph_drawing(named(shape, 15), graphviz=True)
    boxes = [each for each in drawing.shapes if isinstance(each, Shape)]
    for a, b in combinations(boxes, 2):
        inner = a.x <= b.x and b.x + b.width <= a.x + a.width and a.y <= b.y  # the second border of an end
        apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
        assert apart or inner
    own = graph_drawing(named(shape, 15))
    texts, others = ([t.text for t in d.shapes if isinstance(t, Text)] for d in (drawing, own))
    assert sorted(texts) == sorted(others)


def test_a_missing_graphviz_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert main(["graph", "order_orchestration", "--layout", "graphviz", "-o", "x.svg"]) == 2
    assert "E909: Graphviz's program 'dot' is not installed" in capsys.readouterr().err
