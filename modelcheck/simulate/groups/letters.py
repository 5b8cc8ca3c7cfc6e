"""The messages of a group: `channels.Channels` in columns, where each job runs alone."""

from __future__ import annotations

import numpy as np

from ...system import State
from ..channels import Channels
from ..delays import Array
from ..draws import Draws
from ..pacing import REQUEST
from ..walk import Move
from .board import Numbers
from .group import DELIVERIES, LOST, PUBLISHES, Group, Letter, Table


def send(group: Group, before: State, move: Move, channels: Channels, first: int) -> None:
    """Puts what an action publishes under way; `first` is the number of the block's first job.

    What has no room is lost, or makes the oldest leave: the states before and after the action tell.
    """
    plan, label, states = channels.plan, move.action.label, channels.states
    fits = {}
    for queue in label.puts:
        put = states.count(move.state, queue) - states.count(before, queue)
        fits[queue] = len(label.publishes) if channels.receivers[queue].overflow == "drop oldest" else put
    group.count(PUBLISHES, len(label.publishes))
    for event in label.publishes:
        turn = group.past.published.get(event, 0) + 1
        receivers = plan.receivers.get(event, ())
        costs = [plan.deliver.get((event, each.name)) for each in receivers]
        publish = plan.publish.get(event)
        if publish is not None or any(cost is not None for cost in costs):  # Else it does not matter how many.
            group.change(published=Table({**group.past.published, event: turn}))
        sent = _later(group.now, publish, group.at + first, turn)
        for receiver, cost in zip(receivers, costs, strict=True):
            if fits.get(receiver.name, 0) <= 0:
                group.count(LOST)
                continue
            fits[receiver.name] -= 1
            there = _later(sent, cost, group.at + first, turn)
            waiting = _waiting(group, receiver.name)
            if receiver.ordered and waiting:
                there = np.maximum(there, waiting[-1].times)
            _keep(group, receiver.name, (*waiting, Letter(event, there)))
            group.count(DELIVERIES)
            group.expect(REQUEST, (), there)
    for queue in label.puts:
        if channels.receivers[queue].overflow == "drop oldest":
            waiting = _waiting(group, queue)
            over = max(len(waiting) - states.count(move.state, queue), 0)
            _keep(group, queue, waiting[over:])
            group.count(LOST, over)


def _later(times: Array, cost: Draws | None, numbers: Numbers, turn: int) -> Array:
    return times if cost is None else times + cost.of_jobs(numbers, turn)


def available(group: Group, queue: str, event: str) -> list[Array]:
    """When each message of an event can be taken."""
    return [letter.times for letter in _waiting(group, queue) if letter.event == event]


def take(group: Group, queue: str, event: str) -> None:
    """Takes the message of an event away that is there first.

    Where messages keep their order it is the first of its kind. Elsewhere their order in the queue has no meaning, so
    that the first of its kind may leave its place, with its time, to the one that is taken.
    """
    waiting = list(_waiting(group, queue))
    places = [place for place, letter in enumerate(waiting) if letter.event == event]
    earliest, *others = (waiting[place].times for place in places)
    for place, times in zip(places[1:], others, strict=True):
        waiting[place] = Letter(event, np.maximum(earliest, times))
        earliest = np.minimum(earliest, times)
    del waiting[places[0]]
    _keep(group, queue, tuple(waiting))


def _waiting(group: Group, queue: str) -> tuple[Letter, ...]:
    return (group.letters or {}).get(queue, ())


def _keep(group: Group, queue: str, waiting: tuple[Letter, ...]) -> None:
    letters = dict(group.letters or {})
    if waiting:
        letters[queue] = waiting
    else:
        letters.pop(queue, None)
    group.letters = letters
