"""What there is at a moment of a timed run: the place of the system, what takes time, what waits, and the zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ..simulate.walk import Ask, Flight, Place
from ..system import State
from .zones import ORIGIN, Bound, Zone

# A task in flight (its window depends on the place), a call that is being made (overhead, pause before another
# attempt) or a message under way, within which time it is over.
Timer: TypeAlias = tuple[str, object, Bound, Bound]
# A message in a queue: queue, event, and which of several alike it is; -1 where it has arrived.
Message: TypeAlias = tuple[str, str, int]

GLOBAL = 1  # The clock of the time since the beginning.


@dataclass(frozen=True)
class Node:
    """A moment. The clock of timer k is k + 2 in the zone.

    waiting: what has been asked for and could start, had it workers. attempts: of the tasks that are tried again, how
    many were made. held: of these, which keep their workers. begin, parent, steps, fired: how it came about, for a
    trace: the first state, actions with the states after them, the timer that fired, and within which time.
    """

    place: Place
    timers: tuple[Timer, ...] = ()
    waiting: frozenset[Ask] = frozenset()
    attempts: tuple[tuple[Flight, int], ...] = ()
    held: frozenset[Flight] = frozenset()
    inbox: tuple[Message, ...] = ()
    zone: Zone = ORIGIN
    parent: Node | None = field(default=None, compare=False, repr=False)
    begin: State = field(default=(), compare=False)
    steps: tuple[tuple[int, State], ...] = field(default=(), compare=False, repr=False)
    fired: Timer | None = field(default=None, compare=False)
    window: tuple[Bound, Bound] = field(default=(0, 0), compare=False)

    @property
    def key(self) -> tuple[object, ...]:
        """Everything but the zone."""
        return (
            self.place.state, self.place.running, self.timers, self.waiting, self.attempts, self.held, self.inbox,
        )  # fmt: skip

    def attempt(self, flight: Flight) -> int:
        """Which attempt would be made now."""
        return dict(self.attempts).get(flight, 0) + 1
