"""The verb outcomes."""

from __future__ import annotations

import argparse

from .exits import GOOD, OPEN, WRONG
from .inputs import limits_of, load_named
from .terminal import print_json, progress


def run(chosen: argparse.Namespace) -> int:
    """Lists observable outcomes, of one design or of two."""
    from ..check.outcomes import compare_outcomes, outcomes_of
    from ..report.outcomes import render_agreement, render_outcomes

    designs = [load_named(name, chosen)[0] for name in (chosen.model, chosen.other) if name]
    with progress("exploring ..."):
        if chosen.other:
            both = compare_outcomes(designs[0], designs[1], limits_of(chosen))
        else:
            one = outcomes_of(designs[0], limits_of(chosen))
    if chosen.other:
        print_json(both.to_dict()) if chosen.json else print(render_agreement(both, chosen.verbose))
        return {"proved": GOOD, "refuted": WRONG}.get(both.verdict, OPEN)
    print_json(one.to_dict()) if chosen.json else print(render_outcomes(one, chosen.verbose))
    return GOOD if one.complete else OPEN
