"""The formulas of the seed document beside the truth, for an orchestration and a choreography of the same tasks."""

from __future__ import annotations

from .claims import Averages, Claim, averages, averages_of, claims
from .comparison import Comparison, compare
from .growth import Growth
from .loads import loads
from .scalability import Scalability, scale, set_beside
from .scaling import scaling
from .topologies import Topologies, topologies

__all__ = [
    "Averages", "Claim", "Comparison", "Growth", "Scalability", "Topologies", "averages", "averages_of", "claims",
    "compare", "loads", "scale", "scaling", "set_beside", "topologies",
]  # fmt: skip
