"""Colours and shapes that all pictures share.

Colours are middle tones: each stands out by 3:1 or more on white and on black, which is enough for lines and borders;
texts are in ink (on a page: in the colour of its text) on areas painted so faintly that they stay readable. What shares
a picture differs in line style or shape as well, so that grey is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .shapes import Look

INK = "#22303c"
FONT_SIZE, SMALL = 10.0, 8.5  # points
BLUE, GREEN, ORANGE, RED, GREY = "#2f6fb5", "#2e8b57", "#c27c0e", "#c0392b", "#6b7785"
# For words in colour: readable (4.5:1) on white and on black.
GOOD, BAD, OPEN = "#22854f", "#d24343", "#a5660a"

DASHED, DOTTED, DASH_DOT = (5.0, 3.0), (1.5, 2.5), (7.0, 2.5, 1.5, 2.5)
FAINT = 0.12  # how opaque an area is


@dataclass(frozen=True)
class NodeStyle:
    """A node's outline (`pill`, `box`, `cut`, `flag`, `slant`), its colour, whether its border is dashed or double."""

    outline: str
    colour: str
    dashed: bool = False
    double: bool = False
    fill: float = FAINT
    width: float = 1.3


NODES: Mapping[str, NodeStyle] = {
    "start": NodeStyle("pill", GREY),
    "end": NodeStyle("pill", GREY, double=True),
    "abort": NodeStyle("cut", RED),
    "step": NodeStyle("box", BLUE),
    "compensation": NodeStyle("box", ORANGE, dashed=True),
    "event": NodeStyle("flag", GREEN),
    "handler": NodeStyle("box", BLUE),
    "outside": NodeStyle("pill", GREY),
    # Of a net.
    "place": NodeStyle("pill", GREEN),
    "marked": NodeStyle("pill", GREEN, width=2.4),
    "sink": NodeStyle("pill", GREEN, double=True),
    "transition": NodeStyle("box", BLUE),
    # Of a state graph.
    "state": NodeStyle("box", BLUE),
    "initial": NodeStyle("pill", BLUE),
    "finished": NodeStyle("box", GREEN, double=True),
    "deadlock": NodeStyle("slant", ORANGE, dashed=True),
    "violating": NodeStyle("cut", RED, width=2.4),
    "reached": NodeStyle("cut", GREEN, width=2.4),
    "stub": NodeStyle("box", GREY, dashed=True, fill=0.0),
}
OTHER_NODE = NodeStyle("box", GREY, fill=0.0)

EDGES: Mapping[str, Look] = {
    "sequence": Look(),
    "jump": Look(BLUE, dashes=DASH_DOT),
    "choice": Look(BLUE, dashes=DASH_DOT),
    "failure": Look(RED, dashes=DASHED),
    "compensation": Look(ORANGE, dashes=DOTTED),
    "publishes": Look(GREEN, dashes=DASHED),
    "delivers": Look(),
    "action": Look(),
    "arc": Look(),
    "stub": Look(GREY, dashes=DOTTED),
}
OTHER_EDGE = Look(GREY)
MAIN_LINE = frozenset({"sequence", "publishes", "delivers", "compensation", "arc"})
MARKED_WIDTH = 3.2  # of the edges of a counterexample
