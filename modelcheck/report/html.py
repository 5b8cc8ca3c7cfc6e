"""Results as HTML, as notebooks show them and `check --html` writes them, with their sequence diagrams."""

from __future__ import annotations

from collections.abc import Sequence

from .. import model
from ..drawing.style import BAD, GOOD, OPEN
from ..drawing.svg import svg
from ..errors import ModelError, Problem
from ..results import CheckReport, Finding, Result, Verdict
from ..trace import Trace
from .elements import FAINT, block, coloured, faint, figure, page, table, text
from .sequence import sequence_of
from .sequence_drawing import sequence_drawing
from .story import Line, shortened, story, tell
from .text import MARKS, all_assumptions, says, summary

MOST_DRAWN = 120  # lines of a story: what is longer has no diagram on a page


def render_report(report: CheckReport) -> str:
    """The report as a fragment of a page, as notebooks show it."""
    parts = [
        f"<p><strong>{text(report.model)}</strong> {faint(report.file)}</p>",
        table(_result_row(result) for result in report.results),
        *_stories([result for result in report.results if result.trace is not None]),
        "".join(_finding(finding) for finding in report.findings),
    ]
    if assumptions := all_assumptions(report):
        items = "".join(f"<li>{text(each)}</li>" for each in assumptions)
        parts.append(f'<details style="{FAINT}"><summary>assumptions</summary><ul>{items}</ul></details>')
    parts.append(f"<p><strong>{text(summary(report))}</strong></p>")
    return block(*parts)


def render_page(reports: Sequence[CheckReport]) -> str:
    """A page of its own, in the reader's colours."""
    return page("modelcheck", "<hr>".join(render_report(report) for report in reports))


def render_result(result: Result) -> str:
    """One result with its story."""
    return block(table([_result_row(result)]), *_stories([result] if result.trace is not None else []))


def render_trace(trace: Trace) -> str:
    """A trace as a story and as a sequence diagram."""
    lines = story(trace)
    return block(f"<p><strong>{text(trace.system.name)}</strong></p>", table(map(_line, lines)), _diagram(trace, lines))


def render_problems(problems: Sequence[Problem]) -> str:
    """What is wrong with an input, each with its place, the line with a caret, and the hint."""
    return block(*(_problem(problem) for problem in problems))


def render_design(design: model.Design) -> str:
    """A loaded model: its kind, what it promises, and its flow or its events as a picture."""
    from ..drawing.graph import graph_drawing
    from .diagram import graph_of

    heading = f"<p><strong>{text(design.name)}</strong> {faint(type(design).__name__.lower())}</p>"
    about = f"<p>{text(design.description)}</p>" if design.description else ""
    promises = table([text(name), faint(asked.word)] for name, asked in design.properties.items())
    picture = ""
    try:
        if isinstance(design, model.Orchestration | model.Choreography | model.Net):
            picture = figure(svg(graph_drawing(graph_of(design))))
    except ModelError as error:
        picture = render_problems(error.problems)
    return block(heading, about, picture, promises if design.properties else "")


def _colour(result: Result) -> str:
    if result.as_it_should_be:
        return GOOD
    return OPEN if result.undecided else BAD


def _result_row(result: Result) -> list[str]:
    verdict = coloured(f"{MARKS[result.verdict]} {says(result)}", _colour(result))
    reason = result.reason if result.vacuous or result.verdict != Verdict.PROVED else ""
    return [verdict, text(result.name), faint(result.method), text(reason)]


def _stories(results: Sequence[Result]) -> list[str]:
    """Each run once, a long one without its middle: of two results with the same run, the second refers to the
    first."""
    told: dict[object, str] = {}
    parts = []
    for result in results:
        assert result.trace is not None
        trace, lines = result.trace, tell(result)
        first = told.setdefault((trace.states, trace.actions, trace.loop), result.name)
        opened = "" if result.verdict == Verdict.PROVED else " open"
        place = f" {faint(result.position)}" if result.position else ""
        title = f"<summary><strong>{text(result.name)}</strong>: {text(result.verdict)}{place}</summary>"
        if first == result.name:
            body = table(map(_line, shortened(lines))) + _diagram(result, lines)
        else:
            body = f"<p>the same run as for {text(first)}</p>{table(map(_line, lines[-1:]))}"
        parts.append(f"<details{opened}>{title}{body}</details>")
    return parts


def _diagram(told: Trace | Result, lines: Sequence[Line]) -> str:
    if len(lines) > MOST_DRAWN:
        return f'<p style="{FAINT}">too long for a diagram here: modelcheck check --diagram draws it</p>'
    return figure(svg(sequence_drawing(sequence_of(told))))


_MARKS = {"begin": "", "more": "", "loop": "↻", "repeat": "↻", "broken": "✗", "reached": "✓"}


def _line(line: Line) -> list[str]:
    sign = str(line.number) if line.kind == "step" else _MARKS[line.kind]
    colours = {"broken": BAD, "reached": GOOD}
    mark = coloured(sign, colours[line.kind]) if line.kind in colours else text(sign)
    actor = f"{line.actor} #{line.instance}" if line.instance else line.actor
    changes = text(", ".join(str(change) for change in line.changes))
    code = f'<code style="background:none;color:inherit">{changes}</code>' if changes else ""
    return [mark, text(actor), text(line.text), code]


def _finding(finding: Finding) -> str:
    place = f"{finding.position}: " if finding.position else ""
    hint = f" {faint(finding.hint)}" if finding.hint else ""
    return f"<p>{text(finding.severity)} {text(place)}{text(finding.code)}: {text(finding.message)}{hint}</p>"


def _problem(problem: Problem) -> str:
    first, *rest = problem.render().split("\n")
    hint = f"hint: {problem.hint}" if problem.hint else ""
    shown = rest[:-1] if problem.hint and rest and rest[-1].strip() == hint else rest
    line = (
        f'<pre style="background:none;color:inherit;margin:.2em 0">{text(chr(10).join(shown))}</pre>' if shown else ""
    )
    return f"<div>{coloured('✗', BAD)} {text(first)}{line}{faint(hint) if hint else ''}</div>"
