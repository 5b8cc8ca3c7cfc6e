"""What publishing does: claims about the fact and the payload, and a message into each receiver's queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeAlias

from ..declare import range_claims
from ..errors import ModelError, Problem, position_of
from ..expressions import FALSE, TRUE, Expr, conjunction, negation, substitute
from ..graph.events import why_lost
from ..system import Claim
from .board import Board
from .queues import Message
from .typed import TypedPublication
from .wrong import MOST_CONDITIONAL


@dataclass(frozen=True)
class Sent:
    """The publications of one action: where it is possible, its assignments and claims, queues and events."""

    guard: Expr
    updates: Mapping[str, Expr]
    claims: tuple[Claim, ...]
    puts: tuple[str, ...]
    publishes: tuple[str, ...]


def choices(
    publications: Sequence[TypedPublication], effect: Mapping[str, Expr]
) -> Iterator[tuple[Expr, tuple[TypedPublication, ...]]]:
    """The sets of publications that can happen together after an effect, each with its condition before the effect."""
    options = [((True, False) if publication.conditional else (True,)) for publication in publications]
    for chosen in product(*options):
        conditions = []
        for publication, yes in zip(publications, chosen, strict=True):
            when = substitute(publication.when, effect)
            conditions.append(when if yes else negation(when))
        condition = conjunction(conditions)
        if condition != FALSE:
            yield condition, tuple(p for p, yes in zip(publications, chosen, strict=True) if yes)


Lost: TypeAlias = tuple[tuple[int, str], ...]


def losses(board: Board, publications: Sequence[TypedPublication]) -> Iterator[tuple[Lost, str]]:
    """Each way in which channels that deliver at most once can lose some of these messages, with what to say of it."""
    possible = [
        (number, queue)
        for number, publication in enumerate(publications)
        for queue in board.receiving(publication.event)
        if queue.channel.delivery == "at most once"
    ]
    if len(possible) > MOST_CONDITIONAL:
        event = publications[0].event
        message = f"more than {MOST_CONDITIONAL} messages that may be lost are published at once"
        raise ModelError([Problem("E216", message, position_of(event), "split the handler")])
    for chosen in product((False, True), repeat=len(possible)):
        lost = [each for each, yes in zip(possible, chosen, strict=True) if yes]
        text = ", ".join(f"{publications[number].event} is lost on its way to {q.receiver}" for number, q in lost)
        yield tuple((number, queue.name) for number, queue in lost), text


def send(
    board: Board,
    instance: int,
    publications: Sequence[TypedPublication],
    effect: Mapping[str, Expr],
    lost: Lost = (),
) -> Sent:
    """What it means to publish these events, in this order, after an effect, when some messages are `lost`."""
    sent: dict[str, list[Message]] = {}
    guards: list[Expr] = []
    claims: list[Claim] = []
    for number, publication in enumerate(publications):
        event = publication.event
        values = {name: substitute(value, effect) for name, value in publication.payload.items()}
        claims += _claims(board, instance, event, values, effect)
        for queue in board.receiving(event):
            if (number, queue.name) in lost:
                continue
            messages = sent.setdefault(queue.name, [])
            room = queue.has_room(queue.contents(), len(messages))
            if queue.channel.overflow == "block":
                guards.append(room)
            elif queue.channel.overflow == "fail":
                message = f"{queue.name} is full, and {event} is lost"
                claims.append(Claim("overflow", queue.name, room, message, position_of(event)))
            messages.append(queue.message(event, instance, values))
    updates: dict[str, Expr] = {}
    for queue in board.queues:
        if queue.name in sent:
            updates |= queue.updates(queue.put(queue.contents(), sent[queue.name]))
    events = tuple(publication.event for publication in publications)
    return Sent(conjunction(guards), updates, tuple(claims), tuple(sent), events)


def _claims(
    board: Board, instance: int, event: str, values: Mapping[str, Expr], effect: Mapping[str, Expr]
) -> Iterator[Claim]:
    declared = board.design.events[event]
    for name, value in values.items():
        field = f"{event}.{name}"
        for claim in range_claims({field: value}, {field: board.typed.payloads[event][name]}, event):
            yield replace(claim, kind="payload", name=event)
    claimed = board.typed.instances[instance - 1].claims.get(event, TRUE)
    if claimed != TRUE:
        payload = {f"event.{name}": value for name, value in values.items()}
        message = f"{event} claims {declared.claims}, which is not so"
        holds = substitute(claimed, {**effect, **payload})
        yield Claim("claims", event, holds, message, position_of(declared.claims))
    if not declared.terminal and not board.receiving(event):
        yield Claim("undelivered", event, FALSE, why_lost(board.design, event), position_of(event))
