"""Graphs of designs as text: plain, Graphviz's DOT, Mermaid, data."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from .. import model
from ..errors import ModelError, Problem
from .mermaid import escape

if TYPE_CHECKING:
    import networkx as nx

Graph: TypeAlias = "nx.MultiDiGraph[Any]"

DOT_SHAPES = {
    "start": "circle", "end": "doublecircle", "abort": "octagon", "step": "box", "compensation": "box",
    "event": "cds", "handler": "box", "outside": "circle", "initial": "ellipse", "finished": "doubleoctagon",
    "deadlock": "parallelogram", "violating": "octagon", "reached": "octagon", "place": "ellipse", "marked": "ellipse",
    "sink": "doublecircle", "transition": "box",
}  # fmt: skip
DASHED = frozenset({"failure", "compensation", "stub"})
_MERMAID_SHAPES = {
    "start": ("((", "))"), "end": ("(((", ")))"), "abort": ("{{", "}}"), "compensation": ("[/", "/]"),
    "event": (">", "]"), "outside": ("((", "))"), "initial": ("([", "])"), "finished": ("[[", "]]"),
    "deadlock": ("[/", "/]"), "violating": ("{{", "}}"), "reached": ("{{", "}}"), "place": ("([", "])"),
    "marked": ("((", "))"), "sink": ("(((", ")))"),
}  # fmt: skip
HINT = "draw its states: modelcheck graph MODEL --states"


def graph_of(design: model.Model) -> Graph:
    """The control-flow graph of an orchestration, the event graph of a choreography, the arcs of a net; raises `ModelError` (E904)."""
    graph: Graph
    match design:
        case model.Orchestration():
            from ..graph.flow import flow_graph

            graph = flow_graph(design)
        case model.Choreography():
            from ..graph.events import event_graph

            graph = event_graph(design)
        case model.Net():
            from ..graph.net import net_graph

            graph = net_graph(design)
        case _:
            problem = Problem("E904", f"'{design.name}' is a system of bare actions, which has no flow", hint=HINT)
            raise ModelError([problem])
    graph.name = design.name
    return graph


def label_of(graph: Graph, node: Any) -> str:
    """What a node is called in a picture."""
    return str(graph.nodes[node].get("label") or node)


def to_text(graph: Graph) -> str:
    """Each node with where it leads to."""
    lines = [f"{graph.name or 'graph'}: {len(graph)} nodes, {graph.number_of_edges()} edges"]
    for node in _along(graph):
        kind = graph.nodes[node].get("kind", "")
        label = _on_one_line(label_of(graph, node))
        mark = "  on the way of the counterexample" if graph.nodes[node].get("mark") else ""
        lines.append(f"  {label}" + (f"  ({kind})" if kind and kind != label else "") + mark)
        for _, target, edge in graph.out_edges(node, data=True):
            arrow = "⇒" if edge.get("mark") else "⇢" if edge.get("kind") in DASHED else "→"
            note = f"  [{edge['label']}]" if edge.get("label") else ""
            lines.append(f"    {arrow} {_on_one_line(label_of(graph, target))}{note}")
    return "\n".join(lines) + "\n"


def _on_one_line(text: str) -> str:
    return text.replace("\n", " ")


def _along(graph: Graph) -> Iterator[Any]:
    """The nodes as one meets them, beginning where nothing leads to."""
    met: set[Any] = set()
    for start in sorted(graph, key=lambda node: graph.in_degree(node) > 0):
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            if node not in met:
                met.add(node)
                yield node
                waiting.extend(graph.successors(node))


def to_dot(graph: Graph) -> str:
    """The graph in Graphviz's language."""
    lines = [f"digraph {_quoted(graph.name or 'graph')} {{", "  rankdir=LR;", "  node [fontname=sans];"]
    for node, data in graph.nodes(data=True):
        shape = DOT_SHAPES.get(data.get("kind", ""), "box")
        style = ", style=dashed" if data.get("kind") in ("compensation", "stub") else ""
        style += ", penwidth=3" if data.get("mark") else ""
        lines.append(f"  {_quoted(node)} [label={_quoted(label_of(graph, node))}, shape={shape}{style}];")
    for source, target, data in graph.edges(data=True):
        label = f"label={_quoted(data['label'])}" if data.get("label") else ""
        style = "style=dashed" if data.get("kind") in DASHED else ""
        width = "penwidth=3" if data.get("mark") else ""
        attributes = ", ".join(part for part in (label, style, width) if part)
        lines.append(f"  {_quoted(source)} -> {_quoted(target)}" + (f" [{attributes}];" if attributes else ";"))
    return "\n".join([*lines, "}"]) + "\n"


def to_mermaid(graph: Graph) -> str:
    """The graph as a Mermaid flowchart."""
    names = {node: f"n{index}" for index, node in enumerate(graph)}
    lines = ["flowchart LR"]
    for node, data in graph.nodes(data=True):
        left, right = _MERMAID_SHAPES.get(data.get("kind", ""), ("[", "]"))
        text = escape(label_of(graph, node)).replace("#10;", "<br/>")
        lines.append(f'  {names[node]}{left}"{text}"{right}')
    for source, target, data in graph.edges(data=True):
        arrow = "==>" if data.get("mark") else "-.->" if data.get("kind") in DASHED else "-->"
        label = f'|"{escape(data["label"])}"|' if data.get("label") else ""
        lines.append(f"  {names[source]} {arrow}{label} {names[target]}")
    return "\n".join(lines) + "\n"


def graph_data(graph: Graph) -> dict[str, object]:
    """Nodes and edges with their attributes, as plain data."""
    return {
        "name": graph.name,
        "nodes": [{"id": str(node), **_text_values(data)} for node, data in graph.nodes(data=True)],
        "edges": [{"from": str(a), "to": str(b), **_text_values(data)} for a, b, data in graph.edges(data=True)],
    }


def _text_values(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value if isinstance(value, int | None) else str(value) for key, value in data.items()}


def _quoted(text: object) -> str:
    escaped = str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


FORMATS: Mapping[str, Callable[[Graph], str]] = {
    "text": to_text, ".txt": to_text, "dot": to_dot, ".dot": to_dot, ".gv": to_dot,
    "mermaid": to_mermaid, ".mmd": to_mermaid,
}  # fmt: skip
