"""Files that other tools write, and our own: the end of a file's name says which it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..load import load_file as load_text_file
from ..model import Model


def load_file(path: str | Path, constants: Mapping[str, str] | None = None) -> Model:
    """The model in a file; `constants` replace declared ones. Raises `ModelError` with all problems of the file."""
    if Path(path).suffix.lower() == ".pnml":
        from .pnml import load_pnml

        return load_pnml(path, constants)
    return load_text_file(path, constants)
