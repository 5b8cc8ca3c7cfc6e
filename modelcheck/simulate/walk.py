"""The states of a job, found as they are needed and linked to each other, so that a run only follows links.

Nothing here knows about time: what can happen in a place is what the transition system says, sorted by who decides
when: `immediate` actions happen at once, `starts` want a worker, `finishes` happen when their delay is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import ModelError, Problem
from ..expressions import Value, references
from ..system import Action, State, TransitionSystem
from .plan import Key

MOST_PLACES = 200_000
AT_ONCE = frozenset({"skip", "end", "publish", "act"})


@dataclass(slots=True)
class Move:
    """One way an action can go: its number, and the place it leads to (followed, it is remembered)."""

    number: int
    action: Action
    state: State
    running: tuple[Key, ...]
    place: Place | None = None


@dataclass(slots=True)
class Place:
    """A state with the tasks in flight. `stuck`: a variable has left its range, so nothing can happen any more."""

    state: State
    running: tuple[Key, ...]
    finished: bool
    stuck: bool = False
    immediate: tuple[Move, ...] = ()
    starts: tuple[tuple[Key, str, str, tuple[Move, ...]], ...] = ()
    finishes: Mapping[tuple[Key, str], tuple[Move, ...]] = field(default_factory=dict)


class Walk:
    """The places of a system with one instance. `shared` are the positions of variables that jobs share."""

    def __init__(self, system: TransitionSystem, shared: tuple[int, ...] = ()):
        self.system = system
        self.shared = shared
        self._places: dict[tuple[State, tuple[Key, ...]], Place] = {}
        names = {system.variables[position].name for position in shared}
        self.reads_shared = any(references(action.guard) & names for action in system.actions)
        self.writes_shared = tuple(bool(names & set(action.updates)) for action in system.actions)

    def place(self, state: State, running: tuple[Key, ...] = ()) -> Place:
        """The place for a state; it is worked out once."""
        found = self._places.get((state, running))
        if found is None:
            if len(self._places) >= MOST_PLACES:  # Jobs keep the places they are in; the rest is found again.
                self._places.clear()
            found = self._places[state, running] = self._look_around(state, running)
        return found

    def follow(self, move: Move) -> Place:
        """The place that a move leads to."""
        if move.place is None:
            move.place = self.place(move.state, move.running)
        return move.place

    def with_shared(self, place: Place, values: tuple[Value, ...]) -> Place:
        """The same place, where others have changed the shared variables."""
        state = list(place.state)
        for position, value in zip(self.shared, values, strict=True):
            state[position] = value
        return self.place(tuple(state), place.running)

    def shared_values(self, state: State) -> tuple[Value, ...]:
        return tuple(state[position] for position in self.shared)

    def _look_around(self, state: State, running: tuple[Key, ...]) -> Place:
        place = Place(state, running, self.system.is_finished(state))
        if not self.system.in_range(state):
            place.stuck = True
            return place
        immediate: list[Move] = []
        starts: dict[tuple[Key, str, str], list[Move]] = {}
        finishes: dict[tuple[Key, str], list[Move]] = {}
        for number, successor in self._successors(state):
            action = self.system.actions[number]
            label = action.label
            key = key_of(action)
            if label.phase in ("start", "undo start"):
                later = tuple(sorted((*running, key)))
                starts.setdefault((key, label.queue, label.message), []).append(Move(number, action, successor, later))
            elif label.phase in ("finish", "undo finish") and key in running:
                rest = list(running)
                rest.remove(key)
                # A false check is how a success can end, not an outcome of the service.
                outcome = "ok" if label.outcome == "check" else label.outcome
                finishes.setdefault((key, outcome), []).append(Move(number, action, successor, tuple(rest)))
            elif label.phase in AT_ONCE or label.phase in ("finish", "undo finish"):
                immediate.append(Move(number, action, successor, running))
        place.immediate = tuple(immediate)
        place.starts = tuple((*what, tuple(moves)) for what, moves in starts.items())
        place.finishes = {what: tuple(moves) for what, moves in finishes.items()}
        return place

    def _successors(self, state: State) -> list[tuple[int, State]]:
        try:
            return list(self.system.successors(state))
        except ValueError as error:
            hint = "give what it modifies a small range, or say its effect"
            raise ModelError([Problem("E408", f"cannot be simulated: {error}", None, hint)]) from None


def key_of(action: Action) -> Key:
    """The task that an action begins or ends."""
    return ("undo" if action.label.phase.startswith("undo") else "step", action.label.step)
