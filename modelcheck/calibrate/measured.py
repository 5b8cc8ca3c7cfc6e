"""Measured executions: a table with a row for each piece of work, which says what it was, when it began and ended, and
of which execution it was."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from ..errors import ModelError, Problem, did_you_mean
from ..simulate.delays import Array

COLUMNS: Mapping[str, str] = {"task": "func", "start": "start", "end": "end", "execution": "request_id"}
UNITS: Mapping[str, float] = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
MOST_BYTES = 200_000_000
MOST_SHOWN = 5


@dataclass(frozen=True)
class Span:
    """A piece of work: what the file calls it, and when it began and ended, in seconds."""

    task: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Measurements:
    """Executions, each with its pieces of work in order of their beginnings; `source` is the file's name."""

    executions: tuple[tuple[Span, ...], ...]
    source: str = ""

    def __len__(self) -> int:
        return len(self.executions)

    @cached_property
    def makespans(self) -> Array:
        """How long each execution took, from its first beginning to its last end, in seconds."""
        return np.array([max(span.end for span in each) - each[0].start for each in self.executions])

    @property
    def tasks(self) -> tuple[str, ...]:
        """What the file calls the pieces of work, in order of their first beginnings."""
        return tuple(dict.fromkeys(span.task for each in self.executions for span in each))

    def renamed(self, names: Mapping[str, str]) -> Measurements:
        """The same under the model's names; work without one is left out, and executions that have no other."""
        found = (
            tuple(replace(span, task=names[span.task]) for span in each if span.task in names)
            for each in self.executions
        )
        return replace(self, executions=tuple(each for each in found if each))

    def halves(self, seed: int) -> tuple[Measurements, Measurements]:
        """A random half of the executions, and the other half."""
        order = np.random.default_rng(seed).permutation(len(self))
        cut = (len(self) + 1) // 2
        first, second = sorted(order[:cut]), sorted(order[cut:])
        return self.some(first), self.some(second)

    def some(self, numbers: list[int]) -> Measurements:
        """Some of the executions."""
        return replace(self, executions=tuple(self.executions[number] for number in numbers))


def read_measurements(
    path: str | Path, columns: Mapping[str, str] | None = None, unit: str | None = None
) -> Measurements:
    """The executions in a CSV file whose first line names its columns.

    columns: what those are called that tell the `task`, the `start`, the `end` and the `execution` (func, start, end
    and request_id, unless said). Times are numbers in a `unit` (s, ms, us, ns; seconds unless said) or as in ISO 8601.
    Raises `ModelError` (E450): no such file or column, a time that is none, an end before its start, nothing in it.
    """
    names = _names(columns or {})
    if unit is not None and unit not in UNITS:
        raise _unreadable(path, f"unknown unit '{unit}'", f"one of {', '.join(UNITS)}")
    spans: dict[str, list[Span]] = defaultdict(list)
    wrong: list[Problem] = []
    try:
        if Path(path).stat().st_size > MOST_BYTES:
            raise _unreadable(path, "the file is too large", f"at most {MOST_BYTES:,} bytes")
        with Path(path).open(newline="", encoding="utf-8-sig") as text:
            rows = csv.DictReader(text)
            _check_columns(path, names, list(rows.fieldnames or ()))
            for row in rows:
                try:
                    span = _span(row, names, _seconds_of(unit))
                    spans[row[names["execution"]]].append(span)
                except ValueError as error:
                    wrong.append(Problem("E450", f"{Path(path).name}, line {rows.line_num}: {error}"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _unreadable(path, str(reason), "a CSV file with a row for each piece of work") from None
    if wrong:
        more = Problem("E450", f"{Path(path).name}: {len(wrong) - MOST_SHOWN} more lines are wrong")
        raise ModelError(wrong[:MOST_SHOWN] + ([more] if len(wrong) > MOST_SHOWN else []))
    if not spans:
        raise _unreadable(path, "there is no execution in it", "a row for each piece of work")
    ordered = (tuple(sorted(each, key=lambda span: (span.start, span.end))) for each in spans.values())
    return Measurements(tuple(ordered), Path(path).name)


def _names(columns: Mapping[str, str]) -> dict[str, str]:
    for what in columns:
        if what not in COLUMNS:
            message = f"'{what}' is nothing that a column tells: {', '.join(COLUMNS)}"
            raise ModelError([Problem("E450", message, None, did_you_mean(what, COLUMNS))])
    return {**COLUMNS, **columns}


def _check_columns(path: str | Path, names: Mapping[str, str], there: list[str]) -> None:
    problems = []
    for what, name in names.items():
        if name not in there:
            hint = did_you_mean(name, there, otherwise=f"the columns are {', '.join(there[:12])}")
            message = f"{Path(path).name}: there is no column '{name}' that tells the {what}"
            problems.append(Problem("E450", message, None, f"{hint} (say which with --columns {what}=NAME)"))
    if problems:
        raise ModelError(problems)


def _seconds_of(unit: str | None) -> Callable[[str], float]:
    size = UNITS[unit or "s"]

    def seconds(text: str) -> float:
        try:
            found = float(text) * size
        except ValueError:
            if unit is not None:
                raise ValueError(f"'{text[:40]}' is not a number of {unit}") from None
            try:
                found = datetime.fromisoformat(text).timestamp()
            except ValueError:
                raise ValueError(f"'{text[:40]}' is no time: a number of seconds, or 2026-01-31T12:00:00") from None
        if not math.isfinite(found):
            raise ValueError(f"'{text[:40]}' is not a time")
        return found

    return seconds


def _span(row: Mapping[str, str | None], names: Mapping[str, str], seconds: Callable[[str], float]) -> Span:
    given = {what: row[name] for what, name in names.items()}
    for what, text in given.items():
        if not text or not text.strip():
            raise ValueError(f"'{names[what]}' is empty")
    start, end = seconds(str(given["start"])), seconds(str(given["end"]))
    if end < start:
        raise ValueError(f"it ends {start - end:g} s before it starts")
    return Span(str(given["task"]), start, end)


def _unreadable(path: str | Path, reason: str, hint: str) -> ModelError:
    return ModelError([Problem("E450", f"cannot read measured executions from '{path}': {reason}", None, hint)])
