"""What can be wrong with an input, and where: problems with a code, a place, a caret and a hint.

Everything a user can get wrong ends in a `ModelError` that carries *all* problems of the input,
never in a Python traceback.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

LONGEST_MESSAGE = 400
MOST_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text: 1-based line and column, and the text of that line for the caret."""

    file: str
    line: int
    column: int
    text: str = ""

    def shifted(self, columns: int) -> Position:
        """The place `columns` to the right on the same line."""
        return replace(self, column=self.column + columns)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable code (`E101`), a sentence, a place, and what to do about it.

    unknown: the name that means nothing, where that is what is wrong.
    """

    code: str
    message: str
    position: Position | None = None
    hint: str = ""
    unknown: str = ""

    def render(self) -> str:
        """The problem as people read it: place, code, message, the line with a caret, the hint."""
        place = f"{harmless(str(self.position))}: " if self.position else ""
        lines = [f"{place}{self.code}: {harmless(_cut(self.message))}"]
        if self.position and self.position.text:
            line, column = _window(self.position.text, self.position.column)
            lines += [f"    {harmless(line)}", f"    {' ' * (column - 1)}^"]
        if self.hint:
            lines.append(f"    hint: {harmless(_cut(self.hint))}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from .report.html import render_problems

        return render_problems([self])


def harmless(text: str) -> str:
    """A text as a terminal can show it, character by character: what would control the terminal, hide itself or turn
    the direction of writing is shown as U+FFFD, line breaks and tabs as spaces."""
    return "".join(
        " " if each in "\n\r\t" else "\ufffd" if unicodedata.category(each) in _INVISIBLE else each for each in text
    )


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}..."


def _window(text: str, column: int, width: int = 100) -> tuple[str, int]:
    """The part of a long line around a column, so that a caret stays on the screen; tabs become spaces."""
    text = text.replace("\t", " ").rstrip()
    if len(text) <= width:
        return text, column
    first = max(0, column - 1 - width // 2)
    return text[first : first + width], column - first


class ModelError(Exception):
    """The input is not a model; `problems` lists everything that is wrong with it, in file order.

    `partial` is what could be made of it nevertheless (a model without the parts that are wrong), for finding more.
    """

    def __init__(self, problems: Iterable[Problem], partial: object = None):
        self.partial = partial

        def order(problem: Problem) -> tuple[str, int, int]:
            place = problem.position
            return (place.file, place.line, place.column) if place else ("", 0, 0)

        self.problems = tuple(sorted(problems, key=order))
        super().__init__("\n".join(problem.render() for problem in self.problems))

    def __reduce__(self) -> tuple[type[ModelError], tuple[tuple[Problem, ...], object]]:
        return type(self), (self.problems, self.partial)  # So that it comes out of another process as it went in.

    def _repr_html_(self) -> str:
        from .report.html import render_problems

        return render_problems(self.problems)

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows where it is raised: the problems; where in our program says nothing to its user."""
        return str(self).split("\n")


def report(problems: list[Problem], problem: Problem) -> None:
    """Notes a problem; after `MOST_PROBLEMS` of them it is enough, and all are raised."""
    problems.append(problem)
    if len(problems) >= MOST_PROBLEMS:
        message = f"these are {MOST_PROBLEMS} problems: no more is read"
        raise ModelError([*problems, Problem("E000", message, problem.position)])


class Located(str):
    """A string that remembers where it was written.

    Models hold plain strings; those that were read from a file are `Located`, so that whatever is
    found out later can still point at the line. Models built in Python use ordinary strings.
    """

    position: Position

    def __new__(cls, text: str, position: Position) -> Located:
        located = super().__new__(cls, text)
        located.position = position
        return located

    def __getnewargs__(self) -> tuple[str, Position]:  # type: ignore[override]  # for copies and other processes
        return str(self), self.position


def position_of(value: object) -> Position | None:
    """Where a value was written, if it came from a file."""
    return value.position if isinstance(value, Located) else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint naming the closest known name, or listing what there is when nothing is close."""
    candidates = sorted(set(known))
    close = difflib.get_close_matches(name[:80], candidates, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    if otherwise or not candidates:
        return otherwise
    shown = ", ".join(candidates[:8]) + (", ..." if len(candidates) > 8 else "")
    return f"known here: {shown}"
