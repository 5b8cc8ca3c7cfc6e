"""Writes the errors that each file of tests/broken gives now beside it: `python tests/rewrite_broken.py [NAME ...]`.

What has changed is to be read with `git diff tests/broken`, message by message, before it is committed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from modelcheck.api import load
from modelcheck.errors import ModelError


def main(names: list[str]) -> None:
    """Rewrites the texts of these files, or of all."""
    os.chdir(Path(__file__).parent / "broken")
    for path in sorted(Path().glob("*.yaml")):
        if names and path.stem not in names:
            continue
        try:
            load(path)
        except ModelError as error:
            path.with_suffix(".txt").write_text(f"{error}\n", encoding="utf-8")
        else:
            sys.exit(f"{path} is not broken")


if __name__ == "__main__":
    main(sys.argv[1:])
