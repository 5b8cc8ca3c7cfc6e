"""A report as plain data: what `--json` prints and what other programs read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from typing import Any

from ..errors import Position, Problem
from ..results import CheckReport, Coverage, Finding, Result, Run
from ..system import Action
from ..trace import Trace
from .coverage import told
from .story import Change, Line, tell, told_actions

MOST_REPEATED = 50


def report_data(report: CheckReport) -> dict[str, object]:
    """The whole report; every value is a string, number, truth value, list, mapping or None."""
    return {
        "model": report.model,
        "file": report.file,
        "exit_code": report.exit_code,
        "results": [_result(result, report.assumptions) for result in report.results],
        "findings": [_finding(finding) for finding in report.findings],
        "assumptions": list(report.assumptions),
        "statistics": plain(report.statistics),
        "coverage": None if report.coverage is None else _coverage(report.coverage),
    }


def problem_data(problem: Problem) -> dict[str, object]:
    """One error of an input."""
    return {
        "code": problem.code,
        "message": problem.message,
        "position": _position(problem.position),
        "hint": problem.hint,
    }


def json_text(data: object) -> str:
    """The text of plain data. JSON has no infinity and no fractions: null, and the number nearest to it.

    What could control a terminal is escaped; other characters are not.
    """
    text = json.dumps(plain(data), indent=2, ensure_ascii=False, allow_nan=False)
    return _INVISIBLE.sub(lambda found: json.dumps(found.group())[1:-1], text)


_INVISIBLE = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def plain(value: Any) -> Any:
    """A value in the terms of JSON."""
    match value:
        case Enum():
            return plain(value.value)
        case None | str() | bool() | int():
            return value
        case float() | Fraction():
            return float(value) if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return plain(value.tolist())
    return str(value)


def _assumptions(result: Result, of_the_report: tuple[str, ...]) -> list[str]:
    """A result's assumptions; where they are many and the report's own, it is said that they are."""
    if len(result.assumptions) > MOST_REPEATED and result.assumptions[:MOST_REPEATED] == of_the_report[:MOST_REPEATED]:
        return [f"{len(result.assumptions)} assumptions of the report"]
    return list(result.assumptions)


def _result(result: Result, of_the_report: tuple[str, ...]) -> dict[str, object]:
    return {
        "name": result.name,
        "check": result.check,
        "verdict": str(result.verdict),
        "method": result.method,
        "reason": result.reason,
        "expected": None if result.expected is None else str(result.expected),
        "as_it_should_be": result.as_it_should_be,
        "vacuous": result.vacuous,
        "shortest": None if result.trace is None else result.shortest,
        "assumptions": _assumptions(result, of_the_report),
        "statistics": plain(result.statistics),
        "position": _position(result.position),
        "trace": None if result.trace is None else _trace(result.trace),
        "story": [_line(line) for line in tell(result)],
        "vacuous_in": list(result.vacuous_in),
        "witnesses": [_run(run, result) for run in result.witnesses],
        "other_counterexamples": [_run(run, result) for run in result.others],
    }


def _run(run: Run, result: Result) -> dict[str, object]:
    lines = told(result, run, whole=True)
    return {"shows": run.shows, "trace": _trace(run.trace), "story": [_line(line) for line in lines]}


def _coverage(coverage: Coverage) -> dict[str, object]:
    happenings = [
        {"subject": each.subject, "what": each.what, "actor": each.actor, "times": each.times, "why_never": each.why}
        for each in coverage.happenings
    ]
    return {
        "states": coverage.states,
        "transitions": coverage.transitions,
        "stopped": coverage.stopped,
        "happenings": happenings,
    }


def _trace(trace: Trace) -> dict[str, object]:
    system, first = trace.system, trace.states[0]
    steps = []
    for before, action, after in trace.steps():
        changes = {}
        for place in sorted(system.positions[name] for name in action.updates):
            if before[place] != after[place]:
                name, old = system.shown_at(place, before)
                changes[name] = {"from": old, "to": system.shown_at(place, after)[1]}
        steps.append({**_action(action), "changes": changes})
    told = told_actions(trace)
    return {
        "initial": system.show_state(first),
        "steps": steps,
        "loop": trace.loop,
        "broken": None if trace.broken is None else {"kind": trace.broken.kind, "name": trace.broken.name},
        "breaking_action": None if len(told) == len(steps) else _action(trace.system.actions[told[-1]]),
    }


def _action(action: Action) -> dict[str, object]:
    label = action.label
    words = {"phase": label.phase, "actor": label.actor, "step": label.step, "outcome": label.outcome}
    return {"action": action.name, **words, "instance": label.instance, "message": label.message}


def _line(line: Line) -> dict[str, object]:
    changes = [_change(change) for change in line.changes]
    return {"kind": line.kind, "number": line.number, "actor": line.actor, "text": line.text, "changes": changes}


def _change(change: Change) -> dict[str, str | None]:
    return {"variable": change.variable, "from": change.before or None, "to": change.after}


def _finding(finding: Finding) -> dict[str, object]:
    problem = Problem(finding.code, finding.message, finding.position, finding.hint)
    return {"severity": finding.severity, **problem_data(problem)}


def _position(position: Position | None) -> dict[str, object] | None:
    return None if position is None else {"file": position.file, "line": position.line, "column": position.column}
