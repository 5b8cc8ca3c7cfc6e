"""A report as HTML: no scripts, all text escaped, readable on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ..results import CheckReport, Finding, Result, Verdict
from .story import Line, shortened, tell
from .text import MARKS, all_assumptions, says, summary

_GOOD, _BAD, _OPEN = "#2a9d5c", "#d64545", "#c08a1e"  # each readable on white and on black
_CELL = "text-align:left;vertical-align:top;padding:.15em .9em .15em 0;border:0;background:none;color:inherit"
_FAINT = "opacity:.7"


def render_report(report: CheckReport) -> str:
    """The report as a fragment of a page, as notebooks show it."""
    parts = [
        f'<p><strong>{_text(report.model)}</strong> <span style="{_FAINT}">{_text(report.file)}</span></p>',
        _rows("table", (_result_row(result) for result in report.results)),
        *(_story(result) for result in report.results if result.trace is not None),
        "".join(_finding(finding) for finding in report.findings),
    ]
    if assumptions := all_assumptions(report):
        items = "".join(f"<li>{_text(each)}</li>" for each in assumptions)
        parts.append(f'<details style="{_FAINT}"><summary>assumptions</summary><ul>{items}</ul></details>')
    parts.append(f"<p><strong>{_text(summary(report))}</strong></p>")
    return f'<div style="color:inherit;line-height:1.4">{"".join(parts)}</div>'


def render_page(reports: Sequence[CheckReport]) -> str:
    """A page of its own, in the reader's colours."""
    body = "<hr>".join(render_report(report) for report in reports)
    head = '<meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>modelcheck</title>'
    style = "font-family:system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em"
    return f'<!doctype html><html lang="en"><head>{head}</head><body style="{style}">{body}</body></html>\n'


def _text(value: object) -> str:
    return escape(str(value))


def _rows(tag: str, rows: Iterable[str]) -> str:
    style = "border-collapse:collapse;border:0;background:none;color:inherit;font-size:inherit"
    return f'<{tag} style="{style}"><tbody>{"".join(rows)}</tbody></{tag}>'


def _row(*cells: str) -> str:
    inner = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells)
    return f'<tr style="background:none">{inner}</tr>'


def _colour(result: Result) -> str:
    if result.as_it_should_be:
        return _GOOD
    return _OPEN if result.undecided else _BAD


def _result_row(result: Result) -> str:
    verdict = f'<span style="color:{_colour(result)}">{MARKS[result.verdict]} {_text(says(result))}</span>'
    reason = result.reason if result.vacuous or result.verdict != Verdict.PROVED else ""
    method = f'<span style="{_FAINT}">{_text(result.method)}</span>'
    return _row(verdict, _text(result.name), method, _text(reason))


def _story(result: Result) -> str:
    opened = "" if result.verdict == Verdict.PROVED else " open"
    place = f' <span style="{_FAINT}">{_text(result.position)}</span>' if result.position else ""
    title = f"<summary><strong>{_text(result.name)}</strong>: {_text(result.verdict)}{place}</summary>"
    return f"<details{opened}>{title}{_rows('table', (_line(line) for line in shortened(tell(result))))}</details>"


def _line(line: Line) -> str:
    marks = {
        "begin": "",
        "more": "",
        "step": str(line.number),
        "loop": "↻",
        "repeat": "↻",
        "broken": "✗",
        "reached": "✓",
    }
    colours = {"broken": _BAD, "reached": _GOOD}
    mark = marks[line.kind]
    if line.kind in colours:
        mark = f'<span style="color:{colours[line.kind]}">{mark}</span>'
    actor = f"{line.actor} #{line.instance}" if line.instance else line.actor
    changes = _text(", ".join(str(change) for change in line.changes))
    return _row(mark, _text(actor), _text(line.text), f"<code style='background:none;color:inherit'>{changes}</code>")


def _finding(finding: Finding) -> str:
    place = f"{finding.position}: " if finding.position else ""
    hint = f' <span style="{_FAINT}">{_text(finding.hint)}</span>' if finding.hint else ""
    return f"<p>{_text(finding.severity)} {_text(place)}{_text(finding.code)}: {_text(finding.message)}{hint}</p>"
