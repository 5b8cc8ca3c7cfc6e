"""The states of a job, found as they are needed and linked to each other, so that a run only follows links.

Nothing here knows about time: what can happen in a place is what the transition system says, sorted by who decides
when: `immediate` actions happen at once, `starts` want a worker, `finishes` happen when their delay is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..errors import ModelError, Problem
from ..expressions import Value, references
from ..system import Action, State, TransitionSystem
from .plan import Key
from .queue_states import Crowd, QueueStates

MOST_PLACES = 200_000

# A task in flight: its key, and which of its several places in the state it occupies.
Flight: TypeAlias = tuple[Key, str]
# What a job can ask to start: a task, with the queue and the message it takes, or the place that begins again.
Ask: TypeAlias = tuple[Key, str, str, str]


@dataclass(slots=True)
class Move:
    """One way an action can go: the state it leads to (followed, the place is remembered) and the task it is about.

    dead: it leaves a message to the dead letters. crowded: where it leads to when other jobs' messages fill its queues.
    """

    number: int
    action: Action
    state: State
    running: tuple[Flight, ...]
    flight: Flight
    place: Place | None = None
    dead: bool = False
    crowded: dict[tuple[Crowd, ...], Move | None] = field(default_factory=dict)


@dataclass(slots=True)
class Place:
    """A state with the tasks in flight. `stuck`: a variable has left its range, so nothing can happen any more.

    again: how a message that is taken may stay, to come again.
    """

    state: State
    running: tuple[Flight, ...]
    finished: bool
    stuck: bool = False
    immediate: tuple[Move, ...] = ()
    starts: Mapping[Ask, tuple[Move, ...]] = field(default_factory=dict)
    finishes: Mapping[tuple[Flight, str], tuple[Move, ...]] = field(default_factory=dict)
    again: Mapping[Ask, tuple[Move, ...]] = field(default_factory=dict)


class Walk:
    """The places of a system with one instance. `shared` are the positions of variables that jobs share."""

    def __init__(self, system: TransitionSystem, shared: tuple[int, ...] = (), queues: Iterable[str] = ()):
        self.system = system
        self.queues = QueueStates(system, queues)
        self.shared = shared
        self._places: dict[tuple[State, tuple[Flight, ...]], Place] = {}
        self.flights = tuple(_flight(action) for action in system.actions)
        names = {system.variables[position].name for position in shared}
        self.reads_shared = any(references(action.guard) & names for action in system.actions)
        self.writes_shared = tuple(bool(names & set(action.updates)) for action in system.actions)

    def place(self, state: State, running: tuple[Flight, ...] = ()) -> Place:
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

    def has_ended(self, flow: str, state: State) -> bool:
        """Whether a flow has completed or aborted, by the variable of its status."""
        position = self.system.positions[flow]
        labels = getattr(self.system.variables[position].type, "labels", ())
        return labels[int(state[position])] in ("completed", "aborted")

    def shared_values(self, state: State) -> tuple[Value, ...]:
        return tuple(state[position] for position in self.shared)

    def crowded(self, place: Place, move: Move, crowds: tuple[Crowd, ...]) -> Move | None:
        """The move where other jobs' messages fill its queues; None: it has to wait for room."""
        if crowds not in move.crowded:
            state = self.queues.in_a_crowd(move.number, place.state, crowds)
            move.crowded[crowds] = None if state is None else replace(move, state=state, place=None, crowded={})
        return move.crowded[crowds]

    def without_message(self, place: Place, queue: str, event: str) -> Place:
        """The place where the first message of an event was taken away from a queue."""
        return self.place(self.queues.without(place.state, queue, event), place.running)

    def _look_around(self, state: State, running: tuple[Flight, ...]) -> Place:
        place = Place(state, running, self.system.is_finished(state))
        if not self.system.in_range(state):
            place.stuck = True
            return place
        immediate: list[Move] = []
        starts: dict[Ask, list[Move]] = {}
        finishes: dict[tuple[Flight, str], list[Move]] = {}
        again: dict[Ask, list[Move]] = {}
        for number, successor in self._successors(state):
            action, flight = self.system.actions[number], self.flights[number]
            label, move = action.label, Move(number, action, successor, running, flight)
            if label.phase in ("start", "undo start", "begin") or label.queue:
                if label.phase not in ("act", "begin"):
                    move.running = tuple(sorted((*running, flight)))
                ask = (flight[0], label.queue, label.message, "" if label.queue else flight[1])
                (again if label.then == "redelivered" else starts).setdefault(ask, []).append(move)
            elif label.phase in ("finish", "undo finish") and flight in running:
                rest = list(running)
                rest.remove(flight)
                move.running = tuple(rest)
                # A false check is how a success can end, not an outcome of the service.
                outcome = "ok" if label.outcome == "check" else label.really or label.outcome
                move.dead = any(name.partition("#")[0] == f"{label.step}.dead_letter" for name in action.updates)
                finishes.setdefault((flight, outcome), []).append(move)
            else:
                immediate.append(move)
        place.immediate = tuple(immediate)
        place.starts = {ask: tuple(moves) for ask, moves in starts.items()}
        place.finishes = {what: tuple(moves) for what, moves in finishes.items()}
        place.again = {ask: tuple(moves) for ask, moves in again.items()}
        return place

    def _successors(self, state: State) -> list[tuple[int, State]]:
        try:
            return list(self.system.successors(state))
        except ValueError as error:
            hint = "give what it modifies a small range, or say its effect"
            raise ModelError([Problem("E408", f"cannot be simulated: {error}", None, hint)]) from None


def _flight(action: Action) -> Flight:
    """The task that an action begins or ends, and the place it occupies: whose status the action changes."""
    label = action.label
    if label.phase == "begin":
        return ("flow", next(iter(action.updates))), ""
    if label.phase == "act":
        return ("act", label.actor), ""
    begin, end = f"{label.step}.", "status"
    changed = (name.partition("#")[0] for name in action.updates)
    place = next((name for name in changed if name.startswith(begin) and name.endswith(end)), "")
    return ("undo" if label.phase.startswith("undo") else "step", label.step), place
