"""A report as people read it in a terminal: a line a result, then the stories, then what was assumed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

from ..errors import Problem
from ..results import CheckReport, Finding, Result, Verdict
from .coverage import coverage_lines, runs_of, told, vacuity_line
from .story import Line, shortened, tell

MARKS = {Verdict.PROVED: "✓", Verdict.REFUTED: "✗", Verdict.BOUNDED: "~", Verdict.UNKNOWN: "?"}
_GREEN, _RED, _YELLOW, _DIM, _BOLD = "32", "31", "33", "2", "1"

_FIXED = "\u00a0"  # a space at which no line is broken

Paint = Callable[[str, str], str]


def render_report(
    report: CheckReport, color: bool = False, width: int = 100, verbose: bool = False, quiet: bool = False
) -> str:
    """The report as text. `verbose` lists every result by itself, `quiet` only what is not as it should be."""
    paint = _painter(color)
    shown = [result for result in report.results if not quiet or not result.as_it_should_be]
    blocks = [_heading(report, paint)]
    blocks[0] += "".join(f"\n{line}" for line in _table(shown, width, verbose, paint))
    blocks += _stories([result for result in shown if _has_story(result, verbose)], width, paint, verbose)
    blocks += _runs([each for each in shown if verbose or each.others or each.check in OWN], width, paint, verbose)
    if report.coverage is not None:
        blocks.append("\n".join(coverage_lines(report.coverage, width)))
    if report.findings and not quiet:
        blocks.append("\n".join(_finding(finding, paint) for finding in report.findings))
    if not quiet and (assumptions := all_assumptions(report)):
        more = f"; ... and {len(assumptions) - MOST_NAMED:,} more" if len(assumptions) > MOST_NAMED else ""
        named = "; ".join(assumptions if verbose else assumptions[:MOST_NAMED]) + (more if not verbose else "")
        text = textwrap.wrap(f"assumed: {named}", width, subsequent_indent="  ")
        blocks.append("\n".join(paint(line, _DIM) for line in text))
    blocks.append(paint(summary(report), _BOLD))
    return "\n\n".join(blocks)


def all_assumptions(report: CheckReport) -> list[str]:
    """Every assumption of the report and of its results, once, in the order of appearance."""
    several = {id(result.assumptions): result.assumptions for result in report.results}
    return list(dict.fromkeys([*report.assumptions, *(each for group in several.values() for each in group)]))


def summary(report: CheckReport) -> str:
    """The last line: how many of each verdict, how much was seen, how long it took."""
    parts = [part for verdict in Verdict if (part := _count(report, verdict))]
    text = f"{report.model}: {', '.join(parts) or 'nothing to check'}"
    states, seconds = report.statistics.get("states"), report.statistics.get("seconds")
    if isinstance(states, int) and states:
        reduced = report.statistics.get("reduced")
        text += f"; {states:,} states" + (f" with {reduced}" if reduced else "")
    if isinstance(seconds, (int, float)):
        text += f"; {seconds:.1f} s"
    return text


def _count(report: CheckReport, verdict: Verdict) -> str:
    here = [result for result in report.results if result.verdict == verdict]
    if not here:
        return ""
    good = sum(result.as_it_should_be for result in here)
    if verdict == Verdict.PROVED:
        vacuous = sum(result.vacuous for result in here if not result.as_it_should_be)
        notes = [f"{vacuous} vacuous"] if vacuous else []
        notes += [f"{len(here) - good - vacuous} EXPECTED otherwise"] if len(here) > good + vacuous else []
    else:
        notes = ["as expected"] if good == len(here) else [f"{good} as expected"] if good else []
    return f"{len(here):,} {verdict}" + (f" ({', '.join(notes)})" if notes else "")


def says(result: Result) -> str:
    """The verdict in words: with what was expected, and that a proof is vacuous."""
    words = "proved, but vacuous" if result.vacuous else str(result.verdict)
    if result.expected is None:
        return words
    if result.as_it_should_be:
        return words if result.verdict == Verdict.PROVED else f"{words} (as expected)"
    return f"{words} (EXPECTED {result.expected})"


def _painter(color: bool) -> Paint:
    if not color:
        return lambda text, _style: text
    return lambda text, style: f"\033[{style}m{text}\033[0m" if text and style else text


def _heading(report: CheckReport, paint: Paint) -> str:
    place = f"  {report.file}" if report.file else ""
    return paint(report.model, _BOLD) + paint(place, _DIM)


def _table(results: Sequence[Result], width: int, verbose: bool, paint: Paint) -> Iterator[str]:
    """A line a result; many plain proofs of other claims share a line for each method."""
    single, groups = _grouped(results, verbose)
    rows = [(result.name, result) for result in single]
    rows += [(f"{len(group):,} other claims", group[0]) for group in groups]
    names = min(max((len(name) for name, _ in rows), default=0), max(24, width // 2))
    verdicts = max((len(says(result)) for _, result in rows), default=0)
    for (name, result), group in zip(rows, [[]] * len(single) + groups, strict=True):
        method = result.method
        if result.trace is not None and not result.shortest:
            method += ", perhaps not shortest"
        verdict = paint(f"{says(result):<{verdicts}}", _style(result))
        mark = paint(MARKS[result.verdict], _style(result))
        fits = 6 + names + verdicts + 2 + len(method) <= width
        yield f"  {mark} {name:<{names}}  {verdict}  {paint(method, _DIM) if fits else ''}".rstrip()
        if not fits:
            yield from (paint(line, _DIM) for line in _indented(method, width))
        untold = result.verdict not in (Verdict.PROVED, Verdict.REFUTED) or result.trace is None
        below = (
            result.reason if result.vacuous or (untold and result.verdict != Verdict.PROVED) else vacuity_line(result)
        )
        if group:
            below = ", ".join(each.name.replace(" ", _FIXED) for each in group[:MOST_NAMED])
            below += f", ... and {len(group) - MOST_NAMED:,} more" if len(group) > MOST_NAMED else ""
        yield from (paint(line, _DIM if group else "") for line in _indented(below, width))


def _indented(text: str, width: int) -> list[str]:
    rows = textwrap.wrap(text, width, initial_indent="      ", subsequent_indent="      ")
    return [row.replace(_FIXED, " ") for row in rows]


def _grouped(results: Sequence[Result], verbose: bool) -> tuple[list[Result], list[list[Result]]]:
    """The results that have a line of their own, and the others by method, where they are many."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        plain = result.verdict == Verdict.PROVED and result.as_it_should_be and not result.vacuous
        if plain and result.check not in OWN and not verbose:
            groups.setdefault(result.method, []).append(result)
    large = [group for group in groups.values() if len(group) > MOST_LISTED]
    together = {id(result) for group in large for result in group}
    return [result for result in results if id(result) not in together], large


# Checks whose results have a line of their own: what the user asked for, and what everybody wants to know.
OWN = frozenset({"properties", "ordering", "deadlock", "termination", "states"})
MOST_LISTED, MOST_NAMED = 3, 40
MOST_TOGETHER = 40


def _style(result: Result) -> str:
    if result.as_it_should_be:
        return _GREEN
    return _YELLOW if result.undecided else _RED


def _has_story(result: Result, verbose: bool) -> bool:
    """Counterexamples are always told; witnesses of what is reachable only where all is listed."""
    return result.trace is not None and (result.verdict != Verdict.PROVED or verbose)


def _stories(results: Sequence[Result], width: int, paint: Paint, verbose: bool) -> Iterator[str]:
    """Each counterexample once: of two results with the same run, the second refers to the first. The middle of a long
    one is told only where all is."""
    told: dict[object, str] = {}
    for result in results:
        trace = result.trace
        assert trace is not None
        place = f"  {result.position}" if result.position else ""
        title = paint(f"{result.name}: {result.verdict}", _BOLD) + paint(place, _DIM)
        lines = tell(result) if verbose else shortened(tell(result))
        first = told.setdefault((trace.states, trace.actions, trace.loop, str(trace.broken)), result.name)
        if first != result.name:
            title += f"\n       the same run as for {first}"
            lines = lines[-1:]
        yield "\n".join([title, *render_story(lines, width, paint)])


def _runs(results: Sequence[Result], width: int, paint: Paint, verbose: bool) -> Iterator[str]:
    """What was asked for beside the verdicts: each run with what it shows, the same one only once."""
    seen: dict[object, str] = {}
    for result, (title, run) in [(each, found) for each in results for found in runs_of(each)]:
        lines = told(result, run, verbose)
        first = seen.setdefault((run.trace.states, run.trace.actions, run.trace.loop), title)
        if first != title:
            title, lines = f"{title}\n       the same run as for {first}", lines[-1:]
        yield "\n".join([paint(title, _BOLD), *render_story(lines, width, paint)])


def render_story(lines: Sequence[Line], width: int = 100, paint: Paint | None = None) -> list[str]:
    """The lines of a story in columns: number, instance, actor, what was done, what changed."""
    paint = paint or _painter(False)
    steps = [line for line in lines if line.kind == "step"]
    actors = max((len(line.actor) for line in steps), default=0)
    several = any(line.instance for line in steps)
    tags = max((len(str(line.instance)) for line in steps), default=0) + 1 if several else 0
    texts = _text_column(steps, width - 11 - tags - actors)
    rows: list[str] = []
    for line in lines:
        tag = (
            f"{'#' + str(line.instance):<{tags}} " if several and line.instance else " " * (tags + 1 if several else 0)
        )
        changes = ", ".join(_kept_together(str(change)) for change in line.changes)
        if line.kind == "step":
            start = f"  {line.number:>3}  {tag}{line.actor:<{actors}}  "
            rows += _columns(start, line.text, changes, texts, width)
        elif line.kind in ("broken", "reached"):
            mark, style = ("✗", _RED) if line.kind == "broken" else ("✓", _GREEN)
            text = f"{line.text} (where {changes})" if changes else line.text
            wrapped = textwrap.wrap(text, max(20, width - 7)) or [""]
            rows += [f"  {paint(f'{mark:>3}', style)}  {wrapped[0]}", *(f"       {more}" for more in wrapped[1:])]
        else:
            mark = {"begin": " ", "more": " ", "loop": "↻", "repeat": "↻"}[line.kind]
            rows.append(f"  {mark:>3}  {line.text}{' ' + changes if changes else ''}")
    return [row.replace(_FIXED, " ") for row in rows]


def _kept_together(change: str) -> str:
    """A short change on one line; a long one (of a list) may be broken."""
    return change.replace(" ", _FIXED) if len(change) <= MOST_TOGETHER else change.replace(": ", f":{_FIXED}")


def _text_column(steps: Sequence[Line], room: int) -> int:
    """How wide the column of texts is, so that most changes stand beside them."""
    lengths = [len(line.text) for line in steps if line.changes]
    return max((length for length in lengths if length <= room * 0.6), default=0)


def _columns(start: str, text: str, changes: str, texts: int, width: int) -> Iterator[str]:
    """One step in columns; changes that do not fit beside the text go below."""
    indent = " " * len(start)
    room = max(20, width - len(start))
    if not changes or len(text) > texts or texts + 2 + len(changes) > room:
        wrapped = textwrap.wrap(text, room) or [""]
        below = textwrap.wrap(changes, room - 4, break_on_hyphens=False) if changes else []
        yield start + wrapped[0]
        yield from (indent + more for more in wrapped[1:])
        yield from (f"{indent}    {more}" for more in below)
    else:
        yield f"{start}{text:<{texts}}  {changes}"


def _finding(finding: Finding, paint: Paint) -> str:
    problem = Problem(finding.code, finding.message, finding.position, finding.hint).render()
    return f"{paint(finding.severity, _YELLOW if finding.severity == 'warning' else _DIM)} {problem}"
