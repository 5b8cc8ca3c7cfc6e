"""Message queues as plain variables: one queue for each channel and receiver, a few slots of variables each.

A slot holds a message: its event (`-`: the slot is empty), its instance, how often it may come again, its payload.
What a queue holds is a tuple of messages whose parts are typed trees over the state, so that taking and
putting are functions from contents to contents, and an action's updates are what differs in the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    total,
)
from ..expressions.composite import rest_value
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

    def is_first_of_its_kind(self, contents: Contents, index: int) -> Expr:
        """Whether the slot before holds another message: taking either of two equal ones comes to the same."""
        if not index:
            return TRUE
        pairs = ((contents[index - 1][part], contents[index][part]) for part in contents[index])
        return negation(conjunction(equal(*pair) for pair in pairs))

    def comes_again(self, message: Message) -> Expr:
        """Whether a message may stay when it is taken."""
        return compare("<=", integer(1), message[AGAIN])

    def has_room(self, contents: Contents, earlier: int = 0) -> Expr:
        """Whether a message fits after this many earlier ones."""
        return self.is_empty(contents[-1 - earlier]) if earlier < len(contents) else FALSE

    def put(self, contents: Contents, messages: Sequence[Message]) -> Contents:
        """With more messages: at the end, or in an unordered queue each in its place among the sorted messages, so
        that equal bags are equal states. What does not fit is lost, or the oldest messages are.

        Written out for all messages at once: one after the other would nest, and grow exponentially.
        """
        arrives = self._at_the_end if self.ordered else self._sorted_in
        if self.channel.overflow == "drop oldest":
            arrives = self._pushing_out
        return tuple(arrives(contents, messages, index) for index in range(len(contents)))

    def _at_the_end(self, contents: Contents, messages: Sequence[Message], index: int) -> Message:
        found = contents[index]
        for place, message in zip(range(index, -1, -1), messages, strict=False):
            before = negation(self.is_empty(contents[place - 1])) if place else TRUE
            found = _choose(conjunction([self.is_empty(contents[place]), before]), message, found)
        return found

    def _pushing_out(self, contents: Contents, messages: Sequence[Message], index: int) -> Message:
        """Where all come to their places at the end, and as many of the oldest as have no room are gone."""
        found = self._at_the_end(contents, messages, index)
        for gone in range(1, len(messages) + 1):
            held = len(contents) - len(messages) + gone  # So many messages there are where so many have to go.
            if held >= 0:
                enough = negation(self.is_empty(contents[held - 1])) if held else TRUE
                found = _choose(enough, [*contents[:held], *messages][index + gone], found)
        return found

    def _sorted_in(self, contents: Contents, messages: Sequence[Message], index: int) -> Message:
        """What a slot holds: an old message that as many new ones go before as it moves, or a new message."""
        found = contents[index]
        for moved in range(1, min(index, len(messages)) + 1):
            old = contents[index - moved]
            passed = total(self._goes_before(contents, messages, number, old) for number in range(len(messages)))
            found = _choose(equal(passed, integer(moved)), old, found)
        for number, message in enumerate(messages):
            here = [
                conjunction([equal(before, integer(count)), self._lands(contents, messages, number, index - count)])
                for before in [self._new_before(contents, messages, number)]
                for count in range(min(index, len(messages) - 1) + 1)
            ]
            found = _choose(disjunction(here), message, found)
        return found

    def _lands(self, contents: Contents, messages: Sequence[Message], number: int, place: int) -> Expr:
        """Whether a new message goes just before the old one in this slot."""
        after = negation(self._goes_before(contents, messages, number, contents[place - 1])) if place else TRUE
        return conjunction([self._goes_before(contents, messages, number, contents[place]), after])

    def _goes_before(self, contents: Contents, messages: Sequence[Message], number: int, old: Message) -> Expr:
        """Whether a new message fits, and is smaller than an old one or than nothing."""
        smaller = disjunction([self.is_empty(old), _less(messages[number], old)])
        return conjunction([self.has_room(contents, number), smaller])

    def _new_before(self, contents: Contents, messages: Sequence[Message], number: int) -> Expr:
        """How many other new messages go before one of them."""
        before = []
        for other, message in enumerate(messages):
            if other < number:
                before.append(negation(_less(messages[number], message)))
            elif other > number:
                before.append(conjunction([self.has_room(contents, other), _less(message, messages[number])]))
        return total(before)

    def take(self, contents: Contents, index: int) -> Contents:
        """Without the message in a slot; those behind it move up."""
        return (*contents[:index], *contents[index + 1 :], self.nothing)

    def keep(self, contents: Contents, index: int) -> Contents:
        """With the message in a slot left where it is, to come once less. Sorted messages stay so where this one is
        the first of its kind, since how often it comes is what they are sorted by last."""
        once_less = {**contents[index], AGAIN: _less_by_one(contents[index][AGAIN])}
        return (*contents[:index], once_less, *contents[index + 1 :])

    def updates(self, contents: Contents) -> dict[str, Expr]:
        """The assignments that make the state hold these contents."""
        return {
            slot[part].name: value
            for slot, message in zip(self.slots, contents, strict=True)
            for part, value in message.items()
            if value != slot[part].ref
        }


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
    fields = {(event, field): _field_name(event, field, payloads) for event in payloads for field in payloads[event]}
    parts |= {part: payloads[event][field] for (event, field), part in fields.items()}
    if channel.delivery == "at least once":
        parts[AGAIN] = IntType(0, channel.duplicates)
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


def _choose(condition: Expr, then: Message, otherwise: Message) -> Message:
    return {part: conditional(condition, then[part], otherwise[part]) for part in otherwise}


def _less(left: Message, right: Message) -> Expr:
    """Lexicographic order, part by part."""
    less: Expr = FALSE
    for part in reversed(tuple(left)):
        first, second = _number(left[part]), _number(right[part])
        less = disjunction([compare("<", first, second), conjunction([equal(first, second), less])])
    return less


def _number(value: Expr) -> Expr:
    """Something that can be ordered: enumerations by their number."""
    if isinstance(value.type, BoolType):
        return conditional(value, integer(1), integer(0))
    return value


def _less_by_one(value: Expr) -> Expr:
    return Operation("-", (value, integer(1)), INT)
