"""Prints the language reference."""

from __future__ import annotations

from . import reference_text

print(reference_text(), end="")
