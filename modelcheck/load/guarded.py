"""The text of a bare system: variables and guarded actions."""

from __future__ import annotations

from .. import model
from .design import DESIGN, plain
from .indices import for_each
from .reader import Key, mapping_of, record
from .values import EFFECT, FORMULA, NAME, TEXT

_FOR_EACH = for_each("one action for each index: i in 1..N, j in 1..M")
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
