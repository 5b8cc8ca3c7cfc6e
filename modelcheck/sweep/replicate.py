"""Replications: the same simulation with several seeds, and what they say together.

Where jobs depend on their neighbours, as in queues, independent replications give intervals without assumptions on how
far that dependence goes (Law and Kelton, Simulation Modeling and Analysis, section 9.5.1).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from .. import model
from ..errors import ModelError, Problem
from ..simulate import Estimate
from ..simulate.statistics import mean_of
from ..spread import check_workers, spread
from .measures import measures_of, show
from .work import Answer, Part, answers, check_options

MOST_REPLICATIONS = 100_000


def seed_of(seed: int, replication: int) -> int:
    """The seed of a replication (from 0 on): a hash, so that those of different seeds have nothing in common."""
    digest = blake2b(f"{seed}\0replication\0{replication}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


@dataclass(frozen=True)
class Replications:
    """What independent replications measured, and the mean of each measure over them. Times are in seconds.

    seeds: that of each replication. values: by measure, one for each replication. estimates: their means, with
    Student's t. stopped: why there are fewer than were asked for; empty where there are not.
    """

    name: str
    jobs: int
    seed: int
    asked: int
    seeds: tuple[int, ...]
    values: dict[str, tuple[float, ...]]
    estimates: dict[str, Estimate]
    stopped: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, name: str) -> Estimate:
        return self.estimates[name]

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {
            "model": self.name,
            "jobs": self.jobs,
            "seed": self.seed,
            "replications": len(self),
            "complete": not self.stopped,
            "stopped": self.stopped or None,
            "measures": {name: found.to_dict() for name, found in self.estimates.items()},
            "values": {name: list(found) for name, found in self.values.items()},
            "notes": list(self.notes),
        }

    def rows(self) -> list[tuple[str, str, str]]:
        """Name, mean and interval of each measure."""
        found = []
        for name, each in self.estimates.items():
            mean, low, high = (show(name, bound) for bound in (each.value, each.low, each.high))
            found.append((name, mean, f"[{low}, {high}]" if np.isfinite([each.low, each.high]).all() else ""))
        return found

    def __str__(self) -> str:
        rows = self.rows()
        width, figures = max(len(row[0]) for row in rows), max(len(row[1]) for row in rows)
        count = f"{len(self)} of {self.asked}" if self.stopped else f"{len(self)}"
        lines = [f"{self.name}: {count} replications of {self.jobs:,} jobs, seed {self.seed}"]
        lines += [f"  {name:<{width}}  {value:>{figures}}  {interval}".rstrip() for name, value, interval in rows]
        first = next(iter(self.estimates.values()))
        lines.append(f"  intervals: {first.confidence:.0%}, by {first.method}")
        lines += [f"  {self.stopped}"] if self.stopped else []
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        from ..report.html_sweep import render_replications

        return render_replications(self)


def replicate(
    design: model.Model,
    replications: int = 10,
    jobs: int = 10_000,
    seed: int = 1,
    measures: object = None,
    confidence: float = 0.95,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    **options: object,
) -> Replications:
    """So many independent replications of a simulation, with the mean of each measure over them.

    Their seeds are derived from the one that is given. executor, workers: see `spread`; the answer does not depend on
    them, to the last bit. Ctrl-C gives what is known by then. Raises `ModelError`: as `simulate` does, or the number
    of replications is wrong (E444).
    """
    check_workers(executor, workers)
    check_options(options)
    if type(replications) is not int or not 2 <= replications <= MOST_REPLICATIONS:
        hint = f"give a number from 2 to {MOST_REPLICATIONS:,}"
        raise ModelError([Problem("E444", f"{replications!r} replications say nothing", hint=hint)])
    wanted = measures_of(design, measures)
    seeds = [seed_of(seed, number) for number in range(replications)]
    parts = [Part(design, (((), each),), jobs, options, wanted) for each in seeds]
    found: dict[int, Answer] = {}
    stopped = ""
    try:
        for number, (answer,) in spread(answers, parts, executor, workers):
            if answer.problems:
                raise ModelError(answer.problems)
            found[number] = answer
            if progress:
                progress(len(found), replications)
    except KeyboardInterrupt:
        if not found:
            raise
        stopped = "interrupted"
    known = sorted(found)
    columns = _columns([found[number] for number in known])
    estimates = {name: _mean(np.array(values), confidence) for name, values in columns.items()}
    notes = tuple(dict.fromkeys(note for number in known for note in found[number].notes))
    chosen = tuple(seeds[number] for number in known)
    return Replications(design.name, jobs, seed, replications, chosen, columns, estimates, stopped, notes)


def _columns(found: list[Answer]) -> dict[str, tuple[float, ...]]:
    """The values of each measure that all replications have."""
    names = [name for name in found[0].figures if all(name in each.figures for each in found)]
    return {
        name: tuple(
            float(figure.value if isinstance(figure, Estimate) else figure)
            for figure in (each.figures[name] for each in found)
        )
        for name in names
    }


def _mean(values: np.ndarray, confidence: float) -> Estimate:
    """The mean over replications; those of which it is not known are left out, and that is said."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Estimate(float("nan"), float("-inf"), float("inf"), confidence, "no replication has it")
    found = mean_of(known, confidence)
    return Estimate(found.value, found.low, found.high, confidence, f"Student t over {len(known)} replications")
