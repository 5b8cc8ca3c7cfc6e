"""The verb replay."""

from __future__ import annotations

import argparse
import sys

from .exits import GOOD, WRONG
from .terminal import print_json


def run(chosen: argparse.Namespace) -> int:
    """Walks a saved trace through its model again."""
    from ..api import load
    from ..explore.saved import read
    from ..explore.verbs import exploration_of, model_of_trace, replay, told_replay

    data = read(chosen.trace)
    name = chosen.model or model_of_trace(data, chosen.trace)
    data["constants"] |= dict(chosen.set)
    there, problems = replay(exploration_of(load(name, data["constants"]), name, data["constants"]), data)
    if chosen.json:
        print_json({"replays": there is not None, "steps": len(data["steps"]), "errors": problems})
    elif there is not None:
        print(told_replay(there), flush=True)
    for problem in problems:
        print(problem.render(), file=sys.stderr)
    return GOOD if there is not None else WRONG
