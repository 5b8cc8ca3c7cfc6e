"""Twice the steps cost about twice the work: counted in calls of functions, so that no clock is asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from counting import calls_of

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from flows import branches_text, row, row_text  # The flows that the benchmarks take.

from modelcheck.api import check
from modelcheck.compile import compile_model
from modelcheck.expressions.parse import parse
from modelcheck.load import load_text
from modelcheck.model import Orchestration
from modelcheck.results import Verdict

MOST = 2.2
FLOWS = {"row": row_text, "branches": branches_text, "saga": lambda size: saga_text(size)}


def saga_text(steps: int) -> str:
    """Steps in a row, each of which can fail and is undone."""
    lines = ["orchestration: saga", "variables:", *(f"  done{k}: false" for k in range(steps))]
    lines += ["services: {work: {fails: 1%}}", "flow:", "  steps:"]
    lines += [
        f"    s{k}: {{service: work, effect: {{done{k}: true}}, compensation: {{effect: {{done{k}: false}}}}}}"
        for k in range(steps)
    ]
    return "\n".join(lines) + "\n"


def design_of(kind: str, size: int) -> Orchestration:
    design = load_text(FLOWS[kind](size))
    assert isinstance(design, Orchestration)
    return design


def growth(work: Callable[[int], Callable[[], object]], size: int = 200) -> float:
    """Calls for twice the size by those for the size; the first call of all pays for imports."""
    work(10)()
    counts = []
    for steps in (size, 2 * size):
        todo = work(steps)
        parse.cache_clear()  # What was parsed before must not make the small one look cheap.
        counts.append(calls_of(todo))
    return counts[1] / counts[0]


@pytest.mark.parametrize("kind", FLOWS)
def test_loading_grows_with_the_flow(kind: str) -> None:
    def work(size: int) -> Callable[[], object]:
        text = FLOWS[kind](size)
        return lambda: load_text(text)

    assert growth(work) < MOST


@pytest.mark.parametrize("kind", FLOWS)
def test_compiling_grows_with_the_flow(kind: str) -> None:
    def work(size: int) -> Callable[[], object]:
        design = design_of(kind, size)
        return lambda: compile_model(design)

    assert growth(work) < MOST


@pytest.mark.parametrize("kind", FLOWS)
def test_checking_grows_with_the_flow(kind: str) -> None:
    def work(size: int) -> Callable[[], object]:
        design = design_of(kind, size)
        return lambda: check(design)

    assert growth(work) < MOST


@pytest.mark.parametrize("kind", FLOWS)
def test_reports_grow_with_the_flow(kind: str) -> None:
    def work(size: int) -> Callable[[], object]:
        report = check(design_of(kind, size))
        return lambda: (str(report), report.to_dict(), report._repr_html_())

    assert growth(work) < MOST


@pytest.mark.parametrize("kind", FLOWS)
def test_nothing_is_left_to_search(kind: str) -> None:
    report = check(design_of(kind, 60))
    assert {result.verdict for result in report.results} == {Verdict.PROVED}
    assert "states" not in report.statistics


def test_a_flow_built_in_python_is_checked_like_its_text() -> None:
    built, read = check(row(30)), check(design_of("row", 30))
    assert [(r.name, r.verdict, r.method) for r in built.results] == [
        (r.name, r.verdict, r.method) for r in read.results
    ]


def test_what_breaks_far_down_is_told_without_the_middle() -> None:
    design = load_text(row_text(400, broken=300))
    report = check(design)
    result = report["s300 ensures"]
    assert result.verdict == Verdict.REFUTED
    assert result.trace is not None
    assert len(result.trace) == 600
    assert result.shortest
    story = str(report)
    assert "... 286 more steps" in story
    assert "s300 ensures passed == 301" in story
    assert "s150 at work" not in story
    assert {r.name for r in report.results if r.verdict != Verdict.PROVED} == {"s300 ensures"}


def test_of_many_broken_contracts_some_are_told_and_all_are_refuted() -> None:
    text = row_text(60).replace("effect: {passed: passed + 1}", "effect: {passed: passed + 2}", 1)
    report = check(load_text(text))
    broken = [result for result in report.results if result.verdict == Verdict.REFUTED]
    assert len(broken) == 1 + 2 * 59 + 1
    assert sum(result.trace is not None for result in broken) == 10
    assert "states" not in report.statistics


def test_a_broken_branch_is_run_without_the_others() -> None:
    report = check(load_text(branches_text(40, broken=17)))
    trace = report["b17_1 ensures"].trace
    assert trace is not None
    assert [action.name for _, action, _ in trace.steps()] == [
        "start begin", "finish begin: ok", "start b17_1", "finish b17_1: ok",
    ]  # fmt: skip


@pytest.mark.parametrize("command", [["--help"], ["check", "--help"], ["--version"], ["chekc"]])
def test_help_imports_little_more_than_the_parser(command: list[str]) -> None:
    """What is imported beyond argparse and what that imports by itself."""
    program = f"""
import __future__, sys, argparse, collections.abc, errno, gettext, textwrap, locale
before = set(sys.modules)
from modelcheck.__main__ import main
sys.argv[1:] = {command!r}
try:
    main()
except SystemExit:
    pass
print(sorted(set(sys.modules) - before), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert (
        done.stderr.splitlines()[-1]
        == "['modelcheck', 'modelcheck.__main__', 'modelcheck.arguments', 'modelcheck.cli']"
    )
