"""The state graph of packed states: all states first, then every edge between them, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from ...expressions import Expr
from ...system import State, TransitionSystem
from ..arrays import Mask
from ..state_graph import StateGraph, explore
from ..target import Limits
from .conditions import Frame, compile_condition
from .expansion import PIECE
from .layout import Layout, Overflow, Unpackable, layout_of
from .search import SMALL, PackedSearch
from .visited import Collision, Places, Store, places_by_key

_BYTES_AN_EDGE = 12  # Two places and the number of an action.


@dataclass(frozen=True)
class PackedStates(Sequence[State]):
    """States that are unpacked when they are asked for."""

    layout: Layout
    store: Store

    def __len__(self) -> int:
        return self.store.size

    @overload
    def __getitem__(self, index: int) -> State: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[State]: ...
    def __getitem__(self, index: int | slice) -> State | Sequence[State]:
        if isinstance(index, slice):
            return self.layout.unpack(self.store.part(0, self.store.size)[:, index])
        place = range(len(self))[index]
        return self.layout.unpack(self.store.part(place, place + 1))[0]

    def __iter__(self) -> Iterator[State]:
        for begin in range(0, len(self), PIECE):
            yield from self[begin : begin + PIECE]

    def at(self, places: Places) -> Sequence[State]:
        """The states at some places."""
        return self.layout.unpack(self.store.part(0, self.store.size)[:, places])

    def where(self, condition: Expr) -> Mask:
        """The states in which a condition holds; it does not hold where it divides by zero."""
        holds = compile_condition(condition, self.layout)
        found = np.zeros(len(self), bool)
        for begin in range(0, len(self), PIECE):
            rows = self.store.part(begin, min(begin + PIECE, len(self)))
            found[begin : begin + PIECE] = holds(Frame(self.layout, rows))
        return found

    def in_range(self) -> Mask:
        """The states in which every variable is within its range."""
        return self.where(self.layout.within)


def state_graph(system: TransitionSystem, limits: Limits | None = None) -> StateGraph:
    """What `explore` finds, for large systems much faster. Ctrl-C ends it as a limit does."""
    limits = limits or Limits()
    small = explore(system, replace(limits, states=min(SMALL, limits.states)))
    if small.stopped != "states" or limits.states <= SMALL:
        return small
    try:
        return packed_graph(system, limits)
    except (Unpackable, Overflow):
        return explore(system, limits)


def packed_graph(system: TransitionSystem, limits: Limits, seed: int = 1) -> StateGraph:
    """The state graph up to the limits. Raises `Unpackable` and `Overflow`."""
    try:
        search = PackedSearch(layout_of(system), (), replace(limits, seconds=limits.seconds / 2), seed=seed)
        answer = search.run()
        return _Edges(search, limits, answer.stopped).graph()
    except Collision:
        return packed_graph(system, limits, seed + 1)


class _Edges:
    """The edges of a finished search. Where a limit ended it, the states of its last level have none."""

    def __init__(self, search: PackedSearch, limits: Limits, stopped: str):
        self.search, self.limits, self.stopped = search, limits, stopped
        if stopped:  # What was found of the level after the last one has no edges, not even to it.
            search.store.size = search.levels[-1]
        self.whole = search.store.size if not stopped else search.levels[-2] if len(search.levels) > 1 else 0
        self.expanded = 0
        self.parts: list[tuple[Places, Places, Places]] = []

    def graph(self) -> StateGraph:
        """The graph of what was expanded."""
        search = self.search
        try:
            self.keys, self.place = places_by_key(search.index, search.store)
            while self.expanded < self.whole and not (exhausted := self.exhausted()):
                self.expand(min(self.expanded + PIECE, self.whole))
            self.stopped = self.stopped or exhausted
        except KeyboardInterrupt:
            self.stopped = "interrupted"
        source, target, action = self.arrays()
        initial = search.levels[1] if len(search.levels) > 1 else 0
        return StateGraph(
            search.system, PackedStates(search.layout, search.store), initial, self.expanded, source, target, action,
            self.stopped, search.meter.spent,
        )  # fmt: skip

    def exhausted(self) -> str:
        edges = sum(len(source) for source, _, _ in self.parts)
        if self.search.bytes + edges * 2 * _BYTES_AN_EDGE > self.limits.memory:  # Parts, and all of them in one.
            return "memory"
        return "seconds" if self.search.meter.spent > self.limits.seconds else ""

    def expand(self, end: int) -> None:
        """The edges that leave the next states, in the order of these."""
        search, begin = self.search, self.expanded
        frame = Frame(search.layout, search.store.part(begin, end))
        inside = search.expansion.inside(frame)
        places = np.arange(begin, end, dtype=np.int32)
        if inside is not None:
            places, frame = places[inside], Frame(search.layout, frame.rows[:, inside])
        source: list[Places] = []
        target: list[Places] = []
        action: list[Places] = []
        for number, sources, following, _ in search.expansion.successors(frame):
            source.append(places[sources])
            target.append(self.place[np.searchsorted(self.keys, search.index.keys(following))])
            action.append(np.full(len(sources), number, np.int32))
        if source:
            order = np.argsort(np.concatenate(source), kind="stable")
            one, other, by = (np.concatenate(each)[order] for each in (source, target, action))
            self.parts.append((one, other, by))
        self.expanded = end

    def arrays(self) -> list[Places]:
        """All parts in one: where each edge begins, where it ends, and by which action."""
        parts, self.parts = [*self.parts, (_NONE, _NONE, _NONE)], []
        return [np.concatenate([part[each] for part in parts]) for each in range(3)]


_NONE: Places = np.zeros(0, np.int32)
