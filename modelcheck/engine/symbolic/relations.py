"""The actions as relations between a state and the next, and the conditions that targets ask for, as diagrams.

The relation is kept in parts (Burch, Clarke & Long 1991): one for the actions that write the same variables, over what
they read and write only; what a part does not write stays as it is. A step that leaves a range has a part of its own:
the state after it is seen, and nothing goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

from ...expressions import references, well_defined
from ...system import DIVISION, Action, Claim
from ..target import Target
from .diagrams import Function
from .domains import bounds_of
from .encoding import Encoding

_LARGE = 2_000  # Nodes from which on relations are kept apart.


@dataclass(frozen=True)
class Part:
    """A relation over bits: `written` are the bits of a state (even numbers) that it gives a new value."""

    relation: Function
    written: frozenset[int]
    top: int
    bottom: int


class Relations:
    """All actions of a system, encoded. Raises `Exhausted`."""

    def __init__(self, encoding: Encoding):
        self.encoding, self.diagrams = encoding, encoding.diagrams
        self.able: list[Function] = []  # Where each action leads somewhere.
        self.moves: list[tuple[Function, list[int]]] = []  # To be counted: each action's states, or pairs of states.
        within: dict[frozenset[int], list[Function]] = {}
        beyond: dict[frozenset[int], list[Function]] = {}
        for action in encoding.system.actions:
            self._add(action, within, beyond)
            self.diagrams.tidy()
        self.within = list(self._parts(within))
        self.beyond = list(self._parts(beyond))

    def _add(
        self, action: Action, within: dict[frozenset[int], list[Function]], beyond: dict[frozenset[int], list[Function]]
    ) -> None:
        encoding = self.encoding
        names, chosen, allowed = encoding.choices(action)
        ready = encoding.holds(action.guard, names) & encoding.condition(action.updates_defined, names) & allowed
        self.able.append(self.diagrams.exists(chosen, ready))
        if self.able[-1] == self.diagrams.false:
            return
        relation = ready & self._domain(action)
        fields = [encoding.fields[name] for name in action.updates]
        equal = [
            encoding.arithmetic.equal(encoding.number_in(field, 1), encoding.number(action.updates[name], names))
            for name, field in zip(action.updates, fields, strict=True)
        ]
        relation = self.diagrams.exists(chosen, relation & self.diagrams.all_of(equal))
        written = frozenset(bit for field in fields for bit in field.bits)
        kept = self.diagrams.all_of(encoding.inside(field, 1) for field in fields)
        states = [*range(0, 2 * encoding.pairs, 2)]
        # With choices, two of them may lead to the same state, which is then one transition.
        counted = (relation, [*states, *(bit + 1 for bit in written)]) if chosen else (self.able[-1], states)
        self.moves.append(counted)
        for parts, kind in ((within, relation & kept), (beyond, relation & ~kept)):
            if kind != self.diagrams.false:
                parts.setdefault(written, []).append(kind)

    def _domain(self, action: Action) -> Function:
        """That what it reads has values of their ranges: others mean nothing to the arithmetic."""
        read = references(action.guard).union(*(references(update) for update in action.updates.values()))
        fields = [field for name, field in self.encoding.fields.items() if name in read]
        return self.diagrams.all_of(self.encoding.inside(field) for field in fields)

    def _parts(self, grouped: dict[frozenset[int], list[Function]]) -> Iterator[Part]:
        for written, relations in grouped.items():
            merged, *others = relations
            for relation in others:
                if self.diagrams.size(merged) > _LARGE:
                    yield self._part(merged, written)
                    merged = relation
                else:
                    merged = merged | relation
            yield self._part(merged, written)

    def _part(self, relation: Function, written: frozenset[int]) -> Part:
        pairs = {bit & ~1 for bit in self.diagrams.support(relation)} | written
        return Part(relation, written, min(pairs, default=0), max(pairs, default=0))

    @cached_property
    def in_range(self) -> Function:
        """The states from which something can go on."""
        fields = [
            field
            for field in self.encoding.fields.values()
            if bounds_of(field.variable.type) not in (None, field.bounds)
        ]
        return self.diagrams.all_of(self.encoding.inside(field) for field in fields)

    @cached_property
    def stuck(self) -> Function:
        """The states in which nothing can happen, but for those that are finished."""
        finished = self.encoding.holds(self.encoding.system.finished)
        return self.in_range & ~self.diagrams.any_of(self.able) & ~finished

    @cached_property
    def tried(self) -> Function:
        """The states in which an action is enabled or divides by zero."""
        divides = [
            self._breaks(action, lambda claim: claim is DIVISION, False) for action in self.encoding.system.actions
        ]
        return self.diagrams.any_of([*self.able, *divides])

    def state(self, target: Target) -> Function:
        """The states that a target asks for, where it asks for states."""
        if target.state is not None:
            return self.encoding.holds(target.state)
        return self.stuck if target.stuck else self.diagrams.false

    def broken(self, target: Target, leads_on: bool) -> Function:
        """The states in which an action breaks a claim of the target, and leads somewhere or not."""
        if not target.claims:
            return self.diagrams.false
        asked = partial(asks_for, target)
        parts = [self._breaks(action, asked, leads_on) for action in self.encoding.system.actions]
        return self.in_range & self.diagrams.any_of(parts)

    def _breaks(self, action: Action, asked: Callable[[Claim], bool], leads_on: bool) -> Function:
        encoding, diagrams = self.encoding, self.diagrams
        claims = [claim for claim in action.claims if asked(claim)]
        if not claims and (leads_on or not asked(DIVISION)):
            return diagrams.false
        names, chosen, allowed = encoding.choices(action)
        enabled = encoding.holds(action.guard, names)
        defined = encoding.condition(action.updates_defined, names)
        wrong = [encoding.condition(action.breaks(claim), names) for claim in claims]
        if leads_on:
            found = enabled & defined & diagrams.any_of(wrong)
        else:
            divides = asked(DIVISION)
            found = enabled & ~defined & (diagrams.true if divides else diagrams.any_of(wrong))
            if divides:
                found = found | ~encoding.condition(well_defined(action.guard), names)
        return diagrams.exists(chosen, found & allowed)


def asks_for(target: Target, claim: Claim) -> bool:
    """Whether a target asks for a claim."""
    return (claim.kind, claim.name) in target.claims or (claim.kind, "*") in target.claims
