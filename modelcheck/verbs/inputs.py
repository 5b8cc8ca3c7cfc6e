"""What verbs are given: models by name, limits."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..engine.target import Limits
    from ..model import Model


def load_named(name: str, chosen: argparse.Namespace) -> tuple[Model, Path]:
    """A model by the name that was typed, and the path of its file from here."""
    from ..api import load
    from ..library import find_model

    path = _short(find_model(name))
    return load(path, dict(chosen.set)), path


def _short(path: Path) -> Path:
    """The path from here, where that is shorter."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def models_named(names: Sequence[str]) -> Iterator[str]:
    """The models named; a folder means all models in it."""
    from ..library import models_in

    for name in names:
        if os.path.isdir(name):
            yield from (str(path) for path in models_in(Path(name)))
        else:
            yield name


def limits_of(chosen: argparse.Namespace) -> Limits:
    """The limits that the arguments set."""
    from ..engine.target import Limits

    given = {key: getattr(chosen, key, None) for key in ("states", "seconds", "depth", "memory")}
    return Limits(**{key: value for key, value in given.items() if value is not None})
