"""Running a command line within the tests."""

from __future__ import annotations

import shlex

from modelcheck.cli import main


def run(command: str) -> int:
    """The exit code of a command line."""
    try:
        return main(shlex.split(command))
    except SystemExit as error:  # argparse
        return int(error.code or 0)
