"""In which order customers come to a stage: by when they are ready; and what decides where that is the same.

The event loop lets what ends come before what is asked for after a pause, and this before what arrives; and then what
was made first. What ends was made when it began; what comes after a pause, when the pause began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..delays import Array
from ..lines import Tie

if TYPE_CHECKING:
    from .stages import Customers, Window

Numbers: TypeAlias = NDArray[np.int64]
PLACES = 44


def in_order(window: Window, groups: list[Customers], asked: list[Array]) -> Numbers | None:
    """The order of the customers of several groups, counted through; None: as they are. Raises `Tie`."""
    ready = asked[0] if len(asked) == 1 else np.concatenate(asked)
    if (ready[1:] > ready[:-1]).all():
        return None
    order: Numbers = np.argsort(ready)
    same = ready[order[1:]] == ready[order[:-1]]
    if same.any():
        tied = np.zeros(len(order), dtype=bool)
        tied[1:] |= same
        tied[:-1] |= same
        order[tied] = _decided(window, groups, ready, order[tied])
    return order


def _decided(window: Window, groups: list[Customers], ready: Array, tied: Numbers) -> Numbers:
    keys = np.zeros((5, len(tied)))
    places, numbers = np.zeros(len(tied), dtype=np.int64), np.zeros(len(tied), dtype=np.int64)
    start = 0
    for number, group in enumerate(groups):
        here = (tied >= start) & (tied < start + len(group.jobs))
        some = tied[here] - start
        keys[:, here], places[here] = _made(window, group.part(some), ready[tied[here]])
        numbers[here] = number
        start += len(group.jobs)
    found = np.lexsort((numbers, places, *keys[::-1]))
    alike = (keys[:, found[1:]] == keys[:, found[:-1]]).all(axis=0)
    apart = places[found[1:]] >> PLACES != places[found[:-1]] >> PLACES
    if (alike & apart).any():
        raise Tie
    return tied[found]


def _made(window: Window, group: Customers, ready: Array) -> tuple[NDArray[np.float64], Numbers]:
    """What decides between customers, the weightiest first: when ready; by what event; when that was made, by what
    event, and when this was made. And the place of the last that ended before, among those of its stage."""
    jobs = group.jobs
    last = np.full(len(jobs), group.before[0])
    for column in group.before[1:]:
        one, other = (window.ended[last, jobs], window.begun[last, jobs]), (
            window.ended[column, jobs], window.begun[column, jobs])  # fmt: skip
        if ((one[0] == other[0]) & (one[1] == other[1])).any():
            raise Tie
        later = (other[0] > one[0]) | ((other[0] == one[0]) & (other[1] > one[1]))
        last = np.where(later, column, last)
    ended, begun, places = window.ended[last, jobs], window.begun[last, jobs], window.order[last, jobs]
    paused = np.zeros(len(jobs), dtype=bool)
    for pause in group.pauses:
        paused |= pause > 0
    if (paused & (ready == ended)).any():
        raise Tie
    arrival = last == 0
    made = np.where(paused, ended, np.where(arrival, 0.0, begun))
    by = np.where(paused, 1.0, np.where(arrival, 2.0, 0.0))
    before = np.where(paused & arrival, 1.0, 0.0)
    return np.stack((ready, by, made, before, np.where(paused, begun, 0.0))), places
