"""What follows packed states, and the way back from a state to an initial one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...expressions import TRUE
from ...system import State
from ...trace import Trace
from ..successors import NumberedSuccessors, compile_numbered_successors
from .actions import PackedAction
from .conditions import Frame, compile_condition
from .layout import Layout, Mask, Numbers, Rows
from .visited import Store

PIECE = 1 << 16  # States worked on at a time: a few columns of as many words fit the cache.
NARROW = 24  # So few states are expanded one at a time, by the plain functions.


@dataclass(frozen=True)
class Expansion:
    """The initial states of a system, and the states that follow others."""

    layout: Layout
    actions: Sequence[PackedAction]

    def initial(self) -> Rows:
        """All initial states."""
        rows = self.layout.initial()
        return rows[:, compile_condition(self.layout.system.initially, self.layout)(Frame(self.layout, rows))]

    @cached_property
    def _within(self) -> Callable[[Frame], Mask] | None:
        return compile_condition(self.layout.within, self.layout) if self.layout.within != TRUE else None

    def inside(self, frame: Frame) -> Mask | None:
        """Which states have every variable within its range; None where all states have."""
        found = None if self._within is None else self._within(frame)
        return None if found is None or found.all() else found

    def successors(self, frame: Frame) -> Iterator[tuple[int, Numbers, Rows, bool]]:
        """For each action (by its number) the places of states in which it can happen, the states that follow, and
        whether no two of them can be equal. Raises `Overflow`."""
        if frame.rows.shape[1] <= NARROW:
            yield from self._plainly(frame.rows)
            return
        for action in self.actions:
            places, following = action.successors(frame)
            if len(places):
                yield action.number, places, following, action.injective

    def _plainly(self, rows: Rows) -> Iterator[tuple[int, Numbers, Rows, bool]]:
        found: dict[int, tuple[list[int], list[State]]] = {}
        for place, state in enumerate(self.layout.unpack(rows)):
            for number, after in self._plain_successors(state):
                places, states = found.setdefault(number, ([], []))
                places.append(place)
                states.append(after)
        for number, (places, states) in found.items():
            yield number, np.array(places, np.int64), self.layout.pack(states), False

    @cached_property
    def _plain_successors(self) -> NumberedSuccessors:
        return compile_numbered_successors(self.layout.system)


def way_to(expansion: Expansion, store: Store, levels: Sequence[int], place: int) -> Trace:
    """A shortest trace to the state at a place; `levels` are the places where the levels begin."""
    path, numbers = [store.part(place, place + 1)], []
    for level in range(bisect_right(levels, place) - 2, -1, -1):
        before, number = _predecessor(expansion, store, range(levels[level], levels[level + 1]), path[-1])
        path.append(before)
        numbers.append(number)
    states = expansion.layout.unpack(np.concatenate(path[::-1], axis=1))
    return Trace(expansion.layout.system, tuple(states), tuple(numbers[::-1]))


def _predecessor(expansion: Expansion, store: Store, level: range, wanted: Rows) -> tuple[Rows, int]:
    """A state of a level, and the action by which it becomes the wanted one."""
    for begin in level[::PIECE]:
        rows = store.part(begin, min(begin + PIECE, level.stop))
        inside = expansion.inside(Frame(expansion.layout, rows))
        rows = rows if inside is None else rows[:, inside]
        for number, places, following, _ in expansion.successors(Frame(expansion.layout, rows)):
            hits = np.flatnonzero((following == wanted).all(axis=0))
            if len(hits):
                return rows[:, places[hits[:1]]], number
    raise AssertionError("a state has no predecessor in the level before it")
