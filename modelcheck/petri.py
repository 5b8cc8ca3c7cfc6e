"""Place/transition nets as a user has them (Petri; Murata 1989): places, transitions, weighted arcs, final markings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .designs import Design

Marking = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where tokens lie: how many at the start. `title`: what another tool calls it."""

    tokens: int = 0
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class NetTransition:
    """What takes tokens from places and gives tokens to places, each with its number of tokens (the arc's weight).

    It can happen where all that it takes is there. `title`: what another tool calls it.
    """

    takes: Marking = field(default_factory=dict)
    gives: Marking = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Net(Design):
    """A place/transition net.

    final: the markings in which it has ended; places that a marking does not name are empty in it. None given: it has
    ended when tokens lie on sinks only (places that no transition takes from), at least one and on none more than one.
    """

    places: Mapping[str, Place] = field(default_factory=dict)
    transitions: Mapping[str, NetTransition] = field(default_factory=dict)
    final: tuple[Marking, ...] = ()

    @property
    def sinks(self) -> tuple[str, ...]:
        """The places that no transition takes from and some transition gives to, in order."""
        taken = {place for each in self.transitions.values() for place in each.takes}
        given = {place for each in self.transitions.values() for place in each.gives}
        return tuple(place for place in self.places if place not in taken and place in given)

    @property
    def initial(self) -> dict[str, int]:
        """The first marking, without the empty places."""
        return {name: place.tokens for name, place in self.places.items() if place.tokens}
