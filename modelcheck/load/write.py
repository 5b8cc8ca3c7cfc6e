"""Model to text: the inverse of loading, from the same tables.

What is written is read again before it is given away, so that no text ever means another model.
"""

from __future__ import annotations

from .. import model
from ..errors import ModelError, Problem
from . import KINDS, load_text, reader_of
from .layout import yaml_text
from .writing import CannotWrite, Written

NAME = "<written>"


def to_text(design: model.Model) -> str:
    """The text of a model, as a person would have written it; `load_text` gives the same model again.

    Numbers and truth values that Python code gave for formulas become formulas. Raises `ModelError` (E039) for what
    the text cannot say: an infinite number, a name that is none, a step that refers to a service that there is not.
    """
    text = _text_of(design)
    try:
        again = _text_of(load_text(text, NAME))
    except ModelError as error:
        problem = Problem("E039", f"'{design.name}' cannot be written as text that can be read again")
        raise ModelError([problem, *error.problems]) from None
    if again != text:
        old, new = next(pair for pair in zip(text.splitlines(), again.splitlines(), strict=False) if pair[0] != pair[1])
        message = f"'{design.name}' cannot be written: '{old.strip()}' would be read as '{new.strip()}'"
        raise ModelError([Problem("E039", message)])
    return text


def tree_of(design: model.Model) -> dict[str, Written]:
    """What stands in the text of a model, as plain mappings, lists and texts. Raises `ModelError` (E039)."""
    kind = model.kind_of(design)
    if kind not in KINDS:
        raise ModelError([Problem("E039", f"there is no text for a {type(design).__name__}")])
    try:
        written = reader_of(kind).write(design)
    except CannotWrite as error:
        place = " > ".join(error.at) or kind
        raise ModelError([Problem("E039", f"'{design.name}' cannot be written: {place}: {error.message}")]) from None
    assert isinstance(written, dict)
    return written


def _text_of(design: model.Model) -> str:
    return yaml_text(tree_of(design))
