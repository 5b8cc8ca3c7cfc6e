"""Independent delays in series and in parallel, and the last of several as a delay of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from .laws import Other, Stages


@dataclass(frozen=True, eq=False)
class Leaf:
    """A delay: one of some rows of stages, each with its probability."""

    ways: tuple[tuple[float, Stages], ...]


@dataclass(frozen=True, eq=False)
class Series:
    """One after the other."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, eq=False)
class Parallel:
    """All at once: the last one counts."""

    parts: tuple[Tree, ...]


Tree: TypeAlias = Leaf | Series | Parallel


def leaves_of(tree: Tree) -> Iterator[Leaf]:
    """All delays of a tree."""
    if isinstance(tree, Leaf):
        yield tree
    else:
        for part in tree.parts:
            yield from leaves_of(part)


@dataclass(frozen=True, eq=False)
class Latest(Other):
    """The time until several delays are over that begin at once; `moments`: its mean and mean square."""

    tree: Parallel
    moments: tuple[float, float]
    name: str = "maximum"
