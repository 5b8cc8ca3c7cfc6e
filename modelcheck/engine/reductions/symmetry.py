"""Which indices of a system can be exchanged without anybody noticing: blocks of them.

Candidates are the numbers in names (`order[2]`, `grid[1,2]`, `paid#3`, `b4.status`). Places that need to change
together are tried together, and with them variables whose values are indices (`turn: 1..N`). Exchanges that are
accepted generate all permutations of the indices that they connect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from ...system import TransitionSystem
from ..target import Target
from .exchange import HOLE, Exchange, Place, Symmetries, filled, pattern_of
from .normal import domain_of

MOST_INDICES, MOST_VALUED, MOST_MOVED = 1_000, 6, 100_000


@dataclass(frozen=True)
class Family:
    """Variables that differ only in the indices of a block: their places in a state, in the order of
    product(indices, repeat=dimensions). A single variable has no dimension. valued: it holds an index."""

    dimensions: int
    places: tuple[int, ...]
    valued: bool


@dataclass(frozen=True)
class Block:
    """Indices that can be permuted in any way, and what that moves.

    images: for the exchange of indices[0] with indices[k], k >= 1, what each action becomes.
    """

    indices: tuple[int, ...]
    families: tuple[Family, ...]
    images: tuple[tuple[int, ...], ...]

    def neighbours(self, k: int) -> tuple[int, ...]:
        """What each action becomes if indices[k] and indices[k + 1] are exchanged."""
        if k == 0:
            return self.images[0]
        one, other = self.images[k - 1], self.images[k]
        return tuple(one[other[one[action]]] for action in range(len(one)))

    @property
    def separate(self) -> bool:
        """Whether the parts of its indices say nothing of each other, so that sorting them is all there is to do."""
        return all(family.dimensions == (0 if family.valued else 1) for family in self.families)


@dataclass(frozen=True)
class Symmetry:
    """The blocks of a system, none of which touches another."""

    blocks: tuple[Block, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.blocks)


def symmetry_of(system: TransitionSystem, targets: Sequence[Target]) -> Symmetry:
    """The symmetry of a system that no target can tell; empty where there is none or it is not noticed."""
    return Symmetry(tuple(_Search(system, targets).blocks()))


class _Search:
    def __init__(self, system: TransitionSystem, targets: Sequence[Target]):
        self.system = system
        self.known = Symmetries(system, targets)
        self.numbers: dict[Place, set[int]] = {}
        for name in [v.name for v in system.variables] + [p.name for a in system.actions for p in a.parameters]:
            pattern, numbers = pattern_of(name)
            for at, number in enumerate(numbers):
                self.numbers.setdefault((pattern, at), set()).add(number)

    def blocks(self) -> Iterator[Block]:
        settled: set[Place] = set()
        valued: set[str] = set()
        for places in self.candidates():
            if settled.isdisjoint(places):
                for found, exchanged in self.of_places(frozenset(places), valued):
                    settled |= places
                    valued |= exchanged
                    yield found

    def candidates(self) -> Iterator[set[Place]]:
        """Sets of places to try, those that move least first; of instances all at once."""
        sorts: dict[tuple[bool, frozenset[int]], set[Place]] = {}
        for place, numbers in self.numbers.items():
            if 1 < len(numbers) <= MOST_INDICES:
                sorts.setdefault((_is_instance(place), frozenset(numbers)), set()).add(place)
        instances = [places for (instance, _), places in sorts.items() if instance]
        families = [places for (instance, _), places in sorts.items() if not instance]
        yield from instances
        for places in families:
            first = {place for place in places if place[1] == 0}
            yield from ({place} for place in sorted(places))
            yield from [first, places - first] if first and first != places else []
            yield places
        for one, other in combinations(families, 2):
            yield one | other
        if len(families) > 2:
            yield set().union(*families)

    def of_places(self, places: frozenset[Place], taken: set[str]) -> Iterator[tuple[Block, frozenset[str]]]:
        """The blocks of the first choice of valued variables that has any."""
        indices = sorted(set().union(*(self.numbers[place] for place in places)))
        for valued in self.choices_of_valued(indices, taken):
            found = list(self.classes(indices, places, valued))
            if found:
                yield from ((block, valued) for block in found)
                return

    def choices_of_valued(self, indices: list[int], taken: set[str]) -> Iterator[frozenset[str]]:
        yield frozenset()
        by_pattern: dict[str, set[str]] = {}
        for variable in self.system.variables:
            domain = domain_of(variable.type)
            if variable.name in self.known.stays - taken and domain is not None and set(indices) <= set(domain):
                by_pattern.setdefault(pattern_of(variable.name)[0], set()).add(variable.name)
        groups = list(by_pattern.values())
        exact = [group for group in groups if all(self.holds_only(name, indices) for name in group)]
        tried = [*groups, set().union(*exact), set().union(*groups)]
        if len(groups) <= MOST_VALUED:
            tried += [one | other for one, other in combinations(groups, 2)]
        yield from dict.fromkeys(frozenset(each) for each in tried if each)

    def holds_only(self, name: str, indices: list[int]) -> bool:
        return list(domain_of(self.system.variables[self.system.positions[name]].type) or ()) == indices

    def classes(self, indices: list[int], places: frozenset[Place], valued: frozenset[str]) -> Iterator[Block]:
        """Indices that can be exchanged with a first one, block by block."""
        groups: list[tuple[list[int], list[list[int]]]] = []
        for index in indices:
            for members, images in groups:
                found = self.known.images(Exchange(members[0], index, places, valued))
                if found is not None:
                    members.append(index)
                    images.append(found)
                    break
            else:
                groups.append(([index], []))
                if len(groups) > 3 and all(len(members) == 1 for members, _ in groups):
                    return
        for members, images in groups:
            families = tuple(self.families(members, places, valued))
            if len(members) > 1 and sum(len(family.places) for family in families) <= MOST_MOVED:
                yield Block(tuple(members), families, tuple(map(tuple, images)))

    def families(self, members: list[int], places: frozenset[Place], valued: frozenset[str]) -> Iterator[Family]:
        """All that moves, or holds an index, when these indices are permuted."""
        seen: set[tuple[str, tuple[int | None, ...]]] = set()
        for variable in self.system.variables:
            pattern, numbers = pattern_of(variable.name)
            moving = tuple(
                None if number in members and (pattern, at) in places else number for at, number in enumerate(numbers)
            )
            holds = variable.name in valued
            if (pattern, moving) in seen or not (holds or None in moving):
                continue
            seen.add((pattern, moving))
            dimensions = moving.count(None)
            found = []
            for chosen in product(members, repeat=dimensions):
                rest = iter(chosen)
                name = filled(pattern, [next(rest) if number is None else number for number in moving])
                found.append(self.system.positions[name])
            yield Family(dimensions, tuple(found), holds)


def _is_instance(place: Place) -> bool:
    pattern, at = place
    return pattern.split(HOLE)[at].endswith("#")
