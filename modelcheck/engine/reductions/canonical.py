"""One state for all that differ only in a permutation of indices: the parts of each index, sorted.

Where the parts of a block say nothing of each other (`Block.separate`), states have the same canonical form exactly
if they are symmetric. Elsewhere all permutations are tried where they are few; where they are many, the parts that
belong to one index alone decide, and some symmetric states stay apart: that costs states, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import permutations, product

from ...expressions import Value
from ...system import State
from .symmetry import Block, Family, Symmetry

MOST_TRIED = 120

# For each block, which of its indices (by place) has given its part to each: order[k] is where the k-th came from.
Order = tuple[int, ...]


class Sorter:
    """The canonical form of states, as far as one block goes."""

    def __init__(self, block: Block):
        self.block, self.size = block, len(block.indices)
        self.own = [family for family in block.families if family.dimensions == 1 and not family.valued]
        self.pointing = [family.places[0] for family in block.families if family.dimensions == 0]
        self.place_of = {index: place for place, index in enumerate(block.indices)}
        self.cells = [tuple(family.places[k] for family in self.own) for k in range(self.size)]

    @cached_property
    def all_orders(self) -> list[Order]:
        """All permutations, where they are to be tried one by one; else none."""
        few = self.size <= 5 and not self.block.separate
        return list(permutations(range(self.size))) if few else []

    def parts(self, state: Sequence[Value]) -> list[tuple[Value, ...]]:
        """What belongs to each index alone, and whether each single variable that holds an index holds this one."""
        found = [tuple([state[place] for place in cell]) for cell in self.cells]
        for pointing in self.pointing:
            held = self.place_of.get(int(state[pointing]))
            found = [(*part, held == k) for k, part in enumerate(found)]
        return found

    def order(self, state: State) -> Order:
        """The permutation that gives the canonical form."""
        if self.all_orders:
            return min(self.all_orders, key=lambda order: self.permuted(state, order))
        parts = self.parts(state)
        return tuple(sorted(range(self.size), key=parts.__getitem__))

    def permuted(self, state: State, order: Order) -> State:
        """The state with the part of the order[k]-th index moved to the k-th."""
        if order == tuple(range(self.size)):
            return state
        values = list(state)
        back = inverse(order)
        for family in self.block.families:
            for place, source in zip(family.places, self.sources(family, order), strict=True):
                value = state[source]
                if family.valued and value in self.place_of:
                    value = self.block.indices[back[self.place_of[int(value)]]]
                values[place] = value
        return tuple(values)

    def sources(self, family: Family, order: Order) -> list[int]:
        """Where each member of a family gets its value from."""
        if family.dimensions == 1:
            return [family.places[k] for k in order]
        found = []
        for chosen in product(order, repeat=family.dimensions):
            place = 0
            for k in chosen:
                place = place * self.size + k
            found.append(family.places[place])
        return found

    @cached_property
    def images(self) -> list[tuple[int, ...]]:
        """For each two neighbours, what each action becomes if they are exchanged."""
        return [self.block.neighbours(k) for k in range(self.size - 1)]

    def equal_neighbours(self, state: State) -> list[int]:
        """The k for which exchanging the k-th and the next index changes nothing in a state."""
        if not self.block.separate:
            return []
        parts = self.parts(state)
        return [k for k in range(self.size - 1) if parts[k] == parts[k + 1]]


class Canonical:
    """The canonical form of states under a symmetry."""

    def __init__(self, symmetry: Symmetry):
        self.sorters = [Sorter(block) for block in symmetry.blocks]

    def __call__(self, state: State) -> State:
        """The state that stands for all that are symmetric to it."""
        for sorter in self.sorters:
            state = sorter.permuted(state, sorter.order(state))
        return state

    def with_orders(self, state: State) -> tuple[State, tuple[Order, ...]]:
        """The canonical form, and the permutation of each block that gives it."""
        orders = []
        for sorter in self.sorters:
            orders.append(sorter.order(state))
            state = sorter.permuted(state, orders[-1])
        return state, tuple(orders)

    def permuted(self, state: State, orders: Sequence[Order]) -> State:
        """A state with a permutation of each block."""
        for sorter, order in zip(self.sorters, orders, strict=True):
            state = sorter.permuted(state, order)
        return state

    @property
    def nothing(self) -> tuple[Order, ...]:
        """The permutations that change nothing."""
        return tuple(tuple(range(sorter.size)) for sorter in self.sorters)

    def spared(self, state: State, actions: Sequence[int]) -> set[int]:
        """Those of some actions that need not be taken in a state: what becomes of them is symmetric to what becomes of
        an earlier one of these actions."""
        images: list[tuple[int, ...]] = []
        for sorter in self.sorters:
            if equal := sorter.equal_neighbours(state):
                images += [sorter.images[k] for k in equal]
        known = set(actions)
        return {action for action in actions if any(each[action] < action and each[action] in known for each in images)}


def inverse(order: Order) -> Order:
    """The permutation that undoes another."""
    found = [0] * len(order)
    for k, source in enumerate(order):
        found[source] = k
    return tuple(found)


def after(first: Order, second: Order) -> Order:
    """The permutation that does what `first` does, and then what `second` does."""
    return tuple(first[source] for source in second)
