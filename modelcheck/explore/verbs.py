"""What the command line does with explorations: explore, replay, and saving the counterexamples of a check."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ..compile import compile_model
from ..errors import ModelError, Problem
from ..library import find_model
from ..model import Model
from ..report.story import tell
from ..results import CheckReport, Result, Verdict
from .data import exploration_data
from .exploration import Exploration, begin
from .saved import replayed, save
from .screen import heading, story_text
from .session import run_script, run_terminal, session_of
from .travel import without_monitors

GOOD, WRONG = 0, 1
MOST_SCRIPT_BYTES = 1_000_000


def exploration_of(
    design: Model,
    file: str,
    constants: Mapping[str, str],
    saved: Mapping[str, object] | None = None,
    property: str | None = None,
) -> Exploration:
    """An exploration at the beginning, at the end of a saved trace, or at the end of a property's counterexample."""
    here = begin(design, compile_model(design), file, constants)
    if saved is not None:
        here = replayed(here, saved)
    return here if property is None else here.goto(property)


def explore(
    here: Exploration, script: str | None, color: bool, show: Callable[[dict[str, object]], None] | None
) -> int:
    """Explores by a script, in a terminal, or by what comes through a pipe; `show` is given data instead of text.

    Returns 0, or 1 where a command of a script did not work.
    """
    session = session_of(here, color)
    if show is not None:
        session.say = lambda _: None
        worked = run_script(session, _lines(script)) if script is not None else True
        show(exploration_data(session.here))
        return GOOD if worked else WRONG
    if script is not None:
        return GOOD if run_script(session, _lines(script)) else WRONG
    if sys.stdin.isatty():
        run_terminal(session)
        return GOOD
    return GOOD if run_script(session, sys.stdin) else WRONG


def _lines(script: str) -> list[str]:
    """The lines of a script; `-` is standard input. Raises `ModelError`, E902."""
    if script == "-":
        return list(sys.stdin)
    try:
        with Path(script).open("rb") as file:
            return file.read(MOST_SCRIPT_BYTES).decode("utf-8", errors="replace").splitlines()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ModelError([Problem("E902", f"cannot read '{script}': {reason}")]) from None


def model_of_trace(data: Mapping[str, object], file: str) -> str:
    """The model that a trace names: a file, from here or beside the trace, or a packaged one; raises `ModelError`."""
    named = str(data["file"])
    candidates = [named, str(Path(file).parent / named), str(data["model"])] if named else [str(data["model"])]
    for candidate in candidates:
        try:
            find_model(candidate)
        except ModelError:
            continue
        return candidate
    message = f"the model of the trace, '{named or data['model']}', is not here"
    raise ModelError([Problem("E502", message, hint="name it: modelcheck replay TRACE MODEL")])


def replay(here: Exploration, data: Mapping[str, object]) -> tuple[Exploration | None, list[Problem]]:
    """The exploration at the end of a trace, or why it does not replay."""
    try:
        return replayed(here, data), []
    except ModelError as error:
        return None, list(error.problems)


def told_replay(there: Exploration) -> str:
    """What a trace tells when it has replayed."""
    steps = "1 step" if len(there.trace) == 1 else f"{len(there.trace)} steps"
    return f"{heading(there).splitlines()[0].partition(',')[0]}: the trace replays, {steps}\n{story_text(there)}"


def save_traces(report: CheckReport, design: Model, constants: Mapping[str, str], where: str) -> list[str]:
    """Writes the counterexamples of a report, one file each into a folder, or the first into a `.json` file.

    Returns what was done in words. Raises `ModelError`, E902 and E511.
    """
    found = [result for result in report.results if result.trace is not None and result.verdict == Verdict.REFUTED]
    if not found:
        return [f"{report.model}: no counterexample to save"]
    start = begin(design, compile_model(design), report.file, constants)
    if where.endswith(".json"):
        save(_of(start, found[0]), where)
        more = f" ({len(found) - 1} more: name a folder to save all)" if len(found) > 1 else ""
        return [f"{report.model}: saved '{found[0].name}' to {where}{more}"]
    folder = Path(where)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ModelError([Problem("E902", f"cannot write '{where}': {reason}")]) from None
    told, taken = [], set[str]()
    for result in found:
        name = _free(_slug(f"{report.model}-{result.name}"), taken)
        save(_of(start, result), folder / f"{name}.json")
        told.append(f"{report.model}: saved '{result.name}' to {folder / name}.json")
    return told


def _of(start: Exploration, result: Result) -> Exploration:
    assert result.trace is not None
    trace = without_monitors(result.trace, start.system)
    shows = f"{result.name}: {result.verdict}: {tell(result)[-1].text}"
    return replace(start, trace=trace, position=len(trace), shows=shows)


def _slug(text: str) -> str:
    """A name for a file: letters, digits, `-` and `_`."""
    return re.sub(r"[^\w-]+", "_", text).strip("_")[:100]


def _free(name: str, taken: set[str]) -> str:
    """The name, or with a number where it is taken."""
    free = next(each for each in (name, *(f"{name}_{n}" for n in range(2, len(taken) + 3))) if each not in taken)
    taken.add(free)
    return free
