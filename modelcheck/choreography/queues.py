"""Message queues as plain variables: one queue for each channel and receiver, a few slots of variables each.

A slot holds a message: its event (`-`: the slot is empty), its instance, how often it may come again, its payload.
What a queue holds is a tuple of messages whose parts are typed trees over the state, so that taking and
putting are functions from contents to contents, and an action's updates are what differs in the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .. import model
from ..expressions import (
    FALSE,
    INT,
    TRUE,
    BoolType,
    EnumType,
    Expr,
    IntType,
    Literal,
    Operation,
    Type,
    compare,
    conditional,
    conjunction,
    disjunction,
    equal,
    integer,
    label,
    negation,
)
from ..system import Variable

NO_MESSAGE = "-"
DEFAULT_CAPACITY, MOST_SLOTS = 4, 32
EVENT, INSTANCE, AGAIN = "event", "instance", "again"

Message = Mapping[str, Expr]
Contents = tuple[Message, ...]


@dataclass(frozen=True)
class Queue:
    """One queue. `fields` gives each event's payload field its name and type in the slots; `slots` hold the variables.

    why: where the capacity comes from, in words, for the assumptions.
    """

    name: str
    channel: model.Channel
    receiver: str
    kinds: EnumType
    fields: Mapping[tuple[str, str], str]
    slots: tuple[Mapping[str, Variable], ...]
    why: str

    @property
    def events(self) -> tuple[str, ...]:
        return self.kinds.labels[1:]

    @property
    def variables(self) -> tuple[Variable, ...]:
        return tuple(variable for slot in self.slots for variable in slot.values())

    @property
    def ordered(self) -> bool:
        return self.channel.order == "fifo"

    @property
    def nothing(self) -> Message:
        return {part: Literal(rest_value(v.type), v.type) for part, v in self.slots[0].items()}

    def contents(self) -> Contents:
        """What it holds, as the state says."""
        return tuple({part: variable.ref for part, variable in slot.items()} for slot in self.slots)

    def message(self, event: str, instance: int, payload: Mapping[str, Expr]) -> Message:
        """A message as it is sent."""
        parts = {**self.nothing, EVENT: label(event, self.kinds)}
        if INSTANCE in parts:
            parts[INSTANCE] = integer(instance)
        if AGAIN in parts:
            parts[AGAIN] = integer(self.channel.duplicates)
        return parts | {self.fields[event, name]: value for name, value in payload.items()}

    def payload(self, event: str, message: Message) -> dict[str, Expr]:
        """What `event.field` means for a message of this event."""
        return {f"event.{name}": message[part] for (of, name), part in self.fields.items() if of == event}

    def is_a(self, message: Message, event: str, instance: int) -> Expr:
        """Whether a slot holds a message of this event and instance."""
        here = equal(message[EVENT], label(event, self.kinds))
        return conjunction([here, equal(message[INSTANCE], integer(instance))]) if INSTANCE in message else here

    def is_empty(self, message: Message) -> Expr:
        return equal(message[EVENT], label(NO_MESSAGE, self.kinds))

    def comes_again(self, message: Message) -> Expr:
        """Whether a message may stay when it is taken."""
        return compare("<=", integer(1), message[AGAIN])

    def has_room(self, contents: Contents) -> Expr:
        return self.is_empty(contents[-1])

    def put(self, contents: Contents, message: Message) -> Contents:
        """With a message more: at the end, or in an unordered queue in its place among the sorted messages, so that
        equal bags are equal states. A full queue stays as it is."""
        found = []
        for index, old in enumerate(contents):
            before = contents[index - 1] if index else None
            if self.ordered:
                arrives = conjunction([self.is_empty(old), negation(self.is_empty(before)) if before else TRUE])
                found.append(_choose(arrives, message, old))
                continue
            moved = _choose(self._goes_before(message, before), before, message) if before else message
            found.append(_choose(self._goes_before(message, old), moved, old))
        room = TRUE if self.ordered else self.has_room(contents)
        return tuple(_choose(room, new, old) for new, old in zip(found, contents, strict=True))

    def take(self, contents: Contents, index: int) -> Contents:
        """Without the message in a slot; those behind it move up."""
        return (*contents[:index], *contents[index + 1 :], self.nothing)

    def keep(self, contents: Contents, index: int) -> Contents:
        """With the message in a slot left where it is, to come once less."""
        once_less = {**contents[index], AGAIN: _less_by_one(contents[index][AGAIN])}
        if self.ordered:
            return (*contents[:index], once_less, *contents[index + 1 :])
        return self.put(self.take(contents, index), once_less)

    def updates(self, contents: Contents) -> dict[str, Expr]:
        """The assignments that make the state hold these contents."""
        return {
            slot[part].name: value
            for slot, message in zip(self.slots, contents, strict=True)
            for part, value in message.items()
            if value != slot[part].ref
        }

    def _goes_before(self, message: Message, other: Message) -> Expr:
        """The sorting order: messages before empty slots, otherwise part by part."""
        return disjunction([self.is_empty(other), _less(list(message.values()), [other[part] for part in message])])


def make_queue(
    channel_name: str,
    channel: model.Channel,
    receiver: str,
    payloads: Mapping[str, Mapping[str, Type]],
    instances: int,
    most: int | None,
) -> Queue:
    """The queue of a receiver on a channel for events with these payloads, when `most` messages can be sent to it."""
    name = f"{channel_name}>{receiver}"
    capacity, why = _capacity(channel, channel_name, name, most)
    kinds = EnumType((NO_MESSAGE, *payloads))
    parts: dict[str, Type] = {EVENT: kinds}
    if instances > 1:
        parts[INSTANCE] = IntType(1, instances)
    if channel.delivery == "at least once":
        parts[AGAIN] = IntType(0, channel.duplicates)
    fields = {(event, field): _field_name(event, field, payloads) for event in payloads for field in payloads[event]}
    parts |= {part: payloads[event][field] for (event, field), part in fields.items()}
    slots = tuple(
        {
            part: Variable(f"{name}.{index}.{part}", kind, (rest_value(kind),), role="control")
            for part, kind in parts.items()
        }
        for index in range(capacity)
    )
    return Queue(name, channel, receiver, kinds, fields, slots, why)


def _capacity(channel: model.Channel, channel_name: str, name: str, most: int | None) -> tuple[int, str]:
    if channel.capacity is not None:
        return channel.capacity, f"{channel_name} holds {_messages(channel.capacity)} for each receiver"
    if most is not None and most <= MOST_SLOTS:
        return max(most, 1), f"{name} holds {_messages(max(most, 1))}, as many as can be sent to it"
    return DEFAULT_CAPACITY, f"{name} holds {_messages(DEFAULT_CAPACITY)}, for want of a declared capacity"


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _field_name(event: str, field: str, payloads: Mapping[str, Mapping[str, Type]]) -> str:
    """Fields of one name and type share a variable."""
    types = {payload[field] for payload in payloads.values() if field in payload}
    plain = len(types) == 1 and field not in (EVENT, INSTANCE, AGAIN)
    return field if plain else f"{event}.{field}"


def rest_value(kind: Type) -> bool | int:
    """What a variable holds while it has nothing to hold."""
    match kind:
        case BoolType():
            return False
        case IntType(low, high) if low is not None and high is not None:
            return min(max(low, 0), high)
    return 0


def _choose(condition: Expr, then: Message, otherwise: Message) -> Message:
    return {part: conditional(condition, then[part], otherwise[part]) for part in otherwise}


def _less(left: list[Expr], right: list[Expr]) -> Expr:
    """Lexicographic order."""
    if not left:
        return FALSE
    first, second = _number(left[0]), _number(right[0])
    rest = conjunction([equal(first, second), _less(left[1:], right[1:])])
    return disjunction([compare("<", first, second), rest])


def _number(value: Expr) -> Expr:
    """Something that can be ordered: enumerations by their number."""
    if isinstance(value.type, BoolType):
        return conditional(value, integer(1), integer(0))
    return value


def _less_by_one(value: Expr) -> Expr:
    return Operation("-", (value, integer(1)), INT)
