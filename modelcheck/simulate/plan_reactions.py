"""What a choreography says about time: its handlers, and what its events cost on their way."""

from __future__ import annotations

from collections.abc import Iterator

from .. import model
from ..errors import Problem, position_of
from ..graph.events import DEFAULT_CHANNEL, channel_of, deliveries
from .draws import Draws
from .plan import Builder, Partitions, Receiver, Task


def handlers_of(design: model.Choreography) -> Iterator[tuple[str, str, model.Handler]]:
    """Participant, `participant.handler` and the handler, in the order written."""
    for name, participant in design.participants.items():
        for key, handler in participant.handlers.items():
            yield name, f"{name}.{key}", handler


def plan_choreography(design: model.Choreography, builder: Builder) -> None:
    """Plans all handlers and events."""
    listeners = builder.pool("listeners", design.listeners)
    for name, participant in design.participants.items():
        pools = (*listeners, *builder.breaking(name, builder.pool(name, participant.workers), participant.crashes))
        never = Draws(builder.seed, name, "outcome")
        # Taking a message that no handler wants takes a worker, and no time.
        builder.tasks["act", name] = Task(("act", name), None, 0.0, never, (("ok", 1.0),), pools=pools)
        for key, handler in participant.handlers.items():
            _plan_handler(f"{name}.{key}", handler, handler.task or key, pools, builder)
    for event in design.events:
        _plan_event(design, event, builder)


def _plan_handler(name: str, handler: model.Handler, named: str, pools: tuple[str, ...], builder: Builder) -> None:
    task = builder.task_name(named)
    delay, average = builder.draws(task, "service", handler.time)
    shares = builder.shares(name, handler.fails, handler.outcomes)
    outcome = Draws(builder.seed, task, "outcome")
    builder.tasks["step", name] = Task(
        ("step", name), delay, average, outcome, shares, pools=pools, priority=handler.priority
    )
    if delay is None:
        builder.untimed.append(name)


def _plan_event(design: model.Choreography, event: str, builder: Builder) -> None:
    place = channel_of(design, event) or DEFAULT_CHANNEL
    channel = design.channels.get(place, model.Channel())
    receivers = tuple(
        Receiver(
            f"{place}>{delivery.participant}",
            delivery.participant,
            channel.order == "fifo",
            channel.capacity,
            channel.overflow,
        )
        for delivery in deliveries(design)
        if delivery.event == event and delivery.effective
    )
    builder.receivers[event] = receivers
    publish, _ = builder.draws(event, "publish", channel.publish)
    if publish is not None:
        builder.publish[event] = publish
    for receiver in receivers:
        deliver, _ = builder.draws(f"{event}>{receiver.participant}", "deliver", channel.deliver)
        if deliver is not None:
            builder.deliver[event, receiver.name] = deliver
    if channel.partitions is not None:
        if channel.partitions < 1:
            message = f"'{place}' has {channel.partitions} partitions: nothing would ever be delivered"
            builder.problems.append(Problem("E406", message, position_of(place)))
        key = Draws(builder.seed, place, "partition")
        builder.partitions[event] = Partitions(place, channel.partitions, key)
    _plan_delivery(place, event, receivers, channel, builder)


def _plan_delivery(
    place: str, event: str, receivers: tuple[Receiver, ...], channel: model.Channel, builder: Builder
) -> None:
    """How likely messages come again or are lost; what has no probability is not simulated, and that is said."""
    again = channel.delivery == "at least once" and bool(channel.duplicates)
    lossy = channel.delivery == "at most once"
    for possible, share, found, word in (
        (again, channel.repeats, builder.repeats, "repeats"),
        (lossy, channel.loses, builder.losses, "loses"),
    ):
        for receiver in receivers if possible and (share or lossy) else ():
            luck = Draws(builder.seed, f"{event}>{receiver.participant}", word)
            found[event, receiver.name] = builder.chance(f"{place}: '{word}'", share, luck)
    if receivers and ((again and not channel.repeats) or (lossy and not channel.loses)):
        what = "duplicates" if again else "losses"
        note = f"{place}: {what} not simulated, because no probability is given"
        if note not in builder.notes:
            builder.notes.append(note)
