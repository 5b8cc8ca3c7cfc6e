"""Places and ways by Graphviz, where it is installed: its program `dot` is asked, and what it answers is drawn here."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ModelError, Problem
from .layered import Edge, Node, Size
from .routes import Layout
from .shapes import Point

_SECONDS = 60.0
_INCH = 72.0


def graphviz_layout(sizes: Mapping[Node, Size], edges: Sequence[Edge]) -> Layout:
    """The layout of `dot` for boxes of these sizes; raises `ModelError` (E909) where it is missing or fails."""
    program = shutil.which("dot")
    if program is None:
        hint = "install Graphviz, or leave --layout out: modelcheck lays out graphs itself"
        raise ModelError([Problem("E909", "Graphviz's program 'dot' is not installed", hint=hint)])
    edges = [edge for edge in edges if edge.source != edge.target]
    names = {node: f"n{number}" for number, node in enumerate(sizes)}
    try:
        asked = _question(names, sizes, edges)
        done = subprocess.run(
            [program, "-Tjson"], input=asked, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ModelError([Problem("E909", f"Graphviz could not lay out the graph: {type(error).__name__}")]) from None
    return _answer(json.loads(done.stdout), names, edges)


def _question(names: Mapping[Node, str], sizes: Mapping[Node, Size], edges: Sequence[Edge]) -> str:
    lines = ["digraph {", "  rankdir=LR; nodesep=0.25; ranksep=0.4;", '  node [shape=box fixedsize=true label=""];']
    for node, (width, height) in sizes.items():
        lines.append(f"  {names[node]} [width={width / _INCH:.4f} height={height / _INCH:.4f}];")
    for number, edge in enumerate(edges):
        label = ""
        if edge.label:
            width, height = (max(1, round(each)) for each in edge.label)
            cell = f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"></TD>'
            label = f' label=<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0"><TR>{cell}</TR></TABLE>>'
        lines.append(f"  {names[edge.source]} -> {names[edge.target]} [id={number}{label}];")
    return "\n".join([*lines, "}"])


def _answer(found: Mapping[str, Any], names: Mapping[Node, str], edges: Sequence[Edge]) -> Layout:
    _, _, width, height = (float(each) for each in str(found["bb"]).split(","))
    nodes = {name: node for node, name in names.items()}

    def point(text: str) -> Point:
        x, y = (float(each) for each in text.split(","))
        return x, height - y

    objects = [each for each in found.get("objects", ()) if each["name"] in nodes]
    places = {nodes[each["name"]]: point(each["pos"]) for each in objects}
    labels: dict[Edge, Point] = {}
    pieces: dict[Edge, tuple[tuple[Point, ...], ...]] = {}
    for drawn in found.get("edges", ()):
        edge = edges[int(drawn["id"])]
        end, *spline = str(drawn["pos"]).split()
        points = [point(each) for each in spline]
        tip = point(end.removeprefix("e,"))
        pieces[edge] = ((*points, points[-1], tip, tip),)
        if edge.label:
            labels[edge] = point(drawn["lp"])
    return Layout(places, labels, pieces, frozenset(), width, height)
