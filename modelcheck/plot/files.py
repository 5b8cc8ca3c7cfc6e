"""Drawings in files; matplotlib is loaded only for what needs it. The same drawing gives the same bytes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..drawing.shapes import Drawing
from ..drawing.svg import svg_file
from ..errors import ModelError, Problem
from ..report.data import json_text
from ..report.sequence import sequence_of
from ..report.sequence_drawing import sequence_drawing
from ..report.timeline_drawing import gantt_drawing
from ..results import CheckReport, Result, Verdict
from ..trace import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..simulate.timeline import Timeline

FORMATS = (".png", ".svg", ".pdf")
_LONGEST_NAME = 80
_MOST_PIXELS = 30_000  # along a side


def save_drawing(drawing: Drawing, path: str | Path) -> None:
    """The drawing as a file: .png, .pdf, or .svg (whose text is text).

    Raises `ModelError`: the file has another ending (E903), or cannot be written (E902).
    """
    suffix = must_be_picture(path)
    try:
        if suffix == ".svg":
            Path(path).write_text(svg_file(drawing), encoding="utf-8")
        else:
            _paint_file(drawing, path, suffix)
    except OSError as error:
        raise ModelError([Problem("E902", f"cannot write '{path}': {error.strerror or error}")]) from None


def save_timeline(timeline: Timeline, path: str | Path) -> None:
    """A Gantt chart as a picture, or with the ending .json the trace that Perfetto and chrome://tracing show.

    Raises `ModelError`: the file has another ending (E903), or cannot be written (E902).
    """
    if Path(path).suffix.lower() != ".json":
        must_be_picture(path, ".json (a Chrome trace)")
        save_drawing(gantt_drawing(timeline), path)
        return
    try:
        Path(path).write_text(json_text(timeline.to_chrome()) + "\n", encoding="utf-8")
    except OSError as error:
        raise ModelError([Problem("E902", f"cannot write '{path}': {error.strerror or error}")]) from None


def must_be_picture(path: str | Path, *others: str) -> str:
    """The ending of a picture's file; raises `ModelError` (E903) for another one than those and `others`."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        hint = f"use {', '.join((*FORMATS, *others))}"
        raise ModelError([Problem("E903", f"cannot draw '{path}': its ending names no kind of picture", hint=hint)])
    return suffix


def must_be_place(where: str | Path) -> None:
    """What names neither a picture nor a folder is an error (E903), said before anything is done."""
    if Path(where).suffix and not Path(where).is_dir():
        must_be_picture(where, "or name a folder")


def _paint_file(drawing: Drawing, path: str | Path, suffix: str) -> None:
    from matplotlib.figure import Figure

    from .drawing import paint

    figure = paint(drawing).get_figure(root=True)
    assert isinstance(figure, Figure)
    metadata = {"CreationDate": None} if suffix == ".pdf" else None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing")  # What the font does not have is a box.
        figure.savefig(path, dpi=min(150.0, _MOST_PIXELS / max(figure.get_size_inches())), metadata=metadata)


def save_sequence(told: Trace | Result, path: str | Path) -> None:
    """The sequence diagram of a trace as a file: .png, .svg or .pdf; raises `ModelError` as `save_drawing` does."""
    save_drawing(sequence_drawing(sequence_of(told)), path)


def plot_sequence(told: Trace | Result, where: str | Path | Axes | None) -> Axes | None:
    """The sequence diagram in a file, in axes, or on a figure of its own; the axes, None for a file."""
    if isinstance(where, str | Path):
        save_sequence(told, where)
        return None
    from .sequence import draw_sequence

    return draw_sequence(told, where)


def save_diagrams(reports: Iterable[CheckReport], where: str | Path, witnesses: bool = False) -> list[Path]:
    """A sequence diagram of each counterexample (and witness), and where they are.

    `where` with the ending of a picture: that file, or several beside it, named after it and their property. Otherwise
    a folder, made where there is none, of .svg files named after their property.
    """
    told = [
        (report, result)
        for report in reports
        for result in report.results
        if result.trace is not None and (witnesses or result.verdict != Verdict.PROVED)
    ]
    path = Path(where)
    is_file = path.suffix.lower() in FORMATS and not path.is_dir()
    must_be_place(path)
    several = len({report.file or report.model for report, _ in told}) > 1
    if is_file and len(told) == 1:
        save_sequence(told[0][1], path)
        return [path]
    try:
        (path.parent if is_file else path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError([Problem("E902", f"cannot make the folder '{path}': {error.strerror or error}")]) from None
    names = _names(f"{report.model} {result.name}" if several else result.name for report, result in told)
    found = []
    for (_, result), name in zip(told, names, strict=True):
        file = path.with_name(f"{path.stem}-{name}{path.suffix}") if is_file else path / f"{name}.svg"
        save_sequence(result, file)
        found.append(file)
    return found


def _names(texts: Iterable[str]) -> Iterator[str]:
    """Names of files, each once whatever the case."""
    used: dict[str, int] = {}
    for text in texts:
        name = re.sub(r"[^\w.]+", "-", text).strip("-.")[:_LONGEST_NAME] or "trace"
        count = used[name.lower()] = used.get(name.lower(), 0) + 1
        yield name if count == 1 else f"{name}-{count}"
