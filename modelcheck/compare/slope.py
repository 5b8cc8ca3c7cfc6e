"""Growth measured by counting: the slope of a straight line through logarithms, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..simulate import Estimate


def slope_of(sizes: Sequence[float], counts: Sequence[float], confidence: float = 0.95) -> Estimate:
    """k where counts grow like sizes^k: least squares on the logarithms, with Student's t on n - 2 degrees of freedom.

    Counts that do not vary at all have slope 0; an exact power law has an interval without width.
    """
    x, y = np.log(np.asarray(sizes, dtype=float)), np.log(np.asarray(counts, dtype=float))
    if len(x) < 3 or float(np.ptp(x)) == 0:
        return Estimate(math.nan, -math.inf, math.inf, confidence, "a slope needs three sizes")
    from scipy.special import stdtrit

    spread = x - x.mean()
    slope = float(spread @ y / (spread @ spread))
    rest = (y - y.mean()) - slope * spread
    error = math.sqrt(float(rest @ rest) / (len(x) - 2) / float(spread @ spread))
    half = float(stdtrit(len(x) - 2, (1 + confidence) / 2)) * error
    return Estimate(slope, slope - half, slope + half, confidence, f"log-log regression over {len(x)} sizes")
