"""The control state of a choreography: queues, handlers at work, what the outside has published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .. import model
from ..expressions import (
    BOOL,
    FALSE,
    TRUE,
    EnumType,
    Expr,
    Literal,
    compare,
    conjunction,
    disjunction,
    equal,
    integer,
    label,
    negation,
    total,
)
from ..expressions.composite import rest_value
from ..graph.events import DEFAULT_CHANNEL, OUTSIDE, channel_of, deliveries, most_published
from ..system import Variable
from .queues import Queue, make_queue
from .typed import TypedChoreography, TypedHandler

MOST_AT_ONCE = 4


@dataclass(frozen=True)
class Place:
    """Where one handling can be in flight: its status, and the payload that it works on."""

    handler: str
    instance: int
    number: int
    status: Variable
    payload: Mapping[str, Variable]

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (self.status, *self.payload.values())

    def is_in(self, status: str) -> Expr:
        assert isinstance(self.status.type, EnumType)
        if status not in self.status.type.labels:
            return FALSE
        return equal(self.status.ref, label(status, self.status.type))

    @property
    def free(self) -> Expr:
        return equal(self.status.ref, Literal(0, self.status.type))

    @property
    def busy(self) -> Expr:
        return disjunction([self.is_in("running"), self.is_in("retrying")])

    def set(self, status: str) -> dict[str, Expr]:
        assert isinstance(self.status.type, EnumType)
        return {self.status.name: label(status, self.status.type)}

    def load(self, payload: Mapping[str, Expr]) -> dict[str, Expr]:
        """The assignments that keep a payload while it is worked on."""
        return {variable.name: payload[name] for name, variable in self.payload.items()}

    def release(self) -> dict[str, Expr]:
        """The assignments of an end: nothing is in flight, and nothing is remembered."""
        assert isinstance(self.status.type, EnumType)
        status = "done" if "done" in self.status.type.labels else self.status.type.labels[0]
        rest: dict[str, Expr] = {v.name: Literal(rest_value(v.type), v.type) for v in self.payload.values()}
        return {**self.set(status), **rest}

    def known(self) -> dict[str, Expr]:
        """What `event.field` means while it is worked on."""
        return {name: variable.ref for name, variable in self.payload.items()}


@dataclass(frozen=True)
class Board:
    """All control variables of a choreography, and what can be said about them."""

    design: model.Choreography
    typed: TypedChoreography
    queues: tuple[Queue, ...]
    places: Mapping[tuple[str, int], tuple[Place, ...]]
    published: Mapping[tuple[int, int], Variable]
    dead: Mapping[tuple[str, int], Variable]
    assumptions: tuple[str, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        queued = (variable for queue in self.queues for variable in queue.variables)
        working = (variable for place in self.all_places() for variable in place.variables)
        return (*self.published.values(), *queued, *working, *self.dead.values())

    def all_places(self) -> Iterable[Place]:
        return (place for places in self.places.values() for place in places)

    def receiving(self, event: str) -> list[Queue]:
        """The queues that a published event is put into."""
        return [queue for queue in self.queues if event in queue.events]

    def has_worker(self, participant: str) -> Expr:
        """Whether a participant can handle another event, and a listener is free for it."""
        everyone = list(self.all_places())
        own = [
            place for place in everyone if self.typed.instances[0].handlers[place.handler].participant == participant
        ]
        workers, listeners = self.design.participants[participant].workers, self.design.listeners
        if workers is not None and listeners is not None and len(own) == len(everyone):
            workers, listeners = min(workers, listeners), None
        return conjunction([_fewer_busy(own, workers), _fewer_busy(everyone, listeners)])

    def finished(self) -> Expr:
        """Everything published that will be, all queues empty, nobody at work, nobody about to act by itself."""
        parts: list[Expr] = [variable.ref for variable in self.published.values()]
        parts += [queue.is_empty(queue.contents()[0]) for queue in self.queues]
        for (name, number), places in self.places.items():
            handler = self.typed.instances[number - 1].handlers[name]
            for place in places:
                if handler.handler.on is None:
                    idle = conjunction([place.is_in("waiting"), negation(handler.when)])
                    parts.append(disjunction([place.is_in("done"), idle]))
                else:
                    parts.append(place.free)
        return conjunction(parts)

    def predicates(self, instance: int) -> dict[str, dict[str, Expr]]:
        """`running(payment.charge)`: it is at work; `dead_letter(payment.charge)`: it gave up on a message."""
        running = {
            name: disjunction(place.busy for place in places)
            for (name, number), places in self.places.items()
            if number == instance
        }
        dead: dict[str, Expr] = {name: v.ref for (name, number), v in self.dead.items() if number == instance}
        return {"running": running, "dead_letter": dead} if dead else {"running": running}


def _fewer_busy(places: list[Place], limit: int | None) -> Expr:
    if limit is None or limit >= len(places):
        return TRUE
    if limit == 1:
        return conjunction(negation(place.busy) for place in places)
    return compare("<", total(place.busy for place in places), integer(limit))


def make_board(design: model.Choreography, typed: TypedChoreography) -> Board:
    """The control variables that a choreography needs, with the bounds they bring as assumptions."""
    count = len(typed.instances)
    most = most_published(design)
    assumed: list[str] = []
    queues = tuple(_queues(design, typed, most))
    assumed += dict.fromkeys(queue.why for queue in queues)
    for queue in queues:
        if queue.channel.delivery == "at least once":
            times = 1 + queue.channel.duplicates
            name = queue.name.partition(">")[0]
            assumed.append(f"{name} delivers a message at most {times} times")
    places: dict[tuple[str, int], tuple[Place, ...]] = {}
    dead: dict[tuple[str, int], Variable] = {}
    for each in typed.instances:
        suffix = f"#{each.number}" if count > 1 else ""
        for name, handler in each.handlers.items():
            if handler.handler.on is not None and not any(
                q.receiver == handler.participant and handler.handler.on in q.events for q in queues
            ):
                continue  # Nothing is ever delivered to it.
            at_once = _at_once(design, handler, queues, most, assumed)
            places[name, each.number] = tuple(
                _place(handler, each.number, number, suffix, typed) for number in range(1, at_once + 1)
            )
            if handler.handler.on_failure == "dead letter" and len(handler.effects) > 1:
                dead[name, each.number] = _control(f"{name}.dead_letter{suffix}", each.number)
    published = {
        (each.number, index): _control(f"{OUTSIDE}.{index + 1}.{start.event}{suffix}", each.number)
        for each in typed.instances
        for suffix in [f"#{each.number}" if count > 1 else ""]
        for index, start in enumerate(each.starts)
    }
    return Board(design, typed, queues, places, published, dead, tuple(dict.fromkeys(assumed)))


def _control(name: str, instance: int) -> Variable:
    return Variable(name, BOOL, (False,), "control", instance)


def _queues(design: model.Choreography, typed: TypedChoreography, most: Mapping[str, int | None]) -> Iterable[Queue]:
    received: dict[tuple[str, str], list[str]] = {}
    for delivery in deliveries(design):
        if delivery.effective:
            name = channel_of(design, delivery.event) or DEFAULT_CHANNEL
            received.setdefault((name, delivery.participant), []).append(delivery.event)
    for (name, receiver), events in received.items():
        counts = [most[event] for event in events]
        bound = None if None in counts else sum(count or 0 for count in counts) * len(typed.instances)
        payloads = {event: typed.payloads[event] for event in events}
        channel = design.channels.get(name, model.Channel())
        yield make_queue(name, channel, receiver, payloads, len(typed.instances), bound)


def _at_once(
    design: model.Choreography,
    handler: TypedHandler,
    queues: Iterable[Queue],
    most: Mapping[str, int | None],
    assumed: list[str],
) -> int:
    """How many messages of one instance a handler can be working on at once."""
    if handler.handler.on is None:
        return 1
    event = handler.handler.on
    limits = [design.participants[handler.participant].workers, design.listeners]
    count = most[event]
    if count is not None:
        queue = next(q for q in queues if q.receiver == handler.participant and event in q.events)
        limits.append(count * (1 + queue.channel.duplicates if queue.channel.delivery == "at least once" else 1))
    possible = min((limit for limit in limits if limit is not None), default=MOST_AT_ONCE + 1)
    if possible > MOST_AT_ONCE:
        assumed.append(f"{handler.name} works on at most {MOST_AT_ONCE} messages of an instance at once")
    return max(1, min(possible, MOST_AT_ONCE))


def _place(handler: TypedHandler, instance: int, number: int, suffix: str, typed: TypedChoreography) -> Place:
    event = handler.handler.on
    ends = () if event is not None else ("done",)
    retries = ("retrying",) if handler.handler.on_failure == "retry" and len(handler.effects) > 1 else ()
    status = EnumType(("idle" if event is not None else "waiting", "running", *retries, *ends))
    name = handler.name if number == 1 else f"{handler.name}.{number}"
    payload = {
        f"event.{field}": Variable(f"{name}.event.{field}{suffix}", kind, (rest_value(kind),), "control", instance)
        for field, kind in (typed.payloads[event] if event is not None else {}).items()
    }
    return Place(
        handler.name, instance, number, Variable(f"{name}.status{suffix}", status, (0,), "control", instance), payload
    )
