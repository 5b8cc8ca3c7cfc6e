"""Actions over packed states: for each, the states in which it can happen and what becomes of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np

from ...expressions import FALSE, Expr, Literal, Operation, Ref, Value, conjunction, well_defined
from ...system import Action, TransitionSystem
from .conditions import Evaluate, Frame, compile_condition, compile_value, fixed_fields
from .layout import Field, Layout, Mask, Numbers, Overflow, Rows, Unpackable

MOST_CHOICES = 4_096

_ALL = (1 << 64) - 1


@dataclass(frozen=True)
class WordUpdate:
    """What happens to one word: bits are cleared, bits are set, and a number is added (in fields that hold the sum)."""

    word: int
    keep: np.uint64
    set: np.uint64
    add: np.uint64

    def apply(self, word: Rows) -> Rows:
        """The word after it, in each state."""
        changed = word if self.keep == _ALL else word & self.keep
        changed = changed | self.set if self.set else changed
        return np.asarray(changed + self.add if self.add else changed)


@dataclass(frozen=True)
class PackedAction:
    """An action of a system. `choices`: the values of its parameters, each combination.

    injective: different states become different ones, so that none of its results needs comparing with another.
    """

    number: int
    layout: Layout
    guard: Callable[[Frame], Mask]
    words: tuple[WordUpdate, ...]
    computed: tuple[tuple[Field, Evaluate], ...]
    choices: tuple[dict[str, Any], ...]
    injective: bool

    def successors(self, frame: Frame) -> tuple[Numbers, Rows]:
        """The places of the states in which it can happen, and the states that follow; each pair once.

        Raises `Overflow`.
        """
        found = [self._chosen(frame, chosen) for chosen in self.choices]
        if len(found) == 1:
            return found[0]
        places = np.concatenate([places for places, _ in found])
        rows = np.concatenate([rows for _, rows in found], axis=1)
        return _distinct(places, rows)

    def _chosen(self, frame: Frame, chosen: dict[str, Any]) -> tuple[Numbers, Rows]:
        here = Frame(self.layout, frame.rows, {**frame.columns, **chosen}) if chosen else frame
        places = np.flatnonzero(self.guard(here))
        return places, self.after(frame.rows[:, places], chosen) if len(places) else frame.rows[:, :0]

    def after(self, rows: Rows, chosen: dict[str, Any]) -> Rows:
        """What becomes of states in which it happens."""
        following = rows.copy()
        for update in self.words:
            following[update.word] = update.apply(rows[update.word])
        if self.computed:
            frame = Frame(self.layout, rows, dict(chosen))
            for kept, value in self.computed:
                following[kept.word] |= _in_place(kept, np.asarray(value(frame)))
        return following


def _distinct(places: Numbers, rows: Rows) -> tuple[Numbers, Rows]:
    """Pairs of a place and a state, each once."""
    order = np.lexsort([*rows, places])
    places, rows = places[order], rows[:, order]
    again = (places[1:] == places[:-1]) & (rows[:, 1:] == rows[:, :-1]).all(axis=0)
    first = np.concatenate([np.ones(min(1, len(places)), bool), ~again])
    return places[first], rows[:, first]


def _in_place(kept: Field, values: Any) -> Rows:
    if kept.unranged and values.size and not (values.min() >= kept.low and values.max() <= kept.high):
        raise Overflow
    return np.asarray((values.astype(np.int64) - kept.low).astype(np.uint64) << np.uint64(kept.shift))


def compile_actions(layout: Layout) -> tuple[PackedAction, ...]:
    """All actions of a system that can happen at all. Raises `Unpackable`."""
    system = layout.system
    return tuple(
        _compile(layout, system, number, action)
        for number, action in enumerate(system.actions)
        if action.guard != FALSE
    )


def _compile(layout: Layout, system: TransitionSystem, number: int, action: Action) -> PackedAction:
    changes = {
        name: value for name, value in action.updates.items() if value != system.variables[system.positions[name]].ref
    }
    guard = conjunction([well_defined(action.guard), action.guard, action.updates_defined])
    fixed, _ = fixed_fields(
        guard.arguments if isinstance(guard, Operation) and guard.operator == "and" else (guard,), layout
    )
    clear, put, add = [0] * layout.words, [0] * layout.words, [0] * layout.words
    computed, injective = [], not action.parameters
    for name, value in changes.items():
        kept = layout.field_of[name]
        step = _step(name, value)
        if isinstance(value, Literal) and kept.low <= value.value <= kept.high:
            clear[kept.word] |= kept.mask
            put[kept.word] |= kept.packed(int(value.value))
            injective &= kept in fixed
        elif step is not None and not kept.unranged:
            add[kept.word] = (add[kept.word] + (step << kept.shift)) & _ALL
        else:
            clear[kept.word] |= kept.mask
            computed.append((kept, compile_value(value)))
            injective &= kept in fixed
    words = tuple(
        WordUpdate(word, np.uint64(_ALL & ~clear[word]), np.uint64(put[word]), np.uint64(add[word]))
        for word in range(layout.words)
        if clear[word] or add[word]
    )
    return PackedAction(
        number, layout, compile_condition(guard, layout), words, tuple(computed), _choices(action), injective
    )


def _step(name: str, value: Expr) -> int | None:
    """c where an update is `name + c` or `name - c`."""
    match value:
        case Operation("+", (Ref(read), Literal(step))) if read == name and step == int(step):
            return int(step)
        case Operation("-", (Ref(read), Literal(step))) if read == name and step == int(step):
            return -int(step)
    return None


def _choices(action: Action) -> tuple[dict[str, Any], ...]:
    """The values of the parameters, each combination. Raises `Unpackable` for too many."""
    values = [parameter.initial_values() for parameter in action.parameters]
    listed: list[list[Value]] = []
    for each in values:
        if each is None or prod(map(len, listed)) * len(each) > MOST_CHOICES:
            raise Unpackable(f"'{action.name}' has too many choices")
        listed.append(list(each))
    names = [parameter.name for parameter in action.parameters]
    return tuple(
        {name: np.asarray(value) for name, value in zip(names, chosen, strict=True)} for chosen in product(*listed)
    )
