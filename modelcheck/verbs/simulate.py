"""The verb simulate."""

from __future__ import annotations

import argparse

from .exits import GOOD
from .inputs import load_named
from .terminal import present, progress


def run(chosen: argparse.Namespace) -> int:
    """Simulates a design, and draws its times."""
    from ..api import simulate

    if chosen.plot:
        from ..plot.files import must_be_picture

        must_be_picture(chosen.plot)
    design, _ = load_named(chosen.model, chosen)
    with progress(f"simulating {chosen.jobs:,} jobs of {chosen.model} ..."):
        result = simulate(design, jobs=chosen.jobs, seed=chosen.seed)
    present(result, chosen)
    if chosen.plot:
        with progress(f"drawing {chosen.plot} ..."):
            from ..plot.times import save_times

            save_times(result, chosen.plot)
    return GOOD
