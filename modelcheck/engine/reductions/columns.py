"""Symmetry over whole frontiers of packed states: the parts of all indices of all states sorted at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...system import TransitionSystem
from ...trace import Trace
from ..packed.conditions import Frame
from ..packed.expansion import Expansion, way_to
from ..packed.layout import Column, Layout, Numbers, Rows, layout_of
from ..packed.search import BATCH, METHOD, PackedSearch
from ..packed.visited import Collision
from ..target import Answer, Limits, Progress, Target
from .canonical import Canonical, Sorter
from .paths import concrete
from .symmetry import Symmetry, symmetry_of

KEY_BITS = 62


@dataclass(frozen=True)
class RowSorter:
    """What a `Sorter` does, for packed states: exactly the same canonical form."""

    layout: Layout
    sorter: Sorter

    @cached_property
    def _moved(self) -> Numbers:
        """For each word the bits that stay."""
        kept = [(1 << 64) - 1] * self.layout.words
        for family in self.sorter.block.families:
            for place in family.places:
                kept[self.layout.fields[place].word] &= ~self.layout.fields[place].mask
        return np.array(kept, np.uint64)

    def values(self, rows: Rows, places: Sequence[int]) -> Numbers:
        """The values of some variables, (variables, states)."""
        return np.stack([self.layout.fields[place].values(rows) for place in places])

    def keys(self, rows: Rows) -> list[Numbers]:
        """Numbers that order the parts of the indices, (indices, states) each, the most significant first."""
        found: list[Numbers] = []
        free = 0
        for family in self.sorter.own:
            fields = [self.layout.fields[place] for place in family.places]
            low = min(field.low for field in fields)
            bits = max(1, (max(field.high for field in fields) - low).bit_length())
            free = self._append(found, free, bits, self.values(rows, family.places) - low)
        members = np.array(self.sorter.block.indices)[:, None]
        for place in self.sorter.pointing:
            free = self._append(found, free, 1, (self.values(rows, [place]) == members).astype(np.int64))
        return found

    @staticmethod
    def _append(found: list[Numbers], free: int, bits: int, values: Numbers) -> int:
        """Values below those that the last key holds already, or in a key of their own; the bits that are left."""
        if bits > free:
            found.append(values)
            return KEY_BITS - bits
        found[-1] = (found[-1] << bits) | values
        return free - bits

    def __call__(self, rows: Rows) -> Rows:
        """The canonical forms of some states."""
        if not self.sorter.block.separate:
            states = self.layout.unpack(rows)
            return self.layout.pack(self.sorter.permuted(state, self.sorter.order(state)) for state in states)
        keys = self.keys(rows)
        order = np.argsort(keys[0], axis=0, kind="stable") if len(keys) == 1 else np.lexsort(keys[::-1], axis=0)
        changed = rows & self._moved[:, None]
        for family in self.sorter.block.families:
            values = self.values(rows, family.places)
            values = self._pointed(values[0], order)[None] if family.valued else np.take_along_axis(values, order, 0)
            for place, column in zip(family.places, values, strict=True):
                field = self.layout.fields[place]
                changed[field.word] |= (column - field.low).astype(np.uint64) << np.uint64(field.shift)
        return np.asarray(changed)

    def _pointed(self, held: Numbers, order: Numbers) -> Numbers:
        """Which index a variable holds after the permutation."""
        indices = np.array(self.sorter.block.indices)
        place = np.searchsorted(indices, held).clip(0, len(indices) - 1)
        back = np.argsort(order, axis=0)
        return np.where(indices[place] == held, indices[back[place, np.arange(len(held))]], held)

    def equal_neighbours(self, rows: Rows) -> Numbers:
        """For each two neighbouring indices, the states in which exchanging them changes nothing."""
        same = np.ones((self.sorter.size - 1, rows.shape[1]), bool)
        for key in self.keys(rows):
            same &= key[1:] == key[:-1]
        return same


@dataclass(frozen=True)
class SymmetricExpansion(Expansion):
    """Successors without most of those that are symmetric to others; in canonical form where `sorted_at_once`."""

    canonical: Canonical
    sorted_at_once: bool = False

    @cached_property
    def _sorters(self) -> list[RowSorter]:
        return [RowSorter(self.layout, sorter) for sorter in self.canonical.sorters]

    @cached_property
    def _smaller(self) -> list[tuple[RowSorter, list[list[int]]]]:
        """For each action the neighbouring indices whose exchange makes an earlier action of it."""
        separate = [each for each in self._sorters if each.sorter.block.separate]
        numbers = range(len(self.layout.system.actions))
        return [
            (each, [[k for k, image in enumerate(each.sorter.images) if image[at] < at] for at in numbers])
            for each in separate
        ]

    def sorted(self, rows: Rows) -> Rows:
        """The canonical forms of some states."""
        for sorter in self._sorters:
            rows = sorter(rows)
        return rows

    def initial(self) -> Rows:
        """The canonical forms of all initial states."""
        return self.sorted(super().initial())

    def successors(self, frame: Frame) -> Iterator[tuple[int, Numbers, Rows, bool]]:
        """What follows each state, by one of several actions that are symmetric in it."""
        equal = [(smaller, each.equal_neighbours(frame.rows)) for each, smaller in self._smaller]
        for number, places, rows, _ in super().successors(frame):
            spared = np.zeros(len(places), bool)
            for smaller, same in equal:
                for k in smaller[number]:
                    spared |= same[k, places]
            if spared.any():
                places, rows = places[~spared], rows[:, ~spared]
            if len(places):
                yield number, places, self.sorted(rows) if self.sorted_at_once else rows, False


class SymmetricSearch(PackedSearch):
    """A packed search that keeps one of all states that are symmetric."""

    def __init__(
        self, layout: Layout, targets: Sequence[Target], limits: Limits, symmetry: Symmetry,
        progress: Progress | None = None, seed: int = 1,
    ):  # fmt: skip
        super().__init__(layout, targets, limits, progress, seed=seed)
        self.canonical = Canonical(symmetry)
        self.expansion: SymmetricExpansion = SymmetricExpansion(layout, self.actions, self.canonical)
        self.method = f"{METHOD} with symmetry"

    def run(self) -> Answer:
        """Visit one of all states that are symmetric; Ctrl-C ends it with what is known so far."""
        return replace(super().run(), reduced=("symmetry",))

    def keep(self, rows: Rows, distinct: bool, parents: Column | None = None) -> None:
        """Add to the next level what is new among some states; many are sorted at once when it is asked for."""
        self.waiting.append((rows, parents))
        if not distinct and sum(each.shape[1] for each, _ in self.waiting) > BATCH:
            self.flush()

    def flush(self) -> None:
        """Sort what is waiting, and ask the index about it."""
        if self.waiting:
            rows = self.expansion.sorted(np.concatenate([each for each, _ in self.waiting], axis=1))
            self.waiting = []
            self.store.append(self.index.fresh(rows, False))

    def way_to(self, place: int) -> Trace:
        """A shortest trace to a state that the one at a place stands for."""
        backwards = replace(self.expansion, sorted_at_once=True)
        path = way_to(backwards, self.store, self.levels, place).states
        first = next(state for state in self.system.initial_states() if self.canonical(state) == path[0])
        states = concrete(self.system, self.canonical, first, path)
        actions = [
            next(number for number, after in self.system.successors(states[at]) if after == states[at + 1])
            for at in range(len(states) - 1)
        ]
        return Trace(self.system, tuple(states), tuple(actions))


def symmetric_search(
    system: TransitionSystem,
    targets: Sequence[Target],
    limits: Limits | None = None,
    progress: Progress | None = None,
    seed: int = 1,
) -> Answer | None:
    """What the packed search answers, with one state for all that are symmetric; traces stay shortest.

    None where there is no symmetry that the targets leave. Raises `Unpackable` and `Overflow` as the packed search.
    """
    symmetry = symmetry_of(system, targets)
    if not symmetry:
        return None
    try:
        return SymmetricSearch(layout_of(system), targets, limits or Limits(), symmetry, progress, seed).run()
    except Collision:
        return symmetric_search(system, targets, limits, progress, seed + 1)
