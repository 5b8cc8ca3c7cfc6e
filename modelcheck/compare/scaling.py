"""Time against the number of services: the same tasks in a row and side by side, in both styles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from .. import model
from ..errors import ModelError, Problem
from ..simulate import Estimate, simulate
from .arrange import MOST_TASKS, arrange

TYPICAL = model.Delay(distribution="lognormal", parameters={"mean": 0.02, "sigma": 0.5})
GROWING = (2, 4, 8, 16)


@dataclass(frozen=True)
class Scaling:
    """One topology for each number of services: its mean time in seconds, and its messages a job."""

    kind: str
    services: tuple[int, ...]
    means: tuple[Estimate, ...]
    messages: tuple[float, ...]

    @property
    def message_exponent(self) -> float:
        """k where the messages grow like services^k: the slope of a straight line through the logarithms."""
        return float(np.polyfit(np.log(self.services), np.log(self.messages), 1)[0])

    def to_dict(self) -> dict[str, object]:
        return {
            "topology": self.kind,
            "services": list(self.services),
            "mean": [mean.to_dict() for mean in self.means],
            "messages": list(self.messages),
            "message_exponent": self.message_exponent,
        }


def scaling(
    kind: str,
    services: Sequence[int],
    time: model.Delay = TYPICAL,
    call: float = 0.0,
    event: float = 0.0,
    jobs: int = 1_000,
    seed: int = 1,
) -> Scaling:
    """The mean time of `sequence` and `parallel` (orchestrations), `chain` and `star` (choreographies).

    time: how long each service takes. call, event: what each call of the coordinator and each event costs, in seconds.
    Raises `ModelError`.
    """
    designs = [topology(kind, count, time, call, event) for count in services]
    found = [simulate(design, jobs, seed) for design in designs]
    messages = tuple(result.message_count for result in found)
    return Scaling(kind, tuple(services), tuple(result.mean for result in found), messages)


@cache
def message_growth() -> tuple[Scaling, ...]:
    """How the messages of each topology grow: counted in one job for some numbers of services."""
    return tuple(scaling(kind, GROWING, _constant(1.0), jobs=1) for kind in TOPOLOGIES)


def topology(
    kind: str, services: int, time: model.Delay, call: float = 0.0, event: float = 0.0
) -> model.Orchestration | model.Choreography:
    """The design of so many services, all alike, as one of `TOPOLOGIES`. Raises `ModelError` (E422)."""
    if not 1 <= services <= MOST_TASKS:
        raise ModelError([Problem("E422", f"cannot draw {services} services", None, f"from 1 to {MOST_TASKS}")])
    names = [f"service_{number}" for number in range(1, services + 1)]
    return arrange(kind, dict.fromkeys(names, time), None, call, event)


TOPOLOGIES = ("sequence", "parallel", "chain", "star")


def _constant(seconds: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": seconds})
