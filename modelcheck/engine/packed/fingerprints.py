"""Wide states told apart by hashes of 64 bits: less memory, and a small chance that a state is missed.

Of each state only its fingerprint is kept, and that of the state from which it was first reached (as TLC does: Yu,
Manolios & Lamport 1999); a trace is found by following the fingerprints back, and walking forward along them.
"""

from __future__ import annotations

import numpy as np

from ...system import State
from ...trace import Trace
from .expansion import Expansion
from .layout import Column, Rows
from .visited import HashedRuns, Store


def chance_of_collision(states: int) -> float:
    """At most this is the probability that two of so many states have one fingerprint (the birthday bound)."""
    return min(1.0, states * (states - 1) / 2 / 2.0**64)


class Ancestry:
    """The fingerprint of each state, and that of a state before it; an initial state is its own."""

    def __init__(self, index: HashedRuns):
        self.index, self.pairs = index, Store(2)

    def append(self, rows: Rows, parents: Column) -> None:
        """Keep where more states came from."""
        self.pairs.append(np.stack([self.index.keys(rows), parents]))

    def way_to(self, expansion: Expansion, row: Rows) -> Trace:
        """A shortest trace to a state."""
        keys = [self.index.keys(row)[0]]
        while (parent := self._parent(keys[-1])) != keys[-1]:
            keys.append(parent)
        keys.reverse()
        initial = expansion.initial()
        (state,) = expansion.layout.unpack(initial[:, self.index.keys(initial) == keys[0]][:, :1])
        states, numbers = [state], []
        for key in keys[1:]:
            number, state = self._step(expansion, states[-1], key)
            states.append(state)
            numbers.append(number)
        return Trace(expansion.layout.system, tuple(states), tuple(numbers))

    def _parent(self, key: np.uint64) -> np.uint64:
        known = self.pairs.part(0, self.pairs.size)
        parent: np.uint64 = known[1, np.flatnonzero(known[0] == key)[0]]
        return parent

    def _step(self, expansion: Expansion, state: State, key: np.uint64) -> tuple[int, State]:
        system, layout = expansion.layout.system, expansion.layout
        following = list(system.successors(state))
        keys = self.index.keys(layout.pack(after for _, after in following))
        return following[int(np.flatnonzero(keys == key)[0])]
