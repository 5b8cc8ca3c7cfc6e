"""Estimates with intervals that can fail: means, percentiles, proportions, differences; and where the warm-up ends.

Of arrays, and of streams whose length memory does not depend on.
"""

from __future__ import annotations

from .batches import (
    cut_of,
    doubt_of,
    mean_of_queued,
    mean_of_series,
    percentile_of_batches,
    percentile_of_queued,
    proportion_of_queued,
    warm_up,
)
from .estimates import (
    Estimate,
    jobs_for,
    mean_of,
    mean_of_moments,
    paired_difference,
    percentile_of,
    percentile_of_ranked,
    proportion_of,
)
from .moments import Moments
from .series import Series
from .sketch import Ranked, Sketch, Sorted, Spread, sketch_of, together

__all__ = [
    "Estimate",
    "Moments",
    "Ranked",
    "Series",
    "Sketch",
    "Sorted",
    "Spread",
    "cut_of",
    "doubt_of",
    "jobs_for",
    "mean_of",
    "mean_of_moments",
    "mean_of_queued",
    "mean_of_series",
    "paired_difference",
    "percentile_of",
    "percentile_of_batches",
    "percentile_of_queued",
    "percentile_of_ranked",
    "proportion_of",
    "proportion_of_queued",
    "sketch_of",
    "together",
    "warm_up",
]
