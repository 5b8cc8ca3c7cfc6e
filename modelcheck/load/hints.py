"""What may have been meant by a key that does not stand where it was written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

from ..errors import did_you_mean

# What keys other people use for what is said here.
_SYNONYMS = {
    "guard": ("when",),
    "condition": ("when",),
    "if": ("when",),
    "precondition": ("requires",),
    "pre": ("requires",),
    "postcondition": ("ensures",),
    "post": ("ensures",),
    "invariant": ("always",),
    "eventually": ("reachable", "leads_to"),
    "do": ("effect",),
    "then": ("effect",),
    "action": ("effect", "actions"),
    "depends_on": ("after",),
    "needs": ("after",),
    "undo": ("compensation",),
    "goto": ("to",),
    "next": ("to", "transitions"),
    "init": ("initial", "initially"),
    "default": ("initial",),
    "final": ("finished",),
    "invariants": ("properties",),
    "size": ("capacity",),
    "guarantee": ("delivery",),
    "duration": ("time",),
    "latency": ("time",),
    "concurrency": ("workers",),
    "consumers": ("workers",),
    "emits": ("publishes",),
    "sends": ("publishes",),
    "listens": ("subscribes",),
}
# As records are declared: what each key is a key of.
_HOMES: dict[str, dict[str, None]] = {}


def remember(kind: str, keys: Iterable[str]) -> None:
    """Notes that these are keys of a kind of mapping ("a step")."""
    for key in keys:
        _HOMES.setdefault(key, {})[kind] = None


def key_hint(name: str, keys: Collection[str]) -> str:
    """What may have been meant by a key that does not stand here: another one, or another place."""
    other = next((key for key in _SYNONYMS.get(name, ()) if key in keys), None)
    if other is not None:
        return f"write '{other}'"
    if difflib.get_close_matches(name, keys, n=1, cutoff=0.85):
        return did_you_mean(name, keys)
    for word in (name, f"{name}s"):
        homes = [
            re.sub("^this (?=([aeiou])?)", lambda at: "an " if at[1] else "a ", home) for home in _HOMES.get(word, ())
        ]
        if homes and word not in ("on", "name"):
            return f"'{word}' is a key of {' or '.join(homes[:3])}"
    return did_you_mean(name, keys)
