"""The reachable states by their distance from the initial ones, and traces rebuilt from them."""

from __future__ import annotations

from dataclasses import dataclass

from ...system import State, TransitionSystem
from ...trace import choice_between
from .diagrams import Function
from .encoding import Encoding
from .images import image, preimage
from .points import pick
from .relations import Relations


@dataclass(frozen=True)
class Layer:
    """The states that are so many actions away and no fewer: `inside` their ranges, and beyond them."""

    inside: Function
    beyond: Function

    @property
    def all(self) -> Function:
        return self.inside | self.beyond


class Layers:
    """Layer after layer, as far as anybody asked."""

    def __init__(self, encoding: Encoding, relations: Relations):
        self.encoding, self.relations, self.diagrams = encoding, relations, encoding.diagrams
        initial = encoding.initial()
        first = Layer(initial & relations.in_range, initial & ~relations.in_range)
        self.found = [first]
        self.seen = initial

    @property
    def finished(self) -> bool:
        """Whether the last layer is empty: there are no others."""
        return self.found[-1].all == self.diagrams.false

    def extend(self) -> Layer:
        """The next layer. Raises `Exhausted`."""
        frontier = self.found[-1].inside
        inside = image(self.diagrams, self.relations.within, frontier) & ~self.seen
        beyond = image(self.diagrams, self.relations.beyond, frontier) & ~self.seen
        self.diagrams.tidy()
        self.found.append(Layer(inside, beyond))
        self.seen = self.seen | inside | beyond
        return self.found[-1]

    def nearest(self, states: Function) -> tuple[list[State], list[int]]:
        """A shortest way to one of these states, some of which can be reached. Raises `Exhausted`."""
        number = 0
        while (found := states & self.found[number].all) == self.diagrams.false:
            number += 1
            if number == len(self.found):
                self.extend()
        return self.path(found, number)

    def path(self, states: Function, layer: int) -> tuple[list[State], list[int]]:
        """A shortest way to one of these states of a layer: the states, and the actions between them."""
        encoding, system = self.encoding, self.encoding.system
        path = [encoding.state_of(pick(self.diagrams, states))]
        for before in reversed(self.found[:layer]):
            parts = [*self.relations.within, *self.relations.beyond]
            sources = preimage(self.diagrams, parts, encoding.set_of(path[0])) & before.inside
            path.insert(0, encoding.state_of(pick(self.diagrams, sources)))
        return path, [action_between(system, *pair) for pair in zip(path, path[1:], strict=False)]


def action_between(system: TransitionSystem, before: State, after: State) -> int:
    """The number of an action that leads from one state to another, as plain evaluation has it."""
    numbers = range(len(system.actions))
    return next(number for number in numbers if choice_between(system, number, before, after) is not None)
