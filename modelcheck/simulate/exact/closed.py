"""Users who think, start a job, wait for its end and think again: a closed network of queues, in the long run.

(Gordon and Newell 1967, Operations Research 15; Baskett, Chandy, Muntz and Palacios 1975, J. ACM 22; the sum over all
states by convolution: Buzen 1973, Comm. ACM 16. Only positive numbers are added up: nothing is lost by cancellation.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..delays import Array
from .reason import NotExact
from .routing import Queue

MOST_USERS = 5_000


@dataclass(frozen=True)
class Cycle:
    """throughput: jobs a second. waiting: the mean wait in each queue, in the order given."""

    throughput: float
    waiting: tuple[float, ...]


def cycle_of(users: int, delay: float, queues: Sequence[Queue]) -> Cycle:
    """So many users, each for this time thinking or in delays without queues; raises `NotExact` for too many."""
    if users > MOST_USERS:
        raise NotExact(f"there are more than {MOST_USERS:,} users")
    scale = max([delay / users, *(queue.visits * queue.mean / queue.workers for queue in queues)])
    alone = [_weights(queue.visits * queue.mean / scale, queue.workers, users) for queue in queues]
    thinking = _weights(delay / scale, users, users)
    whole = _product([thinking, *alone], users)
    throughput = float(whole[users - 1] / whole[users]) / scale
    waiting = []
    for index, queue in enumerate(queues):
        others = _product([thinking, *alone[:index], *alone[index + 1 :]], users)
        shares = alone[index] * others[::-1] / whole[users]
        present = float(np.arange(users + 1) @ shares)
        waiting.append(present / (throughput * queue.visits) - queue.mean)
    return Cycle(throughput, tuple(waiting))


def _weights(load: float, workers: int, users: int) -> Array:
    """The weight of each number of users at a station, up to a factor: the load to this power, over the services that
    can end there at once."""
    rates = np.minimum(np.arange(1, users + 1), workers)
    return np.concatenate(([1.0], np.cumprod(load / rates)))


def _product(weights: Sequence[Array], users: int) -> Array:
    found = weights[0]
    for each in weights[1:]:
        found = np.convolve(found, each)[: users + 1]
    return found
