"""The messages in a state of a job: what an action puts into queues, also where messages of other jobs fill them.

The simulator runs the system with one instance. Where jobs share a queue, the system that is checked has the messages
of all of them in it. What an action does to a full queue is asked of the system itself: other jobs' messages are put
into the state as messages of no meaning, the action happens, and they are taken out again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..expressions import BoolType, EnumType, IntType, Type, Value
from ..expressions.composite import rest_value
from ..system import State, TransitionSystem

Slot: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True)
class Crowd:
    """A queue that is too full for all that comes: how many messages fit. Where the oldest make room for new ones: how
    many have to, and how many of these are the job's own."""

    queue: str
    room: int
    evicted: int = 0
    own: int = 0


class QueueStates:
    """Where the queues of a system are in its states."""

    def __init__(self, system: TransitionSystem, queues: Iterable[str]):
        self.system = system
        self.slots: dict[str, list[tuple[int, ...]]] = {}
        self.empty: dict[str, Slot] = {}
        self.other: dict[str, Slot] = {}
        for queue in queues:
            found: dict[str, list[int]] = {}
            for position, variable in enumerate(system.variables):
                slot = variable.name.removeprefix(f"{queue}.").partition(".")[0]
                if variable.name.startswith(f"{queue}.") and slot.isdecimal():
                    found.setdefault(slot, []).append(position)
            self.slots[queue] = [tuple(positions) for positions in found.values()]
            types = [system.variables[position].type for position in (self.slots[queue] or [()])[0]]
            self.empty[queue] = tuple(rest_value(kind) for kind in types)
            self.other[queue] = tuple(1 if not place else _smallest(kind) for place, kind in enumerate(types))

    def count(self, state: State, queue: str) -> int:
        """How many messages a queue holds: the first part of each slot is its event, 0 where there is none."""
        return sum(state[slot[0]] != 0 for slot in self.slots[queue])

    def messages(self, state: State, queue: str) -> list[Slot]:
        """What a queue holds."""
        return [tuple(state[position] for position in slot) for slot in self.slots[queue] if state[slot[0]] != 0]

    def with_messages(self, state: State, queue: str, messages: list[Slot]) -> State:
        """The state with other messages in a queue."""
        changed = list(state)
        for index, slot in enumerate(self.slots[queue]):
            content = messages[index] if index < len(messages) else self.empty[queue]
            for position, value in zip(slot, content, strict=True):
                changed[position] = value
        return tuple(changed)

    def without(self, state: State, queue: str, message: str) -> State:
        """The state without the first message of an event."""
        messages = self.messages(state, queue)
        kind = self.system.variables[self.slots[queue][0][0]].type
        assert isinstance(kind, EnumType)
        number = kind.labels.index(message)
        index = next(index for index, slot in enumerate(messages) if slot[0] == number)
        return self.with_messages(state, queue, messages[:index] + messages[index + 1 :])

    def in_a_crowd(self, number: int, state: State, crowds: tuple[Crowd, ...]) -> State | None:
        """The state that an action leads to where queues are crowded; None: it has to wait for room."""
        foreign = {}
        for crowd in crowds:
            own = self.messages(state, crowd.queue)
            foreign[crowd.queue] = count = len(self.slots[crowd.queue]) - len(own) - crowd.room
            fill = [self.other[crowd.queue]] * count
            state = self.with_messages(state, crowd.queue, [*own[: crowd.own], *fill, *own[crowd.own :]])
        after = next(iter(self.system.plain[number].successors(state)), None)
        if after is None:
            return None
        for crowd in crowds:
            left = foreign[crowd.queue] - (crowd.evicted - crowd.own)
            after = self.with_messages(after, crowd.queue, self.messages(after, crowd.queue)[left:])
        return after


def _smallest(kind: Type) -> Any:
    """A value that no other is less than, so that the message sorts before all others."""
    if isinstance(kind, BoolType):
        return False
    if isinstance(kind, EnumType):
        return 0
    if isinstance(kind, IntType) and kind.low is not None:
        return kind.low
    return -math.inf
