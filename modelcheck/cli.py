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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from .arguments import parser_of, without_value
from .errors import ModelError, Problem

if TYPE_CHECKING:
    from .model import Model
    from .results import CheckReport

GOOD, WRONG, UNUSABLE, OPEN, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 3, 130, 141
PICTURES = (".png", ".svg", ".pdf")
_WORST_FIRST = (UNUSABLE, WRONG, OPEN, GOOD)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code; nothing that goes wrong ends in a traceback."""
    _be_lenient_about_characters()
    runs = {"check": _check, "simulate": _simulate, "compare": _compare, "graph": _graph, "explain": _explain}
    parser = parser_of(runs)
    chosen = parser.parse_args(arguments)
    if (option := without_value(chosen)) is not None:
        parser.error(f"argument --{option}: '--' is no value")
    try:
        code: int = chosen.run(chosen)
        sys.stdout.flush()
    except ModelError as error:
        return _fail(error, chosen)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has left: say no more, not even when Python closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        return _fail(ModelError([_unwritable(error)]), chosen)
    except Exception as error:
        return _report_defect(error)
    return code


def worst(codes: Sequence[int]) -> int:
    """The exit code of several models together."""
    return min(codes, key=_WORST_FIRST.index, default=GOOD)


# The verbs.


def _check(chosen: argparse.Namespace) -> int:
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
            if interrupted:
                break
    _say_more(failures)
    if interrupted:
        print("interrupted: what is shown is what was known by then", file=sys.stderr)
    code = INTERRUPTED if interrupted else worst(codes)
    if chosen.json:
        errors = [problem for failure in failures for problem in failure.problems]
        _print_json({"exit_code": code, "reports": [report.to_dict() for report in reports], "errors": errors})
    if chosen.html:
        from .report.html import render_page

        Path(chosen.html).write_text(render_page(reports), encoding="utf-8")
    if len(codes) > 1 and not chosen.json:
        _print_totals(reports, failures)
    return code


def _checked(name: str, chosen: argparse.Namespace) -> CheckReport:
    from dataclasses import replace

    from .api import check
    from .engine.target import Limits

    given = {"states": chosen.states, "seconds": chosen.seconds, "depth": chosen.depth}
    limits = Limits(**{key: value for key, value in given.items() if value is not None})
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
                print(f"\n%% {result.name}: {result.verdict}\n{sequence_diagram(result.trace)}", end="")


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


def _present(result: Any, chosen: argparse.Namespace) -> None:
    """A result that shows itself, as text or as data."""
    if chosen.json:
        _print_json(result.to_dict())
    else:
        print(result, flush=True)


def _graph(chosen: argparse.Namespace) -> int:
    from .report.diagram import FORMATS, graph_data, graph_of, to_text

    design, _ = _load(chosen.model, chosen)
    graph = graph_of(design)
    if chosen.output is not None:
        _write_graph(graph, chosen.output)
    if chosen.json:
        _print_json(graph_data(graph))
    elif chosen.output is None:
        print(FORMATS[chosen.format](graph) if chosen.format else to_text(graph), end="")
    return GOOD


def _write_graph(graph: Any, output: str) -> None:
    from .report.diagram import FORMATS

    suffix = Path(output).suffix
    if suffix in FORMATS:
        Path(output).write_text(FORMATS[suffix](graph), encoding="utf-8")
        return
    _must_be_picture(output, ".dot, .mmd or .txt")
    from .plot.graph import save_graph

    save_graph(graph, output)


def _explain(chosen: argparse.Namespace) -> int:
    from .catalogue import catalogue, explanation
    from .report.explain import render_entry, render_list, render_page

    entries = [explanation(code) for code in chosen.codes] or list(catalogue().values())
    if chosen.json:
        _print_json({"entries": [entry.to_dict() for entry in entries]})
    elif chosen.markdown:
        print(render_page(entries), end="")
    else:
        print("\n\n".join(map(render_entry, entries)) if chosen.codes else render_list(entries))
    return GOOD


# What verbs share.


def _must_be_picture(file: str, *others: str) -> None:
    if Path(file).suffix not in PICTURES:
        hint = f"use {', '.join((*PICTURES, *others))}"
        raise ModelError([Problem("E903", f"cannot draw '{file}': its ending names no kind of picture", hint=hint)])


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


def _fail(error: ModelError, chosen: argparse.Namespace) -> int:
    if chosen.json:
        _print_json({"errors": error.problems})
    code = _complain(error)
    _say_more([error])
    return code


def _complain(error: ModelError) -> int:
    sys.stdout.flush()
    for problem in error.problems:
        print(problem.render(), file=sys.stderr)
    return UNUSABLE


def _say_more(failures: Sequence[ModelError]) -> None:
    """Where to read on about what went wrong."""
    codes = sorted({problem.code for failure in failures for problem in failure.problems} - {"E905"})
    if codes:
        shown = " ".join(codes[:5]) + (" ..." if len(codes) > 5 else "")
        print(f"`modelcheck explain {shown}` says more", file=sys.stderr)


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
