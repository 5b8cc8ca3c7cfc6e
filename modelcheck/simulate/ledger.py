"""What is kept of a stream of runs: sums and counts, and of the first jobs the single times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .delays import Array
from .jobs import Runs
from .plan import Key
from .statistics import Moments, Series, Spread

KEPT = 1 << 20
COLUMNS = ("calls", "publishes", "deliveries", "lost", "dead_letters")
SUCCESS = ("completed", "finished")


@dataclass(frozen=True)
class OfEnding:
    """The times of the measured jobs with one ending."""

    times: Moments = field(default_factory=Moments)
    series: Series = field(default_factory=Series)

    def plus(self, times: Array, queued: bool) -> OfEnding:
        """With more of them."""
        return OfEnding(self.times.plus(times), self.series.plus(times) if queued else self.series)


@dataclass(frozen=True)
class Ledger:
    """What is known of the jobs so far. Memory does not grow with their number.

    skip: how many of the first jobs are not measured, where that was given. makespans: of the first `KEPT` jobs, in
    pieces. times, series: of the measured jobs that ended; series only where jobs are `queued`. successes: which jobs
    ended well, where they are queued, once one did not. spread: of the measured times, once there are more than are
    kept. by_ending: the times by how the jobs ended. sums: of the columns of the runs.
    """

    queued: bool
    skip: int = 0
    jobs: int = 0
    never: int = 0
    makespans: tuple[Array, ...] = ()
    times: Moments = field(default_factory=Moments)
    series: Series = field(default_factory=Series)
    successes: Series | None = None
    by_ending: Mapping[str, OfEnding] = field(default_factory=dict)
    spread: Spread | None = None
    endings: Mapping[str, int] = field(default_factory=dict)
    undos: Moments = field(default_factory=Moments)
    sums: Mapping[str, float] = field(default_factory=dict)
    starts: Mapping[Key, int] = field(default_factory=dict)
    busy: Mapping[str, float] = field(default_factory=dict)
    waited: Mapping[str, float] = field(default_factory=dict)
    down: Mapping[str, float] = field(default_factory=dict)
    longest: Mapping[str, int] = field(default_factory=dict)
    events: int = 0
    horizon: float = 0.0

    @property
    def kept(self) -> Array:
        """The times of the first jobs, NaN where they never ended."""
        pieces = self.makespans
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces) if pieces else np.zeros(0)

    def plus(self, runs: Runs) -> Ledger:
        """With the runs of the jobs that come next. Nothing is changed in place: an interruption leaves no half."""
        lasting = np.isnan(runs.makespans)
        lost = int(lasting.sum())
        measured = runs.makespans if not lost else runs.makespans[~lasting]
        unmeasured = max(0, self.skip - self.jobs)
        if unmeasured:
            measured = measured[unmeasured - int(lasting[:unmeasured].sum()) :]
        endings = runs.outcomes()
        room = KEPT - min(self.jobs, KEPT)
        spread = self.spread
        if len(runs) > room:
            spread = (spread or Spread().plus(self.measured())).plus(measured)
        return replace(
            self,
            jobs=self.jobs + len(runs),
            never=self.never + lost,
            makespans=(*self.makespans, _first(runs.makespans, room)) if room else self.makespans,
            times=self.times.plus(measured),
            series=self.series.plus(measured) if self.queued else self.series,
            successes=self._successes(runs, endings),
            by_ending=self._by_ending(runs, endings, measured),
            spread=spread,
            endings=_sum(self.endings, endings),
            undos=self.undos.plus(runs.undos),
            sums=_sum(self.sums, {name: float(getattr(runs, name).sum()) for name in COLUMNS}),
            starts=_sum(self.starts, runs.starts),
            busy=_sum(self.busy, runs.busy),
            waited=_sum(self.waited, runs.waited),
            down=_sum(self.down, runs.down),
            events=self.events + runs.events,
            longest={
                **self.longest,
                **{pool: max(self.longest.get(pool, 0), most) for pool, most in runs.longest.items()},
            },
            horizon=max(self.horizon, runs.horizon),
        )

    def _successes(self, runs: Runs, endings: Mapping[str, int]) -> Series | None:
        """Which jobs ended well, from the first on; None as long as all did, or where jobs are independent."""
        if not self.queued or (self.successes is None and all(label in SUCCESS for label in endings)):
            return None
        good = np.array([label in SUCCESS for label in runs.labels], dtype=np.float64)
        before = Series().beginning_with(1.0, self.jobs) if self.successes is None else self.successes
        return before.plus(good[runs.endings])

    def _by_ending(self, runs: Runs, endings: Mapping[str, int], measured: Array) -> dict[str, OfEnding]:
        found = dict(self.by_ending)
        unmeasured = max(0, self.skip - self.jobs)
        for code, label in enumerate(runs.labels):
            times = measured
            if endings.get(label, 0) < len(runs):
                times = runs.makespans[unmeasured:][runs.endings[unmeasured:] == code]
                times = times[~np.isnan(times)]
            if len(times) and label in endings:
                found[label] = found.get(label, OfEnding()).plus(times, self.queued)
        return found

    def measured(self) -> Array:
        """The kept times of the measured jobs that ended."""
        kept = self.kept[self.skip :]
        return kept[~np.isnan(kept)] if self.never else kept

    def job_after(self, ended: int) -> int:
        """The number of the first job after so many measured jobs that ended."""
        if not self.never:
            return self.skip + ended
        found = np.flatnonzero(~np.isnan(self.kept[self.skip :]))
        return self.skip + (int(found[ended]) if ended < len(found) else ended + self.never)


def _first(times: Array, room: int) -> Array:
    return times if len(times) <= room else times[:room].copy()


def _sum(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: first.get(key, 0) + second.get(key, 0) for key in {**first, **second}}
