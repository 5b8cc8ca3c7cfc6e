"""The verb simulate."""

from __future__ import annotations

import argparse
import sys

from .exits import GOOD, INTERRUPTED, OPEN
from .inputs import load_named
from .terminal import how_far_simulated, present, progress


def run(chosen: argparse.Namespace) -> int:
    """Simulates a design, and draws its times."""
    from ..api import simulate

    if chosen.plot:
        from ..plot.files import must_be_picture

        must_be_picture(chosen.plot)
    design, _ = load_named(chosen.model, chosen)
    many = f"{chosen.jobs:,} jobs of " if chosen.jobs else ""
    with progress(f"simulating {many}{chosen.model} ...", how_far_simulated) as tell:
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
            workers=chosen.workers,
        )
    present(result, chosen)
    if result.stopped == "interrupted":
        print("interrupted: what is shown is what was known by then", file=sys.stderr)
        return INTERRUPTED
    if chosen.plot:
        with progress(f"drawing {chosen.plot} ..."):
            from ..plot.times import save_times

            save_times(result, chosen.plot)
    return OPEN if result.incomplete else GOOD
