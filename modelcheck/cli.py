"""The command line: one verb a question. Help and usage need the arguments only; the rest is imported afterwards."""

from __future__ import annotations

import sys

from .arguments import parser_of, without_value

TYPE_CHECKING = False  # Without `typing`, help comes sooner.
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code (see `verbs.exits`)."""
    _be_lenient_about_characters()
    parser = parser_of()
    chosen = parser.parse_args(arguments)
    if (option := without_value(chosen)) is not None:
        parser.error(f"argument --{option}: '--' is no value")
    from .verbs import perform

    return perform(chosen)


def _be_lenient_about_characters() -> None:
    """A terminal that cannot show a character shows another one."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
