"""Delays of any law that run at once and all end before anything else begins: only the last of them matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from ..plan import Key
from .journey import Journey
from .laws import describe
from .reason import NotExact
from .state import Called, Clock, Finish, Opening, Standing

Counts: TypeAlias = Counter[str | Key]
# All that can come of a standing where one delay, the n-th, is over.
Fire: TypeAlias = Callable[[Standing, int], list[tuple[float, Journey]]]


class Barrier:
    """Where a job stands when all delays of a standing are over, in whatever order they are.

    Raises `NotExact` where that depends on their order, or where something begins before all are over.
    """

    def __init__(self, fire: Fire, standing: Standing, most: int):
        self.fire, self.first, self.most = fire, standing, most
        self.known: dict[Standing, tuple[dict[Standing, float], Counts]] = {}
        self.after, self.counts = self._all_over(standing)

    def _all_over(self, standing: Standing) -> tuple[dict[Standing, float], Counts]:
        found = self.known.get(standing)
        if found is not None:
            return found
        for index in range(len(standing.clocks)):
            other = self._one_over(standing, index)
            if found is not None and not _same(found[0], other[0]):
                raise NotExact(f"{_at_once(self.first)}, and their order matters")
            found = found or other
        assert found is not None
        self.known[standing] = found
        if len(self.known) > self.most:
            raise NotExact(f"{_at_once(self.first)}, and can end in more than {self.most:,} ways")
        return found

    def _one_over(self, standing: Standing, index: int) -> tuple[dict[Standing, float], Counts]:
        left = len(standing.clocks) - 1
        ends: dict[Standing, float] = {}
        counts: Counts = Counter()
        for share, job in self.fire(standing, index):
            after = job.standing()
            if left and (len(after.clocks) != left or after.ended != standing.ended or job.place.stuck):
                raise NotExact(f"{_at_once(self.first)}, and something else begins or ends before all are over")
            later, counted = self._all_over(after) if left else ({after: 1.0}, Counter())
            for end, chance in later.items():
                ends[end] = ends.get(end, 0.0) + share * chance
            for what in {*job.counted, *counted}:
                counts[what] += share * (job.counted[what] + counted[what])  # type: ignore[assignment]
        return ends, counts


def _same(first: dict[Standing, float], second: dict[Standing, float]) -> bool:
    return first.keys() == second.keys() and all(abs(first[end] - second[end]) < 1e-12 for end in first)


def _at_once(standing: Standing) -> str:
    names = sorted({f"that of {_name(clock)} is {describe(clock.stages[0])}" for clock in standing.clocks})
    some = " and ".join(names[:2]) + (" and so on" if len(names) > 2 else "")
    return f"delays run at once that are neither all exponential nor all constant ({some})"


def _name(clock: Clock) -> str:
    match clock.what:
        case Finish(flight, _):
            return f"'{flight[0][1]}'" if flight[0][0] == "step" else f"'{flight[0][0]} {flight[0][1]}'"
        case Called(ask):
            return f"the call of '{ask[0][1]}'"
        case Opening():
            return "the coordinator"
    return "a message"
