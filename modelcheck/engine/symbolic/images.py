"""What follows a set of states, what comes before it, and everything that can be reached from it.

The recursions go through a relation and a set together, two bits of the relation (before and after) at a time, and rename
on the way. All that can be reached is found by saturation (Ciardo, Lüttgen & Siminiceanu 2001): the lower bits of a
diagram are closed under all actions that touch only them before an action above is tried.
"""

from __future__ import annotations

from collections.abc import Sequence

from .diagrams import Diagrams, Function, Node
from .relations import Part


def image(diagrams: Diagrams, parts: Sequence[Part], states: Function) -> Function:
    """The states that an action leads to."""
    return diagrams.any_of(_Step(diagrams, part).forwards(states) for part in parts)


def preimage(diagrams: Diagrams, parts: Sequence[Part], states: Function) -> Function:
    """The states from which an action leads to these."""
    return diagrams.any_of(_Step(diagrams, part).backwards(states) for part in parts)


class _Step:
    """One part of the relation applied to one set."""

    def __init__(self, diagrams: Diagrams, part: Part):
        self.diagrams, self.part = diagrams, part
        self.false, self.true = diagrams.enter(diagrams.false), diagrams.enter(diagrams.true)
        self.known: dict[tuple[Node, Node], Node] = {}

    def forwards(self, states: Function) -> Function:
        node = self._forwards(self.diagrams.enter(self.part.relation), self.diagrams.enter(states))
        return self.diagrams.leave(node)

    def backwards(self, states: Function) -> Function:
        node = self._backwards(self.diagrams.enter(self.part.relation), self.diagrams.enter(states))
        return self.diagrams.leave(node)

    def _forwards(self, relation: Node, states: Node) -> Node:
        if relation == self.false or states == self.false:
            return self.false
        diagrams = self.diagrams
        bit = min(diagrams.level(relation) & ~1, diagrams.level(states))
        if relation == self.true and bit > self.part.bottom:
            return states
        if bit >= diagrams.count & ~1:
            return self.true
        if (known := self.known.get((relation, states))) is not None:
            return known
        rows = [diagrams.split(row, bit + 1) for row in diagrams.split(relation, bit)]
        low, high = diagrams.split(states, bit)
        if bit in self.part.written:
            new = [
                diagrams.union(self._forwards(rows[0][after], low), self._forwards(rows[1][after], high))
                for after in (0, 1)
            ]
        else:
            new = [self._forwards(rows[0][0], low), self._forwards(rows[1][0], high)]
        found = self.known[relation, states] = diagrams.make(bit, *new)
        return found

    def _backwards(self, relation: Node, states: Node) -> Node:
        if relation == self.false or states == self.false:
            return self.false
        diagrams = self.diagrams
        bit = min(diagrams.level(relation) & ~1, diagrams.level(states))
        if relation == self.true and bit > self.part.bottom:
            return states
        if bit >= diagrams.count & ~1:
            return self.true
        if (known := self.known.get((relation, states))) is not None:
            return known
        rows = [diagrams.split(row, bit + 1) for row in diagrams.split(relation, bit)]
        low, high = diagrams.split(states, bit)
        if bit in self.part.written:
            old = [diagrams.union(self._backwards(row[0], low), self._backwards(row[1], high)) for row in rows]
        else:
            old = [self._backwards(rows[0][0], low), self._backwards(rows[1][0], high)]
        found = self.known[relation, states] = diagrams.make(bit, *old)
        return found


class Saturation:
    """Everything that can be reached by these parts."""

    def __init__(self, diagrams: Diagrams, parts: Sequence[Part], pairs: int):
        self.diagrams, self.end = diagrams, 2 * pairs
        self.false, self.true = diagrams.enter(diagrams.false), diagrams.enter(diagrams.true)
        self.parts: dict[int, list[tuple[Part, Node]]] = {}
        for part in parts:
            self.parts.setdefault(part.top, []).append((part, diagrams.enter(part.relation)))
        self.next_top = [self.end] * (self.end + 2)  # The topmost bit of some part, from each bit on.
        for bit in range(self.end - 2, -1, -2):
            self.next_top[bit] = bit if bit in self.parts else self.next_top[bit + 2]
        self.closed: dict[tuple[int, Node], Node] = {}
        self.known: dict[tuple[int, Node, Node, int], Node] = {}
        self.fired: dict[tuple[int, Node], Node] = {}

    def reachable(self, states: Function) -> Function:
        """These states and all that follow, in any number of steps."""
        return self.diagrams.leave(self._close(self.diagrams.enter(states), 0))

    def _bit(self, node: Node, bit: int) -> int:
        """The next bit, from this one on, on which the node depends or at which an action begins."""
        return min(self.diagrams.level(node), self.next_top[bit])

    def _close(self, states: Node, bit: int) -> Node:
        """The states closed under all actions from this bit on."""
        bit = self._bit(states, bit)
        if states == self.false or bit >= self.end:
            return states
        if (known := self.closed.get((bit, states))) is not None:
            return known
        low, high = self.diagrams.split(states, bit)
        found = self._fire(bit, self._close(low, bit + 2), self._close(high, bit + 2))
        self.closed[bit, states] = found
        return found

    def _fire(self, bit: int, low: Node, high: Node) -> Node:
        """Two sets, closed from the next bit on, closed under the actions that begin at this bit, too."""
        diagrams = self.diagrams
        before = diagrams.make(bit, low, high)
        if bit not in self.parts:
            return before
        if (known := self.fired.get((bit, before))) is not None:
            return known
        halves, changed = [low, high], True
        while changed:
            changed = False
            for part, relation in self.parts[bit]:
                for old, row in enumerate(diagrams.split(relation, bit)):
                    cells = diagrams.split(row, bit + 1)
                    for new in (0, 1) if bit in part.written else (old,):
                        grown = diagrams.union(halves[new], self._follow(part, cells[new], halves[old], bit + 2))
                        if grown != halves[new]:
                            halves[new], changed = grown, True
        found = diagrams.make(bit, *halves)
        self.fired[bit, before] = self.fired[bit, found] = found
        return found

    def _follow(self, part: Part, relation: Node, states: Node, bit: int) -> Node:
        """What follows closed states by the rest of a part's relation, closed again from this bit on."""
        if relation == self.false or states == self.false:
            return self.false
        if relation == self.true and bit > part.bottom:
            return states
        diagrams = self.diagrams
        bit = min(diagrams.level(relation) & ~1, self._bit(states, bit))
        if bit >= self.end:
            return self.true
        key = (id(part), relation, states, bit)
        if (known := self.known.get(key)) is not None:
            return known
        rows = [diagrams.split(row, bit + 1) for row in diagrams.split(relation, bit)]
        low, high = diagrams.split(states, bit)
        if bit in part.written:
            new = [
                diagrams.union(
                    self._follow(part, rows[0][after], low, bit + 2), self._follow(part, rows[1][after], high, bit + 2)
                )
                for after in (0, 1)
            ]
        else:
            new = [self._follow(part, rows[0][0], low, bit + 2), self._follow(part, rows[1][0], high, bit + 2)]
        found = self.known[key] = self._fire(bit, *new)
        return found
