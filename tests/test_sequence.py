"""Sequence diagrams: one layout for Mermaid, SVG and figures; what goes where, and that it can be read."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.transforms import Bbox

from modelcheck import ModelError, check, load
from modelcheck.cli import main
from modelcheck.compile import compile_model
from modelcheck.drawing.shapes import Line, Shape, Text
from modelcheck.drawing.svg import svg
from modelcheck.library import models_in
from modelcheck.plot.files import save_sequence
from modelcheck.plot.sequence import draw_sequence
from modelcheck.report.mermaid import sequence_diagram
from modelcheck.report.sequence import Arrow, Note, sequence_of
from modelcheck.report.sequence_drawing import sequence_drawing
from modelcheck.results import CheckReport, Result
from modelcheck.trace import Trace, replay

MODELS = [path.stem for path in sorted(models_in(Path(__file__).parent.parent / "models"))]


@pytest.fixture(scope="module")
def reports() -> dict[str, CheckReport]:
    return {name: check(name) for name in MODELS}


def traced(report: CheckReport) -> list[Result]:
    return [result for result in report.results if result.trace is not None]


def test_calls_replies_failures_and_undoing(reports: dict[str, CheckReport]) -> None:
    diagram = sequence_of(reports["seed_order_orchestration"]["no more goods than there were"])
    assert diagram.lifelines == ("orders", "inventory")
    arrows = [item for item in diagram.items if isinstance(item, Arrow)]
    assert [(a.source, a.target, a.text, a.kind, a.undo) for a in arrows] == [
        (0, 1, "reserve", "call", False),
        (1, 0, "failed", "failure", False),
        (0, 1, "undo reserve", "call", True),
        (1, 0, "undone", "reply", True),
    ]
    notes = [item for item in diagram.items if isinstance(item, Note)]
    assert [note.kind for note in notes] == ["begin", "deed", "broken"]
    assert notes[1].changes == ("stock 1→2",)
    drawing = sequence_drawing(diagram)
    lines = [shape for shape in drawing.shapes if isinstance(shape, Line) and shape.head]
    plain, undoing = lines[0].look, lines[2].look
    assert plain.colour != undoing.colour
    assert plain.dashes != undoing.dashes


def test_messages_arrive_where_they_are_taken_and_come_again(reports: dict[str, CheckReport]) -> None:
    diagram = sequence_of(reports["seed_order_choreography"]["pays once"])
    arrows = [item for item in diagram.items if isinstance(item, Arrow)]
    first, second, *_ = [arrow for arrow in arrows if arrow.text == "PaymentProcessed"]
    assert (first.mark, second.mark) == ("", "again")
    assert first.arrives is not None
    assert second.arrives is not None
    assert first.row == second.row < first.arrives < second.arrives
    waiting = [arrow for arrow in arrows if arrow.text == "InventoryReserved"]
    assert [arrow.mark for arrow in waiting] == ["waiting", "waiting"]
    assert [arrow.arrives for arrow in waiting] == [None, None]
    drawing = sequence_drawing(diagram)
    messages = [shape for shape in drawing.shapes if isinstance(shape, Line) and shape.head == "open"]
    level = [line for line in messages if line.points[0][1] == line.points[-1][1]]
    assert len(messages) == len(arrows), "a message does not wait for an answer: its head is open"
    assert len(level) == len(arrows) - 1, "only what comes late is slanted"
    assert "p2--)p3: PaymentProcessed (again)" in sequence_diagram(reports["seed_order_choreography"]["pays once"])


LOSING = """
choreography: losing
events: {Asked: {}, Urged: {}}
channels:
  bus: {capacity: 1, overflow: drop newest}
routes: {Asked: worker, Urged: worker}
starts: [Asked, Urged]
participants:
  worker:
    subscribes: [Asked, Urged]
    variables: {tried: false}
    handlers:
      work:
        on: Asked
        fails: 10%
        outcomes: {ok: {}, error: {tried: true}}
        on_failure: dead letter
      hurry: {on: Urged}
properties:
  never tried: {never: worker.tried}
"""


def test_what_is_lost_or_given_up_is_marked(tmp_path: Path) -> None:
    file = tmp_path / "losing.yaml"
    file.write_text(LOSING)
    system = compile_model(load(file))
    begin = next(iter(system.initial_states()))
    trace = Trace(system, (begin,), ())
    for wanted in (
        "publishes Asked",
        "publishes Urged",
        "start worker.work from bus>worker",
        "finish worker.work: error",
    ):
        number, after = next(
            (n, s) for n, s in system.successors(trace.states[-1]) if system.actions[n].name == wanted
        )  # fmt: skip
        trace = replay(Trace(system, (*trace.states, after), (*trace.actions, number)))
    arrows = [item for item in sequence_of(trace).items if isinstance(item, Arrow)]
    assert [(arrow.kind, arrow.mark) for arrow in arrows] == [("event", ""), ("event", "lost"), ("dead", "")]
    text = sequence_diagram(trace)
    assert "p1-xp2: Urged (lost)" in text
    assert "p2-xp2: dead letter: Asked" in text
    heads = [
        shape.head for shape in sequence_drawing(sequence_of(trace)).shapes if isinstance(shape, Line) and shape.head
    ]
    assert heads == ["open", "cross", "cross"]


def test_lassos_have_a_frame(reports: dict[str, CheckReport]) -> None:
    result = reports["retry_forever"]["it ends"]
    diagram = sequence_of(result)
    (frame,) = diagram.frames
    notes = [item for item in diagram.items if isinstance(item, Note) and item.kind == "deed"]
    assert (frame.first, frame.last) == (notes[0].row, notes[-1].row)
    drawing = sequence_drawing(diagram)
    assert "loop for ever" in [shape.text for shape in drawing.shapes if isinstance(shape, Text)]
    text = sequence_diagram(result).splitlines()
    assert text[2:3] + text[-2:-1] == ["  loop for ever", "  end"]


def test_instances_can_be_told_apart(reports: dict[str, CheckReport]) -> None:
    several = [
        result
        for report in reports.values()
        for result in traced(report)
        if result.trace is not None and len({a.label.instance for a in result.trace.system.actions}) > 1
    ]
    assert several
    for result in several:
        for item in sequence_of(result).items:
            assert "#" in item.text or not item.text or (isinstance(item, Note) and item.kind != "deed")


@pytest.mark.parametrize("name", MODELS)
def test_nothing_overlaps(name: str, reports: dict[str, CheckReport]) -> None:
    for result in traced(reports[name]):
        axes = draw_sequence(result)
        figure = axes.get_figure(root=True)
        assert figure is not None
        figure.canvas.draw()
        texts = [(text.get_text(), text.get_window_extent()) for text in axes.texts]
        boxes = [p.get_window_extent() for p in axes.patches if isinstance(p, FancyBboxPatch)]
        for (a, x), (b, y) in combinations(texts, 2):
            assert not _meet(x, y), f"{a} / {b}"
        for text, extent in texts:
            assert _within(extent, figure.bbox)
            for box in boxes:
                assert not _meet(extent, box) or _within(extent, box), text


def _meet(a: Bbox, b: Bbox) -> bool:
    return bool(min(a.x1, b.x1) > max(a.x0, b.x0) and min(a.y1, b.y1) > max(a.y0, b.y0))


def _within(a: Bbox, b: Bbox) -> bool:
    return bool(b.x0 <= a.x0 and a.x1 <= b.x1 and b.y0 <= a.y0 and a.y1 <= b.y1)


@pytest.mark.parametrize("name", MODELS)
def test_svg_figure_and_mermaid_say_the_same(name: str, reports: dict[str, CheckReport]) -> None:
    for result in traced(reports[name]):
        drawing = sequence_drawing(sequence_of(result))
        root = ElementTree.fromstring(svg(drawing))
        said = ["\n".join(span.text or "" for span in text) for text in root.iter("{http://www.w3.org/2000/svg}text")]
        assert said == [shape.text for shape in drawing.shapes if isinstance(shape, Text)]
        assert said == [text.get_text() for text in draw_sequence(result).texts]
        mermaid = sequence_diagram(result)
        for lifeline in sequence_of(result).lifelines:
            assert lifeline.replace("#", "#35;") in mermaid
        assert mermaid.count("\n  loop ") == len(sequence_of(result).frames) == mermaid.split().count("end")


def test_what_is_hidden_by_a_note_is_not_drawn(reports: dict[str, CheckReport]) -> None:
    drawing = sequence_drawing(sequence_of(reports["seed_order_choreography"]["pays once"]))
    notes = [s for s in drawing.shapes if isinstance(s, Shape) and s.rounding == 2]
    assert notes
    for line in (shape for shape in drawing.shapes if isinstance(shape, Line)):
        (ax, ay), (bx, by) = line.points
        for part in range(1, 20):
            x, y = ax + part / 20 * (bx - ax), ay + part / 20 * (by - ay)
            for box in notes:
                assert not (box.x + 1 < x < box.x + box.width - 1 and box.y + 1 < y < box.y + box.height - 1)


def test_plotting_results(tmp_path: Path, reports: dict[str, CheckReport]) -> None:
    report = reports["seed_order_orchestration"]
    result = report["compensation"]
    axes = Figure().add_subplot()
    assert result.plot(axes) is axes
    assert result.plot() is not None
    assert result.plot(tmp_path / "a.png") is None
    assert result.trace is not None
    result.trace.plot(str(tmp_path / "a.pdf"))
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    files = report.plot(tmp_path / "all")
    assert {file.name for file in files} == {file.name for file in (tmp_path / "all").iterdir()}
    assert "no-more-goods-than-there-were.svg" in {file.name for file in files}
    with pytest.raises(ValueError, match="no trace"):
        report["no deadlock"].plot()
    with pytest.raises(ModelError, match="E903"):
        result.plot(tmp_path / "a.gif")
    with pytest.raises(ModelError, match="E902"):
        result.plot(tmp_path / "missing" / "a.svg")


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_the_same_trace_gives_the_same_bytes(tmp_path: Path, suffix: str, reports: dict[str, CheckReport]) -> None:
    result = reports["seed_order_choreography"]["pays once"]
    for name in "ab":
        save_sequence(result, tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_diagrams_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "stock_race", "-q", "--diagram", str(tmp_path / "race.svg")]) == 0
    assert (tmp_path / "race.svg").read_text().startswith("<?xml")
    assert f"drawn: {tmp_path / 'race.svg'}" in capsys.readouterr().out
    main(["check", "stock_race", "write_skew", "-q", "--diagram", str(tmp_path / "many")])
    assert len(list((tmp_path / "many").glob("*.svg"))) == 2
    main(["check", "two_phase_commit", "-q", "--diagram", str(tmp_path / "none")])
    assert "there is no counterexample to draw" in capsys.readouterr().out
    assert main(["check", "stock_race", "-q", "--diagram", "race.gif"]) == 2
    assert "use .png, .svg, .pdf, or name a folder" in capsys.readouterr().err
