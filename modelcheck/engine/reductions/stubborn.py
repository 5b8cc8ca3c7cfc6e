"""The actions that suffice in a state: strong stubborn sets (Valmari 1989), closed over single conditions of guards.

Closed means: with an action that can happen, all that it does not accord with; with one that cannot, all that may make
one of its false conditions true. Then whatever the others do, in any order, can also be done after an action of the
set. If no target can notice an action of the set (it makes none disappear), every target is still reached: on a path
that may be longer. And stuck states are reached whatever is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...expressions import Expr, compile_expression
from ...expressions.tree import conditional, integer, total
from ...system import State
from ..target import Target
from .dependence import Dependence, bits_of
from .progress import progressing


class Stubborn:
    """Chooses the actions to take in each state; what was chosen is kept by which conditions hold."""

    def __init__(self, dependence: Dependence, targets: Sequence[Target]):
        self.dependence = dependence
        self.onwards = progressing(dependence.system, dependence.allowed)
        self.look_for(targets)
        self.truths = _truths(dependence)

    def look_for(self, targets: Sequence[Target]) -> None:
        """From now on these targets matter, and no others.

        careful: some of them ask for more than stuck states, so that an action must not be put off for ever.
        """
        self.careful = any(not target.stuck for target in targets)
        self.visible = self.dependence.visible(targets)
        self.chosen: dict[int, int] = {}

    def choose(self, state: State, enabled: int) -> int:
        """The actions to take in a state, as bits, of which some are enabled: all of them where no fewer suffice."""
        truths = self.truths(state)
        found = self.chosen.get(truths)
        if found is None:
            found = self.chosen[truths] = self._choose(truths, enabled)
        return found

    def _choose(self, truths: int, enabled: int) -> int:
        best, fewest = self.dependence.all, enabled.bit_count()
        tried = 0
        for seed in bits_of(enabled):
            if fewest <= 1 or tried >> seed & 1:
                continue
            found = self._closure(seed, truths, enabled, fewest)
            tried |= 1 << seed
            if found is not None:
                best, fewest = found, (found & enabled).bit_count()
        return best

    def _closure(self, seed: int, truths: int, enabled: int, most: int) -> int | None:
        """The smallest closed set with an action in it; None where it has as many enabled actions as are known to do,
        or one that a target notices."""
        dependence = self.dependence
        found, waiting = 1 << seed, [seed]
        while waiting:
            number = waiting.pop()
            if enabled >> number & 1:
                if self.visible >> number & 1:
                    return None
                more = dependence.conflicts(number)
            else:
                false = (each for each in dependence.needs[number] if not truths >> each & 1)
                more = min((dependence.enablers(each) for each in false), key=lambda each: (each & ~found).bit_count())
            more &= ~found
            found |= more
            if (found & enabled).bit_count() >= most:
                return None
            waiting += bits_of(more)
        return found


def _truths(dependence: Dependence) -> Callable[[State], int]:
    """A function from a state to the conditions that hold, as bits."""
    positions, plain = dependence.system.positions, dependence.system.plain
    listed: list[tuple[int, int]] = []
    parts: list[Expr] = []
    for at, condition in enumerate(dependence.conditions):
        if isinstance(condition, int):
            listed.append((at, condition))
        else:
            parts.append(conditional(condition, integer(1 << at), integer(0)))
    fixed = [compile_expression(total(parts[first : first + 256]), positions) for first in range(0, len(parts), 256)]

    def truths(state: State) -> int:
        found = sum(function(state) for function in fixed)
        for at, number in listed:
            if any(plain[number].successors(state)):
                found |= 1 << at
        return int(found)

    return truths
