"""From a path of representatives to a path of the system."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ...system import State, TransitionSystem
from .canonical import Canonical, after, inverse


def concrete(system: TransitionSystem, canonical: Canonical, first: State, path: Sequence[State]) -> list[State]:
    """The states of a path that begins in `first` and whose states are symmetric to those of `path`, each of which is
    the representative of a successor of the one before.

    A permutation goes along that turns the representative at hand into the state at hand.
    """
    _, orders = canonical.with_orders(first)
    back = [inverse(order) for order in orders]
    found = [first]
    for before, representative in pairwise(path):
        for _, reached in system.successors(before):
            form, orders = canonical.with_orders(reached)
            if form == representative:
                break
        else:
            raise AssertionError("a representative has no predecessor")
        found.append(canonical.permuted(reached, back))
        back = [after(inverse(order), known) for order, known in zip(orders, back, strict=True)]
    return found
