"""Sequence diagrams of traces as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..report.sequence import sequence_of
from ..report.sequence_drawing import sequence_drawing
from .drawing import paint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..results import Result
    from ..trace import Trace


def draw_sequence(told: Trace | Result, ax: Axes | None = None) -> Axes:
    """The sequence diagram of a trace or of a result's trace; raises ValueError where a result has none."""
    return paint(sequence_drawing(sequence_of(told)), ax)
