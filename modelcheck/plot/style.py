"""Colours and shapes that all pictures share."""

from __future__ import annotations

from dataclasses import dataclass

INK = "#22303c"
FONT_SIZE = 10.0  # points
BLUE, GREEN, ORANGE, RED, GREY = "#2f6fb5", "#2e8b57", "#c27c0e", "#c0392b", "#6b7785"


@dataclass(frozen=True)
class NodeStyle:
    """A node's outline (`pill`, `box`, `cut`, `flag`), its colours, and whether its border is dashed or double."""

    outline: str
    fill: str
    border: str
    dashed: bool = False
    double: bool = False


NODES = {
    "start": NodeStyle("pill", "#eef1f4", GREY),
    "end": NodeStyle("pill", "#eef1f4", GREY, double=True),
    "abort": NodeStyle("cut", "#fbe9e7", RED),
    "step": NodeStyle("box", "#e7f0fa", BLUE),
    "compensation": NodeStyle("box", "#fdf3e1", ORANGE, dashed=True),
    "event": NodeStyle("flag", "#e6f4ec", GREEN),
    "handler": NodeStyle("box", "#e7f0fa", BLUE),
    "outside": NodeStyle("pill", "#eef1f4", GREY),
}
OTHER_NODE = NodeStyle("box", "#ffffff", GREY)

# Colour and line style of an edge by its kind.
EDGES = {
    "sequence": (INK, "solid"),
    "jump": (BLUE, "solid"),
    "choice": (BLUE, "solid"),
    "failure": (RED, "dashed"),
    "compensation": (ORANGE, "dashed"),
    "publishes": (GREEN, "solid"),
    "delivers": (INK, "solid"),
}
OTHER_EDGE = (GREY, "solid")
MAIN_LINE = frozenset({"sequence", "publishes", "delivers", "compensation"})
