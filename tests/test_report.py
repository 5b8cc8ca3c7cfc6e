"""Stories of traces, and reports as text, data, HTML and diagrams, on small systems built by hand."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest

from modelcheck.errors import Position
from modelcheck.expressions import (
    BOOL,
    INT,
    EnumType,
    Expr,
    IntType,
    Operation,
    compare,
    conjunction,
    disjunction,
    equal,
    integer,
    negation,
)
from modelcheck.report.data import json_text, report_data
from modelcheck.report.html import render_page
from modelcheck.report.html import render_report as render_html
from modelcheck.report.mermaid import sequence_diagram
from modelcheck.report.story import story, tell, told_actions, unrolled
from modelcheck.report.text import render_report, render_story, summary
from modelcheck.results import CheckReport, Finding, Result, Verdict
from modelcheck.system import Action, Claim, Label, State, TransitionSystem, Variable
from modelcheck.trace import Trace, replay

STOCK = Variable("stock", IntType(0, 5), (0, 1, 2))
PAID = Variable("paid", BOOL, (False,))
AT = Variable("charge.status", IntType(0, 4), (0,), "control")
ENOUGH = Claim("requires", "reserve", compare(">=", STOCK.ref, integer(1)), "reserve requires stock >= 1")


def action(at: int, to: int, label: Label, claims: tuple[Claim, ...] = (), **updates: Expr) -> Action:
    """An action that moves the control variable."""
    name = f"{label.phase} {label.step} {label.outcome}".strip()
    return Action(name, equal(AT.ref, integer(at)), {AT.name: integer(to), **updates}, label, claims)


def less(variable: Variable) -> Expr:
    return Operation("-", (variable.ref, integer(1)), INT)


def label(phase: str, step: str, outcome: str = "", target: str = "", **more: object) -> Label:
    return replace(Label(phase, "orders", step, outcome, target=target), **more)  # type: ignore[arg-type]


ORDER = TransitionSystem(
    "order",
    (STOCK, PAID, AT),
    (
        action(0, 1, label("start", "reserve", target="inventory"), (ENOUGH,)),
        action(1, 2, label("finish", "reserve", "ok", "inventory"), stock=less(STOCK)),
        action(2, 3, label("start", "charge", target="payment")),
        action(3, 0, label("finish", "charge", "error", "payment")),
        action(3, 4, label("end", "", "aborted")),
    ),
)


def walk(system: TransitionSystem, first: State, *numbers: int, loop: int | None = None) -> Trace:
    """The path of these actions, replayed."""
    states = [first]
    for number in numbers:
        states.append(next(system.plain[number].successors(states[-1])))
    return replay(Trace(system, tuple(states), numbers, loop))


FAILED = walk(ORDER, (2, False, 0), 0, 1, 2, 3)
EMPTY = replay(Trace(ORDER, ((0, False, 0),), (), broken=ENOUGH))


def result(name: str = "p", verdict: Verdict = Verdict.PROVED, **more: object) -> Result:
    return replace(Result(name, "properties", verdict, "search"), **more)  # type: ignore[arg-type]


def told(trace: Trace) -> list[str]:
    return render_story(story(trace))


def test_start_and_finish_are_one_line() -> None:
    lines = [line for line in story(FAILED) if line.kind == "step"]
    assert [(line.number, line.actor, line.text) for line in lines] == [
        (1, "orders", "reserve at inventory: ok"),
        (2, "orders", "charge at payment: error"),
    ]
    assert [str(change) for change in lines[0].changes] == ["stock 2→1"]
    assert lines[1].changes == (), "where a flow stands is told in words"
    assert [line.actions for line in lines] == [(0, 1), (2, 3)]


def test_initial_values_are_told_where_they_were_chosen_and_matter() -> None:
    assert told(FAILED)[0].strip() == "begins with stock = 2"
    idle = replace(ORDER, actions=ORDER.actions[2:])
    waiting = Trace(idle, ((2, False, 3), (2, False, 4)), (2,))
    assert [line.kind for line in story(waiting)] == ["step"], "nothing here depends on the stock"


def test_two_lines_when_something_happens_in_between() -> None:
    first, second = (replace(AT, name=f"at#{k}", instance=k) for k in (1, 2))

    def move(k: int, variable: Variable, phase: str, to: int) -> Action:
        guard = equal(variable.ref, integer(to - 1))
        return Action(f"{phase}#{k}", guard, {variable.name: integer(to)}, label(phase, "ship", instance=k))

    actions = tuple(
        move(k, variable, phase, to)
        for k, variable in ((1, first), (2, second))
        for phase, to in (("start", 1), ("finish", 2))
    )
    system = TransitionSystem("two", (first, second), actions)
    texts = [(line.instance, line.text) for line in story(walk(system, (0, 0), 0, 2, 1, 3))]
    assert texts == [(1, "starts ship"), (2, "starts ship"), (1, "finishes ship: ok"), (2, "finishes ship: ok")]
    texts = [(line.instance, line.text) for line in story(walk(system, (0, 0), 0, 1, 2, 3))]
    assert texts == [(1, "ship: ok"), (2, "ship: ok")]


def test_the_action_that_breaks_a_claim_is_the_last_line() -> None:
    assert told_actions(EMPTY) == (0,)
    broken = result("reserve", Verdict.REFUTED, trace=EMPTY)
    assert [line.strip() for line in render_story(tell(broken))] == [
        "begins with stock = 0",
        "1  orders  starts reserve at inventory",
        "✗  reserve requires stock >= 1 (where stock = 0)",
    ]


def test_a_claim_broken_by_the_last_action_needs_no_further_one() -> None:
    state = (0, False, 0)
    trace = replay(Trace(ORDER, (state, (0, False, 1)), (0,), broken=ENOUGH))
    assert told_actions(trace) == (0,)
    assert len([line for line in story(trace) if line.kind == "step"]) == 1


def test_start_and_breaking_finish_are_one_line() -> None:
    claim = Claim("ensures", "reserve", compare(">=", STOCK.ref, integer(9)), "never enough")
    finish = replace(ORDER.actions[1], claims=(claim,))
    system = replace(ORDER, actions=(ORDER.actions[0], finish))
    trace = replay(Trace(system, ((2, False, 0), (2, False, 1)), (0,), broken=claim))
    (line,) = [line for line in story(trace) if line.kind == "step"]
    assert line.text == "reserve at inventory: ok"
    assert [str(change) for change in line.changes] == ["stock 2→1"]


def test_a_lasso_says_where_it_begins_and_that_it_goes_on() -> None:
    free = replace(ORDER, actions=(ORDER.actions[0], replace(ORDER.actions[1], updates={AT.name: integer(2)}),
                                   *ORDER.actions[2:]))  # fmt: skip
    trace = walk(free, (2, False, 0), 0, 1, 2, 3, loop=0)
    assert [line.kind for line in story(trace)] == ["loop", "step", "step", "repeat"]
    assert told(trace)[-1].endswith("... and so on for ever")
    # A loop that begins in the middle of a step is told from the end of that step on.
    cut = replay(Trace(free, (*trace.states, trace.states[1]), (0, 1, 2, 3, 0), loop=1))
    assert [line.kind for line in story(cut)] == ["step", "loop", "step", "step", "repeat"]
    assert [line.text.partition(" ")[0] for line in story(cut) if line.kind == "step"] == [
        "reserve",
        "charge",
        "reserve",
    ]
    replay(unrolled(cut))
    assert "loop for ever" in sequence_diagram(cut)


def test_undoing_skipping_ending() -> None:
    texts = {
        label("undo finish", "reserve", "ok"): "undoes reserve",
        label("undo finish", "reserve", "error", text="the flow stops"): "fails to undo reserve (the flow stops)",
        label("skip", "ship"): "skips ship",
        label("end", "", "aborted"): "ends: aborted",
        label("finish", "look", "ok", text="→ reserve"): "finishes look: ok → reserve",
        label("finish", "orders.pay", "ok", puts=("bus>stock",), publishes=("Paid",)): "finishes pay: ok, publishes"
        " Paid to stock",
        label("publish", "", message="Paid", publishes=("Paid",)): "publishes Paid",
        label("start", "pay", message="Created", queue="bus>orders"): "starts pay on Created",
    }
    for each, text in texts.items():
        system = TransitionSystem("one", (AT,), (action(0, 1, each),))
        assert story(walk(system, (0,), 0))[0].text == text


def test_bare_actions_go_by_their_name_and_show_all_that_changes() -> None:
    rm = Variable("rm[1]", EnumType(("working", "prepared")), (0,))
    prepare = Action("prepare[1]", equal(rm.ref, rm.ref), {rm.name: integer(1)}, Label("act", "prepare[1]", "prepare"))
    (line,) = told(walk(TransitionSystem("tpc", (rm,), (prepare,)), (0,), 0))
    assert line.split() == ["1", "prepare[1]", "rm[1]", "working→prepared"]


def test_monitors_are_never_shown() -> None:
    seen = Variable("seen", BOOL, (False,), "monitor")
    watched = ORDER.observed([seen], lambda _: {"seen": equal(integer(1), integer(1))})
    trace = walk(watched, (2, False, 0, False), 0, 1)
    assert "seen" not in "\n".join(told(trace))


REPORT = CheckReport(
    "order",
    (
        result("nothing left", Verdict.REFUTED, reason="stock is not given back", trace=FAILED,
               expected=Verdict.REFUTED, position=Position("order.yaml", 7, 3)),
        result("enough", Verdict.REFUTED, trace=EMPTY),
        result("never paid", expected=Verdict.REFUTED),
        result("vain", vacuous=True, reason="its premise is never true"),
        result("deep", Verdict.BOUNDED, reason="nothing found up to 10 actions"),
        result("hard", Verdict.UNKNOWN, reason="z3 gave up"),
        *(result(f"claim {k}", check="contracts") for k in range(9)),
    ),
    (Finding("W101", "'x' is never used", "warning", Position("order.yaml", 2, 1, "x: 1"), "remove it"),),
    "order.yaml",
    ("2 instances",),
    {"states": 1204, "seconds": 0.31},
)  # fmt: skip


def test_the_report_as_text() -> None:
    text = render_report(REPORT)
    assert str(REPORT) == text
    assert "✗ nothing left    refuted (as expected)" in text
    assert "✓ never paid      proved (EXPECTED refuted)" in text
    assert "✓ vain            proved, but vacuous" in text
    assert "its premise is never true" in text
    assert "~ deep            bounded" in text
    assert "? hard            unknown" in text
    assert "✓ 9 other claims  proved" in text
    assert "claim 0, claim 1, claim 2" in text
    assert "order.yaml:7:3" in text
    assert "warning order.yaml:2:1: W101: 'x' is never used" in text
    assert "    x: 1\n    ^\n    hint: remove it" in text
    assert "assumed: 2 instances" in text
    assert text.splitlines()[-1] == summary(REPORT)
    assert "\033" not in text


def test_the_last_line_counts() -> None:
    assert summary(REPORT) == (
        "order: 11 proved (1 vacuous, 1 EXPECTED otherwise), 2 refuted (1 as expected), 1 bounded, 1 unknown; "
        "1,204 states; 0.3 s"
    )
    assert summary(CheckReport("nothing", ())) == "nothing: nothing to check"


def test_quiet_and_verbose() -> None:
    quiet = render_report(REPORT, quiet=True)
    assert "nothing left" not in quiet
    assert "enough" in quiet
    assert "claim 3" not in quiet
    assert "claim 3" in render_report(REPORT)
    verbose = render_report(REPORT, verbose=True)
    assert all(f"✓ claim {k}" in verbose for k in range(9))


def test_the_same_run_is_told_once() -> None:
    report = CheckReport("order", tuple(result(n, Verdict.REFUTED, trace=FAILED, reason=f"bad {n}") for n in "ab"))
    text = render_report(report)
    assert text.count("reserve at inventory") == 1
    assert "the same run as for a" in text
    assert "bad b" in text


def test_lines_fit_the_width_and_lose_no_word() -> None:
    report = replace(REPORT, results=(result("long", Verdict.REFUTED, reason="word " * 60, trace=FAILED),))
    for width in (60, 80, 120):
        text = render_report(report, width=width)
        assert max(len(line) for line in text.splitlines()) <= width
        assert text.count("word") == 60


def test_colour_changes_nothing_but_colour() -> None:
    assert re.sub(r"\033\[\d+m", "", render_report(REPORT, color=True)) == render_report(REPORT)


def test_the_report_as_data() -> None:
    data = json.loads(json_text(report_data(REPORT)))
    assert data == json.loads(json_text(REPORT.to_dict()))
    first = data["results"][0]
    assert first["verdict"] == "refuted"
    assert first["expected"] == "refuted"
    assert first["as_it_should_be"] is True
    assert first["position"] == {"file": "order.yaml", "line": 7, "column": 3}
    assert [step["changes"] for step in first["trace"]["steps"]][1] == {
        "stock": {"from": "2", "to": "1"},
        "charge.status": {"from": "1", "to": "2"},
    }
    second = data["results"][1]
    assert second["trace"]["broken"] == {"kind": "requires", "name": "reserve"}
    assert second["trace"]["breaking_action"]["action"] == "start reserve"
    assert [line["text"] for line in second["story"]][-1] == "reserve requires stock >= 1"
    assert data["statistics"] == {"states": 1204, "seconds": 0.31}
    assert data["exit_code"] == 1


def test_json_has_no_infinities_and_knows_the_numbers_of_others() -> None:
    data = {"a": float("nan"), "b": Fraction(1, 4), "c": np.float64(2.5), "d": np.arange(2), "e": Verdict.PROVED}
    assert json.loads(json_text(data)) == {"a": None, "b": 0.25, "c": 2.5, "d": [0, 1], "e": "proved"}


class Tags(HTMLParser):
    """Checks that tags are closed in order, and collects them with the text between."""

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in ("meta", "hr", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_as_html() -> None:
    hostile = replace(REPORT, model="<script>alert(1)</script>", file="&amp;")
    for page in (render_html(hostile), hostile._repr_html_(), render_page([hostile, REPORT])):
        tags = Tags(page)
        assert "script" not in tags.seen
        assert "<script>alert(1)</script>" in tags.text
        assert "reserve at inventory: ok" in tags.text
        assert "stock 2→1" in tags.text


def test_the_sequence_diagram() -> None:
    assert sequence_diagram(FAILED).splitlines() == [
        "sequenceDiagram",
        "  participant p1 as orders",
        "  participant p2 as inventory",
        "  participant p3 as payment",
        "  Note over p1,p3: begins with stock = 2",
        "  p1->>p2: reserve",
        "  p2-->>p1: ok",
        "  Note over p1: stock 2→1",
        "  p1->>p3: charge",
        "  p3--xp1: error",
    ]
    assert sequence_diagram(EMPTY).splitlines()[-1] == "  Note over p1,p2: ✗ reserve requires stock #62;= 1"


def test_messages_are_arrows_to_those_who_receive_them() -> None:
    publish = label("publish", "", message="Paid", puts=("bus>stock", "bus>mail"), publishes=("Paid",))
    system = TransitionSystem("one", (AT,), (action(0, 1, publish),))
    rows = sequence_diagram(walk(system, (0,), 0)).splitlines()
    assert rows[-2:] == ["  p1-)p2: Paid", "  p1-)p3: Paid"]


@pytest.mark.parametrize("name", ["reserve; drop", "a#b", "x\ny"])
def test_names_cannot_break_a_diagram(name: str) -> None:
    system = TransitionSystem("one", (AT,), (action(0, 1, label("finish", name, "ok", "inventory")),))
    body = sequence_diagram(walk(system, (0,), 0)).splitlines()[1:]
    assert all(re.fullmatch(r"  (participant|Note over|p\d)[^;]*(#\d+;[^;]*)*", row) for row in body)


def shown(formula: Expr, state: State, verdict: Verdict = Verdict.REFUTED, reason: str = "broken: all") -> str:
    """The last line of the story of a trace that ends where a formula holds."""
    first = replace(ORDER, variables=tuple(replace(v, initial=None) for v in ORDER.variables))
    line = tell(result("p", verdict, trace=Trace(first, (state,), ()), shows=formula, reason=reason))[-1]
    return f"{line.text} ({', '.join(str(change) for change in line.changes)})"


def test_of_a_broken_conjunction_the_false_part_is_told() -> None:
    enough, few = compare(">=", STOCK.ref, integer(1)), compare("<=", STOCK.ref, integer(3))
    whole = conjunction([enough, few])
    assert shown(negation(whole), (0, True, 0)) == "broken: stock >= 1 (stock = 0)"
    asked = conjunction([equal(AT.ref, integer(4)), negation(conjunction([PAID.ref, enough, few]))])
    assert shown(asked, (5, True, 4)) == "broken: stock <= 3 (stock = 5)"
    assert shown(asked, (5, False, 4)) == "broken: paid and stock <= 3 (stock = 5, paid = false)"
    implied = disjunction([negation(PAID.ref), enough])
    assert shown(negation(conjunction([implied, few])), (0, True, 0)) == (
        "broken: paid implies stock >= 1 (stock = 0, paid = true)"
    )


def test_what_is_false_as_a_whole_or_reads_more_than_variables_is_told_as_written() -> None:
    enough = compare(">=", STOCK.ref, integer(1))
    assert shown(negation(enough), (0, True, 0)) == "broken: all (stock = 0)"
    assert shown(negation(conjunction([PAID.ref, enough])), (0, False, 0)) == "broken: all (stock = 0, paid = false)"
    control = conjunction([equal(AT.ref, integer(1)), PAID.ref])
    assert shown(negation(control), (0, False, 1)) == "broken: all (paid = false)"


def test_only_values_that_decide_are_told() -> None:
    enough = compare(">=", STOCK.ref, integer(1))
    either = disjunction([PAID.ref, enough])
    assert shown(either, (2, False, 0), Verdict.PROVED, "it is reached") == "it is reached (stock = 2)"
    assert shown(either, (2, True, 0), Verdict.PROVED, "it is reached") == "it is reached (paid = true)"
    assert (
        shown(conjunction([PAID.ref, enough]), (2, True, 0), reason="reached: x")
        == "reached: x (stock = 2, paid = true)"
    )


def test_a_range_is_left_with_the_value_after_and_a_precondition_is_broken_with_the_one_before() -> None:
    left = Claim("range", "stock", compare("<=", integer(1), STOCK.ref), "stock leaves its range")
    needs = Claim("requires", "reserve", compare(">=", STOCK.ref, integer(9)), "reserve requires stock >= 9")
    finish = replace(ORDER.actions[1], claims=(left, needs))
    system = replace(ORDER, actions=(ORDER.actions[0], finish))
    for claim, value in ((left, "0"), (needs, "1")):
        trace = Trace(system, ((1, False, 0), (1, False, 1), (0, False, 2)), (0, 1), broken=claim)
        line = tell(result("p", Verdict.REFUTED, trace=trace))[-1]
        assert [str(change) for change in line.changes] == [f"stock = {value}"]


def test_an_action_is_not_said_to_have_the_index_of_its_actor() -> None:
    seen = Variable("seen", BOOL, (False,))
    for name, actor, text in (
        ("check[1]", "buyer[1]", "check"),
        ("send[1,2]", "node[1]", "send[1,2]"),
        ("go", "x", "go"),
    ):
        system = TransitionSystem(
            "race", (seen,), (Action(name, equal(integer(1), integer(1)), {}, Label("act", actor, "s")),)
        )
        assert story(walk(system, (False,), 0))[0].text == text
