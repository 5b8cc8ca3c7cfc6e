"""The verb simulate."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ..errors import ModelError, Problem
from .exits import GOOD, INTERRUPTED, OPEN
from .inputs import load_named
from .terminal import counting, how_far_simulated, how_quickly, present, progress

if TYPE_CHECKING:
    from ..model import Model


def run(chosen: argparse.Namespace) -> int:
    """Simulates a design, and draws its times."""
    from ..api import simulate

    if chosen.plot:
        from ..plot.files import must_be_picture

        must_be_picture(chosen.plot)
    design, _ = load_named(chosen.model, chosen)
    if chosen.replications:
        return _replicate(design, chosen)
    with progress(f"simulating {chosen.model} ...", how_far_simulated) as tell:
        result = simulate(
            design,
            jobs=chosen.jobs,
            seed=chosen.seed,
            back_end=chosen.back_end,
            warmup=chosen.warmup,
            confidence=chosen.confidence,
            precision=chosen.precision,
            precision_of=chosen.precision_of,
            seconds=chosen.seconds,
            progress=tell,
            exact=True,
            workers=chosen.workers,
        )
    present(result, chosen)
    if result.queued and (chosen.workers or 1) > 1:
        print("jobs share workers here, so that one process has simulated them; see --replications", file=sys.stderr)
    if sys.stderr.isatty() and result.jobs:
        print(how_quickly(result), file=sys.stderr)
    if result.stopped == "interrupted":
        print("interrupted: what is shown is what was known by then", file=sys.stderr)
        return INTERRUPTED
    if chosen.plot:
        with progress(f"drawing {chosen.plot} ..."):
            from ..plot.times import save_times

            save_times(result, chosen.plot)
    return OPEN if result.incomplete else GOOD


def _replicate(design: Model, chosen: argparse.Namespace) -> int:
    """Several independent simulations."""
    from ..api import replicate
    from ..simulate.asked import JOBS, MOST_PRECISE_JOBS

    if chosen.plot or chosen.seconds:
        what = "--plot" if chosen.plot else "--seconds"
        raise ModelError([Problem("E444", f"{what} is about one simulation, not about replications")])
    jobs = chosen.jobs or (MOST_PRECISE_JOBS if chosen.precision else JOBS)
    with counting(f"simulating {chosen.model}:") as tell:
        found = replicate(
            design,
            replications=chosen.replications,
            jobs=jobs,
            seed=chosen.seed,
            confidence=chosen.confidence,
            workers=chosen.workers,
            progress=tell,
            back_end=chosen.back_end,
            warmup=chosen.warmup,
            precision=chosen.precision,
            precision_of=chosen.precision_of,
        )
    present(found, chosen)
    return INTERRUPTED if found.stopped else GOOD
