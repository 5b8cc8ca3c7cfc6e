"""The verb calibrate."""

from __future__ import annotations

import argparse

from .exits import GOOD, WRONG
from .inputs import load_named
from .terminal import present, progress


def run(chosen: argparse.Namespace) -> int:
    """Gives a model measured times; what it then does not reproduce is not as it should be."""
    from ..api import calibrate

    if chosen.plot:
        from ..plot.files import must_be_picture

        must_be_picture(chosen.plot)
    design, _ = load_named(chosen.model, chosen)
    with progress(f"calibrating {chosen.model} ..."):
        result = calibrate(
            design,
            chosen.measurements,
            columns=dict(chosen.columns or ()),
            unit=chosen.unit,
            names=dict(chosen.name or ()),
            fit=chosen.fit,
            jobs=chosen.jobs,
            seed=chosen.seed,
        )
    present(result, chosen)
    if chosen.output:
        files = result.save(chosen.output)
        if not chosen.json:
            more = f", and {len(files) - 1} files of times in {files[1].parent}" if len(files) > 1 else ""
            print(f"written: {files[0]}{more}")
    if chosen.plot:
        with progress(f"drawing {chosen.plot} ..."):
            result.plot(chosen.plot)
    return GOOD if result.agrees else WRONG
