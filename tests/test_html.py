"""Results as notebooks show them: well-formed, without scripts, everything escaped, in the page's own colours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from modelcheck import ModelError, check, compare, load, simulate
from modelcheck.cli import main
from modelcheck.compile import compile_model
from modelcheck.drawing.charts import Bar, Mark, bars, histogram
from modelcheck.drawing.shapes import Text, text_height, text_width
from modelcheck.errors import Position, Problem
from modelcheck.library import models_in
from modelcheck.results import CheckReport, Finding

MODELS = [path.stem for path in sorted(models_in(Path(__file__).parent.parent / "models"))]
EVIL = """<script>alert('1')</script>"&<b onload="x">"""
VOID = {"meta", "hr", "br"}


class Page(HTMLParser):
    """Reads a fragment strictly: tags closed in order, no scripts, no handlers, nothing loaded, no fixed background."""

    def __init__(self, fragment: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(fragment)
        self.close()
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert tag not in ("script", "iframe", "object", "embed", "link", "style", "img", "foreignobject", "b")
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("href", "src", "xlink:href")
            assert value is not None or (tag, name) == ("details", "open")
            value = value or ""
            if name == "style":
                assert "url(" not in value
                assert re.findall(r"background[^:]*:([^;]*)", value) == ["none"] * value.count("background")
            if name in ("fill", "stroke"):
                assert re.fullmatch(r"none|currentColor|#[0-9a-f]{6}", value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        assert self.open.pop() == tag

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def evil(value: Any) -> Any:
    """A result in which every text is hostile that may be."""
    return replace(value, name=EVIL, reason=EVIL, position=Position(EVIL, 1, 1, EVIL))


SHOWN: dict[str, Callable[[], Any]] = {
    "a report": lambda: check("seed_order_choreography"),
    "a result": lambda: check("retry_forever")["it ends"],
    "a result without a trace": lambda: check("stock_race")["no deadlock"],
    "a trace": lambda: check("stock_race")["stock never negative"].trace,
    "a simulation": lambda: simulate("order_orchestration", jobs=500),
    "a comparison": lambda: compare("order_orchestration", "order_choreography", jobs=200),
    "an orchestration": lambda: load("order_orchestration"),
    "a choreography": lambda: load("order_choreography"),
    "a system": lambda: load("two_phase_commit"),
    "a problem": lambda: Problem("E101", "wrong", Position("a.yaml", 1, 2, "ab: c"), "say it right"),
    "an error": lambda: ModelError([Problem("E101", "wrong", None, "say it right"), Problem("E102", "worse")]),
}


@pytest.mark.parametrize("what", SHOWN)
def test_everything_shows_itself_in_a_notebook(what: str) -> None:
    value = SHOWN[what]()
    page = Page(value._repr_html_())
    assert page.text.strip()
    assert value._repr_html_() == value._repr_html_()
    drawn = {"a report", "a result", "a trace", "a simulation", "a comparison", "an orchestration", "a choreography"}
    assert ("svg" in page.tags) == (what in drawn)


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    report = check("stock_race")
    finding = Finding(EVIL, EVIL, EVIL, Position(EVIL, 1, 1, EVIL), EVIL)
    hostile = CheckReport(
        EVIL, tuple(evil(result) for result in report.results), (finding,), EVIL, (EVIL,), {"states": 1, "seconds": 1.0}
    )
    problem = Problem(EVIL, EVIL, Position(EVIL, 1, 1, EVIL), EVIL)
    names = tmp_path / "evil.yaml"
    names.write_text(
        "system: '<script>x</script>'\nvariables: {a: {values: ['<b>', c], initial: c}}\n".replace("'<b>'", "b")
        + "actions: {go: {when: a == c, effect: {a: b}}}\nproperties: {'<script>alert(1)</script>': {never: a == b}}\n"
    )
    flow = load("order_orchestration")
    simulated = replace(simulate(flow, jobs=100), name=EVIL, reason=EVIL, outcomes={EVIL: 1}, notes=(EVIL,))
    parts = [hostile, hostile.results[0], problem, ModelError([problem]), simulated, replace(flow, description=EVIL)]
    parts.append(replace(flow, name=EVIL, properties={EVIL: next(iter(flow.properties.values()))}))
    parts.append(
        replace(compare("order_orchestration", "order_choreography", jobs=100), orchestration=replace(flow, name=EVIL))
    )
    for part in parts:
        page = Page(part._repr_html_())
        assert EVIL in page.text
    system = compile_model(load("stock_race"))
    trace = report["stock never negative"].trace
    assert trace is not None
    actions = tuple(replace(a, label=replace(a.label, actor=EVIL, step=EVIL, text=EVIL)) for a in system.actions)
    page = Page(replace(trace, system=replace(system, name=EVIL, actions=actions))._repr_html_())
    assert page.text.replace("\n", "").count("<script>") >= 4
    try:
        report = check(names)
    except ModelError as error:
        Page(error._repr_html_())
    else:
        Page(report._repr_html_())


@pytest.mark.parametrize("name", MODELS)
def test_reports_of_packaged_models_are_well_formed(name: str) -> None:
    report = check(name)
    page = Page(report._repr_html_())
    runs = {(r.trace.states, r.trace.actions, r.trace.loop) for r in report.results if r.trace is not None}
    assert page.tags.count("svg") == len(runs), "each run is drawn once"


def test_the_page_has_the_diagrams(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    main(["check", "stock_race", "retry_forever", "-q", "--html", str(file)])
    page = Page(file.read_text().removeprefix("<!doctype html>"))
    assert page.tags.count("svg") == 2, "two results of retry_forever show the same run"
    assert "loop for ever" in page.text


def test_an_error_has_no_traceback_in_a_notebook() -> None:
    with pytest.raises(ModelError) as caught:
        load("no such model")
    lines = caught.value._render_traceback_()
    assert "\n".join(lines) == str(caught.value)


def test_labels_of_a_histogram_do_not_meet() -> None:
    marks = [Mark(value, f"p{value:.0f}", main=value == 50) for value in (50, 51, 52, 53, 95, 99, 100)]
    drawing = histogram([1, 5, 9, 2], 100.0, marks, ("0", "100 ms"), "times")
    _apart([shape for shape in drawing.shapes if isinstance(shape, Text)], drawing.width, drawing.height)


def test_bars_have_room_for_their_texts() -> None:
    rows = [Bar("orchestration", 10, 9, 11, 20, "mean 10 ms"), Bar("x", 0, 0, 0, 0, "mean 0 s", hollow=True)]
    drawing = bars(rows, "means")
    _apart([shape for shape in drawing.shapes if isinstance(shape, Text)], drawing.width, drawing.height)


def _apart(texts: list[Text], width: float, height: float) -> None:
    boxes = []
    for text in texts:
        wide, high = text_width(text.text, text.size, text.bold), text_height(text.text, text.size) * 0.8
        left = text.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor] * wide
        assert left >= 0
        assert left + wide <= width
        assert text.y - high / 2 >= 0
        assert text.y + high / 2 <= height
        for x0, x1, y0, y1 in boxes:
            assert left >= x1 or left + wide <= x0 or text.y - high / 2 >= y1 or text.y + high / 2 <= y0
        boxes.append((left, left + wide, text.y - high / 2, text.y + high / 2))
