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
        "when": Key(FORMULA, "the guard"),
        "effect": Key(EFFECT, "what it changes, all at once"),
        "actor": Key(TEXT, "whose action it is, for the story and for fairness"),
    },
    plain(model.GuardedAction),
)
SYSTEM = {
    **DESIGN,
    "actions": Key(mapping_of(ACTION, NAME), "what can happen", required=True),
    "finished": Key(FORMULA, "where being stuck is being done"),
    "initially": Key(FORMULA, "a condition on the first states"),
}
