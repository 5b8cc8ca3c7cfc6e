"""The table that a sweep gives: parameters and measures, a row for each design in a fixed order."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ModelError, Problem, did_you_mean
from ..simulate import Estimate
from ..simulate.delays import Array
from .measures import show
from .values import number_of
from .work import Answer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("mean", "p95", "difference", "success")
MOST_SHOWN, MOST_NOTES = 200, 5
_NUMBER = re.compile(r"[0-9][0-9,.]*")

Cell = str | int | float | None


@dataclass(frozen=True)
class Row:
    """One design: the values of the parameters, and what was measured of it or is wrong with it.

    known: whether there is an answer at all; there is none after an interruption.
    """

    values: tuple[str, ...]
    answer: Answer
    known: bool = True

    @property
    def error(self) -> str:
        """What is wrong with this design, in a line; empty where nothing is."""
        return "; ".join(f"{each.code}: {each.message}" for each in self.answer.problems)


@dataclass(frozen=True)
class Sweep:
    """Parameters and measures of many designs. Times are in seconds.

    stopped: why not all rows are known; empty where they are. measures: those that were asked for (none: the usual).
    compared: there is a measure `difference`, from the base.
    """

    name: str
    kind: str
    parameters: tuple[str, ...]
    rows: tuple[Row, ...]
    jobs: int
    seed: int
    stopped: str = ""
    measures: tuple[str, ...] = ()
    compared: bool = False

    @property
    def complete(self) -> bool:
        """Whether every design has an answer; one that cannot be simulated has: its error."""
        return not self.stopped

    @property
    def failed(self) -> int:
        """How many designs could not be simulated."""
        return sum(bool(row.answer.problems) and row.known for row in self.rows)

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of all measures that any row has, in the order in which they come."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.answer.figures))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, name: str) -> Array:
        """A column as numbers, NaN where there is none: a measure, or a parameter (a delay by its mean)."""
        columns = self.columns()
        for known in (name, f"{name} seconds"):
            if known in columns and not all(isinstance(each, str) for each in columns[known]):
                return np.array([each if isinstance(each, int | float) else math.nan for each in columns[known]])
        if name in columns:
            raise KeyError(f"'{name}' has no numbers")
        raise KeyError(f"there is no column '{name}': {did_you_mean(name, columns)}")

    def columns(self) -> dict[str, list[Cell]]:
        """The table by columns: parameters, measures with their intervals, back end, error.

        A parameter whose values are times or delays stands there as it was given, and beside it its mean in seconds.
        """
        found: dict[str, list[Cell]] = {}
        for place, name in enumerate(self.parameters):
            texts = [row.values[place] for row in self.rows]
            numbers = [number_of(text) for text in texts]
            if all(number is None for number in numbers):
                found[name] = list(texts)
            elif all(_is_number(text) for text in texts):
                found[name] = [int(n) if n is not None and n == int(n) else n for n in numbers]
            else:
                found[name] = list(texts)
                found[f"{name} seconds"] = list(numbers)
        for name in self.figures:
            cells = [row.answer.figures.get(name) for row in self.rows]
            found[name] = [_value(cell) for cell in cells]
            if any(isinstance(cell, Estimate) for cell in cells):
                found[f"{name} low"] = [_finite(cell.low) if isinstance(cell, Estimate) else None for cell in cells]
                found[f"{name} high"] = [_finite(cell.high) if isinstance(cell, Estimate) else None for cell in cells]
        found["back end"] = [row.answer.back_end for row in self.rows]
        found["error"] = [row.error if row.known else row.error or self.stopped for row in self.rows]
        return found

    def to_dict(self) -> dict[str, object]:
        """Plain data: what was asked, and a mapping for each row."""
        columns = self.columns()
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        return {
            "model": self.name,
            "kind": self.kind,
            "jobs": self.jobs,
            "seed": self.seed,
            "parameters": list(self.parameters),
            "measures": list(self.figures),
            "complete": self.complete,
            "stopped": self.stopped or None,
            "failed": self.failed,
            "rows": rows,
        }

    def to_csv(self, path: str | Path | None = None) -> str:
        """The table as CSV, written to a file if one is named. Raises `ModelError` (E902) if that cannot be."""
        text = io.StringIO()
        columns = self.columns()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        if path is not None:
            try:
                Path(path).write_text(text.getvalue(), encoding="utf-8", newline="")
            except OSError as error:
                raise _unwritten(path, error) from None
        return text.getvalue()

    def to_parquet(self, path: str | Path) -> None:
        """The table as a Parquet file. Raises `ModelError`: pyarrow is not installed (E448), it cannot be written."""
        must_have_parquet()
        import pyarrow
        from pyarrow import parquet

        about = {"model": self.name, "jobs": str(self.jobs), "seed": str(self.seed), "stopped": self.stopped}
        try:
            parquet.write_table(pyarrow.table(self.columns()).replace_schema_metadata(about), path)
        except OSError as error:
            raise _unwritten(path, error) from None

    def plot(
        self, x: str | None = None, y: str = "mean", by: str | None = None, ax: Axes | str | Path | None = None
    ) -> Axes | None:
        """A measure against a parameter, a line for each value of the others (or of `by`).

        In axes, in a file (.png, .svg, .pdf), or on a figure of its own; gives the axes. Raises `ModelError`.
        """
        from ..plot.sweep import draw_sweep, save_sweep

        if isinstance(ax, str | Path):
            save_sweep(self, ax, x, y, by)
            return None
        return draw_sweep(self, x, y, by, ax)

    def shown(self) -> list[list[str]]:
        """Headings and rows as people read them: the parameters, the main measures, what went wrong."""
        names = self.measures or tuple(name for name in SHOWN if name in self.figures)
        if self.compared and "difference" not in names:
            names = (*names, "difference")
        if not self.measures:
            names += tuple(name for name in self.figures if name.startswith("busy "))
        lines = [[*self.parameters, *names]]
        for row in self.rows[:MOST_SHOWN]:
            if row.answer.problems or not row.known:
                lines.append([*row.values, row.error or "not simulated"])
            else:
                lines.append([*row.values, *(show(name, row.answer.figures.get(name)) for name in names)])
        return lines

    def remarks(self) -> list[str]:
        """What else there is to say."""
        found = []
        if len(self.rows) > MOST_SHOWN:
            found.append(f"{len(self.rows) - MOST_SHOWN:,} more rows are not shown here")
        if self.failed:
            found.append(f"{self.failed:,} of {len(self.rows):,} designs cannot be simulated")
        if self.stopped:
            known = sum(row.known for row in self.rows)
            found.append(f"{self.stopped}: {known:,} of {len(self.rows):,} designs are known")
        found += [f"'{name}' changes nothing that was measured" for name in self._idle()]
        notes: dict[str, list[str]] = {}
        for row in self.rows:
            for kind, note in {_NUMBER.sub("", note): note for note in row.answer.notes}.items():
                notes.setdefault(kind, []).append(note)
        for alike in list(notes.values())[:MOST_NOTES]:
            many = "" if len(alike) == len(self.rows) else f"{len(alike):,} of {len(self.rows):,}"
            said = ", ".join(filter(None, (many, "such as" if len(set(alike)) > 1 else "")))
            found.append(f"note{f' ({said})' if said else ''}: {alike[0]}")
        return found

    def _idle(self) -> list[str]:
        """The parameters whose values make no difference, wherever only they differ."""
        found = []
        for place, name in enumerate(self.parameters):
            seen: dict[tuple[str, ...], Answer] = {}
            compared = different = False
            for row in self.rows:
                if row.known:
                    first = seen.setdefault(row.values[:place] + row.values[place + 1 :], row.answer)
                    compared = compared or first is not row.answer
                    different = different or (first.figures, first.problems) != (
                        row.answer.figures,
                        row.answer.problems,
                    )
            if compared and not different:
                found.append(name)
        return found

    def heading(self) -> str:
        """What this is a table of."""
        count = f"{len(self.rows):,} design{'s' if len(self.rows) != 1 else ''}"
        return f"{self.name}: {count}, {self.jobs:,} jobs of each, seed {self.seed}, the same draws"

    def __str__(self) -> str:
        head, *rows = self.shown()
        whole = [row for row in (head, *rows) if len(row) == len(head)]
        widths = [max(len(row[place]) for row in whole) for place in range(len(head))]
        count = len(self.parameters)
        widths[:count] = [max(len(row[place]) for row in (head, *rows)) for place in range(count)]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(row, [*widths, *[0] * len(row)], strict=False))
            for row in (head, *rows)
        ]
        return "\n".join(
            [self.heading(), *(f"  {line}".rstrip() for line in lines), *(f"  {r}" for r in self.remarks())]
        )

    def _repr_html_(self) -> str:
        from ..report.html_sweep import render_sweep

        return render_sweep(self)


def must_have_parquet() -> None:
    """Raises `ModelError` (E448) where pyarrow is not installed."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        hint = "pip install 'modelcheck[parquet]', or write CSV"
        raise ModelError([Problem("E448", "pyarrow, which writes Parquet, is not installed", hint=hint)])


def _unwritten(path: object, error: OSError) -> ModelError:
    return ModelError([Problem("E902", f"cannot write '{path}': {error.strerror or error}")])


def _is_number(text: str) -> bool:
    return text.rstrip("%").replace(".", "").replace("-", "").replace("+", "").replace("e", "").isdigit()


def _value(cell: Estimate | float | None) -> float | None:
    return None if cell is None else _finite(cell.value if isinstance(cell, Estimate) else cell)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
