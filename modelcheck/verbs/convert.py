"""The verb convert."""

from __future__ import annotations

import argparse
from pathlib import Path

from .exits import GOOD
from .inputs import load_named
from .terminal import print_json


def run(chosen: argparse.Namespace) -> int:
    """Writes a model out as text."""
    from ..api import to_text

    design, _ = load_named(chosen.model, chosen)
    text = to_text(design)
    if chosen.output is not None:
        Path(chosen.output).write_text(text, encoding="utf-8")
    if chosen.json:
        print_json({"model": design.name, "format": chosen.to, "text": text})
    elif chosen.output is None:
        print(text, end="")
    return GOOD
