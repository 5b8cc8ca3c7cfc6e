"""The values of thousands of variables at thousands of places, sharing what is the same (Bagwell 2001).

A trie over the numbers of the variables, 32 to a node: a change copies one node a level, and bringing two together
looks only at the nodes in which they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_BITS = 5
_WIDTH = 1 << _BITS

Stamped = tuple[int, Any]
Choose = Callable[[str, Sequence[Stamped]], Stamped]


class Versions(Mapping[str, Any]):
    """From the name of a variable to its value at a place; each is stamped with the number of who wrote it."""

    __slots__ = ("_levels", "_names", "_places", "_root")

    def __init__(self, names: Sequence[str], places: Mapping[str, int], levels: int, root: tuple[Any, ...]):
        self._names, self._places, self._levels, self._root = names, places, levels, root

    @classmethod
    def of(cls, values: Mapping[str, Any], stamp: int = 0) -> Versions:
        """The first versions of all variables."""
        names = tuple(values)
        nodes: list[Any] = [(stamp, values[name]) for name in names]
        levels = 0
        while levels == 0 or len(nodes) > 1:
            nodes = [tuple(nodes[first : first + _WIDTH]) for first in range(0, max(1, len(nodes)), _WIDTH)]
            levels += 1
        return cls(names, {name: place for place, name in enumerate(names)}, levels, nodes[0])

    def __getitem__(self, name: str) -> Any:
        place, node = self._places[name], self._root
        for level in range(self._levels - 1, -1, -1):
            node = node[place >> _BITS * level & _WIDTH - 1]
        return node[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def changed(self, values: Mapping[str, Any], stamp: int) -> Versions:
        """These versions with some variables written anew."""
        root = self._root
        for name, value in values.items():
            root = _changed(root, self._places[name], self._levels - 1, (stamp, value))
        return Versions(self._names, self._places, self._levels, root)

    def merged(self, others: Sequence[Versions], choose: Choose) -> Versions:
        """One out of several; `choose` says what becomes of a variable in which they differ."""
        roots = [self._root, *(other._root for other in others)]
        return Versions(self._names, self._places, self._levels, self._merged(roots, self._levels - 1, 0, choose))

    def _merged(self, nodes: Sequence[Any], level: int, first: int, choose: Choose) -> Any:
        if all(node is nodes[0] for node in nodes):
            return nodes[0]
        if level < 0:
            return choose(self._names[first], nodes)
        return tuple(
            self._merged(children, level - 1, first + (place << _BITS * level), choose)
            for place, children in enumerate(zip(*nodes, strict=True))
        )


def _changed(node: tuple[Any, ...], place: int, level: int, value: Stamped) -> tuple[Any, ...]:
    here = place >> _BITS * level & _WIDTH - 1
    inner = value if level == 0 else _changed(node[here], place, level - 1, value)
    return (*node[:here], inner, *node[here + 1 :])


def latest(versions: Sequence[Versions]) -> Versions:
    """What several branches without a race have written: of each variable what was written last. Two by two."""
    while len(versions) > 1:
        pairs = [versions[first : first + 2] for first in range(0, len(versions), 2)]
        versions = [pair[0].merged(pair[1:], _last) if len(pair) > 1 else pair[0] for pair in pairs]
    return versions[0]


def _last(_name: str, values: Sequence[Stamped]) -> Stamped:
    return max(values, key=lambda stamped: stamped[0])
