"""The verb scale."""

from __future__ import annotations

import argparse

from .exits import GOOD, WRONG
from .inputs import load_named
from .terminal import print_json, progress


def run(chosen: argparse.Namespace) -> int:
    """How far one design, or each of two, scales under an objective; one that never meets it is not as it should be."""
    from ..compare.scalability import scale, set_beside

    if chosen.plot:
        from ..plot.files import must_be_picture

        must_be_picture(chosen.plot)
    what, values = chosen.vary
    found = []
    for name in filter(None, (chosen.model, chosen.other)):
        design, _ = load_named(name, chosen)
        with progress(f"simulating {name} for {len(values)} values of {what} ..."):
            found.append(scale(design, what, values, chosen.objective, chosen.jobs, chosen.seed))
    verdict = set_beside(*found) if len(found) == 2 else ""
    if chosen.json:
        data = [each.to_dict() for each in found]
        print_json(data[0] if len(found) == 1 else {"designs": data, "verdict": verdict})
    else:
        print("\n\n".join([*map(str, found), *([verdict] if verdict else [])]), flush=True)
    if chosen.plot:
        from ..plot.scalability import save_scalability

        save_scalability(found, chosen.plot)
    return GOOD if all(each.most is not None for each in found) else WRONG
