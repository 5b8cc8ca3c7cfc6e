"""The verb compare."""

from __future__ import annotations

import argparse

from .exits import GOOD
from .inputs import load_named
from .terminal import present, progress


def run(chosen: argparse.Namespace) -> int:
    """Sets an orchestration beside a choreography."""
    from ..api import compare

    if chosen.plot:
        from ..plot.files import must_be_picture

        must_be_picture(chosen.plot)
    first, second = (load_named(name, chosen)[0] for name in (chosen.orchestration, chosen.choreography))
    with progress(f"simulating {chosen.jobs:,} jobs of each design ..."):
        result = compare(first, second, jobs=chosen.jobs, seed=chosen.seed)
    present(result, chosen)
    if chosen.plot:
        with progress(f"drawing {chosen.plot} ..."):
            result.plot(chosen.plot)
    return GOOD
