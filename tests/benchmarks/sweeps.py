"""Two hundred designs with ten thousand jobs each: on two processes, beside one, beside simulating each by hand."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

from modelcheck.api import sweep
from modelcheck.load import load_text
from modelcheck.simulate import simulate
from modelcheck.spread import processors
from modelcheck.sweep.paths import with_value

JOBS = 10_000
# A kitchen that queues, cooks that come in two speeds, an oven that burns one in fifty.
KITCHEN = """
orchestration: kitchen
services:
  cook: {time: exponential(mean=20ms), workers: 2}
  oven: {time: "lognormal(mean=30ms, sigma=0.5)", workers: 4, fails: 2%}
flow:
  steps:
    cook: {service: cook}
    bake: {service: oven, after: cook, retry: 2}
arrivals: exponential(mean=15ms)
"""
# Nothing queues: what a design costs beside its jobs.
STALL = KITCHEN.replace(", workers: 2", "").replace(", workers: 4, fails: 2%", "").replace(", retry: 2", "")
GRID = {"services.cook.workers": "2..9", "arrivals": "exponential(mean=11ms..35ms/1ms)"}
TIMES = {"services.cook.time.mean": "11ms..30ms/1ms", "services.oven.time.mean": "11ms..20ms/1ms"}

Row = tuple[str, float, float | None]


def sweeps() -> Iterator[Row]:
    """Sweeps with other numbers of workers; the answers must be the same to the last bit."""
    design = load_text(KITCHEN)
    one, alone, worked_alone = _timed(lambda: sweep(design, GRID, jobs=JOBS))
    two, together, worked = _timed(lambda: sweep(design, GRID, jobs=JOBS, workers=2))
    assert len(one) == 200
    assert one == two, "two workers give other answers than one"
    assert one.failed == 0
    # Others may use the machine: what the two have worked is what it takes where they have a processor each.
    yield "200 designs of 10,000 jobs: the work of each of 2 workers, by a minute", worked / 2 / 60, 0.5
    yield f"as long on 2 workers as on 1 (of {processors()} processors)", together / alone, None
    # To start two processes takes a second of it.
    yield "processor time on 2 workers, by that on 1", worked / worked_alone, 2.0
    design = load_text(STALL.replace("arrivals: exponential(mean=15ms)\n", ""))
    found, _, swept = _timed(lambda: sweep(design, TIMES, jobs=JOBS))
    assert len(found) == 200
    _, _, by_hand = _timed(lambda: [_by_hand(design, row.values) for row in found])
    yield "200 designs without queues in a sweep, by simulating each by hand", swept / by_hand, 1.2


def _by_hand(design: Any, values: tuple[str, ...]) -> object:
    for path, text in zip(TIMES, values, strict=True):
        design = with_value(design, path, text)
    return simulate(design, JOBS)


def _timed(work: Any) -> tuple[Any, float, float]:
    """What comes of it, how long it took, and how much processor time, with that of processes that have ended."""
    before, used = time.perf_counter(), sum(os.times()[:4])
    found = work()
    return found, time.perf_counter() - before, sum(os.times()[:4]) - used
