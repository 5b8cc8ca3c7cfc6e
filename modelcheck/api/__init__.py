"""The handful of functions that mirror the verbs of the command line."""

from __future__ import annotations

from .designs import check, explore, graph, load, outcomes, same_outcomes, to_text
from .times import calibrate, compare, difference, replicate, scale, simulate, sweep, timeline, topologies

__all__ = [
    "calibrate", "check", "compare", "difference", "explore", "graph", "load", "outcomes", "replicate", "same_outcomes",
    "scale", "simulate", "sweep", "timeline", "to_text", "topologies",
]  # fmt: skip
