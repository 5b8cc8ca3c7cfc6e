"""The verb compare."""

from __future__ import annotations

import argparse

from .exits import GOOD
from .inputs import load_named
from .terminal import print_json, progress


def run(chosen: argparse.Namespace) -> int:
    """Sets an orchestration beside a choreography."""
    from ..api import compare

    if chosen.plot:
        from ..plot.files import must_be_picture

        must_be_picture(chosen.plot)
    first, second = (load_named(name, chosen)[0] for name in (chosen.orchestration, chosen.choreography))
    with progress(f"simulating {chosen.jobs:,} jobs of each design ..."):
        result = compare(first, second, jobs=chosen.jobs, seed=chosen.seed)
    growth = None
    if chosen.scaling:
        with progress("simulating more services, load and overheads ..."):
            growth = result.growth()
    if chosen.json:
        print_json(result.to_dict() | ({"scaling": growth.to_dict()} if growth is not None else {}))
    else:
        print(result if growth is None else f"{result}\n\n{growth}", flush=True)
    if chosen.plot:
        with progress(f"drawing {chosen.plot} ..."):
            result.plot(chosen.plot)
    return GOOD
