"""The formulas of the seed document beside the truth, for an orchestration and a choreography of the same tasks."""

from __future__ import annotations

from .comparison import Comparison, compare
from .scaling import Scaling, scaling

__all__ = ["Comparison", "Scaling", "compare", "scaling"]
