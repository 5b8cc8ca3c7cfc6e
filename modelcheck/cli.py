"""The command line: one verb a question. What a verb needs is imported when it runs, so that help comes at once.

Exit codes: 0 all as it should be (expected verdicts count as that), 1 something is not, 2 wrong usage or a wrong
model, 3 undecided or only bounded, 130 interrupted. Of several models the worst counts: 2, then 1, then 3.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from .arguments import parser_of
from .errors import ModelError, Problem

if TYPE_CHECKING:
    from .engine.target import Limits
    from .model import Model
    from .results import CheckReport

GOOD, WRONG, UNUSABLE, OPEN, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 3, 130, 141
_WORST_FIRST = (UNUSABLE, WRONG, OPEN, GOOD)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code; nothing that goes wrong ends in a traceback."""
    _be_lenient_about_characters()
    chosen = parser_of(VERBS).parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
        sys.stdout.flush()
    except ModelError as error:
        if chosen.json:
            _print_json({"errors": error.problems})
        return _complain(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has left: say no more, not even when Python closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        return _complain(ModelError([_unwritable(error)]))
    except Exception as error:
        return _report_defect(error)
    return code


def worst(codes: Sequence[int]) -> int:
    """The exit code of several models together."""
    return min(codes, key=_WORST_FIRST.index, default=GOOD)


# The verbs.


def _check(chosen: argparse.Namespace) -> int:
    if chosen.diagram:
        from .plot.files import must_be_place, save_diagrams

        must_be_place(chosen.diagram)
    reports: list[CheckReport] = []
    failures: list[ModelError] = []
    codes: list[int] = []
    with _noticing_interruptions() as interrupted, suppress(KeyboardInterrupt):
        for name in _models(chosen.models):
            try:
                report = _checked(name, chosen)
            except ModelError as error:
                failures.append(error)
                codes.append(_complain(error))
                continue
            codes.append(report.exit_code)
            reports.append(report)
            if not chosen.json:
                _show(report, chosen, first=len(reports) == 1)
            if chosen.save_trace:
                _save_traces(name, report, chosen)
            if interrupted:
                break
    if interrupted:
        print("interrupted: what is shown is what was known by then", file=sys.stderr)
    code = INTERRUPTED if interrupted else worst(codes)
    if chosen.json:
        errors = [problem for failure in failures for problem in failure.problems]
        _print_json({"exit_code": code, "reports": [report.to_dict() for report in reports], "errors": errors})
    if chosen.html:
        from .report.html import render_page

        Path(chosen.html).write_text(render_page(reports), encoding="utf-8")
    if chosen.diagram:
        files = save_diagrams(reports, chosen.diagram, witnesses=chosen.verbose)
        if not chosen.json:
            print("\n" + ("\n".join(f"drawn: {file}" for file in files) or "there is no counterexample to draw"))
    if len(codes) > 1 and not chosen.json:
        _print_totals(reports, failures)
    return code


def _checked(name: str, chosen: argparse.Namespace) -> CheckReport:
    from dataclasses import replace

    from .api import check

    limits = _limits(chosen)
    with _progress(f"checking {name} ..."):
        design, path = _load(name, chosen)
        report = check(design, properties=chosen.property or None, limits=limits, engine=chosen.engine)
    return replace(report, file=str(path))


def _show(report: CheckReport, chosen: argparse.Namespace, first: bool) -> None:
    from .report.text import render_report

    if not first:
        print()
    width = min(140, max(60, shutil.get_terminal_size((100, 24)).columns))
    print(render_report(report, _in_color(), width, verbose=chosen.verbose, quiet=chosen.quiet), flush=True)
    if chosen.mermaid:
        from .report.mermaid import sequence_diagram

        for result in report.results:
            if result.trace is not None:
                print(f"\n%% {result.name}: {result.verdict}\n{sequence_diagram(result)}", end="")


def _save_traces(name: str, report: CheckReport, chosen: argparse.Namespace) -> None:
    from dataclasses import replace

    from .explore.verbs import save_traces

    design, _ = _load(name, chosen)
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


def _simulate(chosen: argparse.Namespace) -> int:
    from .api import simulate

    if chosen.plot:
        _must_be_picture(chosen.plot)
    design, _ = _load(chosen.model, chosen)
    with _progress(f"simulating {chosen.jobs:,} jobs of {chosen.model} ..."):
        result = simulate(design, jobs=chosen.jobs, seed=chosen.seed)
    _present(result, chosen)
    if chosen.plot:
        with _progress(f"drawing {chosen.plot} ..."):
            from .plot.times import save_times

            save_times(result, chosen.plot)
    return GOOD


def _compare(chosen: argparse.Namespace) -> int:
    from .api import compare

    if chosen.plot:
        _must_be_picture(chosen.plot)
    first, second = (_load(name, chosen)[0] for name in (chosen.orchestration, chosen.choreography))
    with _progress(f"simulating {chosen.jobs:,} jobs of each design ..."):
        result = compare(first, second, jobs=chosen.jobs, seed=chosen.seed)
    _present(result, chosen)
    if chosen.plot:
        with _progress(f"drawing {chosen.plot} ..."):
            result.plot(chosen.plot)
    return GOOD


def _outcomes(chosen: argparse.Namespace) -> int:
    from .check.outcomes import compare_outcomes, outcomes_of
    from .report.outcomes import render_agreement, render_outcomes

    designs = [_load(name, chosen)[0] for name in (chosen.model, chosen.other) if name]
    with _progress("exploring ..."):
        if chosen.other:
            both = compare_outcomes(designs[0], designs[1], _limits(chosen))
        else:
            one = outcomes_of(designs[0], _limits(chosen))
    if chosen.other:
        _print_json(both.to_dict()) if chosen.json else print(render_agreement(both, chosen.verbose))
        return {"proved": GOOD, "refuted": WRONG}.get(both.verdict, OPEN)
    _print_json(one.to_dict()) if chosen.json else print(render_outcomes(one, chosen.verbose))
    return GOOD if one.complete else OPEN


def _present(result: Any, chosen: argparse.Namespace) -> None:
    """A result that shows itself, as text or as data."""
    if chosen.json:
        _print_json(result.to_dict())
    else:
        print(result, flush=True)


def _graph(chosen: argparse.Namespace) -> int:
    from .api import graph as drawn
    from .report.diagram import FORMATS, graph_data, to_text

    design, _ = _load(chosen.model, chosen)
    graph = drawn(design, states=chosen.states, property=chosen.property)
    if chosen.json:
        _print_json(graph_data(graph))
    if chosen.output is not None:
        from .plot.graph import save_graph

        save_graph(graph, chosen.output, graphviz=chosen.layout == "graphviz")
    elif not chosen.json:
        print(FORMATS[chosen.format](graph) if chosen.format else to_text(graph), end="")
    return GOOD


def _convert(chosen: argparse.Namespace) -> int:
    from .api import to_text

    design, _ = _load(chosen.model, chosen)
    text = to_text(design)
    if chosen.output is not None:
        Path(chosen.output).write_text(text, encoding="utf-8")
    if chosen.json:
        _print_json({"model": design.name, "format": chosen.to, "text": text})
    elif chosen.output is None:
        print(text, end="")
    return GOOD


def _schema(_chosen: argparse.Namespace) -> int:
    from .load import schema_text

    print(schema_text(), end="")
    return GOOD


def _explore(chosen: argparse.Namespace) -> int:
    from .api import explore as explore_model
    from .explore.verbs import explore

    with _progress(f"preparing {chosen.model} ..."):
        constants = dict(chosen.set)
        here = explore_model(chosen.model, constants=constants, trace=chosen.trace, property=chosen.property)
    return explore(here, chosen.script, _in_color(), _print_json if chosen.json else None)


def _replay(chosen: argparse.Namespace) -> int:
    from .api import load
    from .explore.saved import read
    from .explore.verbs import exploration_of, model_of_trace, replay, told_replay

    data = read(chosen.trace)
    name = chosen.model or model_of_trace(data, chosen.trace)
    data["constants"] |= dict(chosen.set)
    there, problems = replay(exploration_of(load(name, data["constants"]), name, data["constants"]), data)
    if chosen.json:
        _print_json({"replays": there is not None, "steps": len(data["steps"]), "errors": problems})
    elif there is not None:
        print(told_replay(there), flush=True)
    for problem in problems:
        print(problem.render(), file=sys.stderr)
    return GOOD if there is not None else WRONG


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "check": _check, "simulate": _simulate, "compare": _compare, "outcomes": _outcomes, "graph": _graph,
    "convert": _convert, "schema": _schema, "explore": _explore, "replay": _replay,
}  # fmt: skip


# What verbs share.


def _limits(chosen: argparse.Namespace) -> Limits:
    from .engine.target import Limits

    given = {key: getattr(chosen, key, None) for key in ("states", "seconds", "depth")}
    return Limits(**{key: value for key, value in given.items() if value is not None})


def _must_be_picture(file: str, *others: str) -> None:
    from .plot.files import must_be_picture

    must_be_picture(file, *others)


def _load(name: str, chosen: argparse.Namespace) -> tuple[Model, Path]:
    from .api import load
    from .library import find_model

    path = _short(find_model(name))
    return load(path, dict(chosen.set)), path


def _models(names: Sequence[str]) -> Iterator[str]:
    """The models named; a folder means all models in it."""
    from .library import models_in

    for name in names:
        if os.path.isdir(name):
            yield from (str(path) for path in models_in(Path(name)))
        else:
            yield name


def _short(path: Path) -> Path:
    """The path from here, where that is shorter."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _print_json(data: Mapping[str, Any]) -> None:
    from .report.data import json_text, problem_data

    errors = {"errors": [problem_data(problem) for problem in data["errors"]]} if "errors" in data else {}
    print(json_text({**data, **errors}))


def _complain(error: ModelError) -> int:
    sys.stdout.flush()
    for problem in error.problems:
        print(problem.render(), file=sys.stderr)
    return UNUSABLE


def _unwritable(error: OSError) -> Problem:
    place = f" '{error.filename}'" if error.filename else ""
    return Problem("E902", f"cannot read or write{place}: {error.strerror or error}")


def _report_defect(error: Exception) -> int:
    if os.environ.get("MODELCHECK_TRACEBACK"):
        raise error
    from .trace import ReplayError

    kind = "an engine is wrong" if isinstance(error, ReplayError) else type(error).__name__
    print(
        f"internal error: {kind}: {error}\n"
        "    please report it with the model and the command (MODELCHECK_TRACEBACK=1 shows where it happened)",
        file=sys.stderr,
    )
    return UNUSABLE


def _in_color() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _be_lenient_about_characters() -> None:
    """A terminal that cannot show a character shows another one."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@contextmanager
def _noticing_interruptions() -> Iterator[list[bool]]:
    """Ctrl-C interrupts as ever, and the list says that it did: engines end early with what they know by then."""
    noticed: list[bool] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        noticed.append(True)
        signal.default_int_handler(number, frame)

    try:
        before = signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # Only the main thread may.
        yield noticed
        return
    try:
        yield noticed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(text: str) -> Iterator[None]:
    """A line on a terminal that says what is going on and is gone when it is over."""
    if not sys.stderr.isatty():
        yield
        return
    print(text, end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print(f"\r{' ' * len(text)}\r", end="", file=sys.stderr, flush=True)
