"""The messages of a group: `inbox.Inbox` in columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..delays import Array
from ..draws import Draws
from ..events import REQUEST
from ..plan import Plan
from .group import DELIVERIES, PUBLISHES, Group, Letter, Numbers


def send(group: Group, events: Sequence[str], plan: Plan, first: int) -> None:
    """Puts the messages of these publications under way; `first` is the number of the block's first job."""
    group.count(PUBLISHES, len(events))
    numbers = group.at + first
    for event in events:
        turn = group.past.published.get(event, 0) + 1
        costs = (plan.publish.get(event), *(plan.deliver.get((event, each.name)) for each in plan.receivers.get(event, ())))
        if any(cost is not None for cost in costs):  # Else nothing depends on how many there were.
            group.change(published={**group.past.published, event: turn})
        sent = _later(group.now, costs[0], numbers, turn)
        for receiver, cost in zip(plan.receivers.get(event, ()), costs[1:], strict=True):
            waiting = (group.letters or {}).get(receiver.name, ())
            if receiver.capacity is not None and len(waiting) >= receiver.capacity:
                continue
            there = _later(sent, cost, numbers, turn)
            if receiver.ordered and waiting:
                there = np.maximum(there, waiting[-1].times)
            _keep(group, receiver.name, (*waiting, Letter(event, there)))
            group.count(DELIVERIES)
            group.expect(REQUEST, (), there)


def _later(times: Array, cost: Draws | None, numbers: Numbers, turn: int) -> Array:
    return times if cost is None else times + cost.of_jobs(numbers, turn)


def available(group: Group, queue: str, message: str) -> Array | None:
    """When the next message of this kind can be taken; None where there is none."""
    times = [letter.times for letter in (group.letters or {}).get(queue, ()) if letter.event == message]
    if len(times) < 2:
        return times[0] if times else None
    return np.minimum.reduce(times)


def take(group: Group, queue: str, message: str) -> None:
    """Takes that message away: of several, the earliest.

    Where messages keep their order it is the first of its kind. Elsewhere their order in the queue has no meaning, so
    that the first of its kind may leave its place, with its time, to the one that is taken.
    """
    waiting = list((group.letters or {})[queue])
    places = [place for place, letter in enumerate(waiting) if letter.event == message]
    earliest, *others = (waiting[place].times for place in places)
    for place, times in zip(places[1:], others, strict=True):
        waiting[place] = Letter(message, np.maximum(earliest, times))
        earliest = np.minimum(earliest, times)
    del waiting[places[0]]
    _keep(group, queue, tuple(waiting))


def _keep(group: Group, queue: str, waiting: tuple[Letter, ...]) -> None:
    letters = dict(group.letters or {})
    if waiting:
        letters[queue] = waiting
    else:
        letters.pop(queue, None)
    group.letters = letters
