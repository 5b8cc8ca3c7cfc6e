"""Families: what `for each` says, and what is known of a step that was written out from a short form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Formula = str | bool | int | float


@dataclass(frozen=True, kw_only=True)
class Index:
    """`for each i in low..high`: one action or step for each value; the bounds are constants."""

    name: str
    low: Formula
    high: Formula


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What is known of a step or participant that was made by `expand`; nobody writes it.

    made: it was written out already. indices: the values that the indices of `for each` have in this copy.
    instant: it has no work, and happens in one action. part_of: the step that runs a flow, of whose begin or end this
    is. undone_with: the step that runs a flow and undoes it as a whole. hides: what
    its timeout hides, by the timeout policy, and how likely a success where that is not sure.
    """

    made: bool = False
    indices: Mapping[str, int] = field(default_factory=dict)
    instant: bool = False
    part_of: str = ""
    undone_with: str = ""
    hides: str = "nothing"
    hidden: float | None = None
