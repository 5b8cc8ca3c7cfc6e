"""Random numbers by address: the draw for (seed, job, task, visit, attempt, purpose) is a pure function of these.

So a block of jobs is drawn at once, any single draw can be made again, back ends see the same luck whatever order they
ask in, and two designs whose steps name the same task see the same service times.

(seed, task, visit, attempt, purpose) is hashed (BLAKE2b) to a stream of its own: a start and an odd step, mixed as for
a split generator; the job's number is the position in the stream, where SplitMix64 gives the number (Steele, Lea and
Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..model import Delay
from .delays import Array, Sampler
from .delays.compound import LEAST, MOST

Jobs: TypeAlias = range | NDArray[np.int64]

MASK = 0xFFFF_FFFF_FFFF_FFFF
SHORT, LONG, KEPT = 32, 2048, 64


def stream(seed: int, task: str, visit: int = 1, attempt: int = 1, purpose: str = "service") -> tuple[int, int]:
    """The start and the odd step of a stream."""
    address = "\0".join((str(seed), task, str(visit), str(attempt), purpose))
    digest = blake2b(address.encode(), digest_size=16).digest()
    step = int.from_bytes(digest[8:], "little") | 1
    if (step ^ (step >> 1)).bit_count() < 24:  # Too regular a step is a weak one.
        step ^= 0xAAAA_AAAA_AAAA_AAAA
    return int.from_bytes(digest[:8], "little"), step


def uniforms(chosen: tuple[int, int], jobs: Jobs) -> Array:
    """The stream's numbers for these jobs: uniform in the open interval (0, 1), 52 bits each."""
    start, step = (np.uint64(part) for part in chosen)
    if isinstance(jobs, range):
        x = np.arange(jobs.start + 1, jobs.stop + 1, dtype=np.uint64)
    else:
        x = jobs.astype(np.uint64) + np.uint64(1)
    x *= step
    x += start
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    x ^= x >> np.uint64(31)
    return (x >> np.uint64(12)).astype(np.float64) * 2.0**-52 + 2.0**-53


def uniform(chosen: tuple[int, int], job: int) -> float:
    """The same number for one job, in plain Python."""
    start, step = chosen
    x = (start + step * (job + 1)) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB) & MASK
    x ^= x >> 31
    return (x >> 12) * 2.0**-52 + 2.0**-53


def correlated(numbers: Array, common: Array, correlation: float) -> Array:
    """Uniform numbers that share a common factor: a Gaussian copula (Vasicek 1987, with one factor for each job).

    As normal variables any two of them have this correlation; each by itself is as uniform as it was.
    """
    from scipy import special

    normal = math.sqrt(correlation) * special.ndtri(common) + math.sqrt(1 - correlation) * special.ndtri(numbers)
    return np.clip(special.ndtr(normal), LEAST, MOST)


class Draws:
    """The draws of one task for one purpose, through a sampler (or as they are): by job, visit and attempt.

    They are made in blocks of neighbouring jobs (short ones for visits that few jobs make), of which the last few
    are kept: memory does not grow with the number of jobs. delay: the distribution that is drawn from, where it is one.
    correlation: of these numbers with all others that are drawn with it for the same job; see `correlated`.
    """

    def __init__(
        self,
        seed: int,
        task: str,
        purpose: str,
        sample: Sampler | None = None,
        delay: Delay | None = None,
        correlation: float = 0.0,
    ):
        self.seed, self.task, self.purpose, self.delay, self.correlation = seed, task, purpose, delay, correlation
        self.sample: Callable[[Array], Array] = sample or (lambda numbers: numbers)
        self._blocks: dict[tuple[int, int, int], list[float]] = {}

    def of_jobs(self, jobs: Jobs, visit: int = 1, attempt: int = 1) -> Array:
        """The draws for these jobs, given as a range or as an array of their numbers."""
        numbers = uniforms(stream(self.seed, self.task, visit, attempt, self.purpose), jobs)
        if self.correlation:
            numbers = correlated(numbers, uniforms(stream(self.seed, "", purpose="luck"), jobs), self.correlation)
        return self.sample(numbers)

    def __call__(self, job: int, visit: int = 1, attempt: int = 1) -> float:
        """The draw for one job."""
        size = LONG if visit == attempt == 1 else SHORT
        number, offset = divmod(job, size)
        block = self._blocks.get((number, visit, attempt))
        if block is None:
            block = self._make_block(number, size, visit, attempt)
        return block[offset]

    def _make_block(self, number: int, size: int, visit: int, attempt: int) -> list[float]:
        block: list[float] = self.of_jobs(range(number * size, (number + 1) * size), visit, attempt).tolist()
        if len(self._blocks) >= 2 * KEPT:
            for old in list(self._blocks)[:KEPT]:
                del self._blocks[old]
        self._blocks[number, visit, attempt] = block
        return block
