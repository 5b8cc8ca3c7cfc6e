"""From a choreography to its transition system: the only modules that know how participants react.

Handling an event is two atomic actions: `start` takes a message from the queue of its receiver, `finish` does the
effect and publishes. An event goes where it is routed to, subscribed to and handled, through one queue for each channel
and receiver, which all instances share. A participant handles as many messages at once as it has workers.

What happens when, in short: of a participant's handlers on an event, the first whose guard holds takes the message;
where none does, it is consumed unhandled. At least once means that a message may stay in its queue when it is
taken, to come again. Publishing into a full queue loses the message, or waits for room. A handler that failed drops
its message, or keeps it (with its worker) to try again, or leaves it to the dead letters.
"""

from __future__ import annotations

from dataclasses import replace

from .. import model
from ..declare import range_assumptions
from ..expand import expand
from ..system import TransitionSystem
from .board import Board, make_board
from .handling import actions_of
from .typed import type_choreography

__all__ = ["compile_choreography", "type_choreography"]


def compile_choreography(design: model.Choreography, instances: int | None = None) -> TransitionSystem:
    """The transition system of a choreography; raises `ModelError`. `instances` overrides the design's number."""
    design = expand(design)
    typed = type_choreography(design, instances)
    board = make_board(design, typed)
    scopes = tuple(replace(each.scope, predicates=board.predicates(each.number)) for each in typed.instances)
    return TransitionSystem(
        name=design.name,
        variables=(*typed.variables, *board.variables),
        actions=tuple(actions_of(board)),
        finished=board.finished(),
        scope=replace(scopes[0], instances=scopes),
        assumptions=_assumptions(design, board),
    )


def _assumptions(design: model.Choreography, board: Board) -> tuple[str, ...]:
    found = list(range_assumptions(board.typed.variables))
    if len(board.typed.instances) > 1:
        found.append(f"{len(board.typed.instances)} instances")
    workers = {name: participant.workers for name, participant in design.participants.items()}
    found += [f"{name} handles {count} at a time" for name, count in workers.items() if count is not None]
    if design.listeners is not None:
        found.append(f"all together handle {design.listeners} at a time")
    return (*found, *board.assumptions)
