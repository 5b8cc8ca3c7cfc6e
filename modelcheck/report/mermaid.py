"""A trace as a sequence diagram, in Mermaid's text (drawn by GitHub, GitLab, Jupyter and many editors)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..results import Result
from ..trace import Trace
from .sequence import Arrow, Diagram, Note, sequence_of

# Mermaid's arrows: solid and dashed ones that wait, with a cross where something fails, and open ones that do not wait.
_ARROWS = {"call": "->>", "reply": "-->>", "failure": "--x", "event": "-)", "dead": "-x"}
_MARKS = {"again": " (again)", "lost": " (lost)"}


def sequence_diagram(told: Trace | Result) -> str:
    """The Mermaid text of a trace's story: calls and replies, messages, and notes of what changed."""
    diagram = sequence_of(told)
    declared = [f"  participant p{place} as {escape(name)}" for place, name in enumerate(diagram.lifelines, start=1)]
    return "\n".join(["sequenceDiagram", *declared, *(f"  {row}" for row in _rows(diagram))]) + "\n"


def _rows(diagram: Diagram) -> Iterator[str]:
    open_frames = list(diagram.frames)
    closing: list[int] = []
    for item in diagram.items:
        for frame in [frame for frame in open_frames if frame.first <= item.row]:
            open_frames.remove(frame)
            closing.append(frame.last)
            yield f"loop {escape(frame.text.removeprefix('loop '))}"
        for last in [last for last in closing if last < item.row]:
            closing.remove(last)
            yield "end"
        yield _arrow(item) if isinstance(item, Arrow) else _note(item, len(diagram.lifelines))
    yield from ("end" for _ in closing)


def _arrow(arrow: Arrow) -> str:
    shape = "-x" if arrow.mark == "lost" else "--)" if arrow.mark == "again" else _ARROWS[arrow.kind]
    return f"p{arrow.source + 1}{shape}p{arrow.target + 1}: {escape(arrow.text + _MARKS.get(arrow.mark, ''))}"


def _note(note: Note, lifelines: int) -> str:
    changes = escape(", ".join(note.changes))
    if note.kind == "deed":
        where = f"p{note.lifeline + 1}"
        return f"Note over {where}: " + "<br/>".join(part for part in (escape(note.text), changes) if part)
    where = "p1" if lifelines == 1 else f"p1,p{lifelines}"
    start = {"broken": "✗ ", "reached": "✓ "}.get(note.kind, "")
    return f"Note over {where}: {start}{escape(note.text)}" + (f" (where {changes})" if changes else "")


def escape(text: object) -> str:
    """Text in which Mermaid finds nothing of its own."""
    return re.sub(r'["#;<>&\n]', lambda match: f"#{ord(match.group())};", str(text))
