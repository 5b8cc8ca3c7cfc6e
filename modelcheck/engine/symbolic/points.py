"""Single points of a diagram, and how many there are, exactly: the libraries count in floating point."""

from __future__ import annotations

from collections.abc import Iterable

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
    end = len(place)
    place[diagrams.count] = end
    false, true = diagrams.enter(diagrams.false), diagrams.enter(diagrams.true)
    known: dict[Node, int] = {false: 0, true: 1}

    def below(node: Node) -> int:
        """Points over the bits from the node's own on."""
        if node not in known:
            bit = diagrams.level(node)
            parts = ((below(part), place[diagrams.level(part)]) for part in diagrams.split(node, bit))
            known[node] = sum(number << (at - place[bit] - 1) for number, at in parts)
        return known[node]

    root = diagrams.enter(states)
    return below(root) << place[diagrams.level(root)]
