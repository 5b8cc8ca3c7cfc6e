"""Single points of a diagram, and how many there are, exactly: the libraries count in floating point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .diagrams import Diagrams, Function, Node


def pick(diagrams: Diagrams, states: Function) -> dict[int, bool]:
    """Some point of a set that is not empty: the bits on the way to it; others are free."""
    point: dict[int, bool] = {}
    node, false = diagrams.enter(states), diagrams.enter(diagrams.false)
    while (bit := diagrams.level(node)) < diagrams.count:
        low, high = diagrams.split(node, bit)
        point[bit] = low == false
        node = high if low == false else low
    if node == false:
        raise ValueError("an empty set has no point")
    return point


def count(diagrams: Diagrams, states: Function, bits: Iterable[int]) -> int:
    """How many points over these bits are in a set that depends on no others."""
    place = {bit: index for index, bit in enumerate(sorted(bits))}
    place[diagrams.count] = len(place)
    root = diagrams.enter(states)
    known = {diagrams.enter(diagrams.false): 0, diagrams.enter(diagrams.true): 1}
    return _below(diagrams, root, place, known) << place[diagrams.level(root)]


def _below(diagrams: Diagrams, node: Node, place: Mapping[int, int], known: dict[Node, int]) -> int:
    """The number of points over the bits from the node's own on."""
    if node not in known:
        here, found = place[diagrams.level(node)], 0
        for part in diagrams.split(node, diagrams.level(node)):
            skipped = place[diagrams.level(part)] - here - 1
            found += _below(diagrams, part, place, known) << skipped
        known[node] = found
    return known[node]
