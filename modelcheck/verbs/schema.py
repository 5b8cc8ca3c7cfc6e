"""The verb schema."""

from __future__ import annotations

import argparse

from .exits import GOOD


def run(_chosen: argparse.Namespace) -> int:
    """Prints the JSON schema of model files."""
    from ..load import schema_text

    print(schema_text(), end="")
    return GOOD
