"""What became of jobs, collected in blocks: one is handed out when all of its jobs, and of those before it, have ended.

So memory does not grow with the number of jobs, only with how far apart those are that run at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..system import State
from .jobs import Job, Runs
from .pools import Pool

BLOCK = 16_384
COLUMNS = ("undos", "calls", "publishes", "deliveries", "lost", "dead_letters")


class Tally:
    """The blocks of a range of jobs. `ready`: the first of them is complete.

    ending: how a job ended, from its state and whether a task failed for good.
    """

    def __init__(self, jobs: range, ending: Callable[[State, bool], str], size: int = BLOCK):
        self.jobs, self.ending, self.size = jobs, ending, size
        self.labels: dict[str, int] = {"stuck": 0}
        self.blocks: dict[int, tuple[list[float], bytearray, list[tuple[int, ...]]]] = {}
        self.missing: dict[int, int] = {}
        self.first = 0
        self.ready = not jobs

    def note(self, job: Job) -> None:
        """Notes a job that has ended, or with which nothing happens any more."""
        block, place = divmod(job.number - self.jobs.start, self.size)
        columns = self.blocks.get(block)
        if columns is None:
            columns = self._open(block)
        makespans, endings, counts = columns
        if job.ended is not None:
            makespans[place] = job.ended - job.arrived
            label = label_of(self.ending(job.place.state, job.failed), bool(job.lost), bool(job.dead_letters))
        else:
            label = "out of range" if job.place.stuck else "stuck"
        number = self.labels.get(label)
        endings[place] = self.labels.setdefault(label, len(self.labels)) if number is None else number
        counts[place] = (job.undos, job.calls, job.publishes, job.deliveries, job.lost, job.dead_letters)
        self.missing[block] -= 1
        if block == self.first and not self.missing[block]:
            self.ready = True

    def _open(self, block: int) -> tuple[list[float], bytearray, list[tuple[int, ...]]]:
        size = min(self.size, len(self.jobs) - block * self.size)
        self.missing[block] = size
        columns = self.blocks[block] = ([float("nan")] * size, bytearray(size), [(0,) * len(COLUMNS)] * size)
        return columns

    def close(self, left: Iterable[Job], upcoming: int) -> None:
        """Nothing more happens: not with those that are left, and the jobs from number `upcoming` on never come."""
        for job in left:
            self.note(job)
        come = upcoming - self.jobs.start
        if come >= len(self.jobs):
            return
        for block, (makespans, endings, counts) in self.blocks.items():
            kept = max(0, come - block * self.size)
            self.missing[block] -= max(0, len(makespans) - kept)
            del makespans[kept:], endings[kept:], counts[kept:]
        self.ready = self.missing.get(self.first) == 0

    def completed(self, measures: Callable[[], Mapping[str, Any]]) -> Iterator[Runs]:
        """The blocks that are complete now; `measures` are what was measured since they were last asked for."""
        while self.ready:
            columns = self.blocks.pop(self.first, None)
            self.missing.pop(self.first, None)
            makespans, endings, counts = columns if columns is not None else ([], bytearray(), [])
            table = np.array(counts, dtype=np.float64).reshape(len(makespans), len(COLUMNS))
            found: dict[str, Any] = {name: table[:, place].copy() for place, name in enumerate(COLUMNS)}
            yield Runs(
                makespans=np.array(makespans), endings=np.frombuffer(bytes(endings), dtype=np.uint8),
                labels=tuple(self.labels), first=self.jobs.start + self.first * self.size, **found, **measures(),
            )  # fmt: skip
            self.first += 1
            self.ready = self.missing.get(self.first) == 0


class Meter:
    """What pools and tasks have done, as differences between one look and the next."""

    def __init__(self, starts: Mapping[Any, int], pools: Mapping[str, Pool[Any]], most: int):
        self.starts, self.pools = starts, {name: pool for name, pool in pools.items() if pool.size < most}
        self.breaking = {name for name, pool in pools.items() if pool.size >= most}
        self.all = pools
        self.before: dict[tuple[str, Any], float] = {}

    def look(self) -> dict[str, Any]:
        """starts, busy, waited, down since the last look; the longest lines since the beginning."""
        return {
            "starts": {key: self._since("starts", key, count) for key, count in self.starts.items()},
            "busy": {name: self._since("busy", name, pool.busy) for name, pool in self.pools.items()},
            "waited": {name: self._since("waited", name, pool.waited) for name, pool in self.pools.items()},
            "down": {name: self._since("down", name, pool.down) for name, pool in self.all.items() if pool.down},
            "longest": {name: pool.longest for name, pool in self.pools.items()},
        }

    def _since(self, what: str, name: Any, value: Any) -> Any:
        before = self.before.get((what, name), 0)
        self.before[what, name] = value
        return value - before if before else value


def label_of(ending: str, lost: bool, dead_letters: bool) -> str:
    """What is said of a job that has ended so, and whose messages were lost or left to the dead letters."""
    if dead_letters and ending == "failed":
        return "dead-lettered"
    return "lost" if lost and ending == "finished" else ending
