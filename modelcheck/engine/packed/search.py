"""Breadth-first search over whole frontiers of packed states: what the plain search answers, at the speed of memory.

A level is worked on in pieces that fit the cache. For each action its guard is evaluated over all states of a piece,
its effect over those that pass; what was seen before is dropped. All states are kept in the order of their levels, so
that a shortest trace is found backwards without a parent for each state. Small systems and long chains are left to the
plain search, and narrow levels are expanded by the plain functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from ...system import TransitionSystem
from ...trace import Trace, replay
from ..search import leads_on, search
from ..target import Answer, Limits, Meter, Progress, Target
from .actions import compile_actions
from .conditions import Frame
from .expansion import PIECE, Expansion, way_to
from .fingerprints import Ancestry, chance_of_collision
from .layout import Column, Layout, Overflow, Rows, Unpackable, layout_of
from .visited import Collision, HashedRuns, Store, index_of
from .watch import Watch

METHOD = "breadth-first search, packed states"
SMALL, WIDE = 4_000, 256  # Up to so many states, and while levels are narrower than this, the plain search is faster.
BATCH = 1 << 20  # Results that are sorted at once.


def packed_search(
    system: TransitionSystem,
    targets: Sequence[Target],
    limits: Limits | None = None,
    progress: Progress | None = None,
    fingerprints: bool = False,
) -> Answer:
    """What `search` answers, for large systems much faster; `Answer.method` says how it was done.

    fingerprints: states wider than a word are told apart by a hash; `Answer.notes` says how probable it is that some
    were taken for others.
    Systems whose states cannot be packed (fractions, integers that grow beyond 32 bits) are searched plainly; then
    `Answer.notes` says why, under `plain search`.
    """
    limits = limits or Limits()
    first = search(system, targets, limits, progress, until=is_large)
    if first.stopped != "large":
        return first
    left = [target for target in targets if target.name not in first.traces]
    spent = first.seconds
    remaining = replace(limits, seconds=max(0.0, limits.seconds - spent))
    try:
        answer = search_rows(system, left, remaining, progress, fingerprints)
    except (Unpackable, Overflow) as reason:
        answer = search(system, left, remaining, progress)
        notes = {**answer.notes, "plain search": str(reason) or "an integer without a range became large"}
        answer = replace(answer, notes=notes)
    return replace(answer, traces={**first.traces, **answer.traces}, seconds=answer.seconds + spent)


def is_large(states: int, frontier: int) -> bool:
    """Whether a plain search should leave the rest to a packed one."""
    return states > SMALL and frontier > WIDE


def search_rows(
    system: TransitionSystem,
    targets: Sequence[Target],
    limits: Limits,
    progress: Progress | None = None,
    fingerprints: bool = False,
    seed: int = 1,
) -> Answer:
    """The packed search by itself, from the first state on. Raises `Unpackable` and `Overflow`."""
    try:
        return PackedSearch(layout_of(system), targets, limits, progress, fingerprints, seed).run()
    except Collision:
        return search_rows(system, targets, limits, progress, fingerprints, seed + 1)


class _Found(Exception):
    """Every target has its trace."""


class PackedSearch:
    """One search. `store` holds the states it has seen, and `levels` the place where each level begins in it."""

    def __init__(
        self,
        layout: Layout,
        targets: Sequence[Target],
        limits: Limits,
        progress: Progress | None = None,
        fingerprints: bool = False,
        seed: int = 1,
    ):
        self.layout, self.system, self.limits = layout, layout.system, limits
        self.meter = Meter(limits, progress)
        self.actions = compile_actions(layout)
        self.watch = Watch(layout, self.actions, targets)
        self.expansion = Expansion(layout, self.actions)
        self.store = Store(layout.words)
        self.index = index_of(layout, self.store, seed)
        self.ancestry: Ancestry | None = None
        if fingerprints and isinstance(self.index, HashedRuns):
            self.index.exact = False
            self.ancestry = Ancestry(self.index)
        self.waiting: list[tuple[Rows, Column | None]] = []  # Results that the index was not asked about yet.
        self.levels: list[int] = [0]
        self.traces: dict[str, Trace] = {}
        self.transitions = 0
        self.method = METHOD

    def run(self) -> Answer:
        """Visit all states; Ctrl-C ends it with what is known so far."""
        try:
            stopped = self.visit()
            complete = not stopped
        except _Found:
            stopped, complete = "", False
        except KeyboardInterrupt:
            stopped, complete = "interrupted", False
        return Answer(
            self.traces, complete, stopped, self.store.size, self.transitions, max(0, len(self.levels) - 2),
            self.meter.spent, self.method, bytes=self.bytes, notes=self.notes,
        )  # fmt: skip

    @property
    def notes(self) -> dict[str, str]:
        if self.ancestry is None:
            return {}
        chance = chance_of_collision(self.store.size)
        return {
            "fingerprints": f"none of {self.store.size:,} states was taken for another (chance of that: {chance:.1g})"
        }

    @property
    def bytes(self) -> int:
        """The memory of the states and their index."""
        ancestry = 0 if self.ancestry is None else self.ancestry.pairs.rows.nbytes
        return self.store.rows.nbytes + self.index.bytes + ancestry

    def visit(self) -> str:
        """Visit all states, level by level; says what ended it early, if anything did."""
        initial = self.expansion.initial()
        self.keep(initial, True, None if self.ancestry is None else self.ancestry.index.keys(initial))
        self.flush()
        while self.store.size > self.levels[-1]:
            first, last = self.levels[-1], self.store.size
            self.levels.append(last)
            if self.ancestry is not None:
                self.store.forget(first)
            final = self.limits.depth is not None and len(self.levels) - 2 >= self.limits.depth
            for begin in range(first, last, PIECE):
                if stopped := self.exhausted(last - first):
                    return stopped
                self.expand(begin, min(begin + PIECE, last), final)
            if final:
                return "depth" if self.leads_on(first, last) else ""
            self.flush()
            if self.index.by_place:  # Neighbours in the bitmap are then asked for one after the other.
                self.store.sort(last)
        return ""

    def exhausted(self, frontier: int) -> str:
        """The limit that is used up, if one is."""
        return self.meter.used_up(self.store.size, frontier, len(self.levels) - 2, self.bytes)

    def expand(self, begin: int, end: int, final: bool) -> None:
        """Look at the states of a piece, and find what follows them unless it is the last level that is asked for."""
        rows = self.store.part(begin, end)
        frame = Frame(self.layout, rows)
        hits = list(self.watch.in_states(frame))
        if hits:
            for target, place in hits:
                self.record(target, begin + place)
            self.settle()
        inside = self.expansion.inside(frame)
        places = np.arange(begin, end) if inside is None else begin + np.flatnonzero(inside)
        if inside is not None:
            rows = rows[:, inside]
            frame = Frame(self.layout, rows)
        while not final and (breaking := self.watch.breaking(frame)) is not None:
            self.record_claims(int(places[breaking]))
        alive = np.zeros(rows.shape[1], bool)
        keys = None if self.ancestry is None else self.ancestry.index.keys(rows)
        for _, sources, following, distinct in self.expansion.successors(frame):
            alive[sources] = True
            if not final:
                self.transitions += len(sources)
                self.keep(following, distinct, None if keys is None else keys[sources])
        if self.watch.stuck and not alive.all():
            stuck = np.flatnonzero(~alive & ~self.watch.finished(frame))
            if len(stuck):
                for target in self.watch.stuck:
                    self.record(target, int(places[stuck[0]]))
                self.settle()

    def keep(self, rows: Rows, distinct: bool, parents: Column | None) -> None:
        """Add to the next level what is new among some states; `parents`: the fingerprints of those before them."""
        if self.index.by_place:
            self.store.append(self.index.fresh(rows, distinct))
            return
        self.waiting.append((rows, parents))
        if sum(waiting.shape[1] for waiting, _ in self.waiting) > BATCH:
            self.flush()

    def flush(self) -> None:
        """Ask the index about what is waiting."""
        if not self.waiting:
            return
        rows = np.concatenate([rows for rows, _ in self.waiting], axis=1)
        if self.ancestry is None:
            self.store.append(self.index.fresh(rows, False))
        else:
            places = self.ancestry.index.fresh_places(rows, False)
            parents = np.concatenate([parents for _, parents in self.waiting if parents is not None])
            self.ancestry.append(rows[:, places], parents[places])
            self.store.append(rows[:, places])
        self.waiting = []

    def leads_on(self, first: int, last: int) -> bool:
        """Whether something can be tried in the states of a level, be it only a division by zero."""
        for begin in range(first, last, PIECE):
            rows = self.store.part(begin, min(begin + PIECE, last))
            if any(map(partial(leads_on, self.system), self.layout.unpack(rows))):
                return True
        return False

    def record(self, target: Target, place: int) -> None:
        """Keep the trace to a state."""
        self.traces[target.name] = replay(self.way_to(place))

    def record_claims(self, place: int) -> None:
        """Keep a trace for each wanted claim that an action breaks in a state."""
        path = self.way_to(place)
        for target, number, claim, after in self.watch.broken_in(path.states[-1]):
            if target.name in self.traces:
                continue
            broken = replace(path, broken=claim)
            if after is not None:
                broken = replace(broken, states=(*path.states, after), actions=(*path.actions, number))
            self.traces[target.name] = replay(broken)
        self.settle()

    def way_to(self, place: int) -> Trace:
        """A shortest trace to a state."""
        if self.ancestry is not None:
            return self.ancestry.way_to(self.expansion, self.store.part(place, place + 1))
        return way_to(self.expansion, self.store, self.levels, place)

    def settle(self) -> None:
        """Look no longer for what was found."""
        self.watch.settle(self.traces)
        if not self.watch.pending:
            raise _Found
