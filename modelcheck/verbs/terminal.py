"""What verbs print, and what a terminal does meanwhile: data, errors, progress, Ctrl-C."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from .exits import UNUSABLE

if TYPE_CHECKING:
    from ..engine.target import Seen
    from ..simulate import Seen as Simulated
    from ..simulate import SimulationResult

BETWEEN = 0.1  # seconds between two looks at a line


def print_json(data: Mapping[str, Any]) -> None:
    """Plain data as JSON; errors among it as data, too."""
    from ..report.data import json_text, problem_data

    errors = {"errors": [problem_data(problem) for problem in data["errors"]]} if "errors" in data else {}
    print(json_text({**data, **errors}))


def present(result: Any, chosen: argparse.Namespace) -> None:
    """A result that shows itself, as text or as data."""
    if chosen.json:
        print_json(result.to_dict())
    else:
        print(result, flush=True)


def complain(error: ModelError) -> int:
    """Prints what is wrong with an input; returns the exit code for that."""
    sys.stdout.flush()
    for problem in error.problems:
        print(problem.render(), file=sys.stderr)
    return UNUSABLE


def fail(error: ModelError, chosen: argparse.Namespace) -> int:
    """Says what is wrong, as text and as data if that is wanted, and where to read on; returns the exit code."""
    if chosen.json:
        print_json({"errors": error.problems})
    code = complain(error)
    say_more([error])
    return code


def say_more(failures: Sequence[ModelError]) -> None:
    """Where to read on about what went wrong."""
    codes = sorted({problem.code for failure in failures for problem in failure.problems} - {"E905"})
    if codes:
        shown = " ".join(codes[:5]) + (" ..." if len(codes) > 5 else "")
        print(f"`modelcheck explain {shown}` says more", file=sys.stderr)


def in_color() -> bool:
    """Whether what is printed is seen in colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def noticing_interruptions() -> Iterator[list[bool]]:
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
def progress(text: str, how_far: Callable[[Any], str] | None = None) -> Iterator[Callable[[Any], None] | None]:
    """A line on a terminal that says what is going on and is gone when it is over.

    What it yields is told how far that has come, at times `seconds` after the beginning; `how_far` puts it in words.
    """
    if not sys.stderr.isatty():
        yield None
        return
    line, shown = _Line(), 0.0

    def tell(seen: Any) -> None:
        nonlocal shown
        if seen.seconds >= max(1.0, shown + BETWEEN):
            shown = seen.seconds
            line.show(f"{text} {(how_far or _how_far)(seen)}")

    line.show(text)
    try:
        yield tell
    finally:
        line.show("")


@contextmanager
def counting(text: str) -> Iterator[Callable[[int, int], None] | None]:
    """As `progress`, for work of which one knows how much there is: how much is done, and how long the rest takes."""
    if not sys.stderr.isatty():
        yield None
        return
    line, began = _Line(), time.monotonic()
    line.show(text)

    def tell(done: int, whole: int) -> None:
        left = (time.monotonic() - began) * (whole - done) / max(done, 1)
        line.show(f"{text} {done:,} of {whole:,}" + (f", {left:.0f} s left" if done else ""))

    try:
        yield tell
    finally:
        line.show("")


class _Line:
    """A line that is written over itself."""

    def __init__(self) -> None:
        self.width = 0

    def show(self, text: str) -> None:
        text = text[: max(20, shutil.get_terminal_size().columns - 1)]
        print(f"\r{text.ljust(self.width)}", end="" if text else "\r", file=sys.stderr, flush=True)
        self.width = len(text)


def _how_far(seen: Seen) -> str:
    """States, the level at hand, states a second, memory."""
    rate = seen.states / max(seen.seconds, 1e-9)
    memory = f"{seen.bytes / (1 << 20):,.0f} MB"
    return f"{seen.states:,} states, {seen.frontier:,} at depth {seen.depth}, {rate:,.0f}/s, {memory}"


def how_far_simulated(seen: Simulated) -> str:
    """Jobs, how many a second, their mean time."""
    from ..simulate.result import show_time

    rate = seen.jobs / max(seen.seconds, 1e-9)
    return f"{seen.jobs:,} of {seen.of:,} jobs, {rate:,.0f}/s, mean {show_time(seen.mean)}"


def how_quickly(result: SimulationResult) -> str:
    """How long a simulation took, and how much it did a second."""
    seconds = max(result.elapsed, 1e-9)
    events = f", {result.events / seconds:,.0f} events" if result.events else ""
    return f"simulated in {seconds:.2g} s; a second: {result.jobs / seconds:,.0f} jobs{events}"
