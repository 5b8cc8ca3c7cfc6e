"""The verb check."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from .exits import GOOD, INTERRUPTED, OPEN, WRONG, worst
from .inputs import limits_of, load_named, models_named
from .terminal import complain, in_color, noticing_interruptions, print_json, progress, say_more

if TYPE_CHECKING:
    from ..results import CheckReport


def run(chosen: argparse.Namespace) -> int:
    """Checks models; the worst of them decides the exit code."""
    if chosen.diagram:
        from ..plot.files import must_be_place

        must_be_place(chosen.diagram)
    reports: list[CheckReport] = []
    failures: list[ModelError] = []
    codes: list[int] = []
    with noticing_interruptions() as interrupted, suppress(KeyboardInterrupt):
        for name in models_named(chosen.models):
            try:
                report = _checked(name, chosen)
            except ModelError as error:
                failures.append(error)
                codes.append(complain(error))
                continue
            codes.append(report.exit_code)
            reports.append(report)
            if not chosen.json:
                _show(report, chosen, first=len(reports) == 1)
            if chosen.save_trace:
                _save_traces(name, report, chosen)
            if interrupted:
                break
    say_more(failures)
    if interrupted:
        print("interrupted: what is shown is what was known by then", file=sys.stderr)
    code = INTERRUPTED if interrupted else worst(codes)
    if chosen.json:
        errors = [problem for failure in failures for problem in failure.problems]
        print_json({"exit_code": code, "reports": [report.to_dict() for report in reports], "errors": errors})
    if chosen.html:
        from ..report.html import render_page

        Path(chosen.html).write_text(render_page(reports), encoding="utf-8")
    if chosen.diagram:
        _draw_diagrams(reports, chosen)
    if len(codes) > 1 and not chosen.json:
        _print_totals(reports, failures)
    return code


def _checked(name: str, chosen: argparse.Namespace) -> CheckReport:

    from ..api import check

    limits = limits_of(chosen)
    with progress(f"checking {name} ...") as tell:
        design, path = load_named(name, chosen)
        report = check(
            design,
            properties=chosen.property or None,
            limits=limits,
            engine=chosen.engine,
            reductions=chosen.reduce,
            fingerprints=chosen.fingerprints,
            progress=tell,
            fairness=chosen.fairness,
        )
    return replace(report, file=str(path))


def _show(report: CheckReport, chosen: argparse.Namespace, first: bool) -> None:
    from ..report.text import render_report

    if not first:
        print()
    width = min(140, max(60, shutil.get_terminal_size((100, 24)).columns))
    print(render_report(report, in_color(), width, verbose=chosen.verbose, quiet=chosen.quiet), flush=True)
    if chosen.mermaid:
        from ..report.mermaid import sequence_diagram

        for result in report.results:
            if result.trace is not None:
                print(f"\n%% {result.name}: {result.verdict}\n{sequence_diagram(result)}", end="")


def _draw_diagrams(reports: Sequence[CheckReport], chosen: argparse.Namespace) -> None:
    from ..plot.files import save_diagrams

    with progress(f"drawing {chosen.diagram} ..."):
        files = save_diagrams(reports, chosen.diagram, witnesses=chosen.verbose)
    if not chosen.json:
        print("\n" + ("\n".join(f"drawn: {file}" for file in files) or "there is no counterexample to draw"))


def _save_traces(name: str, report: CheckReport, chosen: argparse.Namespace) -> None:

    from ..explore.verbs import save_traces

    design, _ = load_named(name, chosen)
    for line in save_traces(replace(report, file=name), design, dict(chosen.set), chosen.save_trace):
        print(line, file=sys.stderr)


def _print_totals(reports: Sequence[CheckReport], failures: Sequence[ModelError]) -> None:
    good = sum(report.exit_code == GOOD for report in reports)
    text = f"\n{len(reports) + len(failures)} models: {good} as they should be"
    for number, words in (
        (sum(report.exit_code == WRONG for report in reports), "not"),
        (sum(report.exit_code == OPEN for report in reports), "undecided"),
        (len(failures), "could not be read"),
    ):
        text += f", {number} {words}" if number else ""
    print(text)
