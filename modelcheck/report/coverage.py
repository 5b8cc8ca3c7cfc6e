"""What was asked for beside verdicts, as text: what happened how often, witnesses, and further counterexamples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..results import Coverage, Result, Run
from .story import Line, shortened, story

MOST_LISTED = 60


def coverage_lines(coverage: Coverage, width: int) -> Iterator[str]:
    """A line for each thing that can happen, what never does last, with the reason."""
    import textwrap

    some = f", of the states seen until it stopped: {coverage.stopped}" if coverage.stopped else ""
    yield f"coverage: {coverage.states:,} states, {coverage.transitions:,} transitions{some}"
    happened = [each for each in coverage.happenings if each.times]
    subjects = max((len(each.subject) for each in coverage.happenings), default=0)
    whats = max((len(each.what) for each in coverage.happenings), default=0)
    for each in happened[:MOST_LISTED]:
        yield f"  {each.times:>11,}  {each.subject:<{subjects}}  {each.what}".rstrip()
    if len(happened) > MOST_LISTED:
        yield f"  {'':>11}  ... and {len(happened) - MOST_LISTED:,} more that happen"
    for each in coverage.never:
        start = f"  {'never':>11}  {each.subject:<{subjects}}  {each.what:<{whats}}  "
        yield from textwrap.wrap(each.why, width, initial_indent=start, subsequent_indent=" " * 15)
    if not coverage.never:
        yield f"  {'':>11}  everything that is described happens"


def runs_of(result: Result) -> list[tuple[str, Run]]:
    """The runs of a result that were asked for, each with its heading."""
    total = len(result.others) + 1
    further = [(f"{result.name}: counterexample {n} of {total}", run) for n, run in enumerate(result.others, start=2)]
    near = len(result.witnesses)
    found = [
        (f"{result.name}: witness" + (f" {number} of {near}" if near > 1 else ""), run)
        for number, run in enumerate(result.witnesses, start=1)
    ]
    return found + further


def told(result: Result, run: Run, whole: bool = False) -> list[Line]:
    """The story of a run, with what it shows as its last line."""
    lines = story(run.trace) if whole else shortened(story(run.trace))
    return [*lines, Line("reached" if run in result.witnesses else "broken", run.shows)]


def with_trace(result: Result, run: Run) -> Result:
    """A result that stands for one of its runs, for what draws and tells results."""
    return replace(result, trace=run.trace, reason=run.shows, shows=None, witnesses=(), others=())


def vacuity_line(result: Result) -> str:
    """Which parts of a property do not matter; empty where all do."""
    if not result.vacuous_in:
        return ""
    parts = ", ".join(f"'{part}'" for part in result.vacuous_in)
    return f"vacuous in {parts}: it holds whatever that is"
