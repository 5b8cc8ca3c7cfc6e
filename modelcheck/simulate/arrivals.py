"""When jobs arrive: the times between them, when each one comes, and users who wait for their jobs. In seconds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .. import model
from ..distributions import SECONDS
from ..errors import ModelError, Position, Problem, position_of
from .delays import Array, law_of, stamps
from .draws import Draws, Jobs

BLOCK = 8_192
LARGEST = 2**62


class Intervals:
    """The times between the arrivals of jobs, and from them when each job arrives.

    Arrival times are the intervals added up in the order of jobs, so that they are the same to the last bit however
    they are asked for. mean: of the intervals. delay: their distribution, where they are independent and alike.
    """

    def __init__(self, intervals: Callable[[Jobs], Array], mean: float, delay: model.Delay | None = None):
        self.of_jobs, self.mean, self.delay = intervals, mean, delay
        self._ends = [0.0]  # When the last job of each block arrives, after the 0 where time begins.
        self._block = (-1, np.zeros(0))
        self._lists: dict[str, tuple[int, list[float]]] = {}

    def __call__(self, job: int) -> float:
        """The time between a job's arrival and that of the one before (of the first: and the beginning)."""
        number, offset = divmod(job, BLOCK)
        known, values = self._lists.get("intervals", (-1, []))
        if known != number:
            values = self.of_jobs(range(number * BLOCK, (number + 1) * BLOCK)).tolist()
            self._lists["intervals"] = number, values
        return values[offset]

    def times(self, jobs: range) -> Array:
        """When these jobs arrive."""
        if not jobs:
            return np.zeros(0)
        first, last = jobs.start // BLOCK, (jobs.stop - 1) // BLOCK
        found = np.concatenate([self._times(number) for number in range(first, last + 1)])
        return found[jobs.start - first * BLOCK : jobs.stop - first * BLOCK]

    def time(self, job: int) -> float:
        """When a job arrives."""
        number, offset = divmod(job, BLOCK)
        known, values = self._lists.get("times", (-1, []))
        if known != number:
            values = self._times(number).tolist()
            self._lists["times"] = number, values
        return values[offset]

    def _times(self, number: int) -> Array:
        if self._block[0] != number:
            for before in range(len(self._ends) - 1, number):
                self._ends.append(float(self._added_up(before)[-1]))
            self._block = number, self._added_up(number)
            if len(self._ends) == number + 1:
                self._ends.append(float(self._block[1][-1]))
        return self._block[1]

    def _added_up(self, number: int) -> Array:
        intervals = self.of_jobs(range(number * BLOCK, (number + 1) * BLOCK))
        return np.cumsum(np.concatenate(([self._ends[number]], intervals)))[1:]


@dataclass(frozen=True)
class Users:
    """So many users (numbered from 0), each of whom thinks, starts a job, waits for its end, thinks again, ..."""

    count: int
    think: Draws | None
    mean_think: float

    def pause(self, user: int, turn: int) -> float:
        """How long a user thinks before his n-th job (from 1)."""
        return 0.0 if self.think is None else self.think(user, visit=turn)


def arrivals_of(arrivals: model.Arrivals | None, seed: int, name: str) -> tuple[Intervals | None, Users | None, str]:
    """How jobs arrive, and what the reader should know of it; raises `ModelError` for arrivals that cannot be.

    name: of the design, for the place of a problem.
    """
    if arrivals is None:
        return None, None, ""
    place = position_of(name)
    _check_ways(arrivals, place)
    if arrivals.users is not None:
        return None, _users(arrivals, seed, place), ""
    if arrivals.recorded is not None:
        intervals, count = _recorded(arrivals.recorded, place)
        note = f"{count:,} arrivals are recorded in {arrivals.recorded.file}: what is used up begins again"
    else:
        intervals, note = _renewals(arrivals, seed), ""
    if intervals.mean == 0:
        raise ModelError([Problem("E405", "jobs arrive all at once: the interval between arrivals is 0", place)])
    if not math.isfinite(intervals.mean):
        raise _wrong("the time between arrivals has no mean, so that there is no rate", place)
    return intervals, None, note


def _wrong(message: str, place: Position | None, hint: str = "") -> ModelError:
    return ModelError([Problem("E430", message, place, hint)])


def _check_ways(arrivals: model.Arrivals, place: Position | None) -> None:
    ways = {name: getattr(arrivals, name) for name in ("interval", "bursts", "recorded", "users")}
    given = [name for name, value in ways.items() if value is not None]
    if len(given) != 1:
        what = f"{' and '.join(given)} are given" if given else "nothing is given"
        raise _wrong(f"arrivals need one of {', '.join(ways)}; {what}", place)
    if arrivals.think is not None and arrivals.users is None:
        raise _wrong("'think' is for 'users', who wait for their jobs", place)


def _users(arrivals: model.Arrivals, seed: int, place: Position | None) -> Users:
    count, think = arrivals.users, arrivals.think
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise _wrong(f"there are {count} users: nothing would ever start", place, "give a whole number from 1 on")
    if think is None:
        return Users(count, None, 0.0)
    law = law_of(think)
    return Users(count, Draws(seed, "", "think", law.draw or law.quantile, think), law.mean)


def _renewals(arrivals: model.Arrivals, seed: int) -> Intervals:
    """Independent intervals between jobs, or between bursts of them."""
    bursts = arrivals.bursts
    delay = bursts.every if bursts is not None else arrivals.interval
    assert delay is not None
    law = law_of(delay)
    draws = Draws(seed, "", "arrival", law.draw or law.quantile, delay)
    if bursts is None:
        return Intervals(draws.of_jobs, law.mean, delay)
    size = bursts.size
    whole = math.isfinite(size) and (bursts.geometric or size == int(size))
    if isinstance(size, bool) or not whole or not 1 <= size < LARGEST:
        hint = "give a whole number from 1 on, or a geometric one with a mean from 1 on"
        raise _wrong(f"a burst of {size:g} jobs cannot be", position_of(delay.distribution), hint)
    begins = Draws(seed, "", "burst")

    def intervals(jobs: Jobs) -> Array:
        """A job that begins no burst comes at once. After each job a geometric burst ends with the same probability."""
        numbers = np.arange(jobs.start, jobs.stop) if isinstance(jobs, range) else jobs
        first = begins.of_jobs(jobs) * size < 1 if bursts.geometric else numbers % int(size) == 0
        return np.where(first | (numbers == 0), draws.of_jobs(jobs), 0.0)

    return Intervals(intervals, law.mean / size)


def _recorded(recording: model.Recording, place: Position | None) -> tuple[Intervals, int]:
    """Recorded times from the first on, with a mean interval before each repetition; and how many they are."""
    if recording.unit not in SECONDS:
        raise _wrong(f"the unit must be one of {', '.join(SECONDS)}, not '{recording.unit}'", place)
    times = stamps(recording.file, recording.column, recording.where, recording.unit)
    if len(times) < 2:
        where = position_of(recording.file) or place
        raise _wrong(f"one time in '{recording.file}' says nothing of how often jobs arrive", where)
    mean = float(times[-1] - times[0]) / (len(times) - 1)
    steps = np.concatenate(([mean], np.diff(times)))

    def intervals(jobs: Jobs) -> Array:
        numbers = np.arange(jobs.start, jobs.stop) if isinstance(jobs, range) else jobs
        return np.where(numbers == 0, 0.0, steps[numbers % len(steps)])

    return Intervals(intervals, mean), len(times)
