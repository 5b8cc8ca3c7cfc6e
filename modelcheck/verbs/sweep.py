"""The verb sweep."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import ModelError, Problem
from .exits import GOOD, INTERRUPTED, WRONG
from .inputs import load_named
from .terminal import counting, present, progress

# Below so many jobs in all, other processes would take longer to start than they save.
WORTH_PROCESSES = 300_000


def run(chosen: argparse.Namespace) -> int:
    """Simulates many designs; prints, writes and draws the table."""
    from ..api import sweep
    from ..sweep.table import must_have_parquet

    _check_files(chosen)
    if chosen.parquet:
        must_have_parquet()
    design, _ = load_named(chosen.model, chosen)
    with counting(f"sweeping {chosen.model}:") as tell:
        found = sweep(
            design,
            chosen.vary,
            jobs=chosen.jobs,
            seed=chosen.seed,
            measures=chosen.measures,
            mode="zip" if chosen.zip else "grid",
            base=chosen.base,
            workers=chosen.workers or _workers(chosen),
            progress=tell,
        )
    present(found, chosen)
    if chosen.csv:
        found.to_csv(chosen.csv)
    if chosen.parquet:
        found.to_parquet(chosen.parquet)
    if chosen.plot:
        with progress(f"drawing {chosen.plot} ..."):
            found.plot(y=found.measures[0] if found.measures else "mean", ax=chosen.plot)
    if not found.complete:
        return INTERRUPTED if found.stopped == "interrupted" else WRONG
    return GOOD if found.failed < len(found) else WRONG


def _workers(chosen: argparse.Namespace) -> int:
    """As many as there are processors, where the work is worth it."""
    from ..spread import processors
    from ..sweep.values import values_of

    count = 1
    for name, values in chosen.vary:
        count *= len(values_of(name, values))
    return processors() if count * chosen.jobs >= WORTH_PROCESSES else 1


def _check_files(chosen: argparse.Namespace) -> None:
    """What cannot be written is said before anything is simulated."""
    for path in (chosen.csv, chosen.parquet, chosen.plot):
        if path and (not Path(path).parent.is_dir() or Path(path).is_dir()):
            what = "it is a folder" if Path(path).is_dir() else "there is no such folder"
            raise ModelError([Problem("E902", f"cannot write '{path}': {what}")])
    if chosen.plot:
        from ..plot.files import must_be_picture

        must_be_picture(chosen.plot)
