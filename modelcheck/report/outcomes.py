"""Observable outcomes as people read them, of one design or of two beside each other; and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .story import story
from .text import render_story

if TYPE_CHECKING:
    from ..check.outcomes import Agreement, Outcomes, Seen


def render_outcomes(found: Outcomes, verbose: bool = False) -> str:
    """A line an outcome, in the order of how soon it can come; with `verbose`, how it comes about."""
    lines = [_heading(found)]
    shown = _columns(found.names, list(found.runs))
    for row, trace in zip(shown, found.runs.values(), strict=True):
        lines.append(f"  {row}")
        if verbose:
            lines += [f"  {line}" for line in render_story(story(trace))]
    return "\n".join([*lines, *_unseen(found)])


def render_agreement(found: Agreement, verbose: bool = False) -> str:
    """Which outcomes both allow, and which only one does, with the run that shows it."""
    first, second = found.first, found.second
    both = [seen for seen in first.runs if seen in second.runs]
    groups: list[tuple[str, Sequence[Seen], Outcomes]] = [
        ("both", both, first),
        (f"only {first.design}", found.only_first, first),
        (f"only {second.design}", found.only_second, second),
    ]
    lines = [f"{first.design} and {second.design}: the same observable outcomes: {found.verdict}"]
    names = max(len(title) for title, _, _ in groups)
    rows = iter(_columns(first.names, [seen for _, group, _ in groups for seen in group]))
    for title, group, outcomes in groups:
        for seen in group:
            lines.append(f"  {title:<{names}}  {next(rows)}")
            if verbose or title != "both":
                lines += [f"  {line}" for line in render_story(story(outcomes.runs[seen]))]
    return "\n".join([*lines, *_unseen(first), *_unseen(second)])


def _heading(found: Outcomes) -> str:
    count = len(found.runs)
    what = "outcome" if count == 1 else "outcomes"
    return f"{found.design}: {count} observable {what}; {found.states:,} states"


def _unseen(found: Outcomes) -> Iterator[str]:
    if not found.complete:
        yield f"  not all of {found.design} was seen: {found.stopped}"


def _columns(names: Sequence[str], outcomes: Sequence[Seen]) -> list[str]:
    cells = [[f"{name} = {value}" for name, value in zip(names, seen, strict=True)] for seen in outcomes]
    widths = [max(len(row[at]) for row in cells) for at in range(len(names))] if cells else []
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def outcomes_data(found: Outcomes) -> dict[str, object]:
    """The outcomes of one design as plain data."""
    runs = [
        {
            "observed": dict(zip(found.names, seen, strict=True)),
            "actions": [action.name for _, action, _ in trace.steps()],
        }
        for seen, trace in found.runs.items()
    ]
    return {
        "model": found.design, "observables": list(found.names), "outcomes": runs, "complete": found.complete,
        "stopped": found.stopped, "states": found.states,
    }  # fmt: skip


def agreement_data(found: Agreement) -> dict[str, object]:
    """Two designs beside each other as plain data."""
    names = found.first.names
    return {
        "verdict": str(found.verdict),
        "first": outcomes_data(found.first),
        "second": outcomes_data(found.second),
        "only_first": [dict(zip(names, seen, strict=True)) for seen in found.only_first],
        "only_second": [dict(zip(names, seen, strict=True)) for seen in found.only_second],
    }
