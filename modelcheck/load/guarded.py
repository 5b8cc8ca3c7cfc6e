"""The text of a bare system: variables and guarded actions."""

from __future__ import annotations

import re
from typing import Any

from .. import model
from ..errors import Located
from .design import DESIGN, plain
from .reader import MISSING, Key, Problems, converted, mapping_of, note, one_or_more, record, scalar
from .values import EFFECT, FORMULA, NAME, TEXT
from .writing import write_text

_INDEX = re.compile(r"\s*([^\W\d]\w*)\s+in\s+(\S.*?)\.\.\s*(\S.*?)(?:,(?=\s*[^\W\d]\w*\s+in\s)|\Z)")


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


def _write_indices(indices: tuple[model.Index, ...]) -> str:
    ranges = [f"{each.name} in {write_text(each.low)}..{write_text(each.high)}" for each in indices]
    return ", ".join(ranges)


_INDEX_SCHEMA = {"type": "string", "pattern": r"\w\s+in\s+\S.*\.\."}
_FOR_EACH = Key(
    converted(
        one_or_more(scalar("an index `i in low..high`", _for_each, _INDEX_SCHEMA, write=_write_indices)),
        lambda groups: tuple(index for group in groups for index in group),
        lambda indices: [indices],
    ),
    "one action for each index: i in 1..N, j in 1..M",
    field="for_each",
)
ACTION = record(
    "an action",
    {
        "for each": _FOR_EACH,
        "for_each": _FOR_EACH,
        "when": Key(FORMULA, "the guard: the action can happen where it is true"),
        "effect": Key(EFFECT, "what it changes, all at once"),
        "actor": Key(TEXT, "whose action it is: for the story, and for fairness, which is owed to each actor"),
    },
    plain(model.GuardedAction),
)
SYSTEM = {
    **DESIGN,
    "actions": Key(mapping_of(ACTION, NAME), "what can happen", required=True),
    "finished": Key(
        FORMULA, "where nothing more needs to happen: being stuck there is being done, elsewhere a deadlock"
    ),
    "initially": Key(FORMULA, "a condition that the first states satisfy"),
}
