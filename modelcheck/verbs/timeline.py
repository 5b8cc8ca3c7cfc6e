"""The verb timeline."""

from __future__ import annotations

import argparse

from .exits import GOOD
from .inputs import load_named
from .terminal import present, progress


def run(chosen: argparse.Namespace) -> int:
    """Simulates a few jobs and shows all that they do, in time."""
    from ..api import check, timeline
    from ..plot.files import must_be_picture, save_drawing, save_timeline
    from ..report.timeline_drawing import must_be_one, sequence_with_times

    if chosen.output and not chosen.output.lower().endswith(".json"):
        must_be_picture(chosen.output, ".json (a Chrome trace)")
    if chosen.sequence:
        must_be_picture(chosen.sequence)
        must_be_one(chosen.jobs)
    design, _ = load_named(chosen.model, chosen)
    with progress(f"simulating {chosen.jobs:,} jobs of {chosen.model} ..."):
        source = check(design, properties=[chosen.property]).results[0] if chosen.property else design
        found = timeline(source, jobs=chosen.jobs, seed=chosen.seed)
    present(found, chosen)
    with progress("drawing ..."):
        if chosen.output:
            save_timeline(found, chosen.output)
        if chosen.sequence:
            save_drawing(sequence_with_times(found), chosen.sequence)
    return GOOD
