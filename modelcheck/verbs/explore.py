"""The verb explore."""

from __future__ import annotations

import argparse

from .terminal import in_color, print_json, progress


def run(chosen: argparse.Namespace) -> int:
    """Steps through a design."""
    from ..api import explore as explore_model
    from ..explore.verbs import explore

    with progress(f"preparing {chosen.model} ..."):
        constants = dict(chosen.set)
        here = explore_model(chosen.model, constants=constants, trace=chosen.trace, property=chosen.property)
    return explore(here, chosen.script, in_color(), print_json if chosen.json else None)
