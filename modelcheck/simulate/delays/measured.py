"""Measured times: the numbers of a file."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...distributions import SECONDS
from ...errors import ModelError, Problem, did_you_mean, position_of
from .laws import Array

MOST_BYTES = 200_000_000
FILES_KEPT = 64


class Recorded(str):
    """The name of measured times that are here already: no file is read for them."""

    values: tuple[float, ...]

    def __new__(cls, name: str, values: Iterable[float]) -> Recorded:
        recorded = super().__new__(cls, name)
        recorded.values = tuple(values)
        return recorded

    def __getnewargs__(self) -> tuple[str, tuple[float, ...]]:  # type: ignore[override]  # for other processes
        return str(self), self.values


def measured(file: str, column: str = "", where: str = "", unit: str = "s") -> Array:
    """The durations in a file, in seconds and in the order of its lines. Raises `ModelError` (E403).

    column: which column of a CSV file with a heading, or `end - start` of two; empty: the first one. where:
    `column=value`, the lines that count. unit: of the numbers. A relative name starts at the folder of the model.
    """
    if isinstance(file, Recorded):
        return np.array(file.values) * SECONDS[unit]
    values = _from_file(file, column, where, False) * SECONDS[unit]
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(wrong):
        raise _unreadable(file, f"{values[wrong[0]] / SECONDS[unit]:g} is not a time")
    return values


def stamps(file: str, column: str = "", where: str = "", unit: str = "s") -> Array:
    """The points in time in a file, in seconds, sorted; numbers, or dates as ISO 8601 writes them. See `measured`."""
    if isinstance(file, Recorded):
        return np.sort(np.array(file.values)) * SECONDS[unit]
    return np.sort(_from_file(file, column, where, True) * SECONDS[unit])


def _from_file(file: str, column: str, where: str, dates: bool) -> Array:
    place = position_of(file)
    path = (Path(place.file).parent if place else Path()) / file
    try:
        return _read(path, path.stat().st_mtime_ns, column, where, dates)
    except (OSError, ValueError, csv.Error) as error:
        raise _unreadable(file, str(error)) from None


def _unreadable(file: str, why: str) -> ModelError:
    hint = "one time a line, or a CSV file with the times in its first column or in column=..."
    return ModelError([Problem("E403", f"cannot read measured times from '{file}': {why}", position_of(file), hint)])


@lru_cache(FILES_KEPT)
def _read(path: Path, changed: int, column: str, where: str, dates: bool) -> Array:  # noqa: ARG001 - a changed file is read again
    if not path.is_file():  # Opening a pipe would wait for whoever writes to it, for ever.
        raise ValueError("it is no ordinary file")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError("the file is too large")
    with path.open(newline="", encoding="utf-8-sig") as text:
        rows = ((number, row) for number, row in enumerate(csv.reader(text), start=1) if any(map(str.strip, row)))
        found = list(_columns(rows, column, where, dates) if column or where else _first_column(rows, dates))
    if not found:
        raise ValueError(f"no line has {where}" if where else "there are no numbers in it")
    values = np.array(found)
    values.flags.writeable = False  # It is shared by all who ask for it.
    return values


def _first_column(rows: Iterable[tuple[int, list[str]]], dates: bool) -> Iterator[float]:
    """The numbers of the first column; a first line without a number is a heading."""
    for number, row in rows:
        try:
            yield _number(row, 0, number, dates)
        except ValueError:
            if number > 1:
                raise


def _columns(rows: Iterator[tuple[int, list[str]]], column: str, where: str, dates: bool) -> Iterator[float]:
    """The numbers of a named column, or the differences of two, in the lines that count."""
    heading = [name.strip() for name in next(rows, (0, [""]))[1]]
    parts = [column] if column in heading or " - " not in column else column.split(" - ", 1)
    wanted = [_place(heading, part.strip()) if column else 0 for part in parts]
    if where and "=" not in where:
        raise ValueError(f"'{where[:40]}' is not column=value")
    key, _, value = (part.strip() for part in where.partition("="))
    which = _place(heading, key) if where else None
    for number, row in rows:
        if which is None or (len(row) > which and row[which].strip() == value):
            numbers = [_number(row, index, number, dates or len(wanted) > 1) for index in wanted]
            yield numbers[0] - sum(numbers[1:])


def _place(heading: Sequence[str], name: str) -> int:
    if name not in heading:
        raise ValueError(f"there is no column '{name}'; {did_you_mean(name, heading)}".removesuffix("; "))
    return heading.index(name)


def _number(row: Sequence[str], index: int, line: int, dates: bool) -> float:
    text = row[index].strip() if len(row) > index else ""
    try:
        value = float(text)
    except ValueError:
        if not dates:
            raise ValueError(f"line {line}: '{text[:40]}' is not a number") from None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"line {line}: '{text[:40]}' is neither a number nor a date") from None
        value = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    if not math.isfinite(value) or (value < 0 and not dates):
        raise ValueError(f"line {line}: {text[:40]} is not a time")
    return value
