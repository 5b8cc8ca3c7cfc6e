"""The mean and the percentiles of the jobs of a ledger, after the warm-up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .delays import Array
from .ledger import Ledger
from .statistics import (
    Estimate,
    Ranked,
    Sketch,
    Sorted,
    cut_of,
    doubt_of,
    mean_of,
    mean_of_moments,
    mean_of_queued,
    mean_of_series,
    percentile_of_batches,
    percentile_of_ranked,
    together,
)

MSER = "MSER-5"


@dataclass(frozen=True)
class Measures:
    """What can be said of the times in a ledger. mser: the rule MSER-5 finds where the warm-up of a queue ends."""

    ledger: Ledger
    mser: bool

    @cached_property
    def cells(self) -> int:
        """How many cells of the series the rule leaves out."""
        return cut_of(self.ledger.series.means) if self.mser and self.ledger.queued else 0

    @property
    def warm_up(self) -> int:
        """How many of the first jobs are left out."""
        return self.ledger.job_after(self.cells * self.ledger.series.size)

    @cached_property
    def values(self) -> Array | None:
        """The measured times in order of arrival, where all are kept."""
        if self.ledger.spread is not None:
            return None
        return self.ledger.measured()[self.cells * self.ledger.series.size :]

    @cached_property
    def parts(self) -> tuple[Sketch, ...]:
        """Sketches of consecutive jobs, where not all times are kept."""
        assert self.ledger.spread is not None
        return self.ledger.spread.without(self.cells * self.ledger.series.size)

    @cached_property
    def ranked(self) -> Ranked:
        """The measured times in order."""
        return together(self.parts) if self.values is None else Sorted(np.sort(self.values))

    @cached_property
    def doubt(self) -> str:
        """Why the intervals of a queue's times cannot be trusted; empty where they can."""
        if not self.ledger.queued:
            return ""
        if self.values is not None:
            return doubt_of(self.values)
        return doubt_of(self.ledger.series.means[self.cells :], self.ledger.series.size)

    def mean(self, confidence: float) -> Estimate:
        """The mean time."""
        ledger = self.ledger
        if not ledger.times.count:
            return Estimate(math.nan, -math.inf, math.inf, confidence, "no job ended")
        if not ledger.queued:
            # From all times where they are there: the same bits, however the jobs were cut into blocks.
            values = self.values
            return mean_of_moments(ledger.times, confidence) if values is None else mean_of(values, confidence)
        if self.values is not None:
            return mean_of_queued(self.values, confidence)
        return mean_of_series(ledger.series, self.cells, confidence)

    def percentile(self, percent: float, confidence: float) -> Estimate:
        """A percentile of the times."""
        if not self.ledger.times.count:
            return self.mean(confidence)
        if not self.ledger.queued:
            return percentile_of_ranked(self.ranked, percent, confidence)
        parts: Array | Sequence[Sketch] = self.parts[:-1] if self.values is None else self.values
        return percentile_of_batches(self.ranked, parts, percent, confidence)
