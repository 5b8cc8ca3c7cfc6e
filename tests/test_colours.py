"""Pictures without colours: texts stand out from what is behind them, and kinds differ in more than their hue."""

from __future__ import annotations

from itertools import combinations

import pytest

from modelcheck.drawing.shapes import Line, Look, Shape, Text, contrast, luminance
from modelcheck.drawing.style import BAD, BLUE, EDGES, GOOD, GREEN, GREY, INK, NODES, OPEN, ORANGE, RED
from modelcheck.plot import comparison
from modelcheck.report.sequence import Arrow, Diagram, Frame, Note
from modelcheck.report.sequence_drawing import sequence_drawing

WHITE, BLACK, NOTEBOOK_DARK, DARK_INK = "#ffffff", "#000000", "#111111", "#dddddd"
# What shares a picture.
NODES_TOGETHER = (
    ("start", "end", "abort", "step", "compensation"),
    ("event", "handler", "outside"),
    ("initial", "state", "finished", "deadlock", "violating", "stub"),
    ("initial", "state", "finished", "deadlock", "reached", "stub"),
)
EDGES_TOGETHER = (
    ("sequence", "jump", "failure", "compensation"),
    ("sequence", "choice", "failure", "compensation"),
    ("publishes", "delivers"),
    ("action", "stub"),
)


def blended(colour: str, opacity: float, ground: str) -> str:
    """A colour painted on another."""
    mixed = (
        round(opacity * int(colour[at : at + 2], 16) + (1 - opacity) * int(ground[at : at + 2], 16)) for at in (1, 3, 5)
    )
    return "#" + "".join(f"{each:02x}" for each in mixed)


def test_luminance_and_contrast_are_those_of_the_standard() -> None:
    assert contrast(WHITE, BLACK) == pytest.approx(21.0)
    assert luminance("#777777") == pytest.approx(0.1845, abs=1e-4)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("kind", NODES)
def test_texts_can_be_read_on_every_node(kind: str) -> None:
    style = NODES[kind]
    assert contrast(INK, blended(style.colour, style.fill, WHITE)) >= 4.5
    assert contrast(DARK_INK, blended(style.colour, style.fill, NOTEBOOK_DARK)) >= 4.5


@pytest.mark.parametrize("colour", [BLUE, GREEN, ORANGE, RED, GREY])
def test_lines_stand_out_on_light_and_on_dark(colour: str) -> None:
    assert min(contrast(colour, WHITE), contrast(colour, NOTEBOOK_DARK)) >= 3.0


@pytest.mark.parametrize("colour", [GOOD, BAD, OPEN])
def test_verdicts_can_be_read_on_light_and_on_dark(colour: str) -> None:
    assert min(contrast(colour, WHITE), contrast(colour, BLACK)) >= 4.5


@pytest.mark.parametrize("together", NODES_TOGETHER)
def test_kinds_of_nodes_differ_without_colour(together: tuple[str, ...]) -> None:
    for one, other in combinations(together, 2):
        a, b = NODES[one], NODES[other]
        shapes = [(style.outline, style.dashed, style.double) for style in (a, b)]
        assert shapes[0] != shapes[1], f"{one} and {other} look alike in grey"


@pytest.mark.parametrize("together", EDGES_TOGETHER)
def test_kinds_of_edges_differ_without_colour(together: tuple[str, ...]) -> None:
    assert len({EDGES[kind].dashes for kind in together}) == len(together)


def test_arrows_of_a_sequence_diagram_differ_without_colour() -> None:
    kinds = {
        "call": Arrow(0, 0, 1, "a", "call", 0),
        "reply": Arrow(1, 1, 0, "b", "reply", 1),
        "failure": Arrow(2, 1, 0, "c", "failure", 2),
        "event": Arrow(3, 0, 1, "d", "event", 3),
        "again": Arrow(4, 0, 1, "e", "event", 4, "again"),
        "waiting": Arrow(5, 0, 1, "f", "event", None, "waiting"),
        "lost": Arrow(6, 0, 1, "g", "event", None, "lost"),
        "undoing": Arrow(7, 0, 1, "h", "call", 7, undo=True),
    }
    drawing = sequence_drawing(Diagram("x", ("p", "q"), tuple(kinds.values()), (), 8))
    arrows = [shape for shape in drawing.shapes if isinstance(shape, Line) and shape.head]
    looks = {kind: (line.head, line.look.dashes) for kind, line in zip(kinds, arrows, strict=True)}
    assert len(set(looks.values())) == len(looks), looks


def test_texts_of_a_sequence_diagram_are_in_ink() -> None:
    items = (
        Note(-1, 0, "begins", kind="begin"),
        Note(0, 0, "did", ("x 0→1",), undo=True),
        Note(1, 0, "bad", kind="broken"),
    )
    drawing = sequence_drawing(Diagram("x", ("p", "q"), items, (Frame(0, 0),), 2))
    assert all(not text.colour for text in drawing.shapes if isinstance(text, Text))
    for shape in (shape for shape in drawing.shapes if isinstance(shape, Shape)):
        assert contrast(INK, blended(shape.look.colour or INK, shape.look.fill, WHITE)) >= 4.5
        assert contrast(DARK_INK, blended(shape.look.colour or DARK_INK, shape.look.fill, NOTEBOOK_DARK)) >= 4.5


def test_lines_of_a_comparison_differ_without_colour() -> None:
    looks = [(line, marker) for _, line, marker, _ in comparison.LOOKS.values()]
    assert len(set(looks)) == len(looks)
    assert contrast(comparison.DARK, comparison.LIGHT) >= 3.0
    assert min(contrast(each, WHITE) for each in (comparison.DARK, comparison.LIGHT, comparison.FAINT)) >= 3.0


def test_the_histogram_of_times_can_be_read_in_grey() -> None:
    """The mean is solid, percentiles are dashed, and both stand out from the bars and from white."""
    bars = blended(BLUE, 0.65, WHITE)
    assert contrast(GREY, WHITE) >= 4.5, "texts of the percentiles"
    assert contrast(RED, WHITE) >= 3.0
    assert contrast(INK, bars) >= 3.0
    assert Look(RED).dashes == ()
