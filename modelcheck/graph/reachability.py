"""What leads to what in graphs of any size: one bit set a node, held as a Python integer.

Ten thousand nodes take ten thousand integers of ten thousand bits, and a union is one operation on each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import networkx as nx


@dataclass(frozen=True)
class Reachability:
    """What leads to what; nodes in a loop with each other do not count as earlier or later than each other.

    order: the nodes, each after all that lead to it (but for loops). earlier: for each place in `order` the places of
    those that lead there, as bits; later: of those that it leads to.
    """

    order: tuple[str, ...]
    earlier: tuple[int, ...]
    later: tuple[int, ...]

    @cached_property
    def place(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.order)}

    @property
    def is_total(self) -> bool:
        """Whether of any two nodes one leads to the other."""
        return all(bits == (1 << place) - 1 for place, bits in enumerate(self.earlier))

    def leads(self, first: str, then: str) -> bool:
        """Whether `first` leads to `then`."""
        return bool(self.earlier[self.place[then]] >> self.place[first] & 1)

    def ordered(self, first: str, second: str) -> bool:
        """Whether one of two nodes leads to the other."""
        return self.leads(first, second) or self.leads(second, first)

    def before(self, name: str) -> list[str]:
        """All that lead to a node, in order."""
        return [self.order[place] for place in bits_of(self.earlier[self.place[name]])]

    def bits(self, names: Collection[str]) -> int:
        """A set of nodes as bits."""
        found = bytearray(len(self.order) // 8 + 1)
        for name in names:
            place = self.place[name]
            found[place // 8] |= 1 << place % 8
        return int.from_bytes(found, "little")

    def next_among(self, names: Collection[str], standing_for_later: Collection[str]) -> dict[str, frozenset[str]]:
        """For each of some nodes those of them that it leads to, without what comes after one of
        `standing_for_later` among them: of a chain a → b → c only b for a, where b stands for c."""
        among, standing = self.bits(names), frozenset(standing_for_later)
        found = {}
        for name in names:
            rest, kept = self.later[self.place[name]] & among, []
            while rest:
                place = (rest & -rest).bit_length() - 1
                kept.append(self.order[place])
                rest &= ~(1 << place)
                if kept[-1] in standing:
                    rest &= ~self.later[place]
            found[name] = frozenset(kept)
        return found


def bits_of(bits: int) -> Iterator[int]:
    """The places of the bits that are set, in ascending order."""
    for index, byte in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
        if byte:
            yield from (8 * index + bit for bit in range(8) if byte >> bit & 1)


def reachability(graph: nx.DiGraph[Any]) -> Reachability:
    """What leads to what, along the condensation, in which each loop is one node (Purdom 1970)."""
    parts = nx.condensation(graph)
    ordered = list(nx.topological_sort(parts))
    order: list[str] = []
    own: dict[int, int] = {}
    for part in ordered:
        members = sorted(parts.nodes[part]["members"])
        own[part] = ((1 << len(members)) - 1) << len(order)
        order += members
    earlier = _closure(ordered, parts.pred, own)
    later = _closure(ordered[::-1], parts.succ, own)
    sizes = [(part, len(parts.nodes[part]["members"])) for part in ordered]
    return Reachability(
        tuple(order),
        tuple(earlier[part] for part, size in sizes for _ in range(size)),
        tuple(later[part] for part, size in sizes for _ in range(size)),
    )


def _closure(ordered: list[int], neighbours: Mapping[int, Iterable[int]], own: Mapping[int, int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for part in ordered:
        bits = 0
        for other in neighbours[part]:
            bits |= found[other] | own[other]
        found[part] = bits
    return found
