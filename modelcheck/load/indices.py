"""Indices of families, and references to steps that may be members of one."""

from __future__ import annotations

import re
from typing import Any

from .. import model
from ..errors import Located
from .reader import MISSING, Key, Problems, Reader, converted, note, one_or_more, scalar
from .values import NAME
from .writing import write_text

_INDEX = re.compile(r"\s*([^\W\d]\w*)\s+in\s+(\S.*?)\.\.\s*(\S.*?)(?:,(?=\s*[^\W\d]\w*\s+in\s)|\Z)")
_REFERENCE = re.compile(r"[^\W\d]\w*\s*(\[.+\])?\Z")


def _for_each(text: Located, problems: Problems) -> Any:
    if len(text) > 1_000:
        return note(problems, "E022", "an index of more than 1,000 characters is too long", text)
    text = Located(text.rstrip(), text.position)
    found = []
    at = 0
    while at < len(text):
        match = _INDEX.match(text, at)
        if not match:
            return note(
                problems, "E022", f"'{text[at:].strip()[:40]}' is not 'i in low..high'", text, "write i in 1..N"
            )
        name, low, high = (
            Located(match.group(group), text.position.shifted(match.start(group))) for group in (1, 2, 3)
        )  # fmt: skip
        if NAME.read(name, problems) is MISSING:
            return MISSING
        found.append(model.Index(name=name, low=low, high=high))
        at = match.end()
    return tuple(found)


def for_each(meaning: str) -> Key:
    """The key `for each`, with what it means where it stands."""
    schema = {"type": "string", "pattern": r"\w\s+in\s+\S.*\.\."}
    group = scalar("an index `i in low..high`", _for_each, schema, write=_write_indices)
    reader = converted(
        one_or_more(group),
        lambda groups: tuple(index for group in groups for index in group),
        lambda indices: [indices],
    )
    return Key(reader, meaning, field="for_each")


def _write_indices(indices: tuple[model.Index, ...]) -> str:
    return ", ".join(f"{each.name} in {write_text(each.low)}..{write_text(each.high)}" for each in indices)


def reference(kind: str, example: str) -> Reader:
    """The name of something that may be a member of a family; `kind` says what it names ("a step")."""

    def parse(text: Located, problems: Problems) -> Any:
        if not _REFERENCE.match(text):
            hint = f"write '{example}' or '{example}[i]'"
            return note(problems, "E023", f"'{text[:40]}' is not {kind}", text, hint)
        return text

    return scalar(kind, parse, {"type": "string"})


STEP_REFERENCE = reference("a step", "reserve")
PARTICIPANT_REFERENCE = reference("a participant", "worker")
