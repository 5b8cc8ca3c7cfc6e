"""The actions of participants: taking a message, finishing with each outcome, and what the outside publishes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..declare import range_claims
from ..errors import position_of
from ..expressions import FALSE, TRUE, Expr, conjunction, disjunction, negation, substitute
from ..graph.events import OUTSIDE
from ..system import Action, Claim, Label
from .board import Board, Place
from .publishing import choices, losses, send
from .queues import Contents, Queue
from .typed import TypedHandler, TypedInstance


def actions_of(board: Board) -> Iterator[Action]:
    """Every action of the choreography."""
    for instance in board.typed.instances:
        yield from _begin(board, instance)
        for name, handler in instance.handlers.items():
            for place in board.places.get((name, instance.number), ()):
                if handler.handler.on is None:
                    yield _act_alone(board, handler, place)
                else:
                    yield from _take(board, instance, handler, place)
                if place.is_in("retrying") != FALSE:
                    yield _restart(board, handler, place)
                yield from _finish(board, handler, place)
        for queue in board.queues:
            for event in queue.events:
                yield from _unhandled(board, instance, queue, event)


def _begin(board: Board, instance: TypedInstance) -> Iterator[Action]:
    """What the outside publishes, once in each instance."""
    for index, start in enumerate(instance.starts):
        done = board.published[instance.number, index]
        for condition, chosen in choices([start], {}):
            for lost, text in losses(board, chosen):
                sent = send(board, instance.number, chosen, {}, lost)
                label = Label(
                    "publish" if chosen else "skip", OUTSIDE, message=start.event if chosen else "",
                    step="" if chosen else start.event, instance=instance.number, puts=sent.puts,
                    publishes=sent.publishes, loses=lost, text=text,
                )  # fmt: skip
                title = f"{'publishes' if chosen else 'skips'} {start.event}" + (f", {text}" if text else "")
                guard = conjunction([negation(done.ref), condition, sent.guard])
                updates = {done.name: TRUE, **sent.updates}
                yield _action(board, title, guard, updates, label, sent.claims)


def _take(board: Board, instance: TypedInstance, handler: TypedHandler, place: Place) -> Iterator[Action]:
    """Taking a message that this handler is the first to want."""
    event = handler.handler.on or ""
    places = board.places[handler.name, instance.number]
    ready = [place.free, *(negation(each.free) for each in places[: place.number - 1])]
    ready.append(board.has_worker(handler.participant))
    rivals = [other for other in instance.handlers.values() if _same_event(other, handler)]
    for queue, index, after, text in _messages(board, handler.participant, event):
        message = queue.contents()[index]
        payload = queue.payload(event, message)
        known = handler.substituted(payload)
        earlier = [other.substituted(payload).when for other in rivals[: rivals.index(handler)]]
        wanted = [known.when, *(negation(each) for each in earlier)]
        there = [queue.is_a(message, event, instance.number), *_can_take(queue, index, text)]
        then = "redelivered" if text else ""
        label = _label("start", handler, instance.number, message=event, queue=queue.name, text=text, then=then)
        updates = {**queue.updates(after), **place.set("running"), **place.load(payload)}
        title = f"start {handler.name}{_from(queue, index)}{', again to come' if text else ''}"
        yield _action(board, title, conjunction([*there, *ready, *wanted]), updates, label, _requires(known), place)


def _unhandled(board: Board, instance: TypedInstance, queue: Queue, event: str) -> Iterator[Action]:
    """Taking a message that no handler wants."""
    handlers = [h for h in instance.handlers.values() if h.participant == queue.receiver and h.handler.on == event]
    for _, index, after, text in _messages(board, queue.receiver, event, queue):
        message = queue.contents()[index]
        payload = queue.payload(event, message)
        unwanted = negation(disjunction(handler.substituted(payload).when for handler in handlers))
        if unwanted == FALSE:
            return
        there = [queue.is_a(message, event, instance.number), *_can_take(queue, index, text)]
        guard = conjunction([*there, board.has_worker(queue.receiver), unwanted])
        words = f"finds no handler for {event}"
        label = Label(
            "act", queue.receiver, instance=instance.number, message=event, queue=queue.name,
            then="redelivered" if text else "", text=f"{words}; {text}" if text else words,
        )  # fmt: skip
        names = ", ".join(handler.name for handler in handlers)
        why = f"{event} reaches {queue.receiver}, and no handler's guard holds ({names})"
        claim = Claim("unhandled", event, FALSE, why, position_of(event))
        title = f"{queue.receiver} {words}{_from(queue, index)}{', again to come' if text else ''}"
        yield _action(board, title, guard, queue.updates(after), label, (claim,))


def _same_event(other: TypedHandler, handler: TypedHandler) -> bool:
    return other.participant == handler.participant and other.handler.on == handler.handler.on


def _messages(
    board: Board, participant: str, event: str, only: Queue | None = None
) -> Iterator[tuple[Queue, int, Contents, str]]:
    """Each way to take a message of an event: its queue and slot, what the queue holds then, and what to say of it."""
    for queue in (only,) if only else board.queues:
        if queue.receiver != participant or event not in queue.events:
            continue
        for index in range(1 if queue.ordered else len(queue.slots)):
            yield queue, index, queue.take(queue.contents(), index), ""
            if queue.channel.delivery == "at least once" and queue.channel.duplicates:
                yield queue, index, queue.keep(queue.contents(), index), "will be delivered again"


def _can_take(queue: Queue, index: int, text: str) -> Iterator[Expr]:
    """What it takes to take a message from a slot, and to leave it there."""
    yield queue.is_first_of_its_kind(queue.contents(), index)
    if text:
        yield queue.comes_again(queue.contents()[index])


def _from(queue: Queue, index: int) -> str:
    return f" from {queue.name}" + ("" if queue.ordered else f" at {index + 1}")


def _act_alone(board: Board, handler: TypedHandler, place: Place) -> Action:
    """A handler that waits for no event begins."""
    guard = conjunction([place.is_in("waiting"), board.has_worker(handler.participant), handler.when])
    label = _label("start", handler, place.instance)
    return _action(board, f"start {handler.name}", guard, place.set("running"), label, _requires(handler), place)


def _restart(board: Board, handler: TypedHandler, place: Place) -> Action:
    """A handler that has failed begins again, with the same message; it has kept its worker."""
    label = _label("start", handler, place.instance, message=handler.handler.on or "", text="tries again")
    known = handler.substituted(place.known())
    guard = place.is_in("retrying")
    return _action(board, f"restart {handler.name}", guard, place.set("running"), label, _requires(known), place)


def _requires(handler: TypedHandler) -> list[Claim]:
    if handler.requires is None:
        return []
    text = handler.handler.requires
    return [Claim("requires", handler.name, handler.requires, f"{handler.name} requires {text}", position_of(text))]


def _ensures(handler: TypedHandler, outcome: str) -> list[Claim]:
    if handler.ensures is None or outcome != "ok":
        return []
    text = handler.handler.ensures
    holds = substitute(handler.ensures, handler.effects["ok"])
    return [Claim("ensures", handler.name, holds, f"{handler.name} ensures {text}", position_of(text))]


def _finish(board: Board, handler: TypedHandler, place: Place) -> Iterator[Action]:
    known = handler.substituted(place.known())
    for outcome, effect in known.effects.items():
        claims = [
            *range_claims(effect, board.typed.types, handler.name), *known.missing[outcome], *_ensures(known, outcome),
        ]  # fmt: skip
        published = [publication for publication in known.publishes if outcome in publication.on]
        for condition, chosen in choices(published, effect):
            if outcome != "ok" and not chosen:
                yield _fail(board, known, place, outcome, condition)
                continue
            for lost, text in losses(board, chosen):
                sent = send(board, place.instance, chosen, effect, lost)
                label = _label("finish", handler, place.instance, outcome, handler.handler.on or "", text=text)
                label = replace(label, puts=sent.puts, publishes=sent.publishes, loses=lost)
                title = f"finish {handler.name}: {outcome}"
                title += f", publishes {', '.join(sent.publishes)}" if chosen else ""
                title += f", {text}" if text else ""
                guard = conjunction([place.is_in("running"), condition, sent.guard])
                updates = {**effect, **place.release(), **sent.updates}
                yield _action(board, title, guard, updates, label, (*claims, *sent.claims), place)


def _fail(board: Board, handler: TypedHandler, place: Place, outcome: str, condition: Expr) -> Action:
    """A failure that no event tells of: its effect, and then what the error policy says."""
    effect = handler.effects[outcome]
    claims = [*range_claims(effect, board.typed.types, handler.name), *handler.missing[outcome]]
    updates = {**effect, **place.release()}
    then = ""
    match handler.handler.on_failure:
        case "retry":
            updates = {**effect, **place.set("retrying")}
            text, then = "will try again", "again at once"
        case "dead letter":
            updates[board.dead[handler.name, place.instance].name] = TRUE
            text = "dead letter"
        case _:
            text = "nobody hears of it"
            message = f"{handler.name} ends in {outcome}, and nobody hears of it"
            claims.append(Claim("fault", handler.name, FALSE, message, position_of(handler.name)))
    event = handler.handler.on or ""
    label = _label("finish", handler, place.instance, outcome, message=event, text=text, then=then)
    guard = conjunction([place.is_in("running"), condition])
    return _action(board, f"finish {handler.name}: {outcome}", guard, updates, label, claims, place)


def _label(
    phase: str,
    handler: TypedHandler,
    instance: int,
    outcome: str = "",
    message: str = "",
    queue: str = "",
    text: str = "",
    then: str = "",
) -> Label:
    return Label(
        phase, handler.participant, handler.name, outcome, instance, message=message, queue=queue, text=text, then=then
    )  # fmt: skip


def _action(
    board: Board,
    title: str,
    guard: Expr,
    updates: Mapping[str, Expr],
    label: Label,
    claims: Sequence[Claim] | Iterable[Claim] = (),
    place: Place | None = None,
) -> Action:
    """The action; its process is the participant in this instance."""
    suffix = f"#{label.instance}" if len(board.typed.instances) > 1 else ""
    number = f" ({place.number})" if place is not None and place.number > 1 else ""
    return Action(f"{title}{number}{suffix}", guard, updates, label, tuple(claims), process=f"{label.actor}{suffix}")
